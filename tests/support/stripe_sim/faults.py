"""Faults on demand: rules that a test sets, matched against each API request."""

from __future__ import annotations

import asyncio
import fnmatch
import itertools
import random
from dataclasses import dataclass, field
from typing import Any

BARRIER_MAX_S = 120.0

# kind -> the fields that it takes besides the ones of every rule
KINDS: dict[str, set[str]] = {
    "delay": {"seconds", "when"},
    "barrier": {"name", "when"},
    "rate_limit": {"retry_after", "code", "should_retry"},
    "error": {"status", "effect", "stored", "should_retry", "retry_after"},
    "cut": {"effect"},
    "hang": {"effect", "seconds"},
    "half_body": {"effect"},
    "html": {"effect", "status", "body"},
    "wrong_json": {"effect", "status", "body"},
    "key_in_use": set(),
    "redirect": {"location"},
}
COMMON = {"kind", "method", "path", "count", "skip", "payment_intent", "probability"}
EFFECT_BY_DEFAULT = {"half_body": True, "wrong_json": True}


class BadFault(ValueError):
    """A rule that makes no sense."""


@dataclass
class Fault:
    id: int
    kind: str
    method: str = "*"
    path: str = "/v1/*"
    count: int | None = 1  # None: for ever
    skip: int = 0
    payment_intent: str | None = None
    probability: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)
    hits: int = 0

    @property
    def effect(self) -> bool:
        return bool(self.options.get("effect", EFFECT_BY_DEFAULT.get(self.kind, False)))

    @property
    def stored(self) -> str:
        """What the idempotency layer remembers of an `error`: error, answer or nothing."""
        default = (
            "error" if self.options.get("status", 500) == 500 else "answer" if self.effect else "nothing"
        )
        return str(self.options.get("stored", default))

    def as_json(self) -> dict[str, Any]:
        rule = {name: getattr(self, name) for name in ("id", *sorted(COMMON), "hits")}
        return {**rule, **self.options}


@dataclass
class Plan:
    """What is to go wrong with one request."""

    waits: list[Fault] = field(default_factory=list)
    ending: Fault | None = None

    @property
    def names(self) -> list[str]:
        return [f.kind for f in [*self.waits, *([self.ending] if self.ending else [])]]


@dataclass
class Barrier:
    held: int = 0
    passed: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)


class Faults:
    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._ids = itertools.count(1)
        self._random = random.Random(1)
        self.barriers: dict[str, Barrier] = {}

    def add(self, body: dict[str, Any]) -> Fault:
        kind = body.get("kind")
        if kind not in KINDS:
            raise BadFault(f"kind must be one of {', '.join(KINDS)}")
        unknown = set(body) - COMMON - KINDS[kind]
        if unknown:
            raise BadFault(f"{kind} does not take {', '.join(sorted(unknown))}")
        common = {name: value for name, value in body.items() if name in COMMON}
        options = {name: value for name, value in body.items() if name in KINDS[kind]}
        fault = Fault(next(self._ids), options=options, **common)
        self._rules.append(fault)
        return fault

    def as_json(self) -> list[dict[str, Any]]:
        return [fault.as_json() for fault in self._rules]

    def clear(self, fault_id: int | None = None) -> None:
        """Drop one rule, or all of them; then nobody is held any longer."""
        self._rules = [f for f in self._rules if fault_id is not None and f.id != fault_id]
        if fault_id is None:
            for name in list(self.barriers):
                self.release(name)

    def plan(self, method: str, path: str, payment_intent: str | None) -> Plan:
        """Use up what matches: every wait, and the first ending."""
        plan = Plan()
        for fault in self._rules:
            ends = fault.kind not in ("delay", "barrier")
            if (ends and plan.ending) or not self._matches(fault, method, path, payment_intent):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.hits += 1
            if ends:
                plan.ending = fault
            else:
                plan.waits.append(fault)
        return plan

    def _matches(self, fault: Fault, method: str, path: str, payment_intent: str | None) -> bool:
        return (
            (fault.count is None or fault.hits < fault.count)
            and fault.method in ("*", method)
            and fnmatch.fnmatchcase(path, fault.path)
            and fault.payment_intent in (None, payment_intent)
            and (fault.probability >= 1.0 or self._random.random() < fault.probability)
        )

    async def wait(self, plan: Plan, when: str) -> None:
        """Live through the waits of a plan: when is "before" or "after" the effect."""
        for fault in plan.waits:
            if fault.options.get("when", "before") != when:
                continue
            if fault.kind == "delay":
                await asyncio.sleep(float(fault.options["seconds"]))
            else:
                await self._hold(str(fault.options.get("name", "barrier")))

    async def wait_for_hang(self, fault: Fault) -> None:
        await asyncio.sleep(float(fault.options.get("seconds", 30)))

    async def _hold(self, name: str) -> None:
        barrier = self.barriers.setdefault(name, Barrier())
        barrier.held += 1
        try:
            await asyncio.wait_for(barrier.gate.wait(), BARRIER_MAX_S)
        except TimeoutError:
            pass
        finally:
            barrier.held -= 1
            barrier.passed += 1

    def release(self, name: str) -> int:
        """Let go whom the barrier holds now; who comes later is held again."""
        barrier = self.barriers.setdefault(name, Barrier())
        held = barrier.held
        barrier.gate.set()
        barrier.gate = asyncio.Event()
        return held
