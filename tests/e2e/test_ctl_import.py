"""unbookctl import: all of a file or nothing, once; what was sold before unbook is cancelled and refunded like the rest."""

import concurrent.futures
import datetime
import os
import pathlib
import pty
import subprocess

import psycopg
import pytest
from settle_world import Stripe, wait_closed, wait_status
from stack import Stack
from stack import refunding as r
from stack.importing import booking, ctl, payment, user, write

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "import"
CASES = sorted(path.name for path in DATA.iterdir() if path.is_dir() and path.name != "base")
TABLES = (
    "users", "offers", "bookings", "payments", "refunds", "stripe_refunds", "meetings", "booking_log", "mails",
    "outbox", "instance",
)  # fmt: skip


def everything(stack):
    """A digest of each table that an import may write."""
    return [
        stack.one(f"SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS all FROM {table} t")["all"]
        for table in TABLES
    ]


@pytest.fixture(scope="module")
def base(infra, build):
    """A database that knows tests/data/import/base."""
    stack = Stack(infra, build=build).start(only=())
    try:
        said, _ = ctl(stack, "import", DATA / "base" / "input.jsonl")
        assert said == (DATA / "base" / "expect").read_text()
        yield stack
        assert ctl(stack, "verify")[0] == ""
    finally:
        stack.stop()
    assert not stack.problems(), "\n".join(stack.problems())
    stack.remove()


@pytest.mark.parametrize("case", CASES)
def test_a_file_ends_as_its_case_says(base, case):
    path, expect = DATA / case / "input.jsonl", (DATA / case / "expect").read_text()
    is_good = expect.startswith("users ")
    before = everything(base)
    if is_good:
        said, _ = ctl(base, "import", "--dry-run", path)
        assert "dry run: nothing was written" in said
        assert everything(base) == before
    said, errors, code = ctl(base, "import", path, code=None)
    assert (said, code) == (expect, 0 if is_good else 1), errors
    if not is_good:
        assert "nothing was written" in errors
        assert everything(base) == before
        return
    after = everything(base)
    said, _ = ctl(base, "import", path)
    assert "nothing changed" in said
    assert everything(base) == after


def test_the_first_file_again_changes_nothing_and_its_rows_stand_as_it_says(base):
    before = everything(base)
    assert "nothing changed: all of it is there already" in ctl(base, "import", DATA / "base" / "input.jsonl")[0]
    assert everything(base) == before
    paid = base.one("SELECT * FROM bookings WHERE id = 5001")
    assert (paid["status"], paid["payment_intent"], paid["version"]) == (1, "pi_base5001", 1)
    assert paid["starts_at"].isoformat() == "2090-01-01T09:00:00+00:00"
    assert (paid["next_try_at"], paid["notes"]) == (None, "Bring a ruler.\nAnd a pencil.")
    pending = base.one("SELECT * FROM bookings WHERE stripe_session_id = 'cs_test_base_pending'")
    assert pending["id"] == 5007, "behind every id of the file"
    assert pending["next_try_at"] == pending["hold_expires_at"]
    assert pending["hold_expires_at"] - pending["created_at"] == datetime.timedelta(minutes=35)
    log = base.sql("SELECT * FROM booking_log WHERE booking_id = 5003")
    assert [(e["actor"], e["what"], e["detail"]) for e in log] == [
        ("operator:ann", "imported", {"line": 10, "status": 3})
    ]
    refunds = base.sql("SELECT * FROM refunds WHERE booking_id IN (5003, 5005) ORDER BY booking_id")
    assert [(f["state"], f["settled_by"], f["settled_reference"], f["settled_minor"]) for f in refunds] == [
        ("succeeded", None, None, 0),
        ("succeeded", "operator:ann", "wire 17", 4500),
    ]
    assert base.one("SELECT url FROM meetings WHERE booking_id = 5001")["url"] == "https://meet.example/old"
    assert base.one("SELECT livemode FROM instance")["livemode"] is False
    assert base.one("SELECT count(*) AS n FROM mails")["n"] == 0
    assert base.one("SELECT count(*) AS n FROM outbox")["n"] == 0


def test_a_status_that_moved_on_since_is_no_contradiction(base, tmp_path):
    lines = (user("m-parent"), user("m-teacher"))
    path = write(tmp_path / "f", *lines, booking(8001, "m-parent", "m-teacher", "2091-01-01T10:00:00Z",
                                                 payments=[payment("pi_8001")]))  # fmt: skip
    ctl(base, "import", path)
    base.sql("UPDATE bookings SET status = 3, cancelled_at = now(), cancel_cause = 'admin' WHERE id = 8001")
    base.sql("INSERT INTO refunds (payment_intent, booking_id, cause, next_try_at)"
             " VALUES ('pi_8001', 8001, 'admin', now())")  # fmt: skip
    assert "nothing changed" in ctl(base, "import", path)[0]


