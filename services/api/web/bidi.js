// bidi.js: somebody's words among ours: whatever their direction, it stays theirs.

const CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;
const DISTURBING = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Without embeddings, overrides and isolates: nobody's name needs one, and an unmatched one would end the isolation around it. */
export const plain = (text) => text.replaceAll(CONTROLS, "");

/** For a place inside a sentence: between FSI and PDI where it matters. */
export const isolated = (text) => (DISTURBING.test(text) ? `\u2068${plain(text)}\u2069` : text);
