"""unbookctl show: what became of one booking."""

import re

import pytest
from stack import ctl
from stack import refunding as r


@pytest.fixture
def stack(new_stack):
    return new_stack(only=())


def show(stack, *args, code=0, **settings):
    return ctl.run(stack, "show", *args, code=code, **settings)


def counts(stack):
    tables = ("bookings", "refunds", "mails", "booking_log", "outbox")
    return [stack.one(f"SELECT count(*) AS n FROM {table}")["n"] for table in tables]


def test_a_cancelled_booking_shows_money_mails_and_time_line(stack):
    booking = r.paid(stack, title="Algebra\x1b[2Jé\u009b")
    refund = r.ask(stack, booking, doorbell=False)
    stack.sql("UPDATE refunds SET state = 'failed', failure_reason = 'expired_or_canceled_card', attempts = 2")
    stack.sql(
        "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status, refund_id, generation)"
        " VALUES ('re_ours', %s, 4500, 'EUR', 'failed', %s, 1)",
        booking.payment_intent, refund,
    )  # fmt: skip
    stack.sql(
        "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status)"
        " VALUES ('re_hand', %s, 500, 'EUR', 'succeeded')",
        booking.payment_intent,
    )
    stack.sql(
        "INSERT INTO mails (booking_id, kind, recipient_id, booking_version, state, sent_at, next_try_at)"
        " VALUES (%s, 'cancelled', %s, 2, 'sent', '2026-01-02T03:04:05.5Z', now())",
        booking.id, booking.parent.id,
    )  # fmt: skip
    for actor, what in ((f"user:{booking.parent.id}", "cancelled"), ("refund-worker", "refund_failed")):
        stack.sql(
            "INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%s, %s, %s, '{\"k\": \"v\"}')",
            booking.id, actor, what,
        )  # fmt: skip
    before = counts(stack)
    text, err = show(stack, booking.id)
    assert err == ""
    assert f"booking {booking.id}: Cancelled (3), cause parent, by user:{booking.parent.id}\n" in text
    assert "Algebra?[2Jé?\n" in text, "nothing steers the terminal"
    assert f"{booking.payment_intent}: 45.00 EUR captured 20" in text
    assert ", the booking's own\n" in text
    assert f"refund {refund}: failed, cause parent, generation 1, attempts 2, reason expired_or_canceled_card\n" in text
    assert f"re_ours: 45.00 EUR failed, of {booking.payment_intent}\n" in text
    assert f"re_hand: 5.00 EUR succeeded, of {booking.payment_intent}, made by hand\n" in text
    assert f": cancelled to user:{booking.parent.id}, sent 2026-01-02T03:04:05Z, attempts 0\n" in text
    line = re.search(r"^  \S+Z  (\S+)  cancelled  \{\"k\": \"v\"\}$", text, re.M)
    assert line and line[1] == f"user:{booking.parent.id}"
    assert text.index("  cancelled  {") < text.index("  refund_failed  {")
    assert "@" not in text, "no mail address"
    assert counts(stack) == before


def test_an_unpaid_booking_says_that_nothing_was_captured(stack):
    parent, teacher, _ = stack.seed.family()
    booking = stack.seed.booking(parent, teacher, status=0, paid=False)
    text, _ = show(stack, booking.id)
    assert f"booking {booking.id}: Pending (0)\n" in text
    assert "money: none was captured\n" in text
    assert "mails: none\n" in text


def test_what_is_wrong_is_said_with_its_exit_code(stack):
    out, err = show(stack, 999999, code=1)
    assert out == "" and "no booking 999999" in err
    for args in ((), ("x",), ("0",), ("1", "2"), ("99999999999999999999",)):
        said = show(stack, *args, code=64)[1].splitlines()
        assert len(said) == 2 and said[0].startswith("unbookctl show: ") and said[1] == "see unbookctl show --help"
        assert not args or args[-1] in said[0], "the one that is to blame"
    show(stack, 1, code=78, UNBOOK_PG_URL="")
    away = show(stack, 1, code=70, UNBOOK_PG_URL="postgresql://nobody@127.0.0.1:1/none")
    assert "pg_unavailable" in away[1]
    assert "usage: unbookctl show" in show(stack, "--help")[0]
