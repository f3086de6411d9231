"""Signed webhooks, with all that can happen to them on the way."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web

from .collection import StripeObject
from .simulator import Simulator

AT_ONCE = 25
TIMEOUT_S = 10.0
RETRY_S = (1.0, 5.0, 30.0, 300.0, 3600.0, 6 * 3600.0, 24 * 3600.0, 48 * 3600.0)


def signature(body: bytes, stamp: int, secrets: list[str]) -> str:
    """The Stripe-Signature header: one v1 for each active secret."""
    parts = [f"t={stamp}"]
    for secret in secrets:
        digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        parts.append(f"v1={digest}")
    return ",".join(parts)


class Webhooks:
    def __init__(self, sim: Simulator, url: str | None, secrets: list[str]) -> None:
        self.sim = sim
        self.url = url
        self.secrets = secrets
        self.mode = "on"  # on; hold: keep until released; drop: fail without an attempt
        self.copies = 1
        self.jitter_s = 0.0  # each delivery waits a random part of it, so they overtake each other
        self.types: list[str] = []  # empty: all
        self.retry_s: list[float] = list(RETRY_S)
        self.held: list[StripeObject] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._client: aiohttp.ClientSession | None = None
        sim.on_event = self.enqueue

    def enqueue(self, event: StripeObject) -> None:
        if not self.url or (self.types and event["type"] not in self.types):
            return
        event["pending_webhooks"] = 1
        if self.mode == "hold":
            self.held.append(event)
        elif self.mode == "on":
            self._start(event)

    def _start(self, event: StripeObject) -> None:
        for _ in range(self.copies):
            self._spawn(event, 0)

    def _spawn(self, event: StripeObject, attempt: int) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(event, attempt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, event: StripeObject, attempt: int) -> None:
        if self.jitter_s:
            await asyncio.sleep(random.uniform(0, self.jitter_s))
        async with self._slots:
            status = await self.send(json.dumps(event).encode())
        delivered = isinstance(status, int) and 200 <= status < 300
        self.sim.ledger.append(
            "webhook", event=event["id"], type=event["type"], attempt=attempt, status=status
        )
        await self.sim.ledger.flush()
        if delivered:
            event["pending_webhooks"] = 0
        elif attempt < len(self.retry_s) and self.url:
            again = self.retry_s[attempt]
            self.sim.clock.after(again, lambda: self._spawn(event, attempt + 1))

    async def send(self, body: bytes, age_s: float = 0.0, secrets: list[str] | None = None) -> int | str:
        """POST one signed body now. The status, or the name of what went wrong."""
        stamp = int(self.sim.clock.now() - age_s)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(body, stamp, self.secrets if secrets is None else secrets),
        }
        return await self._post(body, headers)

    async def _post(self, body: bytes, headers: dict[str, str]) -> int | str:
        if self._client is None:
            self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        try:
            async with self._client.post(
                str(self.url), data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                return answer.status
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return type(error).__name__

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    # the control API

    def routes(self, wrap: Callable[..., Any]) -> list[web.RouteDef]:
        return [
            web.get("/_sim/webhooks", wrap(self.show)),
            web.post("/_sim/webhooks", wrap(self.configure)),
            web.post("/_sim/webhooks/release", wrap(self.release)),
            web.post("/_sim/webhooks/resend", wrap(self.resend)),
            web.post("/_sim/webhooks/send", wrap(self.send_forged)),
        ]

    def show(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        names = ("url", "mode", "copies", "jitter_s", "types", "retry_s")
        pending = [event["id"] for event in self.sim.events if event["pending_webhooks"]]
        held = [{"id": event["id"], "type": event["type"]} for event in self.held]
        return {**{name: getattr(self, name) for name in names}, "pending": pending, "held": held}

    def configure(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """{url?, secrets?, mode?, copies?, jitter_s?, types?, retry_s?}"""
        names = {"url", "secrets", "mode", "copies", "jitter_s", "types", "retry_s"}
        if set(body) - names or body.get("mode", "on") not in ("on", "hold", "drop"):
            raise ValueError(f"takes {', '.join(sorted(names))}; mode is on, hold or drop")
        for name, value in body.items():
            setattr(self, name, value)
        return self.show(request, {})

    def release(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """{order?: given | reverse | random, events?: [ids]}: let held events go."""
        wanted = body.get("events")
        going = [event for event in self.held if wanted is None or event["id"] in wanted]
        self.held = [event for event in self.held if event not in going]
        if body.get("order") == "reverse":
            going.reverse()
        elif body.get("order") == "random":
            random.shuffle(going)
        for event in going:
            self._start(event)
        return {"released": [event["id"] for event in going]}

    async def resend(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """{event, copies?}: the same event again, signed afresh; waits for the answers."""
        event = self.sim.events.get(body["event"])
        raw = json.dumps(event).encode()
        statuses = [await self.send(raw) for _ in range(int(body.get("copies", 1)))]
        if any(isinstance(status, int) and 200 <= status < 300 for status in statuses):
            event["pending_webhooks"] = 0
        return {"statuses": statuses}

    async def send_forged(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        """{body | event, age_s?, secrets?, headers?}: anything at all; headers replace the signature."""
        raw = body["body"] if "body" in body else json.dumps(self.sim.events.get(body["event"]))
        if "headers" in body:
            return {"status": await self._post(raw.encode(), body["headers"])}
        status = await self.send(raw.encode(), float(body.get("age_s", 0)), body.get("secrets"))
        return {"status": status}
