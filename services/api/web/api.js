// api.js: asking the server. Every failure is one Problem, whose kind says what a page can do about it.

import { signOut, token } from "./auth.js";

const TIMEOUT_MS = 20000;
let ahead_ms = 0; // the server's clock minus ours

/** The server's time, as well as we know it. */
export const now = () => Date.now() + ahead_ms;

/** kind: "offline" (no answer; it may have happened, unless unsent: there was no network before and after), "slow" (none in time, likewise), "signin" (401), "wait" (429; 503, which is ours: after wait_s), "refused" (the server's message), "broken" (quote trace). */
export class Problem extends Error {
	constructor(kind, { message = "", code = "", wait_s = 0, trace = "", data = null, details = null, ours = false, unsent = false } = {}) {
		super(message || kind);
		Object.assign(this, { kind, code, wait_s, trace, data, details, ours, unsent, words: message });
	}

	/** Nobody knows what became of the request: no answer came, or one without a trace, which is not the server's. */
	get isUnsure() {
		return this.kind === "slow" || (this.kind === "offline" && !this.unsent) || (this.kind === "broken" && !this.trace);
	}
}

function newKey() {
	return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Keys for one intent: the same body gets the same key, however often it is sent; what was changed is another wish. */
export function wish() {
	let body = null, key = null;
	return (now) => {
		const text = JSON.stringify(now) ?? "";
		if (text !== body) [body, key] = [text, newKey()];
		return key;
	};
}

function setClock(serverTime, asked_at, answered_at) {
	const at = Date.parse(serverTime ?? "");
	if (!Number.isNaN(at)) ahead_ms = at - (asked_at + answered_at) / 2;
}

function problemOf(status, body, headers) {
	const known = { message: body?.message, code: body?.code, trace: body?.traceId, data: body?.data, details: body?.details };
	const wait_s = Math.min(Math.max(Number(headers.get("Retry-After")) || 1, 1), 3600);
	if (status === 401) return new Problem("signin", known);
	if (status === 429) return new Problem("wait", { ...known, wait_s });
	if (status === 503 && headers.has("Retry-After")) return new Problem("wait", { ...known, wait_s, ours: true });
	if (status >= 500 || !body) return new Problem("broken", known);
	return new Problem("refused", known);
}

/** The answer's envelope: {data, message, next, serverTime}. Throws a Problem. */
export async function ask(method, path, { body, key } = {}) {
	const headers = { Accept: "application/json" };
	if (token()) headers.Authorization = `Bearer ${token()}`;
	if (body !== undefined) headers["Content-Type"] = "application/json";
	if (key) headers["Idempotency-Key"] = key;
	const asked_at = Date.now(), wasOnline = navigator.onLine;
	let answer, envelope;
	try {
		answer = await fetch(`/api/Sessions${path.startsWith("?") ? "" : "/"}${path}`, {
			method,
			headers,
			body: body === undefined ? undefined : JSON.stringify(body),
			signal: AbortSignal.timeout(TIMEOUT_MS),
			cache: "no-store",
			credentials: "omit",
		});
		envelope = await answer.json().catch(() => null);
	} catch (error) {
		if (error.name === "TimeoutError") throw new Problem("slow");
		throw new Problem("offline", { unsent: !wasOnline && !navigator.onLine });
	}
	if (answer.ok && envelope) {
		setClock(envelope.serverTime, asked_at, Date.now());
		return envelope;
	}
	if (answer.status === 401) signOut();
	throw problemOf(answer.status, envelope, answer.headers);
}

export const get = (path) => ask("GET", path);
/** The parent's session of this checkout; null when it is no longer listed. */
export const ofCheckout = (id) => get(`parent/bookings?stripeSessionId=${encodeURIComponent(id)}`).then(({ data }) => data[0] ?? null);
export const post = (path, options) => ask("POST", path, options);
export const put = (path, options) => ask("PUT", path, options);

/** Call work when the server's clock has passed at (a time in ms). Returns how to stop it. */
export function when(at, work) {
	const LONGEST_MS = 24 * 3600 * 1000; // a timer cannot count further than 24.8 days
	let timer;
	const look = () => {
		const left = at - now();
		if (left <= 0) work();
		else timer = setTimeout(look, Math.min(left + 20, LONGEST_MS));
	};
	look();
	return () => clearTimeout(timer);
}
