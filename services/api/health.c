#include "health.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "monitor.h"
#include "pg.h"
#include "str.h"

#define LOOK_MS   250 /* from one look to the next */
#define ANSWER_MS 700 /* who answers later is missing */

struct health {
	struct monitor monitor; /* guards stopping */
	bool stopping;
	pthread_t thread;
	struct pg_options options;
	struct pg *db; /* the thread's own */
	atomic_bool pg_away;
};

static bool pg_answers(struct health *health)
{
	static const struct pg_stmt ping = {"ping", "SELECT 1", true};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct err err = {0};

	if (health->db && pg_is_broken(health->db)) {
		pg_close(health->db);
		health->db = NULL;
	}
	return (health->db || pg_open(&health->options, &health->db, &err) == ERR_OK)
	       && pg_one(health->db, &ping, NULL, &results, &err) == ERR_OK;
}

static void *run(void *context)
{
	struct health *health = context;

	monitor_lock(&health->monitor);
	while (!health->stopping) {
		monitor_unlock(&health->monitor);
		atomic_store(&health->pg_away, !pg_answers(health));
		monitor_lock(&health->monitor);
		if (!health->stopping)
			monitor_wait(&health->monitor, deadline_in_ms(LOOK_MS));
	}
	monitor_unlock(&health->monitor);
	return NULL;
}

static void free_health(struct health *health)
{
	pg_close(health->db);
	monitor_release(&health->monitor);
	free(health);
}

enum err_kind health_open(const char *pg_url, struct health **ret_health, struct err *err)
{
	struct health *health = calloc(1, sizeof *health);

	if (!health)
		return err_set(err, ERR_FATAL, "no_memory", "out of memory");
	monitor_init(&health->monitor);
	health->options = (struct pg_options){.url = pg_url,
					      .application = "unbook-api health",
					      .connect_ms = ANSWER_MS,
					      .call_ms = ANSWER_MS};
	atomic_init(&health->pg_away, true);
	if (!thread_start(&health->thread, "health", run, health)) {
		free_health(health);
		return err_set(err, ERR_FATAL, "no_thread", "cannot start a thread");
	}
	*ret_health = health;
	return ERR_OK;
}

void health_missing(void *health, char *ret_text, size_t cap)
{
	(void)str_copy(ret_text, cap, atomic_load(&((struct health *)health)->pg_away) ? "postgres" : "");
}

void health_close(struct health *health)
{
	if (!health)
		return;
	monitor_lock(&health->monitor);
	health->stopping = true;
	monitor_wake(&health->monitor);
	monitor_unlock(&health->monitor);
	pthread_join(health->thread, NULL);
	free_health(health);
}
