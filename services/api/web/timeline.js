// timeline.js: what happened to a session, when somebody wants to know.

import { get } from "./api.js";
import { el, named, once } from "./dom.js";
import { moment } from "./format.js";
import { has, t } from "./i18n.js";
import { onceOnline, problemWords } from "./states.js";

const open = new Map(); // session id -> the entries that were shown last, so that a card made anew opens as it was

function line(entry) {
	const words = has(`did_${entry.what}`) ? t(`did_${entry.what}`) : (entry.words ?? entry.what);
	return el("li", {}, el("time", { datetime: entry.at }, moment(new Date(entry.at))), words);
}

function fill(list, entries) {
	list.replaceChildren(...(entries.length ? entries.map(line) : [el("li", {}, t("timelineEmpty"))]));
}

export function timeline(session) {
	const id = `line-${session.id}`;
	const list = el("ol", { class: "line", id, hidden: true });
	const button = el("button", {
		type: "button",
		class: "quiet more",
		...named(session, "happened"),
		"aria-expanded": "false",
		"aria-controls": id,
		"data-focus": `${session.id}-line`,
	}, t("timeline"));
	const unfold = () => {
		list.hidden = false;
		button.setAttribute("aria-expanded", "true");
	};
	const show = (entries) => {
		fill(list, entries);
		unfold();
	};
	const read = async () => {
		try {
			const { data } = await get(`${session.id}/timeline`);
			open.set(session.id, data);
			show(data);
		} catch (problem) {
			const sign = el("li", { class: "note bad" }, problemWords(problem));
			list.replaceChildren(sign);
			unfold();
			if (problem.kind === "offline") onceOnline(() => sign.isConnected && !list.hidden && read());
		}
	};
	button.addEventListener("click", once(button, async () => {
		if (list.hidden) return read();
		list.hidden = true;
		button.setAttribute("aria-expanded", "false");
		open.delete(session.id);
	}));
	if (open.has(session.id)) {
		show(open.get(session.id));
		read();
	}
	return el("div", {}, button, list);
}
