#include <criterion/criterion.h>
#include <string.h>

#include "instance.h"
#include "rows.h"

TestSuite(instance, .init = rows_setup, .fini = rows_teardown, .timeout = 60);

Test(instance, the_first_key_decides_and_the_other_mode_is_refused_for_ever)
{
	char first[INSTANCE_ID_BYTES], second[INSTANCE_ID_BYTES];

	ASSERT_OK(instance_claim_mode(db, false, first, &err));
	ASSERT_OK(instance_claim_mode(db, false, second, &err));
	cr_assert_str_eq(first, second);
	cr_assert_eq(strlen(first), 36);
	cr_assert_eq(instance_claim_mode(db, true, second, &err), ERR_FATAL);
	cr_assert_str_eq(err.code, "wrong_mode");
	ASSERT_OK(instance_claim_mode(db, false, second, &err));
}
