"""The contract as it stands in the source: well-formed by other people's rules, whole, and true to its own examples."""

import copy

import pytest
from contract import documents
from contract.strict import strict

DOCUMENT = documents.openapi()


def test_the_openapi_document_has_no_lint():
    documents.lint(DOCUMENT)


def test_the_linter_sees_a_reference_to_nothing():
    broken = copy.deepcopy(DOCUMENT)
    broken["paths"]["/openapi.json"]["get"]["responses"]["503"] = {"description": 7}
    with pytest.raises(Exception, match="7"):
        documents.lint(broken)


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
