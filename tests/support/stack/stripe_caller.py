"""Calls to the Stripe of a stack, as the services and the buyers make them."""

import time
import urllib.parse

from .http import Http


class Stripe:
    """What the API would ask of Stripe, and what Stripe tells by itself."""

    def __init__(self, stack):
        self.stack = stack
        self.http = Http(stack.stripe.url)

    def call(self, method, path, key=None, **params):
        headers = {"Authorization": f"Bearer {self.stack.stripe.key}", "Content-Type": "application/x-www-form-urlencoded"}
        if key:
            headers["Idempotency-Key"] = key
        body = urllib.parse.urlencode(params) if method == "POST" else None
        return self.http.request(method, path, body=body, headers=headers)

    def create(self, booking_id, *, instance=None, expires_in=2100, key=None, amount=None, currency=None):
        """A checkout of that booking, as stripe_create_checkout() asks for it."""
        row = self.stack.one("SELECT * FROM bookings WHERE id = %s", booking_id)
        instance = instance or instance_id(self.stack)
        marks = {"booking_id": str(booking_id), "instance_id": instance}
        url = "http://localhost:4200/payment/{}?session_id={{CHECKOUT_SESSION_ID}}&type=session-booking"
        answer = self.call(
            "POST",
            "/v1/checkout/sessions",
            key,
            **{
                "mode": "payment",
                "payment_method_types[0]": "card",
                "line_items[0][price_data][currency]": (currency or row["currency"]).lower(),
                "line_items[0][price_data][unit_amount]": str(row["amount_minor"] if amount is None else amount),
                "line_items[0][price_data][product_data][name]": row["title"],
                "line_items[0][quantity]": "1",
                "expires_at": str(
                    int(row["hold_expires_at"].timestamp()) if key else int(time.time()) + expires_in
                ),
                "client_reference_id": str(booking_id),
                **{f"metadata[{name}]": value for name, value in marks.items()},
                **{f"payment_intent_data[metadata][{name}]": value for name, value in marks.items()},
                "success_url": url.format("success"),
                "cancel_url": url.format("cancel"),
            },
        )
        assert answer.status == 200, answer.text
        return answer.json

    def pay(self, checkout, **lie):
        """The buyer pays on the hosted page; the session as it is then."""
        return self.stack.stripe.post(f"checkouts/{checkout}/pay", **lie)

    def expire(self, checkout):
        return self.call("POST", f"/v1/checkout/sessions/{checkout}/expire")

    def get(self, checkout):
        return self.call("GET", f"/v1/checkout/sessions/{checkout}").json

    def events(self, about=None):
        """Every event so far, the oldest first."""
        found = self.call("GET", "/v1/events?limit=100").json["data"][::-1]
        return [e for e in found if about in (None, e["data"]["object"]["id"])]


def instance_id(stack):
    return str(stack.one("SELECT id FROM instance")["id"])
