"""What the pages say: in the language of the reader, true to the offer and to the server, and undisturbed by names of any script."""

import datetime
import json
import re

from browser import PHONE
from pages_world import card, chromium, family, pages  # noqa: F401
from playwright.sync_api import expect
from stack.system import ROOT

DICTIONARIES = """async (languages) => {
    const base = document.querySelector("script[type=module]").src.replace("app.js", "");
    const shape = (value) => typeof value === "function" ? "function" : (value.match(/\\{\\w+\\}/g) ?? []).sort().join();
    const flat = (words) => Object.entries(words).flatMap(([name, value]) => typeof value === "object"
        ? flat(value).map(([inner, text]) => [`${name}.${inner}`, text]) : [[name, shape(value)]]);
    const read = async (language) => Object.fromEntries(flat((await import(`${base}${language}.js`)).default));
    return Object.fromEntries(await Promise.all(languages.map(async (one) => [one, await read(one)])));
}"""


KNOWN = """async (sentences) => {
    const base = document.querySelector("script[type=module]").src.replace("app.js", "");
    const { parse } = await import(`${base}server_words.js`);
    return sentences.filter((sentence) => parse(sentence) === null);
}"""
SPEAKERS = (
    "common/domain/cancel.c",
    "common/wire/session_refund.c",
    "services/api/book.c",
    "services/api/cancel.c",
    "services/api/limits.c",
    "services/api/payment.c",
    "services/api/sessions.c",
)
NEVER_SHOWN = {
    "The slot is yours until the time in holdExpiresAt; please pay to confirm it.",  # the page leaves for Stripe
    "This teacher has several offers; please choose one.",  # the page names the offer
    "Your session is confirmed.",  # its own words
    "Send application/json, in UTF-8.",  # they do
    "This parameter is malformed.",  # the pages send none that is
    "Only a confirmed session can be joined.",  # they have the link itself
    "Requests refused because of a limit, by limit.",  # a metric's help
    "It is a sentence that nobody says.",  # so that the judge is judged
}


def sentences_of_the_server():
    """Whole sentences in the sources of those who speak to people; an amount where one goes in."""
    literal = r'"((?:[^"\\]|\\.)*)"'
    for path in SPEAKERS:
        for run in re.finditer(rf"{literal}(?:\s*{literal})*", (ROOT / path).read_text("utf-8")):
            text = "".join(re.findall(literal, run.group(0))).strip()
            if re.fullmatch(r"(?:[A-Z]|%s (?:was|is|of)|The refund of %s).* .*\.", text) and "%s%s" not in text:
                yield re.sub("%s", "€45.00", text)


def test_what_the_time_line_tells_has_words_in_every_language():
    told = set(re.findall(r'\{"([a-z_]+)", "', (ROOT / "services/api/timeline.c").read_text("utf-8")))
    assert {"refund_retried", "refund_settled"} < told
    for language in ("de", "en", "es"):
        words = (ROOT / f"services/api/web/{language}.js").read_text("utf-8")
        assert set(re.findall(r'\bdid_([a-z_]+): "', words)) == told, language


def test_before_paying_the_rule_is_the_offers_own(pages):
    teacher = pages.stack.seed.person("Teacher", "Tilda Teacher")
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    rules = {
        pages.stack.seed.offer(teacher, title=long, notice="30 minutes"): "30 minutes before it starts",
        pages.stack.seed.offer(teacher, notice="90 minutes"): "90 minutes before it starts",
        pages.stack.seed.offer(teacher, notice="26 hours 5 minutes"): "26 hours and 5 minutes before it starts",
        pages.stack.seed.offer(teacher, notice="0"): "You can cancel until it starts",
    }
    soon = """hours => {
        const at = new Date(Date.now() + hours * 3600000), two = (number) => String(number).padStart(2, "0");
        date.value = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
        start.value = `${two(at.getHours())}:${two(at.getMinutes())}`;
        start.dispatchEvent(new Event("input", {bubbles: true}));
    }"""
    with pages.person(pages.fresh_parent(), "/book", size=PHONE) as page:
        summary = page.locator(".summary")
        for offer, rule in rules.items():
            page.locator(f"input[value='{offer}']").check()
            expect(summary).to_contain_text(rule)
        page.locator(f"input[value='{list(rules)[2]}']").check()
        page.evaluate(soon, 25)
        expect(summary).to_contain_text("less than 26 hours and 5 minutes: once it is paid, it cannot be cancelled.")
        expect(summary).not_to_contain_text("You can cancel")
        page.evaluate(soon, 28)
        expect(summary).to_contain_text("You can cancel until 26 hours and 5 minutes before it starts")
        page.locator(f"input[value='{next(iter(rules))}']").check()
        pages.look(page, "phone-book-long-title")
    pages.stack.sql("UPDATE offers SET active = false WHERE teacher_id = %s", teacher.id)


