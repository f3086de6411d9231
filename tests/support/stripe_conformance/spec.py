"""Fetch Stripe's OpenAPI description: the official stateless mock carries it.

It is not ours to copy, so go.mod and go.sum pin where it comes from and what it must be, and the go
command brings it into build/. Without it nothing can be judged: every problem here is an error.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[2] / "build" / "stripe-openapi"
MODULE = "github.com/stripe/stripe-mock"
INSIDE = Path("embedded/openapi/spec3.json")
FETCH_MAX_S = 300


class NoSpec(RuntimeError):
    """The description could not be had."""


def pinned_version() -> str:
    found = re.search(rf"^require {MODULE} (v\S+)$", (HERE / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise NoSpec(f"{HERE / 'go.mod'} does not pin {MODULE}")
    return found.group(1)


def fetch() -> Path:
    """The description's file, from build/ or else from the Go module proxy; one process fetches, others wait."""
    cached = CACHE / pinned_version() / "spec3.json"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # its holder ends within FETCH_MAX_S
        if not cached.exists():
            _download(cached)
    return cached


def _download(cached: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise NoSpec("the go command is needed once to fetch Stripe's OpenAPI description (apt: golang-go)")
    modules = CACHE / "modules"
    done = subprocess.run(
        [go, "mod", "download", "-json", "-modcacherw", MODULE],
        cwd=HERE,
        env={**os.environ, "GOMODCACHE": str(modules), "GOTOOLCHAIN": "local", "GOFLAGS": ""},
        capture_output=True,
        text=True,
        timeout=FETCH_MAX_S,
        check=False,
    )
    if done.returncode != 0:
        raise NoSpec(f"go mod download {MODULE}: {done.stdout}{done.stderr}")
    source = Path(json.loads(done.stdout)["Dir"]) / INSIDE
    cached.parent.mkdir(parents=True, exist_ok=True)
    partial = cached.with_suffix(".partial")
    shutil.copyfile(source, partial)
    partial.replace(cached)
    shutil.rmtree(modules, ignore_errors=True)


@functools.cache
def load() -> dict[str, Any]:
    description: dict[str, Any] = json.loads(fetch().read_text())
    if "/v1/refunds" not in description["paths"]:
        raise NoSpec("what was fetched does not describe refunds")
    return description


def operation(method: str, path: str) -> tuple[str, dict[str, Any]]:
    """The path template that fits, and what may be done there; literal segments go before {id}s."""
    paths = load()["paths"]
    fitting = [template for template in paths if _pattern(template).fullmatch(path)]
    for template in sorted(fitting, key=lambda t: t.count("{")):
        if method.lower() in paths[template]:
            return template, paths[template][method.lower()]
    raise LookupError(f"Stripe has no {method} {path}")


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", r"[^/]+", template))
