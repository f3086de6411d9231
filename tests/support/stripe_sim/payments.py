"""PaymentIntents, their charges, and disputes over them."""

from __future__ import annotations

from typing import Any

from .collection import StripeObject
from .errors import refused
from .events import emit
from .forms import EXPAND, Flag, Kind, ListOf, Metadata, Text, Whole, WholeOrRange
from .ids import new_id
from .simulator import Simulator

RETRIEVE: dict[str, Kind] = {"expand": EXPAND}
RETRIEVE_INTENT: dict[str, Kind] = {"expand": EXPAND, "client_secret": Text()}
PAGE: dict[str, Kind] = {
    "created": WholeOrRange(),
    "customer": Text(),
    "limit": Whole(1, 100),
    "starting_after": Text(),
    "ending_before": Text(),
    "expand": EXPAND,
}
LIST_INTENTS: dict[str, Kind] = PAGE
CREATE_INTENT: dict[str, Kind] = {
    "amount": Whole(1, 99999999),
    "confirm": Flag(),
    "currency": Text(3),
    "description": Text(1000),
    "expand": EXPAND,
    "metadata": Metadata(),
    "payment_method": Text(),
    "payment_method_types": ListOf(Text()),
    "receipt_email": Text(),
}
LIST_CHARGES: dict[str, Kind] = {**PAGE, "payment_intent": Text(), "transfer_group": Text()}
LIST_DISPUTES: dict[str, Kind] = {
    **{name: kind for name, kind in PAGE.items() if name != "customer"},
    "charge": Text(),
    "payment_intent": Text(),
}
NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def capture(sim: Simulator, amount: int, currency: str, **more: Any) -> StripeObject:
    """A PaymentIntent whose money has been taken.

    more: metadata, email, created, checkout (its id), description.
    """
    intent = _intent(sim, amount, currency.lower(), more)
    charge = _charge(sim, intent, more)
    intent["latest_charge"] = charge["id"]
    sim.payment_intents.add(intent)
    sim.charges.add(charge)
    sim.charges_of.setdefault(intent["id"], []).append(charge)
    sim.effect(
        "charge_captured",
        payment_intent=intent["id"],
        charge=charge["id"],
        amount=amount,
        currency=intent["currency"],
        checkout=more.get("checkout"),
        metadata=intent["metadata"],
    )
    emit(sim, "payment_intent.succeeded", intent)
    emit(sim, "charge.succeeded", charge)
    return intent


def create_intent(sim: Simulator, params: dict[str, Any]) -> StripeObject:
    """POST /v1/payment_intents with a test card, confirmed at once."""
    for name in ("amount", "currency", "payment_method"):
        if name not in params:
            raise refused(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if not params.get("confirm"):
        raise refused("Only what is confirmed at once is simulated.", param="confirm")
    return capture(
        sim,
        params["amount"],
        params["currency"],
        metadata=params.get("metadata"),
        description=params.get("description"),
        email=params.get("receipt_email"),
    )


def _intent(sim: Simulator, amount: int, currency: str, more: dict[str, Any]) -> StripeObject:
    intent_id = new_id("pi")
    nothing = (
        "application", "application_fee_amount", "automatic_payment_methods", "canceled_at",
        "cancellation_reason", "customer", "customer_account", "last_payment_error", "latest_charge",
        "next_action", "on_behalf_of", "payment_method_configuration_details", "processing", "review",
        "setup_future_usage", "shipping", "statement_descriptor", "statement_descriptor_suffix",
        "transfer_data", "transfer_group",
    )  # fmt: skip
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": amount,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{new_id('', 25)[1:]}",
        "confirmation_method": "automatic",
        "created": more.get("created") or sim.now_s(),
        "currency": currency,
        "description": more.get("description"),
        "livemode": sim.livemode,
        "metadata": dict(more.get("metadata") or {}),
        "payment_method": new_id("pm"),
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "receipt_email": more.get("email"),
        "status": "succeeded",
        **dict.fromkeys(nothing),
    }


def _charge(sim: Simulator, intent: StripeObject, more: dict[str, Any]) -> StripeObject:
    nothing = (
        "application", "application_fee", "application_fee_amount", "customer",
        "failure_balance_transaction", "failure_code", "failure_message", "on_behalf_of", "receipt_number",
        "review", "shipping", "source_transfer", "statement_descriptor", "statement_descriptor_suffix",
        "transfer_data", "transfer_group",
    )  # fmt: skip
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "balance_transaction": new_id("txn"),
        "billing_details": {
            "address": dict(NO_ADDRESS),
            "email": more.get("email"),
            "name": more.get("name"),
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": "UNBOOK",
        "captured": True,
        "created": intent["created"],
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": sim.livemode,
        "metadata": dict(intent["metadata"]),
        "outcome": {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {"card": _card(), "type": "card"},
        "receipt_email": more.get("email"),
        "receipt_url": "https://pay.stripe.com/receipts/" + new_id("payment", 20),
        "refunded": False,
        "status": "succeeded",
        **dict.fromkeys(nothing),
    }


def _card() -> dict[str, Any]:
    return {
        "amount_authorized": None,
        "authorization_code": None,
        "brand": "visa",
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "exp_month": 8,
        "exp_year": 2034,
        "fingerprint": "AOB934RVNwzk6xtn",
        "funding": "credit",
        "installments": None,
        "last4": "4242",
        "mandate": None,
        "network": "visa",
        "network_transaction_id": None,
        "regulated_status": None,
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }


def retrieve_intent(sim: Simulator, params: dict[str, Any], intent_id: str) -> StripeObject:
    return sim.payment_intents.get(intent_id, "intent")


def list_intents(sim: Simulator, params: dict[str, Any]) -> StripeObject:
    return sim.payment_intents.page(params, lambda item: _same(item, params, "customer"))


def retrieve_charge(sim: Simulator, params: dict[str, Any], charge_id: str) -> StripeObject:
    return sim.charges.get(charge_id, "charge")


def list_charges(sim: Simulator, params: dict[str, Any]) -> StripeObject:
    names = ("customer", "payment_intent", "transfer_group")
    within = sim.charges_of.get(params["payment_intent"], []) if "payment_intent" in params else None
    return sim.charges.page(params, lambda item: _same(item, params, *names), within)


def list_disputes(sim: Simulator, params: dict[str, Any]) -> StripeObject:
    return sim.disputes.page(params, lambda item: _same(item, params, "charge", "payment_intent"))


def retrieve_dispute(sim: Simulator, params: dict[str, Any], dispute_id: str) -> StripeObject:
    return sim.disputes.get(dispute_id, "dispute")


def _same(item: StripeObject, params: dict[str, Any], *names: str) -> bool:
    return all(item.get(name) == params[name] for name in names if name in params)
