"""cancel-payment, with every answer of the report word for word; confirm-payment. No worker runs: what is settled or released here was
settled or released by the API."""

import concurrent.futures
import json

import psycopg
import pytest
from book_world import DONE, Shop, break_stripe, confirmed, forget_faults, shop  # noqa: F401
from stack.http import Http

PAID = "Cannot cancel - payment already processed"


def released(shop, answer, data):  # noqa: F811
    assert answer.status == 200, answer.text
    assert answer.json["success"] is True and answer.json["message"] == DONE and answer.data is True
    row = shop.row(data["sessionId"])
    assert (row["status"], row["cancel_cause"]) == (3, "payment_cancelled")
    assert row["cancellation_reason"] == "Payment cancelled by user" and row["cancelled_at"]
    assert answer.json["paymentPageClosed"] is (row["checkout_closed_at"] is not None)
    return row


def refused_as_paid(answer):
    assert answer.status == 400, answer.text
    assert answer.json["success"] is False and answer.json["message"] == PAID


# cancel-payment


def test_back_from_the_payment_page_the_booking_is_gone(shop):  # noqa: F811
    parent, data = shop.booked()
    row = released(shop, shop.cancel_payment(data["stripeSessionId"], parent), data)
    assert row["checkout_closed_at"] and row["next_try_at"] is None and row["cancelled_by"] == parent.id
    assert shop.at_stripe(data["stripeSessionId"])["status"] == "expired", "nobody can pay it any more"
    assert shop.api.get("/api/Sessions/parent/bookings", token=parent.token).data == []
    assert shop.count("mails", row["id"]) == shop.count("refunds", row["id"]) == 0
    shop.booked(when=row["starts_at"].isoformat())


def test_repeated_it_is_the_same_answer(shop):  # noqa: F811
    parent, data = shop.booked()
    for _ in range(3):
        released(shop, shop.cancel_payment(data["stripeSessionId"], parent), data)
    assert shop.row(data["sessionId"])["version"] == 2


@pytest.mark.parametrize("id", ["cs_test_nobodyHasThis", "x", "cs_", "pi_123", "cs_a%2f..", "cs_a;b", "cs_" + "a" * 201])
def test_a_checkout_that_nobody_has_is_not_found(shop, id):  # noqa: F811
    for answer in (shop.cancel_payment(id, shop.parent), shop.confirm_payment(id, shop.parent)):
        if "%2f" in id:
            assert answer.status == 400  # refused before anything looks at it (faults.md 2.1)
            continue
        assert answer.status == 404 and answer.json["success"] is False
        assert answer.json["message"] == "Session not found"


def test_anothers_is_forbidden(shop):  # noqa: F811
    _, data = shop.booked()
    answer = shop.cancel_payment(data["stripeSessionId"], shop.parent)
    assert answer.status == 403 and answer.json["code"] == "forbidden"
    assert shop.confirm_payment(data["stripeSessionId"], shop.parent).status == 404
    assert shop.row(data["sessionId"])["status"] == 0
    for person in (shop.teacher, shop.admin):
        assert shop.cancel_payment(data["stripeSessionId"], person).status == 403


def test_get_is_not_allowed_and_the_case_of_the_path_does_not_matter(shop):  # noqa: F811
    parent, data = shop.booked()
    id = data["stripeSessionId"]
    answer = shop.api.get(f"/api/Sessions/cancel-payment/{id}", token=parent.token)
    assert answer.status == 405 and "POST" in answer.headers["allow"]
    answer = shop.api.post(f"/API/sessions/Cancel-Payment/{id}", token=parent.token)
    released(shop, answer, data)


def test_paid_before_it_is_confirmed_and_cannot_be_cancelled_that_way(shop):  # noqa: F811
    parent, data = shop.booked()
    shop.pay(data["stripeSessionId"])
    for _ in range(2):
        refused_as_paid(shop.cancel_payment(data["stripeSessionId"], parent))
    row = confirmed(shop, data)
    assert shop.count("payments", row["id"]) == 1 and shop.count("refunds", row["id"]) == 0
    assert shop.count("mails", row["id"]) == 2


