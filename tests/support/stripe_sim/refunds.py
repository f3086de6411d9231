"""Refunds: what remains of a charge goes back, and what may become of that later."""

from __future__ import annotations

from typing import Any

from .collection import StripeObject
from .errors import StripeError, refused
from .events import emit
from .forms import EXPAND, Flag, Kind, Metadata, Text, Whole
from .ids import new_id
from .payments import PAGE
from .simulator import Course, Simulator

CREATE: dict[str, Kind] = {
    "amount": Whole(1, 99999999),
    "charge": Text(),
    "currency": Text(3),
    "customer": Text(),
    "expand": EXPAND,
    "instructions_email": Text(),
    "metadata": Metadata(),
    "origin": Text(choices=("customer_balance",)),
    "payment_intent": Text(),
    "reason": Text(choices=("duplicate", "fraudulent", "requested_by_customer")),
    "refund_application_fee": Flag(),
    "reverse_transfer": Flag(),
}
UPDATE: dict[str, Kind] = {"metadata": Metadata(), "expand": EXPAND}
LIST: dict[str, Kind] = {
    **{name: kind for name, kind in PAGE.items() if name != "customer"},
    "charge": Text(),
    "payment_intent": Text(),
}
MOVES = {
    "pending": {"succeeded", "failed", "canceled", "requires_action"},
    "requires_action": {"pending", "succeeded", "failed", "canceled"},
    "succeeded": {"failed"},
    "failed": set(),
    "canceled": set(),
}


def create(sim: Simulator, params: dict[str, Any]) -> StripeObject:
    """POST /v1/refunds"""
    charge = _charge_to_refund(sim, params)
    remaining = charge["amount_captured"] - charge["amount_refunded"]
    _refuse_unrefundable(sim, charge, remaining)
    amount = params.get("amount") or remaining or charge["amount_captured"]
    if amount > remaining and sim.settings.refuse_over_refund:
        raise StripeError(
            400,
            f"Refund amount ({_money(amount, charge)}) is greater than unrefunded amount on charge "
            f"({_money(remaining, charge)})",
            param="amount",
        )
    return make(sim, charge, amount, params)


def _charge_to_refund(sim: Simulator, params: dict[str, Any]) -> StripeObject:
    if "payment_intent" in params:
        intent = sim.payment_intents.get(params["payment_intent"], "payment_intent", 404)
        if "charge" in params and params["charge"] != intent["latest_charge"]:
            raise refused("The charge does not belong to this PaymentIntent.", param="charge")
        if intent["latest_charge"] is None:
            raise StripeError(
                400, f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
            )
        return sim.charges.get(intent["latest_charge"])
    if "charge" in params:
        return sim.charges.get(params["charge"], "charge", 404)
    raise refused(
        "One of the following params should be provided for this request: payment_intent or charge.",
        code="parameter_missing",
    )


def _refuse_unrefundable(sim: Simulator, charge: StripeObject, remaining: int) -> None:
    if charge["id"] in sim.not_refundable:
        raise StripeError(400, f"Charge {charge['id']} can not be refunded.", code="charge_not_refundable")
    blocked = any(d["charge"] == charge["id"] and not d["is_charge_refundable"] for d in sim.disputes)
    if charge["disputed"] and blocked:
        raise StripeError(
            400,
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if remaining <= 0 and sim.settings.refuse_over_refund:
        raise StripeError(
            400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )


def make(
    sim: Simulator, charge: StripeObject, amount: int, params: dict[str, Any], by_hand: bool = False
) -> StripeObject:
    """A refund comes to be, with the course that was set for its PaymentIntent."""
    course = sim.courses.get(charge["payment_intent"], sim.settings.course)
    refund: StripeObject = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_id("txn"),
        "charge": charge["id"],
        "created": sim.now_s(),
        "currency": charge["currency"],
        "customer": None,
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": course.first,
        "transfer_reversal": None,
    }
    _dress(sim, refund, course)
    sim.refunds.add(refund)
    sim.refunds_of.setdefault(charge["id"], []).append(refund)
    _settle_charge(charge, amount)
    _tell(sim, "refund_created", refund, metadata=refund["metadata"], by_hand=by_hand)
    emit(sim, "refund.created", refund)
    emit(sim, "charge.refunded", charge)
    _follow(sim, refund, course)
    return refund


def _dress(sim: Simulator, refund: StripeObject, course: Course) -> None:
    """The fields that only some states have."""
    for name in ("pending_reason", "next_action"):
        refund.pop(name, None)
    if refund["status"] == "pending":
        refund["pending_reason"] = course.pending_reason
        refund["destination_details"]["card"]["type"] = "pending"
    elif refund["status"] == "requires_action":
        refund["next_action"] = {
            "type": "display_details",
            "display_details": {
                "email_sent": {"email_sent_at": sim.now_s(), "email_sent_to": "parent@example.com"},
                "expires_at": sim.now_s() + 30 * 86400,
            },
        }
    else:
        refund["destination_details"]["card"]["type"] = "refund"


