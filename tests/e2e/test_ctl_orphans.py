"""unbookctl orphans and cleanup: what was left unpaid is named with Stripe's word, and ended on Stripe's word alone."""

import re
from types import SimpleNamespace

import pytest
from settle_world import Stripe, hold, payments, row
from stack import ctl

HELD = "-1 minute"


@pytest.fixture(scope="module")
def one_stack(infra, build):
    with ctl.quiet_stack(infra, build) as stack:
        yield stack


@pytest.fixture
def stack(one_stack):
    yield one_stack
    one_stack.stripe.control("DELETE", "/_sim/faults")
    one_stack.sql(
        "UPDATE bookings SET status = 3, cancelled_at = clock_timestamp(), cancel_cause = 'admin' WHERE status = 0"
    )


def left_behind(stack, age, **options):
    """An unpaid Pending booking of that age: (its id, its checkout)."""
    booking, checkout = hold(stack, held=HELD, **options)
    stack.sql("UPDATE bookings SET created_at = clock_timestamp() - %s::interval WHERE id = %s", age, booking)
    return booking, checkout


def one_of_each(stack, hours):
    """Every way in which Stripe may look at it, the newest first."""
    stripe = Stripe(stack)
    made = {
        name: left_behind(stack, f"{hours} hours {minutes} minutes", checkout=name != "unmade")
        for minutes, name in enumerate(("open", "paid", "expired", "delayed", "unknown", "unmade", "lost"), 1)
    }
    stripe.pay(made["paid"][1])
    stripe.expire(made["expired"][1])
    stripe.pay(made["delayed"][1], delayed=True)
    stack.sql("UPDATE bookings SET stripe_session_id = 'cs_test_gone' || id WHERE id = %s", made["unknown"][0])
    stack.sql("UPDATE bookings SET stripe_session_id = NULL WHERE id = %s", made["lost"][0])
    return SimpleNamespace(
        **{name: booking for name, (booking, _) in made.items()},
        checkout={name: checkout for name, (_, checkout) in made.items()},
        ids=[booking for booking, _ in made.values()],
    )


def lines(out):
    """{booking id: the rest of its line}, in the order of the lines."""
    return {int(id): rest for id, rest in re.findall(r"^booking (\d+)  (.*)$", out, re.M)}


def state(stack):
    """Everything that a command could have changed."""
    return (
        stack.sql("SELECT * FROM bookings ORDER BY id"),
        stack.sql("SELECT * FROM instance"),
        [stack.one(f"SELECT count(*) AS n FROM {t}")["n"] for t in ("booking_log", "outbox", "payments", "refunds")],
        [e.path for e in stack.stripe.ledger.exchanges() if e.method == "POST"],
    )


def log(stack, booking):
    found = stack.sql("SELECT actor, what FROM booking_log WHERE booking_id = %s ORDER BY id", booking)
    return [(entry["actor"], entry["what"]) for entry in found]


def test_orphans_names_the_reports_bookings_with_stripes_word_and_changes_nothing(stack):
    young, _ = left_behind(stack, "59 minutes")
    left = one_of_each(stack, 1)
    before = state(stack)
    out, err = ctl.run(stack, "orphans", code=1)
    assert state(stack) == before
    found = lines(out)
    assert list(found) == left.ids, "older than an hour, the newest first"
    booking = row(stack, left.open)
    assert f"student user:{booking['student_id']}  teacher user:{booking['teacher_id']}" in found[left.open]
    assert f"checkout {left.checkout['open']}  Stripe: open, nobody has paid; can be paid until 2" in found[left.open]
    for name, word in {
        "paid": "paid, by pi_",
        "expired": "expired, nobody has paid",
        "delayed": "complete, a delayed payment has not decided yet",
        "unknown": "does not know this checkout",
        "unmade": "no checkout of it was ever made",
        "lost": "open, nobody has paid",
    }.items():
        assert f"Stripe: {word}" in found[getattr(left, name)], name
    assert f"{len(left.ids)} bookings are Pending and unpaid for more than an hour\n" in err
    assert young not in found


