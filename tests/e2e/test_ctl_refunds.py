"""unbookctl refunds: an operator asks again, or notes that the money went back some other way."""

import json
import uuid

import pytest
from stack import ctl
from stack import refunding as r

GONE = "expired_or_canceled_card"


@pytest.fixture
def stack(new_stack):
    return new_stack(only=())


def refunds(stack, *args, code=0, **settings):
    """Everything that it says."""
    return "".join(ctl.run(stack, "refunds", *args, code=code, **settings))


def stuck(stack, state, **options):
    """A refund that no worker will touch again."""
    booking = r.paid(stack, **options)
    refund = r.ask(stack, booking, doorbell=False)
    stack.sql(
        "UPDATE refunds SET state = %s, failure_reason = 'x', attempts = 3, first_sent_at = now() WHERE id = %s",
        state, refund,
    )  # fmt: skip
    return booking, refund


def log(stack, booking):
    found = stack.sql("SELECT actor, what, detail FROM booking_log WHERE booking_id = %s ORDER BY id", booking.id)
    return [tuple(line.values()) for line in found]


def changed(stack, booking):
    """Versions that the world is told of."""
    found = stack.sql(
        "SELECT payload::jsonb AS body FROM outbox WHERE type = 'unbook.refund.changed.v1'"
        " AND aggregateid = %s ORDER BY id",
        str(booking.id),
    )
    return [(line["body"]["state"], line["body"]["version"]) for line in found]


def test_what_failed_or_was_refused_at_stripe_is_asked_for_again_with_a_new_key(new_stack):
    stack = new_stack(only=("refund-worker",))
    it_failed(stack)
    it_was_refused(stack)
    it_was_disputed_until_long_after(stack)


def it_failed(stack):
    booking = r.paid(stack)
    stack.stripe.post(
        f"payment_intents/{booking.payment_intent}/course", course="pending_failed", failure_reason=GONE, delay_s=0.1
    )
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "failed")
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/course", course="succeeded")
    said = refunds(stack, "retry", refund, "--operator", "bo")
    assert f"refund {refund} of booking {booking.id}: requested, generation 2" in said
    row = r.wait_state(stack, refund, "succeeded")
    assert (row["generation"], row["failure_reason"]) == (2, None)
    assert [post.key for post in r.posts(stack, booking)] == [f"refund:{refund}:{n}" for n in (1, 2)]
    asked = ("operator:bo", "refund_retried", {"refund": refund, "state": "requested", "generation": 2})
    assert asked in log(stack, booking)


def refuse(stack, booking, value):
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/not_refundable", value=value)


def it_was_refused(stack):
    """The key is frozen on the refusal, so only a new one can be told that the charge is refundable now."""
    booking = r.paid(stack)
    refuse(stack, booking, True)
    refund = r.ask(stack, booking)
    for generation in (1, 2):
        r.wait_state(stack, refund, "needs_attention")
        assert r.row(stack, refund)["generation"] == generation
        refunds(stack, "retry", refund)
        stack.eventually(lambda n=generation + 1: r.row(stack, refund)["generation"] == n, what="a new key")
    r.wait_state(stack, refund, "needs_attention")
    refuse(stack, booking, False)
    refunds(stack, "retry", refund)
    assert r.wait_state(stack, refund, "succeeded")["generation"] == 4
    keys = [post.key.removeprefix(f"refund:{refund}:") for post in r.posts(stack, booking)]
    assert keys == ["1", "1", "2", "2", "3", "3", "4"], "each is spent before the next one is used"
    r.check_refunded(stack, booking)


def it_was_disputed_until_long_after(stack):
    """Longer than a refund is tried for: the new key has its try all the same."""
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")["id"]
    refund = r.ask(stack, booking)
    assert r.wait_state(stack, refund, "needs_attention")["failure_reason"] == "charge_disputed"
    stack.sql("UPDATE refunds SET created_at = created_at - interval '9 days' WHERE id = %s", refund)
    stack.stripe.post(f"disputes/{dispute}/move", status="won")
    refunds(stack, "retry", refund)
    assert r.wait_state(stack, refund, "succeeded")["generation"] == 2
    r.check_refunded(stack, booking)


def test_what_adds_up_at_stripe_is_taken_over_and_nothing_is_sent(stack):
    booking, refund = stuck(stack, "needs_attention")
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/refund")
    assert "succeeded, generation 1" in refunds(stack, "retry", refund)
    assert (r.row(stack, refund)["state"], r.row(stack, refund)["version"]) == ("succeeded", 2)
    assert r.posts(stack, booking) == []
    (seen,) = r.seen(stack, booking)
    assert (seen["refund_id"], seen["status"]) == (None, "succeeded")
    assert [line[:2] for line in log(stack, booking)] == [
        ("stripe", "refund_by_hand"),
        ("operator:ann", "refund_retried"),
    ]
    assert changed(stack, booking) == [("succeeded", 2)]


