"""The simulator's answers and parameters, held against Stripe's own description."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from running import HERE, StripeSim
from stripe_api import Api, Reply
from stripe_conformance import answers, requests, spec
from stripe_sim import forms
from stripe_sim.routes import ROUTES, Route

CHECKOUT = {
    "mode": "payment",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "5000",
    "line_items[0][price_data][product_data][name]": "Private session",
    "line_items[0][quantity]": "1",
    "payment_method_types[]": "card",
    "client_reference_id": "7",
    "metadata[booking_id]": "7",
    "payment_intent_data[metadata][booking_id]": "7",
    "success_url": "https://f.example/payment/success?session_id={CHECKOUT_SESSION_ID}",
    "cancel_url": "https://f.example/payment/cancel?session_id={CHECKOUT_SESSION_ID}",
    "customer_email": "pat@example.com",
    "after_expiration[recovery][enabled]": "true",
}


class CheckedApi(Api):
    """Every answer must be such as Stripe describes."""

    def call(self, method: str, path: str, *more: Any, **named: Any) -> Reply:
        reply = super().call(method, path, *more, **named)
        described = path.split("?")[0]
        assert answers.problems(method, described, reply.status, reply.body) == []
        return reply


@pytest.fixture
def api(sim: StripeSim) -> CheckedApi:
    return CheckedApi(sim)


@pytest.mark.parametrize(
    "course", ["succeeded", "pending_succeeded", "pending_failed", "succeeded_failed", "requires_action"]
)
def test_refunds_of_every_course(sim: StripeSim, api: CheckedApi, course: str) -> None:
    intent = sim.payment(metadata={"booking_id": "7"}, email="pat@example.com")["id"]
    sim.post(f"payment_intents/{intent}/course", {"course": course, "delay_s": 5})
    refund = api.refund(intent, "k", reason="requested_by_customer", **{"metadata[a]": "b"}).body
    sim.post("clock/advance", {"seconds": 6})
    sim.post(f"refunds/{refund['id']}/reference", {"reference": "123"})
    api.get(f"/v1/refunds/{refund['id']}")
    api.get("/v1/refunds", payment_intent=intent, limit=5)
    api.call("GET", "/v1/refunds", {"expand[]": "data.charge"})
    api.get(f"/v1/payment_intents/{intent}")
    api.call("GET", f"/v1/payment_intents/{intent}", {"expand[]": "latest_charge.refunds"})
    api.get("/v1/payment_intents")
    api.get("/v1/charges", payment_intent=intent)
    assert len(api.get("/v1/events", limit=100).body["data"]) >= 4


def test_a_payment_by_a_test_card(api: CheckedApi) -> None:
    card = {"payment_method": "pm_card_visa", "payment_method_types[0]": "card"}
    form = {"amount": 4500, "currency": "eur", "confirm": "true", "metadata[booking_id]": "7", **card}
    paid = api.call("POST", "/v1/payment_intents", form).body
    assert (paid["status"], paid["amount_received"], paid["metadata"]) == ("succeeded", 4500, {"booking_id": "7"})
    assert api.get(f"/v1/charges/{paid['latest_charge']}").body["payment_intent"] == paid["id"]
    assert api.call("POST", "/v1/payment_intents", {**form, "confirm": "false"}).status == 400


def test_disputes(sim: StripeSim, api: CheckedApi) -> None:
    intent = sim.payment()["id"]
    dispute = sim.post(f"payment_intents/{intent}/dispute")
    sim.post(f"disputes/{dispute['id']}/move", {"status": "won"})
    lost = sim.payment()["id"]
    sim.post(f"disputes/{sim.post(f'payment_intents/{lost}/dispute')['id']}/move", {"status": "lost"})
    assert api.refund(lost).status == 400
    api.get(f"/v1/disputes/{dispute['id']}")
    api.get("/v1/disputes", payment_intent=intent)
    api.get("/v1/events", limit=100)


def test_errors(sim: StripeSim, api: CheckedApi) -> None:
    intent = sim.payment()["id"]
    for form in ({"foo": "1"}, {"amount": "x"}, {"amount": "999999"}):
        assert api.refund(intent, **form).status == 400
    for kind, status in (("rate_limit", 429), ("error", 500), ("key_in_use", 409)):
        sim.fault(kind)
        assert api.refund(intent, "k").status == status
    assert api.refund("pi_nothing").status == 404
    api.refund(intent)
    assert api.refund(intent).error["code"] == "charge_already_refunded"
    assert api.call("GET", "/v1/refunds", Authorization="").status == 401


@pytest.mark.parametrize("end", ["open", "paid", "delayed", "expired"])
def test_checkouts(sim: StripeSim, api: CheckedApi, end: str) -> None:
    made = api.call("POST", "/v1/checkout/sessions", CHECKOUT, "k").body
    if end == "paid":
        sim.post(f"checkouts/{made['id']}/pay")
    elif end == "delayed":
        sim.post(f"checkouts/{made['id']}/pay", {"delayed": True})
        sim.post(f"checkouts/{made['id']}/async", {"succeeded": True})
    elif end == "expired":
        api.call("POST", f"/v1/checkout/sessions/{made['id']}/expire")
    path = f"/v1/checkout/sessions/{made['id']}"
    api.call("GET", path, {"expand[0]": "payment_intent", "expand[1]": "line_items"})
    api.get(path + "/line_items")
    api.get("/v1/checkout/sessions", limit=3)
    for event in api.get("/v1/events", limit=100).body["data"]:
        api.get(f"/v1/events/{event['id']}")


def test_notices_what_is_not_stripes() -> None:
    refund = {"id": "re_1", "object": "refund", "amount": 1, "created": 1, "currency": "eur"}
    assert answers.object_problems(refund) == []
    assert answers.object_problems({**refund, "surprise": 1}) != []
    assert answers.object_problems({**refund, "amount": "1"}) != []
    assert answers.object_problems({**refund, "reason": "because"}) != []
    assert answers.object_problems({k: v for k, v in refund.items() if k != "currency"}) != []
    assert requests.problems("POST", "/v1/refunds", {"payment_intent": "pi_1", "metadata": {"a": "b"}}) == []
    assert requests.problems("POST", "/v1/refunds", {"intent": "pi_1"}) != []
    assert requests.problems("POST", "/v1/refunds", {"amount": "1.5"}) != []
    assert requests.problems("POST", "/v1/refund", {}) != []


def test_fails_loudly_without_the_description(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(spec, "CACHE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(spec.NoSpec, match="go command"):
        spec.fetch()


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path.pattern}")
def test_takes_only_parameters_that_stripe_takes(route: Route) -> None:
    path = route.path.pattern.strip("^$").replace("([A-Za-z0-9_]{1,255})", "x")
    schema = requests.allowed(route.method, path)
    assert _excess(forms.Object(route.allowed), schema, path) == []


def _excess(kind: forms.Kind, schema: dict[str, Any], where: str) -> list[str]:
    """What the simulator would take and Stripe would not."""
    choices = schema.get("anyOf", [schema])
    if isinstance(kind, forms.Object):
        fitting = [c for c in choices if "properties" in c]
        if not fitting:
            return [where]
        known = fitting[0]["properties"]
        found = [f"{where}.{name}" for name in kind.fields if name not in known]
        nested = ((n, k) for n, k in kind.fields.items() if n in known)
        return found + [p for n, k in nested for p in _excess(k, known[n], f"{where}.{n}")]
    if isinstance(kind, forms.ListOf):
        fitting = [c for c in choices if c.get("type") == "array"]
        return _excess(kind.item, fitting[0]["items"], where + "[]") if fitting else [where]
    if isinstance(kind, forms.Text) and kind.choices:
        known = [value for c in choices for value in c.get("enum", [])]
        return [f"{where}={value}" for value in kind.choices if value not in known]
    wanted = {forms.Whole: "integer", forms.Flag: "boolean", forms.Text: "string"}.get(type(kind))
    return [] if wanted is None or any(c.get("type") == wanted for c in choices) else [f"{where} {wanted}"]


def test_judges_the_requests_of_a_ledger(sim: StripeSim, api: CheckedApi) -> None:
    intent = sim.payment()["id"]
    api.refund(intent, "k", **{"metadata[refund_id]": "1", "reason": "requested_by_customer"})
    api.call("GET", "/v1/refunds", {"payment_intent": intent, "created[gte]": 1, "limit": 100})
    command = [sys.executable, "-m", "stripe_conformance", str(sim.ledger)]
    assert subprocess.run(command, cwd=HERE, timeout=60, check=False).returncode == 0
    api.refund(intent, surprise="1")
    assert subprocess.run(command, cwd=HERE, timeout=60, check=False).returncode == 1
    assert json.dumps(requests.ledger_problems(sim.ledger)).count("surprise") == 1
