"""Checkout Sessions: open, then complete or expired, and which of both is decided here once."""

from __future__ import annotations

from typing import Any

from .collection import StripeObject
from .errors import StripeError, refused
from .events import emit
from .forms import EXPAND, Flag, Kind, ListOf, Metadata, Object, Text, Whole
from .ids import new_id
from .payments import PAGE, capture
from .simulator import Simulator

SHORTEST_S, LONGEST_S, DEFAULT_S = 30 * 60, 24 * 3600, 24 * 3600

_PRODUCT = Object({"name": Text(), "description": Text(), "images": ListOf(Text()), "metadata": Metadata()})
_PRICE = Object({"currency": Text(3), "product_data": _PRODUCT, "unit_amount": Whole(0, 99999999)})
_ITEM = Object({"price_data": _PRICE, "quantity": Whole(1, 999999)})
_INTENT = Object(
    {
        "metadata": Metadata(),
        "description": Text(1000),
        "receipt_email": Text(),
        "capture_method": Text(choices=("automatic", "automatic_async", "manual")),
        "statement_descriptor": Text(22),
        "statement_descriptor_suffix": Text(22),
    }
)
CREATE: dict[str, Kind] = {
    "after_expiration": Object({"recovery": Object({"enabled": Flag(), "allow_promotion_codes": Flag()})}),
    "allow_promotion_codes": Flag(),
    "billing_address_collection": Text(choices=("auto", "required")),
    "cancel_url": Text(),
    "client_reference_id": Text(200),
    "currency": Text(3),
    "customer_creation": Text(choices=("always", "if_required")),
    "customer_email": Text(512),
    "expand": EXPAND,
    "expires_at": Whole(0),
    "line_items": ListOf(_ITEM),
    "locale": Text(10),
    "metadata": Metadata(),
    "mode": Text(choices=("payment", "setup", "subscription")),
    "payment_intent_data": _INTENT,
    "payment_method_types": ListOf(Text()),
    "submit_type": Text(choices=("auto", "book", "donate", "pay", "subscribe")),
    "success_url": Text(),
    "ui_mode": Text(choices=("hosted_page",)),
}
LIST: dict[str, Kind] = {
    **PAGE,
    "payment_intent": Text(),
    "status": Text(choices=("complete", "expired", "open")),
}
LIST_ITEMS: dict[str, Kind] = {
    "limit": Whole(1, 100),
    "starting_after": Text(),
    "ending_before": Text(),
    "expand": EXPAND,
}


def create(sim: Simulator, params: dict[str, Any]) -> StripeObject:
    """POST /v1/checkout/sessions, mode payment with inline prices."""
    expires_at = _checked_expiry(sim, params)
    items, currency = _line_items(params)
    if params.get("mode", "payment") != "payment":
        raise refused("Only mode payment is simulated.", param="mode")
    if "success_url" not in params:
        raise refused("Missing required param: success_url.", code="parameter_missing", param="success_url")
    total = sum(item["amount_total"] for item in items)
    session_id = new_id("cs_live" if sim.livemode else "cs_test", 58)
    session = _session(sim, params, session_id, currency, total)
    session["expires_at"] = expires_at
    sim.checkouts.add(session)
    sim.line_items[session_id] = items
    sim.intent_data[session_id] = params.get("payment_intent_data", {})
    _tell(sim, "checkout_created", session, expires_at=expires_at)
    sim.clock.at(expires_at, lambda: time_out(sim, session))
    return session


