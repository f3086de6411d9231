// auth.js: the token that the site before us hands over, and what it says about its holder. The server believes none of this.

const KEY = "unbook.token";
const ROLE_CLAIMS = ["role", "roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"];
const SAME = { mentee: "parent", mentor: "teacher" };

function claimsOf(token) {
	try {
		const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
		const bytes = Uint8Array.from(atob(part), (char) => char.charCodeAt(0));
		return JSON.parse(new TextDecoder().decode(bytes));
	} catch {
		return {};
	}
}

/** Take "#token=..." out of the address, so that it is neither seen, kept in the history nor sent on. */
function takeToken() {
	const fragment = new URLSearchParams(location.hash.slice(1));
	const token = fragment.get("token");
	if (token === null) return;
	fragment.delete("token");
	const rest = fragment.toString();
	history.replaceState(history.state, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
	if (token) sessionStorage.setItem(KEY, token);
	else sessionStorage.removeItem(KEY);
}

takeToken();
addEventListener("hashchange", () => {
	const before = sessionStorage.getItem(KEY);
	takeToken();
	if (sessionStorage.getItem(KEY) !== before) location.reload();
});

export const token = () => sessionStorage.getItem(KEY);
export const signOut = () => sessionStorage.removeItem(KEY);

/** {name, roles: Set of "parent", "teacher", "student", "admin", "support"}; null when nobody is signed in. */
export function person() {
	const kept = token();
	if (!kept) return null;
	const claims = claimsOf(kept);
	const named = ROLE_CLAIMS.flatMap((claim) => claims[claim] ?? []).map((role) => String(role).toLowerCase());
	return { name: claims.name ?? claims.email ?? "", roles: new Set(named.map((role) => SAME[role] ?? role)) };
}
