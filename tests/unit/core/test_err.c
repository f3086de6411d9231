#include <criterion/criterion.h>
#include <string.h>

#include "err.h"

Test(err, set_fills_kind_code_and_message)
{
	struct err err = {0};

	cr_assert_eq(err_set(&err, ERR_REJECT, "too_late", "booking %s", "b1"), ERR_REJECT);
	cr_assert_eq(err.kind, ERR_REJECT);
	cr_assert_str_eq(err.code, "too_late");
	cr_assert_str_eq(err.msg, "booking b1");
}

Test(err, while_puts_context_in_front_and_keeps_kind_and_code)
{
	struct err err = {0};

	err_set(&err, ERR_RETRY, "net", "refused");
	cr_assert_eq(err_while(&err, "create refund %d", 7), ERR_RETRY);
	cr_assert_eq(err_while(&err, "perform"), ERR_RETRY);
	cr_assert_str_eq(err.msg, "perform: create refund 7: refused");
	cr_assert_str_eq(err.code, "net");
}

Test(err, too_long_texts_are_cut_at_the_end)
{
	struct err err = {0};
	char text[500];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, ERR_FATAL, text, "%s", text);
	cr_assert_eq(strlen(err.code), sizeof(err.code) - 1);
	cr_assert_eq(strlen(err.msg), sizeof(err.msg) - 1);
	err_while(&err, "context");
	cr_assert_eq(strlen(err.msg), sizeof(err.msg) - 1);
	cr_assert(strncmp(err.msg, "context: xxx", 12) == 0);
	err_while(&err, "%s", text);
	cr_assert_eq(strlen(err.msg), sizeof(err.msg) - 1);
}

Test(err, no_storage_gives_the_kind_alone)
{
	cr_assert_eq(err_set(NULL, ERR_RETRY, "x", "y"), ERR_RETRY);
	cr_assert_eq(err_while(NULL, "y"), ERR_UNSURE);
}

Test(err, every_kind_has_its_name)
{
	cr_assert_str_eq(err_kind_name(ERR_OK), "ok");
	cr_assert_str_eq(err_kind_name(ERR_RETRY), "retry");
	cr_assert_str_eq(err_kind_name(ERR_REJECT), "reject");
	cr_assert_str_eq(err_kind_name(ERR_UNSURE), "unsure");
	cr_assert_str_eq(err_kind_name(ERR_FATAL), "fatal");
}
