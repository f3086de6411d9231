"""Mails under faults: every crash point, a mail server that refuses, stalls or vanishes, a worker that stood still.

Afterwards each mail came at least once, under one Message-ID, again only after an unknown outcome, and nothing is open.
"""

import time
from functools import partial

import pytest
from stack import mailing


@pytest.fixture
def quiet(new_stack):
    """Everything but services, with one paid booking: (stack, booking)."""
    return partial(mailing.quiet, new_stack)


def states(stack):
    return [row["state"] for row in mailing.rows(stack)]


@pytest.mark.parametrize(
    ("point", "copies"),
    [
        ("mail.after_claim", {1}),
        ("mail.before_send", {1}),
        ("mail.after_send", {1, 2}),
        ("mail.after_record", {1}),
        ("mail.after_claim:2", {1}),
        ("mail.after_send:2", {1, 2}),
    ],
)
def test_killed_at(quiet, point, copies):
    stack, booking = quiet()
    mailing.cancel(stack, booking)
    victim = mailing.notifier(stack, wait=False, UNBOOK_SLOTS=1, UNBOOK_CRASH_POINT=point)
    assert victim.wait_exit(20) == -9
    mailing.notifier(stack)
    assert [row["state"] for row in mailing.settle(stack)] == ["sent", "sent"]
    delivered = mailing.check(stack, copies)
    assert len(delivered) == 2


def test_killed_while_it_waits_after_the_final_dot(quiet):
    stack, booking = quiet(settings={"UNBOOK_SMTP_FINAL_MS": "20000"})
    mailing.fault(stack, step="dot", do="silence", seconds=20, kept=True)
    mailing.cancel(stack, booking)
    victim = mailing.notifier(stack, UNBOOK_SLOTS=1)
    stack.eventually(lambda: len(stack.mail.reader.arrivals()) >= 1, 20, "the first mail's last byte arrived")
    victim.kill9()
    mailing.notifier(stack)
    rows = mailing.settle(stack)
    assert [row["state"] for row in rows] == ["sent", "sent"]
    delivered = mailing.check(stack)
    assert sorted(len(copies) for copies in delivered.values()) == [1, 2]
    assert sorted(row["unknowns"] for row in rows) == [0, 1]


def test_a_slow_answer_outlives_the_lease_and_is_believed(quiet):
    """The lease is renewed while the server thinks: no second copy, no unknown."""
    stack, booking = quiet(settings={"UNBOOK_LEASE_MS": "3000", "UNBOOK_SMTP_FINAL_MS": "20000"})
    mailing.fault(stack, step="dot", do="slow", seconds=6, count=1)
    mailing.cancel(stack, booking)
    mailing.notifier(stack)
    mailing.notifier(stack)
    rows = mailing.settle(stack)
    assert [(row["state"], row["unknowns"], row["attempts"]) for row in rows] == [("sent", 0, 1)] * 2
    mailing.check(stack, {1})


def test_a_worker_that_stood_still_neither_sends_nor_records(quiet):
    """F2: stopped between claim and DATA for longer than its lease, another one sends; the woken one's word counts for nothing."""
    stack, booking = quiet(settings={"UNBOOK_SMTP_STEP_MS": "20000"})
    mailing.fault(stack, step="mail", do="slow", seconds=2, count=1)
    mailing.queue(stack, booking, booking.parent, "cancelled")
    sleeper = mailing.notifier(stack)
    stack.eventually(lambda: states(stack) == ["sending"], 20, "claimed")
    first = mailing.rows(stack)[0]["lease_token"]
    sleeper.sigstop()
    mailing.notifier(stack)
    rows = mailing.settle(stack)
    sleeper.sigcont()
    assert rows[0]["state"] == "sent"
    stack.eventually(lambda: "lease_lost" in sleeper.log_text(), 20, "the woken one lost its lease")
    again = mailing.rows(stack)
    assert again == rows
    assert again[0]["lease_token"] != first
    mailing.check(stack, {1})
    log = stack.sql("SELECT what FROM booking_log WHERE what LIKE 'mail%%' ORDER BY id")
    assert [line["what"] for line in log] == ["mail_unknown", "mail_sent"]


def test_asked_to_stop_in_data_it_finishes(quiet):
    """F3"""
    stack, booking = quiet(settings={"UNBOOK_SMTP_FINAL_MS": "20000", "UNBOOK_LEASE_MS": "10000"})
    mailing.fault(stack, step="dot", do="slow", seconds=2, count=1)
    mailing.queue(stack, booking, booking.parent, "cancelled")
    service = mailing.notifier(stack)
    stack.eventually(lambda: len(stack.mail.reader.arrivals()) == 1, 20, "the last byte arrived")
    service.sigterm()
    assert service.wait_exit(25) == 0
    assert states(stack) == ["sent"]
    mailing.check(stack, {1})


@pytest.mark.parametrize("step", ["banner", "mail", "rcpt", "data", "dot"])
def test_4xx_is_tried_again(quiet, step):
    """F31"""
    stack, booking = quiet()
    mailing.fault(stack, step=step, code=451, count=2)
    mailing.cancel(stack, booking)
    service = mailing.notifier(stack)
    rows = mailing.settle(stack)
    assert [row["state"] for row in rows] == ["sent", "sent"]
    assert sum(row["failures"] for row in rows) == 2
    mailing.check(stack, {1})
    assert not any("alarms" in name for name in service.metrics())


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_5xx_fails_with_an_alarm_and_is_not_repeated(quiet, step):
    """F31"""
    stack, booking = quiet()
    mailing.fault(stack, step=step, code=554, count=1)
    mailing.cancel(stack, booking)
    service = mailing.notifier(stack)
    rows = mailing.settle(stack)
    assert sorted(row["state"] for row in rows) == ["failed", "sent"]
    failed = next(row for row in rows if row["state"] == "failed")
    assert (failed["attempts"], failed["last_reply"], failed["last_error"]) == (1, "554", "smtp_refused")
    assert service.metrics()['unbook_alarms_total{what="mail_failed"}'] == 1
    log = stack.sql("SELECT detail FROM booking_log WHERE what = 'mail_failed'")
    assert len(log) == 1


