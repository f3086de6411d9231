// find.js: sessions by whatever a caller knows of them, for those who help. What they may do with one is the server's word.

import { el, show } from "./dom.js";
import { inEveryLanguage, t } from "./i18n.js";
import { sessions } from "./sessions.js";

const NUMBERED = new RegExp(`^(?:#|${inEveryLanguage("numbered").map((label) => label.replace("{id}", "").trim()).join("|")})\\s*#?\\s*([1-9]\\d*)$`, "i");

/** What the server is asked: "#18" and what our pages and mails call it, "Booking 18", are the number; the rest is as it was typed. */
const asked = (q) => q.trim().match(NUMBERED)?.[1] ?? q;

function form(q) {
	const text = el("input", { type: "search", id: "q", name: "q", value: q, autocomplete: "off", "aria-describedby": "help" });
	const node = el("form", { role: "search" },
		el("div", { class: "field" }, el("label", { for: "q" }, t("findLabel")), text, el("p", { class: "small soft", id: "help" }, t("findHelp"))),
		el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, t("findAction"))));
	node.addEventListener("submit", (event) => {
		event.preventDefault();
		if (text.value.trim()) location.assign(`/find?q=${encodeURIComponent(text.value.trim())}`);
	});
	return node;
}

export function find() {
	const q = new URLSearchParams(location.search).get("q") ?? "";
	const title = el("h1", { tabindex: "-1" }, t("findTitle"));
	document.title = `${t("findTitle")} · unbook`;
	if (!q) return show(title, form(q));
	const view = { title: "findTitle", lists: [["found", `?q=${encodeURIComponent(asked(q))}&`]], empty: "findNone" };
	return sessions("staff", view, [title, form(q)]);
}
