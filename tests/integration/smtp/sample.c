#include "sample.h"

#include <criterion/criterion.h>

struct smtp_message sample_message(const char *to_address)
{
	return (struct smtp_message){
		.to_address = to_address,
		.to_name = "Eva Müller, Łódź",
		.subject = "Abgesagt: Übung für Anfänger",
		.message_id = "<sample@school.example>",
		.date = {INT64_C(1796113800000000)},
		.text = "Guten Tag,\n\nFünf Wörter.\n.\n..\nEnde\n",
		.html = "<p>Fünf Wörter</p>\n",
		.calendar = "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n",
		.calendar_method = "CANCEL",
		.language = "de",
	};
}

struct smtp_options sample_options(const char *url)
{
	return (struct smtp_options){.url = url,
				     .from_address = "lessons@school.example",
				     .from_name = "Schule am See",
				     .connect_ms = 1000,
				     .step_ms = 2000,
				     .final_ms = 4000};
}

struct sent sample_send(const struct smtp_options *options, const struct smtp_message *message)
{
	int64_t started_ms = clock_system()->monotonic_ms(clock_system());
	struct smtp *smtp = NULL;
	struct sent sent = {0};

	cr_assert_eq(smtp_open(options, &smtp, &sent.err), ERR_OK, "%s", sent.err.msg);
	sent.kind = smtp_send(smtp, message, &sent.result, &sent.reply, &sent.err);
	sent.took_ms = clock_system()->monotonic_ms(clock_system()) - started_ms;
	smtp_close(smtp);
	return sent;
}
