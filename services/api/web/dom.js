// dom.js: building elements. Text goes in as text, never as markup.

import { plain } from "./bidi.js";

/** el("p", {class: "x", onclick: f}, "text", [node, null]): attributes and children that are null or false are left out. */
export function el(name, attributes = {}, ...children) {
	const node = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false) continue;
		if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
		else node.setAttribute(key, value === true ? "" : String(value));
	}
	node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
	return node;
}

/** Somebody's words, where they stand alone. */
export const bdi = (text) => el("bdi", {}, plain(text));

const SVG = "http://www.w3.org/2000/svg";

/** A decoration: readers of the screen are told by the text beside it. */
export function drawing(box, ...paths) {
	const svg = document.createElementNS(SVG, "svg");
	svg.setAttribute("viewBox", box);
	svg.setAttribute("aria-hidden", "true");
	for (const d of paths) {
		const path = document.createElementNS(SVG, "path");
		path.setAttribute("d", d);
		svg.append(path);
	}
	return svg;
}

export const byId = (id) => document.getElementById(id);

/** Tell readers of the screen; the same sentence twice is told twice. lang: when it is not the page's. */
export function announce(text, lang = null) {
	byId("said").textContent = "";
	requestAnimationFrame(() => byId("said").replaceChildren(el("span", { lang }, text)));
}

/** Show these nodes as the page. */
export function show(...nodes) {
	byId("main").replaceChildren(...nodes);
}

/** What is read out of a button of which every session has one: its own words, then title and time of the session, as its card names them. */
export function named({ id }, what) {
	return { id: `${what}-${id}`, "aria-labelledby": `${what}-${id} title-${id} time-${id}` };
}

/** Draw root anew; the focus stays: on the element of the same data-focus, else on the title of its session, else on the page's. Who is in nothing of these, nor in the strip at the top, is looked after by who draws. */
export function redraw(root, draw) {
	const had = root.contains(document.activeElement) ? document.activeElement : null;
	const place = had?.closest(".session, .state, #banner");
	draw();
	if (!had || document.activeElement !== document.body) return;
	const same = had.dataset.focus && byId("main").querySelector(`[data-focus="${CSS.escape(had.dataset.focus)}"]`);
	if (same) same.focus({ preventScroll: true });
	else if (place) focusHeading(byId(place.id)?.closest(".session") ?? byId("main"));
}

/** Put fresh in the place of old, and the focus where it was. */
export const swap = (old, fresh) => redraw(old, () => old.replaceWith(fresh));

/** What was focused is gone: go to the heading of what stands there now. */
export function focusHeading(node) {
	if (document.activeElement === document.body) node?.querySelector('[tabindex="-1"]')?.focus({ preventScroll: true });
}

/** A handler that runs once at a time: what is clicked meanwhile is not a second wish. */
export function once(button, work) {
	let running = false;
	return async (event) => {
		event?.preventDefault();
		if (running || button.getAttribute("aria-disabled") === "true") return;
		running = true;
		button.setAttribute("aria-busy", "true");
		try {
			await work(event);
		} finally {
			running = false;
			button.removeAttribute("aria-busy");
		}
	};
}
