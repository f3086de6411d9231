"""The contract as it stands in the source: well-formed by other people's rules, whole, and true to its own examples."""

import copy
import json
import re

import pytest
from contract import answers, documents, topics
from contract.strict import strict
from jsonschema import Draft202012Validator
from judge.evidence import Record
from openapi_spec_validator import validate
from stack.http import Answer
from stack.system import ROOT

DOCUMENT = documents.openapi()


def test_the_openapi_document_has_no_lint():
    validate(DOCUMENT)


def test_the_linter_sees_a_reference_to_nothing():
    broken = copy.deepcopy(DOCUMENT)
    broken["paths"]["/openapi.json"]["get"]["responses"]["503"] = {"description": 7}
    with pytest.raises(Exception, match="7"):
        validate(broken)


def test_every_route_is_described_and_nothing_else():
    described = set(documents.operations(DOCUMENT))
    assert described == documents.routes()


def test_every_answer_has_examples_and_each_is_valid():
    strictly = strict(DOCUMENT)
    seen = 0
    for where, media in documents.contents(strictly):
        assert media.get("examples"), f"{where} has no example"
        for name, example in media["examples"].items():
            wrong = list(documents.validator(strictly, media["schema"]).iter_errors(example["value"]))
            assert not wrong, f"{where}, example {name}: {wrong[0].message}"
            seen += 1
    assert seen > 100


def test_every_error_code_of_an_answer_has_an_example():
    for where, media in documents.contents(DOCUMENT):
        named = {
            code
            for part in media["schema"].get("allOf", [])
            for code in part.get("properties", {}).get("code", {}).get("enum", [])
        }
        shown = {
            example["value"]["code"]
            for example in media["examples"].values()
            if isinstance(example["value"], dict) and "code" in example["value"]
        }
        # What every route may answer is shown once, in the shared answers.
        assert named - shown <= {"bad_request", "busy", "stopping", "unavailable"}, where


@pytest.mark.filterwarnings("ignore:Field name")  # of the linter's own classes
def test_the_asyncapi_document_has_no_lint():
    from asyncapi3.models import AsyncAPI3

    described = topics.documents()["asyncapi.json"]
    AsyncAPI3.model_validate(described)
    described["operations"]["sendBookings"]["action"] = "publish"
    with pytest.raises(ValueError, match="publish"):
        AsyncAPI3.model_validate(described)


def test_every_schema_of_an_event_is_one_and_is_used():
    found = topics.documents()
    used = set()
    for content in found.values():
        Draft202012Validator.check_schema(content)
        used |= {ref.removeprefix("./") for ref in references(content) if not ref.startswith("#")}
    assert used == set(found) - {"asyncapi.json"}
    for channel in topics.messages().values():
        for message in channel:
            for validator in message.parts.values():
                list(validator.iter_errors({}))  # raises when a reference leads nowhere


def test_the_topics_and_types_are_those_of_the_code():
    kinds = re.findall(r'\{EVENT_\w+, "?([\w.]+)"?, "([\w.]+)"\}', (ROOT / "common/wire/event.c").read_text())
    ours = {(topic, f"{name}v1") for name, topic in kinds if name != "STRIPE_PREFIX"}
    assert len(kinds) == 7
    described = {(topic, message.name) for topic, channel in topics.messages().items() for message in channel}
    assert described == ours | {("stripe.events", "com.stripe.*")}


GOOD = {
    "ce_specversion": "1.0",
    "ce_id": "7",
    "ce_source": "/unbook/6f1c1f7e-6c5b-4a87-9d4e-3f5f6f0b2a11",
    "ce_type": "unbook.checkout.check.v1",
    "ce_time": "2026-11-25T10:00:00.5Z",
    "content-type": "application/json",
}


def complaints(headers=GOOD, key="7", body=b'{"bookingId":7}', topic="unbook.checkouts"):
    head = [(name, value.encode()) for name, value in headers.items()]
    return list(topics.complaints([Record(topic, headers["ce_type"], key, {}, body, head)]))


def test_a_record_that_is_described_is_fine():
    assert complaints() == []


@pytest.mark.parametrize(
    "change, why",
    [
        ({"headers": {**GOOD, "ce_type": "unbook.checkout.check.v2"}}, "which nothing describes"),
        ({"topic": "unbook.bookings"}, "which nothing describes"),
        ({"topic": "unbook.other"}, "which nothing describes"),
        ({"headers": {**GOOD, "ce_time": "yesterday"}}, "ce_time"),
        ({"headers": {**GOOD, "x-mail": "a@b.example"}}, "x-mail"),
        ({"headers": {name: value for name, value in GOOD.items() if name != "ce_id"}}, "ce_id"),
        ({"key": "evt_1"}, "key"),
        ({"body": b'{"bookingId":7,"email":"a@b.example"}'}, "email"),
        ({"body": b'{"bookingId":"7"}'}, "integer"),
        ({"body": b"{}"}, "bookingId"),
        ({"body": b"{"}, "None"),
    ],
)
def test_a_record_that_is_not_described_is_named(change, why):
    found = complaints(**change)
    assert found and why in found[0], found


def references(part):
    if isinstance(part, list):
        return [ref for one in part for ref in references(one)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [ref for one in part.values() for ref in references(one)]


def answer(status=200, **changes):
    example = DOCUMENT["components"]["responses"]["SessionNotFound"] if status == 404 else JOINED
    body = example["content"]["application/json"]["examples"][{200: "confirmed"}.get(status, "not_found")][
        "value"
    ]
    return Answer(status, {"content-type": "application/json"}, json.dumps({**body, **changes}).encode())


JOINED = DOCUMENT["paths"]["/api/Sessions/{id}/join"]["get"]["responses"]["200"]


def test_an_answer_that_is_described_is_fine():
    answers.hear("GET", "/api/sessions/7/JOIN/?x=1", answer())
    answers.hear("GET", "/api/Sessions/7", answer(404))
    answers.hear("GET", "/api/nothing", answer(404))


@pytest.mark.parametrize(
    "method, path, given, why",
    [
        ("GET", "/api/Sessions/7", answer(email="a@b.example"), "email"),
        ("GET", "/api/Sessions/7", answer(data={**answer().data, "parentMail": "a@b.example"}), "parentMail"),
        (
            "GET",
            "/api/Sessions/7",
            answer(data={k: v for k, v in answer().data.items() if k != "refund"}),
            "refund",
        ),
        ("GET", "/api/Sessions/7", answer(data={**answer().data, "status": 4}), "status"),
        (
            "GET",
            "/api/Sessions/7",
            Answer(402, {"content-type": "application/json"}, b"{}"),
            "no such answer",
        ),
        ("GET", "/api/Sessions/7", answer(404, code="gone"), "gone"),
        ("GET", "/api/Sessions/7", Answer(404, {"content-type": "text/html"}, b"no"), "text/html"),
        ("GET", "/api/nothing", answer(), "no such answer"),
        ("DELETE", "/api/Sessions/7", answer(404, details=[]), "details"),
    ],
)
def test_an_answer_that_is_not_described_is_named(method, path, given, why):
    with pytest.raises(answers.Unkept, match=why):
        answers.hear(method, path, given)
