// auth.js: the token that the site before us hands over, and what it says about its holder. The server believes none of this.

const KEY = "unbook.token", BACK_TO = "unbook.backTo"; // start.js writes the first and reads the second
const ROLE_CLAIMS = ["role", "roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"];
const SAME = { mentee: "parent", mentor: "teacher" };

/** What stands in it; null when it is no token at all. */
function claimsOf(token) {
	try {
		const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
		const bytes = Uint8Array.from(atob(part), (char) => char.charCodeAt(0));
		const claims = JSON.parse(new TextDecoder().decode(bytes));
		return typeof claims === "object" ? claims : null;
	} catch {
		return null;
	}
}

export const token = () => sessionStorage.getItem(KEY);

/** Nobody is signed in any more; whoever shows a name hears of it. */
export function signOut() {
	sessionStorage.removeItem(KEY);
	dispatchEvent(new Event("signedout"));
}

/** After signing in, come back to this page: its path and query. */
export const comeBack = () => sessionStorage.setItem(BACK_TO, location.pathname + location.search);

/** {id, name, roles: Set of "parent", "teacher", "student", "admin", "support"}; null when nobody is signed in. */
export function person() {
	const kept = token();
	if (!kept) return null;
	const claims = claimsOf(kept);
	if (!claims) return null;
	const named = ROLE_CLAIMS.flatMap((claim) => claims[claim] ?? []).map((role) => String(role).toLowerCase());
	return { id: String(claims.sub ?? claims.nameid ?? ""), name: String(claims.name ?? claims.email ?? ""), roles: new Set(named.map((role) => SAME[role] ?? role)) };
}
