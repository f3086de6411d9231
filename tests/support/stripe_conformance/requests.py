"""May a request carry these parameters, by Stripe's description?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from stripe_sim.ledger import Ledger

from . import spec

Schema = dict[str, Any]


def problems(method: str, path: str, params: dict[str, Any]) -> list[str]:
    """params: nested as stripe_sim.forms.decode gives them, every leaf a string."""
    try:
        schema = allowed(method, path)
    except LookupError as error:
        return [str(error)]
    return _object(schema, params, f"{method} {path}:")


def allowed(method: str, path: str) -> Schema:
    """The schema of all parameters of one operation."""
    _, operation = spec.operation(method, path)
    if method == "POST":
        form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]
        found: Schema = form["schema"]
        return found
    in_query = [p for p in operation.get("parameters", []) if p["in"] == "query"]
    return {"properties": {p["name"]: p["schema"] for p in in_query}, "additionalProperties": False}


def ledger_problems(path: Path | str) -> list[str]:
    """Every request of a ledger that was meant for Stripe, except those a test made wrong on purpose."""
    found = []
    for exchange in Ledger(path).exchanges():
        if not isinstance(exchange.params, dict):
            found.append(f"{exchange.method} {exchange.path}: {exchange.params!r}")
        else:
            found += problems(exchange.method, exchange.path, exchange.params)
    return found


def _check(schema: Schema, value: Any, where: str) -> list[str]:
    if "anyOf" in schema:
        tries = [_check(choice, value, where) for choice in schema["anyOf"]]
        return [] if any(not found for found in tries) else min(tries, key=len)
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, value, where)
    if kind == "array":
        if not isinstance(value, dict):
            return [f"{where} is no array"]
        return [p for i, item in value.items() for p in _check(schema["items"], item, f"{where}[{i}]")]
    if isinstance(value, dict):
        return [f"{where} is not nested"]
    return _leaf(schema, value, where)


def _object(schema: Schema, value: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    known, others = schema.get("properties", {}), schema.get("additionalProperties", False)
    found = [f"{where} lacks {name}" for name in schema.get("required", []) if name not in value]
    for name, item in value.items():
        if name in known:
            found += _check(known[name], item, f"{where} {name}")
        elif isinstance(others, dict):
            found += _check(others, item, f"{where} {name}")
        elif not others:
            found.append(f"{where} {name} is unknown")
    return found


def _leaf(schema: Schema, value: str, where: str) -> list[str]:
    kind = schema.get("type")
    if kind == "integer" and not re.fullmatch(r"-?\d+", value):
        return [f"{where} is no integer: {value}"]
    if kind == "boolean" and value not in ("true", "false"):
        return [f"{where} is no boolean: {value}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where} is none of {schema['enum']}: {value}"]
    if len(value) > schema.get("maxLength", len(value)):
        return [f"{where} is longer than {schema['maxLength']}"]
    return []
