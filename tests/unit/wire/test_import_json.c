/* test_import_json.c: the lines of tests/data/import that need no table to be judged: each fault of theirs is told in the case's expect. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "import_json.h"

#define CASES   UNBOOK_SOURCE_DIR "/tests/data/import"
#define NOW     ((struct instant){INT64_C(1795000000) * 1000000})
#define MARK    "\xef\xbb\xbf"
#define ALL_MAX (256 * 1024)
#define LONGEST (2 * IMPORT_LINE_BYTES_MAX)

/* What only the tables, or the other lines, can tell. */
static bool is_of_the_tables(const char *line)
{
	static const char *const codes[] = {"duplicate",     "differs",      "taken",         "overlap",
					    "wrong_mode",    "unknown_user", "unknown_offer", "unknown_zone",
					    "other_teacher", "not_guardian"};
	char tail[32];

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		snprintf(tail, sizeof tail, " (%s)\n", codes[i]);
		if (strlen(line) > strlen(tail) && strcmp(line + strlen(line) - strlen(tail), tail) == 0)
			return true;
	}
	return strncmp(line, "line ", 5) != 0;
}

static FILE *open_part(const char *name, const char *part)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, CASES "/%s/%s", name, part);
	file = fopen(path, "rb");
	cr_assert(file, "%s", path);
	return file;
}

static void judge(const char *bytes, size_t len, int number, struct buf *out)
{
	struct import_line line;
	struct err err = {0};
	char about[IMPORT_ABOUT_BYTES];
	struct arena arena;
	enum err_kind kind;

	arena_init(&arena, 1u << 20);
	kind = import_line_decode(bytes, len, &arena, &line, &err);
	if (!kind && line.kind == IMPORT_USER)
		kind = import_user_check(&line.user, &err);
	if (!kind && line.kind == IMPORT_OFFER)
		kind = import_offer_check(&line.offer, &err);
	if (!kind && line.kind == IMPORT_BOOKING)
		kind = import_booking_check(&line.booking, NOW, &err);
	import_about(line.kind, line.id, line.subject, about);
	for (char *byte = about; *byte; byte++)
		*byte = *byte == '\t' ? '?' : *byte; /* as a terminal is told */
	if (kind)
		buf_addf(out, "line %d: %s%s%s (%s)\n", number, about, about[0] ? ": " : "", err.msg,
			 err.code);
	arena_release(&arena);
}

static void run_case(const char *name)
{
	static char bytes[LONGEST];
	FILE *input = open_part(name, "input.jsonl"), *expect = open_part(name, "expect");
	struct buf got, wanted;
	int number = 0;
	size_t len;

	buf_init(&got, ALL_MAX);
	buf_init(&wanted, ALL_MAX);
	while (fgets(bytes, sizeof bytes, expect))
		buf_add(&wanted, is_of_the_tables(bytes) ? "" : bytes);
	while (fgets(bytes, sizeof bytes, input)) {
		char *line = bytes + (strncmp(bytes, MARK, 3) == 0 ? 3 : 0);

		number++;
		len = strcspn(line, "\n");
		if (strspn(line, " \r\t") < len)
			judge(line, len, number, &got);
	}
	cr_expect_str_eq(got.data, wanted.data, "%s:\n%s---\n%s", name, got.data, wanted.data);
	buf_release(&got);
	buf_release(&wanted);
	fclose(input);
	fclose(expect);
}

Test(import_json, every_case_is_judged_as_it_says)
{
	DIR *cases = opendir(CASES);
	struct dirent *entry;
	int count = 0;

	cr_assert(cases);
	while ((entry = readdir(cases))) {
		if (!strchr(entry->d_name, '.')) { /* neither '.' nor README.md */
			run_case(entry->d_name);
			count++;
		}
	}
	closedir(cases);
	cr_expect_gt(count, 15);
}

