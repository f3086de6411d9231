#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash_point.h"

/* Pass "a", "ab", "a", "a" and say after how many passings the process died; 5 when it lived. */
static int passings_survived(const char *setting)
{
	int status, survived[2];
	char step = 0;
	pid_t child;
	int count = 0;

	cr_assert_eq(pipe(survived), 0);
	child = fork();
	if (child == 0) {
		static const char *const names[] = {"a", "ab", "a", "a"};

		if (setting)
			setenv("UNBOOK_CRASH_POINT", setting, 1);
		else
			unsetenv("UNBOOK_CRASH_POINT");
		for (size_t i = 0; i < 4; i++) {
			(void)names; /* unread in a release */
			CRASH_POINT(names[i]);
			if (write(survived[1], &step, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(survived[1]);
	while (read(survived[0], &step, 1) == 1)
		count++;
	close(survived[0]);
	cr_assert_eq(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		cr_assert_eq(WTERMSIG(status), SIGKILL);
	return WIFSIGNALED(status) ? count : 5;
}

Test(crash_point, kills_at_the_named_point_and_passing_only)
{
#ifdef UNBOOK_CRASH_POINTS
	cr_assert_eq(passings_survived("a"), 0);
	cr_assert_eq(passings_survived("a:1"), 0);
	cr_assert_eq(passings_survived("a:2"), 2);
	cr_assert_eq(passings_survived("a:3"), 3);
	cr_assert_eq(passings_survived("ab"), 1);
#else
	cr_assert_eq(passings_survived("a"), 5, "a release has no crash points");
#endif
	cr_assert_eq(passings_survived("a:4"), 5);
	cr_assert_eq(passings_survived("a:x"), 5);
	cr_assert_eq(passings_survived("b"), 5);
	cr_assert_eq(passings_survived(""), 5);
	cr_assert_eq(passings_survived(NULL), 5);
}
