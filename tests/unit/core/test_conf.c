#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_table.h"
#include "str.h"

#define PG    "UNBOOK_PG_URL=postgresql://u:secret-word@localhost/db"
#define KAFKA "UNBOOK_KAFKA_BOOTSTRAP=localhost:9092"

/* Loads from up to six variables; the mistakes as text, which the caller frees. */
static char *load(struct table_settings *settings, int *ret_mistakes, char *const environment[])
{
	char *text = NULL;
	size_t len = 0;
	FILE *errors = open_memstream(&text, &len);

	memset(settings, 0, sizeof(*settings));
	*ret_mistakes = conf_load(table_rows, TABLE_ROWS, settings, environment, errors);
	fclose(errors);
	return text;
}

#define ENVIRONMENT(...) ((char *[]){__VA_ARGS__, NULL})

static void check_good(char *const environment[])
{
	struct table_settings settings;
	int mistakes;
	char *text = load(&settings, &mistakes, environment);

	cr_assert_eq(mistakes, 0, "%s", text);
	cr_assert_str_eq(text, "");
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(text);
}

/* One mistake, and these words in it. */
static void check_mistake(char *variable, const char *words)
{
	struct table_settings settings;
	int mistakes;
	char *text = load(&settings, &mistakes, ENVIRONMENT(variable, PG, KAFKA));

	cr_assert_eq(mistakes, 1, "%s: %s", variable, text);
	cr_assert(strstr(text, words), "%s: %s", variable, text);
	cr_assert(strncmp(text, variable, strcspn(variable, "=")) == 0, "%s: %s", variable, text);
	cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1, "%s", text);
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(text);
}

Test(conf, fallbacks_fill_what_is_not_set)
{
	struct table_settings settings;
	int mistakes;
	char *text =
		load(&settings, &mistakes, ENVIRONMENT(PG, KAFKA, "HOME=/", "UNBOOK_OF_ANOTHER_SERVICE=1"));

	cr_assert_eq(mistakes, 0, "%s", text);
	cr_assert_str_eq(settings.pg_url, "postgresql://u:secret-word@localhost/db");
	cr_assert_str_eq(settings.listen, "127.0.0.1:8080");
	cr_assert_eq(settings.slots, 32);
	cr_assert_eq(settings.notice_s, 0);
	cr_assert_null(settings.prefix);
	cr_assert_null(settings.stripe_key);
	cr_assert_str_eq(settings.level, "info");
	conf_release(table_rows, TABLE_ROWS, &settings);
	cr_assert_null(settings.pg_url);
	cr_assert_null(settings.level);
	free(text);
}

Test(conf, every_mistake_is_told_at_once)
{
	struct table_settings settings;
	int mistakes;
	char *text = load(&settings, &mistakes,
			  ENVIRONMENT("UNBOOK_SLOTS=many", "UNBOOK_LOG_LEVEL=loud", "UNBOOK_LISTEN=here",
				      "UNBOOK_KAFKA_BOOTSTRAP="));

	cr_assert_eq(mistakes, 5, "%s", text);
	cr_assert(strstr(text, "UNBOOK_PG_URL is missing: Where PostgreSQL is.\n"), "%s", text);
	cr_assert(strstr(text, "UNBOOK_KAFKA_BOOTSTRAP is empty: Kafka's first brokers.\n"), "%s", text);
	cr_assert(strstr(text, "UNBOOK_SLOTS must be a whole number from 1 to 256, not \"many\"\n"), "%s",
		  text);
	cr_assert(strstr(text, "UNBOOK_LOG_LEVEL must be one of: debug info warn error, not \"loud\"\n"));
	cr_assert(strstr(text, "UNBOOK_LISTEN must be host:port, not \"here\"\n"), "%s", text);
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(text);
}

