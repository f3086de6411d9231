"""Which request goes to which handler, and which parameters it may carry."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import checkout, events, payments, refunds
from .forms import Kind

Handler = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Route:
    method: str
    path: re.Pattern[str]
    allowed: Mapping[str, Kind]
    handler: Handler


def _route(method: str, path: str, allowed: Mapping[str, Kind], handler: Handler) -> Route:
    pattern = re.sub(r"\{\w+\}", r"([A-Za-z0-9_]{1,255})", path)
    return Route(method, re.compile(f"^{pattern}$"), allowed, handler)


ROUTES = (
    _route("POST", "/v1/refunds", refunds.CREATE, refunds.create),
    _route("GET", "/v1/refunds", refunds.LIST, refunds.list_refunds),
    _route("GET", "/v1/refunds/{id}", payments.RETRIEVE, refunds.retrieve),
    _route("POST", "/v1/refunds/{id}", refunds.UPDATE, refunds.update),
    _route("POST", "/v1/refunds/{id}/cancel", payments.RETRIEVE, refunds.cancel),
    _route("POST", "/v1/test_helpers/refunds/{id}/expire", payments.RETRIEVE, refunds.expire),
    _route("POST", "/v1/payment_intents", payments.CREATE_INTENT, payments.create_intent),
    _route("GET", "/v1/payment_intents", payments.LIST_INTENTS, payments.list_intents),
    _route("GET", "/v1/payment_intents/{id}", payments.RETRIEVE_INTENT, payments.retrieve_intent),
    _route("GET", "/v1/charges", payments.LIST_CHARGES, payments.list_charges),
    _route("GET", "/v1/charges/{id}", payments.RETRIEVE, payments.retrieve_charge),
    _route("GET", "/v1/disputes", payments.LIST_DISPUTES, payments.list_disputes),
    _route("GET", "/v1/disputes/{id}", payments.RETRIEVE, payments.retrieve_dispute),
    _route("GET", "/v1/events", events.LIST, events.list_events),
    _route("GET", "/v1/events/{id}", payments.RETRIEVE, events.retrieve),
    _route("POST", "/v1/checkout/sessions", checkout.CREATE, checkout.create),
    _route("GET", "/v1/checkout/sessions", checkout.LIST, checkout.list_sessions),
    _route("GET", "/v1/checkout/sessions/{id}", payments.RETRIEVE, checkout.retrieve),
    _route("GET", "/v1/checkout/sessions/{id}/line_items", checkout.LIST_ITEMS, checkout.list_items),
    _route("POST", "/v1/checkout/sessions/{id}/expire", payments.RETRIEVE, checkout.expire),
)


def find_route(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    for route in ROUTES:
        match = route.path.match(path)
        if match and route.method == method:
            return route, match.groups()
    return None
