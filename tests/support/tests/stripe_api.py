"""A small client that speaks to /v1 as our services do."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.parse
from dataclasses import dataclass
from typing import Any

from running import StripeSim


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
