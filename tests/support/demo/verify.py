"""What must be true after the story, asked of those who know it, never of our own logs."""


def claims(stack, told):
    """[(claim, whether it holds, what was found)]"""
    found = _confirmed(stack, told) if told.confirmed else []
    found += [*_cancelled(stack, told), *_too_late(stack, told)]
    if told.abandoned:
        found += _abandoned(stack, told)
    if told.returned:
        found += _returned(stack, told)
    return [*found, *_mails(stack, told), ("nothing is left to do", not left_open(stack), left_open(stack))]


def _booking(stack, booking_id):
    return stack.one("SELECT status, cancel_cause FROM bookings WHERE id = %s", booking_id)


def _refund(stack, booking_id):
    return stack.sql("SELECT payment_intent, state, cause FROM refunds WHERE booking_id = %s", booking_id)


def _at_stripe(stack, payment_intent):
    """[(amount, status)] of all refunds of a payment, out of the ledger."""
    refunds = stack.stripe.ledger.refunds_by_payment_intent().get(payment_intent, [])
    return [(refund.amount_minor, refund.status) for refund in refunds]


def _confirmed(stack, told):
    seen = told.confirmed
    log = [entry["what"] for entry in stack.sql("SELECT what FROM booking_log WHERE booking_id = %s ORDER BY id",
                                                told.early.id)]
    payment = stack.stripe.ledger.captured_payments().get(told.early.payment_intent)
    taken = payment and (payment.amount_minor, payment.currency.upper())
    return [("the lesson in three days was Confirmed, with a meeting link",
             (seen["status"], seen["statusName"]) == (1, "Confirmed") and bool(seen["googleMeetLink"]), seen),
            ("its time line says booked, confirmed, cancelled, in this order",
             [what for what in log if what in ("booked", "confirmed", "cancelled")]
             == ["booked", "confirmed", "cancelled"], log),
            ("Stripe took the price once, for this checkout",
             taken == (told.early.amount_minor, told.early.currency) and bool(payment.checkout), taken)]


def _cancelled(stack, told):
    row, refunds = _booking(stack, told.early.id), _refund(stack, told.early.id)
    found = [("the API said true to the cancel of the lesson in three days", told.cancelled.json.get("data") is True, told.cancelled.text),
             ("it is Cancelled, by the parent", row == {"status": 3, "cancel_cause": "parent"}, row),
             ("it has one refund row, succeeded", [r["state"] for r in refunds] == ["succeeded"], refunds)]
    if stack.stripe:
        given = _at_stripe(stack, told.early.payment_intent)
        found.append(("Stripe gave its payment back: in full, once",
                      given == [(told.early.amount_minor, "succeeded")], given))
    return found


def _too_late(stack, told):
    row, refunds = _booking(stack, told.late.id), _refund(stack, told.late.id)
    answer = told.refused
    found = [("the lesson in 23 hours was refused as too late, with a message",
              answer.status == 409 and answer.json.get("code") == "too_late" and bool(answer.json.get("message")),
              answer.text),
             ("it is still Confirmed, without a refund row",
              row == {"status": 1, "cancel_cause": None} and not refunds, (row, refunds))]
    if stack.stripe:
        given = _at_stripe(stack, told.late.payment_intent)
        found.append(("Stripe kept its payment", not given, given))
    return found


def _abandoned(stack, told):
    booking_id, before, after = told.abandoned
    row = _booking(stack, booking_id)
    paid = stack.sql("SELECT payment_intent FROM payments WHERE booking_id = %s", booking_id)
    return [("My Bookings showed the forgotten one as Pending, never as unknown",
             bool(before) and (before["status"], before["statusName"]) == (0, "Pending"), before),
            ("it was released, and is gone from My Bookings",
             row == {"status": 3, "cancel_cause": "checkout_expired"} and after is None, (row, after)),
            ("nothing was paid or refunded for it", not paid and not _refund(stack, booking_id), paid)]


def _returned(stack, told):
    booking_id, left, returned = told.returned
    row, refunds = _booking(stack, booking_id), _refund(stack, booking_id)
    given = [_at_stripe(stack, refund["payment_intent"]) for refund in refunds]
    return [("cancel-payment was answered as the frontend expects",
             left.json["message"] == "Session booking cancelled successfully" and left.data is True, left.text),
            ("who paid afterwards was told that the money goes back",
             (returned.status, returned.json.get("code")) == (409, "refunded"), returned.text),
            ("that lesson stays Cancelled", row == {"status": 3, "cancel_cause": "payment_cancelled"}, row),
            ("its one payment was given back: in full, once",
             [r["cause"] for r in refunds] == ["late_payment"] and given == [[(told.late.amount_minor, "succeeded")]],
             (refunds, given))]


def _mails(stack, told):
    """Every mail of the story, and no other."""
    if not stack.mail:
        return []
    delivered = stack.mail.delivered()
    parent, teacher = told.early.parent.email, told.early.teacher.email
    wanted = {("cancelled", "CANCEL", parent), ("cancelled", "CANCEL", teacher)}
    if told.confirmed:
        wanted |= {("confirmed", "REQUEST", parent), ("confirmed", "REQUEST", teacher)}
    if told.returned:
        wanted.add(("payment_returned", None, parent))
    kinds = {row["message_id"]: row["kind"] for row in stack.sql("SELECT message_id, kind FROM mails")}
    found = [(kinds.get(m.message_id), m.content["calendar_method"] or None, m.rcpt) for m in delivered]
    violations = stack.mail.reader.violations()
    return [(f"{len(wanted)} mails came, each once, to whom it concerns",
             sorted(map(str, found)) == sorted(map(str, wanted)), found),
            ("the mail server found nothing wrong with them", not violations, violations)]


def left_open(stack):
    return stack.sql(
        "SELECT 'outbox' AS what, id::text FROM outbox"
        " UNION ALL SELECT 'booking', id::text FROM bookings WHERE status IN (0, 3) AND next_try_at IS NOT NULL"
        " UNION ALL SELECT 'refund', id::text FROM refunds WHERE state <> 'succeeded'"
        " UNION ALL SELECT 'mail', id::text FROM mails WHERE state NOT IN ('sent', 'superseded')"
        " UNION ALL SELECT 'event of Stripe', id FROM stripe_events WHERE applied_at IS NULL"
        " UNION ALL SELECT 'dead letter', topic FROM dead_letters")
