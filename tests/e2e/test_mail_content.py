"""What parent and teacher read after a cancel, as their mail and calendar programs see it."""

import email
import email.policy
import re
from datetime import timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import icalendar
import pytest
from stack import mailing

VOID = {"meta", "br", "img", "hr", "input", "link"}


class Page(HTMLParser):
    """Its text and links; an unbalanced tag is an error."""

    def __init__(self, source):
        super().__init__()
        self.open, self.text, self.links, self.language = [], "", [], None
        self.feed(source)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(dict(attributes)["href"])
        if tag == "html":
            self.language = dict(attributes)["lang"]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open}"
        self.open.pop()

    def handle_data(self, data):
        self.text += data


class Letter:
    """One delivered mail, read with Python's own parsers."""

    def __init__(self, spooled):
        self.message = email.message_from_bytes(spooled.raw, policy=email.policy.default)
        assert not self.message.defects
        assert self.message.get_content_type() == "multipart/alternative"
        parts = {part.get_content_type(): part for part in self.message.iter_parts()}
        assert list(parts)[:2] == ["text/plain", "text/html"], "the richest last but the calendar"
        self.subject = self.message["Subject"]
        self.text = parts["text/plain"].get_content().replace("\r\n", "\n")
        self.page = Page(parts["text/html"].get_content())
        self.calendar = parts.get("text/calendar")

    def event(self, method):
        assert self.calendar.get_param("method") == method
        calendar = icalendar.Calendar.from_ical(self.calendar.get_content())
        assert calendar["METHOD"] == method
        (event,) = calendar.walk("VEVENT")
        return event


@pytest.fixture
def mailbox(new_stack):
    """A stack with only a notifier, whose doorbell is the sweep."""
    return new_stack(only=("notifier",))


def letters(stack, *people):
    mailing.settle(stack)
    mailing.check(stack, {1})
    found = []
    for person in people:
        (spooled,) = stack.mail.delivered(person.email)
        found.append(Letter(spooled))
    return found


def starts_at(stack, booking):
    return stack.one("SELECT starts_at FROM bookings WHERE id = %s", booking.id)["starts_at"]


@pytest.mark.parametrize(
    ("locale", "subject", "hello", "amount", "month"),
    [
        (
            "en-GB",
            "Cancelled: ",
            "Hello Zoë 李,",
            "€45.00",
            lambda at: f"{at:%A}, {at.day} {at:%B} {at.year}",
        ),
        ("de-AT", "Abgesagt: ", "Guten Tag Zoë 李,", "45,00\N{NO-BREAK SPACE}€", None),
        ("es-AR", "Cancelada: ", "Hola, Zoë 李:", "45,00\N{NO-BREAK SPACE}€", None),
        ("xx", "Cancelled: ", "Hello Zoë 李,", "€45.00", None),
    ],
)
def test_each_reader_in_their_language_and_zone(mailbox, locale, subject, hello, amount, month):
    seed = mailbox.seed
    parent = seed.person("Parent", "Zoë 李", locale=locale, time_zone="Asia/Kathmandu")
    teacher = seed.person("Teacher", "Tomás Ibáñez", time_zone="America/New_York")
    booking = seed.booking(parent, teacher, title="Übung: „Bruch“ & <Rest>, 2. Teil")
    mailing.cancel(mailbox, booking, reason="Zu spät.\n.\nGruß")
    to_parent, to_teacher = letters(mailbox, parent, teacher)
    at = starts_at(mailbox, booking)
    here, there = at.astimezone(ZoneInfo("Asia/Kathmandu")), at.astimezone(ZoneInfo("America/New_York"))

    assert to_parent.subject.startswith(subject + "Übung: „Bruch“ & <Rest>, 2. Teil")
    assert to_parent.message["To"].addresses[0].display_name == "Zoë 李"
    assert to_parent.page.language == to_parent.message["Content-Language"]
    for body in (to_parent.text, to_parent.page.text):
        for words in (hello, amount, f"{here:%H:%M}", "Kathmandu, UTC+5:45", f"{at:%Y-%m-%d %H:%M}", "Gruß"):
            assert words in body
        assert "{{" not in body
    if month:
        assert month(here) in to_parent.text
    assert "http://localhost:4200" in to_parent.page.links
    for body in (to_teacher.text, to_teacher.page.text):
        assert f"{there:%H:%M}" in body
        assert "New York" in body
        assert "Zoë 李 cancelled this session." in body
        assert "45" not in body.replace(f"{there:%M}", "").replace(f"{at:%M}", ""), (
            "a teacher reads no amount"
        )


