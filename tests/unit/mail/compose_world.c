#include "compose_world.h"

#include <criterion/criterion.h>
#include <string.h>

#define TEMPLATES UNBOOK_SOURCE_DIR "/services/notifier/templates"

struct templates *templates;
struct arena arena;
const struct compose_sender sender = {.address = "no-reply@example.org",
				      .name = "unbook",
				      .bookings_url = "https://school.example/"};

void compose_world_open(void)
{
	struct err err = {0};

	arena_init(&arena, 1024 * 1024);
	cr_assert_eq(templates_open(TEMPLATES, &templates, &err), ERR_OK, "%s", err.msg);
}

void compose_world_close(void)
{
	templates_close(templates);
	arena_release(&arena);
}

struct mail_facts facts(void)
{
	return (struct mail_facts){
		.booking = {.id = 7,
			    .parent_id = 1,
			    .student_id = 2,
			    .teacher_id = 3,
			    .title = "Violin <for> beginners",
			    .starts_at = {INT64_C(1796113800000000)},
			    .ends_at = {INT64_C(1796116500000000)},
			    .status = BOOKING_CANCELLED,
			    .price = {4500, "EUR"},
			    .cancel_notice_s = 86400,
			    .cancel_cause = CAUSE_PARENT,
			    .cancelled_by = 1,
			    .version = 3},
		.recipient_address = "eva@example.org",
		.recipient_name = "Eva Müller",
		.recipient_locale = "en-GB",
		.recipient_zone = "Europe/Berlin",
		.teacher_name = "Tom",
		.parent_name = "Eva Müller",
		.student_name = "Lina",
		.local_starts = {.year = 2026, .month = 12, .day = 1, .hour = 9, .minute = 30, .weekday = 1},
		.local_ends = {.year = 2026, .month = 12, .day = 1, .hour = 10, .minute = 15, .weekday = 1},
		.local_deadline =
			{.year = 2026, .month = 11, .day = 30, .hour = 9, .minute = 30, .weekday = 0},
		.utc_offset_min = 60,
		.instance_id = "i",
		.refund_state = "requested",
		.captured = {4500, "EUR"},
	};
}

struct smtp_message compose_at(const struct mail_facts *f, enum mail_kind kind, int64_t recipient_id,
			       struct instant now)
{
	struct mail mail = {.id = 1,
			    .booking_id = 7,
			    .kind = kind,
			    .recipient_id = recipient_id,
			    .message_id = "<m@example.org>",
			    .ref = ""};
	struct smtp_message message = {0};
	struct err err = {0};

	cr_assert_eq(compose_mail(templates, &sender, &mail, f, now, &arena, &message, &err), ERR_OK,
		     "%s: %s", err.code, err.msg);
	return message;
}

struct smtp_message compose(const struct mail_facts *f, enum mail_kind kind, int64_t recipient_id)
{
	return compose_at(f, kind, recipient_id, (struct instant){0});
}

void expect(const char *text, const char *needle)
{
	cr_assert(strstr(text, needle), "\"%s\" is not in:\n%s", needle, text);
}

void expect_not(const char *text, const char *needle)
{
	cr_assert_not(strstr(text, needle), "\"%s\" is in:\n%s", needle, text);
}
