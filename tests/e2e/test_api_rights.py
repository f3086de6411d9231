"""Every route for every kind of caller: who may, who may not, and who must not even learn that it exists."""

import pathlib
import re

import pytest
from api_world import world  # noqa: F401

ROOT = pathlib.Path(__file__).resolve().parents[2]
CALLERS = [
    "parent",
    "other_parent",
    "teacher",
    "other_teacher",
    "student",
    "other_student",
    "admin",
    "support",
    None,
]

READ = [200, 404, 200, 404, 200, 404, 200, 200, 401]
CANCEL = [200, 404, 200, 404, 403, 403, 200, 403, 401]
MALFORMED = [400, 400, 403, 403, 403, 403, 403, 403, 401]  # let in, and refused for what it says
UNKNOWN = [404, 404, 403, 403, 403, 403, 403, 403, 401]
TABLE = {
    "GET ?q=nobody": [403, 403, 403, 403, 403, 403, 200, 200, 401],
    "GET teachers/available": [200, 200, 200, 200, 200, 200, 200, 200, 401],
    "POST book": MALFORMED,
    "POST cancel-payment/cs_test_none": UNKNOWN,
    "POST confirm-payment/cs_test_none": UNKNOWN,
    "GET {id}": READ,
    "GET {id}/timeline": READ,
    "GET {id}/join": READ,
    "PUT {id}/cancel": CANCEL,
    "POST {id}/cancel": CANCEL,
    "GET parent/students": [200, 200, 403, 403, 403, 403, 403, 403, 401],
    "GET parent/bookings": [200, 200, 403, 403, 403, 403, 403, 403, 401],
    "GET teacher/upcoming": [403, 403, 200, 200, 403, 403, 403, 403, 401],
    "GET teacher/history": [403, 403, 200, 200, 403, 403, 403, 403, 401],
    "GET student/upcoming": [403, 403, 403, 403, 200, 200, 403, 403, 401],
    "GET student/history": [403, 403, 403, 403, 200, 200, 403, 403, 401],
}
CELLS = [
    (route, caller, want) for route, row in TABLE.items() for caller, want in zip(CALLERS, row, strict=True)
]
CODES = {400: "invalid_body", 401: "unauthenticated", 403: "forbidden", 404: "not_found"}


def call(world, route, caller, booking_id):  # noqa: F811
    method, path = route.split(" ")
    token = getattr(world, caller).token if caller else None
    path = path.replace("{id}", str(booking_id))
    return world.api.request(method, f"/api/Sessions{'' if path.startswith('?') else '/'}{path}", token=token)


def pattern(route):
    """As services/api/routes.c writes it."""
    method, path = route.split(" ")
    path = path.split("?")[0].replace("cs_test_none", "{stripeSessionId}")
    return method, f"/api/Sessions/{path}".rstrip("/")


def test_every_route_stands_in_the_table():
    """Those without a token are the webhook, the contract and the pages."""
    source = (ROOT / "services" / "api" / "routes.c").read_text()
    routes = re.findall(r'\{HTTP_(\w+),\s*"([^"]+)",\s*([^,]+),', source)
    assert len(routes) > 14
    guarded = {(method, path) for method, path, rule in routes if rule != "API_ANYBODY"}
    assert guarded == {pattern(route) for route in TABLE}
    opened = {path for method, path, rule in routes if rule == "API_ANYBODY" and path.startswith("/api/")}
    assert opened == {"/api/stripe/webhook"}


@pytest.mark.parametrize(("route", "caller", "want"), CELLS, ids=[f"{r}-{c}" for r, c, _ in CELLS])
def test_a_caller_gets_what_the_table_says(world, route, caller, want):  # noqa: F811
    booking = world.booking() if "cancel" in route else world.shown
    answer = call(world, route, caller, booking.id)
    assert answer.status == want, answer.text
    assert answer.json["success"] is (want == 200)
    if want != 200:
        assert answer.json["code"] == CODES[want]
        assert world.row(booking)["status"] == 1


@pytest.fixture(autouse=True, scope="module")
def shown(world):  # noqa: F811
    world.shown = world.booking()


