#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "capture.h"
#include "log.h"
#include "rfc3339.h"
#include "str.h"

static json_t *parse_line(const char *text)
{
	json_error_t why;
	json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &why);

	cr_assert_not_null(line, "%s in %s", why.text, text);
	cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1, "one newline, at the end");
	return line;
}

static const char *text_of(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	cr_assert_not_null(text, "%s", name);
	return text;
}

Test(log, a_line_has_time_level_service_message_and_fields)
{
	struct capture capture = capture_start(STDERR_FILENO);
	struct instant at;
	char name[] = "re_1", *text;
	json_t *line;

	log_init("api", LOG_INFO);
	LOG(LOG_WARN, "refund recorded", LOG_S("refund", name), LOG_I("ms", -12), LOG_S("none", NULL));
	text = capture_end(capture);
	line = parse_line(text);
	cr_assert_eq(json_object_size(line), 7);
	cr_assert_eq(strlen(text_of(line, "ts")), strlen("2026-11-22T16:03:52.123Z"));
	cr_assert(rfc3339_decode(text_of(line, "ts"), &at));
	cr_assert_str_eq(text_of(line, "level"), "warn");
	cr_assert_str_eq(text_of(line, "service"), "api");
	cr_assert_str_eq(text_of(line, "msg"), "refund recorded");
	cr_assert_str_eq(text_of(line, "refund"), "re_1");
	cr_assert_str_eq(text_of(line, "none"), "");
	cr_assert_eq(json_integer_value(json_object_get(line, "ms")), -12);
	cr_assert(strncmp(text, "{\"ts\":\"", 7) == 0);
	json_decref(line);
	free(text);
}

Test(log, nothing_is_written_below_the_level)
{
	struct capture capture = capture_start(STDERR_FILENO);
	char *text;

	log_init("api", LOG_WARN);
	LOG(LOG_INFO, "quiet", LOG_I("n", 1));
	LOG(LOG_DEBUG, "quiet", LOG_I("n", 1));
	LOG(LOG_ERROR, "loud", LOG_I("n", 1));
	text = capture_end(capture);
	cr_assert_null(strstr(text, "quiet"));
	cr_assert_not_null(strstr(text, "loud"));
	free(text);
}

Test(log, values_cannot_break_out_of_their_line)
{
	struct capture capture = capture_start(STDERR_FILENO);
	const char *evil = "x\",\"level\":\"error\"}\n{\"a\":\"\r\x01\\";
	char *text;
	json_t *line;

	log_init("api", LOG_INFO);
	LOG(LOG_INFO, evil, LOG_S("path", evil), LOG_S("bytes", "\xff\xfe"));
	text = capture_end(capture);
	line = parse_line(text);
	cr_assert_str_eq(text_of(line, "path"), evil);
	cr_assert_str_eq(text_of(line, "msg"), evil);
	cr_assert_str_eq(text_of(line, "level"), "info");
	cr_assert_str_eq(text_of(line, "bytes"), "\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(line);
	free(text);
}

/* A line with the value twice. Is it whole JSON, and is the last field whole as well? */
static bool is_written_whole(const char *value)
{
	struct capture capture = capture_start(STDERR_FILENO);
	char *text;
	json_t *line, *last;
	bool whole;

	LOG(LOG_INFO, "m", LOG_S("first", value), LOG_I("number", INT64_MIN), LOG_S("last", value));
	text = capture_end(capture);
	cr_assert_leq(strlen(text), 8192);
	line = parse_line(text);
	last = json_object_get(line, "last");
	whole = last && str_eq(json_string_value(last), value);
	json_decref(line);
	free(text);
	return whole;
}

/* Every length around the one that no longer fits, of a unit that grows to as many bytes when it is escaped: the cut may fall into the
 * first value (limit 8192) or into the last (4096). */
static void check_lengths(const char *unit, size_t escaped_bytes)
{
	static char value[9000];

	log_init("api", LOG_INFO);
	for (size_t limit = 4096; limit <= 8192; limit += 4096) {
		size_t whole = 0, count = 0;

		for (size_t bytes = limit - 200; bytes < limit + 100; bytes += escaped_bytes, count++) {
			value[0] = '\0';
			for (size_t i = 0, len = 0; i < bytes / escaped_bytes; i++, len += strlen(unit))
				memcpy(value + len, unit, strlen(unit) + 1);
			whole += is_written_whole(value);
		}
		cr_assert(limit == 8192 ? whole == 0 : whole > 0 && whole < count, "%zu of %zu", whole,
			  count);
	}
}

Test(log, a_line_that_is_cut_is_still_whole_json)
{
	check_lengths("x", 1);
	check_lengths("\x01", 6);
	check_lengths("€", 3);
	check_lengths("\"", 2);
}

Test(log, many_fields_are_cut_as_well)
{
	struct capture capture = capture_start(STDERR_FILENO);
	struct log_field fields[1000];
	char names[1000][16], *text;

	for (int i = 0; i < 1000; i++) {
		snprintf(names[i], sizeof(names[i]), "f%d", i);
		fields[i] = (struct log_field){.name = names[i], .number = i};
	}
	log_init("api", LOG_INFO);
	log_write(LOG_INFO, "many", fields, 1000);
	text = capture_end(capture);
	cr_assert_leq(strlen(text), 8192);
	json_decref(parse_line(text));
	free(text);
}

Test(log, a_failing_write_is_ignored_and_errno_is_kept)
{
	int saved = dup(STDERR_FILENO), full = open("/dev/full", O_WRONLY);

	log_init("api", LOG_INFO);
	dup2(full, STDERR_FILENO);
	errno = ENOENT;
	LOG(LOG_INFO, "lost", LOG_I("n", 1));
	cr_assert_eq(errno, ENOENT);
	close(STDERR_FILENO);
	LOG(LOG_INFO, "lost", LOG_I("n", 1));
	dup2(saved, STDERR_FILENO);
}

static void *write_lines(void *value)
{
	for (int i = 0; i < 50; i++)
		LOG(LOG_INFO, "thread", LOG_S("value", (const char *)value));
	return NULL;
}

Test(log, lines_of_several_threads_do_not_mix)
{
	struct capture capture = capture_start(STDERR_FILENO);
	char value[5001] = "";
	pthread_t threads[4];
	char *text, *rest, *line;
	int lines = 0;

	memset(value, 'x', sizeof(value) - 1);
	log_init("api", LOG_INFO);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, write_lines, value);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	text = capture_end(capture);
	for (rest = text; (line = strsep(&rest, "\n")) && *line; lines++) {
		json_t *parsed = json_loads(line, 0, NULL);

		cr_assert_not_null(parsed);
		json_decref(parsed);
	}
	cr_assert_eq(lines, 200);
	free(text);
}
