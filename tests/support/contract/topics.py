"""What services wrote into their topics, held against common/wire/events by somebody else's validator.

The AsyncAPI document there says which messages a topic carries, and which schemas headers, key and body of each have.
"""

import fnmatch
import functools
import json
from dataclasses import dataclass

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from stack.system import ROOT

from .strict import strict

EVENTS = ROOT / "common" / "wire" / "events"
BASE = "https://unbook.invalid/events/"


@dataclass
class Message:
    name: str  # of its ce_type, "*" for any rest
    parts: dict  # {"headers", "key", "body"} -> a validator


def documents():
    """{file name: content}, as they stand there."""
    return {path.name: json.loads(path.read_text("utf-8")) for path in sorted(EVENTS.glob("*.json"))}


@functools.cache
def messages():
    """{topic: [Message]}; nothing may stand in a record that is not described."""
    found = {name: strict(content) for name, content in documents().items()}
    registry = Registry().with_resources(
        (BASE + name, Resource.from_contents(content, default_specification=DRAFT202012))
        for name, content in found.items()
    )

    def validator(pointer):
        return Draft202012Validator(
            {"$ref": f"{BASE}asyncapi.json{pointer}"}, registry=registry, format_checker=FormatChecker()
        )

    def message(pointer):
        described = found["asyncapi.json"]
        for step in pointer.removeprefix("#/").split("/"):
            described = described[step]
        parts = {"headers": "/headers", "key": "/bindings/kafka/key", "body": "/payload/schema"}
        return Message(described["name"], {part: validator(pointer + at) for part, at in parts.items()})

    return {
        channel["address"]: [message(one["$ref"]) for one in channel["messages"].values()]
        for channel in found["asyncapi.json"]["channels"].values()
    }


def complaints(records, prefix=""):
    """records: judge.evidence.Record."""
    for record in records:
        topic = record.topic.removeprefix(prefix)
        fitting = [m for m in messages().get(topic, []) if fnmatch.fnmatchcase(record.type, m.name)]
        if not fitting:
            yield f"{topic} holds a record of type {record.type!r}, which nothing describes"
            continue
        for part, value in _parts(record).items():
            for wrong in fitting[0].parts[part].iter_errors(value):
                yield f"{topic}: {part} of a {record.type}: {wrong.json_path}: {wrong.message}"


def _parts(record):
    names = [name for name, _ in record.headers]
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    if len(names) != len(headers):
        headers["twice"] = ", ".join(name for name in names if names.count(name) > 1)
    try:
        body = json.loads(record.raw)
    except ValueError:
        body = None
    return {"headers": headers, "key": record.key, "body": body}


def unkept(stack):
    """What the services of this stack said and should not have, except what a test has put there itself (stack.forged)."""
    from judge.evidence import read_topics  # it stands on the stack, which this is the end of

    records = [record for record in read_topics(stack) if record.raw not in stack.forged]
    return sorted(set(complaints(records, stack.prefix)))[:20]
