"""Fixtures of the whole-system fault tests."""

import os

import pytest
from fault_world import Pieces, World
from stack.broker import EmbeddedBroker
from stack.infra import Infra
from stack.kafka import Kafka
from stack.system import build_bin

# Tests that break the same server take turns on one worker, in the order of the files.
HISTORIES = "test_histories.py"
BREAKS = {"on_frail_kafka": "kafka", "on_frail_pg": "postgres"}


def pytest_collection_modifyitems(config, items):
    if {"UNBOOK_SEED", "UNBOOK_SEEDS"} & os.environ.keys():
        others = [item for item in items if item.path.name != HISTORIES]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item.path.name == HISTORIES]
    for item in items:
        for fixture, group in BREAKS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def new_world(infra, build, request):
    """new_world(bookings=..., only=..., workers=..., infra=..., **Stack options) -> an open World.

    At the end it must have been judged; then it is stopped, and its logs are searched once more.
    """
    made = []

    def make(*, on=None, only=None, workers=1, joined=True, **options):
        world = World(on or infra, build, **options)
        made.append(world)
        world.open(**({} if only is None else {"only": only}), workers=workers, joined=joined)
        return world

    yield make
    failed = getattr(request.node, "report_call", None) is None or request.node.report_call.failed
    problems = []
    for world in made:
        world.stack.stop()
        problems += world.stack.problems()
        problems += [f"{name}: max.poll.interval.ms exceeded" for name in world.lost_polls()]
        if not failed and not world.judged:
            problems.append("this world was never judged")
        if failed or problems:
            print(f"\nlogs: {world.stack.log_dir}")
        else:
            world.stack.remove()
    assert not problems, "\n".join(problems)


@pytest.fixture
def world(new_world):
    """All four services on the shared PostgreSQL and Kafka."""
    return new_world()


@pytest.fixture(scope="session")
def frail_pg(build):
    """A PostgreSQL of our own to crash; durable, because crashing is the point."""
    with Infra(build=build, broker="none", durable=True) as own:
        yield own.pg


@pytest.fixture(scope="session")
def frail_kafka(build, tmp_path_factory):
    """A real Kafka of our own to stop, freeze and wipe."""
    directory = tmp_path_factory.mktemp("kafka")
    (directory / "logs").mkdir()
    kafka = Kafka(directory, directory / "logs")
    kafka.start()
    try:
        kafka.wait_ready()
        yield kafka
    finally:
        kafka.stop()


@pytest.fixture
def on_frail_pg(frail_pg, infra):
    if not frail_pg.proc.running():
        frail_pg.start()
        frail_pg.wait_ready()
    return Pieces(frail_pg, infra.kafka)


@pytest.fixture
def on_frail_kafka(frail_kafka, infra):
    if not frail_kafka.proc.running():
        frail_kafka.start()
    frail_kafka.proc.sigcont()
    frail_kafka.wait_ready()
    return Pieces(infra.pg, frail_kafka)


@pytest.fixture
def on_embedded(infra, build, tmp_path):
    """librdkafka's test broker, which fails on command."""
    broker = EmbeddedBroker(tmp_path, tmp_path, build_bin(build))
    broker.start()
    broker.wait_ready()
    yield Pieces(infra.pg, broker)
    broker.stop()


@pytest.fixture
def without_kafka(infra):
    return Pieces(infra.pg, None)
