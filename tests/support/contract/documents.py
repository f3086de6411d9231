"""The documents as they stand in the source: what is in them, and whether they are well-formed by other people's rules."""

import json
import re
import shutil
import subprocess

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from stack.system import ROOT

OPENAPI = ROOT / "services" / "api" / "openapi.yaml"
ROUTES = ROOT / "services" / "api" / "routes.c"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
ROUTE = re.compile(r'\{HTTP_(\w+),\s*"([^"]+)"[^}]*?(\w+)\}')


def openapi():
    """As the build reads it, with Debian's Python."""
    packer = [shutil.which("python3", path="/usr/bin") or "python3", ROOT / "cmake" / "openapi.py", OPENAPI]
    return json.loads(subprocess.run(packer, check=True, stdout=subprocess.PIPE, timeout=60).stdout)


def operations(document):
    """{(METHOD, path): operation}"""
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def routes():
    """The same pairs, as the API's own table has them; its pages are for people."""
    return {(method, path) for method, path, handler in ROUTE.findall(ROUTES.read_text("utf-8"))
            if handler not in ("api_page", "api_sign_in", "api_asset")}


def validator(document, schema):
    """Of a schema that stands in the document and may refer to others there."""
    resource = Resource.from_contents(document, default_specification=DRAFT202012)
    return Draft202012Validator(
        _anchored(schema),
        registry=Registry().with_resource("urn:document", resource),
        format_checker=FormatChecker(),
    )


def _anchored(part):
    if isinstance(part, list):
        return [_anchored(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: f"urn:document{value}" if name == "$ref" and value.startswith("#") else _anchored(value)
        for name, value in part.items()
    }


def resolve(document, part):
    """What a reference points to; anything else as it is."""
    while "$ref" in part:
        found = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def contents(document):
    """(where, media type object) of every body that is sent or answered."""
    for (method, path), operation in operations(document).items():
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for name, body in bodies.items():
            for kind, media in resolve(document, body).get("content", {}).items():
                yield f"{method} {path} {name} {kind}", media
