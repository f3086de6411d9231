"""Unknown outcomes (faults F20 to F25): whatever was lost, the parent gets the money back once."""

import pytest
from stack import refunding as r


@pytest.fixture(scope="module")
def stack(infra, build):
    with r.shared_stack(infra, build) as shared:
        yield shared


@pytest.fixture
def booking(stack):
    return r.paid(stack)


def refunded(stack, booking, refund, generation=1):
    row = r.wait_state(stack, refund, "succeeded")
    assert row["generation"] == generation
    assert len(r.made(stack, booking)) == 1
    r.check_refunded(stack, booking)
    return row


def test_a_429_is_honoured_and_is_no_failure(stack, booking):
    r.fault(stack, booking, "rate_limit", retry_after=1, count=2)
    refund = r.ask(stack, booking)
    row = refunded(stack, booking, refund)
    first, second, third = r.posts(stack, booking)
    assert len({post.key for post in (first, second, third)}) == 1
    assert second.real - first.real >= 1.0 and third.real - second.real >= 1.0
    assert row["failures"] == 0


def test_a_429_without_a_hint_comes_back_soon(stack, booking):
    r.fault(stack, booking, "rate_limit", code="lock_timeout", count=3)
    assert refunded(stack, booking, r.ask(stack, booking))["failures"] == 0


def test_a_key_in_use_is_asked_again_under_the_same_key(stack, booking):
    r.fault(stack, booking, "key_in_use")
    refunded(stack, booking, r.ask(stack, booking))
    assert {post.key[-2:] for post in r.posts(stack, booking)} == {":1"}


def test_an_answer_lost_after_the_refund_was_made_is_found_by_the_list(stack, booking):
    r.fault(stack, booking, "cut", effect=True)
    row = refunded(stack, booking, r.ask(stack, booking))
    assert len(r.posts(stack, booking)) == 1, "adopted, not asked again"
    assert row["failures"] == 1


def test_a_request_lost_before_anything_was_made_is_posted_again_under_the_same_key(stack, booking):
    r.fault(stack, booking, "cut", effect=False)
    refunded(stack, booking, r.ask(stack, booking))
    first, second = r.posts(stack, booking)
    assert first.key == second.key
    assert r.lists(stack, booking)[0].real < second.real, "listed before it was posted again"


@pytest.mark.parametrize(
    "kind, options",
    [
        ("error", {"status": 502, "effect": True}),
        ("error", {"status": 504, "effect": True}),
        ("error", {"status": 500, "effect": True}),
        ("half_body", {}),
        ("html", {"effect": True}),
        ("html", {"effect": True, "status": 200}),
        ("wrong_json", {}),
        ("hang", {"effect": True, "seconds": 4}),
    ],
)
def test_an_answer_that_says_nothing_is_unknown_and_looked_up(stack, booking, kind, options):
    r.fault(stack, booking, kind, **options)
    refunded(stack, booking, r.ask(stack, booking))
    assert len(r.posts(stack, booking)) == 1


def test_a_500_frozen_before_the_refund_was_made_takes_a_new_generation(stack, booking):
    r.fault(stack, booking, "error", status=500)
    refunded(stack, booking, r.ask(stack, booking), generation=2)
    keys = [post.key.rsplit(":", 1)[1] for post in r.posts(stack, booking)]
    assert keys == ["1", "1", "2"]
    assert r.posts(stack, booking)[1].replayed


def test_a_list_that_fails_posts_nothing(stack, booking):
    r.fault(stack, booking, "cut", effect=True)
    r.fault(stack, booking, "error", method="GET", status=500, count=3)
    refunded(stack, booking, r.ask(stack, booking))
    assert len(r.posts(stack, booking)) == 1


@pytest.mark.parametrize("refuses", [True, False], ids=["stripe_refuses", "stripe_would_pay_twice"])
def test_a_pruned_key_is_not_trusted(stack, booking, refuses, request):
    """More than 24 hours later the same key is a new request: only the list stands between us and a second refund."""
    stack.stripe.post("settings", refuse_over_refund=refuses)
    request.addfinalizer(lambda: stack.stripe.post("settings", refuse_over_refund=True))
    r.fault(stack, booking, "cut", effect=True)
    r.fault(stack, booking, "error", method="GET", status=503, count=4)
    refund = r.ask(stack, booking)
    stack.eventually(lambda: len(r.made(stack, booking)) == 1)
    stack.stripe.post("keys/prune")
    refunded(stack, booking, refund)


def test_wrong_credentials_stop_the_worker_and_spend_nothing(new_stack):
    stack = new_stack(only=())
    booking = r.paid(stack)
    bad = stack.start_service("refund-worker", UNBOOK_STRIPE_KEY="sk_test_wrong")
    refund = r.ask(stack, booking)
    stack.eventually(lambda: r.alarms(bad, "stripe_credentials") >= 1, what="an alarm")
    assert bad.metrics()['unbook_breaker_open{dependency="stripe"}'] == 1
    bad.terminate(20)
    assert r.row(stack, refund)["failures"] == 0
    stack.start_service("refund-worker")
    refunded(stack, booking, refund)


def test_an_outage_opens_the_breaker_and_ends_by_itself(new_stack):
    stack = new_stack(only=("refund-worker",))
    (worker,) = stack.of("refund-worker")
    bookings = [r.paid(stack) for _ in range(12)]
    r.fault(stack, None, "error", method="*", status=503, effect=False, count=None)
    refunds = [r.ask(stack, booking) for booking in bookings]
    stack.eventually(
        lambda: worker.metrics().get('unbook_breaker_openings_total{dependency="stripe"}', 0) >= 1,
        what="the breaker opens",
    )
    stack.stripe.control("DELETE", "/_sim/faults")
    for refund in refunds:
        r.wait_state(stack, refund, "succeeded", timeout=40)
    r.check_refunded(stack, *bookings)


def test_patience_ends_with_an_operator(new_stack):
    stack = new_stack(only=("refund-worker",), settings={"UNBOOK_GIVE_UP_MS": "1000"})
    booking = r.paid(stack)
    r.fault(stack, booking, "error", status=503, effect=False, count=None)
    refund = r.ask(stack, booking)
    row = r.wait_state(stack, refund, "needs_attention", timeout=30)
    assert row["failure_reason"] == "gave_up"
    stack.eventually(lambda: r.alarms(stack.of("refund-worker")[0], "refund_needs_attention") == 1)
    r.check_not_refunded(stack, booking)
