"""What one simulator holds: its objects, its settings and the tools that handlers use."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .clock import Clock
from .collection import Collection, StripeObject
from .faults import Faults
from .idempotency import KeyStore
from .ledger_writer import LedgerWriter
from .limiter import Limiter

API_VERSION = "2026-08-26.dahlia"


@dataclass
class Course:
    """What becomes of the refunds of one PaymentIntent."""

    first: str = "succeeded"
    then: str | None = None
    delay_s: float | None = None  # None: moved by the control API only
    failure_reason: str = "unknown"
    pending_reason: str = "processing"

    NAMES = {
        "succeeded": ("succeeded", None),
        "pending": ("pending", None),
        "pending_succeeded": ("pending", "succeeded"),
        "pending_failed": ("pending", "failed"),
        "succeeded_failed": ("succeeded", "failed"),
        "requires_action": ("requires_action", None),
        "requires_action_succeeded": ("requires_action", "succeeded"),
        "requires_action_failed": ("requires_action", "failed"),
    }

    @classmethod
    def decode(cls, body: dict[str, Any]) -> Course:
        first, then = cls.NAMES[body["course"]]
        course = cls(first, then, body.get("delay_s"))
        course.failure_reason = body.get("failure_reason", course.failure_reason)
        course.pending_reason = body.get("pending_reason", course.pending_reason)
        return course


@dataclass
class RequestInfo:
    """The API request that is being executed, for the events that it causes."""

    request_id: str | None = None
    key: str | None = None


@dataclass
class Settings:
    refuse_over_refund: bool = True
    course: Course = field(default_factory=Course)


class Simulator:
    def __init__(self, key: str, ledger_path: Path) -> None:
        self.key = key
        self.livemode = "_live_" in key
        self.public_url = ""
        self.clock = Clock()
        self.ledger = LedgerWriter(ledger_path, self.clock)
        self.keys = KeyStore(self.clock)
        self.faults = Faults()
        self.limiter = Limiter()
        self.settings = Settings()
        self.executing = RequestInfo()
        self.payment_intents = Collection("payment_intent", "/v1/payment_intents")
        self.charges = Collection("charge", "/v1/charges")
        self.refunds = Collection("refund", "/v1/refunds")
        self.disputes = Collection("dispute", "/v1/disputes")
        self.checkouts = Collection("checkout.session", "/v1/checkout/sessions")
        self.events = Collection("event", "/v1/events")
        self.courses: dict[str, Course] = {}
        self.refunds_of: dict[str, list[StripeObject]] = {}  # by charge id
        self.charges_of: dict[str, list[StripeObject]] = {}  # by payment intent id
        self.not_refundable: set[str] = set()  # charge ids
        self.line_items: dict[str, list[StripeObject]] = {}  # by checkout id
        self.intent_data: dict[str, dict[str, Any]] = {}  # payment_intent_data, by checkout id
        self.on_event: Any = lambda event: None  # the webhooks hang themselves in here

    def now_s(self) -> int:
        return int(self.clock.now())

    def effect(self, what: str, **fields: Any) -> None:
        """Tell the ledger what happened to money or objects."""
        self.ledger.append("effect", what=what, request=self.executing.request_id, **fields)

    def intent_of(self, object_id: str) -> str | None:
        """The PaymentIntent that any known id belongs to."""
        if object_id.startswith("pi_"):
            return object_id
        for kind in (self.charges, self.refunds, self.checkouts, self.disputes):
            item = kind.find(object_id)
            if item is not None:
                found: str | None = item.get("payment_intent")
                return found
        return None
