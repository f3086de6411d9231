// states.js: what a page shows when it has nothing else to show: waiting, nothing there, no connection, something wrong.

import { comeBack } from "./auth.js";
import { announce, byId, drawing, el, focusHeading, redraw, show } from "./dom.js";
import { fromServer, howLong, t } from "./i18n.js";

const PICTURES = {
	good: ["M4 12.5 9.5 18 20 7"],
	bad: ["M12 4v9", "M12 18.5v.5"],
	wait: ["M12 3a9 9 0 1 1-9 9", "M12 7v5l3 2"],
	empty: ["M4 6.5h16v14H4z", "M4 10.5h16", "M8.5 3.5v4", "M15.5 3.5v4"],
	key: ["M14.5 9.5a4 4 0 1 1-2-3.4 4 4 0 0 1 2 3.4Z", "m13.7 12 6.3 6.5v2.5h-3v-2.5h-2.5V16l-2-2"],
};

/** A text of the server as a node, in its own language. */
export function quoted(text, name = "span") {
	const { text: words, lang } = fromServer(text);
	return el(name, { lang }, words);
}

/** A whole page, or a part of one (level 2). */
export function state({ picture = "empty", title, lines = [], actions = [], level = 1, below = [] }) {
	return el(
		"section",
		{ class: `state${picture === "bad" ? " bad" : ""}` },
		drawing("0 0 24 24", ...PICTURES[picture]),
		el(`h${level}`, { tabindex: "-1" }, title),
		lines.filter(Boolean).map((line) => el("p", { class: "lead" }, line)),
		actions.length ? el("p", { class: "actions" }, actions) : null,
		below,
	);
}

const sentence = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** Show a state as the page, and read it out. */
export function showState(options) {
	const node = state(options);
	show(node);
	document.title = `${options.title} · unbook`;
	const words = (options.lines ?? []).filter(Boolean).map((line) => line.textContent ?? line);
	announce([options.title, ...words].filter(Boolean).map(sentence).join(" "));
	return node;
}

export const button = (words, onclick, kind = "") => el("button", { type: "button", class: kind, onclick }, words);
/** A button that vanishes with what it has asked for: the focus goes to the heading of what came. */
export const again = (words, work, kind = "primary") => button(words, () => Promise.resolve(work()).then(() => focusHeading(byId("main"))), kind);
export const link = (words, href, kind = "") => el("a", { class: `button ${kind}`, href }, words);

/** Rows that breathe where sessions will stand. */
export function waiting(rows = 3) {
	const ghost = () => el("li", { class: "ghost" }, el("span", {}, el("i")), el("span", {}, el("i"), el("i")));
	return el(
		"div",
		{ class: "list", "aria-busy": "true" },
		el("p", { class: "unseen" }, t("loading")),
		el("ol", { "aria-hidden": "true" }, Array.from({ length: rows }, ghost)),
	);
}

let hasLeft = false;

/** Signed out by one's own wish: what still asks in the background need not say that the sign-in has ended. */
export const leaveForGood = () => (hasLeft = true);

/** Ask to sign in, which leads back here. */
export function signIn(ended) {
	if (hasLeft) return;
	const to = link(t("signIn"), "/signin", "primary");
	to.addEventListener("click", comeBack);
	const here = location.pathname === "/signin";
	showState({
		picture: "key",
		title: t(ended ? "signInEndedTitle" : "signInTitle"),
		lines: [t(ended ? "signInEndedText" : "signInText"), here && t("signInWhere")],
		actions: here ? [] : [to],
	});
}

/** Ours is the haste of nobody: 503. */
const waitTitle = (problem) => (problem.ours ? "awayTitle" : "waitTitle");

/** Say in words how long it still takes, then do it; nothing happens when the words are shown no more. */
function countDown(wait_s, words, work) {
	const until = Date.now() + wait_s * 1000;
	const tell = () => (words.textContent = t("waitText", { time: howLong(Math.ceil((until - Date.now()) / 1000)) }));
	const timer = setInterval(() => {
		if (words.isConnected && Date.now() < until) return tell();
		clearInterval(timer);
		if (words.isConnected) work();
	}, 1000);
	tell();
}

