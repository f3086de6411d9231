"""I9 and I11: the topics hold every committed fact, and neither they nor the logs hold what is nobody's business."""

import re

from stack import logscan, services

EVENT_BYTES_MAX = 16 * 1024  # ours are a tenth of that; a pattern must not run over half a megabyte of poison
SECRET = re.compile(logscan.SECRETS.pattern.encode())


def check_secrets(e, expect):
    for hit in logscan.secrets(e.stack.log_dir, services.NAMES):
        yield f"I9: in a log: {hit}"
    people = e.stack.sql("SELECT email, display_name FROM users")
    private = {word for p in people for word in (p["email"], p["display_name"]) if word and len(word) > 3}
    for name in services.NAMES:
        for path in sorted(e.stack.log_dir.glob(f"{name}-*.log")):
            text = path.read_text("utf-8", "replace")
            for word in private:
                if word in text:
                    yield f"I9: {path.name} holds the name or address {word!r}"
    for record in e.records:
        whole = record.raw + b"".join((value or b"") for _, value in record.headers) + record.key.encode()
        if len(whole) > EVENT_BYTES_MAX:
            if not expect.forged:
                yield f"I9: {record.topic} holds a record of {len(whole)} bytes"
        elif record.type and (SECRET.search(whole) or any(word.encode() in whole for word in private)):
            yield f"I9: {record.topic} holds something private: {whole[:200]!r}"


def _facts(e):
    """(event type, booking id, what identifies it) of every move that a service committed."""
    for m in e.moves:
        if not m["by"]:
            continue  # by the test itself
        if m["kind"] == "booking" and m["became"] == "3" and m["was"] in ("0", "1"):
            yield "unbook.booking.cancelled.v1", m["booking_id"], ("version", m["version"])
        elif m["kind"] == "booking" and m["became"] == "2" and m["was"] == "1":
            yield "unbook.booking.completed.v1", m["booking_id"], ("version", m["version"])
        elif m["kind"] == "refund" and m["was"] is None:
            yield "unbook.refund.requested.v1", m["booking_id"], ("refundId", m["id"])
        elif m["kind"] == "refund" and m["became"] != m["was"] and m["became"] not in ("requested", "sending"):
            yield "unbook.refund.changed.v1", m["booking_id"], ("state", m["became"])


def check_topics(e, expect):
    """expect.broker: "kept" each fact is in its topic; "off" it waits in the outbox; "wiped" it may be gone."""
    if expect.broker == "wiped":
        return
    if expect.broker == "off":
        told = {(row["type"], int(row["aggregateid"])) for row in e.outbox}
        for kind, booking_id, what in _facts(e):
            if (kind, booking_id) not in told:
                yield f"I11: {kind} of booking {booking_id} {what} is not even in the outbox"
        return
    seen = {}
    for record in e.records:
        seen.setdefault((record.type, record.body.get("bookingId")), []).append(record)
    for kind, booking_id, (name, value) in _facts(e):
        found = [r for r in seen.get((kind, booking_id), []) if str(r.body.get(name)) == str(value)]
        if not found:
            yield f"I11: {kind} of booking {booking_id} ({name} {value}) never reached its topic"
        for record in found:
            if record.key != str(booking_id):
                yield f"I11: {kind} of booking {booking_id} has key {record.key!r}"
    if not expect.forged:
        yield from _invented(e)


def _invented(e):
    """Nobody but our services wrote into these topics: an event speaks of a fact."""
    if not e.moves:
        return
    facts = {(kind, booking_id) for kind, booking_id, _ in _facts(e)}
    for record in e.records:
        if (record.type, record.body.get("bookingId")) not in facts:
            yield f"I11: {record.type} of booking {record.body.get('bookingId')} speaks of nothing that happened"
