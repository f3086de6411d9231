"""POST /api/stripe/webhook: what is believed, and that it is stored before it is answered (design rule 11)."""

import hashlib
import hmac
import json
import time

import pytest
from api_world import world  # noqa: F401
from stack.http import Http
from stack.stack import WEBHOOK_SECRET

PATH = "/api/stripe/webhook"
OLD = "whsec_unbookCanaryOld44"


def sign(body, secret=WEBHOOK_SECRET, age_s=0, scheme="v1"):
    stamp = int(time.time() - age_s)
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},{scheme}={digest}"


_numbers = iter(range(1, 1000))


def event(kind="checkout.session.completed", **more):
    number = next(_numbers)
    return {
        "id": f"evt_test{time.time_ns()}{number}",
        "object": "event",
        "type": kind,
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": {"id": f"cs_test_{number}", "object": "checkout.session", "status": "complete"}},
        **more,
    }


def post(api, body, signature=None, **more):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if signature != "":
        headers["Stripe-Signature"] = signature or sign(raw, **more)
    return api.post(PATH, raw, headers=headers)


def stored(stack, event):
    return stack.one("SELECT * FROM stripe_events WHERE id = %s", event["id"])


def test_what_stripe_signed_is_stored_byte_for_byte_and_then_answered(world):  # noqa: F811
    body = event()
    raw = json.dumps(body, indent=3, ensure_ascii=False).encode()
    answer = post(world.api, raw)
    assert answer.status == 200 and answer.json["success"] is True
    row = stored(world.stack, body)
    assert bytes(row["payload"]) == raw and row["type"] == "checkout.session.completed"
    assert row["object_id"] == body["data"]["object"]["id"]
    assert row["applied_at"] is None and row["next_try_at"] is not None


def test_the_same_event_again_is_a_success_that_changes_nothing(world):  # noqa: F811
    body = event()
    assert [post(world.api, body).status for _ in range(3)] == [200] * 3
    assert world.stack.one("SELECT count(*) AS n FROM stripe_events WHERE id = %s", body["id"])["n"] == 1


def test_a_type_that_nobody_needs_is_stored_as_done(world):  # noqa: F811
    body = event("customer.updated", data={"object": {"id": "cus_1", "object": "customer"}})
    assert post(world.api, body).status == 200
    row = stored(world.stack, body)
    assert row["applied_at"] is not None and row["next_try_at"] is None


def test_its_record_carries_ids_and_nothing_else(new_stack):
    stack = new_stack(only=())
    api = Http(stack.start_service("api", wait=False, UNBOOK_KAFKA_BOOTSTRAP="127.0.0.1:1").wait_listening().url)
    instance = str(stack.one("SELECT id FROM instance")["id"])
    found = {
        "id": "cs_test_a",
        "object": "checkout.session",
        "metadata": {"booking_id": "7", "instance_id": instance},
        "customer_details": {"email": "secret@families.example"},
    }
    ours = event(data={"object": found})
    other = event(data={"object": {**found, "metadata": {"booking_id": "7", "instance_id": "other"}}})
    assert [post(api, body).status for body in (ours, other, ours)] == [200] * 3
    rows = stack.sql("SELECT * FROM outbox ORDER BY id")
    assert [r["aggregatetype"] for r in rows] == ["stripe", "stripe"]
    assert {r["type"] for r in rows} == {"com.stripe.checkout.session.completed"}
    assert rows[0]["aggregateid"] == "7", "ours: the record's key is the booking"
    assert rows[1]["aggregateid"] == other["id"], "another instance's bookings mean nothing here"
    assert all("@" not in r["payload"] and "customer_details" not in r["payload"] for r in rows)
    assert ours["id"] in rows[0]["payload"]
    assert json.loads(rows[1]["payload"])["bookingId"] is None
    booking = stack.seed.booking(*stack.seed.family()[:2])
    charge = stack.one("SELECT charge_id FROM payments")["charge_id"]
    for names in ({"payment_intent": booking.payment_intent}, {"charge": charge}, {"charge": "ch_unknown"}):
        dispute = {"id": "dp_1", "object": "dispute", "status": "needs_response", **names}
        assert post(api, event("charge.dispute.created", data={"object": dispute})).status == 200
    told = [json.loads(r["payload"])["bookingId"] for r in stack.sql("SELECT * FROM outbox ORDER BY id")[2:]]
    assert told == [booking.id, booking.id, None], "a dispute carries no id of ours: its payment tells"


