"""Each fault on demand: what the caller sees, what really happened, what the key remembers."""

from __future__ import annotations

import http.client
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from running import StripeSim
from stripe_api import Api
from stripe_sim.ledger import Ledger

LOST = (http.client.HTTPException, ConnectionError, TimeoutError)


def made(sim: StripeSim, intent: str) -> int:
    return len(Ledger(sim.ledger).refunds_by_payment_intent().get(intent, []))


def test_loses_the_answer_of_a_refund_that_was_made(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.fault("cut", effect=True, path="/v1/refunds")
    with pytest.raises(LOST):
        api.refund(intent, "k")
    assert made(sim, intent) == 1
    assert Ledger(sim.ledger).refund_posts()[0].fate == "withheld"
    assert api.refund(intent, "k").headers["Idempotent-Replayed"] == "true"


def test_cuts_before_anything_happened(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.fault("cut")
    with pytest.raises(LOST):
        api.refund(intent, "k")
    assert made(sim, intent) == 0
    assert api.refund(intent, "k").headers["Idempotent-Replayed"] is None


def test_sends_half_a_body(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.fault("half_body")
    with pytest.raises(http.client.IncompleteRead):
        api.refund(intent, "k")
    assert made(sim, intent) == 1


@pytest.mark.parametrize("effect", [True, False])
def test_answers_with_a_proxys_page(sim: StripeSim, api: Api, effect: bool) -> None:
    intent = sim.payment()["id"]
    sim.fault("html", effect=effect)
    reply = api.refund(intent, "k")
    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (502, "text/html")
    assert made(sim, intent) == int(effect)


def test_answers_200_with_the_wrong_json(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.fault("wrong_json", body=["not", "a", "refund"])
    reply = api.refund(intent, "k")
    assert (reply.status, reply.body) == (200, ["not", "a", "refund"])
    assert made(sim, intent) == 1


def test_answers_429_before_the_key_is_looked_at(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.fault("rate_limit", retry_after=7)
    sim.fault("rate_limit", code="lock_timeout")
    first, second, third = (api.refund(intent, "k") for _ in range(3))
    assert (first.status, first.error["code"], first.headers["Retry-After"]) == (429, "rate_limit", "7")
    assert (second.error["code"], second.headers["Retry-After"]) == ("lock_timeout", None)
    assert third.headers["Idempotent-Replayed"] is None
    sim.fault("rate_limit")
    assert api.refund(intent, "k").status == 429, "a 429 on a repeat says nothing about the first"


@pytest.mark.parametrize(
    ("rule", "made_at_once", "second_status", "second_replayed"),
    [
        ({"status": 500, "effect": True}, 1, 500, True),
        ({"status": 500, "effect": False}, 0, 500, True),
        ({"status": 502, "effect": True}, 1, 200, True),
        ({"status": 502, "effect": False}, 0, 200, False),
        ({"status": 504, "effect": False, "stored": "error"}, 0, 504, True),
        ({"status": 500, "effect": True, "stored": "nothing"}, 1, 400, False),
    ],
)
def test_5xx_made_and_not_made_stored_and_not(
    sim: StripeSim,
    api: Api,
    rule: dict[str, Any],
    made_at_once: int,
    second_status: int,
    second_replayed: bool,
) -> None:
    intent = sim.payment()["id"]
    sim.fault("error", **rule)
    first = api.refund(intent, "k")
    assert (first.status, first.error["type"]) == (rule["status"], "api_error")
    assert made(sim, intent) == made_at_once
    second = api.refund(intent, "k")
    assert second.status == second_status
    assert (second.headers["Idempotent-Replayed"] == "true") == second_replayed
    if second_status >= 500:
        assert second.headers["Stripe-Should-Retry"] == "false"
        assert api.refund(intent, "k2").status == (400 if made_at_once else 200)


def test_answers_409_and_302_without_effect(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.fault("key_in_use")
    sim.fault("redirect", location="http://127.0.0.1:9/elsewhere")
    assert api.refund(intent, "k").error["code"] == "idempotency_key_in_use"
    moved = api.refund(intent, "k")
    assert (moved.status, moved.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere")
    assert made(sim, intent) == 0


@pytest.mark.parametrize("effect", [True, False])
def test_hangs_and_then_cuts(sim: StripeSim, api: Api, effect: bool) -> None:
    intent = sim.payment()["id"]
    sim.fault("hang", seconds=0.2, effect=effect)
    with pytest.raises(LOST):
        api.refund(intent, "k")
    assert made(sim, intent) == int(effect)


def test_an_effect_outlives_the_caller_who_gave_up(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.fault("barrier", name="slow")
    with pytest.raises(LOST):
        api.call("POST", "/v1/refunds", {"payment_intent": intent}, "k", timeout_s=0.1)
    assert made(sim, intent) == 0
    assert api.refund(intent, "k").status == 409
    sim.post("barriers/slow/release")
    while api.refund(intent, "k").status == 409:
        time.sleep(0.01)
    assert made(sim, intent) == 1


def test_delays_before_and_after_the_effect(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.fault("delay", seconds=0.1)
    sim.fault("delay", seconds=0.1, when="after")
    began = time.monotonic()
    assert api.refund(intent).status == 200
    assert time.monotonic() - began >= 0.2


def test_a_rule_picks_its_requests(sim: StripeSim, api: Api) -> None:
    one, two = sim.payment(100), sim.payment(100)
    rule = {"method": "POST", "path": "/v1/refunds", "payment_intent": one["id"], "skip": 1, "count": 1}
    sim.fault("error", status=500, **rule)
    assert api.refund(two["id"], amount=1).status == 200
    assert api.refund(one["id"], amount=1).status == 200, "skipped"
    assert api.get("/v1/refunds", payment_intent=one["id"]).status == 200, "another method"
    by_charge = {"charge": one["latest_charge"], "amount": 1}
    assert api.call("POST", "/v1/refunds", by_charge).status == 500, "also when named by its charge"
    assert api.refund(one["id"], amount=1).status == 200, "used up"
    assert sim.get("faults")["faults"][0]["hits"] == 1
    assert sim.delete("faults") == {"faults": []}


def test_the_ledger_holds_the_answer_before_it_is_sent(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    for _ in range(20):
        reply = api.refund(intent, amount=1)
        lines = [json.loads(line) for line in sim.ledger.read_text().splitlines()]
        mine = [
            line for line in lines if reply.headers["Request-Id"] in (line.get("id"), line.get("request"))
        ]
        assert [line["kind"] for line in mine] == ["request", "effect", "answer"]


def test_whatever_was_answered_survives_a_sudden_death(tmp_path: Path) -> None:
    sim = StripeSim(tmp_path / "stripe")
    api = Api(sim)
    intents = [
        p["id"] for p in sim.post("payment_intents", {"amount": 9, "currency": "eur", "count": 400})["data"]
    ]
    answered: list[str] = []
    enough = threading.Event()

    def keep_refunding() -> None:
        while intents:
            try:
                answered.append(api.refund(intents.pop()).body["id"])
            except (*LOST, OSError):
                return
            if len(answered) >= 60:
                enough.set()

    callers = [threading.Thread(target=keep_refunding) for _ in range(8)]
    for caller in callers:
        caller.start()
    assert enough.wait(20)
    sim.process.kill()
    sim.process.wait(10)
    for caller in callers:
        caller.join(20)
    assert set(answered) <= set(Ledger(sim.ledger).refunds())


def test_a_hundred_twins_of_one_request_make_one_refund(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.fault("delay", seconds=0.05, count=None)
    statuses: list[int] = []
    callers = [
        threading.Thread(target=lambda: statuses.append(api.refund(intent, "k").status)) for _ in range(100)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)
    assert len(statuses) == 100
    assert set(statuses) <= {200, 409}
    assert made(sim, intent) == 1
