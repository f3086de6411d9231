"""unbookctl reconcile: whatever Stripe and the tables do not agree about is found, and nothing else."""

import csv
import datetime
import io
import json
from collections import Counter

import pytest
from stack import ctl
from stack import refunding as r
from stack.stripe_caller import instance_id

NOW = ("--grace-s", "0")
TODAY = datetime.datetime.now(datetime.UTC).date


@pytest.fixture(scope="module")
def one_stack(infra, build):
    with ctl.quiet_stack(infra, build) as stack:
        yield stack


@pytest.fixture
def stack(one_stack):
    """Empty tables, of a database whose marks nothing at Stripe bears."""
    one_stack.stripe.control("DELETE", "/_sim/faults")
    one_stack.sql("TRUNCATE bookings, payments, refunds, stripe_refunds CASCADE")
    one_stack.sql("UPDATE instance SET id = gen_random_uuid()")
    return one_stack


def reconcile(stack, *args, code=0, **settings):
    """(lines of differences, lines of sums, stderr)"""
    out, err = ctl.run(stack, "reconcile", *NOW, *args, code=code, **settings)
    assert "\r\n" in out and out.count("\r\n") == out.count("\n"), "RFC 4180"
    lines = list(csv.DictReader(io.StringIO(out, newline=""), strict=True))
    assert all(None not in line and None not in line.values() for line in lines)
    return (
        [line for line in lines if line["row"] == "difference"],
        [line for line in lines if line["row"] == "sum"],
        err,
    )


def as_json(stack, code=0):
    return json.loads(ctl.run(stack, "reconcile", *NOW, "--json", code=code)[0])


def found(lines):
    return Counter((line["object"], line["id"], line["what"]) for line in lines)


def marked(stack, booking, amount_minor=4500, **more):
    """A payment at Stripe with the marks that our checkouts give it."""
    marks = {"booking_id": str(booking), "instance_id": instance_id(stack)}
    return stack.stripe.post("payment_intents", amount=amount_minor, currency="eur", metadata=marks, **more)["id"]


def refunded(stack, booking, *, state="succeeded", **by_hand):
    """Given back at Stripe, and written down: (our refund's id, Stripe's)."""
    refund = r.ask(stack, booking, doorbell=False)
    stack.sql("UPDATE refunds SET state = %s WHERE id = %s", state, refund)
    made = stack.stripe.post(f"payment_intents/{booking.payment_intent}/refund", **by_hand)
    stack.sql(
        "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status, refund_id, generation)"
        " VALUES (%s, %s, %s, %s, %s, %s, 1)",
        made["id"], booking.payment_intent, made["amount"], booking.currency, made["status"], refund,
    )  # fmt: skip
    return refund, made["id"]


def test_what_agrees_is_exit_0_with_sums_per_day_and_currency(stack):
    before = as_json(stack)["foreignPayments"]
    refunded(stack, r.paid(stack))
    r.paid(stack, amount_minor=700, currency="JPY")
    r.paid(stack, amount_minor=1)
    unpaid = r.paid(stack)
    stack.sql("UPDATE bookings SET payment_intent = NULL WHERE id = %s", unpaid.id)
    r.ask(stack, unpaid, doorbell=False)  # on its way
    stack.stripe.post("payment_intents", amount=99, currency="eur", metadata={"order": 'of "another", product'})
    differences, sums, err = reconcile(stack)
    assert differences == []
    day = str(TODAY())
    assert [tuple(line[name] for name in ("object", "day", "currency", "stripe_count", "tables_count", "stripe_minor",
                                          "tables_minor", "difference_minor")) for line in sums] == [
        ("payment", day, "EUR", "3", "3", "9001", "9001", "0"),
        ("payment", day, "JPY", "1", "1", "700", "700", "0"),
        ("refund", day, "EUR", "1", "1", "4500", "4500", "0"),
    ]  # fmt: skip
    assert f"0 differences; {before + 1} payments and" in err
    assert reconcile(stack, "--since", day)[:2] == (differences, sums), "a day will do"