@pytest.mark.parametrize(
    "forged",
    ["no header", "no stamp", "bad hex", "v0 only", "too old", "ahead", "other secret", "changed body", "empty"],
)
def test_what_stripe_did_not_sign_lately_is_refused(world, forged):  # noqa: F811
    body = event()
    raw = json.dumps(body).encode()
    good = sign(raw)
    header = {
        "no header": "",
        "no stamp": good.split(",")[1],
        "bad hex": good[:-1] + "g",
        "v0 only": sign(raw, scheme="v0"),
        "too old": sign(raw, age_s=310),
        "ahead": sign(raw, age_s=-310),
        "other secret": sign(raw, secret="whsec_somebodyElses"),
        "changed body": good,
        "empty": sign(raw),
    }[forged]
    sent = {"changed body": raw.replace(b"complete", b"Complete", 1), "empty": b""}.get(forged, raw)
    answer = post(world.api, sent, signature=header)
    assert answer.status == 400 and answer.json["code"] == "bad_signature"
    assert stored(world.stack, body) is None


def test_one_good_signature_among_several_is_enough(world):  # noqa: F811
    body = event()
    raw = json.dumps(body).encode()
    good = sign(raw)
    header = f"{good.split(',')[0]},v1={'0' * 64},v0=00,{good.split(',')[1]}"
    assert post(world.api, raw, signature=header).status == 200


def test_while_a_secret_is_rolled_both_are_good(new_stack):
    stack = new_stack(only=())
    both = f"{WEBHOOK_SECRET},{OLD}"
    api = Http(stack.start_service("api", UNBOOK_WEBHOOK_SECRET=both).url)
    for secret in (WEBHOOK_SECRET, OLD):
        assert post(api, event(), secret=secret).status == 200
    assert post(api, event(), secret=both).status == 400


@pytest.mark.parametrize("secret", ["", "whsec_", "secret-that-is-none", "whsec_longEnough1,", "a,b,c,d,e"])
def test_without_a_good_secret_it_does_not_start(new_stack, secret):
    stack = new_stack(only=())
    service = stack.start_service("api", wait=False, UNBOOK_WEBHOOK_SECRET=secret)
    stack.eventually(lambda: not service.running(), 20, "it refuses")
    assert service.exit_code == 78
    stack.running.remove(service)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{}", "invalid_event"),
        (b"[]", "invalid_event"),
        (b"not json", "invalid_event"),
        (json.dumps({"id": "evt_1", "object": "v2.core.event", "type": "v1.x"}).encode(), "invalid_event"),
        (json.dumps(event(livemode=True)).encode(), "wrong_mode"),
    ],
)
def test_signed_but_not_an_event_of_this_mode(world, body, code):  # noqa: F811
    answer = post(world.api, body)
    assert answer.status == 400 and answer.json["code"] == code


def test_large_events_are_taken_and_larger_ones_refused(world):  # noqa: F811
    large = event()
    large["data"]["object"]["metadata"] = {f"k{n}": "x" * 490 for n in range(50)}
    large["padding"] = "x" * 400_000
    assert post(world.api, large).status == 200
    large["padding"] = "x" * 600_000
    try:
        assert post(world.api, large).status == 413
    except OSError:
        pass  # it may close the line before it has read all


def test_without_postgres_it_is_503_and_stripe_brings_it_again(new_stack):
    stack = new_stack(only=("api",), proxied=("pg",))
    body = event()
    assert post(stack.api, event()).status == 200
    stack.proxies["pg"].down()
    assert post(stack.api, body).status == 503
    stack.proxies["pg"].heal()
    stack.eventually(lambda: post(stack.api, body).status == 200, 20, "it is stored")
    assert stored(stack, body)


def test_killed_between_the_commit_and_the_answer(new_stack):
    stack = new_stack(only=())
    body = event()
    doomed = stack.start_service("api", UNBOOK_CRASH_POINT="webhook.after_commit")
    with pytest.raises(OSError):
        post(Http(doomed.url), body)
    stack.eventually(lambda: not doomed.running(), 20, "it is killed")
    first = stored(stack, body)
    assert first is not None
    assert post(Http(stack.start_service("api").url), body).status == 200
    assert stored(stack, body)["received_at"] == first["received_at"], "the second time nothing is inserted"


def test_the_simulators_own_webhooks_are_believed(new_stack):
    stack = new_stack(only=("api",))
    stack.stripe.post("webhooks", url=stack.of("api")[0].url + PATH, copies=3)
    intent = stack.stripe.post("payment_intents", amount=4500, currency="eur", metadata={})["id"]
    stack.stripe.post(f"payment_intents/{intent}/refund")
    stack.eventually(
        lambda: stack.one("SELECT count(*) AS n FROM stripe_events WHERE type = 'refund.created'")["n"] == 1,
        20,
        "the refund's event is here, once",
    )