def test_a_delayed_payment_is_waited_for(shop):  # noqa: F811
    parent, data = shop.booked()
    shop.pay(data["stripeSessionId"], delayed=True)
    refused_as_paid(shop.cancel_payment(data["stripeSessionId"], parent))
    assert shop.row(data["sessionId"])["status"] == 0
    answer = shop.confirm_payment(data["stripeSessionId"], parent)
    assert answer.status == 400 and answer.json["code"] == "not_paid"
    assert "is being processed" in answer.json["message"]
    shown = shop.api.get(f"/api/Sessions/{data['sessionId']}", token=parent.token).data
    assert "is being processed" in shown["cancelMessage"] and shown["canCancel"]
    assert shown["checkoutUrl"] is shown["holdExpiresAt"] is None, "there is nothing more to pay there"
    again = shop.book(parent, when=shown["scheduledDateTime"])
    assert (again.status, again.json["code"]) == (409, "payment_awaited")
    answer = shop.cancel(data["sessionId"], parent)
    assert answer.status == 200, answer.text
    assert answer.json["message"] == "Session cancelled. A payment that still arrives is refunded in full."
    row = shop.row(data["sessionId"])
    assert (row["status"], row["cancel_cause"], row["checkout_closed_at"]) == (3, "parent", None)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut", "effect": False},
        {"kind": "cut", "effect": True},
        {"kind": "hang", "effect": False, "seconds": 5},
        {"kind": "error", "status": 500, "effect": False},
        {"kind": "rate_limit"},
        {"kind": "html", "effect": False},
    ],
)
def test_with_stripe_away_it_is_released_and_the_reaper_is_told(shop, fault):  # noqa: F811
    parent, data = shop.booked()
    break_stripe(shop, "/v1/checkout/sessions/*", count=None, **fault)
    try:
        row = released(shop, shop.cancel_payment(data["stripeSessionId"], parent), data)
    finally:
        forget_faults(shop)
    assert row["checkout_closed_at"] is None and row["next_try_at"] is not None
    shop.booked(when=row["starts_at"].isoformat())


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut", "effect": False},
        {"kind": "error", "status": 500, "effect": False},
        {"kind": "error", "status": 409, "effect": False},
        {"kind": "rate_limit"},
        {"kind": "html", "effect": False},
        {"kind": "wrong_json"},
        {"kind": "half_body"},
        {"kind": "redirect"},
    ],
)
def test_only_the_expire_fails_and_it_is_read_what_has_become_of_it(shop, fault):  # noqa: F811
    """Paid, it is kept; not paid, it is released, and only an expiry that was seen tells that nobody can pay there any more."""
    (gone, first), (ill, second), (left, third) = (shop.booked() for _ in range(3))
    for data in (first, second):
        shop.pay(data["stripeSessionId"])
    break_stripe(shop, "/v1/checkout/sessions/*/expire", method="POST", count=None, **fault)
    try:
        refused_as_paid(shop.cancel_payment(first["stripeSessionId"], gone))
        assert "full refund of €45.00" in shop.cancel(second["sessionId"], ill).json["message"]
        row = released(shop, shop.cancel_payment(third["stripeSessionId"], left), third)
    finally:
        forget_faults(shop)
    confirmed(shop, first)
    is_expired = shop.at_stripe(third["stripeSessionId"])["status"] == "expired"
    assert (row["checkout_closed_at"] is not None) is is_expired is (row["next_try_at"] is None)


def test_an_expiry_that_hangs_leaves_time_to_read_a_paid_checkout(shop):  # noqa: F811
    """With the product's own patience, which is longer than the two seconds that somebody who gives up waits."""
    service = shop.stack.start_service("api", UNBOOK_STRIPE_TIMEOUT_MS=None)
    parent, data = shop.booked()
    shop.pay(data["stripeSessionId"])
    break_stripe(shop, "/v1/checkout/sessions/*/expire", method="POST", kind="hang", count=None)
    try:
        refused_as_paid(shop.cancel_payment(data["stripeSessionId"], parent, Http(service.url)))
    finally:
        forget_faults(shop)
        service.terminate()
    confirmed(shop, data)


