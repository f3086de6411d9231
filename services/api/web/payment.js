// payment.js: coming back from the payment page, by either door.

import { ofCheckout, post } from "./api.js";
import { askOn, card } from "./card.js";
import { el, show, swap } from "./dom.js";
import { t } from "./i18n.js";
import { keptReason } from "./reason.js";
import { parse } from "./server_words.js";
import { again, link, problemState, quoted, showState, signIn } from "./states.js";

const WAITS_MS = [1000, 1500, 2500, 4000, 6000, 10000, 15000];
const PENDING = 0, CONFIRMED = 1, CANCELLED = 3;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const toBookings = () => link(t("toBookings"), "/", "primary");

/** The checkout that the address names; null when it names none of a session. */
function checkout() {
	const query = new URLSearchParams(location.search);
	return query.get("type") === "session-booking" ? query.get("session_id") || null : null;
}

/** What Stripe may call a checkout; no other is asked for. */
const POSSIBLE = /^cs_\w{1,200}$/;

function nothingHere() {
	showState({ title: t("noCheckoutTitle"), lines: [t("noCheckoutText")], actions: [toBookings()] });
}

function unknown() {
	showState({ picture: "bad", title: t("unknownTitle"), lines: [t("unknownText")], actions: [toBookings()] });
}

/** Under a state: the session itself. Once it is cancelled, the state above it is over, and My Bookings shows what comes back. */
function below(session, id) {
	const make = (one) => card(one, { viewer: "parent", changed, name: "article", level: 2 });
	let node = session && make(session);
	if (node && keptReason()?.session === session.id) askOn({ viewer: "parent", changed });
	async function changed(words) {
		if (words) return showReleased(words);
		const fresh = await ofCheckout(id).catch(() => session);
		if (fresh?.status === CANCELLED && session.status !== CANCELLED) return location.assign("/");
		if (!fresh) return;
		const before = node;
		swap(before, (node = make(fresh)));
	}
	return node ? [node] : [];
}

function showReleased(words) {
	showState({
		picture: "good",
		title: t("releasedTitle"),
		lines: [words],
		actions: [link(t("bookAnother"), "/book", "primary"), link(t("toBookings"), "/")],
	});
}

function trouble(problem, work) {
	if (problem.kind === "signin") return signIn(true);
	if (problem.code === "not_found" || problem.code === "forbidden") return unknown();
	show(problemState(problem, work));
}

async function showConfirmed(id) {
	const session = await ofCheckout(id).catch(() => null);
	showState({
		picture: "good",
		title: t("confirmedTitle"),
		lines: [t("confirmedText")],
		actions: [toBookings()],
		below: below(session, id),
	});
}

/** The money went back: it could not be kept, or it was, and the session was cancelled later. */
async function showRefunded(id, problem) {
	const session = await ofCheckout(id).catch(() => null);
	const wasKept = parse(problem.words)?.some(({ name }) => name === "was_cancelled") ?? Boolean(session?.paidAt);
	showState({
		picture: wasKept ? "good" : "bad",
		title: t(wasKept ? "cancelledLaterTitle" : "notKeptTitle"),
		lines: [quoted(problem.words)],
		actions: [toBookings()],
		below: below(session, id),
	});
}

/** Unpaid and given up: the lists show no such session. Unknown counts as no. */
const isReleased = (id) => ofCheckout(id).then((session) => !session, () => false);

/** Not paid yet, but a payment that takes days is on its way. */
const isAwaited = (problem) => Boolean(parse(problem.words)?.some(({ name }) => name === "processing"));

/** What the server says of a payment that is on its way; "" when none is, as far as is known. */
const awaitedWords = (id) => post(`confirm-payment/${encodeURIComponent(id)}`).then(() => "", (problem) => (isAwaited(problem) ? problem.words : ""));

/** /payment/success: ask until the session is Confirmed, or it is plain that this takes longer. */
export async function success() {
	const id = checkout();
	if (!id) return nothingHere();
	if (!POSSIBLE.test(id)) return unknown();
	showState({ picture: "wait", title: t("confirmingTitle"), lines: [t("confirmingText")] });
	for (const wait of [...WAITS_MS, null]) {
		try {
			await post(`confirm-payment/${encodeURIComponent(id)}`);
			return showConfirmed(id);
		} catch (problem) {
			if (problem.code === "refunded") return showRefunded(id, problem);
			const mayPass = problem.code === "not_paid" || problem.kind === "wait" || problem.code === "unavailable";
			if (!mayPass) return trouble(problem, success);
			if (problem.code === "not_paid" && (await isReleased(id)))
				return showReleased(t(isAwaited(problem) ? "releasedAwaitedText" : "releasedText"));
			if (wait === null) return notYet(problem);
			await pause(Math.max(wait, problem.wait_s * 1000));
		}
	}
}

function notYet(problem) {
	showState({
		picture: "wait",
		title: t("notYetTitle"),
		lines: [problem.words && quoted(problem.words), t("notYetText")],
		actions: [again(t("checkAgain"), success), link(t("toBookings"), "/")],
	});
}

/** A payment that takes days is on its way: there is nothing more to pay. */
function showProcessing(session, id) {
	showState({
		picture: "wait",
		title: t("processingTitle"),
		lines: [t("processingText")],
		actions: [toBookings()],
		below: below({ ...session, checkoutUrl: null }, id),
	});
}

/** The payment was quicker than the cancel: what has become of the session? */
async function showPaid(id) {
	const session = await ofCheckout(id).catch(() => undefined);
	if (session?.status === PENDING) return showProcessing(session, id);
	const awaited = !session && (await awaitedWords(id));
	if (awaited) {
		const line = session === null ? t("releasedProcessingText") : quoted(awaited);
		return showState({ picture: "wait", title: t("processingTitle"), lines: [line], actions: [toBookings()] });
	}
	const confirmed = session?.status === CONFIRMED;
	showState({
		picture: confirmed ? "good" : "wait",
		title: t(confirmed ? "alreadyTitle" : "alreadyPaidTitle"),
		lines: [confirmed && t("alreadyText")],
		actions: [toBookings()],
		below: below(session, id),
	});
}

/** /payment/cancel: give the booking up, and say what became of it. */
export async function cancelled() {
	const id = checkout();
	if (!id) return nothingHere();
	if (!POSSIBLE.test(id)) return unknown();
	showState({ picture: "wait", title: t("releasingTitle") });
	try {
		const { paymentPageClosed } = await post(`cancel-payment/${encodeURIComponent(id)}`);
		showReleased(t(paymentPageClosed ? "releasedText" : "releasedOpenText"));
	} catch (problem) {
		if (problem.code === "already_paid") return showPaid(id);
		if (problem.code !== "internal") return trouble(problem, cancelled);
		showState({
			picture: "bad",
			title: t("notReleasedTitle"),
			lines: [t("notReleasedText")],
			actions: [again(t("retry"), cancelled), link(t("toBookings"), "/")],
			below: problem.trace ? [el("p", { class: "trace" }, t("trace", { trace: problem.trace }))] : [],
		});
	}
}
