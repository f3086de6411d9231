// refund.js: where the money is, in plain words: the server's, and how far it has come.

import { el } from "./dom.js";
import { longDay, money } from "./format.js";
import { has, t } from "./i18n.js";
import { parse } from "./server_words.js";
import { quoted } from "./states.js";

const STEPS = ["refundAsked", "refundSent", "refundDone"];
const REACHED = { requested: 1, sending: 1, pending: 2, requires_action: 1, succeeded: 3, settled: 3 };
const FAILED = ["failed", "canceled"];

/** The bank holds the money or has given a part of it back; then no step is the next one. */
const isWithBank = (words) => parse(words)?.some((sentence) => ["disputed", "rest_left_by_bank"].includes(sentence.name)) ?? false;

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
		expectedBy ? el("p", {}, t(mine ? "expectedBy" : "expectedByOther", { day: longDay(new Date(expectedBy)) })) : null,
		reason ? el("p", {}, t("failureReason", { reason })) : null,
		REACHED[status] && !isWithBank(words) ? steps(status) : null,
	);
}
