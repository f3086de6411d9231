/* settings.h: the rows that services share, so that a setting means the same everywhere. Put the struct into the service's own settings
 * and the macro into its table:  struct settings { struct common_settings common; ... };  COMMON_ROWS(struct settings, common), */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "conf.h"

struct common_settings {
	char *pg_url;
	char *kafka_bootstrap;
	char *admin_listen;
	char *log_level;
	char *topic_prefix;
	int64_t kafka_partitions;
	int64_t db_pool;
};

/* Of everybody who settles payments: the link is made with the payment. */
#define MEETING_ROW(holder, member)                                                                   \
	{                                                                                             \
		.name = "UNBOOK_MEETING_URL_TEMPLATE", .type = CONF_TEXT,                             \
		.offset = offsetof(holder, member), .fallback = "",                                   \
		.help = "Link of a confirmed session: https://meet.example/{token}; {token} becomes " \
			"random. Empty: sessions have no link",                                       \
	}

/* What every worker has besides. */
struct worker_settings {
	int64_t slots;
	int64_t lease_ms;
	int64_t sweep_ms;
	int64_t backoff_min_ms;
	int64_t backoff_max_ms;
	int64_t give_up_ms;
	int64_t doorbell_ms;
};

#define SETTINGS_INT(row_name, place, row_fallback, row_min, row_max, row_help)                      \
	{                                                                                            \
		.name = (row_name), .type = CONF_INT, .offset = (place), .fallback = (row_fallback), \
		.min = (row_min), .max = (row_max), .help = (row_help)                               \
	}

#define COMMON_ROWS(holder, member)                                                                         \
	{.name = "UNBOOK_PG_URL",                                                                           \
	 .type = CONF_URL,                                                                                  \
	 .offset = offsetof(holder, member.pg_url),                                                         \
	 .help = "PostgreSQL, the only truth: postgresql://user:password@host:port/database",               \
	 .choices = "postgresql postgres",                                                                  \
	 .secret = true},                                                                                   \
		{.name = "UNBOOK_KAFKA_BOOTSTRAP",                                                          \
		 .type = CONF_TEXT,                                                                         \
		 .offset = offsetof(holder, member.kafka_bootstrap),                                        \
		 .help = "Kafka brokers: host:port,host:port"},                                             \
		{.name = "UNBOOK_ADMIN_LISTEN",                                                             \
		 .type = CONF_ADDRESS,                                                                      \
		 .offset = offsetof(holder, member.admin_listen),                                           \
		 .fallback = "127.0.0.1:0",                                                                 \
		 .help = "host:port of /livez, /readyz and /metrics; port 0: any free, it is logged"},      \
		{.name = "UNBOOK_LOG_LEVEL",                                                                \
		 .type = CONF_CHOICE,                                                                       \
		 .offset = offsetof(holder, member.log_level),                                              \
		 .fallback = "info",                                                                        \
		 .choices = "debug info warn error",                                                        \
		 .help = "Lines below this level are not written"},                                         \
		{.name = "UNBOOK_TOPIC_PREFIX",                                                             \
		 .type = CONF_TEXT,                                                                         \
		 .offset = offsetof(holder, member.topic_prefix),                                           \
		 .fallback = "",                                                                            \
		 .help = "Put before every topic and group name"},                                          \
		SETTINGS_INT("UNBOOK_KAFKA_PARTITIONS", offsetof(holder, member.kafka_partitions), "12", 1, \
			     1000, "Partitions of a topic that a service has to create"),                   \
		SETTINGS_INT("UNBOOK_DB_POOL", offsetof(holder, member.db_pool), "4", 1, 256,               \
			     "Database connections that job threads share")

#define WORKER_ROWS(holder, member)                                                                          \
	SETTINGS_INT("UNBOOK_SLOTS", offsetof(holder, member.slots), "32", 1, 1024, "Jobs at work at once"), \
		SETTINGS_INT("UNBOOK_LEASE_MS", offsetof(holder, member.lease_ms), "120000", 100, 86400000,  \
			     "A claimed row is free for others after so many ms"),                           \
		SETTINGS_INT("UNBOOK_SWEEP_MS", offsetof(holder, member.sweep_ms), "1000", 10, 3600000,      \
			     "Look for overdue rows every so many ms"),                                      \
		SETTINGS_INT("UNBOOK_BACKOFF_MIN_MS", offsetof(holder, member.backoff_min_ms), "1000", 1,    \
			     3600000,                                                                        \
			     "Longest first wait before a retry, in ms; it doubles with each failure"),      \
		SETTINGS_INT("UNBOOK_BACKOFF_MAX_MS", offsetof(holder, member.backoff_max_ms), "3600000", 1, \
			     86400000, "Longest wait before a retry, in ms"),                                \
		SETTINGS_INT("UNBOOK_GIVE_UP_MS", offsetof(holder, member.give_up_ms), "259200000", 1000,    \
			     2592000000, "A row that is open for so many ms is handed to an operator"),      \
		SETTINGS_INT("UNBOOK_DOORBELL_MS", offsetof(holder, member.doorbell_ms), "15000", 0,         \
			     3600000,                                                                        \
			     "A fresh row is left to the doorbell for so many ms before the sweep takes it")

#endif
