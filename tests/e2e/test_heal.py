"""No webhook reaches us for a whole run, and everything ends right: what Stripe had to tell is asked for (design section 7, Heal).

Twice: once the endpoint takes nothing, and Stripe's undelivered events alone must do; once Stripe tells nothing at all, so that only its
objects say what happened.
"""

import json

import pytest
from settle_world import (
    Stripe,
    applied,
    deliver,
    fault,
    hold,
    log,
    mails,
    payments,
    refunds,
    row,
    wait_status,
)
from stack import Stack
from stack import refunding as r
from stack.stripe_caller import instance_id

EAGER = {"UNBOOK_HEAL_MS": "200", "UNBOOK_HEAL_AFTER_MS": "0", "UNBOOK_HEAL_ALL_MS": "200"}
PASSES = ("events", "payments", "refunds", "disputes", "all_payments", "all_refunds", "all_disputes")
DEAD_ENDPOINT = "http://127.0.0.1:9/"


def pause(stack, *passes):
    """These passes rest, also those that are under way; none named: all."""
    stack.sql(
        "UPDATE heals SET next_try_at = clock_timestamp() + interval '1 day', lease_token = NULL"
        " WHERE pass = ANY (%s) OR %s",
        list(passes), not passes,
    )  # fmt: skip


def resume(stack, *passes):
    """These passes begin now; none named: all."""
    stack.sql(
        "UPDATE heals SET next_try_at = clock_timestamp() WHERE lease_token IS NULL AND (pass = ANY (%s) OR %s)",
        list(passes), not passes,
    )  # fmt: skip


def rounds(stack, count=2):
    """Wait until every pass that does not rest has begun and ended so many times more."""
    at_work = "SELECT * FROM heals WHERE next_try_at < clock_timestamp() + interval '1 hour'"
    before = {h["pass"]: h["attempts"] for h in stack.sql(at_work)}
    stack.eventually(
        lambda: all(h["attempts"] > before[h["pass"]] + count for h in stack.sql(at_work)), 20, "rounds"
    )


def healed(stack):
    found = [reaper.metrics() for reaper in stack.of("reaper")]
    return sum(n for counts in found for name, n in counts.items() if name.startswith("unbook_healed_total"))


def alarms(stack, what, service="reaper"):
    return sum(r.alarms(instance, what) for instance in stack.of(service))


# Stories: what happens, and, after the yield, how it ends.


def somebody_pays_and_closes_the_tab(stack):
    booking, checkout = hold(stack, held="1 hour")
    paid = Stripe(stack).pay(checkout)
    yield
    after = wait_status(stack, booking, 1)
    assert after["payment_intent"] == paid["payment_intent"] and after["version"] == 2
    assert [kind for kind, _ in mails(stack, booking)] == ["confirmed"] * 2
    assert len(payments(stack, booking)) == 1 and not refunds(stack, booking)


def a_checkout_is_left_until_it_expires(stack):
    booking, checkout = hold(stack)
    Stripe(stack).expire(checkout)
    yield
    assert wait_status(stack, booking, 3)["cancel_cause"] == "checkout_expired"


def a_delayed_method_brings_the_money(stack):
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout, delayed=True)
    stack.stripe.post(f"checkouts/{checkout}/async", succeeded=True)
    yield
    wait_status(stack, booking, 1)


def a_late_payment_revives_what_had_expired(stack):
    booking, checkout = hold(stack, held="1 hour")
    release(stack, booking, "checkout_expired")
    Stripe(stack).pay(checkout)
    yield
    assert wait_status(stack, booking, 1)["cancel_cause"] is None


def a_late_payment_goes_back_to_who_was_told_cancelled(stack):
    booking, checkout = hold(stack, held="1 hour")
    release(stack, booking, "parent")
    Stripe(stack).pay(checkout)
    yield
    (refund,) = stack.eventually(lambda: refunds(stack, booking))
    stack.eventually(lambda: r.row(stack, refund["id"])["state"] == "succeeded")
    assert row(stack, booking)["status"] == 3
    assert [kind for kind, _ in mails(stack, booking)] == ["payment_returned"]


