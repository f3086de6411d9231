"""unbookctl verify: says what is wrong in a live database, and nothing else."""

import json

import pytest
from stack import ctl
from stack import refunding as r
from stack.system import ROOT


@pytest.fixture
def stack(new_stack):
    return new_stack(only=())


def verify(stack, *args):
    process = ctl.start(stack, "verify", *args)
    out, err = ctl.finish(process, code=None)
    assert process.returncode in (0, 1), err
    lines = out.splitlines()
    assert process.returncode == bool(lines)
    assert f"{len(lines)} violations" in err
    return lines


def add_refund(stack, booking, refund, name, amount_minor, status="succeeded", currency="EUR"):
    stack.sql(
        "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status, refund_id, generation)"
        " VALUES (%s, %s, %s, %s, %s, %s, 1)",
        name, booking.payment_intent, amount_minor, currency, status, refund,
    )  # fmt: skip


def refunded(stack, **options):
    booking = r.paid(stack, **options)
    refund = r.ask(stack, booking, doorbell=False)
    stack.sql("UPDATE refunds SET state = 'succeeded' WHERE id = %s", refund)
    add_refund(stack, booking, refund, f"re_{booking.id}", booking.amount_minor)
    return booking, refund


def without_checks(stack, statement, *args):
    """As a table looks whose constraints somebody has dropped."""
    stack.sql("ALTER TABLE bookings DISABLE TRIGGER bookings_status_moves")
    for row in stack.sql(
        "SELECT conrelid::regclass::text AS t, conname FROM pg_constraint"
        " WHERE conrelid IN ('bookings'::regclass, 'mails'::regclass) AND contype IN ('c', 'x')"
        " OR conname = 'mails_message_id_key'"
    ):
        stack.sql(f"ALTER TABLE {row['t']} DROP CONSTRAINT {row['conname']}")
    stack.sql(statement, *args)


def test_a_sound_database_has_no_violation(stack):
    parent, teacher, _ = stack.seed.family()
    stack.seed.booking(parent, teacher, status=0, paid=False)
    r.paid(stack)
    r.paid(stack, status=2, starts_in="-3 days")
    refunded(stack)
    r.ask(stack, r.paid(stack), doorbell=False)  # on its way
    failed = r.ask(stack, r.paid(stack), doorbell=False)
    stack.sql("UPDATE refunds SET state = 'failed' WHERE id = %s", failed)
    assert verify(stack) == []


def test_by_hand_refunds_of_a_session_that_took_place_are_no_violation(stack):
    booking = r.paid(stack, status=2, starts_in="-3 days")
    stack.sql(
        "INSERT INTO refunds (payment_intent, booking_id, cause, state, next_try_at)"
        " VALUES (%s, %s, 'admin', 'succeeded', now())",
        booking.payment_intent, booking.id,
    )  # fmt: skip
    add_refund(stack, booking, None, "re_hand", 4500)
    assert verify(stack) == []


def test_money_that_is_nowhere_or_twice_is_found(stack):
    lost, kept, over, short = r.paid(stack), r.paid(stack), *(refunded(stack) for _ in range(2))
    stack.sql("UPDATE bookings SET payment_intent = NULL WHERE id = %s", lost.id)
    stack.sql(
        "INSERT INTO refunds (payment_intent, booking_id, cause, next_try_at) VALUES (%s, %s, 'parent', now())",
        kept.payment_intent, kept.id,
    )  # fmt: skip
    add_refund(stack, over[0], None, "re_more", 1)
    stack.sql("UPDATE stripe_refunds SET amount_minor = 4499 WHERE refund_id = %s", short[1])
    assert [line.replace(":", "").split()[:3] for line in verify(stack)] == [
        ["I1", "payment", lost.payment_intent],
        ["I1", "payment", kept.payment_intent],
        ["I1", "payment", over[0].payment_intent],
        ["I1", "refund", short[1]],
    ]
    settle = "UPDATE refunds SET settled_by = 'ann', settled_at = now(), settled_minor = 1 WHERE id = %s"
    stack.sql(settle, short[1])
    assert len(verify(stack)) == 3, "what a named operator settled elsewhere is done"


