// sessions.js: lists of sessions that keep themselves current: My Bookings, the teacher's view, the student's, what was found.

import { now, when } from "./api.js";
import { askOn, card } from "./card.js";
import { el, focusHeading, redraw, show, swap } from "./dom.js";
import { zoneWords } from "./format.js";
import { t } from "./i18n.js";
import { forgetParts, readMissing } from "./reading.js";
import { isMoving } from "./refund.js";
import { link, offlineBanner, online, problemState, signIn, staleBanner, state, waiting } from "./states.js";

const PAGE = 10, KEPT_MAX_S = 60;
const POLL_FIRST_MS = 1500, POLL_MAX_MS = 60000, LIVELY_MS = 60000;
const PENDING = 0, CONFIRMED = 1;

const VIEWS = {
	parent: {
		title: "navBookings",
		lists: [
			["upcoming", "parent/bookings?when=upcoming&cancelled=false&"],
			["cancelledAhead", "parent/bookings?when=upcoming&cancelled=true&"],
			["earlier", "parent/bookings?when=past&"],
		],
		empty: "emptyBookings",
	},
	teacher: { title: "navTeaching", lists: [["upcoming", "teacher/upcoming?"], ["history", "teacher/history?"]], empty: "emptyTeaching" },
	student: { title: "navAttending", lists: [["upcoming", "student/upcoming?"], ["history", "student/history?"]], empty: "emptyAttending" },
};

/** Put these sessions in their list; what did not change is left alone, so that focus and reading stay where they are. */
function draw(list, found, options) {
	const before = list.cards;
	list.cards = new Map(found.map((session) => {
		const text = JSON.stringify(session);
		const old = before.get(session.id);
		return [session.id, old?.text === text ? old : { text, node: card(session, options) }];
	}));
	const ids = [...list.cards.keys()];
	if (ids.join() !== [...before.keys()].join()) return list.node.replaceChildren(...[...list.cards.values()].map((one) => one.node));
	for (const id of ids)
		if (before.get(id) !== list.cards.get(id)) swap(before.get(id).node, list.cards.get(id).node);
}

/** Past its deadline, or read before the page was left, a session is not offered for cancelling until the server has said how it stands. */
function asOfNow(session, isOld) {
	if (!session.canCancel || !(isOld || Date.parse(session.cancelDeadline) <= now())) return session;
	return { ...session, canCancel: false, cancelMessage: null };
}

/** The next moment at which the server will answer differently: a deadline, a hold's end, a start, an end. */
function nextMoment(sessions) {
	const moments = sessions.filter((one) => one.status === PENDING || one.status === CONFIRMED).flatMap((one) => {
		const start = Date.parse(one.scheduledDateTime);
		const ahead = [Date.parse(one.holdExpiresAt), start, start + one.durationMinutes * 60000].filter((at) => at > now());
		return one.canCancel && one.cancelDeadline ? [Date.parse(one.cancelDeadline), ...ahead] : ahead;
	});
	return Math.min(...moments);
}

/** Something is on its way that no clock foretells: a payment, a refund, a meeting link. */
const isRestless = (one) =>
	one.status === PENDING || isMoving(one) || (one.status === CONFIRMED && !one.googleMeetLink && Date.parse(one.scheduledDateTime) > now());

function headOf(view) {
	return [el("div", {}, el("h1", { tabindex: "-1" }, t(view.title)), el("p", { class: "lead small" }, t("zoneNote", { zone: zoneWords })))];
}

