"""What must be true after the story, asked of those who know it, never of our own logs."""


def claims(stack, early, late, answer, refused):
    """[(claim, whether it holds, what was found)]"""
    return [*_rows(stack, early, late), *_stripe(stack, early, late), *_mails(stack, early, late),
            ("the API said true to the first", answer.json.get("data") is True, answer.text),
            ("the second was refused as too late, with a message",
             refused.status == 409 and refused.json.get("code") == "too_late"
             and bool(refused.json.get("message")), refused.text),
            ("nothing is left to do", not left_open(stack), left_open(stack))]


def _rows(stack, early, late):
    first = stack.one("SELECT status, cancel_cause FROM bookings WHERE id = %s", early.id)
    second = stack.one("SELECT status FROM bookings WHERE id = %s", late.id)
    refund = stack.one("SELECT state, generation FROM refunds WHERE booking_id = %s", early.id)
    none = stack.sql("SELECT id FROM refunds WHERE booking_id = %s", late.id)
    return [("the first lesson is Cancelled, by the parent",
             first == {"status": 3, "cancel_cause": "parent"}, first),
            ("the second is still Confirmed", second == {"status": 1}, second),
            ("one refund row, succeeded", bool(refund) and refund["state"] == "succeeded", refund),
            ("no refund row for the second", not none, none)]


def _stripe(stack, early, late):
    if not stack.stripe:
        return []
    ledger = stack.stripe.ledger
    refunds = ledger.refunds_by_payment_intent()
    first = [(r.amount_minor, r.status) for r in refunds.get(early.payment_intent, [])]
    return [("Stripe gave the first payment back: in full, once",
             first == [(early.amount_minor, "succeeded")], first),
            ("Stripe kept the second payment", late.payment_intent not in refunds, refunds)]


def _mails(stack, early, late):
    if not stack.mail:
        return []
    delivered = stack.mail.delivered()
    receivers = sorted(m.rcpt for m in delivered)
    cancels = [m for m in delivered if m.content["calendar_method"] == "CANCEL"]
    return [("two mails, one to each", receivers == sorted([early.parent.email, early.teacher.email]),
             receivers),
            ("each takes the lesson out of the reader's calendar", len(cancels) == 2, len(cancels)),
            ("the mail server found nothing wrong with them", not stack.mail.reader.violations(),
             stack.mail.reader.violations())]


def left_open(stack):
    return stack.sql(
        "SELECT 'outbox' AS what, id::text FROM outbox"
        " UNION ALL SELECT 'refund', id::text FROM refunds WHERE state <> 'succeeded'"
        " UNION ALL SELECT 'mail', id::text FROM mails WHERE state NOT IN ('sent', 'superseded')"
        " UNION ALL SELECT 'dead letter', topic FROM dead_letters")