def test_a_kept_payment_of_another_amount_or_currency_is_found(stack):
    less, alien = r.paid(stack), r.paid(stack, status=2, starts_in="-3 days")
    stack.sql("UPDATE payments SET amount_minor = 4499 WHERE booking_id = %s", less.id)
    stack.sql("UPDATE bookings SET currency = 'CHF' WHERE id = %s", alien.id)
    assert sorted(verify(stack)) == [
        f"I1 booking {less.id} (status 1) keeps payment {less.payment_intent} of 4499 EUR, its price is 4500 EUR",
        f"I1 booking {alien.id} (status 2) keeps payment {alien.payment_intent} of 4500 EUR, its price is 4500 CHF",
    ]


def test_a_cancelled_paid_booking_without_a_refund_is_found(stack):
    booking, refund = refunded(stack)
    stack.sql("DELETE FROM stripe_refunds")
    stack.sql("DELETE FROM refunds")
    (line,) = verify(stack)
    assert line == f"I2 booking {booking.id} is cancelled, its payment {booking.payment_intent} has no refund"


def test_a_cancelled_booking_whose_payment_the_bank_gave_back_owes_nothing(stack):
    booking, refund = refunded(stack)
    stack.sql("DELETE FROM stripe_refunds")
    stack.sql("DELETE FROM refunds")
    word = {"dispute": "dp_1", "status": "lost", "paymentIntent": booking.payment_intent, "currency": "eur"}
    told = "INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%s, 'stripe', %s, %s)"
    stack.sql(told, booking.id, "charged_back", json.dumps(word | {"amountMinor": 4000}))
    assert [line[:2] for line in verify(stack)] == ["I2"], "the rest of a part is still owed"
    stack.sql(told, booking.id, "charged_back", json.dumps(word | {"amountMinor": 500, "dispute": "dp_2"}))
    stack.sql(told, booking.id, "disputed", json.dumps(word | {"amountMinor": 500, "status": "needs_response"}))
    assert verify(stack) == [], "a late word does not open what is lost"


def settled(stack, reference, *before, by="operator:ann"):
    """A failed refund that was settled elsewhere, after each of those was told of its booking."""
    booking = r.paid(stack)
    refund = r.ask(stack, booking, doorbell=False)
    for tell, *args in before:
        tell(stack, booking, *args)
    stack.sql(
        "UPDATE refunds SET state = 'failed', settled_by = %s, settled_reference = %s, settled_at = clock_timestamp()"
        " WHERE id = %s", by, reference, refund
    )  # fmt: skip
    stack.sql(
        "UPDATE refunds r SET settled_minor = greatest(s.amount_minor - s.given_minor, 0) FROM settled_sums s"
        " WHERE s.refund_id = r.id AND r.id = %s", refund
    )  # fmt: skip
    return booking, refund


def tell(stack, booking, what, **detail):
    stack.sql("INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%s, 'stripe', %s, %s)",
              booking.id, what, json.dumps(detail))  # fmt: skip


def by_hand(stack, booking, name, amount_minor=4500, status="succeeded"):
    tell(stack, booking, "refund_by_hand", stripeRefund=name)
    add_refund(stack, booking, None, name, amount_minor, status)


def dispute(stack, booking, name, status, amount_minor=4500):
    what = {"lost": "charged_back", "won": "dispute_closed"}.get(status, "disputed")
    tell(stack, booking, what, dispute=name, status=status, paymentIntent=booking.payment_intent,
         amountMinor=amount_minor, currency="eur")  # fmt: skip


def test_what_we_gave_back_and_the_bank_as_well_is_found(stack):
    (booking, _), (part, _) = refunded(stack), refunded(stack)
    stack.sql("UPDATE stripe_refunds SET amount_minor = 3500 WHERE payment_intent = %s", part.payment_intent)
    dispute(stack, part, "dp_part", "lost", 1000)
    dispute(stack, booking, "dp_all", "lost")
    found = [line for line in verify(stack) if "the bank" in line]
    assert found == [f"I1 payment {booking.payment_intent}: 4500 EUR captured, Stripe gave back 4500 and the bank 4500"]


