// auth.js: the token that the site before us hands over, and what it says about its holder. The server believes none of this.

const KEY = "unbook.token", OFFERED = "unbook.offered", BACK_TO = "unbook.backTo"; // start.js writes the first two and reads the last
// The names that the server reads (common/wire/token_claims.c), the first one that is there.
const SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
const ID_CLAIMS = ["sub", "nameid", `${SOAP}nameidentifier`]; // start.js knows them, too
const NAME_CLAIMS = ["name", "unique_name", `${SOAP}name`, "email", `${SOAP}emailaddress`];
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
	sessionStorage.removeItem(OFFERED);
	dispatchEvent(new Event("signedout"));
}

/** After signing in, come back to this page: its path and query. */
export const comeBack = () => sessionStorage.setItem(BACK_TO, location.pathname + location.search);

/** {id, name, roles: Set of "parent", "teacher", "student", "admin", "support"}; null when it is nobody's token. */
function holderOf(token) {
	const claims = token && claimsOf(token);
	if (!claims) return null;
	const named = ROLE_CLAIMS.flatMap((claim) => claims[claim] ?? []).map((role) => String(role).toLowerCase());
	const first = (names) => String(names.map((name) => claims[name]).find((value) => value !== undefined) ?? "");
	return { id: first(ID_CLAIMS), name: first(NAME_CLAIMS), roles: new Set(named.map((role) => SAME[role] ?? role)) };
}

/** Who is signed in; null when nobody is. */
export const person = () => holderOf(token());

/** Whom a link would sign in instead; null when none does. */
export const offered = () => holderOf(sessionStorage.getItem(OFFERED));

/** The answer to the question which of the two it shall be. */
export function settle(isOther) {
	if (isOther) {
		sessionStorage.setItem(KEY, sessionStorage.getItem(OFFERED));
		sessionStorage.removeItem(BACK_TO);
	}
	sessionStorage.removeItem(OFFERED);
}
