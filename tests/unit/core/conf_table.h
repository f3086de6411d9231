/* conf_table.h: a table with one setting of every type and kind */
#ifndef CONF_TABLE_H
#define CONF_TABLE_H

#include <stddef.h>

#include "conf.h"

struct table_settings {
	char *pg_url;
	char *kafka;
	char *listen;
	char *prefix;
	char *stripe_key;
	int64_t slots;
	int64_t notice_s;
	char *jwks;
	char *templates;
	char *level;
	char *frontend;
};

#define AT(member) .offset = offsetof(struct table_settings, member)

static const struct conf_row table_rows[] = {
	{.name = "UNBOOK_PG_URL",
	 .type = CONF_URL,
	 AT(pg_url),
	 .help = "Where PostgreSQL is.",
	 .choices = "postgres postgresql",
	 .secret = true},
	{.name = "UNBOOK_KAFKA_BOOTSTRAP",
	 .type = CONF_ADDRESS,
	 AT(kafka),
	 .help = "Kafka's first brokers.",
	 .choices = "list"},
	{.name = "UNBOOK_LISTEN",
	 .type = CONF_ADDRESS,
	 AT(listen),
	 .fallback = "127.0.0.1:8080",
	 .help = "Where requests are taken; port 0 is any free one."},
	{.name = "UNBOOK_TOPIC_PREFIX",
	 .type = CONF_TEXT,
	 AT(prefix),
	 .fallback = "",
	 .help = "Stands before every topic and group name."},
	{.name = "UNBOOK_STRIPE_KEY",
	 .type = CONF_TEXT,
	 AT(stripe_key),
	 .fallback = "",
	 .help = "The key of the Stripe account.",
	 .secret = true},
	{.name = "UNBOOK_SLOTS",
	 .type = CONF_INT,
	 AT(slots),
	 .fallback = "32",
	 .help = "Jobs at work at the same time.",
	 .min = 1,
	 .max = 256},
	{.name = "UNBOOK_TEACHER_NOTICE_S",
	 .type = CONF_INT,
	 AT(notice_s),
	 .fallback = "",
	 .help = "A shorter notice for teachers, in seconds, instead of the one that is frozen on each booking "
		 "when it is made.",
	 .min = 1,
	 .max = 86400},
	{.name = "UNBOOK_JWKS_FILE", .type = CONF_FILE, AT(jwks), .fallback = "", .help = "Keys of tokens."},
	{.name = "UNBOOK_TEMPLATES_DIR",
	 .type = CONF_DIR,
	 AT(templates),
	 .fallback = "/",
	 .help = "Mail texts."},
	{.name = "UNBOOK_LOG_LEVEL",
	 .type = CONF_CHOICE,
	 AT(level),
	 .fallback = "info",
	 .help = "The least level that is logged.",
	 .choices = "debug info warn error"},
	{.name = "UNBOOK_FRONTEND_URL",
	 .type = CONF_URL,
	 AT(frontend),
	 .fallback = "http://localhost:3000",
	 .help = "Where links in mails lead.",
	 .choices = "http https"},
};

#define TABLE_ROWS (sizeof(table_rows) / sizeof(table_rows[0]))

#endif