def test_a_server_that_refuses_us_fails_no_mail(quiet):
    """A 5xx before any mail is named is about our account or the server, not about the mail."""
    stack, booking = quiet()
    mailing.fault(stack, step="banner", code=554, count=2)
    mailing.cancel(stack, booking)
    service = mailing.notifier(stack)
    assert [row["state"] for row in mailing.settle(stack)] == ["sent", "sent"]
    assert service.metrics()['unbook_breaker_openings_total{dependency="smtp"}'] >= 1


@pytest.mark.parametrize("how", ["cut", "silence"])
def test_lost_after_the_final_dot_is_unknown_and_comes_again_once(quiet, how):
    """F32: taken by the server, its answer lost."""
    stack, booking = quiet()
    mailing.fault(stack, step="dot", do=how, seconds=5, count=1, kept=True)
    mailing.cancel(stack, booking)
    mailing.notifier(stack)
    rows = mailing.settle(stack)
    assert [row["state"] for row in rows] == ["sent", "sent"]
    assert sorted(row["unknowns"] for row in rows) == [0, 1]
    assert sorted(len(copies) for copies in mailing.check(stack).values()) == [1, 2]


def test_unknown_for_ever_ends_failed_after_three_repeats(quiet):
    stack, booking = quiet()
    mailing.fault(stack, step="dot", do="cut", count=None, kept=False)
    mailing.queue(stack, booking, booking.parent, "cancelled")
    service = mailing.notifier(stack)
    (row,) = mailing.settle(stack)
    assert (row["state"], row["unknowns"], row["attempts"]) == ("failed", 3, 4)
    assert service.metrics()['unbook_alarms_total{what="mail_failed"}'] == 1
    assert len({mail.message_id for mail in stack.mail.reader.arrivals()}) == 1


def test_a_slow_banner_is_waited_for(quiet):
    """F33: longer than the time-out for connecting."""
    stack, booking = quiet(settings={"UNBOOK_SMTP_STEP_MS": "8000", "UNBOOK_LEASE_MS": "10000"})
    mailing.fault(stack, step="banner", do="slow", seconds=4, count=1)
    mailing.cancel(stack, booking)
    mailing.notifier(stack)
    rows = mailing.settle(stack)
    assert [(row["state"], row["attempts"]) for row in rows] == [("sent", 1)] * 2


def test_two_notifiers_share_the_work(quiet):
    """F35"""
    stack, booking = quiet()
    bookings = [booking] + [
        stack.seed.booking(booking.parent, booking.teacher, starts_in=f"{4 + day} days") for day in range(19)
    ]
    services = [mailing.notifier(stack), mailing.notifier(stack)]
    for each in bookings:
        mailing.cancel(stack, each)
    rows = mailing.settle(stack, 40)
    assert {row["state"] for row in rows} == {"sent"}
    assert len(mailing.check(stack, {1})) == 40
    assert all(service.running() for service in services)


def test_without_kafka_the_sweep_mails_everything(quiet):
    stack, booking = quiet(settings={"UNBOOK_KAFKA_BOOTSTRAP": "127.0.0.1:1"})
    service = mailing.notifier(stack, wait=False)
    service.wait_listening()
    mailing.cancel(stack, booking, due="1 second")
    assert [row["state"] for row in mailing.settle(stack)] == ["sent", "sent"]
    mailing.check(stack, {1})
    assert not service.is_ready()


def test_the_mail_server_comes_back(quiet):
    """Away for longer than the breaker bears; then everything is mailed without anybody's help."""
    stack, booking = quiet(proxied=("smtp",))
    stack.proxies["smtp"].down()
    mailing.cancel(stack, booking)
    service = mailing.notifier(stack)
    stack.eventually(
        lambda: service.metrics().get('unbook_breaker_openings_total{dependency="smtp"}', 0) >= 1,
        20,
        "gave up",
    )
    stack.proxies["smtp"].heal()
    rows = mailing.settle(stack, 30)
    assert [row["state"] for row in rows] == ["sent", "sent"]
    mailing.check(stack, {1})


def test_what_was_sent_is_recorded_when_postgresql_comes_back(quiet):
    """PostgreSQL away between the final dot and the record, for longer than the lease: no second copy."""
    stack, booking = quiet(
        proxied=("pg",), settings={"UNBOOK_LEASE_MS": "2000", "UNBOOK_SMTP_FINAL_MS": "9000"}
    )
    mailing.fault(stack, step="dot", do="slow", seconds=1, count=1)
    mailing.queue(stack, booking, booking.parent, "cancelled")
    mailing.notifier(stack)
    stack.eventually(lambda: len(stack.mail.reader.arrivals()) == 1, 20, "the last byte arrived")
    stack.proxies["pg"].down()
    time.sleep(3)  # longer than the lease: that time passes is the fault
    stack.proxies["pg"].heal()
    mailing.settle(stack)
    mailing.check(stack)
