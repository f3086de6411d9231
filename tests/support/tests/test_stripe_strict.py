"""What the simulator refuses, and how idempotency keys behave."""

from __future__ import annotations

import threading

import pytest
from running import ControlError, StripeSim
from stripe_api import Api
from stripe_sim.ledger import Ledger


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"foo": "1"}, "parameter_unknown", "foo"),
        ({"metadata[a][b]": "1"}, None, "metadata[a]"),
        ({"amount": "1.5"}, "parameter_invalid_integer", "amount"),
        ({"amount": "0"}, "parameter_invalid_integer", "amount"),
        ({"reason": "because"}, None, "reason"),
        ({"reason": ""}, "parameter_invalid_empty", "reason"),
        ({"metadata[k]": "x" * 501}, None, "metadata[k]"),
        ({"metadata[" + "k" * 41 + "]": "x"}, None, "metadata[" + "k" * 41 + "]"),
        ({"expand[]": "nonsense"}, None, "expand"),
    ],
)
def test_refuses_bad_parameters(
    sim: StripeSim, api: Api, form: dict[str, str], code: str | None, param: str
) -> None:
    intent = sim.payment()["id"]
    reply = api.call("POST", "/v1/refunds", {"payment_intent": intent, **form}, "k")
    assert reply.status == 400
    assert reply.error["type"] == "invalid_request_error"
    assert (reply.error.get("code"), reply.error["param"]) == (code, param)
    if param != "expand":
        assert api.refund(intent, "k").status == 200, "a refused parameter does not use up the key"


def test_refuses_no_target_unknown_ids_and_unknown_urls(sim: StripeSim, api: Api) -> None:
    assert api.call("POST", "/v1/refunds").error["code"] == "parameter_missing"
    missing = api.refund("pi_nothing")
    assert (missing.status, missing.error["code"]) == (404, "resource_missing")
    assert api.get("/v1/refunds/re_nothing").status == 404
    assert api.get("/v1/refunds", payment_intent="pi_nothing").error["code"] == "resource_missing"
    assert api.get("/v1/refunds", surprise="1").error["code"] == "parameter_unknown"
    assert api.get("/v1/nowhere").status == 404
    assert api.call("DELETE", "/v1/refunds").status == 404


def test_refuses_json_bodies_and_wrong_keys(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    as_json = api.call("POST", "/v1/refunds", {"payment_intent": intent}, Content_Type="application/json")
    assert (as_json.status, as_json.error["type"]) == (400, "invalid_request_error")
    assert api.call("GET", "/v1/refunds", Authorization="Bearer sk_test_other").status == 401
    assert api.call("GET", "/v1/refunds", Authorization="").status == 401
    assert api.call("GET", "/v1/refunds", Authorization=f"Bearer {sim.key}").status == 200
    assert sim.key not in sim.ledger.read_text(), "the ledger holds no secret"


def test_replays_the_stored_answer(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    first = api.refund(intent, "k")
    sim.post(f"refunds/{first.body['id']}/move", {"status": "failed"})
    again = api.refund(intent, "k")
    assert again.raw == first.raw, "the stored answer, not the refund as it is now"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.headers["Idempotent-Replayed"] is None
    assert again.headers["Original-Request"] == first.headers["Request-Id"]


def test_stores_executed_refusals_too(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    api.refund(intent)
    assert api.refund(intent, "k").headers["Idempotent-Replayed"] is None
    again = api.refund(intent, "k")
    assert again.error["code"] == "charge_already_refunded"
    assert again.headers["Idempotent-Replayed"] == "true"


def test_refuses_a_key_for_other_parameters_or_another_endpoint(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    refund = api.refund(intent, "k").body
    other = api.refund(intent, "k", reason="duplicate")
    assert (other.status, other.error["type"]) == (400, "idempotency_error")
    elsewhere = api.call("POST", f"/v1/refunds/{refund['id']}", {"metadata[a]": "1"}, "k")
    assert (elsewhere.status, elsewhere.error["type"]) == (400, "idempotency_error")


def test_a_key_is_in_use_while_its_first_request_runs(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    sim.fault("barrier", name="b", method="POST", path="/v1/refunds")
    first: list[int] = []
    twin = threading.Thread(target=lambda: first.append(api.refund(intent, "k").status))
    twin.start()
    assert sim.get("barriers/b?held=1")["reached"]
    second = api.refund(intent, "k")
    assert (second.status, second.error["code"]) == (409, "idempotency_key_in_use")
    assert second.headers["Stripe-Should-Retry"] == "true"
    assert sim.post("barriers/b/release") == {"released": 1}
    twin.join(10)
    assert first == [200]
    assert api.refund(intent, "k").headers["Idempotent-Replayed"] == "true"


def test_forgets_keys_after_24_hours_of_its_own_clock(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    api.refund(intent, "k")
    sim.post("clock/advance", {"seconds": 24 * 3600 - 60})
    assert api.refund(intent, "k").headers["Idempotent-Replayed"] == "true"
    sim.post("clock/advance", {"seconds": 61})
    after = api.refund(intent, "k")
    assert after.headers["Idempotent-Replayed"] is None
    assert after.error["code"] == "charge_already_refunded"
    sim.post("keys/prune")
    assert sim.get("state")["keys"] == {}


def test_limits_the_rate_when_asked(sim: StripeSim, api: Api) -> None:
    intent = sim.payment(1000)["id"]
    sim.post("rate_limit", {"per_second": 3, "method": "POST"})
    statuses = [api.refund(intent, amount=1).status for _ in range(6)]
    assert statuses.count(200) >= 3
    assert 429 in statuses
    sim.post("rate_limit", {"per_second": None})
    assert api.refund(intent, amount=1).status == 200
    assert Ledger(sim.ledger).busiest_second() >= 6


def test_control_refuses_nonsense(sim: StripeSim) -> None:
    for path, body in (
        ("faults", {"kind": "gremlin"}),
        ("faults", {"kind": "cut", "surprise": 1}),
        ("payment_intents", {"amount": 5}),
        ("clock/advance", {"seconds": -1}),
        ("settings", {"course": "uphill"}),
    ):
        with pytest.raises(ControlError):
            sim.post(path, body)


def test_expands_what_is_asked_for(sim: StripeSim, api: Api) -> None:
    intent = sim.payment()["id"]
    refund = api.refund(intent, **{"expand[]": "charge"}).body
    assert refund["charge"]["amount_refunded"] == 5000
    listed = api.call("GET", "/v1/refunds", {"expand[]": "data.payment_intent.latest_charge"}).body["data"][0]
    assert listed["payment_intent"]["latest_charge"]["id"] == refund["charge"]["id"]
    assert isinstance(api.get(f"/v1/refunds/{refund['id']}").body["charge"], str)