def test_an_unknown_outcome_keeps_its_key(stack):
    booking, refund = stuck(stack, "needs_attention")
    refunds(stack, "retry", refund, SUDO_USER="cy")
    row = r.row(stack, refund)
    assert (row["state"], row["generation"], row["attempts"]) == ("requested", 1, 3)
    assert row["first_sent_at"], "the key may have left"
    assert log(stack, booking)[0][0] == "operator:cy"
    assert "still being worked on" in refunds(stack, "retry", refund, code=1)
    assert len(log(stack, booking)) == 1


def test_without_a_list_nothing_changes(stack):
    booking, refund = stuck(stack, "failed")
    r.fault(stack, booking, "error", method="GET", count=None)
    assert "list the refunds at Stripe" in refunds(stack, "retry", refund, code=70)
    assert (r.row(stack, refund)["state"], log(stack, booking)) == ("failed", [])


def test_settled_elsewhere_is_noted_once_by_name(stack):
    booking, refund = stuck(stack, "failed")
    assert "settled by operator:ann" in refunds(stack, "settle", refund, "--reference", 'wire "7"')
    row = r.row(stack, refund)
    assert (row["state"], row["settled_by"], row["settled_reference"]) == ("failed", "operator:ann", 'wire "7"')
    assert log(stack, booking) == [
        ("operator:ann", "refund_settled", {"refund": refund, "reference": 'wire "7"'})
    ]
    assert changed(stack, booking) == [("failed", 2)]
    assert "already" in refunds(stack, "settle", refund, "--reference", 'wire "7"')
    for again in (("settle", refund, "--reference", "another"), ("retry", refund)):
        assert "settled already" in refunds(stack, *again, code=1)
    assert r.row(stack, refund) == row
    assert len(log(stack, booking)) == 1
    assert r.made(stack, booking) == []


def test_a_dispute_that_is_not_lost_settles_nothing(stack):
    booking, refund = stuck(stack, "needs_attention")
    tell = "INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%s, 'stripe', %s, %s)"
    for what, status in (("disputed", "under_review"), ("dispute_closed", "won"), ("charged_back", "lost")):
        stack.sql(tell, booking.id, what, json.dumps({"dispute": "dp_1", "status": status}))
        if status == "lost":
            break
        said = refunds(stack, "settle", refund, "--reference", "bank, dp_1", code=1)
        assert said == (
            f"unbookctl refunds: {refund} cannot be settled with dp_1: that dispute is {status}, and only a lost one has"
            " given the money back\n"
        )
        assert r.row(stack, refund)["settled_at"] is None
    assert "settled by" in refunds(stack, "settle", refund, "--reference", "bank, dp_1")


def told_lost(stack, booking, name, amount_minor):
    word = {"dispute": name, "status": "lost", "amountMinor": amount_minor, "currency": "eur"}
    tell = "INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%s, 'stripe', 'charged_back', %s)"
    stack.sql(tell, booking.id, json.dumps(word))


def at_stripe(stack, booking, name, amount_minor, status="succeeded"):
    stack.sql(
        "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status) VALUES (%s, %s, %s, 'EUR', %s)",
        name, booking.payment_intent, amount_minor, status,
    )  # fmt: skip


def test_what_gave_back_a_part_settles_nothing_alone(stack):
    booking, refund = stuck(stack, "needs_attention")
    told_lost(stack, booking, "dp_1", 1000)
    at_stripe(stack, booking, "re_0", 500)
    for named, gave, lacks in (("dp_1", "10.00", "30.00"), ("re_0", "5.00", "30.00"), (" re_0, dp_1.", "15.00", "30.00")):
        assert refunds(stack, "settle", refund, "--reference", named, code=1) == (
            f"unbookctl refunds: {refund} cannot be settled with that alone: of 45.00 EUR it gave back {gave}, and {lacks}"
            f' lack; a reference that also says how the rest went is taken, such as "{named} and SEPA 9"\n'
        )
    at_stripe(stack, booking, "re_1", 1500)
    assert "gave back 25.00, and 15.00 lack" in refunds(stack, "settle", refund, "--reference", "dp_1 re_1", code=1)
    assert "gave back 10.00, and 15.00 lack" in refunds(stack, "settle", refund, "--reference", "dp_1", code=1)
    assert r.row(stack, refund)["settled_at"] is None
    assert "settled by" in refunds(stack, "settle", refund, "--reference", "dp_1 and SEPA 9")

    booking, refund = stuck(stack, "needs_attention")
    told_lost(stack, booking, "dp_2", 1000)
    at_stripe(stack, booking, "re_2", 3500)
    assert "settled by" in refunds(stack, "settle", refund, "--reference", "dp_2"), "with what stands at Stripe"