SPANS = """async () => {
    const base = document.querySelector("script[type=module]").src.replace("app.js", "");
    const { span } = await import(`${base}format.js`);
    const starts = ["2027-10-31T00:30Z", "2027-03-28T00:30Z", "2027-10-30T20:30Z", "2027-06-01T10:00Z"];
    return starts.map((at, i) => span(new Date(at), i === 2 ? 300 : 60).replaceAll("\u00a0", " "));
}"""


def test_the_nights_when_the_clocks_change_are_told_apart(pages):
    """The two hours of the same name by their zones; the hour that is left out cannot be chosen."""
    march = datetime.date(datetime.date.today().year + (datetime.date.today().month > 2), 3, 31)
    sunday = march - datetime.timedelta(days=(march.weekday() + 1) % 7)
    with pages.person(pages.fresh_parent(), "/book") as page:
        assert page.evaluate(SPANS) == [
            "2:30 CEST – 2:30 CET",
            "1:30 CET – 3:30 CEST",
            "22:30 CEST – Sun, 31 Oct 2027, 2:30 CET",
            "12:00 – 13:00 CEST",
        ]
        page.locator("#date").fill(sunday.isoformat())
        page.locator("#start").fill("02:30")
        never = "This time does not exist on that day: the clocks are put forward. Please choose another."
        expect(page.locator(".summary")).to_contain_text(never)
        page.get_by_role("button", name="Go to payment").click()
        expect(page.get_by_role("alert")).to_have_text(never)
        expect(page.locator("#start")).to_be_focused()
        pages.look(page, "desk-no-such-time")
        page.locator("#start").fill("03:30")
        expect(page.locator(".summary dd time")).to_contain_text("3:30 – 4:30 CEST")


def test_of_an_hour_that_comes_twice_either_one_is_booked(pages):
    """In October the clocks are put back: the two hours are told apart by their offset from UTC, with the keyboard alone."""
    october = datetime.date(datetime.date.today().year + (datetime.date.today().month > 9), 10, 31)
    sunday = october - datetime.timedelta(days=(october.weekday() + 1) % 7)
    body = {}
    with pages.person(pages.fresh_parent(), "/book") as page:
        page.route("**/api/Sessions/book", lambda route: (body.update(route.request.post_data_json), route.abort()))
        question = page.get_by_role("group", name="This time comes twice on that day")
        summary = page.locator(".summary dd time")
        page.locator("#date").fill(sunday.isoformat())
        for alone in ("03:00", "01:55"):
            page.locator("#start").fill(alone)
            expect(summary).to_be_visible()
            expect(question).to_be_hidden()
        page.locator("#start").fill("02:30")
        expect(page.locator("#said")).to_contain_text("This time comes twice on that day")
        first = question.get_by_role("radio", name="2:30 (UTC+2, first)")
        expect(first).to_be_checked()
        expect(summary).to_have_attribute("datetime", f"{sunday}T00:30:00.000Z")
        page.locator("#start").focus()
        for _ in range(4):
            if first.evaluate("node => node === document.activeElement"):
                break
            page.keyboard.press("Tab")
        expect(first).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(question.get_by_role("radio", name="2:30 (UTC+1, second)")).to_be_checked()
        expect(summary).to_have_attribute("datetime", f"{sunday}T01:30:00.000Z")
        pages.look(page, "desk-twice")
        page.reload()
        expect(summary).to_have_attribute("datetime", f"{sunday}T01:30:00.000Z")
        page.get_by_role("button", name="Go to payment").click()
        expect(page.get_by_role("alert")).not_to_be_empty()
        assert body["scheduledDateTime"] == f"{sunday}T01:30:00.000Z"
        page.locator("#start").fill("03:30")
        expect(question).to_be_hidden()
        expect(summary).to_have_attribute("datetime", f"{sunday}T02:30:00.000Z")
    with pages.person(pages.fresh_parent(), "/book", zone="Australia/Lord_Howe") as page:
        april = datetime.date(datetime.date.today().year + (datetime.date.today().month > 3), 4, 1)
        sunday = april + datetime.timedelta(days=(6 - april.weekday()) % 7)
        page.locator("#date").fill(sunday.isoformat())
        page.locator("#start").fill("01:45")  # there they are put back by half an hour
        for name in ("1:45 (UTC+11, first)", "1:45 (UTC+10:30, second)"):
            expect(page.get_by_role("radio", name=name)).to_be_visible()