def release(stack, booking, cause):
    stack.sql(
        "UPDATE bookings SET status = 3, cancelled_at = clock_timestamp(), cancel_cause = %s WHERE id = %s",
        cause, booking,
    )  # fmt: skip


def a_pending_refund_goes_through(stack):
    booking = r.paid(stack)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/course", course="pending")
    refund = r.ask(stack, booking)
    (made,) = stack.eventually(lambda: r.made(stack, booking))
    stack.stripe.post(f"refunds/{made.id}/move", status="succeeded")
    yield
    stack.eventually(lambda: r.row(stack, refund)["state"] == "succeeded")
    r.check_refunded(stack, booking)


def a_refund_fails_after_it_had_succeeded(stack):
    booking = r.paid(stack)
    refund = r.ask(stack, booking)
    stack.eventually(lambda: r.row(stack, refund)["state"] == "succeeded")
    (made,) = r.made(stack, booking)
    stack.stripe.post(f"refunds/{made.id}/move", status="failed", failure_reason="expired_or_canceled_card")
    yield
    stack.eventually(lambda: r.row(stack, refund)["state"] == "failed")
    assert r.row(stack, refund)["failure_reason"] == "expired_or_canceled_card"
    stack.eventually(lambda: [m["state"] for m in r.mails(stack, booking)] == ["sent"], what="the parent is told")
    stack.eventually(lambda: alarms(stack, "refund_failed", "refund-worker") == 1)


def somebody_refunds_all_of_it_by_hand(stack):
    booking = r.paid(stack)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/refund")
    yield
    assert wait_status(stack, booking.id, 3)["cancel_cause"] == "admin"
    (refund,) = refunds(stack, booking.id)
    stack.eventually(lambda: r.row(stack, refund["id"])["state"] == "succeeded")
    assert not r.posts(stack, booking) and log(stack, booking.id)[0] == "refund_by_hand"


def somebody_refunds_a_part_by_hand(stack):
    booking = r.paid(stack)
    made = stack.stripe.post(f"payment_intents/{booking.payment_intent}/refund", amount=1000)
    yield
    (seen,) = stack.eventually(lambda: r.seen(stack, booking))
    assert (seen["id"], seen["amount_minor"], seen["refund_id"]) == (made["id"], 1000, None)
    assert row(stack, booking.id)["status"] == 1 and not refunds(stack, booking.id)
    assert log(stack, booking.id) == ["refund_by_hand"]


def a_dispute_comes_before_the_refund_was_sent(stack):
    booking = r.paid(stack)
    refund = r.ask(stack, booking, doorbell=False, due="1 hour")
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")
    yield
    stack.eventually(lambda: r.row(stack, refund)["state"] == "needs_attention")
    stack.eventually(lambda: "disputed" in log(stack, booking.id))
    stack.eventually(lambda: not stack.sql("SELECT 1 FROM stripe_events WHERE applied_at IS NULL"))
    assert not r.posts(stack, booking) and log(stack, booking.id).count("disputed") == 1


def somebody_elses_money_moves(stack):
    payment = stack.stripe.post("payment_intents", amount=100, currency="eur")
    stack.stripe.post(f"payment_intents/{payment['id']}/refund")
    yield
    rounds(stack)
    assert not stack.sql("SELECT 1 FROM stripe_refunds WHERE payment_intent = %s", payment["id"])


STORIES = [
    somebody_pays_and_closes_the_tab,
    a_checkout_is_left_until_it_expires,
    a_delayed_method_brings_the_money,
    a_late_payment_revives_what_had_expired,
    a_late_payment_goes_back_to_who_was_told_cancelled,
    a_pending_refund_goes_through,
    a_refund_fails_after_it_had_succeeded,
    somebody_refunds_all_of_it_by_hand,
    somebody_refunds_a_part_by_hand,
    a_dispute_comes_before_the_refund_was_sent,
    somebody_elses_money_moves,
]


