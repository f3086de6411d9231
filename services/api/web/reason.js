// reason.js: the reason that somebody had typed when their sign-in ended, kept for the tab until that person is back.

import { person } from "./auth.js";

const KEY = "unbook.reason";

/** whose: the id of the person who typed it. */
export const keepReason = (session, whose, text) => sessionStorage.setItem(KEY, JSON.stringify({ session, whose, text }));

export const forgetReason = () => sessionStorage.removeItem(KEY);

/** {session, text} of whoever is signed in; null when there is none. What somebody else has left is forgotten. */
export function keptReason() {
	const kept = JSON.parse(sessionStorage.getItem(KEY));
	const who = person();
	if (!kept || !who) return null;
	if (kept.whose === who.id) return kept;
	forgetReason();
	return null;
}