def test_who_it_is_for_is_asked_and_named(pages):
    """An only child is meant; of two, one must be chosen, or the parent."""
    seed, parent = pages.stack.seed, pages.fresh_parent()
    students = [seed.person("Student", name, guardian=parent) for name in ("Sam Student", "Mia Student")]
    with pages.person(parent, "/book", size=PHONE) as page:
        who, summary, pay = page.get_by_label("Who it is for"), page.locator(".summary"), page.get_by_role("button", name="Go to")
        expect(who.locator("option")).to_have_text(["Please choose", "Mia Student", "Sam Student", "Myself"])
        expect(who).to_have_value("")
        pages.choose_time(page)
        pay.click()
        expect(page.get_by_role("alert")).to_have_text("Please choose who it is for.")
        expect(who).to_be_focused()
        pages.look(page, "phone-book-for-whom")
        who.select_option("Sam Student")
        expect(summary).to_contain_text("Sam Student")
        who.select_option("Myself")
        expect(summary.locator("dd").nth(1)).to_have_text("Myself")
        page.reload()
        expect(who.locator("option:checked")).to_have_text("Myself")
        pay.click()
        page.wait_for_url("**/c/pay/*")
    booked = pages.stack.one("SELECT student_id FROM bookings WHERE parent_id = %s", parent.id)
    assert booked["student_id"] == parent.id and parent.id not in [student.id for student in students]


def test_a_refusal_speaks_the_readers_language(pages):
    parent = pages.fresh_parent()
    api, held = pages.stack.api, None
    for day in (301, 302, 303):
        when = pages.stack.one("SELECT date_trunc('day', now()) + make_interval(days => %s) AS at", day)["at"]
        body = {"teacherId": pages.teacher.id, "offerId": pages.offer, "scheduledDateTime": when.isoformat()}
        held = api.post("/api/Sessions/book", body, token=parent.token)
        assert held.status == 201, held.text
    with pages.person(parent, "/book", language="de") as page:
        pages.choose_time(page)
        page.get_by_role("button", name="Zur Zahlung").click()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Mehrere Ihrer Buchungen warten auf Zahlung")
        assert not re.search(r"\dT\d|session", alert.inner_text()) and alert.locator("[lang]").count() == 0
    path = f"/api/Sessions/cancel-payment/{held.data['stripeSessionId']}"
    assert api.post(path, {}, token=parent.token).status == 200
    with pages.person(pages.admin, "/find?q=ab", language="de") as page:
        expect(page.locator(".state")).to_contain_text("einer davon mit mindestens drei Buchstaben")
        assert page.locator("main [lang]").count() == 0
        for before in ("%23", "Booking ", "buchung%20", ""):
            page.goto(f"{pages.url}/find?q={before}{held.data['sessionId']}")
            expect(card(page, held.data["sessionId"])).to_be_visible()
        released = card(page, held.data["sessionId"])
        expect(released).to_contain_text("Die Zahlung wurde abgebrochen")
        expect(released).not_to_contain_text("Angegebener Grund")


def test_staff_find_a_name_as_they_type_it(pages):
    parents = [pages.stack.seed.person("Parent", name) for name in ("Petra Novák", "Lukasz Novak")]
    bookings = [pages.booking(parent) for parent in parents]
    with pages.person(pages.admin, "/find") as page:
        for typed in ("novak", "NOVÁK"):
            page.get_by_role("searchbox").fill(typed)
            page.get_by_role("button", name="Find").click()
            for booking in bookings:
                expect(card(page, booking)).to_be_visible()


