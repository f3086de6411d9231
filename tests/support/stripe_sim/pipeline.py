"""The way of one API request: key, limiter, faults, idempotency, execution, ledger, answer."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from . import forms
from .errors import StripeError, key_in_use, rate_limited, server_error, unauthorized
from .expand import expanded
from .faults import Fault, Plan
from .idempotency import StoredAnswer, fingerprint
from .ids import new_id
from .routes import find_route
from .simulator import API_VERSION, RequestInfo, Simulator


@dataclass
class Request:
    method: str
    path: str
    query: str
    body: bytes
    headers: Any  # case-insensitive mapping
    id: str = field(default_factory=lambda: new_id("req", 14))

    @property
    def key(self) -> str | None:
        return self.headers.get("Idempotency-Key") if self.method == "POST" else None

    @property
    def form(self) -> str:
        return self.body.decode("utf-8", "replace") if self.method == "POST" else self.query

    @cached_property
    def params(self) -> dict[str, Any]:
        """The parameters, nested but not checked; refuses names that cannot be nested."""
        return forms.decode(self.form)


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]
    fate: str = "sent"  # sent, half or withheld
    replayed: bool = False
    content_type: str = "application/json"


class Pipeline:
    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    async def handle(self, request: Request) -> Answer:
        """Answer one request; when this returns, the ledger holds all of it."""
        raw = _lenient(request)
        self.sim.ledger.append(
            "request", id=request.id, method=request.method, path=request.path, key=request.key, params=raw
        )
        plan = self.sim.faults.plan(request.method, request.path, self._intent(request, raw))
        try:
            answer = await self._answer(request, plan)
        except StripeError as error:
            answer = _error_answer(request, error)
        await self.sim.faults.wait(plan, "after")
        answer = await self._end(plan.ending, answer)
        self._finish_headers(request, answer)
        self.sim.ledger.append(
            "answer",
            request=request.id,
            status=answer.status,
            fate=answer.fate,
            replayed=answer.replayed,
            faults=plan.names,
            **_summary(answer),
        )
        await self.sim.ledger.flush()
        return answer

    async def _answer(self, request: Request, plan: Plan) -> Answer:
        self._authorize(request)
        ending = plan.ending
        if ending and ending.kind == "rate_limit":
            raise rate_limited(ending.options.get("code", "rate_limit"), _retry_headers(ending))
        if self.sim.limiter.exceeded(request.method, request.path):
            raise rate_limited()
        if ending and not ending.effect and (ending.kind != "error" or ending.stored == "nothing"):
            await self.sim.faults.wait(plan, "before")
            return _without_effect(request, ending)
        return await self._execute_once(request, plan)

    async def _execute_once(self, request: Request, plan: Plan) -> Answer:
        """Parameters, then the idempotency layer around the execution."""
        handler, params, ids = self._resolve(request)
        key = request.key
        if key is not None:
            stored = self.sim.keys.begin(key, request.method, request.path, fingerprint(request.body))
            if stored is not None:
                return _replay(stored)
        try:
            await self.sim.faults.wait(plan, "before")
            answer, keep = self._execute(request, plan.ending, handler, params, ids)
        except BaseException:
            if key is not None:
                self.sim.keys.forget(key)
            raise
        if key is not None and keep is not None:
            self.sim.keys.store(key, StoredAnswer(keep.status, keep.body, request.id))
        elif key is not None:
            self.sim.keys.forget(key)
        return answer

    def _execute(
        self,
        request: Request,
        ending: Fault | None,
        handler: Any,
        params: dict[str, Any],
        ids: tuple[str, ...],
    ) -> tuple[Answer, Answer | None]:
        """The answer, and the one that the key remembers (None: nothing)."""
        answer = Answer(0, b"", {})
        keep: Answer | None = None
        if ending is None or ending.effect:
            self.sim.executing = RequestInfo(request.id, request.key)
            try:
                paths = params.pop("expand", [])
                result = expanded(self.sim, handler(self.sim, params, *ids), paths)
                answer = Answer(200, json.dumps(result).encode(), {})
                keep = answer
            except StripeError as error:
                answer = _error_answer(request, error)
                keep = answer if error.stored else None
            finally:
                self.sim.executing = RequestInfo()
        if ending and ending.kind == "error":
            failed = _error_answer(request, server_error(int(ending.options.get("status", 500))))
            failed.headers.update(_retry_headers(ending))
            return failed, {"error": failed, "answer": keep, "nothing": None}[ending.stored]
        return answer, keep

    def _resolve(self, request: Request) -> tuple[Any, dict[str, Any], tuple[str, ...]]:
        found = find_route(request.method, request.path)
        if found is None:
            raise StripeError(
                404, f"Unrecognized request URL ({request.method}: {request.path}).", stored=False
            )
        content_type = request.headers.get("Content-Type", "application/x-www-form-urlencoded")
        if request.method == "POST" and request.body:
            if content_type.split(";")[0].strip().lower() != "application/x-www-form-urlencoded":
                raise StripeError(
                    400,
                    "Invalid request (check that your POST content type is "
                    "application/x-www-form-urlencoded).",
                    stored=False,
                )
        route, ids = found
        params = forms.check(request.params, route.allowed)
        return route.handler, params, ids

    async def _end(self, ending: Fault | None, answer: Answer) -> Answer:
        """Spoil the answer on its way out."""
        if ending is None:
            return answer
        if ending.kind == "hang":
            await self.sim.faults.wait_for_hang(ending)
        if ending.kind in ("cut", "hang"):
            answer.fate = "withheld"
        elif ending.kind == "half_body":
            answer.fate = "half"
        elif ending.kind in ("html", "wrong_json"):
            return _foreign(ending)
        return answer

    def _authorize(self, request: Request) -> None:
        given = request.headers.get("Authorization", "")
        scheme, _, value = given.partition(" ")
        if scheme.lower() == "basic":
            try:
                value = base64.b64decode(value).decode().partition(":")[0]
            except ValueError:
                value = ""
        if not value:
            raise unauthorized(
                "You did not provide an API key. You need to provide your API key in the Authorization header, "
                "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            )
        if not hmac.compare_digest(value.encode(), self.sim.key.encode()):
            raise unauthorized(f"Invalid API Key provided: {value[:8]}{'*' * 12}")

    def _intent(self, request: Request, raw: Any) -> str | None:
        """The PaymentIntent that a request is about, for faults that name one."""
        named: list[Any] = []
        if isinstance(raw, dict):
            named = [raw.get("payment_intent"), raw.get("charge")]
        for name in [*named, *request.path.split("/")[3:]]:
            if isinstance(name, str) and (found := self.sim.intent_of(name)):
                return found
        return None

    def _finish_headers(self, request: Request, answer: Answer) -> None:
        answer.headers.setdefault("Request-Id", request.id)
        answer.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
        answer.headers["Cache-Control"] = "no-cache, no-store"
        if request.key is not None:
            answer.headers["Idempotency-Key"] = _header_safe(request.key)


def _lenient(request: Request) -> Any:
    """The parameters as they came, for the ledger."""
    try:
        return request.params
    except StripeError:
        return request.form[:2000]


def _error_answer(request: Request, error: StripeError) -> Answer:
    body = json.dumps(error.body(request.id)).encode()
    return Answer(error.status, body, dict(error.headers))


def _replay(stored: StoredAnswer) -> Answer:
    headers = {"Idempotent-Replayed": "true", "Original-Request": stored.request_id}
    if stored.status >= 400:
        headers["Stripe-Should-Retry"] = "false"
    return Answer(stored.status, stored.body, headers, replayed=True)


def _without_effect(request: Request, fault: Fault) -> Answer:
    if fault.kind == "error":
        answer = _error_answer(request, server_error(int(fault.options.get("status", 500))))
        answer.headers.update(_retry_headers(fault))
        return answer
    if fault.kind == "key_in_use":
        return _error_answer(request, key_in_use(request.key or ""))
    if fault.kind == "redirect":
        location = str(fault.options.get("location", "http://127.0.0.1:9/"))
        return Answer(302, b"", {"Location": location}, content_type="text/html")
    return Answer(500, b"", {})  # cut, hang, html, wrong_json, half_body: spoilt on the way out


def _foreign(fault: Fault) -> Answer:
    """An answer that no Stripe would give: a proxy's page, or JSON of another shape."""
    if fault.kind == "html":
        page = fault.options.get("body", "<html><body><h1>502 Bad Gateway</h1></body></html>")
        status = int(fault.options.get("status", 502))
        return Answer(status, str(page).encode(), {}, content_type="text/html")
    body = fault.options.get("body", {"object": "surprise", "id": 17})
    return Answer(int(fault.options.get("status", 200)), json.dumps(body).encode(), {})


def _retry_headers(fault: Fault) -> dict[str, str]:
    headers = {}
    if "retry_after" in fault.options:
        headers["Retry-After"] = str(fault.options["retry_after"])
    if "should_retry" in fault.options:
        headers["Stripe-Should-Retry"] = str(fault.options["should_retry"]).lower()
    elif fault.options.get("code") == "lock_timeout":
        headers["Stripe-Should-Retry"] = "true"
    return headers


def _summary(answer: Answer) -> dict[str, Any]:
    """The id or the error code that an answer carries."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return {}
    if not isinstance(body, dict):
        return {}
    error = body.get("error")
    if isinstance(error, dict):
        return {"error": error.get("code") or error.get("type")}
    return {"object": body.get("object"), "object_id": body.get("id")}


def _header_safe(text: str) -> str:
    return "".join(c for c in text if 32 <= ord(c) < 127)