def _follow(sim: Simulator, refund: StripeObject, course: Course) -> None:
    if course.then is None or course.delay_s is None:
        return
    then, expected = course.then, refund["status"]

    def later() -> None:
        if refund["status"] == expected:
            move(sim, refund, then, course.failure_reason)

    sim.clock.after(course.delay_s, later)


def move(sim: Simulator, refund: StripeObject, status: str, failure_reason: str = "unknown") -> StripeObject:
    """Stripe's side moves a refund on."""
    if status not in MOVES[refund["status"]]:
        raise StripeError(400, f"A refund that is {refund['status']} does not become {status}.")
    previous = {"status": refund["status"]}
    refund["status"] = status
    _dress(sim, refund, sim.courses.get(refund["payment_intent"], sim.settings.course))
    if status in ("failed", "canceled"):
        refund["failure_balance_transaction"] = new_id("txn")
        refund["failure_reason"] = failure_reason if status == "failed" else "merchant_request"
        _settle_charge(sim.charges.get(refund["charge"]), -refund["amount"])
    _tell(
        sim,
        "refund_status",
        refund,
        previous=previous["status"],
        failure_reason=refund.get("failure_reason"),
        metadata=refund["metadata"],
    )
    emit(sim, "refund.updated", refund, previous)
    emit(sim, "charge.refund.updated", refund, previous)
    if status == "failed":
        emit(sim, "refund.failed", refund, previous)
    return refund


def give_reference(sim: Simulator, refund: StripeObject, reference: str) -> StripeObject:
    """The bank's reference (ARN) of a refund becomes known."""
    refund["destination_details"]["card"].update(reference=reference, reference_status="available")
    _tell(sim, "refund_reference", refund, reference=reference)
    emit(sim, "refund.updated", refund, {"destination_details": {"card": {"reference": None}}})
    return refund


def _settle_charge(charge: StripeObject, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount_captured"]


def _tell(sim: Simulator, what: str, refund: StripeObject, **more: Any) -> None:
    sim.effect(
        what,
        refund=refund["id"],
        charge=refund["charge"],
        payment_intent=refund["payment_intent"],
        amount=refund["amount"],
        currency=refund["currency"],
        status=refund["status"],
        **more,
    )


def retrieve(sim: Simulator, params: dict[str, Any], refund_id: str) -> StripeObject:
    return sim.refunds.get(refund_id, "refund")


def list_refunds(sim: Simulator, params: dict[str, Any]) -> StripeObject:
    """GET /v1/refunds"""
    within: list[StripeObject] | None = None
    if "payment_intent" in params:
        intent = sim.payment_intents.get(params["payment_intent"], "payment_intent", 404)
        within = [
            refund
            for charge in sim.charges_of.get(intent["id"], [])
            for refund in sim.refunds_of.get(charge["id"], [])
        ]
    if "charge" in params:
        charge = sim.charges.get(params["charge"], "charge", 404)
        of_charge = sim.refunds_of.get(charge["id"], [])
        within = of_charge if within is None else [r for r in within if r["charge"] == charge["id"]]
    return sim.refunds.page(params, within=within)


def update(sim: Simulator, params: dict[str, Any], refund_id: str) -> StripeObject:
    refund = sim.refunds.get(refund_id, "refund")
    if "metadata" in params:
        previous = {"metadata": dict(refund["metadata"])}
        merged = {**refund["metadata"], **params["metadata"]}
        refund["metadata"] = {key: value for key, value in merged.items() if value != ""}
        emit(sim, "refund.updated", refund, previous)
    return refund


def cancel(sim: Simulator, params: dict[str, Any], refund_id: str) -> StripeObject:
    refund = sim.refunds.get(refund_id, "refund")
    if refund["status"] != "requires_action":
        raise StripeError(
            400, f"Refund {refund_id} has a status of {refund['status']} and can not be canceled."
        )
    return move(sim, refund, "canceled")


def expire(sim: Simulator, params: dict[str, Any], refund_id: str) -> StripeObject:
    """POST /v1/test_helpers/refunds/:id/expire"""
    refund = sim.refunds.get(refund_id, "refund")
    if refund["status"] != "requires_action":
        raise StripeError(400, f"Refund {refund_id} does not require action.")
    return move(sim, refund, "failed", "expired_or_canceled_card")


def _money(amount: int, charge: StripeObject) -> str:
    return f"{amount} {charge['currency']}"
