// calendar.js: a session as an entry for the reader's calendar (RFC 5545).

const FOLD_BYTES = 75;

const stamp = (at) => `${at.toISOString().replaceAll(/[-:]/g, "").slice(0, 15)}Z`;
const text = (value) => value.replaceAll(/[\\;,]/g, "\\$&").replaceAll(/\r\n|\r|\n/g, "\\n");

/** At most 75 bytes a line, and no character torn apart. */
function fold(line) {
	const bytes = new TextEncoder();
	let out = "", width = 0;
	for (const char of line) {
		const size = bytes.encode(char).length;
		if (width + size > FOLD_BYTES) {
			out += "\r\n ";
			width = 1;
		}
		out += char;
		width += size;
	}
	return out;
}

/** about: who is in it. Under the UID of the mails, so that a calendar has one entry, which a mail can take back. */
export function entry(session, about, made_at) {
	const from = new Date(session.scheduledDateTime);
	const to = new Date(from.getTime() + session.durationMinutes * 60000);
	const link = session.googleMeetLink;
	const lines = [
		"BEGIN:VCALENDAR",
		"VERSION:2.0",
		"PRODID:-//unbook//pages//EN",
		"METHOD:PUBLISH",
		"BEGIN:VEVENT",
		`UID:${session.calendarUid}`,
		`DTSTAMP:${stamp(made_at)}`,
		`DTSTART:${stamp(from)}`,
		`DTEND:${stamp(to)}`,
		`SUMMARY:${text(session.title)}`,
		`DESCRIPTION:${text(about)}`,
		...(link ? [`LOCATION:${text(link)}`, `URL:${link}`] : []),
		"STATUS:CONFIRMED",
		"END:VEVENT",
		"END:VCALENDAR",
	];
	return lines.map(fold).join("\r\n") + "\r\n";
}

export function download(name, content) {
	const url = URL.createObjectURL(new Blob([content], { type: "text/calendar;charset=utf-8" }));
	const link = document.createElement("a");
	link.href = url;
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(url), 60000);
}