def test_what_was_settled_elsewhere_and_given_back_as_well_is_found(stack):
    settled(stack, "SEPA, the rest", (by_hand, "re_1", 1000), (dispute, "dp_1", "lost", 3000))
    settled(stack, "dp_2", (by_hand, "re_2", 1000), (dispute, "dp_2", "lost", 3500), by="stripe")
    by_hand(stack, settled(stack, "SEPA 3")[0], "re_3", status="failed")
    rest, _ = settled(stack, "SEPA, the rest", (dispute, "dp_5", "lost", 1000))
    dispute(stack, rest, "dp_5", "lost", 1000)  # told again
    settled(stack, "SEPA, the rest", (dispute, "dp_12", "lost", 4499))
    settled(stack, "dp_13 and SEPA 13", (dispute, "dp_13", "lost"))
    settled(stack, "re_14, dp_14", (by_hand, "re_14", 1000), (dispute, "dp_14", "lost", 3500))
    assert verify(stack) == []

    twice = [settled(stack, f"SEPA {n}") for n in range(5)]
    by_hand(stack, twice[0][0], "re_6")
    by_hand(stack, twice[1][0], "re_7", 1000)
    add_refund(stack, *twice[2], "re_8", 4500, "pending")
    dispute(stack, twice[3][0], "dp_9", "lost")
    add_refund(stack, twice[4][0], None, "re_10", 4500)
    twice.append(settled(stack, "dp_11", (dispute, "dp_11", "lost"), by="stripe"))
    add_refund(stack, twice[5][0], None, "re_11", 1)
    assert {line.split()[2] for line in verify(stack)} == {refund for _, refund in twice}
    assert (
        f"I1 refund {twice[1][1]} of payment {twice[1][0].payment_intent} was settled by operator:ann (SEPA 1): of 4500 EUR"
        " 4500 went another way, Stripe gave back 1000 and the bank 0, 1000 too much"
    ) in verify(stack)


def test_what_lacks_of_what_was_settled_is_found_until_it_is_given_back(stack):
    booking, refund = settled(stack, "dp_1, re_1 and SEPA 1", (dispute, "dp_1", "lost", 2000), (by_hand, "re_1", 1000))
    assert verify(stack) == []
    dispute(stack, booking, "dp_1", "won", 2000)
    stack.sql("UPDATE stripe_refunds SET status = 'failed'")
    assert verify(stack) == [
        f"I1 refund {refund} of payment {booking.payment_intent} was settled by operator:ann (dp_1, re_1 and SEPA 1): of 4500"
        " EUR 1500 went another way, Stripe gave back 0 and the bank 0, 3000 lack"
    ]
    dispute(stack, booking, "dp_2", "needs_response", 100)
    assert verify(stack) == [], "the bank may still give it back"
    dispute(stack, booking, "dp_2", "won", 100)
    by_hand(stack, booking, "re_2", 2999)
    assert verify(stack)[0].endswith("Stripe gave back 2999 and the bank 0, 1 lack")
    by_hand(stack, booking, "re_3", 1)
    assert verify(stack) == []
    by_hand(stack, booking, "re_4", 1)
    assert verify(stack)[0].endswith(", 1 too much")


def settled_before(stack, reference, *before, after=(), by="operator:ann"):
    """As the column was not there: its refund's id, once those were told of its booking, each before or after."""
    booking = r.paid(stack)
    refund = r.ask(stack, booking, doorbell=False)
    for call, *args in before:
        call(stack, booking, *args)
    stack.sql(
        "UPDATE refunds SET state = 'failed', settled_by = %s, settled_reference = %s, settled_at = clock_timestamp()"
        " WHERE id = %s", by, reference, refund
    )  # fmt: skip
    for call, *args in after:
        call(stack, booking, *args)
    return refund


def failed_later(stack, booking, name):
    stack.sql("UPDATE stripe_refunds SET status = 'failed' WHERE id = %s", name)
    tell(stack, booking, "refund_failed", stripeRefund=name)


