"""Random histories, judged. UNBOOK_SEED=<n> replays one and no other; UNBOOK_SEEDS=<n> runs so many."""

import os

import pytest
from history import History

GIVEN = os.environ.get("UNBOOK_SEED")
SEEDS = [int(GIVEN)] if GIVEN else range(1, 1 + int(os.environ.get("UNBOOK_SEEDS", "10")))


@pytest.mark.parametrize("seed", SEEDS)
def test_history(new_world, on_embedded, seed):
    """Even seeds on an embedded broker that fails too, odd ones on the real Kafka."""
    embedded = seed % 2 == 0
    world = new_world(
        **({"on": on_embedded} if embedded else {}), proxied=("pg", "redis"), settings={"UNBOOK_REFUND_RATE": "0"}
    )
    history = History(seed, world, on_embedded.kafka if embedded else None)
    print(f"replay: UNBOOK_SEED={seed} ./dev test fault")
    history.live()
    print("faults:", ", ".join(history.told))
    world.judge(quiet_s=60)
