/* plain_main.c: run the tests that registered themselves, each in a child of its own. */
#include <criterion/criterion.h>

#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#define TESTS_MAX         4096
#define SUITES_MAX        64
#define DEFAULT_TIMEOUT_S 60
#define EXIT_ASSERTION    99

struct plain_case {
	const char *suite, *name;
	void (*body)(void);
	struct plain_options options;
};

static struct plain_case tests[TESTS_MAX];
static size_t test_count;
static struct plain_case suites[SUITES_MAX];
static size_t suite_count;

void plain_test(const char *suite, const char *name, void (*body)(void), struct plain_options options)
{
	if (test_count == TESTS_MAX)
		abort();
	tests[test_count++] = (struct plain_case){suite, name, body, options};
}

void plain_suite(const char *suite, struct plain_options options)
{
	if (suite_count == SUITES_MAX)
		abort();
	suites[suite_count++] = (struct plain_case){.suite = suite, .options = options};
}

void plain_fail(const char *file, int line, const char *what, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: %s: ", file, line, what);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(EXIT_ASSERTION);
}

/* A test's own options win over its suite's. */
static struct plain_options options_of(const struct plain_case *test)
{
	struct plain_options o = test->options;

	for (size_t i = 0; i < suite_count; i++) {
		const struct plain_options *s = &suites[i].options;

		if (strcmp(suites[i].suite, test->suite))
			continue;
		if (!o.init)
			o.init = s->init;
		if (!o.fini)
			o.fini = s->fini;
		if (o.timeout <= 0)
			o.timeout = s->timeout;
	}
	return o;
}

static bool run(const struct plain_case *test)
{
	struct plain_options o = options_of(test);
	pid_t child = fork();
	int status = 0;

	if (child < 0)
		abort();
	if (child == 0) {
		alarm(o.timeout > 0 ? (unsigned)o.timeout + 1 : DEFAULT_TIMEOUT_S);
		if (o.init)
			o.init();
		test->body();
		if (o.fini)
			o.fini();
		exit(0); /* not _exit: the sanitizer reports at exit */
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		return o.signal == WTERMSIG(status);
	return !o.signal && WEXITSTATUS(status) == o.exit_code;
}

int main(void)
{
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", test_count);
	for (size_t i = 0; i < test_count; i++) {
		bool ok = !tests[i].options.disabled && run(&tests[i]);

		printf("%s - %s::%s%s\n", ok ? "ok" : "not ok", tests[i].suite, tests[i].name,
		       tests[i].options.disabled ? " # SKIP" : "");
		failed += !ok;
	}
	return failed ? 1 : 0;
}
