"""Checkout Sessions, the hosted page and signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from running import StripeSim
from stack.wait import eventually
from stripe_api import Api
from stripe_sim.ledger import Ledger, wait_for
from stripe_sim.webhooks import signature

HALF_HOUR_S = 30 * 60


def create(api: Api, key: str | None = None, **more: Any) -> Any:
    form = {
        "mode": "payment",
        "line_items[0][price_data][currency]": "EUR",
        "line_items[0][price_data][unit_amount]": "5000",
        "line_items[0][price_data][product_data][name]": "Private session & tea",
        "success_url": "https://f.example/ok?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://f.example/no?session_id={CHECKOUT_SESSION_ID}",
        "payment_intent_data[metadata][booking_id]": "7",
        **more,
    }
    return api.call("POST", "/v1/checkout/sessions", form, key)


def test_opens_without_a_payment_intent(api: Api) -> None:
    made = create(api, client_reference_id="7").body
    assert (made["status"], made["payment_status"], made["payment_intent"]) == ("open", "unpaid", None)
    assert (made["amount_total"], made["currency"]) == (5000, "eur")
    assert made["id"].startswith("cs_test_")
    assert made["expires_at"] - made["created"] == 24 * 3600


@pytest.mark.parametrize(
    ("ahead_s", "word"), [(HALF_HOUR_S - 5, "at least 30"), (24 * 3600 + 60, "24 hours")]
)
def test_refuses_an_expiry_outside_its_bounds(api: Api, ahead_s: int, word: str) -> None:
    reply = create(api, expires_at=int(time.time()) + ahead_s)
    assert (reply.status, reply.error["param"]) == (400, "expires_at")
    assert word in reply.error["message"]


def test_expires_by_its_clock_and_by_request_but_only_when_open(sim: StripeSim, api: Api) -> None:
    first = create(api, expires_at=int(time.time()) + HALF_HOUR_S + 60).body["id"]
    second = create(api).body["id"]
    sim.post("clock/advance", {"seconds": HALF_HOUR_S + 61})
    assert api.get(f"/v1/checkout/sessions/{first}").body["status"] == "expired"
    assert api.call("POST", f"/v1/checkout/sessions/{second}/expire").body["status"] == "expired"
    again = api.call("POST", f"/v1/checkout/sessions/{second}/expire")
    assert again.status == 400
    assert "`expired`" in again.error["message"]
    assert [e["by"] for e in Ledger(sim.ledger).effects("checkout_expired")] == ["clock", "api"]


def test_the_time_of_one_checkout_can_be_over_for_it_alone(sim: StripeSim, api: Api) -> None:
    first, second = create(api).body["id"], create(api).body["id"]
    sim.post(f"checkouts/{first}/time_out")
    gone = api.get(f"/v1/checkout/sessions/{first}").body
    assert (gone["status"], gone["url"]) == ("expired", None) and gone["expires_at"] <= time.time()
    assert api.get(f"/v1/checkout/sessions/{second}").body["status"] == "open"
    assert sim.post(f"checkouts/{second}/pay")["status"] == "complete"
    assert sim.post(f"checkouts/{second}/time_out")["status"] == "complete", "what is paid stays paid"


def test_paid_and_expired_exclude_each_other(sim: StripeSim, api: Api) -> None:
    made = create(api).body["id"]
    paid = sim.post(f"checkouts/{made}/pay")
    assert (paid["status"], paid["payment_status"]) == ("complete", "paid")
    assert api.call("POST", f"/v1/checkout/sessions/{made}/expire").status == 400
    payment = Ledger(sim.ledger).captured_payments()[paid["payment_intent"]]
    assert (payment.checkout, payment.metadata) == (made, {"booking_id": "7"})
    assert api.refund(paid["payment_intent"]).body["amount"] == 5000


def test_a_delayed_method_pays_later_or_not(sim: StripeSim, api: Api) -> None:
    for succeeded in (True, False):
        made = create(api).body["id"]
        assert sim.post(f"checkouts/{made}/pay", {"delayed": True})["payment_status"] == "unpaid"
        later = sim.post(f"checkouts/{made}/async", {"succeeded": succeeded})
        assert later["payment_status"] == ("paid" if succeeded else "unpaid")
    types = [e["type"] for e in api.get("/v1/events", limit=100).body["data"]]
    assert types.count("checkout.session.completed") == 2
    assert "checkout.session.async_payment_failed" in types


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


def browse(url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Status, text and Location of a page, without following it."""
    opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))
    data = None if form is None else urllib.parse.urlencode(form).encode()
    try:
        with opener.open(url, data, timeout=10) as answer:
            return answer.status, answer.read().decode(), ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers.get("Location", "")


