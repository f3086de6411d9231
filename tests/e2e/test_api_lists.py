"""What people read: lists, one session, its time line, its link."""

import datetime
import urllib.parse

import psycopg
import pytest
from api_world import world  # noqa: F401


@pytest.fixture(autouse=True, scope="module")
def bookings(world):  # noqa: F811
    world.ahead = [world.booking(f"{days} days") for days in (2, 4, 6)]
    world.behind = [world.booking(f"-{days} days", status=2) for days in (3, 5)]
    world.cancelled = world.booking("8 days")
    assert world.cancel(world.cancelled, world.parent).status == 200
    world.pending = world.booking("10 days", status=0, paid=False)
    world.stack.sql(
        "UPDATE bookings SET stripe_session_id = 'cs_test_open', checkout_url = 'https://checkout.example/open',"
        " hold_expires_at = clock_timestamp() + interval '30 minutes' WHERE id = %s",
        world.pending.id,
    )
    world.unborn = world.booking("12 days", status=0, paid=False)
    world.abandoned = world.booking("14 days", status=0, paid=False)
    world.stack.sql(
        "UPDATE bookings SET status = 3, cancelled_at = now(), cancel_cause = 'checkout_expired' WHERE id = %s",
        world.abandoned.id,
    )


def ids(answer):
    assert answer.status == 200, answer.text
    return [session["id"] for session in answer.data]


def mine(world, query=""):  # noqa: F811
    return world.api.get("/api/Sessions/parent/bookings" + query, token=world.parent.token)


def test_a_parent_reads_what_comes_soonest_first_then_the_past(world):  # noqa: F811
    ahead = [b.id for b in (*world.ahead, world.cancelled, world.pending)]
    behind = [b.id for b in world.behind]
    assert ids(mine(world)) == ahead + behind
    assert ids(mine(world, "?when=upcoming")) == ahead
    assert ids(mine(world, "?when=PAST")) == behind
    assert mine(world).json["next"] is None


def test_a_parents_list_is_narrowed_to_what_is_live_cancelled_or_of_one_checkout(world):  # noqa: F811
    everything = ids(mine(world))
    live = [i for i in everything if i != world.cancelled.id]
    assert ids(mine(world, "?cancelled=false")) == live
    assert ids(mine(world, "?cancelled=TRUE")) == [world.cancelled.id]
    assert ids(mine(world, "?cancelled=true&when=past")) == []
    first = mine(world, "?cancelled=false&when=upcoming&limit=3")
    rest = mine(world, f"?cancelled=false&when=upcoming&limit=3&after={first.json['next']}")
    assert ids(first) + ids(rest) == ids(mine(world, "?cancelled=false&when=upcoming"))
    assert ids(rest) == [world.pending.id] and rest.json["next"] is None
    assert ids(mine(world, "?stripeSessionId=cs_test_open")) == [world.pending.id]
    assert ids(mine(world, "?stripeSessionId=cs_test_open&cancelled=true")) == []
    assert ids(mine(world, "?stripeSessionId=cs_test_none")) == []
    other = "/api/Sessions/parent/bookings?stripeSessionId=cs_test_open"
    assert ids(world.api.get(other, token=world.other_parent.token)) == []


