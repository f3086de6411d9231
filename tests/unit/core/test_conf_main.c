#include <criterion/criterion.h>
#include <string.h>

#include "capture.h"
#include "conf_table.h"

static struct table_settings settings;

/* Runs with one or two arguments (NULL: none): the exit code; what was printed goes to the texts, which the test leaks. */
static int run(const char *first, const char *second, char **ret_out, char **ret_err)
{
	char *argv[] = {"unbook-test", (char *)first, (char *)second, NULL};
	struct capture out = capture_start(STDOUT_FILENO), err = capture_start(STDERR_FILENO);
	int code = conf_main(table_rows, TABLE_ROWS, &settings, first ? second ? 3 : 2 : 1, argv);

	*ret_err = capture_end(err);
	*ret_out = capture_end(out);
	return code;
}

static void set_good(void)
{
	clearenv();
	setenv("UNBOOK_PG_URL", "postgresql://u:hidden@localhost/db", 1);
	setenv("UNBOOK_KAFKA_BOOTSTRAP", "localhost:9092", 1);
	setenv("UNBOOK_FRONTEND_URL", "https://u:hid@den@host/x", 1);
	memset(&settings, 0, sizeof(settings));
}

static void set_bad(void)
{
	set_good();
	unsetenv("UNBOOK_PG_URL");
	setenv("UNBOOK_SLOTS", "x", 1);
}

Test(conf_main, good_settings_go_on, .init = set_good)
{
	char *out, *err;

	cr_assert_eq(run(NULL, NULL, &out, &err), -1);
	cr_assert_str_eq(out, "");
	cr_assert_str_eq(err, "");
	cr_assert_eq(settings.slots, 32);
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(out);
	free(err);
}

Test(conf_main, wrong_settings_end_with_78_and_every_mistake, .init = set_bad)
{
	static const char *const options[] = {NULL, "--check-config", "--print-config"};

	for (size_t i = 0; i < 3; i++) {
		char *out, *err;

		cr_assert_eq(run(options[i], NULL, &out, &err), 78);
		cr_assert_str_eq(out, "");
		cr_assert(strstr(err, "UNBOOK_PG_URL is missing"), "%s", err);
		cr_assert(strstr(err, "UNBOOK_SLOTS must be"), "%s", err);
		cr_assert(strstr(err, ": 2 mistakes in the settings; see --help\n"), "%s", err);
		cr_assert_null(settings.listen, "nothing is left behind");
		free(out);
		free(err);
	}
}

Test(conf_main, check_config_says_that_all_is_right, .init = set_good)
{
	char *out, *err;

	cr_assert_eq(run("--check-config", NULL, &out, &err), 0);
	cr_assert_str_eq(out, "The settings are right.\n");
	cr_assert_str_eq(err, "");
	free(out);
	free(err);
}

Test(conf_main, a_misspelt_variable_is_named_by_check_config_but_is_no_mistake, .init = set_good)
{
	char *out, *err;

	setenv("UNBOOK_TEACHERS_NOTICE_S", "60", 1);
	cr_assert_eq(run("--check-config", NULL, &out, &err), 0);
	cr_assert_str_eq(out, "The settings are right.\n");
	cr_assert(strstr(err, ": ignored, no setting of this program: UNBOOK_TEACHERS_NOTICE_S\n"), "%s",
		  err);
	free(out);
	free(err);
}

Test(conf_main, print_config_shows_all_but_secrets, .init = set_good)
{
	char *out, *err;

	cr_assert_eq(run("--print-config", NULL, &out, &err), 0);
	cr_assert_str_eq(out, "UNBOOK_PG_URL=set\n"
			      "UNBOOK_KAFKA_BOOTSTRAP=localhost:9092\n"
			      "UNBOOK_LISTEN=127.0.0.1:8080\n"
			      "UNBOOK_TOPIC_PREFIX=\n"
			      "UNBOOK_STRIPE_KEY=\n"
			      "UNBOOK_SLOTS=32\n"
			      "UNBOOK_TEACHER_NOTICE_S=0\n"
			      "UNBOOK_JWKS_FILE=\n"
			      "UNBOOK_TEMPLATES_DIR=/\n"
			      "UNBOOK_LOG_LEVEL=info\n"
			      "UNBOOK_FRONTEND_URL=https://***@host/x\n");
	cr_assert_null(strstr(err, "hid"));
	free(out);
	free(err);
}

Test(conf_main, an_unknown_argument_ends_with_64, .init = set_good)
{
	static const char *const bad[][2] = {
		{"--helpme", NULL}, {"start", NULL}, {"-h", NULL}, {"", NULL}, {"--help", "--nonsense"}};

	for (size_t i = 0; i < 5; i++) {
		char *out, *err;

		cr_assert_eq(run(bad[i][0], bad[i][1], &out, &err), 64);
		cr_assert_str_eq(out, "");
		cr_assert(strstr(err, "unknown argument"), "%s", err);
		free(out);
		free(err);
	}
}

Test(conf_main, help_names_every_option_and_setting_within_100_columns, .init = set_bad)
{
	char *out, *err, *rest, *line;

	cr_assert_eq(run("--help", NULL, &out, &err), 0);
	cr_assert_str_eq(err, "");
	for (size_t i = 0; i < TABLE_ROWS; i++)
		cr_assert(strstr(out, table_rows[i].name), "%s", table_rows[i].name);
	cr_assert(strstr(out, "--print-env-example"));
	cr_assert(strstr(out, "(1 to 256; default 32)"), "%s", out);
	for (rest = out; (line = strsep(&rest, "\n"));) {
		size_t len = strlen(line);

		cr_assert_leq(len, 100, "%s", line);
		cr_assert(len == 0 || line[len - 1] != ' ', "blank at the end of '%s'", line);
	}
	free(out);
	free(err);
}

Test(conf_main, the_env_example_becomes_good_when_the_required_are_filled, .init = set_bad)
{
	char *out, *err, *rest, *line;
	int assignments = 0;

	cr_assert_eq(run("--print-env-example", NULL, &out, &err), 0);
	for (rest = out; (line = strsep(&rest, "\n"));) {
		cr_assert_leq(strlen(line), 100);
		cr_assert(*line == '#' || *line == '\0' || strncmp(line, "UNBOOK_", 7) == 0, "%s", line);
		assignments += strncmp(line, "UNBOOK_", 7) == 0 || strncmp(line, "#UNBOOK_", 8) == 0;
		if (strncmp(line, "UNBOOK_", 7) == 0)
			cr_assert_eq(line[strlen(line) - 1], '=', "only required ones, empty: %s", line);
	}
	cr_assert_eq(assignments, TABLE_ROWS);
	free(out);
	free(err);
}

Test(conf_main, version_is_one_line)
{
	char *out, *err;

	cr_assert_eq(run("--version", NULL, &out, &err), 0);
	cr_assert_eq(strchr(out, '\n'), out + strlen(out) - 1);
	cr_assert_null(strstr(out, "unknown"));
	free(out);
	free(err);
}
