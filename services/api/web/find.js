// find.js: a session by its number, for those who help: whatever they may do with it is the server's word.

import { el, once, show, swap } from "./dom.js";
import { card, readSession } from "./card.js";
import { t } from "./i18n.js";
import { problemState, signIn } from "./states.js";

export function find() {
	const number = el("input", { id: "number", name: "number", inputmode: "numeric", pattern: "[0-9]+", autocomplete: "off", "aria-describedby": "help" });
	const ask = el("button", { type: "submit", class: "primary" }, t("findAction"));
	const found = el("div", { class: "list", "aria-live": "polite" });
	const form = el("form", { role: "search", novalidate: true },
		el("div", { class: "field" }, el("label", { for: "number" }, t("findLabel")), number, el("p", { class: "small soft", id: "help" }, t("findHelp"))),
		el("div", { class: "actions" }, ask));
	const read = async () => {
		const id = number.value.trim();
		if (!/^[1-9]\d{0,17}$/.test(id)) return found.replaceChildren(el("p", { class: "lead" }, t("findNone")));
		history.replaceState(null, "", `/find?session=${id}`);
		try {
			const fresh = card(await readSession(id), { viewer: "staff", changed: read, name: "article", level: 2 });
			if (found.firstChild?.id === fresh.id) swap(found.firstChild, fresh);
			else found.replaceChildren(fresh);
		} catch (problem) {
			if (problem.kind === "signin") return signIn(true);
			if (problem.code === "not_found") found.replaceChildren(el("p", { class: "lead" }, t("findNone")));
			else found.replaceChildren(problemState(problem, read, 2));
		}
	};
	form.addEventListener("submit", once(ask, read));
	document.title = `${t("findTitle")} · unbook`;
	show(el("h1", { tabindex: "-1" }, t("findTitle")), form, found);
	number.value = new URLSearchParams(location.search).get("session") ?? "";
	if (number.value) return read();
}
