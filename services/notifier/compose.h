/* compose.h: from the facts of a booking to the mail that its reader gets. Pure but for the arena. */
#ifndef COMPOSE_H
#define COMPOSE_H

#include "mails.h"
#include "smtp.h"
#include "templates.h"

struct compose_sender {
	const char *address; /* organizer of the calendar entry */
	const char *name;
	const char *bookings_url; /* where people see their bookings */
};

/* Fill *ret_message; texts in the arena. now stamps the mail and the calendar entry.
 * Errors ERR_REJECT template_*, ical_too_large, bad_address (the recipient has none that is valid). */
enum err_kind compose_mail(const struct templates *templates, const struct compose_sender *sender,
			   const struct mail *mail, const struct mail_facts *facts, struct instant now,
			   struct arena *arena, struct smtp_message *ret_message, struct err *err) MUST_CHECK;

/* Render every kind in every language with made-up facts, so that a broken template stops the start and not a mail.
 * Errors ERR_FATAL templates_bad. */
enum err_kind compose_check(const struct templates *templates, const struct compose_sender *sender,
			    struct err *err) MUST_CHECK;

#endif
