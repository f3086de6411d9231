"""Read a spool: what reached the mail server, judged from its files alone."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .parse import decoded


@dataclass
class SpooledMail:
    folder: Path
    line: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        """id, at, mail_from, rcpts, message_id, reply, fate, accepted, tls, violations"""
        try:
            return self.line[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def rcpt(self) -> str:
        return str(self.line["rcpts"][0])

    @cached_property
    def raw(self) -> bytes:
        return (self.folder / self.line["eml"]).read_bytes()

    @cached_property
    def content(self) -> dict[str, Any]:
        """from, to, subject, text, html, calendar, calendar_method, headers, attachments"""
        return decoded(self.raw)

    @property
    def subject(self) -> str:
        return str(self.content["subject"])


class SpoolReader:
    """What the spool holds at the moment of reading."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        path = self.folder / "mails.jsonl"
        raw = path.read_bytes() if path.exists() else b""
        self.lines = [json.loads(line) for line in raw.split(b"\n")[:-1]]

    def _of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["kind"] == kind]

    def arrivals(self) -> list[SpooledMail]:
        """Every mail whose last byte arrived, refused ones too, in order."""
        return [SpooledMail(self.folder, line) for line in self._of("mail")]

    def delivered(self, rcpt: str | None = None) -> list[SpooledMail]:
        """Mails that the server took, whether or not its answer got through."""
        return [m for m in self.arrivals() if m.accepted and (rcpt is None or rcpt in m.rcpts)]

    def by_message_id(self) -> dict[str, list[SpooledMail]]:
        """Delivered copies by Message-ID: more than one is legal only after a withheld answer."""
        grouped: dict[str, list[SpooledMail]] = defaultdict(list)
        for mail in self.delivered():
            grouped[mail.message_id].append(mail)
        return dict(grouped)

    def refusals(self) -> list[dict[str, Any]]:
        return self._of("refused")

    def violations(self) -> list[dict[str, Any]]:
        return self._of("violation")

    def assert_no_violations(self) -> None:
        if self.violations():
            raise AssertionError(f"SMTP rules broken: {self.violations()}")

    def assert_copies_only_after_unknown(self) -> None:
        """A Message-ID comes again only while no earlier copy of it was answered with a 250."""
        for message_id, copies in self.by_message_id().items():
            if any(copy.fate == "sent" for copy in copies[:-1]):
                raise AssertionError(f"{message_id} came again after it was accepted: {copies}")


def wait_for(
    folder: Path | str, holds: Callable[[SpoolReader], bool], timeout_s: float = 10.0
) -> SpoolReader:
    """Read again until holds(reader), or fail."""
    deadline = time.monotonic() + timeout_s
    while True:
        reader = SpoolReader(folder)
        if holds(reader):
            return reader
        if time.monotonic() >= deadline:
            raise AssertionError(f"{folder}: not so within {timeout_s} s ({len(reader.lines)} lines)")
        time.sleep(0.02)
