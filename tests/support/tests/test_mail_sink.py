"""The mail sink keeps what arrives, counts breaches, and fails at every step when asked."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
import urllib.request
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from mail_sink.reader import SpoolReader, wait_for
from running import ControlError, MailSink, call

LOST = (smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError)
CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n"


def letter(to: str = "pat@example.com", subject: str = "Sitzung abgesagt: Zoë") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "unbook <no-reply@unbook.example>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{subject.encode().hex()}.{to}>"
    mail["Date"] = "Sun, 22 Nov 2026 10:00:00 +0000"
    mail.set_content("Hallo Zoë\n.\na line that begins with a dot\n", cte="quoted-printable")
    mail.add_alternative("<p>Hallo <b>Zoë</b></p>", subtype="html", cte="quoted-printable")
    mail.add_alternative(CALENDAR, subtype="calendar", params={"method": "CANCEL"}, cte="base64")
    return mail


def send(sink: MailSink, mail: EmailMessage | None = None, timeout_s: float = 5.0) -> None:
    with smtplib.SMTP("127.0.0.1", sink.smtp_port, timeout=timeout_s) as line:
        line.send_message(mail or letter())


def test_keeps_a_mail_and_shows_it_decoded(sink: MailSink) -> None:
    send(sink)
    found = sink.messages("at_least=1")[0]
    assert (found["rcpt"], found["mail_from"]) == ("pat@example.com", "no-reply@unbook.example")
    assert found["subject"] == "Sitzung abgesagt: Zoë"
    assert "Hallo Zoë\n.\na line" in found["text"].replace("\r\n", "\n")
    assert "<b>Zoë</b>" in found["html"]
    assert (found["calendar_method"], "METHOD:CANCEL" in found["calendar"]) == ("CANCEL", True)
    assert (found["accepted"], found["fate"], found["violations"]) == (True, "sent", [])
    with urllib.request.urlopen(sink.url + found["raw_url"]) as raw:
        assert b"Message-ID: <" in raw.read()


def test_the_spool_alone_tells_the_same(sink: MailSink) -> None:
    send(sink)
    spool = SpoolReader(sink.spool)
    mail = spool.delivered("pat@example.com")[0]
    assert mail.message_id in spool.by_message_id()
    assert mail.subject == "Sitzung abgesagt: Zoë"
    spool.assert_no_violations()
    spool.assert_copies_only_after_unknown()
    call("DELETE", f"{sink.url}/_mail/messages")
    assert sink.messages() == []
    assert len(SpoolReader(sink.spool).arrivals()) == 1, "the files stay"


@pytest.mark.parametrize("step", ["banner", "ehlo", "mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("code", [451, 550])
def test_refuses_at_any_step(sink: MailSink, step: str, code: int) -> None:
    sink.fault(step, code=code, text="5.0.0 no")
    if step == "ehlo":
        sink.fault("ehlo", code=code, text="5.0.0 no")  # smtplib falls back to HELO
    with pytest.raises((smtplib.SMTPException, ConnectionError)) as refusal:
        send(sink)
    assert str(code) in str(refusal.value)
    spool = SpoolReader(sink.spool)
    assert spool.delivered() == []
    if step == "dot":
        assert spool.arrivals()[0].reply == f"{code} 5.0.0 no"
    else:
        assert spool.refusals()[0]["step"] == step
    send(sink)
    assert len(SpoolReader(sink.spool).delivered()) == 1


@pytest.mark.parametrize("do", ["cut", "silence"])
def test_keeps_a_mail_whose_answer_is_withheld(sink: MailSink, do: str) -> None:
    sink.fault("dot", do, seconds=30)
    with pytest.raises(LOST):
        send(sink, timeout_s=0.5)
    send(sink)
    spool = wait_for(sink.spool, lambda s: len(s.delivered()) == 2)
    assert [m.fate for m in spool.delivered()] == ["withheld", "sent"]
    assert len(spool.by_message_id()) == 1
    spool.assert_copies_only_after_unknown()
    send(sink)
    with pytest.raises(AssertionError, match="came again"):
        SpoolReader(sink.spool).assert_copies_only_after_unknown()


def test_a_cut_may_also_lose_the_mail(sink: MailSink) -> None:
    sink.fault("dot", "cut", kept=False)
    with pytest.raises(LOST):
        send(sink)
    assert SpoolReader(sink.spool).delivered() == []


@pytest.mark.parametrize("step", ["banner", "ehlo", "mail", "rcpt", "data"])
def test_cuts_at_any_step(sink: MailSink, step: str) -> None:
    sink.fault(step, "cut")
    with pytest.raises((*LOST, smtplib.SMTPException)):
        send(sink)
    assert SpoolReader(sink.spool).arrivals() == []


def test_a_slow_banner_is_only_slow(sink: MailSink) -> None:
    sink.fault("banner", "slow", seconds=0.3)
    began = time.monotonic()
    send(sink)
    assert time.monotonic() - began >= 0.3


def test_a_rule_names_its_recipient_and_count(sink: MailSink) -> None:
    sink.fault("rcpt", code=550, rcpt="teacher@*", count=2)
    send(sink, letter("pat@example.com"))
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(sink, letter("teacher@example.com"))
    send(sink, letter("teacher@example.com"))
    assert len(SpoolReader(sink.spool).delivered()) == 2
    with pytest.raises(ControlError):
        sink.fault("mail", rcpt="pat@*")
    with pytest.raises(ControlError):
        sink.fault("lunch")


def raw_dialogue(sink: MailSink, *lines: bytes) -> None:
    with socket.create_connection(("127.0.0.1", sink.smtp_port), timeout=5) as line:
        for sent in (None, *lines):
            if sent is not None:
                line.sendall(sent)
            line.recv(4096)


@pytest.mark.parametrize(
    ("what", "mail"),
    [
        ("bare_lf", b"Subject: a\nb\r\n\r\nx\r\n"),
        ("bare_lf", b"Subject: a\r\n\r\nx\n.\ny\r\n"),
        ("bare_cr", b"Subject: a\r\n\r\nx\ry\r\n"),
        ("line_too_long", b"Subject: a\r\n\r\n" + b"x" * 1200 + b"\r\n"),
        ("eight_bit_header", "Subject: Zoë\r\n\r\nx\r\n".encode()),
        ("eight_bit_body", "Subject: a\r\n\r\nZoë\r\n".encode()),
        ("header_count", b"Subject: a\r\nSubject: b\r\n\r\nx\r\n"),
    ],
)
def test_counts_breaches_in_the_mail(sink: MailSink, what: str, mail: bytes) -> None:
    raw_dialogue(
        sink, b"EHLO me\r\n", b"MAIL FROM:<a@b.c>\r\n", b"RCPT TO:<d@e.f>\r\n", b"DATA\r\n", mail + b".\r\n"
    )
    spool = SpoolReader(sink.spool)
    assert what in [v["what"] for v in spool.violations()]
    assert len(spool.arrivals()) == 1
    with pytest.raises(AssertionError, match="rules broken"):
        spool.assert_no_violations()


def test_counts_two_recipients_in_one_transaction(sink: MailSink) -> None:
    with smtplib.SMTP("127.0.0.1", sink.smtp_port, timeout=5) as line:
        line.send_message(letter(), to_addrs=["a@example.com", "b@example.com"])
    assert [v["what"] for v in SpoolReader(sink.spool).violations()] == ["many_recipients"]


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_speaks_tls_with_a_certificate_of_its_own(tmp_path: Path, kind: str) -> None:
    with MailSink(tmp_path / "mail", "--tls", kind) as sink:
        context = ssl.create_default_context(cafile=str(sink.spool / "tls" / "cert.pem"))
        smtp: Any = smtplib.SMTP
        more: dict[str, Any] = {}
        if kind == "implicit":
            smtp, more = smtplib.SMTP_SSL, {"context": context}
        with smtp("127.0.0.1", sink.smtp_port, timeout=5, **more) as line:
            if kind == "starttls":
                line.starttls(context=context)
            line.send_message(letter())
        assert SpoolReader(sink.spool).delivered()[0].tls is True


def test_strips_starttls_and_asks_for_a_login(tmp_path: Path) -> None:
    with MailSink(tmp_path / "mail", "--tls", "starttls", "--login", "unbook:geheim") as sink:
        sink.fault("ehlo", "hide_starttls")
        with smtplib.SMTP("127.0.0.1", sink.smtp_port, timeout=5) as line:
            line.ehlo()
            assert not line.has_extn("starttls")
            line.ehlo()
            assert line.has_extn("starttls")
            with pytest.raises(smtplib.SMTPException):
                line.send_message(letter())
        with smtplib.SMTP("127.0.0.1", sink.smtp_port, timeout=5) as line:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                line.login("unbook", "wrong")
            line.login("unbook", "geheim")
            line.send_message(letter())
        assert len(SpoolReader(sink.spool).delivered()) == 1


def page(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        text: str = answer.read().decode()
        return text


def test_shows_an_inbox_to_people(sink: MailSink) -> None:
    assert "No mail yet" in page(sink.url + "/")
    send(sink, letter(subject="<b>bold</b> & co"))
    inbox = page(sink.url + "/")
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; co" in inbox
    assert "pat@example.com" in inbox
    shown = page(sink.url + "/mail/1")
    assert "METHOD:CANCEL" in shown
    assert 'src="/mail/1/html"' in shown
    assert "<b>Zoë</b>" in page(sink.url + "/mail/1/html")
