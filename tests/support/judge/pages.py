"""I8 for those who only look: a page shows what was so while it was asked for, and never forgets what its reader was told before."""

import datetime

from .client import OK
from .lives import CANCELLED, CONFIRMED, PENDING
from .wrong import about


def check_pages(e, expect):
    if not e.lives:
        return
    promises = _Promises(e)
    for call in e.calls:
        if call.outcome != OK or call.wrong or call.what not in ("list", "show"):
            continue
        shown = call.data if call.what == "list" else [call.data]
        for session in shown:
            for text in _one(e, call, session, promises):
                yield about(session["id"], f"{text}: session {session['id']} in {call.what} of {call.user_id}")
        if call.what == "list":
            for booking_id, text in _whole_list(e, call, {s["id"] for s in shown}, promises):
                yield about(booking_id, f"I8: the list of {call.user_id} {text} {booking_id}")
            for text in _order(call, shown):
                yield about(None, text)


class _Promises:
    """When the first answer came that says a booking's fate."""

    def __init__(self, e):
        self.cancelled, self.confirmed = {}, {}
        for call in sorted(e.calls, key=lambda c: c.ended):
            if call.outcome == OK and call.what in ("cancel", "cancel-payment"):
                self.cancelled.setdefault(call.booking_id, call.ended)
            elif call.outcome == OK and call.what == "confirm-payment":
                self.confirmed.setdefault(call.booking_id, call.ended)


def _one(e, call, session, promises):
    booking = e.bookings.get(session["id"])
    if not booking:
        yield "I8: it does not exist"
        return
    status = session["status"]
    if call.user_id not in (booking["parent_id"], booking["teacher_id"], booking["student_id"]) and call.role != "Admin":
        yield "I8: it is somebody else's"
    if not e.lives.may_show(booking["id"], call, e.commit_slack_s, status):
        yield f"I8: status {status} was not so then: {e.lives.of(booking['id'])}"
    if promises.cancelled.get(booking["id"], call.began) < call.began and status != CANCELLED:
        yield f"I8: status {status} after they were told that it is cancelled"
    if promises.confirmed.get(booking["id"], call.began) < call.began and status == PENDING:
        yield "I8: Pending after they were told that it is confirmed"
    if session["statusName"] != ("Pending", "Confirmed", "Completed", "Cancelled")[status]:
        yield f"I6: status {status} is called {session['statusName']}"
    if bool(session["googleMeetLink"]) and status != CONFIRMED:
        yield f"I8: a link with status {status}"
    if session["amountMinor"] != booking["amount_minor"]:
        yield f"I8: it costs {session['amountMinor']}"
    if call.what == "list" and call.role == "Parent" and status == PENDING and not session["stripeSessionId"]:
        yield "I8: Pending, and its checkout does not exist yet"
    if call.what == "list" and status == CANCELLED and not e.was_paid(booking["id"], call.ended):
        yield "I8: an unpaid Cancelled one is shown"


def _whole_list(e, call, ids, promises):
    """What was paid and kept during the whole call is in it, and what they were told before that it is confirmed."""
    column = {"Parent": "parent_id", "Teacher": "teacher_id"}[call.role]
    for booking in e.bookings.values():
        if booking[column] != call.user_id or booking["id"] in ids:
            continue
        was_told = promises.confirmed.get(booking["id"], call.began) < call.began
        if e.lives.throughout(booking["id"], call, e.commit_slack_s, CONFIRMED) or (
            was_told and e.lives.is_for_good(booking["id"], CONFIRMED)
        ):
            yield booking["id"], "lacks the confirmed booking"


def _order(call, shown):
    """The soonest upcoming one first."""
    now = datetime.datetime.fromtimestamp(call.ended, datetime.UTC)
    times = [datetime.datetime.fromisoformat(s["scheduledDateTime"]) for s in shown]
    upcoming = [at for at in times if at > now]
    if times[: len(upcoming)] != sorted(upcoming):
        yield f"I8: the list of {call.user_id} is not in order: {times}"
