"""The running API against its own description, by schemathesis: as one person, with what really exists within reach."""

import json
import os
import pathlib
import subprocess
import sys

from .strict import strict

PHASES = ("examples", "coverage", "fuzzing", "stateful")

# A description cannot say that a time is bookable, that a checkout was paid or that a body is signed: 400 is a right answer to data of
# the right shape there.
MAY_REFUSE = ("book", "cancelPayment", "confirmPayment", "receiveStripeEvent")
# And never that a key was used before: 422.
STATUSES = ["2xx", "304", "401", "403", "404", "409", "422", "429", "502", "503"]
# What is wrong may be too long as well: 414.
REFUSED = ["4xx", "502", "503"]
DICTIONARIES = {
    "path.id": ("sessions", 0.7),
    "path.stripeSessionId": ("checkouts", 0.6),
    "body.teacherId": ("teachers", 0.8),
    "body.offerId": ("offers", 0.7),
    "body.studentId": ("students", 0.7),
    "body.scheduledDateTime": ("times", 0.8),
}


def check(api_url, directory, person, known, *, seed, examples, seconds=None, phases=PHASES):
    """known: {dictionary: values}. seconds: again and again until then. (whether nothing failed, what it said)"""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    document = directory / "openapi.json"
    if not document.exists():
        document.write_text(json.dumps(_served(api_url)))
    config = directory / f"{person.role}.toml"
    config.write_text(_config(known))
    run = subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("st"),
            "--no-color",
            "--config-file",
            config,
            "run",
            document,
            f"--url={api_url}",
            f"--header=Authorization: Bearer {person.token}",
            f"--phases={','.join(phases)}",
            f"--max-examples={examples}",
            *([f"--max-time={seconds}"] if seconds else []),
            f"--seed={seed}",
            "--continue-on-failure",
            "--suppress-health-check=all",
            "--warnings=off",
            "--request-timeout=20",
        ],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "HOME": str(directory), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=(seconds or 0) + 100,
    )
    return run.returncode == 0, run.stdout


def _served(api_url):
    from stack.http import Http

    return strict(Http(api_url).get("/openapi.json").json)


def _config(known):
    lines = [
        "[checks]",
        # tests/e2e/test_api_rights.py asks everybody for everything.
        "object_level_authorization.enabled = false",
        f"positive_data_acceptance.expected-statuses = {json.dumps(STATUSES)}",
        f"negative_data_rejection.expected-statuses = {json.dumps(REFUSED)}",
    ]
    for name, values in known.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    lines.append("[parameters]")
    lines += [
        f'"{place}" = {{ dictionary = "{name}", probability = {probability} }}'
        for place, (name, probability) in DICTIONARIES.items()
    ]
    for operation in MAY_REFUSE:
        lines += [
            "[[operations]]",
            f'include-operation-id = "{operation}"',
            f"checks.positive_data_acceptance.expected-statuses = {json.dumps(['400', *STATUSES])}",
        ]
    return "\n".join(lines) + "\n"