def at(stack, **ahead):
    return (stack.one("SELECT now() AS at")["at"] + datetime.timedelta(**ahead)).isoformat()


def old_checkout(stack):
    """Of the old system: it carries no mark of ours."""
    answer = Stripe(stack).call(
        "POST",
        "/v1/checkout/sessions",
        **{
            "mode": "payment",
            "line_items[0][price_data][currency]": "eur",
            "line_items[0][price_data][unit_amount]": "4500",
            "line_items[0][price_data][product_data][name]": "Algebra",
            "line_items[0][quantity]": "1",
            "success_url": "http://localhost:4200/payment/success",
            "cancel_url": "http://localhost:4200/payment/cancel",
        },
    )
    assert answer.status == 200, answer.text
    return answer.json["id"]


def old_school(stack, *bookings):
    return (
        user("old-parent", email="olga@families.example", name="Olga Old"),
        user("old-student", guardian="old-parent"),
        user("old-teacher", email="otto@schools.example", name="Otto Old"),
        {"kind": "offer", "id": 40, "teacher": "old-teacher", "title": "Algebra", "durationMinutes": 60,
         "amountMinor": 4500, "currency": "EUR"},
        *bookings,
    )  # fmt: skip


def test_what_was_sold_before_is_cancelled_and_refunded_at_stripe(stack, tmp_path):
    intent = stack.seed.payment(4500, "EUR", 4711)["id"]
    sold = booking(4711, "old-parent", "old-teacher", at(stack, days=3), student="old-student", offer=40,
                   payments=[payment(intent)])  # fmt: skip
    path = write(tmp_path / "old.jsonl", *old_school(stack, sold))
    ctl(stack, "import", path, SUDO_USER="bo")
    token = stack.issuer.mint("old-parent", "Parent")
    (found,) = stack.api.get("/api/Sessions/parent/bookings", token=token).data
    assert (found["id"], found["status"], found["canCancel"]) == (4711, 1, True)
    assert stack.api.put("/api/Sessions/4711/cancel", token=token).status == 200
    refund = stack.one("SELECT id FROM refunds WHERE booking_id = 4711")["id"]
    r.wait_state(stack, refund, "succeeded")
    stack.stripe.ledger.assert_refunded_once(intent)
    for person in ("olga@families.example", "otto@schools.example"):
        stack.eventually(lambda person=person: stack.mail.delivered(person), what=f"{person} is told")
    timeline = stack.api.get("/api/Sessions/4711/timeline", token=token).data
    assert (timeline[0]["what"], timeline[0]["actor"]) == ("imported", "operator")
    assert timeline[0]["words"] and timeline[1]["what"] == "cancelled"
    assert "nothing changed" in ctl(stack, "import", path)[0]
    token = stack.issuer.mint("newcomer", "Parent", email="new@families.example", name="Neo")
    slot = {"teacherId": found["teacherId"], "scheduledDateTime": at(stack, days=4)}
    answer = stack.api.post("/api/Sessions/book", slot, token=token)
    assert (answer.status, answer.data["sessionId"]) == (201, 4712), "ids go on behind those that were imported"
    assert ctl(stack, "verify")[0] == ""


def test_a_pending_one_is_released_or_confirmed_as_its_checkout_ended(new_stack, tmp_path):
    stack = new_stack(only=("reaper",))
    dead, paid, left = (old_checkout(stack) for _ in range(3))
    stack.stripe.post(f"checkouts/{paid}/pay")
    gone = {"status": 3, "cancelledAt": at(stack, minutes=-5), "cancelCause": "payment_cancelled"}
    path = write(
        tmp_path / "old.jsonl",
        *old_school(
            stack,
            booking(1, "old-parent", "old-teacher", at(stack, days=3), status=0, stripeSessionId=dead),
            booking(2, "old-parent", "old-teacher", at(stack, days=4), status=0, stripeSessionId=paid),
            booking(3, "old-parent", "old-teacher", at(stack, days=5), stripeSessionId=left,
                    createdAt=at(stack, minutes=-9), **gone),
        ),
    )  # fmt: skip
    ctl(stack, "import", path)
    assert wait_status(stack, 1, 3)["cancel_cause"] == "checkout_expired"
    kept = wait_status(stack, 2, 1)
    assert kept["payment_intent"] == Stripe(stack).get(paid)["payment_intent"]
    wait_closed(stack, 3)
    assert [Stripe(stack).get(checkout)["status"] for checkout in (dead, left)] == ["expired", "expired"]
    assert "nothing changed" in ctl(stack, "import", path)[0], "what became of them since is no contradiction"


