// refund.js: where the money is, in plain words: the server's, and how far it has come.

import { el } from "./dom.js";
import { amount, longDay, money } from "./format.js";
import { has, t } from "./i18n.js";
import { parse } from "./server_words.js";
import { quoted } from "./states.js";

const STEPS = ["refundAsked", "refundSent", "refundDone"];
const REACHED = { requested: 1, sending: 1, pending: 2, requires_action: 1, succeeded: 3, settled: 3 };
const FAILED = ["failed", "canceled"];

/** The bank holds the money or has given a part of it back; then no step is the next one. */
const isWithBank = (words) => parse(words)?.some((sentence) => ["disputed", "rest_left_by_bank"].includes(sentence.name)) ?? false;

/** What was refunded by hand beside the bank's part, of which nobody knows the day; null when the day is of all of it. */
function partWithADay(words) {
	const told = parse(words) ?? [];
	const ofTheBank = told.some((sentence) => ["part_given_back_by_bank", "all_given_back_by_bank"].includes(sentence.name));
	return (ofTheBank && told.find((sentence) => ["before", "before_on_its_way"].includes(sentence.name))?.parts[0]) || null;
}

/** By when it should have arrived. */
function arrival(expectedBy, words, mine) {
	const day = longDay(new Date(expectedBy)), part = partWithADay(words);
	const name = mine ? "expectedBy" : "expectedByOther";
	return el("p", {}, part ? t(`${name}Part`, { amount: amount(part), day }) : t(name, { day }));
}

function steps(status) {
	const reached = REACHED[status];
	return el("ol", { class: "steps" }, STEPS.map((step, i) =>
		el("li", { class: i < reached ? "done" : null, "aria-current": i === reached - 1 ? "step" : null }, t(step))));
}

/** Is there more to come soon, so that it is worth asking again? */
export const isMoving = (session) => ["requested", "sending"].includes(session.refund?.status);

/** level: of its heading. Several stand on one page, so that it is no landmark. */
export function refund(session, viewer, level) {
	const money_back = session.refund;
	if (!money_back) return null;
	const { status, words, expectedBy, failureReason } = money_back;
	const mine = viewer === "parent";
	const failed = FAILED.includes(status);
	const reason = failureReason && has(`failure_${failureReason}`) ? t(`failure_${failureReason}`) : null;
	return el(
		"div",
		{ class: `refund${failed ? " bad" : ""}` },
		el(`h${level}`, {}, t(mine ? "refund" : "refundOther"),
			el("span", { class: "figures" }, money(money_back.amountMinor, money_back.currency))),
		quoted(words, "p"),
		expectedBy ? arrival(expectedBy, words, mine) : null,
		reason ? el("p", {}, t("failureReason", { reason })) : null,
		REACHED[status] && !isWithBank(words) ? steps(status) : null,
	);
}
