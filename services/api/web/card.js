// card.js: one session as a person reads it. What may be done with it, and until when, is the server's word.

import { get, now } from "./api.js";
import { isolated } from "./bidi.js";
import { download, entry } from "./calendar.js";
import { openCancel } from "./cancel.js";
import { bdi, byId, el, named } from "./dom.js";
import { dayNumber, longDay, moment, money, month, span, weekday, year } from "./format.js";
import { t } from "./i18n.js";
import { forgetReason, keptReason } from "./reason.js";
import { refund } from "./refund.js";
import { quoted } from "./states.js";
import { timeline } from "./timeline.js";

const PENDING = 0, CONFIRMED = 1, CANCELLED = 3;

const startOf = (session) => new Date(session.scheduledDateTime);

function day(at) {
	const thisYear = year(at) === year(new Date(now()));
	return el("p", { class: "day", "aria-hidden": "true" }, el("span", {}, weekday(at)), el("b", {}, dayNumber(at)),
		el("span", {}, month(at)), thisYear ? null : el("span", {}, year(at)));
}

function people(session, viewer) {
	const teacher = t("withPerson", { name: isolated(session.teacherName) || t("teacherUnnamed") });
	const parent = t("bookedBy", { name: isolated(session.parentName) || t("parentUnnamed") });
	const student = session.studentId !== session.parentId && session.studentName
		? t("forPerson", { name: isolated(session.studentName) }) : null;
	const named = { parent: [teacher, student], teacher: [student, parent], student: [teacher] }[viewer] ?? [teacher, student, parent];
	return named.filter(Boolean).join(" · ");
}

function calendarButton(session, viewer) {
	const save = () => {
		download(`session-${session.id}.ics`, entry(session, people(session, viewer), new Date(now())));
	};
	return el("button", { type: "button", onclick: save, ...named(session, "calendar"), "data-focus": `${session.id}-calendar` }, t("addToCalendar"));
}

/** The button, and the sentence that goes with it. */
function cancelling(session, viewer, changed) {
	const why = `why-${session.id}`;
	const label = t(session.status === PENDING ? "giveUp" : "cancelSession");
	const button = el("button", {
		type: "button",
		class: "cancel",
		...named(session, "cancel"),
		"aria-disabled": session.canCancel ? null : "true",
		"aria-describedby": why,
		"data-focus": `${session.id}-cancel`,
	}, label);
	button.addEventListener("click", () => session.canCancel && openCancel(session, people(session, viewer), changed));
	const sentence = session.canCancel && session.status === CONFIRMED
		? t("cancelUntil", { moment: moment(new Date(session.cancelDeadline)) })
		: session.cancelMessage ? quoted(session.cancelMessage) : t("deadlineAsked");
	return [button, el("p", { class: "why", id: why }, sentence)];
}

function pending(session) {
	if (session.status !== PENDING || !session.checkoutUrl) return [];
	const held = session.holdExpiresAt && t("heldUntil", { moment: moment(new Date(session.holdExpiresAt)) });
	return [
		held ? el("p", { class: "note" }, held) : null,
		el("a", { class: "button primary", href: session.checkoutUrl, ...named(session, "pay"), "data-focus": `${session.id}-pay` }, t("pay")),
	];
}

function doing(session, viewer, changed) {
	const ahead = startOf(session).getTime() > now();
	const over = startOf(session).getTime() + session.durationMinutes * 60000 < now();
	const live = session.status === PENDING || session.status === CONFIRMED;
	const [held, pay] = pending(session);
	const [cancel, why] = live && ahead && viewer !== "student" ? cancelling(session, viewer, changed) : [];
	const join = session.status === CONFIRMED && !over && session.googleMeetLink;
	const actions = [
		pay,
		join ? el("a", { class: "button primary", href: join, rel: "noopener noreferrer", ...named(session, "join"), "data-focus": `${session.id}-join` }, t("join")) : null,
		session.status === CONFIRMED && !over ? calendarButton(session, viewer) : null,
		cancel,
	].filter(Boolean);
	return [
		held,
		actions.length ? el("div", { class: "actions" }, actions) : null,
		join ? el("p", { class: "on-paper" }, `${t("join")}: ${join}`) : null,
		why,
	];
}

function ended(session, viewer) {
	if (session.status !== CANCELLED) return null;
	const who = session.cancelCause === viewer ? "you" : session.cancelCause;
	const cause = who ? t(`cancelled_${who}`) : t("status3");
	const at = session.cancelledAt ? `, ${moment(new Date(session.cancelledAt))}` : "";
	const own = session.cancelCause === "payment_cancelled"; // then the reason is the server's, and says the cause again
	const reason = session.cancellationReason && !own && t("reasonGiven", { reason: isolated(session.cancellationReason) });
	return el("p", { class: "why" }, cause + at, reason ? [el("br"), reason] : null);
}

function facts(session, viewer) {
	const price = viewer === "student" ? null : money(session.amountMinor, session.currency);
	return [
		session.notes ? el("p", { class: "why" }, t("notesSay", { notes: isolated(session.notes) })) : null,
		el("p", { class: "facts-line figures" }, [price, t("numbered", { id: session.id })].filter(Boolean).join(" · ")),
	];
}

/** viewer: "parent", "teacher", "student", "staff". changed() is called when the server has to be asked again. */
export function card(session, { viewer, changed, name = "li", level = 3 }) {
	const at = startOf(session);
	return el(
		name,
		{ class: `session is-${session.status}`, id: `session-${session.id}`, "data-id": session.id },
		day(at),
		el(
			"div",
			{ class: "about" },
			el("div", { class: "title" }, el(`h${level}`, { tabindex: "-1", id: `title-${session.id}`, "data-focus": `${session.id}-title` }, bdi(session.title)),
				el("span", { class: `status status-${session.status}` }, t(`status${session.status}`))),
			el("p", {}, el("time", { id: `time-${session.id}`, datetime: session.scheduledDateTime }, `${longDay(at)}, ${span(at, session.durationMinutes)}`)),
			el("p", { class: "where" }, people(session, viewer)),
			ended(session, viewer),
			viewer === "student" ? null : refund(session, viewer, level + 1),
			doing(session, viewer, changed),
			facts(session, viewer),
			timeline(session),
		),
	);
}

/** The question that the end of a sign-in has broken off is asked again, with the reason that was typed. viewer, changed: as of a card. */
export async function askOn({ viewer, changed }) {
	const kept = keptReason();
	if (!kept) return;
	const { data } = await get(String(kept.session)).catch(() => ({}));
	if (!data) return;
	if (!data.canCancel) return forgetReason();
	byId(`cancel-${data.id}`)?.focus();
	openCancel(data, people(data, viewer), changed);
}
