"""Random histories, judged: 200 seeds, 25 of them at a time side by side on one stack.

UNBOOK_SEED=<n>          replays one, alone
UNBOOK_SEEDS=<n>-<m>     these, in batches as below; UNBOOK_SEEDS=<n>: the first n. Either runs nothing else of tests/fault.
"""

import os
from collections import Counter

import judge
import pytest
from fault_world import HEALING
from history import History
from history_faults import SharedFaults

SEEDS, BATCH = 200, 25
SPAN_S = 8.0  # shared faults happen within it
QUIET_S = 60.0


def batches():
    if "UNBOOK_SEED" in os.environ:
        return [[int(os.environ["UNBOOK_SEED"])]]
    first, _, last = os.environ.get("UNBOOK_SEEDS", str(SEEDS)).rpartition("-")
    seeds = range(int(first or 1), int(last) + 1)
    return [seeds[i : i + BATCH] for i in range(0, len(seeds), BATCH)]


def name(seeds):
    return f"{seeds[0]}-{seeds[-1]}"


def outcomes(world):
    """How often each call was answered how."""
    return Counter((call.what, call.code or call.outcome) for call in world.client.calls)


def tell_who(guilty, histories, world):
    """Each complaint under its seed, with the command that replays it."""
    parents = {r["id"]: r["parent_id"] for r in world.stack.sql("SELECT id, parent_id FROM bookings")}
    seeds = {person: history.seed for history in histories for person in history.people}
    for wrong in guilty.wrong:
        seed = seeds.get(parents.get(wrong.booking_id))
        alone = f"replay: UNBOOK_SEED={seed} ./dev test fault; " if seed else ""
        print(f"{wrong}\n    {alone}with its batch: UNBOOK_SEEDS={name([h.seed for h in histories])} ./dev test fault")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", batches(), ids=name)
def test_histories(new_world, on_embedded, seeds):
    """Every second batch on an embedded broker that fails too, the others on the real Kafka."""
    embedded = (seeds[0] - 1) // BATCH % 2 == 1
    world = new_world(
        **({"on": on_embedded} if embedded else {}),
        proxied=("pg", "redis", "stripe"),
        settings={"UNBOOK_REFUND_RATE": "0", **HEALING},
    )
    world.webhooks()
    world.heal()
    histories = [History(seed, world) for seed in seeds]
    print(f"replay: UNBOOK_SEEDS={name(seeds)} ./dev test fault; {sum(h.plan.ops for h in histories)} operations")
    faults = SharedFaults(world, on_embedded.kafka if embedded else None)
    for history in histories:
        history.begin()
    faults.run([fault for history in histories for fault in history.plan.shared_faults], SPAN_S)
    errors = [f"seed {history.seed}: {error}" for history in histories for error in history.end()]
    print("shared faults:", ", ".join(faults.told))
    print("calls:", ", ".join(f"{n} {what} {word}" for (what, word), n in outcomes(world).most_common()))
    faults.heal()
    world.end_delayed_payments()
    assert not errors, errors
    try:
        world.judge(quiet_s=QUIET_S, meanwhile=world.end_holds)
    except judge.Guilty as guilty:
        tell_who(guilty, histories, world)
        raise
