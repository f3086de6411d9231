// cancel.js: the question before a session is cancelled: what comes back, until when it is possible, and are you sure.

import { get, now, put, when, wish } from "./api.js";
import { announce, byId, el, once } from "./dom.js";
import { longDay, moment, money, span } from "./format.js";
import { fromServer, t } from "./i18n.js";
import { problemWords, quoted, signIn } from "./states.js";

const REASON_MAX = 500;
const PENDING = 0;

function rows(session) {
	const last = session.status === PENDING ? session.holdExpiresAt : session.cancelDeadline;
	const deadline = last && moment(new Date(last));
	return [
		session.paidAt && [t("cancelPaid"), money(session.amountMinor, session.currency)],
		deadline && [t("cancelDeadline"), deadline],
	].filter(Boolean);
}

/** Which session this is about. */
function which(session) {
	const at = new Date(session.scheduledDateTime);
	return el("p", {}, el("strong", {}, session.title), el("br"), `${longDay(at)}, ${span(at, session.durationMinutes)}`);
}

/** The button that was pressed is gone: who was there stays with the session. */
function keepFocus(session) {
	if (document.activeElement === document.body) byId(`session-${session.id}`)?.querySelector("[tabindex]")?.focus();
}

/** Ask; when the answer is yes, cancel. changed() is called when the server has to be asked again. */
export function openCancel(session, changed) {
	const release = session.status === PENDING;
	const keyOf = wish();
	const promise = quoted(session.cancelMessage, "p");
	const note = el("p", { class: "note bad", role: "alert" });
	const reason = el("textarea", { id: "reason", rows: 2, maxlength: REASON_MAX });
	const keep = el("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, t("keep"));
	const yes = el("button", { type: "button", class: "danger" }, t(release ? "giveUp" : "cancelSession"));
	const dialog = el(
		"dialog",
		{ "aria-labelledby": "cancel-title", "aria-describedby": "cancel-promise" },
		el("h2", { id: "cancel-title" }, t(release ? "cancelReleaseTitle" : "cancelTitle")),
		which(session),
		el("div", { id: "cancel-promise" }, promise),
		el("dl", { class: "facts" }, rows(session).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
		release ? null : el("div", { class: "field" }, el("label", { for: "reason" }, t("cancelReason")), reason),
		note,
		el("div", { class: "actions" }, keep, yes),
	);

	/* The server has the last word on whether it is still possible. */
	const tooLate = (words) => {
		note.replaceChildren(quoted(words));
		promise.remove();
		yes.setAttribute("aria-disabled", "true");
		changed();
	};
	const look = async () => {
		try {
			const { data } = await get(String(session.id));
			if (!data.canCancel) tooLate(data.cancelMessage);
			else stop = when(Math.max(Date.parse(data.cancelDeadline), now() + 1000), look);
		} catch {
			/* Then the attempt itself will tell. */
		}
	};
	let stop = session.cancelDeadline ? when(Date.parse(session.cancelDeadline), look) : () => {};

	yes.addEventListener("click", once(yes, async () => {
		const body = reason.value.trim() ? { reason: reason.value.trim() } : undefined;
		note.replaceChildren();
		keep.disabled = true;
		announce(t("cancelling"));
		try {
			const { message } = await put(`${session.id}/cancel`, { body, key: keyOf(body) });
			const { text, lang } = fromServer(message);
			announce(text || t("cancelledNow"), lang);
			dialog.close();
			await changed();
			keepFocus(session);
		} catch (problem) {
			if (problem.kind === "signin") return (dialog.close(), signIn(true));
			if (problem.kind === "refused") tooLate(problem.words);
			else note.replaceChildren(...problemWords(problem));
		} finally {
			keep.disabled = false;
		}
	}));

	document.body.append(dialog);
	dialog.showModal();
	dialog.addEventListener("close", () => {
		stop();
		dialog.remove();
	});
}
