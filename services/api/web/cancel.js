// cancel.js: the question before a session is cancelled: what comes back, until when it is possible, and are you sure.

import { get, now, put, when, wish } from "./api.js";
import { person } from "./auth.js";
import { announce, bdi, byId, el, focusHeading, once } from "./dom.js";
import { longDay, moment, money, span } from "./format.js";
import { fromServer, t } from "./i18n.js";
import { forgetReason, keepReason, keptReason } from "./reason.js";
import { quoted, sentWords, signIn } from "./states.js";
import { typed } from "./typed.js";

const REASON_MAX = 500;
const LOOK_AGAIN_MS = 3000;
const PENDING = 0, CANCELLED = 3;

function rows(session) {
	const last = session.status === PENDING ? session.holdExpiresAt : session.cancelDeadline;
	const deadline = last && moment(new Date(last));
	return [
		session.paidAt && [t("cancelPaid"), money(session.amountMinor, session.currency)],
		deadline && [t("cancelDeadline"), deadline],
	].filter(Boolean);
}

/** Which session this is about, and of whom. */
function which(session, people) {
	const at = new Date(session.scheduledDateTime);
	return el("p", {}, el("strong", {}, bdi(session.title)), el("br"), `${longDay(at)}, ${span(at, session.durationMinutes)}`,
		el("br"), el("span", { class: "soft" }, people));
}

/** What led here may be gone: then to what stands in its place, to the session, or to the page that it has left. */
function leadBack(session) {
	if (document.activeElement === document.body) byId(`cancel-${session.id}`)?.focus({ preventScroll: true });
	focusHeading(byId(`session-${session.id}`) ?? byId("main"));
}

/** Ask; when the answer is yes, cancel. people: whose it is, in words. changed(words) is called when the server has to be asked again; words: of a release, to be shown. */
export function openCancel(session, people, changed) {
	const release = session.status === PENDING;
	const keyOf = wish();
	const whose = person()?.id;
	let isInterrupted = false;
	const promise = quoted(session.cancelMessage, "p");
	const note = el("p", { class: "note bad", role: "alert" });
	const reason = el("textarea", { id: "reason", rows: 2, dir: "auto", maxlength: REASON_MAX });
	const kept = keptReason();
	const isTakenUp = kept?.session === session.id;
	if (isTakenUp) reason.value = kept.text;
	const keep = el("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, t("keep"));
	const yes = el("button", { type: "button", class: "danger" }, t(release ? "giveUp" : "cancelSession"));
	const dialog = el(
		"dialog",
		{ "aria-labelledby": "cancel-title", "aria-describedby": "cancel-promise" },
		el("h2", { id: "cancel-title" }, t(release ? "cancelReleaseTitle" : "cancelTitle")),
		which(session, people),
		el("div", { id: "cancel-promise" }, promise),
		el("dl", { class: "facts" }, rows(session).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
		release ? null : el("div", { class: "field" }, el("label", { for: "reason" }, t("cancelReason")), reason),
		note,
		el("div", { class: "actions" }, keep, yes),
	);

	/* The server has the last word on whether it is still possible; until it is heard, a passed deadline counts. */
	const tooLate = (words) => {
		note.replaceChildren(quoted(words));
		promise.remove();
		yes.setAttribute("aria-disabled", "true");
		changed();
	};
	const look = async () => {
		yes.setAttribute("aria-disabled", "true");
		try {
			const { data } = await get(String(session.id));
			if (!data.canCancel) return tooLate(data.cancelMessage);
			yes.removeAttribute("aria-disabled");
			if (!unsure) note.replaceChildren();
			stop = data.cancelDeadline ? when(Math.max(Date.parse(data.cancelDeadline), now() + 1000), look) : () => {};
		} catch {
			if (!unsure) note.replaceChildren(t("deadlineAsked"));
			stop = when(now() + LOOK_AGAIN_MS, look);
		}
	};
	let stop = session.cancelDeadline ? when(Date.parse(session.cancelDeadline), look) : () => {};

	/* No answer is neither yes nor no: the session itself is read, for as long as somebody waits here. */
	let unsure = false;
	const done = async (words, lang = null) => {
		unsure = false;
		announce(words, lang);
		dialog.close();
		await changed(release ? words : "");
		leadBack(session);
	};
	const findOut = async () => {
		if (!unsure || !dialog.open) return;
		const found = await get(String(session.id)).catch(() => null);
		if (!unsure || !dialog.open) return;
		if (found?.data.status === CANCELLED) return done(t("cancelledNow"));
		setTimeout(findOut, LOOK_AGAIN_MS);
	};
	const noAnswer = (problem) => {
		const isAbout = problem.code === "in_progress" || (unsure && problem.unsent); // an earlier one, which may have arrived
		note.replaceChildren(...(isAbout ? [t("cancelUnsure")] : sentWords(problem, "cancelUnsure")));
		if (unsure || problem.unsent) return;
		unsure = true;
		findOut();
	};

	/* Whoever asked the server: this question, or the page under it. */
	const interrupt = () => {
		if (typed(reason)) keepReason(session.id, whose, typed(reason));
		else forgetReason();
		isInterrupted = true;
		dialog.close();
		signIn(true);
	};

	yes.addEventListener("click", once(yes, async () => {
		const body = typed(reason) ? { reason: typed(reason) } : undefined;
		note.replaceChildren();
		keep.disabled = true;
		announce(t("cancelling"));
		try {
			const { message } = await put(`${session.id}/cancel`, { body, key: keyOf(body) });
			const { text, lang } = fromServer(message);
			await done(text || t("cancelledNow"), lang);
		} catch (problem) {
			if (problem.kind === "signin") return;
			if (problem.kind === "refused" && problem.code !== "in_progress") tooLate(problem.words);
			else noAnswer(problem);
		} finally {
			keep.disabled = false;
		}
	}));

	const back = (event) => event.persisted && (stop(), look());
	addEventListener("pageshow", back);
	addEventListener("signedout", interrupt);
	document.body.append(dialog);
	dialog.showModal();
	dialog.scrollTop = 0; /* the title first, however small the screen */
	dialog.addEventListener("close", () => {
		stop();
		removeEventListener("pageshow", back);
		removeEventListener("signedout", interrupt);
		dialog.remove();
		leadBack(session);
		if (isTakenUp && !isInterrupted) forgetReason();
		if (unsure) changed();
	});
}
