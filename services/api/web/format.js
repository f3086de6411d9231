// format.js: times in the reader's zone, with its name, and money. How many decimals a currency has is the browser's knowledge.

import { locale } from "./i18n.js";

const shaped = new Map();

function shape(options) {
	const key = JSON.stringify(options);
	if (!shaped.has(key)) shaped.set(key, new Intl.DateTimeFormat(locale, options));
	return shaped.get(key);
}

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** "Saturday, 28 November 2026" */
export const longDay = (at) => shape({ weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(at);
/** "Sat, 28 Nov 2026" */
export const shortDay = (at) => shape({ weekday: "short", day: "numeric", month: "short", year: "numeric" }).format(at);
export const weekday = (at) => shape({ weekday: "short" }).format(at);
export const dayNumber = (at) => shape({ day: "numeric" }).formatToParts(at).find((part) => part.type === "day").value;
export const month = (at) => shape({ month: "short" }).format(at);
export const year = (at) => shape({ year: "numeric" }).format(at);
export const clock = (at) => shape({ hour: "numeric", minute: "2-digit" }).format(at);

/** "CET", as it is called at that moment: summer time has another name. */
export function zoneName(at) {
	return shape({ timeZoneName: "short" }).formatToParts(at).find((part) => part.type === "timeZoneName").value;
}

/** "UTC+2", "UTC-3:30": how far the clocks of that moment are ahead. */
export function offset(at) {
	const ahead_min = -at.getTimezoneOffset(), minutes = Math.abs(ahead_min) % 60;
	const hours = Math.trunc(Math.abs(ahead_min) / 60);
	return `UTC${ahead_min < 0 ? "-" : "+"}${hours}${minutes ? `:${String(minutes).padStart(2, "0")}` : ""}`;
}

/** "17:00 – 18:00 CET", in one piece. A session over midnight names its last day; one over a change of the clocks, both zones. */
export function span(from, minutes) {
	const to = new Date(from.getTime() + minutes * 60000);
	const last = longDay(from) === longDay(to) ? "\u00a0" : ` ${shortDay(to)}, `;
	const zones = [zoneName(from), zoneName(to)];
	const first = zones[0] === zones[1] ? "" : `\u00a0${zones[0]}`;
	return `${clock(from)}${first}\u00a0–${last}${clock(to)}\u00a0${zones[1]}`;
}

/** "Sat, 28 Nov 2026, 17:00 CET" */
export const moment = (at) => `${shortDay(at)}, ${clock(at)}\u00a0${zoneName(at)}`;

export function money(amountMinor, currency) {
	const shape = new Intl.NumberFormat(locale, { style: "currency", currency });
	const digits = shape.resolvedOptions().maximumFractionDigits;
	const text = String(Math.abs(amountMinor)).padStart(digits + 1, "0");
	const decimal = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
	return shape.format(amountMinor < 0 ? `-${decimal}` : decimal);
}

/** "Europe/Berlin" without its underscores. */
export const zoneWords = zone.replaceAll("_", " ");

const SYMBOLS = { "€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY" };

/** An amount in a sentence of the server ("€1,045.00", "CHF 45.00") as the reader's language writes it. */
export function amount(text) {
	const [, sign, symbol, digits] = text.match(/^(-?)([€£$¥]|[A-Z]{3}\u00a0)([\d,]+(?:\.\d+)?)$/) ?? [];
	if (!digits) return text;
	const currency = SYMBOLS[symbol] ?? symbol.trim();
	return new Intl.NumberFormat(locale, { style: "currency", currency }).format(sign + digits.replaceAll(",", ""));
}
