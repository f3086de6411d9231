#include "compose.h"

#define CHECK_BYTES_MAX (1024 * 1024)

static struct mail_facts made_up_facts(const char *locale)
{
	return (struct mail_facts){
		.booking = {.id = 1,
			    .parent_id = 1,
			    .student_id = 2,
			    .teacher_id = 3,
			    .title = "Check",
			    .version = 2,
			    .price = {.minor = 4500, .currency = "EUR"},
			    .ends_at = {INT64_C(3600000000)}},
		.recipient_address = "check@example.org",
		.recipient_name = "Check",
		.recipient_zone = "UTC",
		.teacher_name = "Check",
		.parent_name = "Check",
		.student_name = "Check",
		.meeting_url = "https://example.org/",
		.refund_state = "succeeded",
		.captured = {.minor = 4500, .currency = "EUR"},
		.refund_failure_reason = "declined",
		.failed = {.amount = {.minor = 4500, .currency = "EUR"}, .reason = "declined"},
		.instance_id = "check",
		.local_starts = {.year = 1970, .month = 1, .day = 1},
		.local_ends = {.year = 1970, .month = 1, .day = 1},
		.local_deadline = {.year = 1970, .month = 1, .day = 1},
		.recipient_locale = locale,
	};
}

static enum err_kind check_one(const struct templates *templates, const struct compose_sender *sender,
			       const char *locale, enum mail_kind kind, struct err *err)
{
	const struct mail_facts facts = made_up_facts(locale);
	const struct mail mail = {.kind = kind, .recipient_id = 1, .message_id = "<check@example.org>"};
	struct smtp_message message;
	struct arena arena;

	arena_init(&arena, CHECK_BYTES_MAX);
	enum err_kind bad =
		compose_mail(templates, sender, &mail, &facts, (struct instant){0}, &arena, &message, err);
	arena_release(&arena);
	if (!bad)
		return ERR_OK;
	err->kind = ERR_FATAL;
	return err_while(err, "template %s/%s", locale, mail_kind_name(kind));
}

enum err_kind compose_check(const struct templates *templates, const struct compose_sender *sender,
			    struct err *err)
{
	for (int i = 0; i < templates->language_count; i++)
		for (int kind = 0; kind < TEMPLATE_KINDS; kind++)
			if (check_one(templates, sender, templates->languages[i].name, (enum mail_kind)kind,
				      err))
				return err->kind;
	return ERR_OK;
}