/** The lists of a view, current until the page is left. head: what stands above them. */
export function sessions(viewer, view = VIEWS[viewer], head = headOf(view)) {
	const lists = view.lists.map(([name, path]) => ({ name, path, wanted: PAGE, cards: new Map(), node: el("ol"), found: null, part: null }));
	const body = el("div", {}, waiting());
	const note = el("p", { class: "note good" });
	let stop = () => {}, poll, pause = POLL_FIRST_MS, running = null, queued = null, readAt = 0, livelyUntil = 0, isOld = false, isCrowded = false;
	document.title = `${t(view.title)} · unbook`;
	show(...head, note, body);

	/** Something was done here, or may have been: ask now, and again soon. words: what came of it, where no card will tell. */
	const changed = (words = "") => {
		pause = POLL_FIRST_MS;
		livelyUntil = Date.now() + LIVELY_MS;
		note.replaceChildren(words);
		return refresh();
	};
	const options = { viewer, changed };

	/** The button goes with the last page: who pressed it is then at the first session that came. */
	async function showMore(list) {
		const before = new Set(list.found.map((session) => session.id));
		list.wanted += PAGE;
		await refresh();
		focusHeading([...list.cards].find(([id]) => !before.has(id))?.[1].node);
	}

	/** A list under its heading, and the way to what did not come yet; on paper, that there is more. */
	function section(list) {
		const id = `list-${list.name}`;
		const more = list.next && [
			el("p", { class: "small soft on-paper" }, t("moreOnPaper")),
			el("button", { type: "button", class: "more", "aria-describedby": id, "data-focus": id, onclick: () => showMore(list) }, t("showMore")),
		];
		return el("section", { class: "list", "aria-labelledby": id }, el("h2", { id }, t(list.name)),
			list.cards.size ? list.node : el("p", { class: "lead soft" }, t("emptyUpcoming")), more);
	}

	/** The first heading stands there even when nothing is under it. */
	const isShown = (list) => list.cards.size > 0 || list === lists[0];

	const render = () => redraw(body, arrange);

	function arrange() {
		for (const list of lists) draw(list, list.found.map((one) => asOfNow(one, isOld)), options);
		const shape = lists.map((list) => `${list.cards.size > 0}:${Boolean(list.next)}`).join();
		if (body.dataset.shape === shape) return;
		body.dataset.shape = shape;
		if (lists.some((list) => list.found.length)) return body.replaceChildren(...lists.filter(isShown).map(section));
		body.replaceChildren(state({
			title: t(view.empty),
			lines: [t(`${view.empty}Text`)],
			actions: viewer === "parent" ? [link(t("emptyBookingsAction"), "/book", "primary")] : [],
			level: 2,
		}));
	}

	function due() {
		render();
		return refresh();
	}

	/** The browser had kept this page as it was left. */
	function back() {
		isOld = true;
		if (lists[0].found) render();
		return refresh();
	}

	function plan() {
		const all = lists.flatMap((list) => list.found);
		const next = nextMoment(all);
		stop();
		clearTimeout(poll);
		stop = Number.isFinite(next) ? when(Math.max(next, now() + 1000), due) : () => {};
		if (!all.some(isRestless) && Date.now() > livelyUntil) return;
		poll = setTimeout(refresh, pause);
		pause = Math.min(pause * 1.7, POLL_MAX_MS);
	}

	function failed(problem) {
		if (problem.kind === "signin") return signIn(true);
		isCrowded = problem.kind === "wait";
		const retry = isCrowded && problem.wait_s <= KEPT_MAX_S ? goOn : refresh;
		if (lists[0].found === null) {
			redraw(body, () => body.replaceChildren(problemState(problem, retry, 2)));
			delete body.dataset.shape;
		} else if (problem.kind === "offline") {
			offlineBanner(refresh);
		} else {
			clearTimeout(poll);
			staleBanner(problem, retry);
		}
	}

	async function readAll() {
		try {
			await readMissing(lists, isCrowded);
			readAt = Date.now();
			isOld = isCrowded = false;
			online();
			render();
			plan();
		} catch (problem) {
			if (!problem.kind) throw problem;
			failed(problem);
		}
	}

	/** One reading at a time; after a refusal, the rest of it. */
	const goOn = () => (running ??= readAll().finally(() => (running = null)));

	/** Who asks during a reading gets the one after it, which began after the question. */
	function refresh() {
		const anew = () => (forgetParts(lists), goOn());
		if (!running) return anew();
		queued ??= running.then(() => ((queued = null), anew()));
		return queued;
	}

	addEventListener("offline", () => offlineBanner(refresh));
	addEventListener("pageshow", (event) => event.persisted && back());
	document.addEventListener("visibilitychange", () => !document.hidden && Date.now() - readAt > 5000 && refresh());
	return refresh().then(() => askOn(options));
}