def test_pages_follow_one_another(world):  # noqa: F811
    everything = ids(mine(world))
    for limit in (1, 2, 3, 100):  # also across the border between ahead and behind
        seen, cursor = [], None
        while True:
            page = mine(world, f"?limit={limit}" + (f"&after={cursor}" if cursor else ""))
            seen += ids(page)
            assert len(page.data) <= limit
            cursor = page.json["next"]
            if cursor is None:
                break
        assert seen == everything


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?when=tomorrow", "when"),
        ("?when=", "when"),
        ("?when=past&when=past", "when"),
        ("?cancelled=", "cancelled"),
        ("?cancelled=3", "cancelled"),
        ("?cancelled=%ff", "cancelled"),
        ("?cancelled=true&cancelled=true", "cancelled"),
        ("?stripeSessionId=", "stripeSessionId"),
        ("?stripeSessionId=pi_1", "stripeSessionId"),
        ("?stripeSessionId=%ff", "stripeSessionId"),
        ("?stripeSessionId=cs_1&stripeSessionId=cs_2", "stripeSessionId"),
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?limit=-1", "limit"),
        ("?limit=1.5", "limit"),
        ("?limit=", "limit"),
        ("?after=x", "after"),
        ("?after=", "after"),
        ("?after=u1", "after"),
        ("?after=u1.", "after"),
        ("?after=u.1", "after"),
        ("?after=q1.1", "after"),
        ("?after=u1.0", "after"),
        ("?after=u1.-1", "after"),
        ("?after=u99999999999999999999.1", "after"),
        ("?after=%ff", "after"),
        ("?after=%zz", "after"),
        ("?after=u-9223372036854775808.1", "after"),
        ("?after=p-1.1", "after"),
        ("?after=u9223372036854775807.1", "after"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_by_name(world, query, field):  # noqa: F811
    answer = mine(world, query)
    assert answer.status == 400 and answer.json["code"] == "invalid_query"
    assert answer.json["details"][0]["field"] == field


def test_a_teacher_reads_paid_ones_only(world):  # noqa: F811
    upcoming = world.api.get("/api/Sessions/teacher/upcoming", token=world.teacher.token)
    assert ids(upcoming) == [b.id for b in world.ahead]
    history = world.api.get("/api/Sessions/teacher/history", token=world.teacher.token)
    assert ids(history) == [world.cancelled.id] + [b.id for b in world.behind]
    assert all(
        s["checkoutUrl"] is None and s["stripeSessionId"] is None for s in upcoming.data + history.data
    )
    assert ids(world.api.get("/api/Sessions/teacher/upcoming", token=world.other_teacher.token)) == []


def test_a_student_reads_what_they_attend(world):  # noqa: F811
    answer = world.api.get("/api/Sessions/student/upcoming", token=world.student.token)
    assert ids(answer) == [b.id for b in world.ahead]
    assert all(s["canCancel"] is False and s["googleMeetLink"] for s in answer.data)
    history = world.api.get("/api/Sessions/student/history", token=world.student.token)
    assert ids(history) == [world.cancelled.id] + [b.id for b in world.behind]
    assert history.data[0]["cancelCause"] == "parent" and history.data[0]["checkoutUrl"] is None
    assert ids(world.api.get("/api/Sessions/student/history", token=world.other_student.token)) == []
    own = world.stack.seed.booking(world.other_parent, world.other_teacher, starts_in="-30 days", status=2)
    both = world.stack.issuer.mint(world.other_parent.subject, ["Parent", "Student"])
    assert ids(world.api.get("/api/Sessions/student/history", token=both)) == [own.id], "who attends alone"


def test_a_session_says_until_when_it_can_be_cancelled(world):  # noqa: F811
    answer = world.api.get(f"/api/Sessions/{world.ahead[0].id}", token=world.parent.token)
    session = answer.data
    assert session["status"] == 1 and session["statusName"] == "Confirmed" and session["canCancel"] is True
    starts = datetime.datetime.fromisoformat(session["scheduledDateTime"])
    deadline = datetime.datetime.fromisoformat(session["cancelDeadline"])
    assert starts - deadline == datetime.timedelta(hours=24)
    assert session["price"] == 45.0 and session["amountMinor"] == 4500 and session["currency"] == "EUR"
    assert session["durationMinutes"] == 60 and session["refund"] is None
    assert (session["parentName"], session["teacherName"], session["studentName"]) == (
        world.parent.name,
        world.teacher.name,
        world.student.name,
    )
    now = datetime.datetime.fromisoformat(answer.json["serverTime"])
    assert abs(now - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(seconds=30)
    assert "45.00" in answer.text.split('"price":')[1][:6]


def test_a_cancelled_one_says_where_the_money_is(world):  # noqa: F811
    session = world.api.get(f"/api/Sessions/{world.cancelled.id}", token=world.parent.token).data
    assert (session["status"], session["statusName"], session["cancelCause"]) == (3, "Cancelled", "parent")
    assert session["googleMeetLink"] is None and session["canCancel"] is False and session["cancelledAt"]
    refund = session["refund"]
    assert refund["amountMinor"] == 4500 and refund["currency"] == "EUR" and "€45.00" in refund["words"]
    assert refund["expectedBy"] > session["cancelledAt"]
    sent = (
        "UPDATE refunds SET state = 'pending', first_sent_at = created_at,"
        " updated_at = updated_at + interval '9 days' WHERE booking_id = %s"
    )
    world.stack.sql(sent, world.cancelled.id)
    again = world.api.get(f"/api/Sessions/{world.cancelled.id}", token=world.parent.token).data
    assert again["refund"]["expectedBy"] == refund["expectedBy"], "a promise does not move on"


def test_a_pending_one_shows_its_checkout_to_the_parent_alone(world):  # noqa: F811
    path = f"/api/Sessions/{world.pending.id}"
    session = world.api.get(path, token=world.parent.token).data
    assert session["checkoutUrl"] == "https://checkout.example/open" and session["holdExpiresAt"]
    assert session["googleMeetLink"] is None
    for person in (world.teacher, world.student, world.admin):
        assert world.api.get(path, token=person.token).data["checkoutUrl"] is None


def test_join_is_for_confirmed_ones(world):  # noqa: F811
    joined = world.api.get(f"/api/Sessions/{world.ahead[0].id}/join", token=world.student.token)
    assert joined.status == 200 and joined.data["googleMeetLink"].startswith("https://meet.example/")
    for booking in (world.cancelled, world.pending, world.behind[0]):
        answer = world.api.get(f"/api/Sessions/{booking.id}/join", token=world.parent.token)
        assert answer.status == 409 and answer.json["code"] == "not_confirmed"


def test_the_time_line_tells_parties_roles_and_staff_everything(world):  # noqa: F811
    path = f"/api/Sessions/{world.cancelled.id}/timeline"
    told = [("cancelled", "parent", None), ("refund_requested", "parent", None)]
    for person, reads in ((world.parent, told), (world.teacher, told), (world.student, told[:1])):
        entries = world.api.get(path, token=person.token).data
        assert [(e["what"], e["actor"], e["detail"]) for e in entries] == reads
        assert all(e["words"].endswith(".") and e["at"].endswith("Z") for e in entries)
    entries = world.api.get(path, token=world.support.token).data
    assert entries[0]["actor"] == f"user:{world.parent.id}" and entries[0]["detail"] == {"cause": "parent"}
    assert entries[1]["detail"]["amountMinor"] == 4500


def test_an_inquiry_of_the_bank_is_told_in_words_of_its_own(world):  # noqa: F811
    booking = world.behind[1]
    for what, status in (
        ("disputed", "warning_needs_response"),
        ("dispute_closed", "warning_closed"),
        ("disputed", "needs_response"),
        ("dispute_closed", "won"),
    ):
        world.stack.sql(
            "INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%s, 'stripe', %s,"
            " jsonb_build_object('dispute', 'dp_1', 'status', %s::text))",
            booking.id, what, status,
        )  # fmt: skip
    entries = world.api.get(f"/api/Sessions/{booking.id}/timeline", token=world.parent.token).data
    assert [entry["what"] for entry in entries] == ["inquiry", "inquiry_closed", "disputed", "dispute_closed"]
    words = [entry["words"] for entry in entries]
    assert words[0] == "The bank has asked about the payment." and len(set(words)) == 4
    assert not any("dispute" in sentence for sentence in words[:2])


def test_reading_changes_nothing(world):  # noqa: F811
    def state():
        return world.stack.one(
            "SELECT (SELECT sum(version) FROM bookings)::int AS v, (SELECT count(*) FROM booking_log) AS l,"
            " (SELECT count(*) FROM mails) AS m, (SELECT count(*) FROM refunds) AS r"
        )

    before = state()
    for path in (
        "parent/bookings",
        f"{world.ahead[0].id}",
        f"{world.ahead[0].id}/join",
        f"{world.ahead[0].id}/timeline",
    ):
        assert world.api.get("/api/Sessions/" + path, token=world.parent.token).status == 200
    assert state() == before


def test_names_in_any_script_come_back_whole(world):  # noqa: F811
    name = 'Zoë "Ñandú" O\'Brien 王 🎓 \\ </script>'
    world.stack.sql("UPDATE users SET display_name = %s WHERE id = %s", name, world.other_parent.id)
    booking = world.stack.seed.booking(world.other_parent, world.other_teacher, title=name)
    session = world.api.get(f"/api/Sessions/{booking.id}", token=world.other_parent.token).data
    assert session["parentName"] == name and session["title"] == name


def test_a_page_of_the_longest_texts_fits_an_answer(world):  # noqa: F811
    """Notes and reasons of 2000 characters, of four bytes each."""
    parent = world.stack.seed.person("Parent", "Wanda Wordy")
    for day in range(100):
        world.stack.seed.booking(parent, world.other_teacher, starts_in=f"{100 + day} days", title="🎓" * 50)
    world.stack.sql(
        "UPDATE bookings SET notes = repeat('🎓', 2000), cancellation_reason = repeat('🎓', 2000), status = 3,"
        " cancelled_at = now(), cancel_cause = 'parent', cancelled_by = parent_id WHERE parent_id = %s",
        parent.id,
    )
    world.stack.sql("UPDATE users SET display_name = repeat('🎓', 50) WHERE id = %s", parent.id)
    answer = world.api.get("/api/Sessions/parent/bookings?limit=100", token=parent.token)
    assert len(ids(answer)) == 100 and answer.data[0]["notes"] == "🎓" * 2000


def found(world, q, **more):  # noqa: F811
    query = urllib.parse.urlencode({"q": q, **more})
    return world.api.get(f"/api/Sessions?{query}", token=world.support.token)


def test_staff_find_sessions_by_whatever_they_are_told(world):  # noqa: F811
    paid, cancelled = world.ahead[0], world.cancelled
    world.stack.sql(
        "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status)"
        " VALUES ('re_search', %s, 4500, 'EUR', 'succeeded')",
        cancelled.payment_intent,
    )
    for q, booking in (
        (paid.id, paid),
        (paid.payment_intent, paid),
        ("cs_test_open", world.pending),
        ("re_search", cancelled),
        (world.abandoned.id, world.abandoned),
    ):
        assert ids(found(world, q)) == [booking.id], q
    everything = ids(found(world, world.parent.email.upper()))
    starts = {b.id: world.row(b)["starts_at"] for b in (*world.ahead, *world.behind, world.abandoned)}
    assert starts.keys() <= set(everything) and everything[0] == world.abandoned.id
    assert sorted(starts, key=starts.get, reverse=True) == [i for i in everything if i in starts]
    first = found(world, world.parent.email, limit=2)
    rest = found(world, world.parent.email, limit=100, after=first.json["next"])
    assert ids(first) + ids(rest) == everything and rest.json["next"] is None
    for person in (world.parent, world.teacher, world.student):
        assert set(starts) <= set(ids(found(world, person.name[1:].lower()))), person.name
        assert world.api.get(f"/api/Sessions?q={paid.id}", token=person.token).status == 403


def test_a_name_is_found_without_regard_to_case_in_every_alphabet(world):  # noqa: F811
    assert world.stack.one("SHOW lc_ctype")["lc_ctype"] == "C", "which folds ASCII alone"
    world.stack.sql("UPDATE users SET display_name = 'Ängström Œuvre Жанна 50%%' WHERE id = %s", world.other_parent.id)
    booking = world.stack.seed.booking(world.other_parent, world.other_teacher, starts_in="41 days")
    for q in ("ängström", "ÄNGSTRÖM", "GSTRÖM œ", "œuvre ж", "жАННА", "ЖАННА 50%"):
        assert booking.id in ids(found(world, q)), q
    assert ids(found(world, "Ж_ННА")) == []


def test_a_name_is_found_with_and_without_its_accents(world):  # noqa: F811
    booking = world.stack.seed.booking(world.other_parent, world.other_teacher, starts_in="43 days")
    for name, asked in (
        ("Petra Novák", ("novak", "NOVÁK", "nováK", "Nova\u0301k", "a Nov")),
        ("Lukasz Novak", ("novák", "łukasz", "NOVAK")),
        ("Nova\u0301kova\u0301 Ørsted Straße", ("novakova", "nováková", "orsted", "STRASSE")),
    ):
        world.stack.sql("UPDATE users SET display_name = %s WHERE id = %s", name, world.other_parent.id)
        for q in asked:
            assert booking.id in ids(found(world, q)), (name, q)
    for q in ("novék", "\u0301\u0301\u0301", "\uff05\uff05\uff05"):  # another letter; nothing but accents; a wide %
        assert ids(found(world, q)) == [], q


def test_the_words_of_a_name_are_found_in_any_order(world):  # noqa: F811
    booking = world.stack.seed.booking(world.other_parent, world.other_teacher, starts_in="44 days")
    for name, asked, others in (
        ("Zoë Müller-Großmann", ("müller zoe", "grossmann, zoë müller", "Mull Gro", "großmann\u2010müller"), ("zoe meier",)),
        ("Anna  Maria Berger", ("anna maria berger", "Anna Berger", "berger anna", "bergér m"), ("anna otto",)),
        ("Kate O\u2019Neill", ("oneill", "o neill", "O'Neill", "o`neill kate", "KATE ONEILL"), ("on%ill", "o_neill", "kate _")),
        ("No\u200bvák", ("novak", "nov\u2060ak"), ()),
        ("Γιώργος Παππάς", ("ΓΙΏΡΓΟΣ", "παππας γιωργοσ"), ()),
        ("マリア・ロペス", ("ロペス マリア",), ()),
    ):
        world.stack.sql("UPDATE users SET display_name = %s WHERE id = %s", name, world.other_parent.id)
        for q in asked:
            assert booking.id in ids(found(world, q)), (name, q)
        for q in others:
            assert booking.id not in ids(found(world, q)), (name, q)


def test_what_nobody_sees_is_not_searched_for(world):  # noqa: F811
    """Pasted from a page that isolates names, or typed with a space."""
    world.stack.sql("UPDATE users SET display_name = '田中 花子' WHERE id = %s", world.other_parent.id)
    booking = world.stack.seed.booking(world.other_parent, world.other_teacher, starts_in="45 days")
    for q in ("田中", " 花子\u3000", "\u2068田中 花子\u2069", f"\u200e{booking.id}", f" {booking.payment_intent}\ufeff"):
        assert booking.id in ids(found(world, q)), q
    for q in ("田", "\u200b\u200b\u200b", "   "):
        assert found(world, q).status == 400, q


def test_a_name_is_looked_up_in_an_index(world):  # noqa: F811
    with psycopg.connect(world.stack.pg.url(world.stack.database)) as db:
        db.execute("SET enable_seqscan = off")
        asked = "EXPLAIN SELECT id FROM users u WHERE name_folded(u.display_name) LIKE '%' || name_folded('Novák') || '%'"
        asked += " AND name_folded(u.display_name) LIKE ALL (ARRAY(SELECT '%' || w || '%' FROM unnest(ARRAY['novak', 'p']) w))"
        plan = "\n".join(line for (line,) in db.execute(asked))
    assert "users_folded_name" in plan, plan


def test_a_search_finds_nothing_rather_than_everything(world):  # noqa: F811
    for q in ("%%%", "___", "\\\\\\", "nobody at all", "nobody@school.example", "pi_none", "re_none", "cs_none", 987654321):
        assert ids(found(world, q)) == [], q
    for q in ("", "ab", "0", "x" * 255):
        answer = found(world, q)
        assert (answer.status, answer.json["code"]) == (400, "invalid_query"), q
        assert answer.json["details"][0]["field"] == "q"
        assert ("at most 254" in answer.json["message"]) is (len(q) > 254), answer.json["message"]
    assert world.api.get("/api/Sessions", token=world.admin.token).status == 400
    assert world.api.get("/api/Sessions?q=one&q=two", token=world.admin.token).status == 400