@pytest.fixture(scope="module", params=["undelivered", "untold"])
def world(request, infra, build):
    """(stack, stories that have begun): every story happens at the same time, before anything is asked for."""
    stack = Stack(infra, build=build, settings=EAGER)
    try:
        stack.start(only=("refund-worker", "notifier", "reaper"))
        stack.start_service("reaper")
        if request.param == "undelivered":
            stack.stripe.post("webhooks", url=DEAD_ENDPOINT, mode="drop")
        pause(stack)
        begun = {story: story(stack) for story in STORIES}
        for story in begun.values():
            next(story)
        assert not stack.sql("SELECT 1 FROM stripe_events"), "nothing has been told"
        resume(stack, *(["events"] if request.param == "undelivered" else []))
        yield stack, begun
    finally:
        stack.stop()
    problems = stack.problems()
    assert not problems, "\n".join(problems)
    stack.remove()


@pytest.fixture
def stack(world):
    return world[0]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_it_ends_right_when(world, story):
    next(world[1][story], None)


def test_an_operator_sees_that_webhooks_are_missing(stack):
    rounds(stack)
    before = healed(stack)
    assert before >= 7 and alarms(stack, "webhooks_missing") > 0
    resume(stack)
    rounds(stack)
    assert healed(stack) == before, "nothing is healed twice, whichever way it was found"
    assert not stack.sql("SELECT * FROM heals WHERE last_error IS NOT NULL")


def test_a_refund_that_fails_long_after_it_was_made_is_found_by_the_pass_over_all(stack):
    booking = r.paid(stack)
    refund = r.ask(stack, booking)
    stack.eventually(lambda: r.row(stack, refund)["state"] == "succeeded")
    pause(stack, "events", "refunds")
    (made,) = r.made(stack, booking)
    stack.stripe.post(f"refunds/{made.id}/move", status="failed", failure_reason="declined")
    resume(stack, "all_refunds")
    stack.eventually(lambda: r.row(stack, refund)["state"] == "failed")
    resume(stack)


@pytest.mark.parametrize(("end", "state"), [("won", "succeeded"), ("lost", "needs_attention")])
def test_how_a_dispute_ended_long_after_it_was_told_is_found_by_the_pass_over_all(stack, end, state):
    pause(stack)
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")["id"]
    deliver(stack, next(e for e in Stripe(stack).events() if e["data"]["object"].get("id") == dispute))
    stack.eventually(lambda: "disputed" in log(stack, booking.id))
    refund = r.ask(stack, booking)
    stack.eventually(lambda: r.row(stack, refund)["state"] == "needs_attention")
    stack.stripe.post(f"disputes/{dispute}/move", status=end)
    resume(stack, "all_disputes")
    after = stack.eventually(
        lambda: (row := r.row(stack, refund))["state"] == state and bool(row["settled_at"]) == (end == "lost") and row
    )
    assert after["settled_reference"] == (dispute if end == "lost" else None)
    resume(stack)


def test_a_dispute_that_is_lost_won_and_lost_again_is_found_each_time(stack):
    pause(stack)
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")["id"]
    resume(stack, "all_disputes")
    for status in ("needs_response", "lost", "won", "lost", "won"):
        stack.stripe.post(f"disputes/{dispute}/move", status=status)
        stack.eventually(lambda status=status: stack.sql("SELECT status FROM disputes WHERE id = %s", dispute) == [{"status": status}])
    refund = r.ask(stack, booking)
    stack.eventually(lambda: r.row(stack, refund)["state"] == "succeeded")
    resume(stack)