def test_a_slow_stripe_is_heard(shop):  # noqa: F811
    """It says within the budget that it will not expire a paid checkout, and then what became of that."""
    (gone, first), (here, second), (ill, third), (left, fourth) = (shop.booked() for _ in range(4))
    for data in (first, second, third):
        shop.pay(data["stripeSessionId"])
    break_stripe(shop, "/v1/checkout/sessions/*", kind="delay", seconds=0.7, count=None)
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            given_up = pool.submit(shop.cancel_payment, first["stripeSessionId"], gone)
            paid = pool.submit(shop.confirm_payment, second["stripeSessionId"], here)
            cancelled = pool.submit(shop.cancel, third["sessionId"], ill)
            released(shop, shop.cancel_payment(fourth["stripeSessionId"], left), fourth)
    finally:
        forget_faults(shop)
    refused_as_paid(given_up.result())
    assert given_up.result().json["code"] == "already_paid" and paid.result().status == 200
    assert "full refund of €45.00" in cancelled.result().json["message"]
    for data in (first, second):
        confirmed(shop, data)
    assert shop.row(fourth["sessionId"])["checkout_closed_at"]


def test_one_that_stripe_will_not_expire_is_never_released_unread(shop):  # noqa: F811
    """Two seconds are all that somebody waits: the answer to a second question would come after them."""
    parent, data = shop.booked()
    shop.pay(data["stripeSessionId"])
    break_stripe(shop, "/v1/checkout/sessions/*", kind="delay", seconds=0.9, count=None)
    try:
        answers = shop.cancel_payment(data["stripeSessionId"], parent), shop.cancel(data["sessionId"], parent)
    finally:
        forget_faults(shop)
    given_up, cancelled = answers
    assert (given_up.status, given_up.json["code"]) == (500, "internal"), given_up.text
    assert given_up.json["message"] == "Failed to cancel session", "the report knows no 503"
    assert (cancelled.status, cancelled.json["code"]) == (503, "unavailable"), cancelled.text
    assert cancelled.headers["retry-after"] == "1"
    assert shop.row(data["sessionId"])["status"] == 0
    refused_as_paid(shop.cancel_payment(data["stripeSessionId"], parent))
    confirmed(shop, data)


def test_paid_late_it_is_refunded_and_the_answer_is_no_longer_a_success(shop):  # noqa: F811
    parent, data = shop.booked()
    break_stripe(shop, "/v1/checkout/sessions/*", count=None, kind="cut", effect=False)
    released(shop, shop.cancel_payment(data["stripeSessionId"], parent), data)
    forget_faults(shop)
    shop.pay(data["stripeSessionId"])
    answer = shop.confirm_payment(data["stripeSessionId"], parent)
    assert answer.status == 409 and answer.json["code"] == "refunded"
    row = shop.row(data["sessionId"])
    assert row["status"] == 3 and shop.count("refunds", row["id"]) == 1
    kinds = shop.stack.sql("SELECT kind, recipient_id FROM mails WHERE booking_id = %s", row["id"])
    assert [(m["kind"], m["recipient_id"]) for m in kinds] == [("payment_returned", parent.id)]
    refused_as_paid(shop.cancel_payment(data["stripeSessionId"], parent))
    assert shop.confirm_payment(data["stripeSessionId"], parent).status == 409


def test_paying_and_cancelling_at_once_ends_paid_or_not_charged(shop):  # noqa: F811
    for _ in range(12):
        parent, data = shop.booked()
        id = data["stripeSessionId"]

        def pay(id=id):
            try:
                return shop.pay(id) is not None
            except RuntimeError:
                return False  # Stripe said that it is closed

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            cancelled, paid = pool.submit(shop.cancel_payment, id, parent), pool.submit(pay)
            answer, was_charged = cancelled.result(), paid.result()
        if was_charged:
            refused_as_paid(answer)
            confirmed(shop, data)
        else:
            released(shop, answer, data)
        assert shop.count("refunds", data["sessionId"]) == 0


def test_the_parents_word_stands_when_stripes_event_is_faster(new_stack):
    """Stripe's event about the expiry that the cancel has asked for is applied before Stripe's answer arrives."""
    stack = new_stack(only=("api", "reaper"))
    stack.connect_webhooks()
    shop = Shop(stack)  # noqa: F811
    (parent, first), (other, second) = shop.booked(), shop.booked()
    break_stripe(
        shop, "/v1/checkout/sessions/*/expire", kind="delay", seconds=0.7, when="after", method="POST", count=None
    )
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        given_up = pool.submit(shop.cancel_payment, first["stripeSessionId"], parent)
        cancelled = pool.submit(
            shop.api.put, f"/api/Sessions/{second['sessionId']}/cancel", {"reason": "ill"}, token=other.token
        )
        assert released(shop, given_up.result(), first)["cancelled_by"] == parent.id
        assert cancelled.result().status == 200, cancelled.result().text
        assert cancelled.result().json["message"] == "This session is already cancelled."
    row = shop.row(second["sessionId"])
    assert (row["cancel_cause"], row["cancelled_by"], row["cancellation_reason"]) == ("parent", other.id, "ill")
    timeline = shop.api.get(f"/api/Sessions/{row['id']}/timeline", token=other.token).data
    assert (timeline[-1]["what"], timeline[-1]["actor"]) == ("released", "parent")
    stack.eventually(
        lambda: shop.row(first["sessionId"])["checkout_closed_at"]
        and stack.sql("SELECT 1 FROM stripe_events WHERE type = 'checkout.session.expired' AND applied_at IS NOT NULL"),
        15,
        "Stripe's event is applied, and changes nothing",
    )
    released(shop, shop.cancel_payment(first["stripeSessionId"], parent), first)


