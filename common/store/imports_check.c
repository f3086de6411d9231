/* imports_check.c: the staged lines against each other and against the tables, in set-based statements; each row that a STEP_FAULTS inserts is
 * one fault. People and offers are written on the way, so that bookings find their ids in one place; a fault undoes it all in the end. */
#include "imports_private.h"

#define RUN(label, text)                                                          \
	{                                                                         \
		.kind = STEP_RUN, .stmt = {.name = "import_" label, .sql = text } \
	}
#define FAULTS(label, text)                                                                      \
	{                                                                                        \
		.kind = STEP_FAULTS, .stmt = {.name = "import_" label, .sql = INTO_FAULTS text } \
	}
#define INTO_FAULTS "INSERT INTO import_faults (line, about, code, message) "

/* Two lines of one table that claim the same key. */
#define TWICE(table, key, field)                                                                       \
	"SELECT i.line, i.about, 'duplicate', format('" field ": stands on line %s already', d.first)" \
	" FROM " table " i JOIN (SELECT " key " AS k, min(line) AS first FROM " table " WHERE " key    \
	" IS NOT NULL GROUP BY 1 HAVING count(*) > 1) d ON d.k = i." key " WHERE i.line > d.first"

/* The names of what differs, of those that say anything; "" when nothing does. */
#define DIFFERENCE(...) \
	" CROSS JOIN LATERAL (SELECT concat_ws(', ', " __VA_ARGS__ ") AS fields) w WHERE w.fields <> ''"
#define IF(when, field)     "CASE WHEN " when " THEN '" field "' END"
#define AND_IF(when, field) ", " IF(when, field)

const struct imports_step imports_people_steps[] = {
	RUN("analyze", "ANALYZE import_users, import_offers, import_bookings, import_payments"),
	RUN("lock_people", "LOCK TABLE users, offers IN SHARE ROW EXCLUSIVE MODE"),
	FAULTS("user_twice", TWICE("import_users", "subject", "subject")),
	FAULTS("user_guardian",
	       "SELECT i.line, i.about, 'unknown_user', format('guardian: no user has the subject %s', i.guardian)"
	       " FROM import_users i WHERE i.guardian IS NOT NULL"
	       " AND NOT EXISTS (SELECT 1 FROM users u WHERE u.subject = i.guardian)"
	       " AND NOT EXISTS (SELECT 1 FROM import_users u WHERE u.subject = i.guardian)"),
	FAULTS("user_zone",
	       "SELECT i.line, i.about, 'unknown_zone', format('timeZone: %s is no IANA name', i.zone)"
	       " FROM import_users i WHERE i.zone IS NOT NULL"
	       " AND i.zone NOT IN (SELECT name FROM pg_timezone_names)"),
	/* What a token or a default left open may be filled in; what somebody has said may not be changed. */
	FAULTS("user_differs",
	       "SELECT i.line, i.about, 'differs', 'is known with another ' || w.fields FROM import_users i"
	       " JOIN users u USING (subject) LEFT JOIN users g ON g.id = u.guardian_id" DIFFERENCE(
		       IF("u.email <> i.email", "email") AND_IF("u.display_name NOT IN ('', i.name)", "name")
			       AND_IF("u.time_zone NOT IN ('UTC', i.zone)", "timeZone")
				       AND_IF("u.locale NOT IN ('en', i.locale)", "locale")
					       AND_IF("g.subject <> i.guardian", "guardian"))),
	RUN("users_known",
	    "CREATE TEMPORARY TABLE import_users_known ON COMMIT DROP AS SELECT i.subject,"
	    " u.email IS NULL AND i.email IS NOT NULL OR u.display_name = '' AND i.name IS NOT NULL"
	    " OR u.time_zone = 'UTC' AND i.zone <> 'UTC' OR u.locale = 'en' AND i.locale <> 'en'"
	    " OR u.guardian_id IS NULL AND i.guardian IS NOT NULL AS fills"
	    " FROM import_users i JOIN users u USING (subject)"),
	/* Also those of bad lines, by their subject alone: what refers to them is not at fault. */
	RUN("users_insert",
	    "INSERT INTO users (subject, email, display_name, time_zone, locale)"
	    " SELECT DISTINCT ON (subject) subject, email, coalesce(name, ''), coalesce(zone, 'UTC'),"
	    " coalesce(locale, 'en') FROM import_users ORDER BY subject, line ON CONFLICT (subject) DO NOTHING"),
	RUN("users_fill",
	    "UPDATE users u SET email = coalesce(u.email, i.email),"
	    " display_name = CASE WHEN u.display_name = '' THEN coalesce(i.name, '') ELSE u.display_name END,"
	    " time_zone = CASE WHEN u.time_zone = 'UTC' THEN coalesce(i.zone, 'UTC') ELSE u.time_zone END,"
	    " locale = CASE WHEN u.locale = 'en' THEN coalesce(i.locale, 'en') ELSE u.locale END,"
	    " guardian_id = coalesce(u.guardian_id, g.id)"
	    " FROM import_users i LEFT JOIN users g ON g.subject = i.guardian"
	    " LEFT JOIN import_users_known k ON k.subject = i.subject"
	    " WHERE u.subject = i.subject AND (k.fills OR (k.subject IS NULL AND g.id IS NOT NULL))"),
	FAULTS("offer_twice", TWICE("import_offers", "id", "id")),
	FAULTS("offer_teacher",
	       "SELECT i.line, i.about, 'unknown_user', format('teacher: no user has the subject %s', i.teacher)"
	       " FROM import_offers i LEFT JOIN users t ON t.subject = i.teacher WHERE NOT i.bad AND t.id IS NULL"),
	FAULTS("offer_differs",
	       "SELECT i.line, i.about, 'differs', 'is known with another ' || w.fields FROM import_offers i"
	       " JOIN offers o USING (id) JOIN users t ON t.id = o.teacher_id" DIFFERENCE(
		       IF("t.subject <> i.teacher", "teacher") AND_IF("o.title <> i.title", "title") AND_IF(
			       "o.duration <> i.duration_s * interval '1 second'",
			       "durationMinutes") AND_IF("o.amount_minor <> i.amount_minor", "amountMinor")
			       AND_IF("o.currency <> i.currency", "currency") AND_IF(
				       "o.cancel_notice <> i.cancel_notice_s * interval '1 second'",
				       "cancelNoticeMinutes")
				       AND_IF("o.min_notice <> i.min_notice_s * interval '1 second'",
					      "minNoticeMinutes") AND_IF("o.active <> i.active", "active"))),
	RUN("offers_known", "CREATE TEMPORARY TABLE import_offers_known ON COMMIT DROP AS SELECT id"
			    " FROM import_offers JOIN offers USING (id)"),
	RUN("offers_insert",
	    "INSERT INTO offers (id, teacher_id, title, duration, amount_minor, currency, cancel_notice, min_notice,"
	    " active) SELECT i.id, t.id, i.title, i.duration_s * interval '1 second', i.amount_minor, i.currency,"
	    " i.cancel_notice_s * interval '1 second', i.min_notice_s * interval '1 second', i.active"
	    " FROM import_offers i JOIN users t ON t.subject = i.teacher ON CONFLICT (id) DO NOTHING"),
};
const int imports_people_count = sizeof(imports_people_steps) / sizeof(imports_people_steps[0]);