def _checked_expiry(sim: Simulator, params: dict[str, Any]) -> int:
    now = sim.now_s()
    expires_at: int = params.get("expires_at", now + DEFAULT_S)
    if expires_at < now + SHORTEST_S:
        raise StripeError(
            400,
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if expires_at > now + LONGEST_S:
        raise StripeError(
            400,
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return expires_at


def _line_items(params: dict[str, Any]) -> tuple[list[StripeObject], str]:
    wanted = params.get("line_items")
    if not wanted:
        raise refused("Missing required param: line_items.", code="parameter_missing", param="line_items")
    items: list[StripeObject] = []
    for place, item in enumerate(wanted):
        price = item.get("price_data", {})
        for name in ("currency", "unit_amount", "product_data"):
            if name not in price:
                where = f"line_items[{place}][price_data][{name}]"
                raise refused(f"Missing required param: {where}.", code="parameter_missing", param=where)
        amount = price["unit_amount"] * item.get("quantity", 1)
        items.append(
            {
                "id": new_id("li"),
                "object": "item",
                "amount_discount": 0,
                "amount_subtotal": amount,
                "amount_tax": 0,
                "amount_total": amount,
                "currency": price["currency"].lower(),
                "description": price["product_data"].get("name"),
                "price": None,
                "quantity": item.get("quantity", 1),
            }
        )
    return items, items[0]["currency"]


def _session(
    sim: Simulator, params: dict[str, Any], session_id: str, currency: str, total: int
) -> StripeObject:
    nothing = (
        "allow_promotion_codes", "billing_address_collection", "client_secret", "consent",
        "consent_collection", "currency_conversion", "customer", "customer_account", "customer_details",
        "invoice", "locale", "origin_context", "payment_intent", "payment_link",
        "payment_method_configuration_details", "permissions", "recovered_from",
        "saved_payment_method_options", "setup_intent", "shipping_address_collection", "shipping_cost",
        "submit_type", "subscription", "wallet_options", "collected_information",
    )  # fmt: skip
    recovery = params.get("after_expiration", {}).get("recovery")
    return {
        **dict.fromkeys(nothing),
        "id": session_id,
        "object": "checkout.session",
        "after_expiration": {
            "recovery": {"allow_promotion_codes": False, "enabled": True, "expires_at": None, "url": None}
        }
        if recovery and recovery.get("enabled")
        else None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": sim.now_s(),
        "currency": currency,
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "customer_creation": params.get("customer_creation", "if_required"),
        "customer_email": params.get("customer_email"),
        "discounts": [],
        "expires_at": 0,
        "livemode": sim.livemode,
        "locale": params.get("locale"),
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": params.get("payment_method_types", ["card"]),
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{sim.public_url}/c/pay/{session_id}",
    }


def pay(sim: Simulator, session: StripeObject, body: dict[str, Any]) -> StripeObject:
    """The buyer pays. body: delayed (the money comes later), amount and currency (to lie), email, name."""
    if session["status"] != "open":
        raise StripeError(400, f"This Checkout Session has a status of `{session['status']}`.")
    email = body.get("email") or session["customer_email"] or "parent@example.com"
    session["status"] = "complete"
    session["url"] = None
    session["customer_details"] = {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": body.get("name", "Pat Parent"),
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    for name in ("amount", "currency"):
        if name in body:
            session["amount_total" if name == "amount" else "currency"] = body[name]
    _tell(sim, "checkout_completed", session, delayed=bool(body.get("delayed")))
    if not body.get("delayed"):
        _take_money(sim, session)
    emit(sim, "checkout.session.completed", session)
    return session


def _take_money(sim: Simulator, session: StripeObject) -> None:
    if session["amount_total"] == 0:
        session["payment_status"] = "no_payment_required"
        return
    data = sim.intent_data[session["id"]]
    intent = capture(
        sim,
        session["amount_total"],
        session["currency"],
        metadata=data.get("metadata"),
        description=data.get("description"),
        email=session["customer_details"]["email"],
        name=session["customer_details"]["name"],
        checkout=session["id"],
    )
    session["payment_intent"] = intent["id"]
    session["payment_status"] = "paid"


def settle_delayed(sim: Simulator, session: StripeObject, succeeded: bool) -> StripeObject:
    """A delayed payment method comes to its end."""
    if session["status"] != "complete" or session["payment_status"] != "unpaid":
        raise StripeError(400, "Nothing is awaited for this Checkout Session.")
    if succeeded:
        _take_money(sim, session)
    _tell(sim, "checkout_async", session, succeeded=succeeded)
    outcome = "succeeded" if succeeded else "failed"
    emit(sim, f"checkout.session.async_payment_{outcome}", session)
    return session


def expire(sim: Simulator, params: dict[str, Any], session_id: str) -> StripeObject:
    """POST /v1/checkout/sessions/:id/expire"""
    session = sim.checkouts.get(session_id, "session")
    if session["status"] != "open":
        raise StripeError(
            400,
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
            f"status of `{session['status']}`.",
        )
    return _close(sim, session, "api")


def time_out(sim: Simulator, session: StripeObject) -> StripeObject:
    """Its time is over, now at the latest."""
    if session["status"] == "open":
        session["expires_at"] = min(session["expires_at"], sim.now_s())
        _close(sim, session, "clock")
    return session


def _close(sim: Simulator, session: StripeObject, by: str) -> StripeObject:
    session["status"] = "expired"
    session["url"] = None
    _tell(sim, "checkout_expired", session, by=by)
    emit(sim, "checkout.session.expired", session)
    return session


def retrieve(sim: Simulator, params: dict[str, Any], session_id: str) -> StripeObject:
    return sim.checkouts.get(session_id, "session")


def list_sessions(sim: Simulator, params: dict[str, Any]) -> StripeObject:
    names = [name for name in ("payment_intent", "status", "customer") if name in params]
    return sim.checkouts.page(params, lambda s: all(s[name] == params[name] for name in names))


def list_items(sim: Simulator, params: dict[str, Any], session_id: str) -> StripeObject:
    sim.checkouts.get(session_id, "session")
    return {
        "object": "list",
        "data": sim.line_items[session_id][: params.get("limit", 10)],
        "has_more": False,
        "url": f"/v1/checkout/sessions/{session_id}/line_items",
    }


def _tell(sim: Simulator, what: str, session: StripeObject, **more: Any) -> None:
    sim.effect(
        what,
        checkout=session["id"],
        status=session["status"],
        payment_status=session["payment_status"],
        amount=session["amount_total"],
        currency=session["currency"],
        client_reference_id=session["client_reference_id"],
        metadata=session["metadata"],
        **more,
    )