def test_without_postgres_it_fails_in_the_reports_words(new_stack):
    stack = new_stack(only=("api",), proxied=("pg",))
    shop = Shop(stack)  # noqa: F811
    parent, data = shop.booked()
    stack.proxies["pg"].down()
    answer = shop.cancel_payment(data["stripeSessionId"], parent)
    assert answer.status == 500 and answer.json["message"] == "Failed to cancel session"
    stack.proxies["pg"].heal()
    stack.eventually(
        lambda: shop.cancel_payment(data["stripeSessionId"], parent).status == 200, 20, "it is back"
    )


# confirm-payment


def test_paid_it_is_confirmed_at_once_with_its_link_and_mails(shop):  # noqa: F811
    parent, data = shop.booked()
    shop.pay(data["stripeSessionId"])
    for _ in range(2):
        answer = shop.confirm_payment(data["stripeSessionId"], parent)
        assert answer.status == 200 and answer.data is True
    row = confirmed(shop, data)
    mails = shop.stack.sql("SELECT kind, recipient_id FROM mails WHERE booking_id = %s", row["id"])
    assert {(m["kind"], m["recipient_id"]) for m in mails} == {
        ("confirmed", parent.id),
        ("confirmed", shop.teacher.id),
    }
    shown = shop.api.get(f"/api/Sessions/{row['id']}", token=parent.token).data
    assert (shown["status"], shown["statusName"]) == (1, "Confirmed")
    assert shown["googleMeetLink"].startswith("https://meet.example/") and len(shown["googleMeetLink"]) > 40
    assert shop.count("payments", row["id"]) == 1


def test_settled_while_it_is_looked_at_it_is_not_called_refunded(shop):  # noqa: F811
    """Somebody else settles between the look at the booking and the look for a payment: both are told as they are then."""
    parent, data = shop.booked()
    intent = shop.pay(data["stripeSessionId"])["payment_intent"]
    settled = (data["sessionId"], intent)
    with psycopg.connect(shop.stack.pg.url(shop.stack.database)) as other:
        other.execute("LOCK TABLE payments IN ACCESS EXCLUSIVE MODE")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(shop.confirm_payment, data["stripeSessionId"], parent)
            shop.stack.eventually(
                lambda: shop.stack.sql("SELECT 1 FROM pg_locks WHERE relation = 'payments'::regclass AND NOT granted"),
                10,
                "it looks for a payment",
            )
            other.execute(
                "INSERT INTO payments (booking_id, payment_intent, amount_minor, currency, captured_at)"
                " VALUES (%s, %s, 4500, 'EUR', now())",
                settled,
            )
            other.execute(
                "UPDATE bookings SET status = 1, payment_intent = %s, paid_at = now() WHERE id = %s", settled[::-1]
            )
            other.commit()
        assert answer.result().status == 200 and answer.result().data is True


def test_not_paid_yet_it_stays_pending(shop):  # noqa: F811
    parent, data = shop.booked()
    answer = shop.confirm_payment(data["stripeSessionId"], parent)
    assert answer.status == 400 and answer.json["code"] == "not_paid"
    assert shop.row(data["sessionId"])["status"] == 0


def test_a_delayed_payment_that_failed_is_not_awaited(shop):  # noqa: F811
    parent, data = shop.booked()
    shop.pay(data["stripeSessionId"], delayed=True)
    shop.stack.stripe.post(f"checkouts/{data['stripeSessionId']}/async", succeeded=False)
    shop.stack.sql(
        "UPDATE bookings SET status = 3, cancel_cause = 'checkout_failed', cancelled_at = now() WHERE id = %s",
        data["sessionId"],
    )
    answer = shop.confirm_payment(data["stripeSessionId"], parent)
    assert (answer.status, answer.json["code"]) == (400, "not_paid")
    assert answer.json["message"] == "This session has not been paid for."