def test_every_difference_is_named_in_both_directions(stack):
    fine, gone, dear, alien, lost, twin = (r.paid(stack) for _ in range(6))
    stack.sql("UPDATE payments SET payment_intent = 'pi_gone', charge_id = NULL WHERE payment_intent = %s", gone.payment_intent)
    stack.sql("UPDATE payments SET amount_minor = 4400 WHERE payment_intent = %s", dear.payment_intent)
    stack.sql("UPDATE payments SET currency = 'USD' WHERE payment_intent = %s", alien.payment_intent)
    unheard = marked(stack, 77)
    swapped = marked(stack, twin.id)
    stack.sql("UPDATE payments SET payment_intent = %s WHERE payment_intent = %s", swapped, lost.payment_intent)

    _, less = refunded(stack, fine, amount=100)
    stack.sql("UPDATE stripe_refunds SET amount_minor = 99 WHERE id = %s", less)
    back = [r.paid(stack) for _ in range(5)]
    _, moved = refunded(stack, back[0])
    stack.sql("UPDATE stripe_refunds SET status = 'pending' WHERE id = %s", moved)
    _, nowhere = refunded(stack, back[1])
    stack.sql("UPDATE stripe_refunds SET id = 're_gone' WHERE id = %s", nowhere)
    by_hand = stack.stripe.post(f"payment_intents/{back[2].payment_intent}/refund", amount=50)["id"]
    claimed = r.ask(stack, back[3], doorbell=False)
    stack.sql("UPDATE refunds SET state = 'succeeded' WHERE id = %s", claimed)
    failed, _ = refunded(stack, back[4], state="failed")
    hidden = stack.stripe.post(f"payment_intents/{unheard}/refund")["id"]

    differences, sums, err = reconcile(stack, code=1)
    short = next(line["id"] for line in differences if line["object"] == "request" and line["booking_id"] == str(fine.id))
    assert found(differences) == Counter(
        [
            ("payment", "pi_gone", "not_at_stripe"),
            ("payment", dear.payment_intent, "amount"),
            ("payment", alien.payment_intent, "currency"),
            ("payment", alien.payment_intent, "currency"),
            ("payment", unheard, "not_here"),
            ("payment", swapped, "other_owner"),
            ("refund", less, "amount"),
            ("refund", moved, "status"),
            ("refund", nowhere, "not_here"),
            ("refund", "re_gone", "not_at_stripe"),
            ("refund", by_hand, "not_here"),
            ("refund", hidden, "not_here"),
            ("request", claimed, "not_at_stripe"),
            ("request", failed, "status"),
            ("request", short, "not_at_stripe"),
        ]
    )
    assert f"{len(differences)} differences; " in err
    line = {entry["id"]: entry for entry in differences}
    assert (line[dear.payment_intent]["stripe_minor"], line[dear.payment_intent]["tables_minor"]) == ("4500", "4400")
    assert line[dear.payment_intent]["difference_minor"] == "100"
    assert (line[moved]["stripe_status"], line[moved]["tables_status"]) == ("succeeded", "pending")
    assert line[unheard]["booking_id"] == "77" and line[hidden]["booking_id"] == "77"
    for name, object in (("payment", "payment"), ("refund", "refund")):
        of = [entry for entry in sums if entry["object"] == name]
        told = [entry for entry in differences if entry["object"] == object]
        for currency in ("EUR", "USD"):
            total = [sum(int(e["difference_minor"]) for e in part if e["currency"] == currency) for part in (of, told)]
            assert total[0] == total[1], f"the {name}s' sums in {currency} differ by what the lines say"

    stack.sql("UPDATE refunds SET settled_by = 'ann', settled_at = now() WHERE id = %s", claimed)
    assert ("request", claimed, "not_at_stripe") not in found(reconcile(stack, code=1)[0])


def test_any_text_is_one_field_and_an_unwritten_report_is_a_failure(stack):
    odd = 'pi_"a",b'
    stack.sql("UPDATE payments SET payment_intent = %s WHERE payment_intent = %s", odd, r.paid(stack).payment_intent)
    ((line,), _, _) = reconcile(stack, code=1)
    assert (line["id"], line["what"]) == (odd, "not_at_stripe")
    assert as_json(stack, code=1)["lines"][0]["id"] == odd
    with open("/dev/full", "w") as full:
        _, err = ctl.finish(ctl.start(stack, "reconcile", *NOW, stdout=full), code=70)
    assert "cannot write to stdout" in err


def of_another_account(stack, name, state):
    """A payment and its refund row whose PaymentIntent the account of the key does not know: (payment, refund)."""
    booking = r.paid(stack)
    stack.sql("UPDATE payments SET payment_intent = %s WHERE payment_intent = %s", name, booking.payment_intent)
    booking.payment_intent = name
    refund = r.ask(stack, booking, doorbell=False)
    stack.sql("UPDATE refunds SET state = %s WHERE id = %s", state, refund)
    return booking, refund