def test_who_books_and_cancels_meanwhile_waits_and_is_served(new_stack, tmp_path):
    stack = new_stack(only=("api",))
    parent, teacher, _ = stack.seed.family()
    stack.seed.offer(teacher)
    mine = [stack.seed.booking(parent, teacher, starts_in=f"{day} days") for day in range(10, 22)]
    path = write(
        tmp_path / "f",
        user(parent.subject, timeZone="Europe/Berlin"),
        user("old-teacher"),
        *(
            booking(10000 + n, parent.subject, "old-teacher", "2025-07-01T10:00:00Z", status=2, payments=[])
            for n in range(4000)
        ),
    )
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        done = pool.submit(ctl, stack, "import", path)
        cancels = [
            pool.submit(stack.api.put, f"/api/Sessions/{sold.id}/cancel", token=parent.token) for sold in mine
        ]
        books = [
            pool.submit(
                stack.api.post,
                "/api/Sessions/book",
                {"teacherId": teacher.id, "scheduledDateTime": at(stack, days=30 + day)},
                token=stack.seed.person("Parent", "Pia").token,
            )
            for day in range(12)
        ]
        assert "4000 new" in done.result()[0]
        assert [c.result().status for c in cancels] == [200] * len(cancels)
        booked = [b.result() for b in books]
        assert [b.status for b in booked] == [201] * len(booked), [b.text for b in booked]
    assert ctl(stack, "verify")[0] == ""


def held_up(stack):
    """The import has been waiting for the users' table for long enough to be long work."""
    return stack.sql(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND application_name = 'unbookctl import' AND clock_timestamp() - query_start > interval '0.6 s'"
    )


def dry_run_that_takes_a_while(stack, path, stderr):
    """stdout of an import that somebody else's lock holds up on its way."""
    command = [stack.bin_dir / "unbookctl", "import", "--dry-run", path]
    env = {"PATH": "/usr/bin:/bin", "UNBOOK_PG_URL": stack.pg.url(stack.database), "USER": "ann", "TERM": "xterm"}
    with psycopg.connect(stack.pg.url(stack.database)) as other:
        other.execute("LOCK TABLE users IN SHARE MODE")
        import_ = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=stderr)
        try:
            stack.eventually(lambda: held_up(stack), what="the import waits")
            other.rollback()
            said, _ = import_.communicate(timeout=60)
        finally:
            import_.kill()
    assert import_.returncode == 0
    return said


def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(base, tmp_path):
    path = write(tmp_path / "f", user("bar-user"))
    ours, theirs = pty.openpty()
    try:
        said = dry_run_that_takes_a_while(base, path, theirs)
        os.write(theirs, b"end")
        shown = b""
        while not shown.endswith(b"end"):
            shown += os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)
    assert b"checking and storing: [" in shown and b" %" in shown
    assert shown.endswith(b"\r\x1b[Kend"), "taken away at last"
    assert b"1 new" in said and b"\r" not in said
    quiet = tmp_path / "stderr"
    with quiet.open("wb") as stderr:
        assert dry_run_that_takes_a_while(base, path, stderr) == said
    assert quiet.read_bytes() == b""


def test_wrong_arguments_files_and_help(base, tmp_path):
    for args in ((), ("a", "b"), ("--force", "a"), ("--dry-run",)):
        ctl(base, "import", *args, code=64)
    said, reason = ctl(base, "import", tmp_path / "x", code=64, USER="")
    assert (said, reason.splitlines()) == (
        "",
        ["unbookctl import: say who you are: --operator <name>", "see unbookctl import --help"],
    )
    assert "dry run" in ctl(base, "import", "--dry-run", DATA / "nothing" / "input.jsonl", USER="")[0]
    assert "cannot read" in ctl(base, "import", tmp_path / "nothing", code=70)[1]
    assert "cannot read" in ctl(base, "import", tmp_path, code=70)[1], "a directory"
    ctl(base, "import", tmp_path / "x", code=78, UNBOOK_PG_URL="")
    said, _ = ctl(base, "import", "--help")
    assert "usage: unbookctl import" in said and "docs/import.md" in said
