/* The decision for every status, actor, notice and payment, against a second statement of the rule. */
#include <criterion/criterion.h>
#include <string.h>

#include "cancel.h"
#include "sample.h"

struct grid_case {
	struct booking booking;
	struct actor actor;
	struct cancel_policy policy;
	struct instant now;
};

static const int64_t notices_s[] = {0, 3600, DAY_S, 7 * DAY_S};
static const int64_t teacher_notices_s[] = {-1, 0, 2 * HOUR_S, 2 * DAY_S};
static const int64_t ahead_us[] = {-US_PER_HOUR,
				   -1,
				   0,
				   1,
				   US_PER_HOUR / 2,
				   US_PER_HOUR,
				   US_PER_HOUR + 1,
				   2 * US_PER_HOUR,
				   2 * US_PER_HOUR + 1,
				   24 * US_PER_HOUR - 1,
				   24 * US_PER_HOUR,
				   24 * US_PER_HOUR + 1,
				   48 * US_PER_HOUR + 1,
				   168 * US_PER_HOUR,
				   168 * US_PER_HOUR + 1,
				   1000 * US_PER_HOUR};
/* Whose id the actor has: nobody's, the parent's, the student's, the teacher's, or parent and teacher are one and the same. */
enum relation { STRANGER, IS_PARENT, IS_STUDENT, IS_TEACHER, IS_BOTH, RELATIONS };

/* The rule in other words: design.md rule 2 and section 6. NULL code: allowed. */
static const char *rule(const struct grid_case *c, enum relation relation, struct cancellation *ret)
{
	bool parent = (relation == IS_PARENT || relation == IS_BOTH) && (c->actor.roles & ROLE_PARENT);
	bool teacher = (relation == IS_TEACHER || relation == IS_BOTH) && (c->actor.roles & ROLE_TEACHER);
	bool admin = c->actor.roles & ROLE_ADMIN;
	int64_t left_us = c->booking.starts_at.us - c->now.us;
	int64_t notice_us = c->booking.cancel_notice_s * US_PER_S;
	int64_t for_teacher_us = c->policy.teacher_notice_s * US_PER_S;

	if (for_teacher_us < 0 || for_teacher_us > notice_us)
		for_teacher_us = notice_us;
	if (!parent && !teacher && !admin)
		return "not_yours";
	if (c->booking.status == BOOKING_CANCELLED) {
		*ret = (struct cancellation){CANCEL_REPEATED, CAUSE_NONE};
		return NULL;
	}
	if (c->booking.status == BOOKING_COMPLETED || left_us <= 0)
		return "not_cancellable";
	if (c->booking.status == BOOKING_PENDING) {
		notice_us = for_teacher_us = 0;
		ret->outcome = CANCEL_RELEASE;
	} else {
		ret->outcome = c->booking.payment_intent ? CANCEL_AND_REFUND : CANCEL_UNPAID;
	}
	if (parent && left_us > notice_us)
		ret->cause = CAUSE_PARENT;
	else if (teacher && left_us > for_teacher_us)
		ret->cause = CAUSE_TEACHER;
	else if (admin)
		ret->cause = CAUSE_ADMIN;
	else
		return "too_late";
	return NULL;
}

static void check_offer(const struct grid_case *c, const char *code, const struct cancellation *want)
{
	struct cancel_offer offer;
	bool allowed = !code && want->outcome != CANCEL_REPEATED;

	cancel_offer_for(&c->booking, &c->actor, &c->policy, c->now, &offer);
	cr_assert_eq(offer.can_cancel, allowed);
	cr_assert_eq(offer.can_cancel, !instant_is_none(offer.deadline) && c->now.us < offer.deadline.us);
	if (code)
		cr_assert_str_eq(offer.message_code, code);
	else if (want->outcome == CANCEL_REPEATED)
		cr_assert_str_eq(offer.message_code, "already_cancelled");
	else
		cr_assert_str_eq(offer.message_code,
				 want->outcome == CANCEL_RELEASE ? "pending" : "can_cancel");
	if (!instant_is_none(
		    offer.deadline)) { /* the deadline is the first refused moment, the one before it the last allowed */
		struct cancellation got;

		cr_assert_neq(cancel_decide(&c->booking, &c->actor, &c->policy, offer.deadline, &got, NULL),
			      ERR_OK);
		cr_assert_eq(cancel_decide(&c->booking, &c->actor, &c->policy,
					   (struct instant){offer.deadline.us - 1}, &got, NULL),
			     ERR_OK);
	}
}

static void check_case(const struct grid_case *c, enum relation relation)
{
	const struct cancellation untouched = {CANCEL_UNPAID, CAUSE_CHECKOUT_FAILED};
	struct cancellation want = {0}, got = untouched;
	struct err err = {0};
	const char *code = rule(c, relation, &want);
	enum err_kind kind = cancel_decide(&c->booking, &c->actor, &c->policy, c->now, &got, &err);

	if (code) {
		cr_assert_eq(kind, ERR_REJECT);
		cr_assert_str_eq(err.code, code);
		cr_assert(got.outcome == untouched.outcome && got.cause == untouched.cause,
			  "written though refused");
	} else {
		cr_assert_eq(kind, ERR_OK);
		cr_assert(got.outcome == want.outcome && got.cause == want.cause,
			  "status %d roles %u relation %d", c->booking.status, c->actor.roles, relation);
	}
	check_offer(c, code, &want);
}

