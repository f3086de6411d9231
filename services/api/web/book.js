// book.js: choosing a teacher and a time. The price and the rule are the offer's; the server decides whether the time can be had.

import { get, now, ofCheckout, post, when, wish } from "./api.js";
import { person } from "./auth.js";
import { isolated } from "./bidi.js";
import { localTime } from "./clocks.js";
import { announce, bdi, byId, el, focusHeading, once, show } from "./dom.js";
import { longDay, moment, money, span, zoneWords } from "./format.js";
import { canBePaid, follow, standing, unfollow } from "./hold.js";
import { notice, t } from "./i18n.js";
import { button, link, problemState, sentWords, signIn, state, waiting } from "./states.js";
import { typed } from "./typed.js";

const NOTES_MAX = 500, DAYS_AHEAD = 365, FORM = "unbook.form";
const SELF = "self"; // not a student's id: the parent books for themself
const FIELD_OF = { slot_taken: "start", too_soon: "start", too_far: "date", own_hold: "start", not_your_student: "student" };

/** Leave for the payment page; nothing but a web address is followed. */
function leaveFor(url) {
	const target = new URL(url);
	if (!["https:", "http:"].includes(target.protocol)) throw new Error("not a web address");
	location.assign(target);
}

/** When cancelling ends for a session that starts at this time, in ms. */
const lastCancel = (offer, at) => at.getTime() - offer.cancelNoticeMinutes * 60000;

/** The rule, or that it is too late for it already. The server decides; this is said before anybody pays. */
function rule(offer, at) {
	if (!offer.cancelNoticeMinutes) return el("p", { class: "small" }, t("ruleStart"));
	const places = { duration: notice(offer.cancelNoticeMinutes) };
	if (at && lastCancel(offer, at) <= now() && at > now()) return el("p", { class: "note" }, t("ruleNever", places));
	return el("p", { class: "small" }, t("ruleNotice", places));
}

function choice(offer, first) {
	return el("label", { class: "choice" },
		el("input", { type: "radio", name: "offer", value: offer.offerId, checked: first }),
		el("strong", {}, bdi(offer.teacherName || t("teacher"))),
		el("span", { class: "cost figures" }, money(offer.amountMinor, offer.currency)),
		el("span", { class: "soft" }, bdi(offer.title)),
		el("span", { class: "soft small cost" }, t("minutes", { count: offer.durationMinutes })));
}

const soft = (words) => el("span", { class: "soft" }, t(words));
const nameOf = (student) => isolated(student.name) || t("studentUnnamed", { id: student.id });

/** For whom: nobody is asked who has no students, an only one is meant, and of several one is chosen by the parent. */
function studentChoice(students) {
	if (!students.length) return null;
	return el("select", { id: "student", required: true, "aria-describedby": "problem" },
		students.length > 1 ? el("option", { value: "" }, t("studentChoose")) : null,
		students.map((one) => el("option", { value: one.id }, nameOf(one))),
		el("option", { value: SELF }, t("studentSelf")));
}

const pad = (number) => String(number).padStart(2, "0");