@pytest.mark.parametrize("route", [route for route in TABLE if "{id}" in route])
def test_a_foreign_booking_and_none_look_the_same(world, route):  # noqa: F811
    foreign = call(world, route, "other_parent", world.shown.id)
    missing = call(world, route, "other_parent", 987654321)
    assert foreign.status == missing.status == 404
    drop = {"traceId"}
    assert {k: v for k, v in foreign.json.items() if k not in drop} == {
        k: v for k, v in missing.json.items() if k not in drop
    }


def test_being_a_party_needs_the_role_too(world):  # noqa: F811
    as_teacher = world.stack.issuer.mint(world.parent.subject, "Teacher")
    assert world.api.get(f"/api/Sessions/{world.shown.id}", token=as_teacher).status == 404
    booking = world.booking()
    answer = world.api.put(f"/api/Sessions/{booking.id}/cancel", token=as_teacher)
    assert answer.status == 404 and world.row(booking)["status"] == 1


def test_a_student_who_is_also_a_parent_elsewhere_cannot_cancel(world):  # noqa: F811
    booking = world.booking()
    both = world.stack.issuer.mint(world.student.subject, ["Student", "Parent"])
    answer = world.api.put(f"/api/Sessions/{booking.id}/cancel", token=both)
    assert answer.status == 403 and answer.json["code"] == "forbidden"
    assert world.row(booking)["status"] == 1


def test_mentor_and_mentee_are_teacher_and_parent(world):  # noqa: F811
    for person, word in ((world.parent, "Mentee"), (world.teacher, "Mentor")):
        token = world.stack.issuer.mint(person.subject, word)
        assert world.api.get(f"/api/Sessions/{world.shown.id}", token=token).status == 200


def test_only_the_parent_reads_why_a_refund_failed(world):  # noqa: F811
    booking = world.booking()
    assert world.cancel(booking, world.parent).status == 200
    world.stack.sql(
        "UPDATE refunds SET state = 'failed', failure_reason = 'lost_or_stolen_card' WHERE booking_id = %s",
        booking.id,
    )
    path = f"/api/Sessions/{booking.id}"
    world.stack.sql(
        "INSERT INTO booking_log (booking_id, actor, what, detail)"
        """ VALUES (%s, 'stripe', 'refund_failed', '{"reason": "lost_or_stolen_card"}')""",
        booking.id,
    )
    assert world.api.get(path, token=world.student.token).data["refund"] is None, "nor that there is one"
    for person in (world.teacher, world.support, world.admin):
        answer = world.api.get(path, token=person.token)
        assert answer.data["refund"]["failureReason"] is None
        assert "lost_or_stolen" not in answer.text
    timeline = world.api.get(path + "/timeline", token=world.teacher.token)
    assert timeline.data[-1]["what"] == "refund_failed" and "lost_or_stolen" not in timeline.text
    answer = world.api.get(path, token=world.parent.token)
    assert answer.data["refund"]["failureReason"] == "lost_or_stolen_card"


MONEY = (
    *("payment_returned", "refund_by_hand", "disputed", "dispute_closed", "charged_back", "checkout_given_up"),
    *("inquiry", "inquiry_closed"),
    *(f"refund_{what}" for what in ("requested", "sending", "pending", "requires_action", "succeeded", "failed")),
    *(f"refund_{what}" for what in ("canceled", "needs_attention", "retried", "settled")),
    "something_new",
)


def test_a_student_reads_neither_why_nor_what_became_of_the_money(world):  # noqa: F811
    booking = world.booking()
    assert world.cancel(booking, world.parent, {"reason": "We are getting divorced"}).status == 200
    for what in (*MONEY, "mail_sent"):
        world.stack.sql("INSERT INTO booking_log (booking_id, actor, what) VALUES (%s, 'test', %s)", booking.id, what)
    path = f"/api/Sessions/{booking.id}"
    for person in (world.parent, world.teacher, world.support, world.admin):
        assert "divorced" in world.api.get(path, token=person.token).text
        assert set(MONEY) <= {e["what"] for e in world.api.get(path + "/timeline", token=person.token).data}
    for route in (path, "/api/Sessions/student/history", path + "/timeline"):
        answer = world.api.get(route, token=world.student.token)
        assert answer.status == 200 and answer.data and "divorced" not in answer.text
    told = [e["what"] for e in answer.data]
    assert told == ["cancelled", "mail_sent"]
