"""I3 and I5: what people were told by mail, and that nobody but an admin cancelled too late."""

from .client import OK
from .lives import CANCELLED, CONFIRMED
from .wrong import Wrong, about

REPEATS_MAX = 3  # of a mail whose fate is unknown
CLOCK_SLACK_S = 1.0  # between a caller's clock and the instant of the decision


def check_mails(e, expect):
    """I3, from what was owed to whom."""
    rows = {m["message_id"]: m for m in e.mails if m["message_id"]}
    for message_id in e.delivered.keys() - rows.keys():
        yield Wrong(f"I3: {message_id} was delivered and belongs to no mail row")
    for row in e.mails:
        for text in _one_mail(e, expect, row):
            yield about(row["booking_id"], f"{text} (booking {row['booking_id']})")
    for violation in e.spool.violations():
        yield Wrong(f"I3: SMTP rules broken: {violation}")
    if expect.kills == 0 and not any(m["unknowns"] for m in e.mails):
        try:
            e.spool.assert_copies_only_after_unknown()
        except AssertionError as error:
            yield Wrong(f"I3: {error}")
    mails = {}
    for row in e.mails:
        mails.setdefault((row["booking_id"], row["kind"], row["email"]), []).append(row)
    for booking_id, kind, email, ref in _owed(e):
        found = [row for row in mails.get((booking_id, kind, email), []) if ref in (None, row["ref"])]
        for text in _came(e, expect, found, kind):
            yield about(booking_id, f"I3: booking {booking_id} owes one {kind} mail to each party, {text}")


def _one_mail(e, expect, row):
    copies = e.delivered.get(row["message_id"], [])
    if row["state"] == "sent" and not copies:
        yield f"I3: mail {row['id']} says sent and never came"
    if len(copies) > 1 + row["unknowns"]:
        yield f"I3: mail {row['id']} came {len(copies)} times after {row['unknowns']} unknown outcomes"
    if row["state"] == "failed" and not _may_fail(expect, row):
        yield f"I3: mail {row['id']} failed: {row['last_reply']} {row['last_error']}"
    for mail in copies:
        if mail.rcpts != [row["email"]]:
            yield f"I3: mail {row['id']} went to {len(mail.rcpts)} other people"


def _may_fail(expect, row):
    """Where the line is lost again and again, a person is told after the last repeat (design, section 7, Mail)."""
    return row["id"] in expect.failed_mails or row["unknowns"] >= REPEATS_MAX


def _owed(e):
    """(booking id, kind, to whom, about which refund), from Stripe's ledger, the callers and the moves."""
    for booking in e.bookings.values():
        id = booking["id"]
        both = {booking["parent_email"], booking["teacher_email"]}
        was_kept = booking["payment_intent"] and e.lives.ever(id, CONFIRMED)
        if booking["status"] == CANCELLED and was_kept and any(c.outcome == OK for c in e.told(id, "cancel")):
            yield from ((id, "cancelled", email, None) for email in both)
        elif booking["status"] == CONFIRMED and e.was_confirmed_by_us(id):
            yield from ((id, "confirmed", email, None) for email in both)
    for intent, refund in e.refunds.items():
        booking = e.bookings[refund["booking_id"]]
        if booking["payment_intent"] != intent and intent in e.captured:
            yield booking["id"], "payment_returned", booking["parent_email"], str(refund["id"])


def _came(e, expect, rows, kind):
    if len(rows) != 1:
        yield f"found rows {rows}"
        return
    copies = e.delivered.get(rows[0]["message_id"], [])
    method = {"confirmed": "REQUEST", "cancelled": "CANCEL", "payment_returned": None}[kind]
    if rows[0]["state"] == "failed" and _may_fail(expect, rows[0]):
        return
    if not copies:
        yield f"none came: {rows[0]}"
    elif copies[0].content["calendar_method"] != method:
        yield f"its calendar part says {copies[0].content['calendar_method']}"


def check_notice(e, expect):
    """I5 from inside: the decision's own instant and the trigger's."""
    for b in e.bookings.values():
        if b["status"] == CANCELLED and b["cancel_cause"] in ("parent", "teacher"):
            if b["payment_intent"] and not b["starts_at"] - b["cancelled_at"] > b["cancel_notice"]:
                text = f"I5: booking {b['id']} was cancelled at {b['cancelled_at']}, it starts at {b['starts_at']}"
                yield about(b["id"], text)
        for m in e.moves_of(b["id"]):
            ahead = b["starts_at"] - m["at"] - b["cancel_notice"]
            if (m["was"], m["became"]) == ("1", "3") and m["by"] and b["cancel_cause"] in ("parent", "teacher"):
                if ahead.total_seconds() < -CLOCK_SLACK_S:
                    text = f"I5: booking {b['id']} became Cancelled at {m['at']}, it starts at {b['starts_at']}"
                    yield about(b["id"], text)
