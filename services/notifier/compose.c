#include "compose.h"

#include <stdio.h>
#include <string.h>

#include "cancel.h"
#include "ical.h"
#include "money.h"
#include "refund.h"
#include "str.h"

#define PART_BYTES_MAX (128 * 1024)
#define VALUES_MAX     80

/* The values that templates may name. Collected once per mail. */
struct values {
	struct template_value list[VALUES_MAX];
	size_t count;
	struct arena *arena;
	const struct language *language;
	struct instant now;
};

static void add_value(struct values *values, const char *name, const char *text)
{
	values->list[values->count++] = (struct template_value){.name = name, .text = text};
}

static void add_foreign(struct values *values, const char *name, const char *text)
{
	values->list[values->count++] = (struct template_value){.name = name, .text = text, .foreign = true};
}

static void add_flag(struct values *values, const char *name, bool there)
{
	add_value(values, name, there ? "yes" : NULL);
}

/* Render into the arena. */
static enum err_kind render(const struct values *values, const char *source, enum template_escape escape,
			    char **ret_text, struct err *err)
{
	struct buf out;

	buf_init(&out, PART_BYTES_MAX);
	enum err_kind kind = template_render(source, values->list, values->count, escape, &out, err);
	if (!kind) {
		*ret_text = arena_strdup(values->arena, out.data);
		if (!*ret_text)
			kind = err_set(err, ERR_RETRY, "no_memory", "no memory for the mail's text");
	}
	buf_release(&out);
	return kind;
}

/* A word of the language that is itself a template ("{{weekday}}, {{day}} {{month}} {{year}}"). */
static enum err_kind add_word_value(struct values *values, const char *name, const char *word,
				    struct err *err)
{
	char *text = NULL;
	enum err_kind kind = render(values, language_word(values->language, word), TEMPLATE_LINE, &text, err);

	if (!kind)
		add_value(values, name, text);
	return kind;
}

static const char *date_words(struct values *values, const struct civil_time *day)
{
	char weekday[16], month[16];
	struct template_value parts[] = {
		{.name = "weekday", .text = NULL},
		{.name = "day", .text = arena_printf(values->arena, "%d", day->day)},
		{.name = "month", .text = NULL},
		{.name = "year", .text = arena_printf(values->arena, "%d", day->year)},
	};
	struct values of_date = {.arena = values->arena, .count = 4};
	char *text = NULL;

	snprintf(weekday, sizeof(weekday), "weekday_%d", day->weekday);
	snprintf(month, sizeof(month), "month_%d", day->month);
	parts[0].text = language_word(values->language, weekday);
	parts[2].text = language_word(values->language, month);
	memcpy(of_date.list, parts, sizeof(parts));
	return render(&of_date, language_word(values->language, "date"), TEMPLATE_LINE, &text, NULL) ? ""
												     : text;
}

/* "Buenos Aires, UTC-3" for America/Argentina/Buenos_Aires. */
static const char *zone_words(const struct mail_facts *facts, struct arena *arena)
{
	int offset = facts->utc_offset_min, size = offset < 0 ? -offset : offset;
	const char *slash = strrchr(facts->recipient_zone, '/');
	char *city = arena_strdup(arena, slash ? slash + 1 : facts->recipient_zone);

	if (offset == 0 || !city)
		return "UTC";
	for (char *c = city; *c; c++)
		if (*c == '_')
			*c = ' ';
	if (size % 60)
		return arena_printf(arena, "%s, UTC%c%d:%02d", city, offset < 0 ? '-' : '+', size / 60,
				    size % 60);
	return arena_printf(arena, "%s, UTC%c%d", city, offset < 0 ? '-' : '+', size / 60);
}

static void add_cancel_rule(struct values *values, const struct booking *booking)
{
	const struct actor parent = {booking->parent_id, ROLE_PARENT};
	struct cancel_offer offer;

	cancel_offer_for(booking, &parent, NULL, values->now, &offer);
	add_flag(values, "may_be_cancelled", offer.can_cancel);
	add_flag(values, "starts_too_soon", str_eq(offer.message_code, "too_late"));
}

static enum err_kind add_times(struct values *values, const struct mail_facts *facts, struct err *err)
{
	struct arena *arena = values->arena;
	const struct civil_time *from = &facts->local_starts, *to = &facts->local_ends,
				*until = &facts->local_deadline;
	struct civil_time utc;

