"""A paid lesson is cancelled: the money comes back once, two mails go out, the topics say so."""


def settled(stack, booking):
    """The refund succeeded, both mails are sent and nothing waits in the outbox."""
    refund = stack.one("SELECT state FROM refunds WHERE booking_id = %s", booking.id)
    sent = stack.sql("SELECT id FROM mails WHERE booking_id = %s AND state = 'sent'", booking.id)
    waiting = stack.sql("SELECT id FROM outbox")
    return refund and refund["state"] == "succeeded" and len(sent) == 2 and not waiting


def assert_undone_once(stack, booking):
    stack.stripe.ledger.assert_refunded_once(booking.payment_intent)
    for person in (booking.parent, booking.teacher):
        assert len(stack.mail.delivered(person.email)) == 1
    stack.mail.reader.assert_no_violations()


def test_a_cancelled_lesson_is_refunded_once_and_both_are_told(stack, people):
    parent, teacher, _ = people
    booking = stack.seed.booking(parent, teacher, starts_in="3 days")
    answer = stack.api.put(f"/api/Sessions/{booking.id}/cancel", {"reason": "ill"}, token=parent.token)
    assert (answer.status, answer.data) == (200, True), answer.text
    stack.eventually(lambda: settled(stack, booking))
    assert_undone_once(stack, booking)


def test_a_cancel_23_hours_before_is_refused_and_changes_nothing(stack, people):
    parent, teacher, _ = people
    booking = stack.seed.booking(parent, teacher, starts_in="23 hours")
    answer = stack.api.post(f"/api/Sessions/{booking.id}/cancel", token=parent.token)
    assert (answer.status, answer.json["code"]) == (409, "too_late")
    assert stack.one("SELECT status FROM bookings WHERE id = %s", booking.id)["status"] == 1
    stack.stripe.ledger.assert_not_refunded(booking.payment_intent)
    assert not stack.sql("SELECT id FROM outbox") and not stack.sql("SELECT id FROM mails")


def test_without_kafka_the_sweeps_refund_and_mail_all_the_same(new_stack):
    stack = new_stack(own_infra=True, broker="none")
    parent, teacher, _ = stack.seed.family()
    booking = stack.seed.booking(parent, teacher, starts_in="3 days")
    assert stack.api.put(f"/api/Sessions/{booking.id}/cancel", token=parent.token).status == 200

    def done():
        refund = stack.one("SELECT state FROM refunds WHERE booking_id = %s", booking.id)
        sent = stack.sql("SELECT id FROM mails WHERE booking_id = %s AND state = 'sent'", booking.id)
        return refund["state"] == "succeeded" and len(sent) == 2

    stack.eventually(done)
    assert_undone_once(stack, booking)