def test_what_was_settled_before_it_was_summed_is_summed_as_it_was_then(stack):
    """What came to nothing since lacks, what came since is too much, and nothing that was reported is not any more."""
    version = "20261126000011"
    (file,) = (ROOT / "deploy" / "migrations").glob(f"{version}_*.sql")
    stack.sql(file.read_text("utf-8").split("-- migrate:down")[1])
    stack.sql("DELETE FROM schema_migrations WHERE version = %s", version)
    expected = {
        settled_before(stack, "SEPA 1"): (4500, 0),
        settled_before(stack, "SEPA 2", (by_hand, "re_2", 1000), (dispute, "dp_2", "lost", 2000)): (1500, 0),
        settled_before(stack, "SEPA 3", (by_hand, "re_3", 1000), after=[(failed_later, "re_3")]): (3500, -1000),
        settled_before(stack, "SEPA 4", (by_hand, "re_4", 1000, "failed")): (4500, 0),
        settled_before(stack, "SEPA 5", after=[(by_hand, "re_5", 1000)]): (4500, 1000),
        settled_before(stack, "re_6 in the dashboard", after=[(by_hand, "re_6", 4500)]): (0, 0),
        settled_before(stack, "SEPA 7", (dispute, "dp_7", "lost", 2000), after=[(dispute, "dp_7", "won", 2000)]): (2500, -2000),
        settled_before(stack, "dp_8", (dispute, "dp_8", "needs_response"), after=[(dispute, "dp_8", "won")]): (0, -4500),
        settled_before(stack, "dp_9", (dispute, "dp_9", "needs_response"), after=[(dispute, "dp_9", "lost")]): (0, 0),
        settled_before(stack, "SEPA 10", after=[(dispute, "dp_10", "lost", 2000)]): (4500, 2000),
        settled_before(stack, "SEPA 11", (dispute, "dp_11", "lost")): (1, 1),
        settled_before(stack, "dp_12", (dispute, "dp_12", "lost"), by="stripe"): (0, 0),
    }
    ctl.run(stack, "migrate", "--dir", file.parent)
    found = stack.sql("SELECT refund_id, settled_minor, given_minor - amount_minor AS over FROM settled_sums")
    assert {str(row["refund_id"]): (row["settled_minor"], row["over"]) for row in found} == expected
    assert len(verify(stack)) == 6


def test_a_cancel_that_came_too_late_is_found(stack):
    booking, _ = refunded(stack)
    stack.sql("UPDATE bookings SET starts_at = cancelled_at + interval '24 hours',"
              " ends_at = cancelled_at + interval '25 hours'")  # fmt: skip
    (line,) = verify(stack)
    assert line.startswith(f"I5 booking {booking.id} was cancelled by its parent")
    stack.sql("UPDATE bookings SET cancel_cause = 'teacher'")
    assert len(verify(stack, "--teacher-notice-s", 86400)) == 1
    assert verify(stack, "--teacher-notice-s", 86399) == []
    stack.sql("UPDATE bookings SET cancel_cause = 'admin'")
    assert verify(stack) == []


def test_overlaps_unknown_statuses_and_odd_mails_are_found(stack):
    parent, teacher, _ = stack.seed.family()
    first = stack.seed.booking(parent, teacher)
    second = stack.seed.booking(parent, teacher, starts_in="5 days")
    odd = r.paid(stack)
    for kind in ("confirmed", "cancelled"):
        stack.sql(
            "INSERT INTO mails (booking_id, kind, recipient_id, booking_version, state, next_try_at)"
            " VALUES (%s, %s, %s, 1, 'sent', now())",
            odd.id, kind, odd.parent.id,
        )  # fmt: skip
    without_checks(stack, "UPDATE bookings SET starts_at = b.starts_at + interval '59 minutes',"
                   " ends_at = b.ends_at + interval '59 minutes' FROM bookings b"
                   " WHERE b.id = %s AND bookings.id = %s", first.id, second.id)  # fmt: skip
    stack.sql("UPDATE mails SET message_id = '<x@y>', sent_at = now() WHERE kind = 'cancelled'")
    stack.sql("UPDATE bookings SET status = 4 WHERE id = %s", odd.id)
    found = verify(stack)
    assert f"I4 bookings {first.id} and {second.id} of teacher {teacher.id} overlap" in found
    assert f"I6 booking {odd.id} has status 4, cause none, cancelled at never" in found
    assert any(line.startswith("I3 mail") and "without a Message-ID" in line for line in found)
    assert any(line.startswith(f"I1 payment {odd.payment_intent}") for line in found)
    stack.sql("UPDATE mails SET message_id = '<x@y>', sent_at = now()")
    assert any(line.startswith("I3 Message-ID <x@y> stands on mails") for line in verify(stack))


def test_a_role_that_may_only_read_is_enough_and_nothing_is_written(stack):
    refunded(stack)
    stack.sql(f"ALTER DATABASE {stack.database} SET default_transaction_read_only = on")
    assert verify(stack) == []


def test_wrong_arguments_and_help(stack):
    for args in (["x"], ["--teacher-notice-s", "x"], ["--teacher-notice-s"]):
        ctl.run(stack, "verify", *args, code=64)
    assert "usage: unbookctl verify" in ctl.run(stack, "verify", "--help")[0]