	civil_from_instant(facts->booking.starts_at, &utc);
	add_value(values, "starts", arena_printf(arena, "%02d:%02d", from->hour, from->minute));
	add_value(values, "ends", arena_printf(arena, "%02d:%02d", to->hour, to->minute));
	add_value(values, "zone", zone_words(facts, arena));
	add_value(values, "utc",
		  facts->utc_offset_min == 0 ? NULL
					     : arena_printf(arena, "%04d-%02d-%02d %02d:%02d", utc.year,
							    utc.month, utc.day, utc.hour, utc.minute));
	add_value(values, "date", date_words(values, from));
	add_cancel_rule(values, &facts->booking);
	add_value(values, "cancel_until_date", date_words(values, until));
	add_value(values, "cancel_until_time", arena_printf(arena, "%02d:%02d", until->hour, until->minute));
	return add_word_value(values, "time", "time", err);
}

/* A sentence needs a subject, also when nobody has said their name. */
static const char *name_or_word(const struct values *values, const char *name, const char *word)
{
	return name && name[0] ? name : language_word(values->language, word);
}

static void add_people(struct values *values, const struct mail_facts *facts, int64_t recipient_id)
{
	const struct booking *booking = &facts->booking;
	bool me = booking->cancelled_by == recipient_id, to_parent = recipient_id == booking->parent_id;

	add_foreign(values, "recipient_name", facts->recipient_name);
	add_foreign(values, "teacher", name_or_word(values, facts->teacher_name, "teacher_unnamed"));
	add_foreign(values, "parent", name_or_word(values, facts->parent_name, "parent_unnamed"));
	add_foreign(values, "teacher_name",
		    to_parent ? facts->teacher_name : NULL); /* the lines of the layout */
	add_foreign(values, "parent_name", to_parent ? NULL : facts->parent_name);
	add_foreign(values, "student_name",
		    booking->student_id == booking->parent_id ? NULL : facts->student_name);
	add_flag(values, "to_parent", to_parent);
	add_flag(values, "to_teacher", !to_parent);
	add_flag(values, "by_me", booking->cancel_cause != CAUSE_ADMIN && me);
	add_flag(values, "by_parent_other", booking->cancel_cause == CAUSE_PARENT && !me);
	add_flag(values, "by_teacher_other", booking->cancel_cause == CAUSE_TEACHER && !me);
	add_flag(values, "by_admin",
		 booking->cancel_cause != CAUSE_PARENT && booking->cancel_cause != CAUSE_TEACHER);
}

/* As the language writes it; NULL when it is not for this reader. */
static const char *amount_words(const struct values *values, struct money amount, bool for_reader)
{
	char words[MONEY_TEXT_BYTES];

	money_to_words(amount, values->language->name, words);
	return for_reader ? arena_strdup(values->arena, words) : NULL;
}

/* A refund that a dispute stopped tells of the dispute, also before Stripe's event does. */
static struct refund_promise promise_of(const struct mail_facts *facts)
{
	struct refund_beside beside = facts->beside;
	enum refund_state state;

	if (beside.charged_back_minor == 0 && facts->refund_state
	    && refund_state_decode(facts->refund_state, &state))
		beside.is_disputed |= refund_waits_for_bank(state, facts->refund_failure_reason);
	if (beside.charged_back_minor == 0 && !facts->refund_state)
		beside.is_disputed |= refund_waits_for_bank(REFUND_FAILED, facts->failed.reason);
	return refund_promise(facts->captured, &beside);
}

/* The sentence about what went back before; beside what the bank gave back, about the rest of that. */
static enum err_kind add_before(struct values *values, const struct refund_promise *promise, bool to_parent,
				struct err *err)
{
	struct money sum = promise->returned_before;

	if (promise->kind == REFUND_PROMISE_BY_HAND || promise->kind == REFUND_PROMISE_CHARGED_BACK)
		sum.minor -= promise->charged_back.minor;
	add_value(values, "returned_before", amount_words(values, sum, to_parent));
	if (to_parent && sum.minor > 0)
		return add_word_value(values, "before",
				      promise->is_on_its_way ? "before_on_its_way" : "before_returned", err);
	add_value(values, "before", NULL);
	return ERR_OK;
}