def test_an_id_of_nothing_that_gave_back_is_no_reference(stack):
    booking, refund = stuck(stack, "needs_attention")
    told_lost(stack, booking, "dp_1", 1000)
    at_stripe(stack, booking, "re_0", 1000, status="failed")
    for token in ("re_9", "pyr_9", "dp_9", "du_9", "RE_0", "re_0", "DP_1", "dp_12"):
        said = refunds(stack, "settle", refund, "--reference", f"dp_1, {token}; SEPA 9", code=1)
        assert said == (
            f"unbookctl refunds: {refund} cannot be settled with {token}: no refund that stands at Stripe and no lost"
            " dispute of its payment has that id\n"
        )
    assert r.row(stack, refund)["settled_at"] is None
    assert "settled by" in refunds(stack, "settle", refund, "--reference", "dp_1; re-sent by SEPA, re_ 9")
    assert r.row(stack, refund)["settled_minor"] == 3500


def test_what_lacks_after_it_was_settled_can_be_settled_too(stack):
    booking, refund = stuck(stack, "needs_attention")
    at_stripe(stack, booking, "re_1", 1000)
    refunds(stack, "settle", refund, "--reference", "SEPA 1")
    stack.sql("UPDATE stripe_refunds SET status = 'failed'")
    assert "with re_1: no refund" in refunds(stack, "settle", refund, "--reference", "re_1", code=1)
    assert "something of it is gone since" in refunds(stack, "settle", refund, "--reference", "SEPA 1", code=1)
    assert "settled already" in refunds(stack, "retry", refund, code=1)
    refunds(stack, "settle", refund, "--reference", "SEPA 2", "--operator", "bo")
    row = r.row(stack, refund)
    assert (row["settled_minor"], row["settled_by"], row["settled_reference"]) == (4500, "operator:bo", "SEPA 1; SEPA 2")
    shown = "settled by operator:bo, reference SEPA 1; SEPA 2, another way 45.00 EUR"
    assert shown in ctl.run(stack, "show", booking.id)[0]
    for known in ("SEPA 1", "SEPA 2"):
        assert "settled so already" in refunds(stack, "settle", refund, "--reference", known)
    assert "settled already" in refunds(stack, "settle", refund, "--reference", "SEPA 3", code=1)
    assert [line[1] for line in log(stack, booking)] == ["refund_settled"] * 2


def test_what_the_bank_gave_back_is_not_settled_another_way(stack):
    booking, refund = stuck(stack, "needs_attention")
    told_lost(stack, booking, "dp_1", 3500)
    at_stripe(stack, booking, "re_1", 999)
    told_lost(stack, booking, "dp_2", 1)
    for reference, unnamed in (("SEPA 9", "dp_2"), ("dp_2 and SEPA 9", "dp_1"), ("re_1", "dp_2")):
        assert refunds(stack, "settle", refund, "--reference", reference, code=1) == (
            f"unbookctl refunds: {refund} cannot be settled so: the bank has given back what was owed, by dispute"
            f" {unnamed}, which the reference does not name\n"
        )
    assert r.row(stack, refund)["settled_at"] is None
    assert "settled by" in refunds(stack, "settle", refund, "--reference", "dp_1, dp_2")
    booking, refund = stuck(stack, "needs_attention")
    at_stripe(stack, booking, "re_2", 4500, status="pending")
    assert "by refund re_2 too, which the reference does not name" in refunds(
        stack, "settle", refund, "--reference", "SEPA 9", code=1
    )


def test_what_needs_nobody_is_refused(stack):
    _, succeeded = stuck(stack, "succeeded")
    _, pending = stuck(stack, "pending")
    for what in (("retry",), ("settle", "--reference", "x")):
        assert "has succeeded" in refunds(stack, *what, succeeded, code=1)
        assert "still being worked on" in refunds(stack, *what, pending, code=1)
        for nobodys in (uuid.uuid4(), "7", "'; DROP TABLE refunds"):
            assert "is no refund of this database" in refunds(stack, *what, nobodys, code=1)


def test_wrong_arguments_settings_and_keys_are_told_apart(stack):
    _, refund = stuck(stack, "failed")
    for args in ((), ("retry",), ("settle", refund), ("retry", refund, "--reference", "x"), ("undo", refund),
                 ("settle", refund, "--reference", ""), ("settle", refund, "--reference", "  "), ("settle", refund, "--reference", "r" * 200)):  # fmt: skip
        refunds(stack, *args, code=64)
    assert "--operator" in refunds(stack, "retry", refund, code=64, USER="")
    for name in ("", " ", "   ", "b\no", "b" * 65):
        said = refunds(stack, "settle", refund, "--reference", "x", "--operator", name, code=64)
        assert "--operator must be 1 to 64 printable ASCII characters, not blank" in said
    refunds(stack, "retry", refund, code=78, UNBOOK_STRIPE_KEY="")
    refunds(stack, "retry", refund, code=78, UNBOOK_STRIPE_KEY="pk_nothing")
    stack.sql("UPDATE instance SET livemode = false")
    assert "wrong_mode" in refunds(stack, "retry", refund, code=70, UNBOOK_STRIPE_KEY="sk_live_x")
    assert r.row(stack, refund)["state"] == "failed"
    assert "usage: unbookctl refunds retry" in refunds(stack, "--help")
