"""I8 and I5: each answer that we gave shows in what became of it, and nothing became of anything that nobody asked for.

An unknown outcome (no answer, or 5xx) is legal both ways, so it proves nothing and may explain anything.
"""

from .client import OK, REFUSED, UNKNOWN
from .lives import CANCELLED, CONFIRMED, LIVE, PENDING
from .people import CLOCK_SLACK_S
from .wrong import Wrong, about

HOLDS_MAX = 3  # Pending bookings of one parent (faults.md, section 4: business flow)


def check_promises(e, expect):
    if not e.calls:
        return
    for call in e.calls:
        if call.wrong and call.outcome == OK:
            yield about(call.booking_id, f"I8: a wrong request was answered {call.status}: {call}")
    yield from _webhooks(e)
    for booking in e.bookings.values():
        who = f"booking {booking['id']}"
        for check in (_cancels, _checkouts, _deadlines, _cause):
            for text in check(e, booking, who):
                yield about(booking["id"], text)
    if e.lives:
        for call in e.calls:
            if call.what == "book" and not call.wrong:
                for text in _BOOK[call.outcome](e, call):
                    yield about(call.booking_id, f"{text}: {call}")


def _webhooks(e):
    """Rule 11: Stripe was told 2xx, so the event is here."""
    for line in e.ledger.lines:
        if line["kind"] == "webhook" and line["status"] == 200 and line["event"] not in e.stripe_events_after:
            yield Wrong(f"I8: event {line['event']} ({line['type']}) was answered 200 and is not stored")


# what was answered about a booking


def _cancels(e, booking, who):
    for call in e.told(booking["id"], "cancel"):
        if call.outcome == OK and booking["status"] != CANCELLED:
            yield f"I8: {who} was answered {call.status} and has status {booking['status']}"


def _checkouts(e, booking, who):
    """cancel-payment and confirm-payment."""
    told = [c for c in e.told(booking["id"]) if "checkout" in c.asked]
    mine = e.checkouts_of(booking["id"])
    for call in told:
        checkout = e.checkouts.get(call.asked["checkout"])
        if call.what == "cancel-payment" and call.outcome == OK and booking["status"] != CANCELLED:
            yield f"I8: {who} was told that its payment is cancelled and has status {booking['status']}"
        if call.code == "already_paid" and not any(c.is_complete(call.ended) for c in mine):
            yield f"I8: {who} was told that it is already paid, which Stripe knows nothing of: {call}"
        if call.what == "confirm-payment" and call.outcome == OK and not e.lives.ever(
            booking["id"], CONFIRMED, call.ended
        ):
            yield f"I8: {who} was told that it is confirmed and never was"
        if call.code == "not_paid" and checkout and (checkout.paid_at or call.ended) < call.began:
            yield f"I8: {who} was told that it is not paid, {call.began - checkout.paid_at:.1f} s after it was: {call}"
        if call.code == "refunded" and not any(r["booking_id"] == booking["id"] for r in e.refunds.values()):
            yield f"I8: {who} was told that its payment is refunded and has no refund: {call}"


def _deadlines(e, booking, who):
    """I5 from outside. Admins may cancel until the start, and what was never paid may be given up at any time."""
    deadline = float(booking["deadline"])
    told = e.told(booking["id"], "cancel")
    first_ok = min((c.began for c in told if c.outcome == OK), default=None)
    for call in told:
        if call.role not in ("Parent", "Teacher"):
            continue
        too_late = call.began > deadline + CLOCK_SLACK_S and (first_ok is None or first_ok > deadline)
        if call.outcome == OK and too_late and booking["payment_intent"] and booking["cancel_cause"] != "admin":
            yield f"I5: {who} was cancelled {call.began - deadline:.1f} s too late"
        if call.code == "too_late" and call.ended < deadline - CLOCK_SLACK_S:
            yield f"I5: {who} was refused {deadline - call.ended:.1f} s too early"


# what became of a booking


