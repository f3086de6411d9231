"""Mails where the server or the line is not to be trusted (F33), or does not trust us."""

from functools import partial

import pytest
from running import MailSink
from stack import mailing


@pytest.fixture
def quiet(new_stack):
    """Everything but services, with one paid booking: (stack, booking)."""
    return partial(mailing.quiet, new_stack)


def test_a_wrong_password_fails_no_mail_and_the_right_one_sends_it(quiet, tmp_path):
    stack, booking = quiet()
    mailing.cancel(stack, booking)
    with MailSink(tmp_path / "sink", "--login", "unbook:right") as sink:
        url = f"smtp://unbook:{{}}@127.0.0.1:{sink.smtp_port}"
        stranger = mailing.notifier(stack, UNBOOK_SMTP_URL=url.format("wrong"))
        stack.eventually(lambda: any(row["failures"] for row in mailing.rows(stack)), 20, "refused")
        assert {row["last_error"] for row in mailing.rows(stack)} <= {"smtp_refuses_us", None}
        stranger.sigterm()
        assert stranger.wait_exit(25) == 0
        assert "wrong" not in stranger.log_text()
        mailing.notifier(stack, UNBOOK_SMTP_URL=url.format("right"))
        assert [row["state"] for row in mailing.settle(stack)] == ["sent", "sent"]


def test_without_starttls_nothing_is_sent_and_it_is_tried_again(quiet):
    """F33: the sink offers none, as if it had been stripped."""
    stack, booking = quiet()
    mailing.cancel(stack, booking)
    service = mailing.notifier(stack, UNBOOK_SMTP_TLS="require")
    stack.eventually(lambda: all(row["failures"] >= 2 for row in mailing.rows(stack)), 20, "tried and tried")
    rows = mailing.rows(stack)
    assert {row["last_error"] for row in rows} == {"smtp_no_tls"}
    assert stack.mail.reader.arrivals() == []
    service.sigterm()
    assert service.wait_exit(25) == 0
    mailing.notifier(stack)
    assert [row["state"] for row in mailing.settle(stack)] == ["sent", "sent"]


@pytest.fixture
def encrypted(quiet, tmp_path):
    """A stack, its booking already cancelled, and a sink that offers STARTTLS: (stack, sink)."""
    made = []

    def make(*, host="127.0.0.1"):
        stack, booking = quiet()
        mailing.cancel(stack, booking)
        made.append(MailSink(tmp_path / "sink", "--tls", "starttls", "--cert-host", host))
        return stack, made[0]

    yield make
    for sink in made:
        sink.stop()


def encrypting(stack, sink, *, trusted=True):
    certificate = sink.spool / "tls" / "cert.pem"
    return mailing.notifier(
        stack,
        UNBOOK_SMTP_URL=f"smtp://127.0.0.1:{sink.smtp_port}",
        UNBOOK_SMTP_TLS="require",
        UNBOOK_SMTP_CA_FILE=certificate if trusted else None,
    )


def test_with_a_certificate_that_we_trust_mails_go_encrypted(encrypted):
    stack, sink = encrypted()
    encrypting(stack, sink)
    assert [row["state"] for row in mailing.settle(stack)] == ["sent", "sent"]
    assert [mail["tls"] for mail in sink.messages()] == [True, True]


@pytest.mark.parametrize(
    ("host", "trusted", "hidden"),
    [("127.0.0.1", False, False), ("other.example", True, False), ("127.0.0.1", True, True)],
)
def test_a_bad_certificate_or_a_stripped_starttls_sends_nothing(encrypted, host, trusted, hidden):
    """F33: nobody vouches for it, another host's, and an offer that somebody took out."""
    stack, sink = encrypted(host=host)
    if hidden:
        sink.fault("ehlo", "hide_starttls", count=None)
    encrypting(stack, sink, trusted=trusted)
    stack.eventually(
        lambda: all(row["failures"] >= 2 and row["last_error"] == "smtp_no_tls" for row in mailing.rows(stack)),
        20,
        "tried and tried, and told why",
    )
    assert sink.messages() == []
