"""Faults on demand, by the step of an SMTP transaction."""

from __future__ import annotations

import fnmatch
import itertools
from dataclasses import asdict, dataclass
from typing import Any

STEPS = ("banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot")
ACTIONS = ("reply", "cut", "silence", "slow", "hide_starttls")


class BadFault(ValueError):
    """A rule that makes no sense."""


@dataclass
class Fault:
    """reply: answer code and text · cut: close · silence: never answer · slow: wait, then go on.

    kept: whether a mail that was cut or met by silence after its final dot counts as accepted.
    """

    step: str
    do: str = "reply"
    code: int = 451
    text: str = "4.3.0 Try again later"
    seconds: float = 1.0
    rcpt: str | None = None  # a pattern; only for rcpt, data and dot
    count: int | None = 1  # None: for ever
    skip: int = 0
    kept: bool = True
    id: int = 0
    hits: int = 0


class Faults:
    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, body: dict[str, Any]) -> Fault:
        try:
            fault = Fault(**body)
        except TypeError as error:
            raise BadFault(str(error)) from error
        if fault.step not in STEPS or fault.do not in ACTIONS:
            raise BadFault(f"step is one of {STEPS}, do is one of {ACTIONS}")
        if fault.rcpt and fault.step not in ("rcpt", "data", "dot"):
            raise BadFault(f"nobody is named yet at step {fault.step}")
        if fault.do == "hide_starttls" and fault.step != "ehlo":
            raise BadFault("hide_starttls belongs to step ehlo")
        fault.id = next(self._ids)
        self._rules.append(fault)
        return fault

    def clear(self) -> None:
        self._rules = []

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._rules]

    def take(self, step: str, rcpts: list[str]) -> Fault | None:
        """Use up the first rule that fits."""
        for fault in self._rules:
            if fault.step != step or (fault.count is not None and fault.hits >= fault.count):
                continue
            if fault.rcpt and not any(fnmatch.fnmatch(r.lower(), fault.rcpt.lower()) for r in rcpts):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.hits += 1
            return fault
        return None
