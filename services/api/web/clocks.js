// clocks.js: which moments a local date and time mean: none where the clocks are put forward, two where they are put back.

import { announce, el } from "./dom.js";
import { clock, offset } from "./format.js";
import { t } from "./i18n.js";

const DAY_MS = 24 * 3600 * 1000;

const pad = (number) => String(number).padStart(2, "0");
const timeText = (at) => `${pad(at.getHours())}:${pad(at.getMinutes())}`;

/** The moments of that name, in their order. */
function moments(date, start) {
	const first = new Date(`${date}T${start}`); // of two, the browser takes the first
	if (!date || !start || !start.startsWith(timeText(first))) return [];
	const back_min = new Date(first.getTime() + DAY_MS).getTimezoneOffset() - new Date(first.getTime() - DAY_MS).getTimezoneOffset();
	const second = new Date(first.getTime() + back_min * 60000);
	return back_min > 0 && timeText(second) === timeText(first) ? [first, second] : [first];
}

/** Which of two times of the same name is meant: a node that is seen only where there are two, and time(): what is chosen, or null. */
export function localTime(date, start) {
	const radio = (value) => el("input", { type: "radio", name: "which", value, checked: value === "first" });
	const choices = ["first", "second"].map((value) => ({ value, radio: radio(value), words: el("strong") }));
	const node = el("fieldset", { hidden: true, disabled: true },
		el("legend", {}, t("twice")),
		el("div", { class: "choices" }, choices.map(({ radio, words }) => el("label", { class: "choice" }, radio, words))));
	const time = () => {
		const found = moments(date.value, start.value);
		return found[choices[1].radio.checked ? 1 : 0] ?? found[0] ?? null;
	};
	const draw = () => {
		const found = moments(date.value, start.value);
		const isNew = node.hidden && found.length > 1;
		node.hidden = node.disabled = found.length < 2;
		if (node.hidden) return;
		choices.forEach(({ value, words }, i) => words.replaceChildren(t(value, { time: clock(found[i]), offset: offset(found[i]) })));
		if (isNew) announce(t("twice"));
	};
	return { node, time, draw, which: () => choices.find(({ radio }) => radio.checked).value };
}
