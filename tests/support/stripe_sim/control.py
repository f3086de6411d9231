"""/_sim/: how a test sets the scene, makes things go wrong and looks at what is there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from . import checkout, disputes, payments, refunds
from .errors import StripeError
from .faults import BadFault
from .simulator import Course, Simulator

Body = dict[str, Any]
Action = Callable[[web.Request, Body], Any]


class Control:
    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    def routes(self) -> list[web.RouteDef]:
        post = {
            "payment_intents": self.make_payment,
            "payment_intents/{id}/course": self.set_course,
            "payment_intents/{id}/refund": self.refund_by_hand,
            "payment_intents/{id}/dispute": self.dispute,
            "payment_intents/{id}/not_refundable": self.not_refundable,
            "refunds/{id}/move": self.move_refund,
            "refunds/{id}/reference": self.give_reference,
            "disputes/{id}/move": self.move_dispute,
            "checkouts/{id}/pay": self.pay,
            "checkouts/{id}/async": self.settle_delayed,
            "checkouts/{id}/time_out": self.time_out,
            "settings": self.settings,
            "faults": self.add_faults,
            "barriers/{name}/release": self.release,
            "clock/advance": self.advance,
            "keys/prune": self.prune,
            "rate_limit": self.rate_limit,
        }
        get = {
            "state": self.state,
            "faults": self.list_faults,
            "clock": self.clock,
            "barriers/{name}": self.barrier,
        }
        delete = {"faults": self.clear_faults, "faults/{id}": self.clear_faults}
        return [
            *(web.post(f"/_sim/{path}", self.wrap(action)) for path, action in post.items()),
            *(web.get(f"/_sim/{path}", self.wrap(action)) for path, action in get.items()),
            *(web.delete(f"/_sim/{path}", self.wrap(action)) for path, action in delete.items()),
        ]

    def wrap(self, action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
        """JSON in and out; effects are in the ledger before the answer leaves."""

        async def handle(request: web.Request) -> web.Response:
            try:
                text = await request.text()
                result = action(request, json.loads(text) if text.strip() else {})
                if asyncio.iscoroutine(result):
                    result = await result
            except StripeError as error:
                return web.json_response({"error": error.message}, status=error.status)
            except (BadFault, ValueError, KeyError, TypeError) as error:
                return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
            await self.sim.ledger.flush()
            return web.json_response(result)

        return handle

    # the scene

    def make_payment(self, request: web.Request, body: Body) -> Body:
        """{amount, currency, metadata?, email?, created?, count?}"""
        count = int(body.pop("count", 0))
        amount, currency = int(body.pop("amount")), str(body.pop("currency"))
        if count:
            made = [payments.capture(self.sim, amount, currency, **body) for _ in range(count)]
            return {"data": made}
        return payments.capture(self.sim, amount, currency, **body)

    def set_course(self, request: web.Request, body: Body) -> Body:
        intent = self.sim.payment_intents.get(request.match_info["id"])
        self.sim.courses[intent["id"]] = Course.decode(body)
        return {"course": body}

    def _charge(self, request: web.Request) -> Body:
        intent = self.sim.payment_intents.get(request.match_info["id"])
        return self.sim.charges.get(intent["latest_charge"])

    def refund_by_hand(self, request: web.Request, body: Body) -> Body:
        """{amount?, reason?, metadata?}: somebody refunds in the dashboard."""
        charge = self._charge(request)
        remaining = charge["amount_captured"] - charge["amount_refunded"]
        amount = int(body.get("amount", remaining))
        if not 0 < amount <= remaining:
            raise ValueError(f"{remaining} remain")
        return refunds.make(self.sim, charge, amount, body, by_hand=True)

    def dispute(self, request: web.Request, body: Body) -> Body:
        return disputes.open_dispute(self.sim, self._charge(request), body)

    def not_refundable(self, request: web.Request, body: Body) -> Body:
        """{value?}: Stripe refuses to refund this charge by API."""
        charge_id = self._charge(request)["id"]
        if body.get("value", True):
            self.sim.not_refundable.add(charge_id)
        else:
            self.sim.not_refundable.discard(charge_id)
        return {"charge": charge_id, "not_refundable": body.get("value", True)}

    def move_refund(self, request: web.Request, body: Body) -> Body:
        """{status, failure_reason?}"""
        refund = self.sim.refunds.get(request.match_info["id"])
        return refunds.move(self.sim, refund, body["status"], body.get("failure_reason", "unknown"))

    def give_reference(self, request: web.Request, body: Body) -> Body:
        refund = self.sim.refunds.get(request.match_info["id"])
        return refunds.give_reference(self.sim, refund, str(body["reference"]))

    def move_dispute(self, request: web.Request, body: Body) -> Body:
        found = self.sim.disputes.get(request.match_info["id"])
        return disputes.move_dispute(self.sim, found, body["status"])

    def pay(self, request: web.Request, body: Body) -> Body:
        """{delayed?, amount?, currency?, email?, name?}"""
        return checkout.pay(self.sim, self.sim.checkouts.get(request.match_info["id"]), body)

    def settle_delayed(self, request: web.Request, body: Body) -> Body:
        """{succeeded}"""
        session = self.sim.checkouts.get(request.match_info["id"])
        return checkout.settle_delayed(self.sim, session, bool(body["succeeded"]))

    def time_out(self, request: web.Request, body: Body) -> Body:
        """The clock goes forward to its expiry for this checkout alone."""
        return checkout.time_out(self.sim, self.sim.checkouts.get(request.match_info["id"]))

    def settings(self, request: web.Request, body: Body) -> Body:
        """{refuse_over_refund?, course?}"""
        settings = self.sim.settings
        settings.refuse_over_refund = bool(body.get("refuse_over_refund", settings.refuse_over_refund))
        if "course" in body:
            settings.course = Course.decode(body)
        return {"refuse_over_refund": settings.refuse_over_refund}

    # what goes wrong

    def add_faults(self, request: web.Request, body: Body) -> Body:
        rules = body["faults"] if "faults" in body else [body]
        return {"ids": [self.sim.faults.add(rule).id for rule in rules]}

    def list_faults(self, request: web.Request, body: Body) -> Body:
        return {"faults": self.sim.faults.as_json()}

    def clear_faults(self, request: web.Request, body: Body) -> Body:
        wanted = request.match_info.get("id")
        self.sim.faults.clear(int(wanted) if wanted else None)
        return self.list_faults(request, body)

    async def barrier(self, request: web.Request, body: Body) -> Body:
        """How many are held; with ?held=N&timeout_s=S waits until so many are."""
        name = request.match_info["name"]
        wanted = int(request.query.get("held", "0"))
        deadline = asyncio.get_running_loop().time() + float(request.query.get("timeout_s", "10"))
        while True:
            barrier = self.sim.faults.barriers.get(name)
            held = barrier.held if barrier else 0
            if held >= wanted or asyncio.get_running_loop().time() >= deadline:
                return {"name": name, "held": held, "reached": held >= wanted}
            await asyncio.sleep(0.005)

    def release(self, request: web.Request, body: Body) -> Body:
        return {"released": self.sim.faults.release(request.match_info["name"])}

    def rate_limit(self, request: web.Request, body: Body) -> Body:
        """{per_second (null: none), method?, path_prefix?}"""
        limiter = self.sim.limiter
        limiter.per_second = body["per_second"]
        limiter.method = body.get("method")
        limiter.path_prefix = body.get("path_prefix", "/v1/")
        return {"per_second": limiter.per_second}

    def advance(self, request: web.Request, body: Body) -> Body:
        self.sim.clock.advance(float(body["seconds"]))
        self.sim.keys.prune()
        return self.clock(request, body)

    def clock(self, request: web.Request, body: Body) -> Body:
        return {"now": self.sim.clock.now(), "offset_s": self.sim.clock.offset_s}

    def prune(self, request: web.Request, body: Body) -> Body:
        """{all?}: forget keys of 24 hours and more, or all that are finished (the default)."""
        return {"pruned": self.sim.keys.prune(every=bool(body.get("all", True)))}

    def state(self, request: web.Request, body: Body) -> Body:
        sim = self.sim
        return {
            "now": sim.clock.now(),
            "payment_intents": list(sim.payment_intents),
            "charges": list(sim.charges),
            "refunds": list(sim.refunds),
            "disputes": list(sim.disputes),
            "checkouts": list(sim.checkouts),
            "events": len(sim.events),
            "keys": sim.keys.as_json(),
        }