def test_the_language_is_the_readers_and_stays_chosen(pages, family):
    other = pages.booking(family["parent"])
    with pages.person(family["parent"], "/", language="de") as page:
        expect(page.get_by_role("heading", name="Meine Buchungen")).to_be_visible()
        expect(card(page, family["late"]).locator(".why")).to_have_text(
            "Für eine Absage ist es zu spät: Stunden können bis 24 Stunden vor Beginn abgesagt werden."
        )
        expect(card(page, family["gone"])).to_contain_text("45,00\u00a0€")
        mine = card(page, other)
        mine.get_by_role("button", name="Stunde absagen").click()
        page.get_by_role("dialog").get_by_role("button", name="Stunde absagen").click()
        expect(page.locator("#said")).to_have_text(
            "Die Stunde ist abgesagt. Die volle Erstattung von 45,00\u00a0€ ist zu Ihrer Karte unterwegs;"
            " Banken zeigen sie nach 5 bis 10 Werktagen."
        )
        page.get_by_label("Sprache").select_option("es")
        expect(page.get_by_role("heading", name="Mis reservas")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Mis reservas")).to_be_visible()
        assert page.evaluate("document.documentElement.lang") == "es"
        spoken = page.evaluate(DICTIONARIES, ["en", "de", "es"])
        assert spoken["de"] == spoken["es"]
        assert {name: spoken["de"].get(name) for name in spoken["en"]} == spoken["en"]


def test_every_sentence_of_the_server_is_known_to_the_other_languages(pages):
    said = {text for text in sentences_of_the_server() if not re.search("is on its way to €|cancelled[.] €", text)}
    assert len(said) > 30
    with pages.person(None, "/") as page:
        assert set(page.evaluate(KNOWN, sorted(said | NEVER_SHOWN))) == NEVER_SHOWN


def test_only_what_was_refunded_by_hand_has_a_day_beside_what_the_bank_gave_back(pages):
    parent = pages.fresh_parent()
    booking = pages.booking(parent)
    pages.stack.sql(
        "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status)"
        " VALUES ('re_part', %s, 1000, 'EUR', 'succeeded')",
        booking.payment_intent,
    )
    word = {"dispute": "dp_part", "status": "lost", "paymentIntent": booking.payment_intent}
    lost = "INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%s, 'stripe', 'charged_back', %s)"
    pages.stack.sql(lost, booking.id, json.dumps(word | {"amountMinor": 1500, "currency": "eur"}))
    for language, said in (
        ("en", "€10.00 of it should be on your account by"),
        ("de", "10,00\u00a0€ davon sollten bis"),
        ("es", "De ello, 10,00\u00a0€ deberían estar en su cuenta"),
    ):
        with pages.person(parent, "/", language=language) as page:
            money = card(page, booking).locator(".refund")
            expect(money).to_contain_text("25")
            expect(money).to_contain_text(said)


PLACES = """node => ["with", "Tom", "·", "for"].map((word) => {
    const range = document.createRange(), text = node.firstChild, at = text.data.indexOf(word);
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().left;
})"""


def test_a_name_of_any_direction_leaves_the_text_around_it_alone(pages):
    seed = pages.stack.seed
    parent = seed.person("Parent", "\u202ePia")
    teacher = seed.person("Teacher", "\u202eTom\u2069\u202e")
    student = seed.person("Student", "שרה", guardian=parent)
    booking = pages.booking(parent, teacher=teacher, student=student, title="שיעור 7\u202e")
    with pages.person(parent, "/") as page:
        line = card(page, booking).locator(".where")
        expect(line).to_have_text("with \u2068Tom\u2069 · for \u2068שרה\u2069")
        places = line.evaluate(PLACES)
        assert places == sorted(places)
        expect(card(page, booking).locator("h3 bdi")).to_have_text("שיעור 7")
        card(page, booking).locator(".cancel").click()
        expect(page.get_by_role("dialog").locator("strong bdi")).to_have_text("שיעור 7")
        expect(page.get_by_role("dialog")).to_contain_text("with \u2068Tom\u2069 · for")
        assert "\u202e" not in page.locator("body").inner_text()
        page.keyboard.press("Escape")
        line.evaluate("node => { node.textContent = 'with \\u202eTom · for Sam'; }")
        places = line.evaluate(PLACES)
        assert places != sorted(places), "the judge is judged"
