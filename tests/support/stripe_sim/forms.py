"""Form-encoded requests: nested keys in, checked and typed parameters out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from .errors import StripeError, refused

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True)
class Text:
    max_chars: int = 5000
    choices: tuple[str, ...] = ()
    may_unset: bool = False


@dataclass(frozen=True)
class Whole:
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class Flag:
    pass


@dataclass(frozen=True)
class Metadata:
    pass


@dataclass(frozen=True)
class ListOf:
    item: Kind


@dataclass(frozen=True)
class Object:
    fields: Mapping[str, Kind]


@dataclass(frozen=True)
class WholeOrRange:
    """`created=1` or `created[gte]=1`."""


Kind = Text | Whole | Flag | Metadata | ListOf | Object | WholeOrRange
EXPAND = ListOf(Text())


def decode(raw: str) -> dict[str, Any]:
    """Nest `a[b][]=c` as Stripe does. Order and repeats of scalar keys: the last one wins."""
    root: dict[str, Any] = {}
    for key, value in parse_qsl(raw, keep_blank_values=True, strict_parsing=False):
        match = _KEY.match(key)
        if not match:
            raise refused(f"Invalid parameter name: {key}", param=key)
        path = [match.group(1), *_PART.findall(match.group(2))]
        _put(root, path, value)
    return root


def _put(node: dict[str, Any], path: list[str], value: str) -> None:
    for i, part in enumerate(path[:-1]):
        name = part if part else str(len(node))
        child = node.get(name)
        if not isinstance(child, dict):
            child = node[name] = {}
        node = child
        if i > 8:
            raise refused("Parameters are nested too deeply", param=path[0])
    node[path[-1] if path[-1] else str(len(node))] = value


def check(raw: Mapping[str, Any], allowed: Mapping[str, Kind]) -> dict[str, Any]:
    """Type the parameters, refuse the unknown and the malformed."""
    unknown = [name for name in raw if name not in allowed]
    if unknown:
        raise _unknown(unknown)
    return {name: _typed(name, value, allowed[name]) for name, value in raw.items()}


def _unknown(names: list[str]) -> StripeError:
    many = "s" if len(names) > 1 else ""
    return refused(
        f"Received unknown parameter{many}: {', '.join(names)}", code="parameter_unknown", param=names[0]
    )


def _typed(name: str, value: Any, kind: Kind) -> Any:
    if isinstance(kind, (Object, ListOf, Metadata)):
        return _typed_nested(name, value, kind)
    if isinstance(kind, WholeOrRange):
        if isinstance(value, dict):
            whole = Whole(0)
            fields = Object({"gt": whole, "gte": whole, "lt": whole, "lte": whole})
            return _typed_nested(name, value, fields)
        return _whole(name, value, Whole(0))
    if isinstance(value, dict):
        raise refused(f"Invalid {'string' if isinstance(kind, Text) else 'value'}: {value}", param=name)
    if isinstance(kind, Whole):
        return _whole(name, value, kind)
    if isinstance(kind, Flag):
        if value not in ("true", "false"):
            raise refused(f"Invalid boolean: {value}", param=name)
        return value == "true"
    return _text(name, value, kind)


def _typed_nested(name: str, value: Any, kind: Object | ListOf | Metadata) -> Any:
    if isinstance(kind, Metadata):
        return _metadata(name, value)
    if not isinstance(value, dict):
        what = "array" if isinstance(kind, ListOf) else "object"
        raise refused(f"Invalid {what}", param=name)
    if isinstance(kind, ListOf):
        return [_typed(f"{name}[{i}]", item, kind.item) for i, item in enumerate(value.values())]
    unknown = [f"{name}[{key}]" for key in value if key not in kind.fields]
    if unknown:
        raise _unknown(unknown)
    return {key: _typed(f"{name}[{key}]", item, kind.fields[key]) for key, item in value.items()}


def _whole(name: str, value: str, kind: Whole) -> int:
    if isinstance(value, dict) or not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise refused(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    number = int(value)
    if kind.minimum is not None and number < kind.minimum:
        raise refused(
            f"This value must be greater than or equal to {kind.minimum}.",
            code="parameter_invalid_integer",
            param=name,
        )
    if kind.maximum is not None and number > kind.maximum:
        raise refused(f"This value must be less than or equal to {kind.maximum}.", param=name)
    return number


def _text(name: str, value: str, kind: Text) -> str:
    if value == "" and not kind.may_unset:
        raise refused(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{name}' cannot be unset. You should remove '{name}' from your request "
            "or supply a non-empty value.",
            code="parameter_invalid_empty",
            param=name,
        )
    if len(value) > kind.max_chars:
        raise refused(f"Invalid string: must be at most {kind.max_chars} characters", param=name)
    if kind.choices and value not in kind.choices:
        known = ", ".join(kind.choices[:-1]) + (", or " if len(kind.choices) > 2 else " or ")
        listed = known + kind.choices[-1] if len(kind.choices) > 1 else kind.choices[0]
        raise refused(f"Invalid {name}: must be one of {listed}", param=name)
    return value


def _metadata(name: str, value: Any) -> dict[str, str]:
    if value == "":
        return {}
    if not isinstance(value, dict):
        raise refused("Invalid hash", param=name)
    if len(value) > 50:
        raise refused("Metadata can hold at most 50 keys", param=name)
    for key, text in value.items():
        where = f"{name}[{key}]"
        if isinstance(text, dict):
            raise refused("Metadata values must be strings", param=where)
        if len(key) > 40 or not key:
            raise refused("Metadata keys must be 1 to 40 characters long", param=where)
        if len(text) > 500:
            raise refused("Metadata values can have up to 500 characters", param=where)
    return dict(value)