def test_a_name_of_any_direction_turns_nothing_around_it(mailbox):
    seed = mailbox.seed
    parent = seed.person("Parent", "\u202ePia\u2069")
    teacher = seed.person("Teacher", "Tom")
    booking = seed.booking(parent, teacher, title="שיעור 7")
    mailing.cancel(mailbox, booking)
    (letter,) = letters(mailbox, teacher)
    assert letter.subject.startswith("Cancelled: \u2068שיעור 7\u2069 on ")
    assert "\u2068Pia\u2069 cancelled this session." in letter.text and "Hello Tom," in letter.text
    html = letter.message.get_body(("html",)).get_content()
    assert "<bdi>Pia</bdi> cancelled this session." in html and "<strong><bdi>שיעור 7</bdi></strong>" in html
    assert not {"\u202a", "\u202e"} & set(letter.text + html)
    assert str(letter.event("CANCEL")["SUMMARY"]) == "שיעור 7"


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (4500, "JPY", "¥4,500"),
        (12345, "KWD", "KWD\N{NO-BREAK SPACE}12.345"),
        (5, "EUR", "€0.05"),
        (123456789, "USD", "$1,234,567.89"),
    ],
)
def test_amounts_as_a_person_writes_them(mailbox, minor, currency, words):
    parent, teacher, _ = mailbox.seed.family()
    booking = mailbox.seed.booking(parent, teacher, amount_minor=minor, currency=currency)
    mailing.cancel(mailbox, booking)
    (letter,) = letters(mailbox, parent)
    assert words in letter.text
    assert words in letter.page.text


def test_the_calendar_takes_out_what_it_put_in(mailbox):
    parent, teacher, _ = mailbox.seed.family()
    booking = mailbox.seed.booking(parent, teacher, title="Geige; Teil 2, „lang“ " + "x" * 100)
    for person in (parent, teacher):
        mailing.queue(mailbox, booking, person, "confirmed")
    invited = letters(mailbox, parent, teacher)
    mailing.cancel(mailbox, booking)
    mailing.settle(mailbox)
    for person, before in zip((parent, teacher), invited, strict=True):
        request = before.event("REQUEST")
        cancel = Letter(mailbox.mail.delivered(person.email)[1]).event("CANCEL")
        at = starts_at(mailbox, booking).replace(microsecond=0)
        for event in (request, cancel):
            assert event["DTSTART"].dt == at
            assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=60)
            assert str(event["SUMMARY"]).startswith("Geige; Teil 2, „lang“ xxx")
            assert event["ATTENDEE"] == f"mailto:{person.email}"
        assert request["UID"] == cancel["UID"]
        assert cancel["SEQUENCE"] > request["SEQUENCE"]
        assert (request["STATUS"], cancel["STATUS"]) == ("CONFIRMED", "CANCELLED")
        assert request["URL"] == f"https://meet.example/{booking.id}"
        assert "URL" not in cancel


def test_one_message_id_over_all_attempts(mailbox):
    parent, teacher, _ = mailbox.seed.family()
    booking = mailbox.seed.booking(parent, teacher)
    mailing.fault(mailbox, step="dot", code=451, count=3, rcpt=parent.email)
    mailing.cancel(mailbox, booking)
    rows = mailing.settle(mailbox)
    assert {row["state"] for row in rows} == {"sent"}
    arrived = [m.message_id for m in mailbox.mail.reader.arrivals() if m.rcpt == parent.email]
    assert len(arrived) == 4
    assert len(set(arrived)) == 1
    assert re.fullmatch(r"<[0-9a-f-]{36}@school\.example>", arrived[0])
    mailing.check(mailbox, {1})


def test_newer_news_takes_the_place_of_older(mailbox):
    parent, teacher, _ = mailbox.seed.family()
    booking = mailbox.seed.booking(parent, teacher)
    mailing.queue(mailbox, booking, parent, "confirmed", due="1 hour")
    mailing.cancel(mailbox, booking)
    assert [row["state"] for row in mailing.settle(mailbox)] == ["superseded", "sent", "sent"]
    (letter,) = letters(mailbox, parent)
    assert letter.subject.startswith("Cancelled")


