"""Disputes: the buyer takes the money back through the bank."""

from __future__ import annotations

from typing import Any

from .collection import StripeObject
from .events import emit
from .ids import new_id
from .refunds import move
from .simulator import Simulator

EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation",
    "duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt",
    "refund_policy", "refund_policy_disclosure", "refund_refusal_explanation", "service_date",
    "service_documentation", "shipping_address", "shipping_carrier", "shipping_date",
    "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip


def open_dispute(sim: Simulator, charge: StripeObject, body: dict[str, Any]) -> StripeObject:
    """status warning_*: an inquiry, no money moves and the charge stays refundable."""
    status = body.get("status", "needs_response")
    inquiry = status.startswith("warning_")
    made = sim.refunds_of.get(charge["id"], [])
    arrived = sum(refund["amount"] for refund in made if refund["status"] == "succeeded")
    dispute = sim.disputes.add(
        {
            "id": new_id("dp"),
            "object": "dispute",
            "amount": body.get("amount", charge["amount_captured"] - arrived),
            "balance_transactions": [],
            "charge": charge["id"],
            "created": sim.now_s(),
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
            "evidence_details": {
                "due_by": sim.now_s() + 7 * 86400,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": body.get("is_charge_refundable", inquiry),
            "livemode": sim.livemode,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": body.get("reason", "fraudulent"),
            "status": status,
        }
    )
    charge["disputed"] = True
    _tell(sim, "dispute_created", dispute)
    emit(sim, "charge.dispute.created", dispute)
    if not inquiry:
        emit(sim, "charge.dispute.funds_withdrawn", dispute)
    for refund in list(made):
        if not inquiry and refund["status"] == "pending":
            move(sim, refund, "failed", "charge_for_pending_refund_disputed")
    return dispute


def move_dispute(sim: Simulator, dispute: StripeObject, status: str) -> StripeObject:
    """won and lost close it; won gives the money back to the merchant."""
    previous = {"status": dispute["status"]}
    dispute["status"] = status
    if status == "won":
        dispute["is_charge_refundable"] = True
    elif not status.startswith("warning_"):
        dispute["is_charge_refundable"] = False
    _tell(sim, "dispute_status", dispute)
    if status in ("won", "lost", "warning_closed"):
        emit(sim, "charge.dispute.closed", dispute, previous)
        if status == "won":
            emit(sim, "charge.dispute.funds_reinstated", dispute)
    else:
        emit(sim, "charge.dispute.updated", dispute, previous)
    return dispute


def _tell(sim: Simulator, what: str, dispute: StripeObject) -> None:
    sim.effect(
        what,
        dispute=dispute["id"],
        charge=dispute["charge"],
        payment_intent=dispute["payment_intent"],
        amount=dispute["amount"],
        currency=dispute["currency"],
        status=dispute["status"],
    )