/* Our refund goes out, or went, after the one that the mail is about came to nothing. */
static bool is_sent_again(const struct mail_facts *facts, const struct refund_promise *promise)
{
	enum refund_state state;

	return facts->refund_state && refund_state_decode(facts->refund_state, &state)
	       && !refund_state_is_unwell(state)
	       && (promise->kind == REFUND_PROMISE_ALL || promise->kind == REFUND_PROMISE_REST);
}

/* What follows after a refund came to nothing: one of these. */
static void add_what_follows(struct values *values, const struct mail_facts *facts,
			     const struct refund_promise *promise)
{
	const struct mail_failure *failed = &facts->failed;
	bool is_owed = promise->rest.minor > 0 && !failed->is_made_good;
	bool for_the_bank = is_owed && promise->kind == REFUND_PROMISE_DISPUTED;
	bool for_nobody = is_owed && !for_the_bank && failed->is_withdrawn && failed->is_of_kept;
	bool again = is_owed && !for_the_bank && !for_nobody && is_sent_again(facts, promise);

	add_flag(values, "for_the_bank", for_the_bank);
	add_flag(values, "for_nobody", for_nobody);
	add_flag(values, "sent_again", again);
	add_flag(values, "owed_by_us", is_owed && !for_the_bank && !for_nobody && !again);
	add_flag(values, "made_good",
		 promise->kind == REFUND_PROMISE_RETURNED || (promise->rest.minor > 0 && !is_owed));
	add_flag(values, "withdrawn", is_owed && failed->is_withdrawn);
	add_flag(values, "refused", is_owed && !failed->is_withdrawn);
}

/* One that Stripe was never seen to have made was to give back what is left. */
static struct money amount_that_failed(const struct mail_facts *facts, const struct refund_promise *promise)
{
	if (facts->failed.amount.minor > 0)
		return facts->failed.amount;
	return promise->rest.minor > 0 ? promise->rest : facts->captured;
}

/* Of a mail about a refund that came to nothing: what that was, why, and what follows. */
static void add_failure(struct values *values, const struct mail_facts *facts,
			const struct refund_promise *promise)
{
	char word[80];

	snprintf(word, sizeof(word), "failure_%s", facts->failed.reason ? facts->failed.reason : "");
	add_value(values, "failure_words", language_word(values->language, word));
	add_value(values, "amount", amount_words(values, amount_that_failed(facts, promise), true));
	add_what_follows(values, facts, promise);
}

static enum err_kind add_money(struct values *values, const struct mail *mail, const struct mail_facts *facts,
			       struct err *err)
{
	const struct refund_promise promise = promise_of(facts);
	bool to_parent = mail->recipient_id == facts->booking.parent_id,
	     refunds = facts->refund_state != NULL;

	if (mail->kind == MAIL_REFUND_FAILED)
		add_failure(values, facts, &promise);
	else
		add_value(values, "amount", amount_words(values, facts->captured, to_parent));
	add_value(values, "paid", amount_words(values, facts->captured, to_parent));
	add_value(values, "rest", amount_words(values, promise.rest, to_parent));
	add_flag(values, "on_its_way", promise.is_on_its_way);
	add_flag(values, "refund_all", refunds && promise.kind == REFUND_PROMISE_ALL);
	add_flag(values, "refund_rest", refunds && promise.kind == REFUND_PROMISE_REST);
	add_flag(values, "refund_returned", refunds && promise.kind == REFUND_PROMISE_RETURNED);
	add_flag(values, "refund_disputed", refunds && promise.kind == REFUND_PROMISE_DISPUTED && to_parent);
	add_flag(values, "bank_gave_part", promise.charged_back.minor < facts->captured.minor);
	add_value(values, "charged_back", amount_words(values, promise.charged_back, to_parent));
	add_flag(values, "refund_by_hand", refunds && promise.kind == REFUND_PROMISE_BY_HAND);
	add_flag(values, "refund_charged_back", promise.kind == REFUND_PROMISE_CHARGED_BACK);
	return add_before(values, &promise, to_parent, err);
}

static enum err_kind add_words(struct values *values, const struct mail_facts *facts, struct err *err)
{
	static const char *const labels[] = {
		"label_session", "label_when",   "label_utc",    "label_teacher", "label_parent",
		"label_student", "label_amount", "label_number", "footer",        "bookings"};
	bool named = facts->recipient_name && facts->recipient_name[0];

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		add_value(values, labels[i], language_word(values->language, labels[i]));
	add_value(values, "language", values->language->name);
	return add_word_value(values, "hello", named ? "hello" : "hello_nobody", err);
}