def test_cleanup_says_first_and_then_does_by_name_what_stripe_proves(stack):
    young, _ = left_behind(stack, "23 hours 59 minutes")
    held, _ = left_behind(stack, "25 hours")
    stack.sql("UPDATE bookings SET hold_expires_at = clock_timestamp() + interval '1 hour' WHERE id = %s", held)
    left = one_of_each(stack, 24)
    ends = {
        left.open: ("would be expired at Stripe and Cancelled (checkout_expired)", "Cancelled (checkout_expired)"),
        left.paid: ("would be settled", "settled: Confirmed"),
        left.expired: ("would be Cancelled (checkout_expired)", "Cancelled (checkout_expired)"),
        left.unmade: ("would be Cancelled (checkout_failed)", "Cancelled (checkout_failed)"),
        left.lost: ("would be expired at Stripe and Cancelled (checkout_expired)", "Cancelled (checkout_expired)"),
    }
    stay = {
        left.delayed: "left: the payment has not decided yet",
        left.unknown: "left: is the key of the right account? Then see --unknown",
        held: "left: its hold is not over",
    }

    before = state(stack)
    out, err = ctl.run(stack, "cleanup", "--dry-run", code=1, USER="")
    assert state(stack) == before
    said = {id: rest.split("  -> ")[1] for id, rest in lines(out).items()}
    assert said == {**{id: plan for id, (plan, _) in ends.items()}, **stay}
    assert "5 bookings would be ended, 3 left, 0 failed" in err

    out, err = ctl.run(stack, "cleanup", "--operator", "bo", code=1)
    said = {id: rest.split("  -> ")[1] for id, rest in lines(out).items()}
    assert said == {**{id: done for id, (_, done) in ends.items()}, **stay}
    assert "5 bookings were ended, 3 left, 0 failed" in err
    for booking in (left.open, left.expired, left.unmade, left.lost):
        after = row(stack, booking)
        cause = "checkout_failed" if booking == left.unmade else "checkout_expired"
        assert (after["status"], after["cancel_cause"], after["next_try_at"]) == (3, cause, None)
        assert after["checkout_closed_at"], "nobody looks at it again"
        assert log(stack, booking) == [("operator:bo", "released")]
    assert Stripe(stack).get(left.checkout["open"])["status"] == "expired"
    assert Stripe(stack).get(left.checkout["lost"])["status"] == "expired"
    assert row(stack, left.lost)["stripe_session_id"] == left.checkout["lost"]
    assert row(stack, left.paid)["status"] == 1 and len(payments(stack, left.paid)) == 1
    assert log(stack, left.paid) == [("operator:bo", "confirmed")]
    assert {row(stack, id)["status"] for id in (young, *stay)} == {0}
    assert Stripe(stack).get(left.checkout["delayed"])["status"] == "complete"

    done = state(stack)
    out, _ = ctl.run(stack, "cleanup", code=1)
    assert set(lines(out)) == set(stay)
    assert state(stack) == done, "again changes nothing"


def test_one_that_is_paid_in_the_last_moment_is_settled_and_not_cancelled(stack):
    booking, checkout = left_behind(stack, "25 hours")
    stack.stripe.control(
        "POST", "/_sim/faults", {"kind": "barrier", "name": "expire", "path": "/v1/checkout/sessions/*/expire"}
    )
    running = ctl.start(stack, "cleanup")
    assert stack.stripe.get("barriers/expire?held=1&timeout_s=20")["reached"]
    Stripe(stack).pay(checkout)
    stack.stripe.post("barriers/expire/release")
    out, _ = ctl.finish(running)
    assert "-> settled: Confirmed" in lines(out)[booking]
    assert row(stack, booking)["status"] == 1
    assert log(stack, booking) == [("operator:ann", "confirmed")]


def test_beside_a_reaper_at_work_each_is_ended_once(new_stack):
    stack = new_stack(only=("reaper",))
    parent, teacher, _ = stack.seed.family()
    bookings = [
        hold(stack, parent=parent, teacher=teacher, starts_in=f"{n} days", held="1 hour")[0] for n in range(1, 13)
    ]
    stack.sql(
        "UPDATE bookings SET created_at = clock_timestamp() - interval '25 hours',"
        " hold_expires_at = clock_timestamp(), next_try_at = clock_timestamp()"
    )
    assert ", 0 left, 0 failed" in ctl.run(stack, "cleanup")[1]
    stack.eventually(lambda: all(row(stack, id)["checkout_closed_at"] for id in bookings), what="all are closed")
    for booking in bookings:
        after = row(stack, booking)
        assert (after["status"], after["version"], after["cancel_cause"]) == (3, 2, "checkout_expired")
        assert [what for _, what in log(stack, booking)] == ["released"]