/** What a Problem looks like as a page or a part of one; work is tried again on its own after a wait and when the connection is back. */
export function problemState(problem, work, level = 1) {
	const retry = again(t("retry"), work);
	if (problem.kind === "offline") {
		retryLater(work);
		return state({ picture: "bad", title: t("offlineTitle"), lines: [t("offlineText")], actions: [retry], level });
	}
	if (problem.kind === "wait") {
		const words = el("span", {});
		const node = state({ picture: "wait", title: t(waitTitle(problem)), lines: [words], actions: [retry], level });
		countDown(problem.wait_s, words, work);
		return node;
	}
	if (problem.kind === "slow") {
		retryLater(work);
		return state({ picture: "wait", title: t("slowTitle"), lines: [t("slowText")], actions: [retry], level });
	}
	if (problem.kind === "refused")
		return state({ picture: "bad", title: t("refusedTitle"), lines: [quoted(problem.words)], level });
	const node = state({ picture: "bad", title: t("brokenTitle"), lines: [t("brokenText")], actions: [retry], level });
	if (problem.trace) node.append(el("p", { class: "trace" }, t("trace", { trace: problem.trace })));
	return node;
}

/** A Problem in one sentence beside what was tried. */
export function problemWords(problem) {
	if (problem.kind === "offline") return [t("offline")];
	if (problem.kind === "slow") return [t("slowTitle"), ". ", t("slowText")];
	if (problem.kind === "refused") return [quoted(problem.words)];
	if (problem.kind === "wait")
		return [problem.words ? quoted(problem.words) : sentence(t(waitTitle(problem))), " ", t("waitAgain", { time: howLong(problem.wait_s) })];
	return [t("brokenTitle"), ". ", t("brokenText"), problem.trace ? ` ${t("trace", { trace: problem.trace })}` : ""];
}

/** True until there is a network again, and then gone. */
function unsent() {
	const node = el("span", {}, t("unsent"));
	addEventListener("online", () => node.remove(), { once: true });
	return node;
}

/** The same beside what was sent, as far as that is known. unsure: the name of what is said when it is not. */
export function sentWords(problem, unsure) {
	if (problem.unsent) return [unsent()];
	return problem.isUnsure ? [t(unsure)] : problemWords(problem);
}

const LOOK_AGAIN_MS = 10000;
let whenBack = null, looking, isOffline = false;

/** Once there is a connection; the browser need not notice that there is one again. */
function retryLater(work, wait_ms = LOOK_AGAIN_MS) {
	whenBack = work;
	clearTimeout(looking);
	looking = setTimeout(() => whenBack?.(), wait_ms);
}

/** The same once, and beside what else is tried again. */
export function onceOnline(work) {
	const go = () => {
		clearTimeout(timer);
		removeEventListener("online", go);
		work();
	};
	const timer = setTimeout(go, LOOK_AGAIN_MS);
	addEventListener("online", go);
}

function banner(words, work) {
	if (byId("banner").querySelector("span")?.textContent !== words)
		byId("banner").replaceChildren(el("div", {}, el("span", {}, words), again(t("retry"), work, "quiet")));
}

/** The strip at the top: what is shown stays, and is read again once there is a connection. */
export function offlineBanner(work) {
	isOffline = true;
	retryLater(work);
	banner(t("offline"), work);
}

/** The same while the server cannot say how things stand. */
export function staleBanner(problem, work) {
	isOffline = false;
	retryLater(work, Math.max(problem.wait_s * 1000, LOOK_AGAIN_MS));
	banner(t("stale"), work);
}

export function online() {
	whenBack = null;
	clearTimeout(looking);
	if (!byId("banner").firstChild) return;
	redraw(byId("banner"), () => byId("banner").replaceChildren());
	announce(t(isOffline ? "backOnline" : "upToDate"));
}

addEventListener("online", () => whenBack?.());
