// typed.js: what somebody has typed or pasted, as the server takes it.

const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cs}]/gu;

/** The text of a field without control characters and halves of characters, which nobody sees. */
export const typed = (field) => field.value.replaceAll(UNSEEN, "").trim();