def test_the_hosted_page_takes_the_money_and_sends_the_buyer_back(sim: StripeSim, api: Api) -> None:
    made = create(api).body
    status, text, _ = browse(made["url"])
    assert status == 200
    assert "Private session &amp; tea" in text
    assert "50.00 EUR" in text
    assert f"https://f.example/no?session_id={made['id']}" in text
    declined = browse(made["url"], {"card": "4000 0000 0000 0002"})
    assert declined[0] == 402
    assert "declined" in declined[1]
    assert browse(made["url"], {"card": "4242 4242 4242 4242", "email": "p@example.com"})[::2] == (
        303,
        f"https://f.example/ok?session_id={made['id']}",
    )
    assert browse(made["url"])[0] == 410
    paid = api.get(f"/v1/checkout/sessions/{made['id']}").body
    assert (paid["payment_status"], paid["customer_details"]["email"]) == ("paid", "p@example.com")


def test_a_test_card_decides_what_becomes_of_the_refund(sim: StripeSim, api: Api) -> None:
    made = create(api).body
    browse(made["url"], {"card": "4000000000005126"})
    intent = api.get(f"/v1/checkout/sessions/{made['id']}").body["payment_intent"]
    refund = api.refund(intent).body["id"]
    sim.post("clock/advance", {"seconds": 2})
    assert api.get(f"/v1/refunds/{refund}").body["status"] == "failed"


@dataclass
class Endpoint:
    url: str
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # used up first; then 200
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int) -> list[dict[str, Any]]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, 10), f"{len(self.got)} of {count}"
            return [json.loads(body) for _, body in self.got]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with found.arrived:
                found.got.append((dict(self.headers), body))
                status = found.answers.pop(0) if found.answers else 200
                found.arrived.notify_all()
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Endpoint(f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield found
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_signs_as_the_official_sdk_does() -> None:
    expected = "4c15fb2a43f93ef61eaa3e0893866d57cad9cad4223242cfb96f362480cb4021"
    header = signature(b'{"id":"evt_1","object":"event"}', 1700000000, ["whsec_test", "whsec_old"])
    assert header.startswith(f"t=1700000000,v1={expected},v1=")


def test_delivers_signed_and_again_until_it_is_taken(sim: StripeSim, api: Api, endpoint: Endpoint) -> None:
    hook = {"url": endpoint.url, "secrets": ["whsec_a"], "types": ["checkout.session.expired"]}
    sim.post("webhooks", hook)
    endpoint.answers = [500, 302]
    api.call("POST", f"/v1/checkout/sessions/{create(api).body['id']}/expire")
    endpoint.wait(1)
    pending = api.get("/v1/events", delivery_success="false").body["data"]
    assert [e["type"] for e in pending] == ["checkout.session.expired"]
    for attempt in (1, 2):
        wait_for(
            sim.ledger, lambda led, n=attempt: len([x for x in led.lines if x["kind"] == "webhook"]) == n
        )
        sim.post("clock/advance", {"seconds": 3600})
        events = endpoint.wait(attempt + 1)
    assert {e["id"] for e in events} == {pending[0]["id"]}
    for headers, body in endpoint.got:
        stamp, given = headers["Stripe-Signature"].split(",")
        signed = stamp[2:].encode() + b"." + body
        assert given[3:] == hmac.new(b"whsec_a", signed, hashlib.sha256).hexdigest()
    wait_for(
        sim.ledger, lambda led: [x["status"] for x in led.lines if x["kind"] == "webhook"] == [500, 302, 200]
    )
    eventually(lambda: api.get("/v1/events", delivery_success="false").body["data"] == [], 20, "all is delivered")


def test_duplicates_reorders_and_switches_off(sim: StripeSim, api: Api, endpoint: Endpoint) -> None:
    sim.post("webhooks", {"url": endpoint.url, "secrets": ["whsec_a"], "mode": "hold", "copies": 2})
    sim.payment()
    assert endpoint.got == []
    released = sim.post("webhooks/release", {"order": "reverse"})["released"]
    assert len(released) == 2
    events = endpoint.wait(4)
    assert sorted(e["id"] for e in events) == sorted(released * 2)
    sim.post("webhooks", {"mode": "drop"})
    sim.payment()
    dropped = sim.get("webhooks")["pending"]
    assert len(dropped) >= 2
    assert len(endpoint.got) == 4
    assert sim.post("webhooks/resend", {"event": dropped[-1], "copies": 3})["statuses"] == [200, 200, 200]


def test_forges_on_demand(sim: StripeSim, endpoint: Endpoint) -> None:
    sim.post("webhooks", {"url": endpoint.url, "secrets": ["whsec_a"], "mode": "drop"})
    sim.post("webhooks/send", {"body": '{"id":"evt_x"}', "age_s": 400, "secrets": ["whsec_wrong"]})
    sim.post("webhooks/send", {"body": "{}", "headers": {"Stripe-Signature": "t=1,v0=00"}})
    endpoint.wait(2)
    stamp = int(endpoint.got[0][0]["Stripe-Signature"].split(",")[0][2:])
    assert 395 <= time.time() - stamp <= 410
    assert endpoint.got[1][0]["Stripe-Signature"] == "t=1,v0=00"