def test_a_dispute_that_was_told_before_its_payment_was_known_is_found(stack):
    pause(stack)
    booking, checkout = hold(stack, held="1 hour")
    intent = Stripe(stack).pay(checkout)["payment_intent"]
    stack.stripe.post(f"payment_intents/{intent}/dispute")
    told = next(e for e in Stripe(stack).events() if e["type"] == "charge.dispute.created" and e["data"]["object"]["payment_intent"] == intent)
    deliver(stack, told)
    assert stack.eventually(lambda: applied(stack, told["id"]))["last_error"] == "unknown_payment"
    resume(stack)
    wait_status(stack, booking, 1)
    stack.eventually(lambda: "disputed" in log(stack, booking))


def test_a_span_of_many_pages_is_read_on_where_the_page_before_ended(stack):
    pause(stack)
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout)
    stack.stripe.post("payment_intents", amount=100, currency="eur", count=250)
    resume(stack)
    wait_status(stack, booking, 1)


def test_what_a_webhook_told_is_healed_by_nobody(stack):
    """Neither what was applied, nor what its owner has not come to yet."""
    rounds(stack, 1)
    pause(stack)
    before = healed(stack)
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout)
    deliver(stack, Stripe(stack).events(checkout)[-1])
    wait_status(stack, booking, 1)
    late = r.paid(stack)
    made = stack.stripe.post(f"payment_intents/{late.payment_intent}/refund")
    (event,) = [e for e in Stripe(stack).events(made["id"]) if e["type"] == "refund.created"]
    stack.sql(
        "INSERT INTO stripe_events (id, type, object_id, created, payload, next_try_at)"
        " VALUES (%s, %s, %s, clock_timestamp(), %s, clock_timestamp() + interval '1 hour')",
        event["id"], event["type"], made["id"], json.dumps(event).encode(),
    )  # fmt: skip
    resume(stack, *(p for p in PASSES if p != "events"))
    rounds(stack)
    assert healed(stack) == before and row(stack, late.id)["status"] == 1
    stack.sql("UPDATE stripe_events SET next_try_at = clock_timestamp() WHERE id = %s", event["id"])
    wait_status(stack, late.id, 3)
    resume(stack)


def test_a_list_that_the_key_may_not_read_holds_up_nothing_else(stack):
    fault(stack, kind="error", method="GET", path="/v1/events", status=403, count=None)
    failing = "SELECT failures FROM heals WHERE pass = 'events'"
    resume(stack)
    stack.eventually(lambda: alarms(stack, "heal_stuck") == 1, what="ten failures")
    booking, _ = hold(stack)
    assert wait_status(stack, booking, 3)["cancel_cause"] == "checkout_expired"
    stack.stripe.control("DELETE", "/_sim/faults")
    stack.eventually(lambda: stack.one(failing)["failures"] == 0, what="and it is read again")


def test_a_payment_of_ours_that_no_checkout_took_is_a_dead_letter_once(stack):
    marks = {"booking_id": "1", "instance_id": instance_id(stack)}
    payment = stack.stripe.post("payment_intents", amount=100, currency="eur", metadata=marks)["id"]
    resume(stack)
    letters = "SELECT * FROM dead_letters WHERE key = convert_to(%s, 'UTF8')"
    (letter,) = stack.eventually(lambda: stack.sql(letters, payment))
    assert (letter["topic"], letter["partition"], letter["reason"]) == ("stripe.events", -2, "unknown_payment")
    rounds(stack)
    assert alarms(stack, "unknown_payment") == 1 and len(stack.sql(letters, payment)) == 1


def test_a_delayed_method_that_fails_releases_the_booking(stack):
    """Its checkout at the simulator never says so, its event does."""
    stack.stripe.post("webhooks", url=DEAD_ENDPOINT, mode="drop")
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout, delayed=True)
    stack.stripe.post(f"checkouts/{checkout}/async", succeeded=False)
    assert wait_status(stack, booking, 3)["cancel_cause"] == "checkout_failed"
