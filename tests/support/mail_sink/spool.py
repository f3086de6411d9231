"""The spool: one .eml per mail and append-only JSON lines, on disk before SMTP is answered."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Mail:
    """One mail whose last byte arrived, whatever was answered."""

    id: int
    at: float
    mail_from: str
    rcpts: list[str]
    message_id: str | None
    size_bytes: int
    eml: str  # file name inside the spool
    reply: str  # what was, or would have been, answered to the final dot
    fate: str  # sent or withheld
    accepted: bool
    tls: bool
    violations: list[str] = field(default_factory=list)


class Spool:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.mails: list[Mail] = []
        self.refusals: list[dict[str, Any]] = []
        self.violations: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        self.next_id = 1 + sum(1 for _ in folder.glob("*.eml"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._fd = os.open(folder / "mails.jsonl", flags, 0o644)

    def keep(
        self,
        raw: bytes,
        envelope: dict[str, Any],
        reply: str,
        fate: str,
        accepted: bool,
        violations: list[str],
    ) -> Mail:
        """Write the mail and its line; both are on disk when this returns."""
        mail_id = self.next_id
        self.next_id += 1
        name = f"{mail_id:06d}.eml"
        _write(self.folder / name, raw)
        mail = Mail(
            id=mail_id,
            at=time.time(),
            message_id=_message_id(raw),
            size_bytes=len(raw),
            eml=name,
            reply=reply,
            fate=fate,
            accepted=accepted,
            violations=violations,
            **envelope,
        )
        self._append("mail", asdict(mail))
        self.mails.append(mail)
        self.arrived.set()
        self.arrived = asyncio.Event()
        return mail

    def refused(self, step: str, reply: str, envelope: dict[str, Any]) -> None:
        """A step before the final dot was refused, cut or left unanswered."""
        line = {"at": time.time(), "step": step, "reply": reply, **envelope}
        self._append("refused", line)
        self.refusals.append(line)

    def violated(self, what: str, detail: str) -> None:
        line = {"at": time.time(), "what": what, "detail": detail}
        self._append("violation", line)
        self.violations.append(line)

    def forget(self) -> None:
        """Empty the view; the files stay."""
        self._append("cleared", {"at": time.time()})
        self.mails, self.refusals, self.violations = [], [], []

    def raw(self, mail: Mail) -> bytes:
        return (self.folder / mail.eml).read_bytes()

    def _append(self, kind: str, line: dict[str, Any]) -> None:
        os.write(self._fd, json.dumps({"kind": kind, **line}).encode() + b"\n")
        os.fsync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


def _write(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _message_id(raw: bytes) -> str | None:
    found = email.message_from_bytes(raw, policy=email.policy.compat32).get("Message-ID")
    return str(found).strip() if found is not None else None
