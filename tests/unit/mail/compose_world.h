/* compose_world.h: the templates as they are shipped, and one cancelled booking to write mails about. */
#ifndef COMPOSE_WORLD_H
#define COMPOSE_WORLD_H

#include "compose.h"

extern struct templates *templates;
extern struct arena arena;
extern const struct compose_sender sender;

/* For a suite's .init and .fini. */
void compose_world_open(void);
void compose_world_close(void);

/* Violin, 1 December 2026, 09:30 to 10:15 in Berlin, cancelled by the parent (user 1). */
struct mail_facts facts(void);

struct smtp_message compose(const struct mail_facts *f, enum mail_kind kind, int64_t recipient_id);
struct smtp_message compose_at(const struct mail_facts *f, enum mail_kind kind, int64_t recipient_id,
			       struct instant now);

void expect(const char *text, const char *needle);
void expect_not(const char *text, const char *needle);

#endif
