/* criterion.h: the part of Criterion that our tests use, without its sandbox.
 * Criterion's shared arena cannot be mapped under ThreadSanitizer; these builds take this header instead. One fork per
 * test, TAP on standard output. A macro that is missing here is one line to add. */
#ifndef CRITERION_PLAIN_H
#define CRITERION_PLAIN_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plain_options {
	void (*init)(void);
	void (*fini)(void);
	const char *description;
	double timeout; /* seconds */
	int signal;     /* the test must end by it */
	int exit_code;  /* the test must end with it */
	bool disabled;
};

void plain_test(const char *suite, const char *name, void (*body)(void), struct plain_options options);
void plain_suite(const char *suite, struct plain_options options);
_Noreturn void plain_fail(const char *file, int line, const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#pragma GCC diagnostic ignored "-Wformat-zero-length"

#define Test(Suite, Name, ...)                                                                         \
	static void Suite##_##Name##_body(void);                                                       \
	__attribute__((constructor)) static void Suite##_##Name##_register(void)                       \
	{                                                                                              \
		plain_test(#Suite, #Name, Suite##_##Name##_body, (struct plain_options){__VA_ARGS__}); \
	}                                                                                              \
	static void Suite##_##Name##_body(void)

#define TestSuite(Suite, ...)                                             \
	__attribute__((constructor)) static void Suite##_suite(void)      \
	{                                                                 \
		plain_suite(#Suite, (struct plain_options){__VA_ARGS__}); \
	}                                                                 \
	struct plain_suite_##Suite

#define cr_assert_fail(...) plain_fail(__FILE__, __LINE__, "reached", "" __VA_ARGS__)
#define cr_assert_true_(Condition, What, ...) \
	((Condition) ? (void)0 : plain_fail(__FILE__, __LINE__, What, "" __VA_ARGS__))
#define cr_assert(Condition, ...)       cr_assert_true_((Condition), #Condition, ##__VA_ARGS__)
#define cr_assert_not(Condition, ...)   cr_assert_true_(!(Condition), "not " #Condition, ##__VA_ARGS__)
#define cr_assert_null(A, ...)          cr_assert_true_((A) == NULL, #A " == NULL", ##__VA_ARGS__)
#define cr_assert_not_null(A, ...)      cr_assert_true_((A) != NULL, #A " != NULL", ##__VA_ARGS__)
#define cr_assert_eq(A, B, ...)         cr_assert_true_((A) == (B), #A " == " #B, ##__VA_ARGS__)
#define cr_assert_neq(A, B, ...)        cr_assert_true_((A) != (B), #A " != " #B, ##__VA_ARGS__)
#define cr_assert_lt(A, B, ...)         cr_assert_true_((A) < (B), #A " < " #B, ##__VA_ARGS__)
#define cr_assert_leq(A, B, ...)        cr_assert_true_((A) <= (B), #A " <= " #B, ##__VA_ARGS__)
#define cr_assert_gt(A, B, ...)         cr_assert_true_((A) > (B), #A " > " #B, ##__VA_ARGS__)
#define cr_assert_geq(A, B, ...)        cr_assert_true_((A) >= (B), #A " >= " #B, ##__VA_ARGS__)
#define cr_assert_str_eq(A, B, ...)     cr_assert_true_(!strcmp((A), (B)), #A " is " #B, ##__VA_ARGS__)
#define cr_assert_str_neq(A, B, ...)    cr_assert_true_(strcmp((A), (B)), #A " is not " #B, ##__VA_ARGS__)
#define cr_assert_str_empty(A, ...)     cr_assert_true_(!*(A), #A " is empty", ##__VA_ARGS__)
#define cr_assert_str_not_empty(A, ...) cr_assert_true_(*(A), #A " is not empty", ##__VA_ARGS__)
#define cr_assert_arr_eq(A, B, Size, ...) \
	cr_assert_true_(!memcmp((A), (B), (Size)), #A " equals " #B, ##__VA_ARGS__)
#define cr_assert_arr_neq(A, B, Size, ...) \
	cr_assert_true_(memcmp((A), (B), (Size)), #A " differs", ##__VA_ARGS__)
#define cr_assert_float_eq(A, B, Epsilon, ...) \
	cr_assert_true_((A) - (B) <= (Epsilon) && (B) - (A) <= (Epsilon), #A " about " #B, ##__VA_ARGS__)
#define cr_expect               cr_assert
#define cr_expect_not           cr_assert_not
#define cr_expect_null          cr_assert_null
#define cr_expect_not_null      cr_assert_not_null
#define cr_expect_eq            cr_assert_eq
#define cr_expect_neq           cr_assert_neq
#define cr_expect_lt            cr_assert_lt
#define cr_expect_leq           cr_assert_leq
#define cr_expect_gt            cr_assert_gt
#define cr_expect_geq           cr_assert_geq
#define cr_expect_str_eq        cr_assert_str_eq
#define cr_expect_str_neq       cr_assert_str_neq
#define cr_expect_str_empty     cr_assert_str_empty
#define cr_expect_str_not_empty cr_assert_str_not_empty
#define cr_expect_arr_eq        cr_assert_arr_eq
#define cr_expect_arr_neq       cr_assert_arr_neq
#define cr_expect_float_eq      cr_assert_float_eq
#define cr_fatal                cr_assert_fail
#define cr_log_info(...)        fprintf(stderr, __VA_ARGS__)
#define cr_malloc               malloc
#define cr_free                 free

#endif
