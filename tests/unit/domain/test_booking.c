#include <criterion/criterion.h>

#include "booking.h"
#include "sample.h"

Test(booking, status_names_and_numbers_are_the_wire_format)
{
	static const char *const names[] = {"Pending", "Confirmed", "Completed", "Cancelled"};

	for (int64_t value = 0; value < 4; value++) {
		enum booking_status status;

		cr_assert(booking_status_decode(value, &status));
		cr_assert_eq((int64_t)status, value);
		cr_assert_str_eq(booking_status_name(status), names[value]);
	}
}

Test(booking, refuses_every_other_status_number)
{
	static const int64_t others[] = {-1, 4, 255, INT64_MIN, INT64_MAX, 4294967296, 4294967297};
	enum booking_status status = BOOKING_COMPLETED;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		cr_assert_not(booking_status_decode(others[i], &status));
	cr_assert_eq(status, BOOKING_COMPLETED, "written although refused");
	cr_assert_null(booking_status_name((enum booking_status)4));
}

Test(booking, cause_names_survive_the_way_to_the_table_and_back)
{
	static const char *const names[] = {NULL,
					    "parent",
					    "teacher",
					    "admin",
					    "payment_cancelled",
					    "checkout_expired",
					    "checkout_failed",
					    "amount_mismatch",
					    "too_late_to_pay"};

	for (int value = CAUSE_NONE; value <= CAUSE_TOO_LATE_TO_PAY; value++) {
		enum cancel_cause cause = CAUSE_ADMIN;
		const char *name = cancel_cause_name((enum cancel_cause)value);

		if (names[value])
			cr_assert_str_eq(name, names[value]);
		else
			cr_assert_null(name);
		cr_assert(cancel_cause_decode(name, &cause));
		cr_assert_eq((int)cause, value);
	}
	cr_assert_null(cancel_cause_name((enum cancel_cause)9));
}

Test(booking, refuses_unknown_causes)
{
	static const char *const others[] = {"", "Parent", "parent ", "none", "paren", "parents"};
	enum cancel_cause cause = CAUSE_TEACHER;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		cr_assert_not(cancel_cause_decode(others[i], &cause), "%s", others[i]);
	cr_assert_eq(cause, CAUSE_TEACHER);
}

Test(booking, only_five_changes_of_status_exist)
{
	static const bool may[4][4] = {
		{false, true, false, true},
		{false, false, true, true},
		{false, false, false, false},
		{false, true, false, false},
	};

	for (int from = 0; from < 4; from++) {
		for (int to = 0; to < 4; to++)
			cr_assert_eq(booking_may_become((enum booking_status)from, (enum booking_status)to),
				     may[from][to], "%d to %d", from, to);
	}
	cr_assert_not(booking_may_become((enum booking_status)4, BOOKING_CONFIRMED));
}

Test(booking, is_paid_when_it_keeps_a_payment)
{
	struct booking booking = sample_booking();

	cr_assert(booking_is_paid(&booking));
	booking.payment_intent = "";
	cr_assert_not(booking_is_paid(&booking));
	booking.payment_intent = NULL;
	cr_assert_not(booking_is_paid(&booking));
}

Test(booking, every_set_of_roles_reads_just_what_is_its_own)
{
	static const int64_t users[] = {PARENT_ID, TEACHER_ID, STUDENT_ID, SOMEBODY, 0};
	static const unsigned own_role[] = {ROLE_PARENT, ROLE_TEACHER, ROLE_STUDENT, 0, 0};
	struct booking booking = sample_booking();

	for (size_t user = 0; user < 5; user++) {
		for (unsigned roles = 0; roles < 32; roles++) {
			struct actor actor = {users[user], roles};
			bool staff = roles & (ROLE_ADMIN | ROLE_SUPPORT);

			cr_assert_eq(booking_may_be_read_by(&booking, &actor),
				     staff || (roles & own_role[user]), "user %zu roles %u", user, roles);
			cr_assert_eq(booking_dealings_may_be_read_by(&booking, &actor),
				     staff || (user != 2 && (roles & own_role[user])), "user %zu roles %u",
				     user, roles);
		}
	}
}

Test(booking, user_id_zero_matches_nobody_even_when_the_booking_has_a_gap)
{
	struct booking booking = sample_booking();
	struct actor nobody = {0, ROLE_PARENT | ROLE_TEACHER | ROLE_STUDENT};

	booking.parent_id = booking.teacher_id = booking.student_id = 0;
	cr_assert_not(booking_may_be_read_by(&booking, &nobody));
}
