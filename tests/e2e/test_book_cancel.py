"""The cancel of a Pending booking. No worker runs: what is settled or released here was settled or released by the API."""

import pytest
from book_world import DONE, break_stripe, confirmed, forget_faults, shop  # noqa: F401


@pytest.mark.parametrize(("who", "cause"), [("parent", "parent"), ("teacher", "teacher"), ("admin", "admin")])
def test_a_pending_one_is_closed_at_stripe_and_released(shop, who, cause):  # noqa: F811
    parent, data = shop.booked()
    person = parent if who == "parent" else getattr(shop, who)
    answer = shop.cancel(data["sessionId"], person)
    assert answer.status == 200 and "not been paid" in answer.json["message"]
    row = shop.row(data["sessionId"])
    assert (row["status"], row["cancel_cause"]) == (3, cause) and row["checkout_closed_at"]
    assert shop.at_stripe(data["stripeSessionId"])["status"] == "expired"


def test_a_pending_one_whose_checkout_stripe_does_not_know_is_ended_by_an_admin(shop):  # noqa: F811
    _, data = shop.booked()
    shop.stack.sql("UPDATE bookings SET stripe_session_id = 'cs_test_elsewhere' WHERE id = %s", data["sessionId"])
    answer = shop.cancel(data["sessionId"], shop.admin)
    assert answer.status == 200, answer.text
    assert "whatever is still paid there is refunded" in answer.json["message"], "Stripe has proven nothing"
    row = shop.row(data["sessionId"])
    assert (row["status"], row["cancel_cause"], row["checkout_closed_at"]) == (3, "admin", None)
    assert row["next_try_at"], "the reaper goes on asking"


@pytest.mark.parametrize("stripe_answers", [True, False])
def test_one_that_expired_before_is_cancelled_for_good_and_answers_like_a_repeat(shop, stripe_answers):  # noqa: F811
    def end(data, person):
        return shop.cancel(data["sessionId"], person)

    def give_up(data, person):
        return shop.cancel_payment(data["stripeSessionId"], person)

    for ask, cause, message in (
        (end, "parent", "This session is already cancelled."),
        (give_up, "payment_cancelled", DONE),
    ):
        parent, data = shop.booked()
        shop.stack.sql(
            "UPDATE bookings SET status = 3, cancel_cause = 'checkout_expired', cancelled_at = now(), version = 2"
            " WHERE id = %s",
            data["sessionId"],
        )
        if not stripe_answers:
            break_stripe(shop, "/v1/checkout/sessions/*", count=None, kind="cut", effect=False)
        try:
            for _ in range(2):
                answer = ask(data, parent)
                assert (answer.status, answer.json["message"]) == (200, message), answer.text
        finally:
            forget_faults(shop)
        row = shop.row(data["sessionId"])
        assert (row["status"], row["cancel_cause"], row["cancelled_by"]) == (3, cause, parent.id)
        if stripe_answers:
            assert shop.at_stripe(data["stripeSessionId"])["status"] == "expired"
            continue
        shop.pay(data["stripeSessionId"])
        assert shop.confirm_payment(data["stripeSessionId"], parent).json["code"] == "refunded", "not revived"
        assert shop.row(data["sessionId"])["status"] == 3 and shop.count("refunds", data["sessionId"]) == 1


def test_a_pending_one_that_was_just_paid_is_settled_and_then_cancelled_with_its_refund(shop):  # noqa: F811
    parent, data = shop.booked()
    shop.pay(data["stripeSessionId"])
    answer = shop.cancel(data["sessionId"], parent)
    assert answer.status == 200 and "full refund of €45.00" in answer.json["message"]
    row = shop.row(data["sessionId"])
    assert (row["status"], row["cancel_cause"]) == (3, "parent") and row["payment_intent"]
    assert shop.count("refunds", row["id"]) == 1


def test_a_pending_one_that_was_just_paid_and_starts_soon_is_too_late_to_cancel(shop):  # noqa: F811
    teacher = shop.stack.seed.person("Teacher", "Soon")
    shop.stack.seed.offer(teacher)
    parent, data = shop.booked(teacher=teacher, when=shop.at(hours=5))
    shop.pay(data["stripeSessionId"])
    answer = shop.cancel(data["sessionId"], parent)
    assert answer.status == 409 and answer.json["code"] == "too_late"
    confirmed(shop, data)
    assert shop.count("refunds", data["sessionId"]) == 0


def test_stripe_slow_the_slot_is_free_within_the_budget_and_the_fast_pool_is_not_held_up(shop):  # noqa: F811
    parent, data = shop.booked()
    break_stripe(shop, "/v1/checkout/sessions/*", kind="hang", effect=False, seconds=5, count=None)
    try:
        answer = shop.cancel(data["sessionId"], parent)
    finally:
        forget_faults(shop)
    assert answer.status == 200 and "closing the payment page" in answer.json["message"]
    row = shop.row(data["sessionId"])
    assert (row["status"], row["cancel_cause"]) == (3, "parent") and row["checkout_closed_at"] is None
