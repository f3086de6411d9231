"""Shared by e2e and fault tests. A skipped or expected-to-fail test fails the run."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))

from contract import answers, topics  # noqa: E402
from stack import Infra, Stack  # noqa: E402
from stack.http import Http  # noqa: E402
from stack.shared_infra import Attached  # noqa: E402

# Everything that services say in any test is held against the contract.
Http.heard_by = (answers.hear,)
Stack.at_end = (topics.unkept,)

BUILD = os.environ.get("UNBOOK_TEST_BUILD", "asan")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    setattr(item, f"report_{report.when}", report)
    if report.skipped and item.config.rootpath:
        report.outcome = "failed"
        report.longrepr = f"skipped: {report.longrepr}"


@pytest.fixture(scope="session")
def build():
    return BUILD


def is_controller(config):
    """Of several workers (pytest-xdist); it runs no test itself."""
    return bool(getattr(config.option, "numprocesses", None)) and not hasattr(config, "workerinput")


def pytest_sessionstart(session):
    config = session.config
    if is_controller(config):
        config.shared_infra = Infra(build=BUILD, broker="kafka").start()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    shared = node.config.shared_infra
    node.workerinput["infra"] = {"pg_port": shared.pg.port, "bootstrap": shared.kafka.bootstrap}


def pytest_sessionfinish(session):
    shared = getattr(session.config, "shared_infra", None)
    if shared:
        shared.stop()


@pytest.fixture(scope="session")
def infra(request, build):
    """One PostgreSQL and one real Kafka for the whole run; each stack has its own database and topics."""
    if hasattr(request.config, "workerinput"):
        yield Attached(**request.config.workerinput["infra"])
        return
    with Infra(build=build, broker="kafka") as own:
        yield own


@pytest.fixture
def new_stack(infra, request):
    """new_stack(only=..., workers=..., **Stack options) -> a started Stack on the shared infra.

    own_infra=True gives it a PostgreSQL and broker of its own, to be broken as one likes.
    Afterwards its logs are searched for sanitizer reports and secrets, and it is stopped.
    """
    made = []

    def make(*, only=None, workers=1, own_infra=False, start=True, **options):
        stack = Stack(None if own_infra else infra, build=BUILD, **options)
        made.append(stack)
        if start:
            stack.start(workers=workers, **({"only": only} if only is not None else {}))
        return stack

    yield make
    failed = getattr(request.node, "report_call", None) is None or request.node.report_call.failed
    problems = []
    for stack in made:
        stack.stop()
        problems += stack.problems()
        if failed or problems:
            print(f"\nlogs: {stack.log_dir}")
        else:
            stack.remove()
    assert not problems, "\n".join(problems)


@pytest.fixture
def stack(new_stack):
    """One of each service, compressed times, on the shared infra."""
    return new_stack()


@pytest.fixture
def people(stack):
    """(parent, teacher, admin)"""
    return stack.seed.family()
