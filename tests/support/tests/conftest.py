"""The two stand-ins as processes, and a small client that speaks as our services do."""

from __future__ import annotations

import base64
import http.client
import json
import sys
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from running import MailSink, StripeSim  # noqa: E402


@dataclass
class Reply:
    status: int
    headers: Any
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["error"]
        return found


class Api:
    """Requests to /v1, form-encoded."""

    def __init__(self, sim: StripeSim) -> None:
        self.sim = sim
        self.auth = "Basic " + base64.b64encode(f"{sim.key}:".encode()).decode()

    def call(
        self,
        method: str,
        path: str,
        form: dict[str, Any] | None = None,
        key: str | None = None,
        timeout_s: float = 10.0,
        **headers: str,
    ) -> Reply:
        sent = {"Authorization": self.auth, **{n.replace("_", "-"): v for n, v in headers.items()}}
        if key is not None:
            sent["Idempotency-Key"] = key
        encoded = urllib.parse.urlencode(form or {})
        body = None
        if method == "GET" and encoded:
            path = f"{path}?{encoded}"
        elif method == "POST":
            body = encoded
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        line = http.client.HTTPConnection("127.0.0.1", self.sim.ports[0], timeout=timeout_s)
        try:
            line.request(method, path, body, sent)
            answer = line.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            line.close()

    def get(self, path: str, **query: Any) -> Reply:
        return self.call("GET", path, query)

    def refund(self, intent: str, key: str | None = None, **more: Any) -> Reply:
        return self.call("POST", "/v1/refunds", {"payment_intent": intent, **more}, key)


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[StripeSim]:
    with StripeSim(tmp_path / "stripe") as running:
        yield running


@pytest.fixture
def api(sim: StripeSim) -> Api:
    return Api(sim)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[MailSink]:
    with MailSink(tmp_path / "mail") as running:
        yield running