static struct actor actor_for(enum relation relation, unsigned roles, struct booking *booking)
{
	static const int64_t ids[RELATIONS] = {SOMEBODY, PARENT_ID, STUDENT_ID, TEACHER_ID, PARENT_ID};

	if (relation == IS_BOTH)
		booking->teacher_id = PARENT_ID;
	return (struct actor){ids[relation], roles};
}

static void check_times(struct grid_case c, enum relation relation)
{
	for (size_t notice = 0; notice < 4; notice++) {
		for (size_t teacher = 0; teacher < 4; teacher++) {
			for (size_t at = 0; at < sizeof(ahead_us) / sizeof(ahead_us[0]); at++) {
				c.booking.cancel_notice_s = notices_s[notice];
				c.policy.teacher_notice_s = teacher_notices_s[teacher];
				c.now = before_start(ahead_us[at]);
				check_case(&c, relation);
			}
		}
	}
}

Test(cancel, decision_and_offer_follow_the_rule_for_every_status_actor_notice_and_time)
{
	for (int status = 0; status < 4; status++) {
		for (int relation = 0; relation < RELATIONS; relation++) {
			for (unsigned roles = 0; roles < 32; roles++) {
				for (int paid = 0; paid < 2; paid++) {
					struct grid_case c = {.booking = sample_booking()};

					c.booking.status = (enum booking_status)status;
					c.booking.payment_intent = paid ? "pi_1" : NULL;
					c.actor = actor_for((enum relation)relation, roles, &c.booking);
					check_times(c, (enum relation)relation);
				}
			}
		}
	}
}

Test(cancel, user_id_zero_is_nobody)
{
	struct booking booking = sample_booking();
	struct actor nobody = {0, ROLE_PARENT | ROLE_TEACHER};
	struct cancellation got;
	struct err err;

	booking.parent_id = booking.teacher_id = 0;
	cr_assert_eq(cancel_decide(&booking, &nobody, NULL, before_start(48 * US_PER_HOUR), &got, &err),
		     ERR_REJECT);
	cr_assert_str_eq(err.code, "not_yours");
}

Test(cancel, without_a_policy_the_teacher_has_the_bookings_notice)
{
	struct booking booking = sample_booking();
	struct actor teacher = {TEACHER_ID, ROLE_TEACHER};
	struct cancellation got;

	cr_assert_eq(cancel_decide(&booking, &teacher, NULL, before_start(24 * US_PER_HOUR), &got, NULL),
		     ERR_REJECT);
	cr_assert_eq(cancel_decide(&booking, &teacher, NULL, before_start(24 * US_PER_HOUR + 1), &got, NULL),
		     ERR_OK);
	cr_assert_eq(got.cause, CAUSE_TEACHER);
}

Test(cancel, a_teachers_shorter_notice_does_not_help_the_parent)
{
	struct booking booking = sample_booking();
	struct cancel_policy policy = {2 * HOUR_S};
	struct actor parent = {PARENT_ID, ROLE_PARENT}, teacher = {TEACHER_ID, ROLE_TEACHER};
	struct cancellation got;

	cr_assert_eq(cancel_decide(&booking, &parent, &policy, before_start(3 * US_PER_HOUR), &got, NULL),
		     ERR_REJECT);
	cr_assert_eq(cancel_decide(&booking, &teacher, &policy, before_start(3 * US_PER_HOUR), &got, NULL),
		     ERR_OK);
}

Test(cancel, who_is_party_and_admin_cancels_as_the_party_while_that_is_allowed)
{
	struct booking booking = sample_booking();
	struct cancel_policy policy = {-1};
	struct actor both = {TEACHER_ID, ROLE_TEACHER | ROLE_ADMIN};
	struct cancellation got;

	cr_assert_eq(cancel_decide(&booking, &both, &policy, before_start(25 * US_PER_HOUR), &got, NULL),
		     ERR_OK);
	cr_assert_eq(got.cause, CAUSE_TEACHER);
	cr_assert_eq(cancel_decide(&booking, &both, &policy, before_start(US_PER_HOUR), &got, NULL), ERR_OK);
	cr_assert_eq(got.cause, CAUSE_ADMIN);
}

Test(cancel, an_expired_one_is_asked_about_until_its_start_and_then_repeated)
{
	static const struct {
		struct actor actor;
		enum cancel_cause cause;
	} people[] = {{{PARENT_ID, ROLE_PARENT}, CAUSE_PARENT},
		      {{TEACHER_ID, ROLE_TEACHER}, CAUSE_TEACHER},
		      {{99, ROLE_ADMIN}, CAUSE_ADMIN}};
	struct booking booking = sample_booking();
	struct cancellation got;

	booking.status = BOOKING_CANCELLED;
	for (int cause = CAUSE_PARENT; cause <= CAUSE_TOO_LATE_TO_PAY; cause++) {
		booking.cancel_cause = (enum cancel_cause)cause;
		for (size_t i = 0; i < 3; i++) {
			bool asks = cause == CAUSE_CHECKOUT_EXPIRED;

			cr_assert_eq(
				cancel_decide(&booking, &people[i].actor, NULL, before_start(1), &got, NULL),
				ERR_OK);
			cr_expect_eq(got.outcome, asks ? CANCEL_RELEASE : CANCEL_REPEATED);
			cr_expect_eq(got.cause, asks ? people[i].cause : CAUSE_NONE);
			cr_assert_eq(
				cancel_decide(&booking, &people[i].actor, NULL, before_start(0), &got, NULL),
				ERR_OK);
			cr_expect_eq(got.outcome, CANCEL_REPEATED);
		}
	}
}
