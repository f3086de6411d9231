"""Idempotency keys as Stripe's v1 API keeps them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .errors import key_in_use, key_misused, refused

KEPT_S = 24 * 3600


@dataclass
class StoredAnswer:
    status: int
    body: bytes
    request_id: str


@dataclass
class KeyEntry:
    method: str
    path: str
    params_sha256: str
    created: float
    answer: StoredAnswer | None = None
    replays: int = 0


def fingerprint(raw: bytes) -> str:
    """Parameters count as the same when they are the same pairs, in any order."""
    return hashlib.sha256(b"&".join(sorted(raw.split(b"&")))).hexdigest()


class KeyStore:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, KeyEntry] = {}

    def begin(self, key: str, method: str, path: str, params_sha256: str) -> StoredAnswer | None:
        """Claim the key for a first execution, or answer what it already gave.

        Raises what Stripe answers for a key in use or used for something else.
        """
        if len(key) > 255:
            raise refused("Idempotency keys can be at most 255 characters long")
        entry = self._entries.get(key)
        if entry and self._clock.now() - entry.created >= KEPT_S and entry.answer:
            entry = None
        if entry is None:
            self._entries[key] = KeyEntry(method, path, params_sha256, self._clock.now())
            return None
        if (entry.method, entry.path) != (method, path):
            raise key_misused(key, "endpoint")
        if entry.params_sha256 != params_sha256:
            raise key_misused(key, "parameters")
        if entry.answer is None:
            raise key_in_use(key)
        entry.replays += 1
        return entry.answer

    def store(self, key: str, answer: StoredAnswer) -> None:
        self._entries[key].answer = answer

    def forget(self, key: str) -> None:
        self._entries.pop(key, None)

    def prune(self, every: bool = False) -> int:
        """Drop what is 24 hours old, or every finished key."""
        now = self._clock.now()
        old = [k for k, e in self._entries.items() if e.answer and (every or now - e.created >= KEPT_S)]
        for key in old:
            del self._entries[key]
        return len(old)

    def as_json(self) -> dict[str, Any]:
        return {
            key: {
                "method": entry.method,
                "path": entry.path,
                "created": entry.created,
                "running": entry.answer is None,
                "status": entry.answer.status if entry.answer else None,
                "replays": entry.replays,
            }
            for key, entry in self._entries.items()
        }
