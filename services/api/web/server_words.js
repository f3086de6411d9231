// server_words.js: the server's sentences, by name, for the languages that it does not speak. What is not here is shown as it came.

const AMOUNT = "([^ ]+)";
const UNTIL = "(until(?: [^.]+? before)?)";

const sentences = {
	can_cancel: `You can cancel ${UNTIL} the session starts\\.`,
	returned_in_full: "The payment is returned in full\\.",
	rest_returned: `What remains of the payment is returned: ${AMOUNT}\\.`,
	returned_already: "The payment was sent back before\\.",
	disputed: "The payment is disputed with the bank, which decides where the money goes\\.",
	charged_back: "The bank has already given the payment back, so no refund by us follows\\.",
	rest_by_hand: `The bank has given a part of the payment back; what remains is returned another way: ${AMOUNT}\\.`,
	too_late: `It is too late to cancel: sessions can be cancelled ${UNTIL} they start\\.`,
	started: "This session has already started or is over, so it can no longer be cancelled\\.",
	has_been_cancelled: "This session has been cancelled\\.",
	unpaid_yet: "This session is not paid for yet, so it can still be cancelled\\.",
	being_paid: "The payment of this session is being processed; it can still be cancelled\\.",
	not_yours: "Only the parent, the teacher or an administrator can cancel this session\\.",

	full_requested: `A full refund of ${AMOUNT} has been requested\\.`,
	rest_requested: `A refund of the remaining ${AMOUNT} has been requested\\.`,
	full_sent: `A full refund of ${AMOUNT} is on its way\\.`,
	rest_sent: `A refund of the remaining ${AMOUNT} is on its way\\.`,
	waits_for_action: `The refund of ${AMOUNT} waits for somebody to act; Stripe writes to whoever paid\\.`,
	was_returned: `${AMOUNT} was returned\\.`,
	banks_take: "Banks take 5 to 10 business days to show it\\.",
	returned_otherwise: `${AMOUNT} was returned another way\\.`,
	refund_failed: `The refund of ${AMOUNT} did not go through\\. We are in touch about another way\\.`,
	refund_failed_other: `The refund of ${AMOUNT} did not go through and has to be made another way\\.`,
	refund_stuck_other: `The refund of ${AMOUNT} takes longer than usual and has to be looked into\\.`,
	refund_stuck: `The refund of ${AMOUNT} takes longer than usual\\. We are looking into it\\.`,
	part_returned: `${AMOUNT} of the ${AMOUNT} that was paid was returned\\.`,
	before: `${AMOUNT} was returned before\\.`,
	part_on_its_way: `${AMOUNT} of the ${AMOUNT} that was paid is on its way back\\.`,
	by_hand_on_its_way: `${AMOUNT} is on its way\\.`,
	before_on_its_way: `${AMOUNT} is already on its way\\.`,
	nothing_left: `${AMOUNT} was sent back before, so nothing is left to return\\.`,
	part_given_back_by_bank: `The bank has given ${AMOUNT} of the ${AMOUNT} that was paid back to whoever paid\\.`,
	all_given_back_by_bank: `The bank has given ${AMOUNT} back to whoever paid\\.`,
	given_back_by_bank: `The bank has already given ${AMOUNT} back to whoever paid, so no refund by us follows\\.`,
	rest_left_by_bank: `The bank has already given ${AMOUNT} back to whoever paid; the remaining ${AMOUNT} is returned another way, and our team sees to it\\.`,
	full_to_card: `A full refund of ${AMOUNT} is on its way to your card; banks take 5 to 10 business days to show it\\.`,
	full_to_parent: `A full refund of ${AMOUNT} is on its way to the parent; banks take 5 to 10 business days to show it\\.`,
	rest_to_card: `A refund of the remaining ${AMOUNT} is on its way to your card; banks take 5 to 10 business days to show it\\.`,
	rest_to_parent: `A refund of the remaining ${AMOUNT} is on its way to the parent; banks take 5 to 10 business days to show it\\.`,

	cancelled: "Session cancelled\\.",
	cancelled_before: "This session is already cancelled\\.",
	was_cancelled: "This session was cancelled\\.",
	nothing_paid: "Nothing was paid, so nothing is returned\\.",
	not_paid_for: "(?:It had|This session has) not been paid for\\.",
	still_arrives: "A payment that still arrives is refunded in full\\.",
	closing: "We are closing the payment page; whatever is still paid there is refunded in full\\.",

	slot_taken: "This time is taken; please choose another\\.",
	own_hold: "You already hold this time; please pay for it or cancel it first\\.",
	too_soon: "It is too late to book this time\\.",
	too_far: "Sessions can be booked at most 365 days ahead\\.",
	too_many_holds: "Several of your bookings wait for payment; please pay for or cancel one first\\.",
	too_many_holds_one:
		"Several of your bookings wait for payment; please pay for or cancel one first: session (\\d+) \\((.+), (\\S+Z)\\) is the first to run out\\.",
	not_bookable: "This session cannot be paid for as it is offered\\. Nothing was booked; please write to us\\.",
	too_many_requests: "(?:Too many requests|You (?:asked|booked|cancelled))[^.;]*; please wait a moment\\.",
	no_payment_page: "The payment page could not be made\\. Nothing was booked; please try again in a moment\\.",
	already_paying: "Your payment for this time is already being processed\\.",
	being_made: "This booking is being made right now\\.",
	being_closed: "Your earlier booking of this time is being closed; please try again in a moment\\.",
	released_meanwhile: "The slot was released meanwhile\\. Nothing was booked; please try again\\.",
	search_for:
		"Please search for a booking number, an id of Stripe, a whole mail address or names, one of them with at least three letters \\(or two characters of a script without an alphabet\\)\\.",
	search_shorter: "Please search for at most 254 characters\\.",
	not_offered: "This teacher does not offer that\\.",
	not_your_student: "You may book for yourself and your own students\\.",

	processing: "Your payment is being processed; we write to you once it has arrived\\.",
	not_kept_so: "This payment could not be kept for the session\\.",
	not_kept: "This payment could not be kept for the session; it is refunded in full\\.",
	stripe_away: "We could not ask Stripe about this payment; please try again in a moment\\.",
	may_not: "You may not do this\\.",
	again: "Please try again in a moment\\.",
};

const known = Object.entries(sentences).map(([name, pattern]) => [name, new RegExp(`^${pattern}(?= |$)`)]);

/** [{name, parts}, ...] of a text that is made of known sentences; null when one is not known. */
export function parse(text) {
	const found = [];
	for (let rest = text.trim(); rest; ) {
		const [name, pattern] = known.find(([, one]) => one.test(rest)) ?? [];
		if (!name) return null;
		const [whole, ...parts] = rest.match(pattern);
		found.push({ name, parts });
		rest = rest.slice(whole.length).trimStart();
	}
	return found;
}

/** {hours, number, unit} of "until 26 hours and 5 minutes before"; null for "until", which is the start itself. */
export function readUntil(part) {
	const [, hours, number, unit] = part.match(/^until (?:(\d+) hours? and )?(\d+) (hour|minute)s? before$/) ?? [];
	return number ? { hours: hours ? Number(hours) : 0, number: Number(number), unit } : null;
}
