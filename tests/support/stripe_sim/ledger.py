"""Read the ledger: the judge over what reached "Stripe" and what it did."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def read_lines(path: Path) -> Iterator[Line]:
    """Every whole line, oldest first; a last line still being written is left out."""
    with open(path, "rb") as file:
        for raw in file:
            if raw.endswith(b"\n"):
                yield json.loads(raw)


@dataclass
class Refund:
    id: str
    payment_intent: str
    charge: str
    amount_minor: int
    currency: str
    status: str
    metadata: dict[str, str]
    by_hand: bool
    request_id: str | None  # None: not made by an API request
    created: float
    failure_reason: str | None = None
    history: list[str] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        return self.status not in ("failed", "canceled")


@dataclass
class Payment:
    payment_intent: str
    charge: str
    amount_minor: int
    currency: str
    checkout: str | None
    metadata: dict[str, str]
    captured: float


@dataclass
class Exchange:
    """One request and, unless the simulator died, what became of it."""

    id: str
    method: str
    path: str
    key: str | None
    params: Any
    at: float
    real: float
    status: int | None = None
    fate: str | None = None  # sent, half, withheld; None: never answered
    replayed: bool = False
    error: str | None = None
    faults: list[str] = field(default_factory=list)


class Ledger:
    """What the file holds at the moment of reading."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.lines: list[Line] = list(read_lines(self.path))

    def effects(self, what: str | None = None) -> list[Line]:
        return [e for e in self.lines if e["kind"] == "effect" and what in (None, e["what"])]

    def exchanges(self, method: str | None = None, path_prefix: str = "/v1/") -> list[Exchange]:
        """Requests in the order of their arrival, joined with their answers."""
        found: dict[str, Exchange] = {}
        names = ("id", "method", "path", "key", "params", "at", "real")
        for line in self.lines:
            if line["kind"] == "request":
                found[line["id"]] = Exchange(**{name: line[name] for name in names})
            elif line["kind"] == "answer":
                exchange = found[line["request"]]
                for name in ("status", "fate", "replayed", "error", "faults"):
                    setattr(exchange, name, line.get(name, getattr(exchange, name)))
        return [e for e in found.values() if method in (None, e.method) and e.path.startswith(path_prefix)]

    def refund_posts(self, payment_intent: str | None = None) -> list[Exchange]:
        """Every POST /v1/refunds that arrived, refused and replayed ones too."""
        posts = [e for e in self.exchanges("POST") if e.path == "/v1/refunds"]
        if payment_intent is None:
            return posts
        return [e for e in posts if isinstance(e.params, dict) and self._about(e.params) == payment_intent]

    def _about(self, params: Line) -> str | None:
        if "payment_intent" in params:
            return str(params["payment_intent"])
        by_charge = {p.charge: p.payment_intent for p in self.captured_payments().values()}
        return by_charge.get(str(params.get("charge")))

    def refunds(self) -> dict[str, Refund]:
        """Refunds by id, as they stand after the last line."""
        found: dict[str, Refund] = {}
        for line in self.effects():
            if line["what"] == "refund_created":
                found[line["refund"]] = _refund(line)
            elif line["what"] == "refund_status":
                refund = found[line["refund"]]
                refund.status = line["status"]
                refund.failure_reason = line["failure_reason"]
                refund.history.append(line["status"])
        return found

    def refunds_by_payment_intent(self) -> dict[str, list[Refund]]:
        grouped: dict[str, list[Refund]] = defaultdict(list)
        for refund in self.refunds().values():
            grouped[refund.payment_intent].append(refund)
        return dict(grouped)

    def captured_payments(self) -> dict[str, Payment]:
        """Payments by PaymentIntent."""
        return {
            line["payment_intent"]: Payment(
                line["payment_intent"],
                line["charge"],
                line["amount"],
                line["currency"],
                line["checkout"],
                line["metadata"],
                line["at"],
            )
            for line in self.effects("charge_captured")
        }

    def disputed_payments(self) -> dict[str, str]:
        """PaymentIntent -> the last status of its dispute."""
        lines = [e for e in self.effects() if e["what"] in ("dispute_created", "dispute_status")]
        return {line["payment_intent"]: line["status"] for line in lines}

    def charged_back(self) -> dict[str, int]:
        """PaymentIntent -> what lost disputes have taken."""
        last = {e["dispute"]: e for e in self.effects() if e["what"] in ("dispute_created", "dispute_status")}
        taken: Counter[str] = Counter()
        for line in last.values():
            if line["status"] == "lost":
                taken[line["payment_intent"]] += line["amount"]
        return dict(taken)

    def assert_never_over_refunded(self) -> None:
        """Replay: at no instant may live refunds of a charge exceed what was captured."""
        captured: dict[str, int] = {}
        live: Counter[str] = Counter()
        for line in self.effects():
            what, charge = line["what"], line.get("charge")
            if what == "charge_captured":
                captured[charge] = line["amount"]
            elif what == "refund_created":
                live[charge] += line["amount"]
            elif what == "refund_status" and line["status"] in ("failed", "canceled"):
                live[charge] -= line["amount"]
            if charge in captured and live[charge] > captured[charge]:
                raise AssertionError(
                    f"charge {charge} of {line['payment_intent']}: {live[charge]} refunded of "
                    f"{captured[charge]} at line {line['seq']}"
                )

    def assert_refunded_once(self, payment_intent: str) -> Refund:
        """Exactly one live refund, of the full amount."""
        payment = self.captured_payments()[payment_intent]
        refunds = [r for r in self.refunds_by_payment_intent().get(payment_intent, []) if r.alive]
        if len(refunds) != 1 or refunds[0].amount_minor != payment.amount_minor:
            raise AssertionError(f"{payment_intent}: {payment.amount_minor} captured, refunds {refunds}")
        return refunds[0]

    def assert_not_refunded(self, payment_intent: str) -> None:
        refunds = self.refunds_by_payment_intent().get(payment_intent, [])
        if refunds:
            raise AssertionError(f"{payment_intent} has refunds: {refunds}")

    def posts_per_second(self, path: str = "/v1/refunds") -> list[int]:
        """POSTs in each whole second of real time from the first to the last, 429s too."""
        return per_second([e.real for e in self.exchanges("POST") if e.path == path])

    def busiest_second(self, path: str = "/v1/refunds") -> int:
        """The most POSTs in any sliding second of real time."""
        times = sorted(e.real for e in self.exchanges("POST") if e.path == path)
        most, first = 0, 0
        for last, when in enumerate(times):
            while when - times[first] >= 1.0:
                first += 1
            most = max(most, last - first + 1)
        return most


def per_second(times: Iterable[float]) -> list[int]:
    ordered = sorted(times)
    if not ordered:
        return []
    counts = [0] * (int(ordered[-1] - ordered[0]) + 1)
    for when in ordered:
        counts[int(when - ordered[0])] += 1
    return counts


def wait_for(path: Path | str, holds: Callable[[Ledger], bool], timeout_s: float = 10.0) -> Ledger:
    """Read again until holds(ledger), or fail."""
    deadline = time.monotonic() + timeout_s
    while True:
        ledger = Ledger(path)
        if holds(ledger):
            return ledger
        if time.monotonic() >= deadline:
            raise AssertionError(f"{path}: not so within {timeout_s} s ({len(ledger.lines)} lines)")
        time.sleep(0.02)


def _refund(line: Line) -> Refund:
    return Refund(
        line["refund"],
        line["payment_intent"],
        line["charge"],
        line["amount"],
        line["currency"],
        line["status"],
        line["metadata"],
        line["by_hand"],
        line["request"],
        line["at"],
        history=[line["status"]],
    )
