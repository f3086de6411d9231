// reading.js: lists of sessions, page by page. What came before a refusal for haste is kept, and is not asked for again.

import { get } from "./api.js";

const PAGE_MAX = 100;

/** As many sessions as are shown, at least a page; those that came before stand in the list's part. */
async function read(list) {
	const part = (list.part ??= { found: [], next: null, isWhole: false });
	while (!part.isWhole) {
		const limit = Math.min(Math.max(list.wanted - part.found.length, 1), PAGE_MAX);
		const after = part.next ? `&after=${encodeURIComponent(part.next)}` : "";
		const page = await get(`${list.path}limit=${limit}${after}`);
		part.found.push(...page.data);
		part.next = page.next;
		part.isWhole = !page.next || part.found.length >= list.wanted;
	}
}

/** What was read in part is old: begin once more. */
export function forgetParts(lists) {
	for (const list of lists) list.part = null;
}

/** Read what is missing; the lists change together, once nothing is. oneByOne: together they would be refused again. */
export async function readMissing(lists, oneByOne) {
	if (oneByOne) for (const list of lists) await read(list);
	const all = await Promise.allSettled(lists.map(read));
	const failed = all.find(({ status }) => status === "rejected");
	if (failed) throw failed.reason;
	for (const list of lists) Object.assign(list, { found: list.part.found, next: list.part.next, part: null });
}
