/* relay.h: carries the outbox to Kafka: a thread in every writing service (design.md section 8). Rows leave by presence, never by an
 * id cursor: whatever is there is sent, then deleted in the transaction that had it locked. A crash anywhere repeats records, never loses
 * one. */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct relay_options {
	const char *pg_url;
	const char *kafka_bootstrap;
	const char *client_id;    /* the service's name */
	const char *topic_prefix; /* NULL or "": none */
	int partitions;           /* of topics that are missing */
};

struct relay;

/* Start the thread; waits for neither PostgreSQL nor Kafka. Options are copied. Errors ERR_FATAL no_memory, no_thread. */
enum err_kind relay_open(const struct relay_options *options, struct relay **ret_relay,
			 struct err *err) MUST_CHECK;

/* This process has committed something: look now and not in 250 ms. Cheap, from any thread. NULL is fine. */
void relay_poke(struct relay *relay);

/* Carry what is there, as long as it goes well, at most until deadline_ms, then free. False: it hangs and its memory is lost. */
bool relay_close(struct relay *relay, int64_t deadline_ms);

/* Closes against service_deadline_ms(). Use: RELAY_SCOPE struct relay *relay = NULL; opened before the worker, so closed after it. */
void relay_leave(struct relay **relay);
#define RELAY_SCOPE __attribute__((cleanup(relay_leave)))

/* For a struct service_check. */
bool relay_is_alive(void *relay);
void relay_missing(void *context, char *ret_text, size_t cap);

#endif