Test(import_json, every_field_of_a_booking_arrives)
{
	static const char text[] =
		"{\"kind\":\"booking\",\"id\":7,\"parent\":\"p\",\"student\":\"s\",\"teacher\":\"t\",\"offer\":5,"
		"\"title\":\"Algebra\",\"scheduledDateTime\":\"2026-12-31T17:00:00+01:00\",\"durationMinutes\":90,"
		"\"status\":3,\"amountMinor\":4500,\"currency\":\"eur\",\"cancelNoticeMinutes\":30,\"notes\":\"a\\nb\","
		"\"stripeSessionId\":\"cs_1\",\"checkoutUrl\":\"https://c.example/1\",\"holdExpiresAt\":"
		"\"2026-01-01T00:00:01Z\",\"createdAt\":\"2026-01-01T00:00:00Z\",\"cancelledAt\":\"2026-01-02T00:00:00Z\","
		"\"cancelCause\":\"teacher\",\"cancelledBy\":\"t\",\"cancellationReason\":\"ill\",\"googleMeetLink\":"
		"\"http://m.example/1\",\"payments\":[{\"paymentIntent\":\"pi_1\",\"chargeId\":\"ch_1\",\"amountMinor\":1,"
		"\"currency\":\"USD\",\"capturedAt\":\"2026-01-01T00:00:02Z\",\"refundId\":\"pyr_1\",\"refundedAt\":"
		"\"2026-01-02T00:00:00Z\"}]}";
	struct import_line line;
	const struct import_booking *b = &line.booking;
	struct err err = {0};
	struct arena arena;

	arena_init(&arena, 65536);
	cr_assert_eq(import_line_decode(text, sizeof text - 1, &arena, &line, &err), ERR_OK, "%s", err.msg);
	cr_expect(b->id == 7 && b->offer_id == 5 && b->duration_s == 5400 && b->cancel_notice_s == 1800);
	cr_expect_str_eq(b->parent, "p");
	cr_expect_str_eq(b->student, "s");
	cr_expect_str_eq(b->teacher, "t");
	cr_expect_str_eq(b->title, "Algebra");
	cr_expect_eq(b->starts_at.us, INT64_C(1798732800000000));
	cr_expect_str_eq(b->status, "3");
	cr_expect(money_equal(b->price, (struct money){4500, "EUR"}));
	cr_expect_str_eq(b->notes, "a\nb");
	cr_expect_str_eq(b->stripe_session_id, "cs_1");
	cr_expect_str_eq(b->checkout_url, "https://c.example/1");
	cr_expect_eq(b->hold_expires_at.us - b->created_at.us, 1000000);
	cr_expect_eq(b->cancelled_at.us - b->created_at.us, INT64_C(86400000000));
	cr_expect_eq(b->cancel_cause, CAUSE_TEACHER);
	cr_expect_str_eq(b->cancelled_by, "t");
	cr_expect_str_eq(b->cancellation_reason, "ill");
	cr_expect_str_eq(b->meeting_url, "http://m.example/1");
	cr_assert_eq(b->payment_count, 1);
	cr_expect_str_eq(b->payments->payment_intent, "pi_1");
	cr_expect_str_eq(b->payments->charge_id, "ch_1");
	cr_expect(money_equal(b->payments->amount, (struct money){1, "USD"}));
	cr_expect_str_eq(b->payments->refund_id, "pyr_1");
	cr_expect_eq(b->payments->refunded_at.us, b->cancelled_at.us);
	arena_release(&arena);
}

Test(import_json, a_line_of_exactly_the_most_bytes_is_read)
{
	static char text[IMPORT_LINE_BYTES_MAX + 1];
	static const char head[] = "{\"kind\":\"user\",\"subject\":\"a\"";
	struct import_line line;
	struct err err = {0};
	struct arena arena;

	memset(text, ' ', sizeof text);
	memcpy(text, head, sizeof head - 1);
	text[IMPORT_LINE_BYTES_MAX - 1] = '}';
	arena_init(&arena, 65536);
	cr_expect_eq(import_line_decode(text, IMPORT_LINE_BYTES_MAX, &arena, &line, &err), ERR_OK, "%s",
		     err.msg);
	cr_expect_eq(import_line_decode(text, IMPORT_LINE_BYTES_MAX + 1, &arena, &line, &err), ERR_REJECT);
	cr_expect_str_eq(err.code, "too_long");
	arena_release(&arena);
}

Test(import_json, an_edit_keeps_what_it_does_not_name)
{
	static const char text[] =
		"{\"kind\":\"booking\",\"status\":null,\"notes\":\"é\",\"cancelledAt\":\"x\"}";
	struct err err = {0};
	struct buf out;

	buf_init(&out, 1000);
	cr_expect_eq(
		import_line_edit(text, sizeof text - 1, "{\"status\":1,\"cancelledAt\":null}", &out, &err),
		ERR_OK);
	cr_expect_str_eq(out.data,
			 "{\"kind\":\"booking\",\"status\":1,\"notes\":\"é\",\"cancelledAt\":null}");
	buf_release(&out);
}
