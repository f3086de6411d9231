/* broker.c: an embedded Kafka broker in one small process, from librdkafka's own test cluster.
 *
 *   unbook-broker --port-file F [--topics a,b] [--partitions 12]
 *
 * Listens on a free port of 127.0.0.1 and writes "127.0.0.1:<port>\n" to F when it is ready. Holds everything in
 * memory and keeps 5 MB per partition: good for a demo and for injecting faults, never for measuring.
 *
 * Reads commands from standard input, one a line, and answers each with "ok" or "no" on standard output:
 *   down | up            the broker refuses connections, and takes them again
 *   rtt <ms>             every answer takes this long
 *   errors <api> <n...>  the next requests of this Kafka API key fail with these error codes, one each; a produce request that was
 *                        already under way behind a refused one is taken, which Kafka never does, and its producer then counts
 *                        both as taken: inject a refusal only where one record is under way, else -195, which ends the connection
 *   clear <api>          forget the errors still queued
 * Runs until SIGTERM or SIGINT. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#define BROKER_ID       1
#define ERRORS_MAX      32
#define COMMAND_MAX     512
#define EXIT_BAD_USAGE  64
#define EXIT_CANNOT_RUN 70

struct options {
	const char *port_file;
	char *topics; /* comma separated, may be NULL */
	int partitions;
};

static void usage(void)
{
	fputs("usage: unbook-broker --port-file FILE [--topics a,b] [--partitions 12]\n", stderr);
	exit(EXIT_BAD_USAGE);
}

static struct options options_read(int argc, char **argv)
{
	static const struct option known[] = {
		{"port-file", required_argument, NULL, 'f'},
		{"topics", required_argument, NULL, 't'},
		{"partitions", required_argument, NULL, 'p'},
		{0},
	};
	struct options o = {.partitions = 12};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'f')
			o.port_file = optarg;
		else if (c == 't')
			o.topics = optarg;
		else if (c == 'p')
			o.partitions = (int)strtol(optarg, NULL, 10);
		else
			usage();
	}
	if (!o.port_file || o.partitions < 1 || optind != argc)
		usage();
	return o;
}

static rd_kafka_t *handle_open(void)
{
	char why[256];
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);

	if (!rk) {
		fprintf(stderr, "unbook-broker: %s\n", why);
		exit(EXIT_CANNOT_RUN);
	}
	return rk;
}

static void topics_create(rd_kafka_mock_cluster_t *cluster, const struct options *o)
{
	char *rest = o->topics;
	char *topic;

	while (rest && (topic = strsep(&rest, ","))) {
		if (*topic && rd_kafka_mock_topic_create(cluster, topic, o->partitions, 1)) {
			fprintf(stderr, "unbook-broker: cannot create topic %s\n", topic);
			exit(EXIT_CANNOT_RUN);
		}
	}
}

/* Written beside and renamed, so that whoever waits for the file never reads half of it. */
static void port_file_write(const char *path, const char *bootstrap)
{
	char beside[4096];
	FILE *f;

	if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside || !(f = fopen(beside, "w"))
	    || fprintf(f, "%s\n", bootstrap) < 0 || fclose(f) || rename(beside, path)) {
		fprintf(stderr, "unbook-broker: cannot write %s: %s\n", path, strerror(errno));
		exit(EXIT_CANNOT_RUN);
	}
}

static int errors_push(rd_kafka_mock_cluster_t *cluster, int api, char *rest)
{
	rd_kafka_resp_err_t errors[ERRORS_MAX];
	size_t n = 0;
	char *word;

	while ((word = strsep(&rest, " ")) && n < ERRORS_MAX)
		errors[n++] = (rd_kafka_resp_err_t)strtol(word, NULL, 10);
	rd_kafka_mock_push_request_errors_array(cluster, (int16_t)api, n, errors);
	return 0;
}

static int command_run(rd_kafka_mock_cluster_t *cluster, char *line)
{
	char *rest = line;
	const char *verb = strsep(&rest, " ");

	if (!strcmp(verb, "down"))
		return rd_kafka_mock_broker_set_down(cluster, BROKER_ID) != 0;
	if (!strcmp(verb, "up"))
		return rd_kafka_mock_broker_set_up(cluster, BROKER_ID) != 0;
	if (!strcmp(verb, "rtt") && rest)
		return rd_kafka_mock_broker_set_rtt(cluster, BROKER_ID, (int)strtol(rest, NULL, 10)) != 0;
	if (!strcmp(verb, "clear") && rest) {
		rd_kafka_mock_clear_request_errors(cluster, (int16_t)strtol(rest, NULL, 10));
		return 0;
	}
	if (!strcmp(verb, "errors") && rest) {
		const char *api = strsep(&rest, " ");

		return rest ? errors_push(cluster, (int)strtol(api, NULL, 10), rest) : 1;
	}
	return 1;
}

/* Returns 0 when standard input has ended. */
static int commands_read(rd_kafka_mock_cluster_t *cluster)
{
	static char buffer[COMMAND_MAX];
	static size_t used;
	ssize_t n = read(STDIN_FILENO, buffer + used, sizeof buffer - 1 - used);
	char *end;

	if (n <= 0)
		return 0;
	used += (size_t)n;
	buffer[used] = '\0';
	while ((end = strchr(buffer, '\n'))) {
		*end = '\0';
		puts(command_run(cluster, buffer) ? "no" : "ok");
		fflush(stdout);
		used -= (size_t)(end + 1 - buffer);
		memmove(buffer, end + 1, used + 1);
	}
	if (used == sizeof buffer - 1)
		used = 0;
	return 1;
}

static void serve(rd_kafka_mock_cluster_t *cluster, int signals)
{
	struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (fds[0].revents)
			return;
		if (fds[1].revents && !commands_read(cluster))
			fds[1].fd = -1;
	}
}

int main(int argc, char **argv)
{
	struct options o = options_read(argc, argv);
	rd_kafka_mock_cluster_t *cluster;
	rd_kafka_t *rk;
	sigset_t stop;
	int signals;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signals = signalfd(-1, &stop, SFD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);

	rk = handle_open();
	cluster = rd_kafka_mock_cluster_new(rk, 1);
	if (!cluster || signals < 0) {
		fputs("unbook-broker: cannot start\n", stderr);
		return EXIT_CANNOT_RUN;
	}
	topics_create(cluster, &o);
	port_file_write(o.port_file, rd_kafka_mock_cluster_bootstraps(cluster));
	serve(cluster, signals);
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(rk);
	unlink(o.port_file);
	return 0;
}
