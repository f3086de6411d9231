"""The API does what services/api/openapi.yaml says, and nothing else.

Property-based, with a few examples of everything. Longer, by hand:
    UNBOOK_CONTRACT_SECONDS=600 UNBOOK_CONTRACT_EXAMPLES=1000 UNBOOK_CONTRACT_SEED=7 ./dev test e2e
"""

import datetime
import os

import pytest
from book_world import shop  # noqa: F401
from contract import documents, properties

SEED = int(os.environ.get("UNBOOK_CONTRACT_SEED", "1"))
EXAMPLES = int(os.environ.get("UNBOOK_CONTRACT_EXAMPLES", "12"))
SECONDS = int(os.environ.get("UNBOOK_CONTRACT_SECONDS", "0"))


@pytest.fixture(scope="module")
def known(shop):
    """What exists: sessions in every state, of these people and of others."""
    seed, parent = shop.stack.seed, shop.parent
    shop.student = seed.person("Student", "Stu Dent", guardian=parent)
    others = seed.person("Parent", "Otto Other")
    bookings = [
        seed.booking(parent, shop.teacher, starts_in="50 hours", student=shop.student),
        seed.booking(parent, shop.teacher, starts_in="52 hours"),
        seed.booking(parent, shop.teacher, starts_in="5 hours"),
        seed.booking(parent, shop.teacher, starts_in="-3 hours", status=2),
        seed.booking(others, shop.teacher, starts_in="54 hours"),
    ]
    held = [shop.booked(parent)[1] for _ in range(2)]
    now = datetime.datetime.now(datetime.UTC)
    return {
        "sessions": [b.id for b in bookings] + [h["sessionId"] for h in held] + [987654321],
        "checkouts": [h["stripeSessionId"] for h in held] + ["cs_test_nobodys"],
        "teachers": [shop.teacher.id],
        "offers": [shop.offer],
        "students": [shop.student.id],
        "times": [
            (now + datetime.timedelta(hours=h)).strftime("%Y-%m-%dT%H:00:00Z") for h in range(60, 90, 3)
        ],
    }


def test_the_contract_is_served_and_need_not_be_read_twice(shop):
    answer = shop.api.get("/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert answer.json == documents.openapi()
    assert answer.headers["cache-control"] == "no-cache"
    tag = answer.headers["etag"]
    for known, status in ((tag, 304), (f'"other", W/{tag}', 304), ("*", 304), ('"other"', 200)):
        again = shop.api.get("/openapi.json", headers={"If-None-Match": known})
        assert (again.status, again.headers["etag"]) == (status, tag), known
        assert again.body == (b"" if status == 304 else answer.body)
    assert (
        shop.api.get("/api/Sessions/teachers/available", token=shop.parent.token).headers["cache-control"]
        == "no-store"
    )


def test_every_answer_to_a_parent_is_as_the_contract_says(shop, known):
    assert_kept(shop, shop.parent, known)
    made = shop.stack.one("SELECT count(*) AS n FROM bookings WHERE id > %s", known["sessions"][-2])["n"]
    ended = shop.stack.one(
        "SELECT count(DISTINCT cancel_cause) AS n FROM bookings WHERE cancel_cause IN ('parent', 'payment_cancelled')"
    )["n"]
    assert made and ended == 2, "it never came further than refusals"


def test_every_answer_to_a_teacher_is_as_the_contract_says(shop, known):
    assert_kept(shop, shop.teacher, known, phases=("examples", "fuzzing"))


def test_every_answer_to_an_admin_is_as_the_contract_says(shop, known):
    assert_kept(shop, shop.admin, known, phases=("examples", "fuzzing"))


def assert_kept(shop, person, known, **more):
    kept, said = properties.check(
        shop.stack.of("api")[0].url,
        shop.stack.dir / "contract",
        person,
        known,
        seed=SEED,
        examples=EXAMPLES,
        seconds=SECONDS,
        **more,
    )
    print(said)
    assert kept, said
