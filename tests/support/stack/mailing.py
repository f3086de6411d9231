"""Mails in a stack: queue them as a cancel does, without its event; wait; look at what arrived."""

from mail_sink.reader import SpoolReader

OPEN = "('queued', 'sending', 'unknown')"


def quiet(new_stack, **options):
    """Everything but services, with one paid booking: (stack, booking)."""
    stack = new_stack(only=(), **options)
    parent, teacher, _ = stack.seed.family()
    return stack, stack.seed.booking(parent, teacher)


def notifier(stack, wait=True, **extra):
    return stack.start_service("notifier", wait=wait, **extra)


def cancel(stack, booking, *, by=None, cause="parent", reason=None, due="0"):
    """What the cancel's transaction writes, but for its event. due: an interval until the sweep sees the mails."""
    by = by or booking.parent
    stack.sql(
        "UPDATE bookings SET status = 3, version = version + 1, cancelled_at = clock_timestamp(),"
        " cancel_cause = %s, cancelled_by = %s, cancellation_reason = %s WHERE id = %s",
        cause, by.id, reason, booking.id)  # fmt: skip
    if booking.payment_intent:
        stack.sql(
            "INSERT INTO refunds (payment_intent, booking_id, cause, next_try_at)"
            " VALUES (%s, %s, %s, clock_timestamp() + interval '1 day')",
            booking.payment_intent, booking.id, cause)  # fmt: skip
    stack.sql("UPDATE meetings SET state = 'gone', sequence = sequence + 1 WHERE booking_id = %s", booking.id)
    for person in (booking.parent, booking.teacher):
        queue(stack, booking, person, due=due)


def queue(stack, booking, person, kind="cancelled", *, ref="", due="0"):
    """One mail row about the booking as it is now; its id."""
    return stack.one(
        "INSERT INTO mails (booking_id, kind, recipient_id, booking_version, ref, next_try_at)"
        " SELECT id, %s, %s, version, %s, clock_timestamp() + %s::interval FROM bookings WHERE id = %s"
        " RETURNING id",
        kind, person.id, ref, due, booking.id)["id"]  # fmt: skip


def rows(stack, booking=None):
    where = "" if booking is None else f"WHERE booking_id = {int(booking.id)}"
    return stack.sql(f"SELECT * FROM mails {where} ORDER BY id")


def settle(stack, timeout=20.0):
    """Wait until no mail is open; all mail rows."""
    stack.eventually(
        lambda: stack.one(f"SELECT count(*) AS n FROM mails WHERE state IN {OPEN}")["n"] == 0,
        timeout,
        "no mail is open",
    )
    return rows(stack)


def fault(stack, **rule):
    stack.mail.control("POST", "/_mail/faults", rule)


def heal(stack):
    stack.mail.control("DELETE", "/_mail/faults")


def check(stack, copies=None):
    """Invariant I3: each sent row's Message-ID was delivered, again only as often as its outcome was unknown.

    copies: how often each must have come, where the fault decides that.
    """
    spool = SpoolReader(stack.mail.spool)
    spool.assert_no_violations()
    delivered = spool.by_message_id()
    for row in rows(stack):
        if row["state"] == "sent":
            came = len(delivered.get(row["message_id"], []))
            assert came >= 1, f"mail {row['id']} was never delivered"
            assert came <= 1 + row["unknowns"], f"mail {row['id']} came {came} times"
            assert copies is None or came in copies, f"mail {row['id']} came {came} times"
    known = {row["message_id"] for row in rows(stack)}
    assert set(delivered) <= known, "a Message-ID that no row knows"
    return delivered
