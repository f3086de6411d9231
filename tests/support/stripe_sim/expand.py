"""`expand[]`: put the object in the place of its id."""

from __future__ import annotations

from typing import Any

from .errors import refused
from .simulator import Simulator


def expanded(sim: Simulator, answer: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """A copy of answer in which the named ids are objects; answer itself stays as it is."""
    for path in paths:
        answer = _expand(sim, answer, path.split("."), path)
    return answer


def _expand(sim: Simulator, node: dict[str, Any], path: list[str], whole: str) -> dict[str, Any]:
    name, rest = path[0], path[1:]
    if name == "data" and node.get("object") == "list" and rest:
        return {**node, "data": [_expand(sim, item, rest, whole) for item in node["data"]]}
    collections = {
        "charge": sim.charges,
        "latest_charge": sim.charges,
        "payment_intent": sim.payment_intents,
    }
    value = node.get(name)
    if name in collections and name in node:
        if isinstance(value, str):
            value = collections[name].get(value)
    elif name == "refunds" and node["object"] == "charge":
        of_charge = sim.refunds_of.get(node["id"], [])
        value = sim.refunds.page({}, within=of_charge) | {"url": f"/v1/charges/{node['id']}/refunds"}
    elif name == "line_items" and node["object"] == "checkout.session":
        value = {
            "object": "list",
            "data": sim.line_items[node["id"]],
            "has_more": False,
            "url": f"/v1/checkout/sessions/{node['id']}/line_items",
        }
    else:
        raise refused(f"This property cannot be expanded ({whole}).", param="expand")
    if rest and isinstance(value, dict):
        value = _expand(sim, value, rest, whole)
    return {**node, name: value}