def test_nothing_to_pay_is_paid(shop):  # noqa: F811
    teacher = shop.stack.seed.person("Teacher", "Free")
    shop.stack.seed.offer(teacher, amount_minor=0)
    parent, data = shop.booked(teacher=teacher)
    shop.pay(data["stripeSessionId"])
    assert shop.confirm_payment(data["stripeSessionId"], parent).status == 200
    row = shop.row(data["sessionId"])
    assert row["status"] == 1 and row["paid_at"] and row["payment_intent"] is None
    assert shop.count("payments", row["id"]) == 0


def test_another_amount_goes_back(shop):  # noqa: F811
    parent, data = shop.booked()
    shop.pay(data["stripeSessionId"], amount=4400)
    answer = shop.confirm_payment(data["stripeSessionId"], parent)
    assert answer.status == 409 and answer.json["code"] == "refunded"
    row = shop.row(data["sessionId"])
    assert (row["status"], row["cancel_cause"]) == (3, "amount_mismatch")
    assert shop.count("refunds", row["id"]) == 1


BY_HAND = "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status) VALUES (%s, %s, 1000, 'EUR', 'succeeded')"
DISPUTE = "INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%s, 'stripe', %s, %s)"


def test_of_one_that_was_not_kept_no_more_is_promised_than_comes_back(shop):  # noqa: F811
    outcomes = {
        ("disputed", "needs_response", 4400): "The payment is disputed with the bank, which decides where the money goes.",
        ("charged_back", "lost", 1000): "The bank has already given €10.00 back to whoever paid; the remaining €34.00 is"
        " returned another way, and our team sees to it.",
        ("charged_back", "lost", 4400): "The bank has already given €44.00 back to whoever paid, so no refund by us follows.",
        None: "A refund of the remaining €34.00 has been requested. €10.00 was returned before.",
    }
    for outcome, words in outcomes.items():
        parent, data = shop.booked()
        shop.pay(data["stripeSessionId"], amount=4400)
        message = shop.confirm_payment(data["stripeSessionId"], parent).json["message"]
        assert message == "This payment could not be kept for the session; it is refunded in full."
        id = data["sessionId"]
        paid = shop.stack.one("SELECT payment_intent FROM payments WHERE booking_id = %s", id)["payment_intent"]
        if outcome:
            what, status, amount = outcome
            word = {"dispute": f"dp_{id}", "status": status, "paymentIntent": paid, "amountMinor": amount, "currency": "eur"}
            shop.stack.sql(DISPUTE, id, what, json.dumps(word))
        else:
            shop.stack.sql(BY_HAND, f"re_hand{id}", paid)
        message = shop.confirm_payment(data["stripeSessionId"], parent).json["message"]
        assert message == f"This payment could not be kept for the session. {words}"


@pytest.mark.parametrize(("amount_minor", "money"), [(4500, " A full refund of €45.00 has been requested."), (0, "")])
def test_cancelled_after_it_was_confirmed_the_answer_says_so(shop, amount_minor, money):  # noqa: F811
    teacher = shop.stack.seed.person("Teacher", "Tilda")
    shop.stack.seed.offer(teacher, amount_minor=amount_minor)
    parent, data = shop.booked(teacher=teacher)
    shop.pay(data["stripeSessionId"])
    assert shop.confirm_payment(data["stripeSessionId"], parent).status == 200
    assert shop.cancel(data["sessionId"], parent).status == 200
    for _ in range(2):
        answer = shop.confirm_payment(data["stripeSessionId"], parent)
        assert (answer.status, answer.json["code"]) == (409, "refunded")
        assert answer.json["message"] == "This session was cancelled." + money


def test_stripe_away_is_503_and_changes_nothing(shop):  # noqa: F811
    parent, data = shop.booked()
    break_stripe(shop, "/v1/checkout/sessions/*", kind="cut", effect=False, count=None)
    answer = shop.confirm_payment(data["stripeSessionId"], parent)
    assert answer.status == 503 and answer.headers["retry-after"]
    assert shop.row(data["sessionId"])["status"] == 0
    forget_faults(shop)