def test_refunds_of_payments_that_stripe_does_not_know_are_differences_among_others(stack):
    fine, _ = refunded(stack, r.paid(stack)), r.paid(stack)
    given, back = of_another_account(stack, "pi_elsewhere1", "succeeded")
    waiting, asked = of_another_account(stack, "pi_elsewhere2", "needs_attention")
    stack.sql(
        "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status, refund_id, generation)"
        " VALUES ('re_elsewhere', %s, 4500, 'EUR', 'succeeded', %s, 1)", given.payment_intent, back
    )  # fmt: skip
    expected = Counter(
        (object, of, "not_at_stripe")
        for object, of in [("payment", given.payment_intent), ("payment", waiting.payment_intent),
                           ("refund", "re_elsewhere"), ("request", back), ("request", asked)]
    )  # fmt: skip
    differences, sums, _ = reconcile(stack, code=1)
    assert found(differences) == expected
    assert [(line["object"], line["stripe_count"], line["tables_count"]) for line in sums] == [
        ("payment", "2", "4"),
        ("refund", "1", "2"),
    ]
    told = as_json(stack, code=1)
    assert found(line for line in told["lines"] if line["row"] == "difference") == expected
    assert fine[0] not in json.dumps(told["lines"]) and len(told["lines"]) == len(expected) + 2


def test_what_was_settled_elsewhere_and_refunded_as_well_is_a_difference(stack):
    settle = (
        "UPDATE refunds SET settled_by = 'ann', settled_reference = %s, settled_minor = %s, settled_at = now(),"
        " updated_at = %s WHERE id = %s"
    )
    twice, seen = refunded(stack, r.paid(stack), state="failed")
    stack.sql(settle, "SEPA 1", 4500, "2026-01-01", twice)  # the refund alone is of the window
    named, other = refunded(stack, r.paid(stack), state="failed")
    stack.sql(settle, other, 0, "2026-01-01", named)
    rest, _ = refunded(stack, r.paid(stack), state="failed", amount=100)
    stack.sql(settle, "SEPA, the rest", 4400, datetime.datetime.now(datetime.UTC), rest)
    (line,) = reconcile(stack, code=1)[0]
    assert [line[name] for name in ("object", "id", "what", "stripe_minor", "tables_minor", "tables_status")] == [
        "request", twice, "given_back_twice", "4500", "0", "failed"
    ]  # fmt: skip


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_failure_in_the_middle_prints_one_reason_and_no_report(stack, form):
    stack.sql("UPDATE payments SET payment_intent = 'pi_gone' WHERE payment_intent = %s", r.paid(stack).payment_intent)
    refunded(stack, short := r.paid(stack), amount=100)
    rule = {"kind": "error", "path": "/v1/refunds", "skip": 1, "count": None}
    stack.stripe.control("POST", "/_sim/faults", rule)
    out, err = ctl.run(stack, "reconcile", *NOW, *form, code=70)
    assert out == "" and err.count("\n") == 1
    assert f"list the refunds of {short.payment_intent} at Stripe: HTTP 500" in err


def test_json_says_the_same(stack):
    fine, dear = r.paid(stack), r.paid(stack)
    stack.sql("UPDATE payments SET amount_minor = 1 WHERE payment_intent = %s", dear.payment_intent)
    differences, sums, _ = reconcile(stack, code=1)
    lines = [*differences, *sums]
    told = as_json(stack, code=1)
    assert told["differences"] == 1 and told["since"].endswith("T00:00:00Z") and told["notCompared"] == 0
    assert [(line["row"], line["id"], line["stripeMinor"], line["differenceMinor"]) for line in told["lines"]] == [
        (line["row"], line["id"] or None, int(line["stripe_minor"]), int(line["difference_minor"])) for line in lines
    ]
    assert told["lines"][0]["bookingId"] == dear.id and told["lines"][0]["tablesMinor"] == 1
    assert fine.payment_intent not in json.dumps(told)


def test_what_is_older_at_stripe_than_its_row_is_asked_for_by_its_id(stack):
    """A delayed method: the PaymentIntent is days older than its money. And a refund that moved after days."""
    booking = r.paid(stack)
    old = marked(stack, booking.id, created=1_700_000_000)
    stack.sql("UPDATE payments SET payment_intent = %s WHERE payment_intent = %s", old, booking.payment_intent)
    refund, seen = refunded(stack, r.paid(stack))
    at = stack.one("SELECT date_trunc('second', clock_timestamp()) + interval '1 second' AS at")["at"]
    stack.eventually(lambda: stack.one("SELECT clock_timestamp() >= %s AS is_so", at)["is_so"])
    stack.sql("UPDATE stripe_refunds SET updated_at = clock_timestamp() WHERE id = %s", seen)
    stack.sql("UPDATE refunds SET updated_at = clock_timestamp() WHERE id = %s", refund)
    stack.sql("UPDATE payments SET captured_at = clock_timestamp() WHERE payment_intent = %s", old)
    differences, sums, _ = reconcile(stack, "--since", at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert differences == []
    assert [(line["object"], line["day"], line["stripe_count"]) for line in sums] == [
        ("payment", "2023-11-14", "1"),
        ("refund", str(TODAY()), "1"),
    ]
    asked = [e.path for e in stack.stripe.ledger.exchanges() if e.method == "GET"]
    assert f"/v1/payment_intents/{old}" in asked and f"/v1/refunds/{seen}" in asked
    stack.sql("UPDATE stripe_refunds SET payment_intent = %s WHERE id = %s", old, seen)
    (line,) = reconcile(stack, "--since", at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), code=1)[0]
    assert (line["id"], line["what"]) == (seen, "other_owner")


