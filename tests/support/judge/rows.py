"""I4, I6, I7 and rule 9, 10: what the tables may look like, and how they may have come to it."""

from .lives import LIVE
from .wrong import Wrong, about

LEGAL = {("0", "1"), ("0", "3"), ("1", "2"), ("1", "3"), ("3", "1")}
FORWARD = ("requested", "sending", "pending", "requires_action", "succeeded", "failed")


def check_rows(e, expect):
    overlaps = e.stack.sql(
        "SELECT a.id AS a, b.id AS b FROM bookings a JOIN bookings b ON a.id < b.id AND a.teacher_id = b.teacher_id"
        " AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at WHERE a.status IN (0, 1) AND b.status IN (0, 1)"
    )
    for pair in overlaps:
        yield about(pair["a"], f"I4: bookings {pair['a']} and {pair['b']} of one teacher overlap")
    yield from _overlapped_once(e)
    for booking in e.bookings.values():
        if booking["status"] not in (0, 1, 2, 3):
            yield about(booking["id"], f"I6: booking {booking['id']} has status {booking['status']!r}")
    for move in e.moves:
        for text in _move(move):
            yield about(move["booking_id"], text)
    meetings = e.stack.sql(
        "SELECT m.booking_id, m.state FROM meetings m JOIN bookings b ON b.id = m.booking_id"
        " WHERE b.status = 3 AND m.state NOT IN ('unwanted', 'gone')"
    )
    for meeting in meetings:
        text = f"rows: booking {meeting['booking_id']} is cancelled, its meeting is {meeting['state']}"
        yield about(meeting["booking_id"], text)
    if expect.dead_letters is not None and len(e.dead_letters) != expect.dead_letters:
        found = [(d["topic"], d["partition"], d["reason"]) for d in e.dead_letters][:5]
        yield Wrong(f"I7: {len(e.dead_letters)} dead letters, expected {expect.dead_letters}: {found}")


def _overlapped_once(e):
    """I4 at every instant: whoever waits for a slot writes after the one who gave it up, so the moves are in order."""
    live = {}
    for move in e.moves:
        if move["kind"] != "booking":
            continue
        booking = e.bookings[move["booking_id"]]
        taken = live.setdefault(booking["teacher_id"], {})
        taken.pop(booking["id"], None)
        if int(move["became"]) not in LIVE:
            continue
        for other in taken.values():
            if other["starts_at"] < booking["ends_at"] and booking["starts_at"] < other["ends_at"]:
                text = f"I4: at {move['at']} bookings {booking['id']} and {other['id']} of one teacher were both live"
                yield about(booking["id"], text)
        taken[booking["id"]] = booking


def _move(move):
    if move["kind"] == "attempts_fell":
        yield f"rule 9: attempts of {move['id']} fell from {move['was']} to {move['became']}"
    elif move["kind"] == "deleted":
        yield f"rule 10: a row of {move['id']} was deleted"
    elif move["kind"] == "booking" and move["was"] not in (None, move["became"]):
        if (move["was"], move["became"]) not in LEGAL:
            yield f"I6: booking {move['id']} went from {move['was']} to {move['became']}"
    elif move["kind"] == "refund" and move["was"] in FORWARD and move["became"] in FORWARD:
        was, became = FORWARD.index(move["was"]), FORWARD.index(move["became"])
        if became < was and not (was <= 1 and became <= 1) and move["by"]:
            yield f"rule 8: refund {move['id']} went back from {move['was']} to {move['became']}"