/* Which booking a line without an id speaks of, when it is there: by its checkout, else by its payment. */
#define KNOWN_BY "CASE WHEN i.id IS NULL THEN coalesce(c.id, p.booking_id) ELSE x.id END"

const struct imports_step imports_booking_steps[] = {
	/* In the order in which a settling transaction takes them. */
	RUN("lock_bookings", "LOCK TABLE payments, bookings IN SHARE ROW EXCLUSIVE MODE"),
	/* Ids of the old system stay; the others follow behind every id that there is, as no one can insert meanwhile. */
	RUN("resolve",
	    "CREATE TEMPORARY TABLE import_resolved ON COMMIT DROP AS SELECT i.*, u.id AS parent_id,"
	    " s.id AS student_id, s.guardian_id, t.id AS teacher_id, b.id AS by_id, " KNOWN_BY " AS known,"
	    " coalesce(" KNOWN_BY
	    ", i.id, base.id + row_number() OVER (PARTITION BY i.id IS NULL ORDER BY i.line))"
	    " AS booking_id"
	    " FROM import_bookings i LEFT JOIN users u ON u.subject = i.parent"
	    " LEFT JOIN users s ON s.subject = coalesce(i.student, i.parent) LEFT JOIN users t ON t.subject = i.teacher"
	    " LEFT JOIN users b ON b.subject = i.cancelled_by LEFT JOIN bookings x ON x.id = i.id"
	    " LEFT JOIN bookings c ON c.stripe_session_id = i.stripe_session_id"
	    " LEFT JOIN payments p ON p.payment_intent = i.known_by"
	    " CROSS JOIN (SELECT greatest((SELECT max(id) FROM bookings), (SELECT max(id) FROM import_bookings),"
	    " (SELECT last_value FROM bookings_id_seq)) AS id) base"),
	RUN("index_line", "CREATE UNIQUE INDEX ON import_resolved (line)"),
	RUN("index_live", "CREATE INDEX ON import_resolved (teacher_id, starts_at)"
			  " WHERE known IS NULL AND status IN (0, 1)"),
	RUN("analyze_resolved", "ANALYZE import_resolved"),
	FAULTS("booking_people",
	       "SELECT r.line, r.about, 'unknown_user', format('%s: no user has the subject %s', p.field, p.subject)"
	       " FROM import_resolved r CROSS JOIN LATERAL (VALUES ('parent', r.parent, r.parent_id),"
	       " ('student', r.student, r.student_id), ('teacher', r.teacher, r.teacher_id),"
	       " ('cancelledBy', r.cancelled_by, r.by_id)) p (field, subject, id)"
	       " WHERE p.subject IS NOT NULL AND p.id IS NULL"),
	FAULTS("booking_guardian",
	       "SELECT r.line, r.about, 'not_guardian', format('student: the guardian of %s is not %s', r.student,"
	       " r.parent) FROM import_resolved r WHERE r.known IS NULL AND r.student_id <> r.parent_id"
	       " AND r.guardian_id IS DISTINCT FROM r.parent_id"
	       " AND NOT EXISTS (SELECT 1 FROM import_users u WHERE u.subject = r.student AND u.bad)"),
	FAULTS("booking_offer",
	       "SELECT r.line, r.about, 'unknown_offer', format('offer: there is no offer %s', r.offer_id)"
	       " FROM import_resolved r LEFT JOIN offers o ON o.id = r.offer_id"
	       " WHERE r.offer_id IS NOT NULL AND o.id IS NULL"
	       " AND NOT EXISTS (SELECT 1 FROM import_offers f WHERE f.id = r.offer_id)"),
	FAULTS("booking_offer_teacher",
	       "SELECT r.line, r.about, 'other_teacher', format('offer: %s is another teacher''s', r.offer_id)"
	       " FROM import_resolved r JOIN offers o ON o.id = r.offer_id WHERE o.teacher_id <> r.teacher_id"),
	FAULTS("booking_twice", TWICE("import_resolved", "id", "id")),
	FAULTS("checkout_twice", TWICE("import_resolved", "stripe_session_id", "stripeSessionId")),
	FAULTS("checkout_taken",
	       "SELECT r.line, r.about, 'taken', format('stripeSessionId: is that of booking %s, which is there', b.id)"
	       " FROM import_resolved r JOIN bookings b ON b.stripe_session_id = r.stripe_session_id"
	       " AND b.id <> r.booking_id"),
	FAULTS("checkout_mode",
	       "SELECT r.line, r.about, 'wrong_mode', 'stripeSessionId: is of Stripe''s other mode than ' || CASE WHEN"
	       " m.live IS NULL THEN 'the first one in this file' ELSE 'this database' END"
	       " FROM (SELECT (SELECT livemode FROM instance) AS live, (SELECT starts_with(stripe_session_id, 'cs_live_')"
	       " FROM import_resolved WHERE stripe_session_id ~ '^cs_(live|test)_' ORDER BY line LIMIT 1) AS first) m"
	       " JOIN import_resolved r ON r.stripe_session_id ~ '^cs_(live|test)_'"
	       " AND starts_with(r.stripe_session_id, 'cs_live_') <> coalesce(m.live, m.first)"),
	/* The status of a known one may have moved on since, as rule 3 lets it. */
	FAULTS("booking_differs",
	       "SELECT r.line, r.about, 'differs', format('is known as booking %s with another %s', b.id, w.fields)"
	       " FROM import_resolved r JOIN bookings b ON b.id = r.known" DIFFERENCE(
		       IF("b.parent_id <> r.parent_id", "parent") AND_IF(
			       "b.student_id <> r.student_id",
			       "student") AND_IF("b.teacher_id <> r.teacher_id",
						 "teacher") AND_IF("b.offer_id IS DISTINCT FROM r.offer_id",
								   "offer") AND_IF("b.title <> r.title",
										   "title")
			       AND_IF("b.starts_at <> r.starts_at", "scheduledDateTime") AND_IF(
				       "b.ends_at - b.starts_at <> r.ends_at - r.starts_at",
				       "durationMinutes") AND_IF("b.amount_minor <> r.amount_minor",
								 "amountMinor")
				       AND_IF("b.currency <> r.currency", "currency") AND_IF(
					       "b.cancel_notice <> r.cancel_notice_s * interval '1 second'",
					       "cancelNoticeMinutes")
					       AND_IF("b.notes IS DISTINCT FROM r.notes", "notes") AND_IF(
						       "b.stripe_session_id <> r.stripe_session_id",
						       "stripeSessionId") AND_IF("b.created_at <> r.created_at",
										 "createdAt")
						       AND_IF("NOT (b.status = r.status OR r.status = 0 OR (r.status = 1 AND b.status > 1)"
							      " OR (r.status = 3 AND b.status > 0))",
							      "status")
							       AND_IF("r.status = 3 AND b.status = 3 AND b.cancelled_at <> r.cancelled_at",
								      "cancelledAt")
								       AND_IF("r.status = 3 AND b.status = 3 AND b.cancel_cause <> r.cancel_cause",
									      "cancelCause"))),
	/* No session is longer than a day, so the index needs to be read for a day only. */
	FAULTS("overlap",
	       "SELECT r.line, r.about, 'overlap', format('scheduledDateTime: overlaps line %s, both of them live',"
	       " min(o.line)) FROM import_resolved r JOIN import_resolved o ON o.teacher_id = r.teacher_id"
	       " AND o.starts_at < r.ends_at AND o.starts_at > r.starts_at - interval '1 day' AND o.ends_at > r.starts_at"
	       " WHERE o.line < r.line AND r.known IS NULL AND r.status IN (0, 1) AND o.known IS NULL"
	       " AND o.status IN (0, 1) GROUP BY r.line, r.about"),
	FAULTS("overlap_known",
	       "SELECT r.line, r.about, 'overlap', format('scheduledDateTime: overlaps booking %s, which is there',"
	       " min(b.id)) FROM import_resolved r JOIN bookings b ON b.teacher_id = r.teacher_id"
	       " AND b.during && tstzrange(r.starts_at, r.ends_at) AND b.status IN (0, 1)"
	       " WHERE r.known IS NULL AND r.status IN (0, 1) GROUP BY r.line, r.about"),
	FAULTS("payment_twice",
	       "SELECT r.line, r.about, 'duplicate', format('paymentIntent: %s stands on line %s already',"
	       " p.payment_intent, p.first) FROM (SELECT line, payment_intent, min(line) OVER w AS first,"
	       " row_number() OVER w AS n FROM import_payments WINDOW w AS (PARTITION BY payment_intent ORDER BY line)) p"
	       " JOIN import_resolved r USING (line) WHERE p.n > 1"),
	FAULTS("refund_twice",
	       "SELECT r.line, r.about, 'duplicate', format('refundId: %s stands on line %s already', p.refund_id,"
	       " p.first) FROM (SELECT line, refund_id, min(line) OVER w AS first, row_number() OVER w AS n"
	       " FROM import_payments WHERE refund_id IS NOT NULL WINDOW w AS (PARTITION BY refund_id ORDER BY line)) p"
	       " JOIN import_resolved r USING (line) WHERE p.n > 1"),
	FAULTS("payment_taken",
	       "SELECT r.line, r.about, 'taken', format('paymentIntent: %s is of booking %s, which is there',"
	       " k.payment_intent, k.booking_id) FROM import_payments p JOIN import_resolved r USING (line)"
	       " JOIN payments k ON k.payment_intent = p.payment_intent WHERE k.booking_id <> r.booking_id"),
	FAULTS("payment_missing",
	       "SELECT r.line, r.about, 'differs', format('is known as booking %s without the payment %s', r.known,"
	       " p.payment_intent) FROM import_payments p JOIN import_resolved r USING (line) WHERE r.known IS NOT NULL"
	       " AND NOT EXISTS (SELECT 1 FROM payments k WHERE k.payment_intent = p.payment_intent)"),
	FAULTS("payment_differs",
	       "SELECT r.line, r.about, 'differs', format('paymentIntent: %s is known with another %s',"
	       " p.payment_intent, w.fields) FROM import_payments p JOIN import_resolved r USING (line)"
	       " JOIN payments k ON k.payment_intent = p.payment_intent AND k.booking_id = r.booking_id"
	       " LEFT JOIN refunds f ON f.payment_intent = p.payment_intent" DIFFERENCE(
		       IF("k.amount_minor <> p.amount_minor", "amountMinor")
			       AND_IF("k.currency <> p.currency", "currency")
				       AND_IF("k.captured_at <> p.captured_at", "capturedAt")
					       AND_IF("k.charge_id <> p.charge_id", "chargeId")
						       AND_IF("p.refunded_at IS NOT NULL AND f.id IS NULL",
							      "fate: it was not refunded"))),
	FAULTS("refund_taken",
	       "SELECT r.line, r.about, 'taken', format('refundId: %s is of payment %s, which is there', p.refund_id,"
	       " s.payment_intent) FROM import_payments p JOIN import_resolved r USING (line)"
	       " JOIN stripe_refunds s ON s.id = p.refund_id WHERE s.payment_intent <> p.payment_intent"),
};
const int imports_booking_count = sizeof(imports_booking_steps) / sizeof(imports_booking_steps[0]);
