"""Stripe's event objects: a snapshot of what changed, kept for the list and for webhooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .forms import EXPAND, Flag, Kind, ListOf, Text, Whole, WholeOrRange
from .ids import new_id

if TYPE_CHECKING:
    from .simulator import Simulator

LIST: dict[str, Kind] = {
    "type": Text(),
    "types": ListOf(Text()),
    "created": WholeOrRange(),
    "delivery_success": Flag(),
    "limit": Whole(1, 100),
    "starting_after": Text(),
    "ending_before": Text(),
    "expand": EXPAND,
}


def emit(
    sim: Simulator, kind: str, obj: dict[str, Any], previous: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Record an event about obj as it is now and hand it to the webhooks."""
    from .simulator import API_VERSION

    data: dict[str, Any] = {"object": json.loads(json.dumps(obj))}
    if previous is not None:
        data["previous_attributes"] = previous
    event = sim.events.add(
        {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": sim.now_s(),
            "data": data,
            "livemode": sim.livemode,
            "pending_webhooks": 0,
            "request": {"id": sim.executing.request_id, "idempotency_key": sim.executing.key},
            "type": kind,
        }
    )
    sim.ledger.append("event", event=event["id"], type=kind, object=obj["id"])
    sim.on_event(event)
    return event


def retrieve(sim: Simulator, params: dict[str, Any], event_id: str) -> dict[str, Any]:
    return sim.events.get(event_id)


def list_events(sim: Simulator, params: dict[str, Any]) -> dict[str, Any]:
    types = params.get("types") or ([params["type"]] if "type" in params else None)
    success = params.get("delivery_success")

    def matches(event: dict[str, Any]) -> bool:
        if types and not any(_type_fits(event["type"], wanted) for wanted in types):
            return False
        return success is None or (event["pending_webhooks"] == 0) == success

    return sim.events.page(params, matches)


def _type_fits(kind: str, wanted: str) -> bool:
    return kind.startswith(wanted[:-1]) if wanted.endswith("*") else kind == wanted
