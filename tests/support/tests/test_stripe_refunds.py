"""Refunds at the simulator: what remains goes back, once, and may change its mind later."""

from __future__ import annotations

import pytest
from running import StripeSim, call
from stripe_api import Api
from stripe_sim.ledger import Ledger, wait_for


def test_refunds_what_remains_and_tells_the_ledger(sim: StripeSim, api: Api) -> None:
    intent = sim.payment(5000, "eur", metadata={"booking_id": "7"})["id"]
    made = api.refund(intent, "k1", **{"metadata[booking_id]": "7", "reason": "requested_by_customer"})
    assert made.status == 200
    assert made.body["amount"] == 5000
    assert made.body["status"] == "succeeded"
    assert made.body["metadata"] == {"booking_id": "7"}
    assert made.headers["Request-Id"].startswith("req_")
    assert made.headers["Idempotency-Key"] == "k1"
    ledger = Ledger(sim.ledger)
    refund = ledger.assert_refunded_once(intent)
    assert refund.id == made.body["id"]
    assert refund.request_id == made.headers["Request-Id"]
    assert ledger.captured_payments()[intent].metadata == {"booking_id": "7"}


def test_refunds_by_charge_too(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()
    made = api.call("POST", "/v1/refunds", {"charge": intent["latest_charge"], "amount": 1200})
    assert made.body["payment_intent"] == intent["id"]
    assert made.body["amount"] == 1200
    charge = api.get(f"/v1/charges/{intent['latest_charge']}").body
    assert (charge["amount_refunded"], charge["refunded"]) == (1200, False)


def test_gives_back_only_what_a_partial_refund_by_hand_left(sim: StripeSim, api: Api) -> None:
    intent = sim.payment(5000)["id"]
    sim.post(f"payment_intents/{intent}/refund", {"amount": 1500})
    assert api.refund(intent).body["amount"] == 3500
    assert [r.by_hand for r in Ledger(sim.ledger).refunds().values()] == [True, False]


def test_refuses_more_than_remains(sim: StripeSim, api: Api) -> None:
    intent = sim.payment(5000)["id"]
    too_much = api.refund(intent, amount=5001)
    assert (too_much.status, too_much.error["param"]) == (400, "amount")
    api.refund(intent)
    again = api.refund(intent)
    assert (again.status, again.error["code"]) == (400, "charge_already_refunded")
    Ledger(sim.ledger).assert_never_over_refunded()


def test_can_be_told_not_to_refuse_and_the_ledger_notices(sim: StripeSim, api: Api) -> None:
    sim.post("settings", {"refuse_over_refund": False})
    intent = sim.payment(5000)["id"]
    assert [api.refund(intent).status for _ in range(2)] == [200, 200]
    with pytest.raises(AssertionError, match="10000 refunded of 5000"):
        Ledger(sim.ledger).assert_never_over_refunded()


@pytest.mark.parametrize("course", ["pending_succeeded", "pending_failed", "succeeded_failed"])
def test_follows_the_course_set_for_a_payment(sim: StripeSim, api: Api, course: str) -> None:
    first, then = course.split("_")
    intent = sim.payment()["id"]
    sim.post(f"payment_intents/{intent}/course", {"course": course, "delay_s": 60})
    made = api.refund(intent).body
    assert made["status"] == first
    sim.post("clock/advance", {"seconds": 61})
    now = api.get(f"/v1/refunds/{made['id']}").body
    assert now["status"] == then
    charge = api.get("/v1/charges", payment_intent=intent).body["data"][0]
    assert charge["refunded"] == (then == "succeeded")
    refund = wait_for(sim.ledger, lambda ledger: len(ledger.effects("refund_status")) == 1).refunds()
    assert refund[made["id"]].history == [first, then]


def test_moves_a_refund_by_hand_only_where_stripe_would(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.post(f"payment_intents/{intent}/course", {"course": "requires_action"})
    refund = api.refund(intent).body
    assert refund["next_action"]["type"] == "display_details"
    assert api.call("POST", f"/v1/refunds/{refund['id']}/cancel").body["status"] == "canceled"
    with pytest.raises(Exception, match="canceled does not become"):
        sim.post(f"refunds/{refund['id']}/move", {"status": "succeeded"})
    assert api.refund(intent).status == 200, "a canceled refund leaves the money refundable"


def test_lists_newest_first_with_cursor_and_created(sim: StripeSim, api: Api) -> None:
    intent = sim.payment(1000)["id"]
    ids = [api.refund(intent, amount=100).body["id"] for _ in range(3)]
    other = api.refund(sim.payment()["id"]).body["id"]
    page = api.get("/v1/refunds", payment_intent=intent, limit=2).body
    assert [r["id"] for r in page["data"]] == [ids[2], ids[1]]
    assert page["has_more"] is True
    rest = api.get("/v1/refunds", payment_intent=intent, limit=2, starting_after=ids[1]).body
    assert ([r["id"] for r in rest["data"]], rest["has_more"]) == ([ids[0]], False)
    back = api.get("/v1/refunds", limit=2, ending_before=ids[0]).body
    assert [r["id"] for r in back["data"]] == [ids[2], ids[1]]
    assert api.get("/v1/refunds").body["data"][0]["id"] == other
    made = page["data"][0]["created"]
    assert api.get("/v1/refunds", **{"created[gte]": made + 60}).body["data"] == []
    assert len(api.get("/v1/refunds", **{"created[gte]": made - 60}).body["data"]) == 4


def test_refuses_disputed_and_unrefundable_charges(sim: StripeSim, api: Api) -> None:
    disputed, inquiry, closed = (sim.payment()["id"] for _ in range(3))
    sim.post(f"payment_intents/{disputed}/dispute")
    sim.post(f"payment_intents/{inquiry}/dispute", {"status": "warning_needs_response"})
    sim.post(f"payment_intents/{closed}/not_refundable")
    assert api.refund(disputed).error["code"] == "charge_disputed"
    assert api.refund(inquiry).status == 200
    assert api.refund(closed).error["code"] == "charge_not_refundable"
    assert Ledger(sim.ledger).disputed_payments()[disputed] == "needs_response"


def test_a_lost_dispute_ends_all_refunds(sim: StripeSim, api: Api) -> None:
    """Also of an inquiry, which had left the charge refundable."""
    for first in ("needs_response", "warning_needs_response"):
        intent = sim.payment()["id"]
        dispute = sim.post(f"payment_intents/{intent}/dispute", {"status": first})
        lost = sim.post(f"disputes/{dispute['id']}/move", {"status": "lost"})
        assert not lost["is_charge_refundable"]
        assert api.refund(intent).error["code"] == "charge_disputed"


def test_a_dispute_beats_a_pending_refund(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.post(f"payment_intents/{intent}/course", {"course": "pending"})
    refund = api.refund(intent).body
    sim.post(f"payment_intents/{intent}/dispute")
    lost = api.get(f"/v1/refunds/{refund['id']}").body
    assert (lost["status"], lost["failure_reason"]) == ("failed", "charge_for_pending_refund_disputed")


def test_every_change_leaves_an_event(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    made = api.refund(intent, "k9")
    sim.post(f"refunds/{made.body['id']}/move", {"status": "failed", "failure_reason": "declined"})
    events = api.get("/v1/events", limit=100).body["data"]
    assert [e["type"] for e in reversed(events)] == [
        "payment_intent.succeeded",
        "charge.succeeded",
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
        "refund.failed",
    ]
    created = next(e for e in events if e["type"] == "refund.created")
    assert created["request"] == {"id": made.headers["Request-Id"], "idempotency_key": "k9"}
    assert created["data"]["object"]["status"] == "succeeded", "a snapshot, not what came later"
    failed = api.call("GET", "/v1/events", {"types[]": "refund.failed"}).body["data"]
    assert failed[0]["data"]["previous_attributes"] == {"status": "succeeded"}


def test_gives_the_banks_reference_when_it_is_known(sim: StripeSim, api: Api) -> None:
    refund = api.refund(sim.payment()["id"]).body
    sim.post(f"refunds/{refund['id']}/reference", {"reference": "74912345678901234567890"})
    card = api.get(f"/v1/refunds/{refund['id']}").body["destination_details"]["card"]
    assert (card["reference"], card["reference_status"]) == ("74912345678901234567890", "available")


def test_many_payments_at_once(sim: StripeSim) -> None:
    made = call("POST", f"{sim.url}/_sim/payment_intents", {"amount": 1, "currency": "jpy", "count": 500})
    assert len({intent["id"] for intent in made["data"]}) == 500
    assert len(Ledger(sim.ledger).captured_payments()) == 500
