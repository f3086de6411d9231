"""Every answer that the API gives in any test, held against services/api/openapi.yaml by somebody else's validator.

This is also the test that nobody sees a field that is not meant for the world: what is not described may not stand there.
"""

import functools
import json
import re

from . import documents
from .strict import strict

OURS = re.compile(r"/api/|/openapi\.json", re.IGNORECASE)
NO_BODY = {204, 304}


class Unkept(AssertionError):
    """The API answered what the contract does not say."""


@functools.cache
def _contract():
    return strict(documents.openapi())


@functools.cache
def _patterns():
    """[(pattern, template)], those without a parameter first."""
    templates = sorted(_contract()["paths"], key=lambda path: path.count("{"))
    return [
        (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "/?", re.IGNORECASE), path)
        for path in templates
    ]


@functools.cache
def _validator(method, template, status):
    """Of the body; None: the contract knows no such answer. Method or path that it does not know: an error of any kind."""
    contract = _contract()
    operation = contract["paths"].get(template, {}).get(method.lower())
    if operation is None:
        return (
            documents.validator(contract, {"$ref": "#/components/schemas/Error"}) if status >= 400 else None
        )
    answer = operation["responses"].get(str(status))
    if answer is None:
        return None
    return documents.validator(
        contract, documents.resolve(contract, answer)["content"]["application/json"]["schema"]
    )


def hear(method, target, answer):
    """Raises Unkept. For Http.heard_by."""
    path = target.partition("?")[0]
    if not OURS.match(path) or answer.headers.get("server") or method in ("HEAD", "OPTIONS"):
        return  # not the API, or what a proxy before it says
    template = next((template for pattern, template in _patterns() if pattern.fullmatch(path)), None)
    for wrong in _wrongs(method, template, answer):
        raise Unkept(f"{method} {target}, answered {answer.status}: {wrong}")


def _wrongs(method, template, answer):
    if answer.status in NO_BODY:
        return
    validator = _validator(method, template, answer.status)
    if validator is None:
        yield "the contract knows no such answer"
    elif not answer.headers.get("content-type", "").startswith("application/json"):
        yield f"the body is {answer.headers.get('content-type')}"
    else:
        for wrong in validator.iter_errors(json.loads(answer.body)):
            yield f"{wrong.json_path}: {wrong.message}"
