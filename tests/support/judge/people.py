"""I3, I5, I8: what people were told, by mail and by the API, against what became of it."""

from collections import Counter

from .client import OK, UNKNOWN

CLOCK_SLACK_S = 1.0  # between a caller's clock and the instant of the decision


def check_mails(e, expect):
    """I3, from what was owed: a Confirmed booking that was cancelled owes one news to each party."""
    copies = Counter(m.message_id for m in e.spool.delivered())
    rows = {m["message_id"]: m for m in e.mails if m["message_id"]}
    for message_id in copies:
        if message_id not in rows:
            yield f"I3: {message_id} was delivered and belongs to no mail row"
    for row in e.mails:
        came = copies.get(row["message_id"], 0)
        if row["state"] == "sent" and came < 1:
            yield f"I3: mail {row['id']} says sent and never came"
        if came > 1 + row["unknowns"]:
            yield f"I3: mail {row['id']} came {came} times after {row['unknowns']} unknown outcomes"
        if row["state"] == "failed" and row["id"] not in expect.failed_mails:
            yield f"I3: mail {row['id']} failed: {row['last_reply']} {row['last_error']}"
    for mail in e.spool.delivered():
        row = rows.get(mail.message_id)
        if row and mail.rcpts != [row["email"]]:
            yield f"I3: mail {row['id']} went to {len(mail.rcpts)} other people"
    for violation in e.spool.violations():
        yield f"I3: SMTP rules broken: {violation}"
    if expect.kills == 0 and not any(m["unknowns"] for m in e.mails):
        try:
            e.spool.assert_copies_only_after_unknown()
        except AssertionError as error:
            yield f"I3: {error}"
    yield from _owed(e, expect)


def _owed(e, expect):
    for booking in e.bookings.values():
        told = [c for c in e.told(booking["id"]) if c.outcome == OK]
        if booking["status"] != 3 or not booking["payment_intent"] or not told:
            continue
        for email in {booking["parent_email"], booking["teacher_email"]}:
            rows = [
                m
                for m in e.mails
                if (m["booking_id"], m["kind"], m["email"]) == (booking["id"], "cancelled", email)
            ]
            if len(rows) != 1:
                yield f"I3: booking {booking['id']} owes one cancelled mail to each party, found rows {rows}"
            elif rows[0]["id"] not in expect.failed_mails and not any(
                m.message_id == rows[0]["message_id"] and m.content["calendar_method"] == "CANCEL"
                for m in e.spool.delivered(email)
            ):
                yield f"I3: booking {booking['id']}: no mail that takes it out of the calendar reached a party"


def check_promises(e, expect):
    """I8 and I5: each answer that we gave shows, each cancelled booking has somebody who asked for it."""
    if not e.calls:
        return
    for booking in e.bookings.values():
        told = [c for c in e.told(booking["id"]) if c.what == "cancel"]
        ok = [c for c in told if c.outcome == OK]
        maybe = [c for c in told if c.outcome == UNKNOWN]
        who = f"booking {booking['id']}"
        if ok and booking["status"] != 3:
            yield f"I8: {who} was answered {ok[0].status} and has status {booking['status']}"
        if booking["status"] == 3 and booking["cancelled_by"] not in {c.user_id for c in ok + maybe}:
            if _moved_by_a_service(e, booking):
                yield f"I8: {who} was cancelled by {booking['cancelled_by']}, who was never told so: {told}"
        if booking["status"] == 3 and booking["cancel_cause"] in ("parent", "teacher") and not ok and not maybe:
            if _moved_by_a_service(e, booking):
                yield f"I8: {who} was cancelled and nobody asked"
        yield from _deadlines(booking, told, who)


def _moved_by_a_service(e, booking):
    into = [m for m in e.moves if m["kind"] == "booking" and m["booking_id"] == booking["id"] and m["became"] == "3"]
    return not into or bool(into[-1]["by"])


def _deadlines(booking, told, who):
    """I5 from outside. Admins may cancel until the start."""
    deadline = float(booking["deadline"])
    first_ok = min((c.began for c in told if c.outcome == OK), default=None)
    for call in told:
        if call.role not in ("Parent", "Teacher"):
            continue
        if call.outcome == OK and call.began > deadline + CLOCK_SLACK_S and (first_ok is None or first_ok > deadline):
            yield f"I5: {who} was cancelled {call.began - deadline:.1f} s too late"
        if call.code == "too_late" and call.ended < deadline - CLOCK_SLACK_S:
            yield f"I5: {who} was refused {deadline - call.ended:.1f} s too early"


def check_notice(e, expect):
    """I5 from inside: the decision's own instant and the trigger's."""
    for b in e.bookings.values():
        if b["status"] == 3 and b["cancel_cause"] in ("parent", "teacher"):
            if b["payment_intent"] and not b["starts_at"] - b["cancelled_at"] > b["cancel_notice"]:
                yield f"I5: booking {b['id']} was cancelled at {b['cancelled_at']}, it starts at {b['starts_at']}"
    for m in e.moves:
        if (m["kind"], m["was"], m["became"]) == ("booking", "1", "3") and m["by"]:
            b = e.bookings[m["booking_id"]]
            ahead = b["starts_at"] - m["at"] - b["cancel_notice"]
            if b["cancel_cause"] in ("parent", "teacher") and ahead.total_seconds() < -CLOCK_SLACK_S:
                yield f"I5: booking {b['id']} became Cancelled at {m['at']}, it starts at {b['starts_at']}"