static enum err_kind collect(struct values *values, const struct compose_sender *sender,
			     const struct mail *mail, const struct mail_facts *facts, struct err *err)
{
	add_foreign(values, "title", facts->booking.title);
	add_value(values, "booking_id", arena_printf(values->arena, "%lld", (long long)facts->booking.id));
	add_value(values, "bookings_url", sender->bookings_url);
	add_foreign(values, "reason", facts->booking.cancellation_reason);
	add_value(values, "meeting_url", facts->meeting_url);
	add_people(values, facts, mail->recipient_id);
	if (add_money(values, mail, facts, err))
		return err->kind;
	if (add_times(values, facts, err))
		return err->kind;
	return add_words(values, facts, err);
}

static void cut_line_ends(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
}

/* The kind's own paragraphs first, then the layout around them. */
static enum err_kind render_parts(struct values *values, const struct templates *templates,
				  enum mail_kind kind, struct smtp_message *message, struct err *err)
{
	const struct language *language = values->language;
	char *subject = NULL, *text = NULL, *html = NULL;

	if (render(values, language->subject[kind], TEMPLATE_LINE, &subject, err)
	    || render(values, language->text[kind], TEMPLATE_TEXT, &text, err)
	    || render(values, language->html[kind], TEMPLATE_HTML, &html, err))
		return err->kind;
	cut_line_ends(text);
	add_value(values, "subject", subject);
	struct template_value *body = &values->list[values->count];
	add_value(values, "body", text);
	if (render(values, templates->layout_text, TEMPLATE_TEXT, &text, err))
		return err->kind;
	*body = (struct template_value){.name = "body", .text = html, .markup = true};
	if (render(values, templates->layout_html, TEMPLATE_HTML, &html, err))
		return err->kind;
	message->subject = subject;
	message->text = text;
	message->html = html;
	return ERR_OK;
}

static enum err_kind render_calendar(const struct compose_sender *sender, const struct mail *mail,
				     const struct mail_facts *facts, struct arena *arena,
				     struct smtp_message *message, struct err *err)
{
	struct buf out;
	char uid[ICAL_UID_BYTES];
	struct ical_event event = {
		.method = mail->kind == MAIL_CANCELLED ? ICAL_CANCEL : ICAL_REQUEST,
		.uid = uid,
		.sequence = facts->booking.version,
		.stamped_at = message->date,
		.starts_at = facts->booking.starts_at,
		.ends_at = facts->booking.ends_at,
		.summary = facts->booking.title,
		.description = mail->kind == MAIL_CONFIRMED ? facts->meeting_url : NULL,
		.url = mail->kind == MAIL_CONFIRMED ? facts->meeting_url : NULL,
		.organizer_address = sender->address,
		.organizer_name = sender->name,
		.attendee_address = facts->recipient_address,
		.attendee_name = facts->recipient_name,
	};

	ical_uid(facts->instance_id, facts->booking.id, uid);
	buf_init(&out, PART_BYTES_MAX);
	enum err_kind kind = ical_encode(&event, &out, err);
	message->calendar = kind ? NULL : arena_strdup(arena, out.data);
	message->calendar_method = event.method == ICAL_CANCEL ? "CANCEL" : "REQUEST";
	buf_release(&out);
	return kind;
}

enum err_kind compose_mail(const struct templates *templates, const struct compose_sender *sender,
			   const struct mail *mail, const struct mail_facts *facts, struct instant now,
			   struct arena *arena, struct smtp_message *ret_message, struct err *err)
{
	struct values values = {
		.arena = arena, .language = templates_find(templates, facts->recipient_locale), .now = now};
	struct smtp_message message = {
		.to_address = facts->recipient_address,
		.to_name = facts->recipient_name,
		.message_id = mail->message_id,
		.date = now,
		.language = values.language->name,
	};

	if (!facts->recipient_address || !mail_address_is_valid(facts->recipient_address))
		return err_set(err, ERR_REJECT, "bad_address", "user %lld has no valid mail address",
			       (long long)mail->recipient_id);
	if (collect(&values, sender, mail, facts, err)
	    || render_parts(&values, templates, mail->kind, &message, err))
		return err->kind;
	if ((mail->kind == MAIL_CONFIRMED || mail->kind == MAIL_CANCELLED)
	    && render_calendar(sender, mail, facts, arena, &message, err))
		return err->kind;
	*ret_message = message;
	return ERR_OK;
}