def test_one_that_stripe_does_not_know_is_ended_by_name_and_never_asked_about_again(stack):
    (pending, _), (cancelled, _), (known, _), (held, _), (live, _) = (left_behind(stack, "2 hours") for _ in range(5))
    for booking in (pending, cancelled, held):
        stack.sql("UPDATE bookings SET stripe_session_id = 'cs_test_gone' || id WHERE id = %s", booking)
    stack.sql("UPDATE bookings SET stripe_session_id = 'cs_live_gone' WHERE id = %s", live)
    stack.sql("UPDATE bookings SET hold_expires_at = clock_timestamp() + interval '1 hour' WHERE id = %s", held)
    stack.sql(
        "UPDATE bookings SET status = 3, cancel_cause = 'admin', cancelled_at = now(), next_try_at = now(),"
        " checkout_closed_at = NULL WHERE id = %s",
        cancelled,
    )

    def unknown(booking, *more, **options):
        return ctl.run(stack, "cleanup", "--unknown", str(booking), *more, **options)

    before = state(stack)
    refusals = {known: "on Stripe's word", held: "left: its hold is not over", live: "of the other mode"}
    for booking, why in refusals.items():
        assert why in unknown(booking, code=1)[0]
    assert "no booking 987654321" in unknown(987654321, code=1)[1]
    assert "would be Cancelled (admin)" in unknown(pending, "--dry-run", USER="")[0]
    unknown("x", code=64)
    assert state(stack) == before

    assert "-> Cancelled (admin)" in unknown(pending, "--operator", "bo")[0]
    assert "-> Stripe is not asked about it again" in unknown(cancelled, "--operator", "bo")[0]
    for booking, told in ((pending, ["released", "checkout_given_up"]), (cancelled, ["checkout_given_up"])):
        after = row(stack, booking)
        assert (after["status"], after["cancel_cause"], after["next_try_at"]) == (3, "admin", None)
        assert after["checkout_closed_at"] and log(stack, booking) == [("operator:bo", what) for what in told]
        assert "nobody asks" in unknown(booking, code=1)[0]


def test_without_stripes_word_nothing_is_ended_and_the_command_fails(stack):
    bookings = [left_behind(stack, "25 hours")[0] for _ in range(5)]
    stack.stripe.control("POST", "/_sim/faults", {"kind": "error", "status": 503, "path": "/v1/*", "count": None})
    for command in (("orphans",), ("cleanup",), ("cleanup", "--dry-run")):
        out, err = ctl.run(stack, *command, code=70)
        assert "stripe_away" in err and "HTTP 503" in err
        assert len(lines(out)) == 3, "and Stripe is not asked for ever"
    assert {row(stack, id)["status"] for id in bookings} == {0}
    stack.stripe.control("DELETE", "/_sim/faults")
    fault = {"kind": "error", "status": 500, "effect": True, "path": "/v1/checkout/*", "count": 1}
    for which in ({"method": "POST"}, {"method": "GET", "skip": 1}):  # the expire, and the look at what became of it
        stack.stripe.control("POST", "/_sim/faults", fault | which)
    assert "4 bookings were ended, 0 left, 1 failed" in ctl.run(stack, "cleanup", code=70)[1]
    assert "1 bookings were ended, 0 left, 0 failed" in ctl.run(stack, "cleanup")[1], "its answer was lost"
    assert {row(stack, id)["status"] for id in bookings} == {3}


def test_nothing_left_behind_is_exit_0(stack):
    assert ctl.run(stack, "orphans")[0] == ""
    assert "0 bookings were ended, 0 left, 0 failed" in ctl.run(stack, "cleanup")[1]


def test_wrong_arguments_settings_and_keys_are_told_apart(stack):
    for command in ("orphans", "cleanup"):
        assert f"usage: unbookctl {command}" in ctl.run(stack, command, "--help")[0]
        ctl.run(stack, command, "x", code=64)
        ctl.run(stack, command, code=78, UNBOOK_STRIPE_KEY="", UNBOOK_PG_URL="")
        ctl.run(stack, command, code=78, UNBOOK_STRIPE_KEY="pk_nothing")
    assert "--operator" in ctl.run(stack, "cleanup", code=64, USER="")[1]
    stack.sql("UPDATE instance SET livemode = true")
    for command in (("orphans",), ("cleanup",), ("cleanup", "--dry-run")):
        assert "wrong_mode" in ctl.run(stack, *command, code=70)[1]
    stack.sql("UPDATE instance SET livemode = NULL")