def test_many_are_compared_page_by_page(stack):
    parent, teacher, _ = stack.seed.family()
    booking = stack.seed.booking(parent, teacher, status=0, paid=False)
    made = stack.stripe.post("payment_intents", amount=10, currency="eur", count=1203)["data"]
    stack.sql(
        "INSERT INTO payments (payment_intent, booking_id, amount_minor, currency, captured_at)"
        " SELECT id, %s, 10, 'EUR', clock_timestamp() FROM unnest(%s::text[]) id",
        booking.id, [intent["id"] for intent in made[1:]],
    )  # fmt: skip
    stack.sql(
        "INSERT INTO payments (payment_intent, booking_id, amount_minor, currency, captured_at)"
        " VALUES ('ch_known_by_its_charge', %s, 10, 'EUR', clock_timestamp())", booking.id
    )  # fmt: skip
    differences, sums, err = reconcile(stack)
    assert (differences, sums[0]["stripe_count"], sums[0]["tables_minor"]) == ([], "1202", "12020")
    assert "1 payments are known by their charge only and were not compared" in err


def test_what_is_young_is_left_to_the_next_run(stack):
    marked(stack, 5)
    young, _, err = reconcile(stack, "--grace-s", "600")
    assert young == [] and "0 differences" in err
    assert [line["what"] for line in reconcile(stack, code=1)[0]] == ["not_here"]


def test_a_silence_of_stripe_is_waited_out(stack):
    stack.sql("UPDATE payments SET payment_intent = 'pi_gone' WHERE payment_intent = %s", r.paid(stack).payment_intent)
    for path, kind in (("/v1/payment_intents", "rate_limit"), ("/v1/refunds", "html"), ("/v1/payment_intents/*", "cut")):
        stack.stripe.control("POST", "/_sim/faults", {"kind": kind, "path": path, "count": 1})
    assert [line["what"] for line in reconcile(stack, code=1)[0]] == ["not_at_stripe"]
    assert [fault["hits"] for fault in stack.stripe.get("faults")["faults"]] == [1, 1, 1]


def test_what_cannot_be_found_out_is_exit_70_and_nothing_is_written(stack):
    r.paid(stack)
    stack.sql("UPDATE payments SET payment_intent = 'pi_gone'")
    before = stack.sql("SELECT * FROM instance"), stack.one("SELECT count(*) AS n FROM booking_log")
    stack.stripe.control("POST", "/_sim/faults", {"kind": "error", "path": "/v1/payment_intents/*", "count": None})
    out, err = ctl.run(stack, "reconcile", *NOW, code=70)
    assert "get payment pi_gone at Stripe: HTTP 500" in err and out == ""
    stack.stripe.control("DELETE", "/_sim/faults")
    assert (stack.sql("SELECT * FROM instance"), stack.one("SELECT count(*) AS n FROM booking_log")) == before
    assert not [e for e in stack.stripe.ledger.exchanges() if e.method == "POST"]
    assert len(reconcile(stack, code=1)[0]) == 1
    stack.sql("UPDATE instance SET livemode = true")
    assert "wrong_mode" in ctl.run(stack, "reconcile", code=70)[1]
    stack.sql("UPDATE instance SET livemode = NULL")


def test_wrong_arguments_and_settings_are_told_apart(stack):
    assert "usage: unbookctl reconcile" in ctl.run(stack, "reconcile", "--help")[0]
    for args in (("x",), ("--since", "yesterday"), ("--since", "2026-13-01"), ("--grace-s", "-1"), ("--csv",)):
        said = ctl.run(stack, "reconcile", *args, code=64)[1]
        assert args[-1].removeprefix("--") in said and "usage:" not in said
    assert "empty_window" in ctl.run(stack, "reconcile", "--since", "2999-01-01", code=70)[1]
    ctl.run(stack, "reconcile", code=78, UNBOOK_STRIPE_KEY="")
