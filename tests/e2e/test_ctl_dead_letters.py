"""unbookctl dead-letters: what nobody could act on has a way out, by name."""

import json

from settle_world import applied, deliver
from stack import ctl
from stack import refunding as r


def letters(stack, *args, code=0):
    return ctl.run(stack, "dead-letters", *args, code=code)


def test_what_nobody_could_act_on_is_listed_and_redriven_or_discarded_until_none_is_open(new_stack):
    stack = new_stack(only=("refund-worker",))
    assert letters(stack) == ("", "0 dead letters are open\n")
    event = {"id": "evt_odd", "object": "event", "type": "refund.created", "created": 1, "livemode": False,
             "data": {"object": {"id": "re_1", "object": "refund"}}}  # fmt: skip
    deliver(stack, event)
    r.forge(stack, {"refundId": "no uuid"})
    listed = stack.eventually(
        lambda: (rows := letters(stack, "list", code=None)[0].splitlines())[1:] and rows, 20, "both are put aside"
    )
    ids = {line.split()[0] for line in listed}
    (told,) = [line.split() for line in listed if "evt_odd" in line]
    assert told[2:] == ["evt_odd", "bad_object"]
    assert letters(stack, code=1)[1] == "2 dead letters are open\n"
    it_cannot_be_applied_still(stack, told[0])
    it_can_be_applied_now(stack, told[0], event)
    (other,) = ids - {told[0]}
    assert "no event of Stripe's" in letters(stack, "redrive", other, code=1)[1]
    assert letters(stack, "discard", other, "--operator", "bo")[0] == f"{other}: discarded\n"
    (row,) = stack.sql("SELECT * FROM dead_letters WHERE discarded_by IS NOT NULL")
    assert row["discarded_by"] == "operator:bo" and other == f"{row['topic']}/{row['partition']}/{row['offset']}"
    assert letters(stack, "discard", other, told[0], "a/1/1", code=1)[1].count("is no open dead letter") == 3
    assert letters(stack) == ("", "0 dead letters are open\n")
    wrong_arguments_are_named(stack)


def it_cannot_be_applied_still(stack, letter):
    """Then it is open again, and the alarm comes again."""
    worker = stack.of("refund-worker")[0]
    assert letters(stack, "redrive", letter)[0] == f"{letter}: is applied once more\n"
    stack.eventually(lambda: r.alarms(worker, "bad_stripe_event") == 2, what="a second alarm")
    stack.eventually(lambda: letter in letters(stack, code=None)[0], what="open again")


def it_can_be_applied_now(stack, letter, event):
    event["data"]["object"] |= {"charge": "ch_nobodys", "payment_intent": "pi_nobodys"}
    stack.sql("UPDATE stripe_events SET payload = %s WHERE id = %s", json.dumps(event).encode(), event["id"])
    letters(stack, "redrive", letter, "--operator", "bo")
    stack.eventually(
        lambda: (row := applied(stack, event["id"])) and row["last_error"] == "unknown_payment", what="applied"
    )
    assert letter not in letters(stack, code=1)[0]
    assert stack.sql("SELECT redriven_by FROM dead_letters WHERE redriven_at IS NOT NULL") == [{"redriven_by": "operator:bo"}]


def wrong_arguments_are_named(stack):
    for args in (("bury",), ("discard",), ("list", "x"), ("redrive",)):
        said = letters(stack, *args, code=64)[1]
        assert said.startswith("unbookctl dead-letters: ") and said.endswith("see unbookctl dead-letters --help\n")
    assert "usage: unbookctl dead-letters" in letters(stack, "--help")[0]
