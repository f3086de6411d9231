"""The stages of ./dev test: what each runs, how its output is counted, how long it may take."""

import os
import pathlib
from dataclasses import dataclass

import tally

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = str(ROOT / "build" / "venv" / "bin" / "python")
PYTEST = [
    PYTHON,
    "-m",
    "pytest",
    "-q",
    "-p",
    "no:cacheprovider",
    "-rfEsxX",
    "--timeout=120",
    "--timeout-method=thread",
    # What comes with a library that only the tests of the contract use, and costs every process two seconds.
    *("-p", "no:schemathesis", "-p", "no:anyio", "-p", "no:hypothesispytest"),
]


@dataclass
class Stage:
    name: str
    steps: list  # argv lists, one after the other; the first failure ends it
    count: object  # tally.*
    deadline_s: int
    lane: int = 0  # stages of different lanes run beside each other
    show: str = ""  # lines of the log with this prefix are printed with the result
    needs_tests: bool = True  # a run that executed nothing has failed


def build(preset, *targets):
    """Configure and compile. Quiet when it works."""
    words = ["--target", *targets] if targets else []
    return [
        ["cmake", "--preset", preset],
        ["cmake", "--build", f"build/{preset}", *words],
    ]


def each(directory, *words, wrapper=(), **settings):
    """Run every binary of a directory; all of them, also after a failure. settings: see run_each.sh."""
    which = [f"UNBOOK_{name}={value}" for name, value in settings.items()]
    return ["env", *which, "bash", "tools/run_each.sh", directory, " ".join(wrapper), *words]


SEARCHES = ("test_unit_search", "test_unit_keys_mutated")


def table():
    # ThreadSanitizer knows only some addresses, and has nothing to say about pure functions.
    tsan = ["setarch", "-R"]
    stages = [
        Stage(
            "unit",
            [
                *build("asan"),
                each("build/asan/bin/tests/unit", "--tap", "--quiet"),
                *build("release", *SEARCHES),
                each("build/release/bin/tests/unit", "--tap", "--quiet", SEARCHES=1),
            ],
            tally.tap,
            600,
        ),
        Stage(
            "fuzz",
            [["bash", "tools/fuzz.sh", "build/asan/bin/tests/fuzz"]],
            tally.lines,
            120,
            needs_tests=False,
        ),
        Stage(
            "integration",
            [
                *build("asan"),
                [PYTHON, "-m", "stack.integration", "build/asan/bin/tests/integration"],
            ],
            tally.tap,
            300,
        ),
        Stage(
            "support",
            [[*PYTEST, "-n", "2", "tests/support/tests"]],
            tally.pytest,
            300,
            lane=1,
        ),
        Stage("e2e", [*build("asan"), [*PYTEST, "-n", "4", "--dist", "loadfile", "tests/e2e"]], tally.pytest, 900),
        Stage(
            "fault",
            [*build("asan"), [*PYTEST, "-n", "4", "--dist", "loadgroup", "tests/fault"]],
            tally.pytest,
            24 * 3600 if "UNBOOK_SEEDS" in os.environ else 900,  # as many histories as somebody asks for
        ),
        Stage(
            "portability", [["bash", "tools/portability.sh"]], tally.tap, 780, lane=1
        ),
        Stage(
            "coverage",
            [*build("coverage", "unit_tests"), ["bash", "tools/coverage.sh"]],
            tally.lines,
            300,
            lane=1,
            show="coverage:",
        ),
        Stage(
            "gates",
            [*build("asan"), *build("release", "programs"), [PYTHON, "tools/gates.py"]],
            tally.lines,
            900,
            lane=1,
        ),
        Stage(
            "tsan",
            [
                *build("tsan", "unit_tests", "integration_tests"),
                each("build/tsan/bin/tests/unit", wrapper=tsan, BUT="domain"),
                [PYTHON, "-m", "stack.integration", "build/tsan/bin/tests/integration"],
            ],
            tally.tap,
            900,
            lane=1,
        ),
    ]
    return {stage.name: stage for stage in stages}


def environment():
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT}/tests/support",
        "PYTHONUNBUFFERED": "1",
        "ASAN_OPTIONS": "detect_stack_use_after_return=1:disable_coredump=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "TSAN_OPTIONS": "second_deadlock_stack=1",
        "UNBOOK_TEST_BUILD": os.environ.get("UNBOOK_TEST_BUILD", "asan"),
    }
