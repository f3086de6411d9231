"""Does an answer look as Stripe describes it?"""

from __future__ import annotations

import functools
from typing import Any

import jsonschema
import referencing
import referencing.jsonschema

from . import spec

_ROOT = "urn:stripe"
_SKIP = {"description", "title", "example", "externalDocs"}


def problems(method: str, path: str, status: int, body: Any) -> list[str]:
    """What is wrong with the answer to a request; nothing: an empty list."""
    _, operation = spec.operation(method, path)
    if status == 200:
        described = operation["responses"]["200"]
    else:
        described = operation["responses"]["default"]
    schema = described["content"]["application/json"]["schema"]
    found = _against(schema, body, f"{method} {path} {status}")
    if isinstance(body, dict) and body.get("object") == "list":
        for item in body["data"]:
            found += object_problems(item)
    elif isinstance(body, dict) and body.get("object") == "event":
        found += object_problems(body)
    return found


def object_problems(item: dict[str, Any]) -> list[str]:
    """Check an object by what it says it is; of an event also what it is about."""
    kind = item["object"]
    found = _against({"$ref": f"#/components/schemas/{kind}"}, item, f"{kind} {item['id']}")
    if kind == "event":
        found += object_problems(item["data"]["object"])
        unknown = set(item["data"].get("previous_attributes", {})) - set(item["data"]["object"])
        found += [f"event {item['id']}: previous_attributes has {name}" for name in unknown]
    return found


def _against(schema: dict[str, Any], body: Any, what: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(_strict(schema), registry=_registry())
    return [
        f"{what}: {'.'.join(str(p) for p in error.absolute_path) or '(top)'}: {_reason(error)}"
        for error in validator.iter_errors(body)
    ]


def _reason(error: jsonschema.ValidationError) -> str:
    """Of a failed anyOf, the branch that came closest."""
    while error.context:
        error = max(error.context, key=lambda e: len(e.absolute_path))
    return error.message[:300]


@functools.cache
def _registry() -> referencing.Registry[Any]:
    components = {"components": {"schemas": _strict(spec.load()["components"]["schemas"], is_map=True)}}
    resource = referencing.jsonschema.DRAFT202012.create_resource(components)
    return referencing.Registry().with_resource(_ROOT, resource)


def _strict(node: Any, is_map: bool = False) -> Any:
    """OpenAPI 3.0 to JSON Schema; a property that Stripe does not know is an error.

    is_map: the keys of node are names, not keywords.
    """
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    if is_map:
        return {name: _strict(schema) for name, schema in node.items()}
    if "$ref" in node:
        return {"$ref": _ROOT + node["$ref"]}
    made = {
        key: _strict(value, is_map=key == "properties")
        for key, value in node.items()
        if key not in _SKIP and not key.startswith("x-") and key != "nullable"
    }
    if "properties" in made:
        made.setdefault("additionalProperties", False)
    return {"anyOf": [{"type": "null"}, made]} if node.get("nullable") else made