def _cause(e, booking, who):
    """A booking that a service has cancelled was cancelled by somebody, or by what Stripe says."""
    into = [m for m in e.moves_of(booking["id"]) if m["became"] == "3"]
    if booking["status"] != CANCELLED or (into and not into[-1]["by"]):
        return
    cause = booking["cancel_cause"]
    if cause in ("parent", "teacher", "admin", "payment_cancelled"):
        what = "cancel-payment" if cause == "payment_cancelled" else "cancel"
        told = [c for c in e.told(booking["id"], what) if c.outcome != REFUSED or c.code == "already_paid"]
        by_hand = any(r.by_hand for i, p in e.payments.items() if p["booking_id"] == booking["id"]
                      for r in e.refunds_at_stripe(i))  # fmt: skip
        if booking["cancelled_by"] not in {c.user_id for c in told} and not (cause == "admin" and by_hand):
            yield f"I8: {who} was cancelled ({cause}) by {booking['cancelled_by']}, who never asked for it: {told}"
    elif not _stripe_or_time_says(e, booking, cause):
        yield f"I8: {who} was cancelled for {cause}, and nothing of that kind has happened"


def _stripe_or_time_says(e, booking, cause):
    checkouts = e.checkouts_of(booking["id"])
    paid = [e.captured[i] for i, p in e.payments.items() if p["booking_id"] == booking["id"] and i in e.captured]
    price = (booking["amount_minor"], booking["currency"].lower())
    return {
        "checkout_expired": any("checkout_expired" in c.became for c in checkouts),
        "checkout_failed": any(c.has_failed for c in checkouts) or _creation_failed(e, booking, checkouts),
        "amount_mismatch": any((p.amount_minor, p.currency.lower()) != price for p in paid),
        "too_late_to_pay": any(p.captured > booking["starts_at"].timestamp() for p in paid),
    }[cause]


def _creation_failed(e, booking, checkouts):
    """Whoever booked was never told of a checkout."""
    told = {c.data["stripeSessionId"] for c in e.told(booking["id"], "book")}
    return not told & {checkout.id for checkout in checkouts}


# what was answered to those who book


def _booked(e, call):
    booking = e.bookings.get(call.booking_id)
    if not booking:
        yield "I8: this booking was promised and does not exist"
        return
    if (booking["parent_id"], booking["teacher_id"]) != (call.user_id, call.asked["teacher"]):
        yield f"I8: booked for {booking['parent_id']} with {booking['teacher_id']}"
    if booking["starts_at"].timestamp() != _seconds(call.asked["at"]):
        yield f"I8: booked at {booking['starts_at']}"
    checkout = e.checkouts.get(call.data["stripeSessionId"])
    if not checkout or checkout.reference != str(call.booking_id) or checkout.id != booking["stripe_session_id"]:
        yield f"I8: the promised checkout is {checkout}, the booking's is {booking['stripe_session_id']}"
    if not e.lives.ever(call.booking_id, PENDING, call.ended):
        yield "I6: it never was Pending"


def _refused(e, call):
    """Only for a reason that there was."""
    rivals = [b for b in e.bookings.values() if _overlaps(b, call)]
    slack = e.commit_slack_s
    if call.code == "slot_taken" and not any(e.lives.may_show(b["id"], call, slack, *LIVE) for b in rivals):
        yield "I8: refused as taken, and nobody had it"
    elif call.code in ("own_hold", "payment_awaited") and not any(
        b["parent_id"] == call.user_id and e.lives.may_show(b["id"], call, slack, PENDING) for b in rivals
    ):
        yield "I8: refused for a hold of their own, and there was none"
    elif call.code == "too_many_holds":
        own = [b for b in e.bookings.values() if b["parent_id"] == call.user_id]
        if sum(e.lives.may_show(b["id"], call, slack, PENDING) for b in own) < HOLDS_MAX:
            yield "I8: refused for too many holds, and there were fewer"
    elif call.code not in ("slot_taken", "own_hold", "payment_awaited", "too_many_holds", "in_progress", "too_soon"):
        yield "I8: a good request was refused"


def _anything(e, call):
    return ()


_BOOK = {OK: _booked, REFUSED: _refused, UNKNOWN: _anything}


def _seconds(text):
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def _overlaps(booking, call):
    """The length of what was asked for is that of the offer, which is the booking's too."""
    length = (booking["ends_at"] - booking["starts_at"]).total_seconds()
    apart = abs(booking["starts_at"].timestamp() - _seconds(call.asked["at"]))
    return booking["teacher_id"] == call.asked["teacher"] and apart < length