def test_a_failed_refund_is_told_to_the_parent_in_words(mailbox):
    parent, teacher, _ = mailbox.seed.family()
    booking = mailbox.seed.booking(parent, teacher)
    mailing.cancel(mailbox, booking, due="1 hour")
    refund = mailbox.one(
        "UPDATE refunds SET state = 'failed', failure_reason = 'expired_or_canceled_card' RETURNING id::text"
    )["id"]
    mailing.queue(mailbox, booking, parent, "refund_failed", ref=f"{refund}:1")
    mailbox.eventually(lambda: mailbox.mail.delivered(parent.email), 20, "a mail")
    letter = Letter(mailbox.mail.delivered(parent.email)[0])
    assert "the card has expired or was cancelled" in letter.text
    assert "expired_or" not in letter.text
    assert letter.calendar is None


@pytest.mark.parametrize("address", ["", "nobody", "a@b.example\r\nRCPT TO:<c@d.example>", "a@b, c@d", None])
def test_an_address_that_is_none_fails_with_an_alarm_and_the_other_mail_goes(mailbox, address):
    parent, teacher, _ = mailbox.seed.family()
    booking = mailbox.seed.booking(parent, teacher)
    mailbox.sql("UPDATE users SET email = %s WHERE id = %s", address, parent.id)
    mailing.cancel(mailbox, booking)
    rows = mailing.settle(mailbox)
    assert [(row["state"], row["last_error"]) for row in rows] == [("failed", "bad_address"), ("sent", None)]
    assert [mail.rcpt for mail in mailbox.mail.reader.arrivals()] == [teacher.email]
    assert mailbox.of("notifier")[0].metrics()['unbook_alarms_total{what="mail_failed"}'] == 1


def test_what_failed_for_want_of_an_address_goes_out_once_it_is_known(mailbox):
    parent, teacher, _ = mailbox.seed.family()
    booking, past = mailbox.seed.booking(parent, teacher), mailbox.seed.booking(parent, teacher, starts_in="-9 hours")
    mailbox.sql("UPDATE users SET email = NULL WHERE id = %s", parent.id)
    mailing.queue(mailbox, past, parent, "confirmed")
    mailing.cancel(mailbox, booking)
    assert [row["state"] for row in mailing.settle(mailbox)].count("failed") == 2
    mailbox.sql("UPDATE mails SET created_at = created_at - interval '30 days'")
    for address in ("", parent.email, parent.email):
        mailbox.sql("UPDATE users SET email = %s WHERE id = %s", address, parent.id)
    mailbox.eventually(lambda: mailbox.mail.delivered(parent.email), 20, "the mail")
    rows = mailing.settle(mailbox)
    assert {(row["booking_id"], row["state"]) for row in rows if row["recipient_id"] == parent.id} == {
        (booking.id, "sent"),
        (past.id, "failed"),
    }, "nobody is invited to what is over"
    letters(mailbox, parent, teacher)


def test_a_cancel_over_http_mails_both_within_the_bells_time(stack, people):
    """The whole way: API, outbox, relay, Kafka, notifier."""
    parent, teacher, _ = people
    booking = stack.seed.booking(parent, teacher)
    answer = stack.api.put(f"/api/Sessions/{booking.id}/cancel", token=parent.token)
    assert answer.status == 200, answer.text
    rows = mailing.settle(stack)
    assert [(row["kind"], row["state"]) for row in rows] == [("cancelled", "sent")] * 2
    to_parent, to_teacher = letters(stack, parent, teacher)
    assert "You cancelled this session." in to_parent.text
    assert f"{parent.name} cancelled this session." in to_teacher.text
    assert to_parent.event("CANCEL")["UID"] == to_teacher.event("CANCEL")["UID"]
    assert len(traces(stack, booking)) == 1, "both mails carry the request's trace"


def traces(stack, booking):
    lines = [line for line in stack.of("notifier")[0].log_lines() if line.get("msg") == "mail"]
    return {line["trace"] for line in lines if line["booking"] == booking.id}


def test_a_mail_that_fails_leaves_the_other_partys_to_the_same_bell(stack, people):
    parent, teacher, _ = people
    booking = stack.seed.booking(parent, teacher)
    stack.sql("UPDATE users SET email = NULL WHERE id = %s", parent.id)
    assert stack.api.put(f"/api/Sessions/{booking.id}/cancel", token=teacher.token).status == 200
    assert [row["state"] for row in mailing.settle(stack)] == ["failed", "sent"]
    assert len(traces(stack, booking)) == 1, "the sweep would have begun another trace"
