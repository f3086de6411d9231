"""The judge itself: rows and answers made up by hand, each of which it must call wrong."""

import json
import time

import judge
import pytest
from judge.client import Call
from stack.stripe_caller import Stripe

NOW = {"ok": 200, "refused": 409, "unknown": 503}


class Liar:
    """Answers that nobody gave, to people who asked a moment ago."""

    def __init__(self, world):
        self.world = world

    def say(self, what, booking_id, by, outcome="refused", **more):
        now = time.time()
        self.world.client.calls.append(Call(what, booking_id, by, now, now, outcome, NOW[outcome], **more))


def lie(world, liar):
    """What is said to people, with what the judge is to say of it."""
    (kept,) = world.book()
    parent, stranger = kept.parent, world.stack.seed.person("Parent", "Stella Stranger")
    at, nowhere = {"teacher": world.teacher.id, "at": world.free_hour()}, {"checkout": "cs_test_none"}
    session = {"id": kept.id, "status": 3, "statusName": "Cancelled", "googleMeetLink": None, "amountMinor": 4500,
               "stripeSessionId": None, "scheduledDateTime": "2099-01-01T00:00:00Z"}  # fmt: skip
    pending = world.stack.seed.booking(parent, world.stack.seed.person("Teacher", "Tea"), status=0, paid=False)
    liar.say("cancel", kept.id, parent, "ok")
    yield "was answered 200 and has status 1"
    liar.say("cancel-payment", kept.id, parent, "ok", asked=nowhere)
    yield "its payment is cancelled and has status 1"
    liar.say("cancel-payment", pending.id, parent, code="already_paid", asked=nowhere)
    yield "already paid, which Stripe knows nothing of"
    liar.say("confirm-payment", pending.id, parent, "ok", asked=nowhere)
    yield "is confirmed and never was"
    liar.say("confirm-payment", kept.id, parent, code="refunded", asked=nowhere)
    yield "its payment is refunded and has no refund"
    liar.say("cancel", kept.id, parent, code="too_late")
    yield "s too early"
    liar.say("cancel", kept.id, stranger, "ok", wrong=True)
    yield "a wrong request was answered 200"
    liar.say("book", 10**6, parent, "ok", asked=at, data={"stripeSessionId": "cs_test_none"})
    yield "was promised and does not exist"
    none, fewer = "there was none", "were fewer"
    for code, word in (
        ("slot_taken", "nobody had it"),
        ("own_hold", none),
        ("payment_awaited", none),
        ("too_many_holds", fewer),
    ):
        liar.say("book", None, stranger, code=code, asked=at)
        yield word
    liar.say("book", None, stranger, code="invalid_body", asked=at)
    yield "a good request was refused"
    liar.say("show", kept.id, parent, "ok", data=session)
    yield "status 3 was not so then"
    liar.say("confirm-payment", kept.id, parent, "ok", asked=nowhere)
    liar.say("list", None, parent, "ok", data=[])
    yield "lacks the confirmed booking"
    liar.say("list", None, stranger, "ok", data=[{**session, "status": 1, "statusName": "Confirmed"}])
    yield "it is somebody else's"


def tamper(world, liar):
    """What a service with a fault would have written, with what the judge is to say of it."""
    gone, expired = world.book(2)
    world.stack.sql("SET application_name = 'faulty'")
    cancel = "UPDATE bookings SET status = 3, version = 2, cancelled_at = now(), cancel_cause = %s, cancelled_by = %s WHERE id = %s"
    world.stack.sql(cancel, "parent", gone.parent.id, gone.id)
    yield "who never asked for it"
    yield "is paid, not kept, and has no refund row"
    yield f"unbook.booking.cancelled.v1 of booking {gone.id} ('version', 2) is not even in the outbox"
    world.stack.sql(cancel, "checkout_expired", None, expired.id)
    yield "was cancelled for checkout_expired, and nothing of that kind has happened"
    world.stack.sql("ALTER TABLE bookings DROP CONSTRAINT bookings_teacher_id_during_excl")
    rival = world.stack.seed.booking(gone.parent, world.teacher, starts_in="72 hours", status=0, paid=False)
    yield f"bookings {rival.id} and 1 of one teacher were both live"
    unpaid = world.stack.seed.booking(gone.parent, world.stack.seed.person("Teacher", "Tom"), paid=False)
    yield f"booking {unpaid.id} (status 1) is confirmed without a payment"
    yield f"booking {unpaid.id} owes one confirmed mail to each party"
    held = world.stack.seed.booking(gone.parent, world.stack.seed.person("Teacher", "Tim"), status=0, paid=False)
    checkout = Stripe(world.stack).create(held.id)["id"]
    world.pay(checkout)
    world.end_holds()
    yield f"for booking {held.id}, and no payments row knows it"
    yield f"hold over {held.id}"
    liar.say("confirm-payment", held.id, held.parent, code="not_paid", asked={"checkout": checkout})
    yield "was told that it is not paid"
    with open(world.stack.stripe.ledger_path, "a") as ledger:
        ledger.write(json.dumps({"kind": "webhook", "event": "evt_none", "type": "refund.created", "status": 200}) + "\n")
    yield "was answered 200 and is not stored"


def test_the_judge_calls_wrong_what_is_wrong(new_world, without_kafka):
    world = new_world(on=without_kafka, only=(), joined=False)
    liar = Liar(world)
    expected = [*lie(world, liar), *tamper(world, liar)]
    with pytest.raises(judge.Guilty) as guilty:
        world.judge(broker="off", quiet_s=0.1)
    missed = [text for text in expected if not any(text in wrong for wrong in guilty.value.wrong)]
    assert not missed, "\n".join([*missed, "---", *guilty.value.wrong])