Test(conf, numbers_are_strict)
{
	static char *const bad[] = {
		"UNBOOK_SLOTS=0",    "UNBOOK_SLOTS=257", "UNBOOK_SLOTS=-1",
		"UNBOOK_SLOTS=1.5",  "UNBOOK_SLOTS= 1",  "UNBOOK_SLOTS=1 ",
		"UNBOOK_SLOTS=0x10", "UNBOOK_SLOTS=010", "UNBOOK_SLOTS=99999999999999999999"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_mistake(bad[i], "must be a whole number from 1 to 256");
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_SLOTS=1"));
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_SLOTS=256"));
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_SLOTS="));
}

Test(conf, addresses_have_a_host_and_a_port)
{
	static char *const bad[] = {"UNBOOK_LISTEN=localhost",
				    "UNBOOK_LISTEN=:80",
				    "UNBOOK_LISTEN=localhost:",
				    "UNBOOK_LISTEN=localhost:http",
				    "UNBOOK_LISTEN=localhost:65536",
				    "UNBOOK_LISTEN=::1:80",
				    "UNBOOK_LISTEN=[::1]",
				    "UNBOOK_LISTEN=[]:80",
				    "UNBOOK_LISTEN=[::1:80",
				    "UNBOOK_LISTEN=a:1,b:2",
				    "UNBOOK_LISTEN=a b:1",
				    "UNBOOK_LISTEN=http://a:1",
				    "UNBOOK_LISTEN=a:080"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_mistake(bad[i], "must be host:port");
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_LISTEN=localhost:0"));
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_LISTEN=[::1]:65535"));
	check_good(ENVIRONMENT(PG, "UNBOOK_KAFKA_BOOTSTRAP=k1:9092,k2:9092,[::1]:9"));
}

Test(conf, urls_have_a_known_scheme_and_a_host)
{
	static char *const bad[] = {"UNBOOK_FRONTEND_URL=localhost",      "UNBOOK_FRONTEND_URL=ftp://a",
				    "UNBOOK_FRONTEND_URL=http://",        "UNBOOK_FRONTEND_URL=http:///path",
				    "UNBOOK_FRONTEND_URL=http://:80",     "UNBOOK_FRONTEND_URL=http://u:p@",
				    "UNBOOK_FRONTEND_URL=http://a:99999", "UNBOOK_FRONTEND_URL=://a",
				    "UNBOOK_FRONTEND_URL=http://a b",     "UNBOOK_FRONTEND_URL=httpss://a"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_mistake(bad[i], "must be a URL with a host (scheme: http https)");
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_FRONTEND_URL=https://u:p@[::1]:443/x?y#z"));
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_FRONTEND_URL=http://a"));
	check_good(ENVIRONMENT("UNBOOK_PG_URL=postgresql:///db?host=/run/pg", KAFKA));
	check_good(ENVIRONMENT("UNBOOK_PG_URL=postgres://a:1,b:2/db", KAFKA));
}

Test(conf, files_and_directories_must_be_readable_and_of_their_kind)
{
	check_mistake("UNBOOK_JWKS_FILE=/no/such/file", "must name a readable file, not \"/no/such/file\"");
	check_mistake("UNBOOK_JWKS_FILE=/", "must name a readable file");
	check_mistake("UNBOOK_TEMPLATES_DIR=/dev/null", "must name a readable directory");
	check_mistake("UNBOOK_TEMPLATES_DIR=/no/such", "must name a readable directory");
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_JWKS_FILE=/dev/null"));
}

Test(conf, control_bytes_and_broken_utf8_are_mistakes)
{
	check_mistake("UNBOOK_TOPIC_PREFIX=a\nb", "must be one line");
	check_mistake("UNBOOK_TOPIC_PREFIX=a\r", "must be one line");
	check_mistake("UNBOOK_TOPIC_PREFIX=\xff", "must be one line");
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_TOPIC_PREFIX=zoë-"));
}

/* A file with this content; its path stays valid until the next call. */
static const char *secret_file(const void *bytes, size_t len)
{
	static char path[64];
	int fd;

	memcpy(path, "/tmp/unbook-conf-XXXXXX", 24);
	fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
	return path;
}

/* Loads with UNBOOK_STRIPE_KEY_FILE naming such a file: the mistakes as text. */
static char *load_secret(const void *bytes, size_t len, struct table_settings *settings)
{
	const char *path = secret_file(bytes, len);
	char variable[128], *text;
	int mistakes;

	snprintf(variable, sizeof(variable), "UNBOOK_STRIPE_KEY_FILE=%s", path);
	text = load(settings, &mistakes, ENVIRONMENT(variable, PG, KAFKA));
	unlink(path);
	return text;
}

static void check_secret(const void *bytes, size_t len, const char *expected)
{
	struct table_settings settings;
	char *text = load_secret(bytes, len, &settings);

	cr_assert_str_eq(text, "");
	cr_assert_str_eq(settings.stripe_key, expected);
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(text);
}

static void check_secret_mistake(const void *bytes, size_t len, const char *words)
{
	struct table_settings settings;
	char *text = load_secret(bytes, len, &settings);

	cr_assert(strstr(text, words), "%s", text);
	cr_assert_null(strstr(text, "hidden"), "%s", text);
	cr_assert_null(settings.stripe_key);
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(text);
}

Test(conf, a_secret_is_read_from_its_file_without_one_newline)
{
	char longest[65536];

	check_secret("sk_test_1", 9, "sk_test_1");
	check_secret("sk_test_1\n", 10, "sk_test_1");
	memset(longest, 'x', sizeof(longest));
	check_secret_mistake("", 0, "is empty in \"");
	check_secret_mistake("\n", 1, "is empty in \"");
	check_secret_mistake("hidden\n\n", 8, "must be one line");
	check_secret_mistake("hidden\r\n", 8, "must be one line");
	check_secret_mistake("hid\0den", 7, "holds a NUL byte");
	check_secret_mistake(longest, sizeof(longest), "File too large");
	longest[sizeof(longest) - 2] = '\0';
	check_secret(longest, sizeof(longest) - 2, longest);
}

Test(conf, a_secret_file_that_cannot_be_read_is_named)
{
	struct table_settings settings;
	int mistakes;
	char *text =
		load(&settings, &mistakes, ENVIRONMENT(PG, KAFKA, "UNBOOK_STRIPE_KEY_FILE=/no/such/secret"));

	cr_assert_eq(mistakes, 1);
	cr_assert_str_eq(
		text, "UNBOOK_STRIPE_KEY cannot be read from \"/no/such/secret\" (UNBOOK_STRIPE_KEY_FILE): "
		      "No such file or directory\n");
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(text);
	text = load(&settings, &mistakes, ENVIRONMENT(PG, KAFKA, "UNBOOK_STRIPE_KEY_FILE=/tmp"));
	cr_assert_eq(mistakes, 1);
	cr_assert(strstr(text, "Is a directory"), "%s", text);
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(text);
}

Test(conf, a_secret_is_set_directly_or_by_file_but_not_both)
{
	struct table_settings settings;
	int mistakes;
	char *text = load(&settings, &mistakes, ENVIRONMENT(PG, KAFKA, "UNBOOK_PG_URL_FILE=/dev/null"));

	cr_assert_eq(mistakes, 1);
	cr_assert_str_eq(text, "UNBOOK_PG_URL and UNBOOK_PG_URL_FILE are both set: keep one\n");
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(text);
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_PG_URL_FILE="));
	check_good(ENVIRONMENT(PG, KAFKA, "UNBOOK_SLOTS_FILE=/no/such"));
}

Test(conf, mistakes_never_show_a_secret_or_a_url)
{
	struct table_settings settings;
	int mistakes;
	char *text =
		load(&settings, &mistakes,
		     ENVIRONMENT("UNBOOK_PG_URL=mysql://u:hidden@h/db", KAFKA, "UNBOOK_STRIPE_KEY=hidden\x01",
				 "UNBOOK_FRONTEND_URL=gopher://u:hidden@h"));

	cr_assert_eq(mistakes, 3, "%s", text);
	cr_assert_null(strstr(text, "hidden"), "%s", text);
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(text);
}

Test(conf, a_name_is_not_found_inside_another)
{
	struct table_settings settings;
	int mistakes;
	char *text = load(&settings, &mistakes, ENVIRONMENT(PG, KAFKA, "XUNBOOK_SLOTS=1", "UNBOOK_SLOTSX=2"));

	cr_assert_eq(settings.slots, 32);
	conf_release(table_rows, TABLE_ROWS, &settings);
	free(text);
}

static void check_strangers(int count, const char *names, char *const environment[])
{
	struct buf found;

	buf_init(&found, 1024);
	cr_expect_eq(conf_strangers(table_rows, TABLE_ROWS, environment, &found), count, "%s", found.data);
	cr_expect_str_eq(found.data, names);
	buf_release(&found);
}

Test(conf, variables_that_no_row_reads_are_named_without_their_values)
{
	char *const many[] = {"UNBOOK_A=1", "UNBOOK_B=1", "UNBOOK_C=1", "UNBOOK_D=1", "UNBOOK_E=1",
			      "UNBOOK_F=1", "UNBOOK_G=1", "UNBOOK_H=1", "UNBOOK_I=1", "UNBOOK_J=1",
			      "UNBOOK_K=1", "UNBOOK_L=1", "UNBOOK_M=1", "UNBOOK_N=1", "UNBOOK_O=1",
			      "UNBOOK_P=1", "UNBOOK_Q=1", "UNBOOK_R=1", NULL};

	check_strangers(0, "",
			ENVIRONMENT(PG, KAFKA, "HOME=/", "UNBOOK_STRIPE_KEY_FILE=/key", "XUNBOOK_SLOT=1",
				    "UNBOOK_JWKS_FILE=/keys"));
	check_strangers(5, "UNBOOK_SLOT, UNBOOK_SLOTSX, UNBOOK_SLOTS_FILE, UNBOOK_STRIPE_KEY_FIL, UNBOOK_",
			ENVIRONMENT("UNBOOK_SLOT=hidden", "UNBOOK_SLOTSX=2", "UNBOOK_SLOTS_FILE=/slots",
				    "UNBOOK_STRIPE_KEY_FIL=/key", "UNBOOK_=1"));
	check_strangers(
		18,
		"UNBOOK_A, UNBOOK_B, UNBOOK_C, UNBOOK_D, UNBOOK_E, UNBOOK_F, UNBOOK_G, UNBOOK_H,"
		" UNBOOK_I, UNBOOK_J, UNBOOK_K, UNBOOK_L, UNBOOK_M, UNBOOK_N, UNBOOK_O, UNBOOK_P, ...",
		many);
}

Test(conf, a_wrong_secret_of_any_type_is_not_shown)
{
	static const enum conf_type types[] = {CONF_INT,     CONF_FILE,   CONF_DIR,   CONF_URL,
					       CONF_ADDRESS, CONF_RANGES, CONF_CHOICE};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct conf_row row = {.name = "UNBOOK_PIN",
					     .type = types[i],
					     .help = "A pin.",
					     .choices = "a",
					     .secret = true};
		char *environment[] = {"UNBOOK_PIN=hidden", NULL}, *text = NULL;
		int64_t member = 0;
		size_t len = 0;
		FILE *errors = open_memstream(&text, &len);

		cr_assert_eq(conf_load(&row, 1, &member, environment, errors), 1);
		fclose(errors);
		cr_assert(strstr(text, "UNBOOK_PIN must"), "%s", text);
		cr_assert_null(strstr(text, "hidden"), "%s", text);
		free(text);
	}
}