function dateText(at) {
	return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

/** Whom the chosen option means, for the summary; null where nobody is asked. */
const whom = (select) => select && (select.value ? select.selectedOptions[0].text : soft("studentChoose"));

const holds = (select, value) => [...select.options].some((option) => option.value === value);

function field(label, id, control) {
	return el("div", { class: "field" }, el("label", { for: id }, label), control);
}

function fields() {
	const today = new Date(now());
	const last = new Date(now() + DAYS_AHEAD * 24 * 3600 * 1000);
	return {
		date: el("input", { type: "date", id: "date", required: true, min: dateText(today), max: dateText(last), "aria-describedby": "problem" }),
		start: el("input", { type: "time", id: "start", required: true, step: 300, "aria-describedby": "problem" }),
		notes: el("textarea", { id: "notes", rows: 2, dir: "auto", maxlength: NOTES_MAX }),
	};
}

/** at: null where none is chosen, or one that is not there (isFilled). */
function summary(offer, student, at, isFilled) {
	const rows = [
		[t("teacher"), `${isolated(offer.teacherName) || t("teacher")}, ${isolated(offer.title)}`],
		student && [t("student"), student],
		[t("whenLabel"), at ? el("time", { datetime: at.toISOString() }, `${longDay(at)}, ${span(at, offer.durationMinutes)}`) : soft(isFilled ? "noSuchTime" : "chooseTime")],
		[t("price"), money(offer.amountMinor, offer.currency)],
	];
	return [
		el("h2", {}, t("summary")),
		el("dl", { class: "facts" }, rows.filter(Boolean).map(([name, value]) => [el("dt", {}, name), el("dd", { class: "figures" }, value)])),
		rule(offer, at),
	];
}

/** What was chosen so far, kept for the tab: a sign-in that ended or another language takes nothing away. */
function keep(values) {
	sessionStorage.setItem(FORM, JSON.stringify({ ...values, whose: person()?.id }));
}

export const forget = () => sessionStorage.removeItem(FORM);

/** Of the same person only. */
function kept() {
	const { whose, ...values } = JSON.parse(sessionStorage.getItem(FORM) ?? "{}");
	return whose === person()?.id ? values : {};
}

/** Has what was read before paying changed since? Unknown counts as no: the server is asked next. */
async function isOutdated(offer) {
	const { data } = await get("teachers/available").catch(() => ({ data: [offer] }));
	return JSON.stringify(data.find((one) => one.offerId === offer.offerId)) !== JSON.stringify(offer);
}

/** What was left for its payment page: {held}, its session as it stands (null: no longer listed); null when nothing was. Once it cannot be paid for, the choice is over. */
async function leftFor() {
	const id = kept().hold;
	if (!id) return null;
	const held = await ofCheckout(id);
	if (!canBePaid(held)) forget();
	return { held };
}

/** The hold of a refusal to book as a session has it. */
const asHeld = ({ stripeSessionId, stripeCheckoutUrl, holdExpiresAt }) => ({ status: 0, stripeSessionId, checkoutUrl: stripeCheckoutUrl, holdExpiresAt });

/** What has become of that time, and what can be done about it. */
function holdWords(held) {
	const toBookings = () => link(t("toBookings"), "/");
	return {
		open: () => [t("heldUntil", { moment: moment(new Date(held.holdExpiresAt)) }), el("br"), button(t("toHold"), () => leaveFor(held.checkoutUrl)), " ", toBookings()],
		ending: () => [t("heldEnding")],
		awaited: () => [t("heldAwaited"), el("br"), toBookings()],
		paid: () => [t("heldPaid"), el("br"), toBookings()],
		over: () => [t("heldOver")],
	}[standing(held)]();
}

/** words: why it is shown once more. left: what leftFor() found, where that is to be said. */
function form(offers, students, words, left) {
	const { date, start, notes } = fields();
	const { node: which, time, draw: drawWhich, which: whichOne } = localTime(date, start);
	const student = studentChoice(students);
	let keyOf = wish();
	const box = el("section", { class: "summary", "aria-live": "polite" });
	const note = el("div", { class: "note bad", id: "problem", role: "alert" });
	const pay = el("button", { type: "submit", class: "primary" }, t("toPayment"));
	const node = el("form", { novalidate: true },
		el("fieldset", {}, el("legend", {}, t("teacher")), el("div", { class: "choices" }, offers.map((offer, i) => choice(offer, i === 0)))),
		student ? field(t("student"), "student", student) : null,
		el("div", { class: "field" },
			el("div", { class: "pair" }, field(t("date"), "date", date), field(t("startsAt"), "start", start)),
			which,
			el("p", { class: "small soft" }, t("zoneNote", { zone: zoneWords }))),
		field(t("bookNotes"), "notes", notes),
		box, note,
		el("div", { class: "actions" }, pay));
	const chosen = () => offers.find((offer) => String(offer.offerId) === new FormData(node).get("offer"));
	const meant = () => students.find((one) => String(one.id) === student?.value);
	const filled = () => ({ offer: String(chosen().offerId), student: student?.value, date: date.value, start: start.value, which: whichOne(), notes: notes.value });
	const missing = () => {
		if (student?.value === "") return ["needStudent", student];
		if (!date.value || !start.value) return ["needTime", date.value ? start : date];
		return time() ? null : ["noSuchTime", start];
	};
	const tell = (words, wrong) => {
		unfollow();
		for (const one of [date, start, student]) one?.toggleAttribute("aria-invalid", false);
		wrong?.setAttribute("aria-invalid", "true");
		wrong?.focus();
		note.className = "note bad";
		note.replaceChildren(...words);
	};
	const tellHold = (held) => {
		const isHere = note.contains(document.activeElement);
		note.className = standing(held) === "paid" ? "note good" : "note bad";
		note.replaceChildren(...holdWords(held));
		if (isHere) focusHeading(byId("main"));
	};
	/* Then to book is another wish; what was chosen for that hold, and not changed since, is none any more. */
	const holdChanged = (id, tell) => (held) => {
		tell(held);
		if (canBePaid(held)) return;
		keyOf = wish();
		if (kept().hold !== id) return;
		forget();
		node.reset();
		draw();
	};
	const followHold = (held, tell) => follow(held, holdChanged(held.stripeSessionId, tell));
	let stop = () => {};
	const draw = () => {
		stop();
		drawWhich();
		if (time() && lastCancel(chosen(), time()) > now()) stop = when(lastCancel(chosen(), time()), draw);
		box.replaceChildren(...summary(chosen(), whom(student), time(), date.value && start.value));
		pay.replaceChildren(t("toPaymentPrice", { price: money(chosen().amountMinor, chosen().currency) }));
	};
	let unsure = false; // an earlier try may have arrived
	const refused = (problem) => {
		if (problem.kind === "signin") return signIn(true);
		const words = unsure && problem.unsent ? [t("bookUnsure")] : sentWords(problem, "bookUnsure");
		unsure ||= problem.isUnsure;
		tell(words, { start, date, student }[FIELD_OF[problem.code]]);
		const hold = problem.data?.stripeCheckoutUrl;
		if (hold) {
			note.append(el("br"), button(t("toHold"), () => leaveFor(hold)));
			followHold(asHeld(problem.data), problem.code === "too_many_holds" ? () => tell([]) : tellHold);
		}
		if (unsure || problem.code === "too_many_holds") note.append(el("br"), link(t("toBookings"), "/"));
	};
	const submit = async () => {
		const [need, where] = missing() ?? [];
		if (need) return tell([t(need)], where);
		const body = { teacherId: chosen().teacherId, offerId: chosen().offerId, scheduledDateTime: time().toISOString(), notes: typed(notes) };
		if (meant()) body.studentId = meant().id;
		tell([]);
		announce(t("opening"));
		try {
			if (await isOutdated(chosen())) return book({ words: [t("offerChanged")] });
			const { data } = await post("book", { body, key: keyOf(body) });
			keep({ ...filled(), hold: data.stripeSessionId });
			leaveFor(data.stripeCheckoutUrl);
			await new Promise((resolve) => addEventListener("pageshow", resolve, { once: true })); // busy until we are gone, or back
			return book({ isBack: true }); // what was booked is held, or may have been released meanwhile: a fresh form is another wish
		} catch (problem) {
			if (!problem.kind) throw problem;
			refused(problem);
		}
	};
	for (const [name, value] of Object.entries(kept()))
		for (const one of node.elements)
			if (one.type === "radio") one.checked ||= name === one.name && value === one.value;
			else if (one.id === name && (one !== student || holds(student, value))) one.value = value;
	node.addEventListener("input", () => {
		keep(filled());
		draw();
	});
	node.addEventListener("submit", once(pay, submit));
	draw();
	tell(words);
	if (left) tellHold(left.held);
	if (left?.held) followHold(left.held, tellHold);
	return node;
}

/** words: why it is shown once more. isBack: from the payment page; what can no longer be paid for is told then alone. */
export async function book({ words = null, isBack = false } = {}) {
	const heading = el("div", {}, el("h1", { tabindex: "-1" }, t("bookTitle")), el("p", { class: "lead" }, t("bookIntro")));
	document.title = `${t("bookTitle")} · unbook`;
	show(heading, waiting(2));
	try {
		const [offers, students, found] = await Promise.all([get("teachers/available"), get("parent/students"), leftFor()]);
		const left = !words && found && (isBack || canBePaid(found.held)) ? found : null;
		if (offers.data.length) show(heading, form(offers.data, students.data, words ?? [], left));
		else show(heading, state({ title: t("emptyOffers"), lines: [t("emptyOffersText")], level: 2 }));
	} catch (problem) {
		if (problem.kind === "signin") return signIn(true);
		show(heading, problemState(problem, () => book({ words, isBack }), 2));
	}
}
