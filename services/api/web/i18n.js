// i18n.js: which language is spoken here, and its words.

import { isolated } from "./bidi.js";
import de from "./de.js";
import en from "./en.js";
import es from "./es.js";
import { amount, moment } from "./format.js";
import { parse, readUntil } from "./server_words.js";

const KEY = "unbook.language";
const LANGUAGES = { en, de, es };
const INSTANT = /\b\d{4}-\d\d-\d\dT[\d:.]+Z/g;

export const languages = Object.entries(LANGUAGES).map(([code, words]) => ({ code, name: words.language }));

/** What was chosen here before, else the first language of the browser that we speak. */
function choose() {
	const wanted = [localStorage.getItem(KEY), ...navigator.languages].filter(Boolean);
	return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((code) => code in LANGUAGES) ?? "en";
}

export const language = choose();
const words = LANGUAGES[language];

/** For dates and numbers: the reader's own region where it speaks this language ("de-AT"). */
export const locale = navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;

export function speak(code) {
	localStorage.setItem(KEY, code);
	location.reload();
}

/** The text of that name, with {places} filled. */
export function t(name, places = {}) {
	return words[name].replaceAll(/\{(\w+)\}/g, (_, place) => places[place]);
}

/** That text, unfilled, in every language: what a reader may have copied from somebody else's page. */
export const inEveryLanguage = (name) => Object.values(LANGUAGES).map((one) => one[name]);

export const has = (name) => name in words;

/** A text of the server in the reader's language where it is known; else as it came: {text, lang: null or "en"}. */
export function fromServer(text) {
	const found = parse(text);
	const parts = found?.flatMap((sentence) => sentence.parts) ?? [];
	const apart = parts.reduce((whole, part) => (part ? whole.replace(part, () => isolated(part)) : whole), text);
	const local = apart.replaceAll(INSTANT, (at) => moment(new Date(at)));
	if (language === "en") return { text: local, lang: null };
	if (!found) return { text: local, lang: "en" };
	const say = ({ name, parts }) =>
		words.server[name].replaceAll(/\{(\d)\}/g, (_, place) => said(parts[place - 1]));
	return { text: found.map(say).join(" "), lang: null };
}

/** "24 hours", "26 hours and 5 minutes" */
export function duration(hours, number = 0, unit = "minute") {
	const parts = [hours && words.count("hour", hours), number && words.count(unit, number)];
	return parts.filter(Boolean).join(words.and);
}

/** "1 hour", "12 minutes", "5 seconds": in the largest unit that fits, rounded up. */
export function howLong(seconds) {
	const [size, unit] = [[3600, "hour"], [60, "minute"], [1, "second"]].find(([size]) => seconds >= size) ?? [1, "second"];
	return words.count(unit, Math.ceil(Math.max(seconds, 1) / size));
}

/** A notice as the server's sentences say it: "24 hours", "90 minutes", "2 hours and 30 minutes". */
export function notice(minutes) {
	const hours = Math.floor(minutes / 60);
	return hours < 2 && minutes % 60 ? duration(0, minutes) : duration(hours, minutes % 60);
}

/** A piece inside a sentence: how long before the start, an amount, a time. */
function said(part) {
	if (!part.startsWith("until")) return amount(isolated(part)).replace(INSTANT, (at) => moment(new Date(at)));
	const before = readUntil(part);
	return before ? t("untilBefore", { duration: duration(before.hours, before.number, before.unit) }) : words.untilStart;
}
