"""The API killed at its named points, cut from PostgreSQL, and asked to stop under load: nothing half done, nothing twice."""

import concurrent.futures
import contextlib
import threading
import time

import psycopg
import pytest
from stack.http import Http

WRITTEN = ("refunds", "mails", "booking_log")


def state(stack, booking):
    row = stack.one("SELECT status, version FROM bookings WHERE id = %s", booking.id)
    counts = tuple(
        stack.one(f"SELECT count(*) AS n FROM {table} WHERE booking_id = %s", booking.id)["n"]
        for table in WRITTEN
    )
    return row["status"], row["version"], *counts


@pytest.mark.parametrize(
    ("point", "left_behind"),
    [
        ("cancel.after_lock", (1, 1, 0, 0, 0)),
        ("cancel.before_commit", (1, 1, 0, 0, 0)),
        ("cancel.after_commit", (3, 2, 1, 2, 2)),
    ],
)
def test_killed_at_a_point_of_the_cancel(new_stack, point, left_behind):
    stack = new_stack(only=())
    parent, teacher, _ = stack.seed.family()
    booking = stack.seed.booking(parent, teacher)
    path = f"/api/Sessions/{booking.id}/cancel"
    doomed = stack.start_service("api", UNBOOK_CRASH_POINT=point)
    with pytest.raises(OSError):
        Http(doomed.url).put(path, token=parent.token)
    stack.eventually(lambda: not doomed.running(), 20, "it is killed")
    assert doomed.exit_code == -9
    assert state(stack, booking) == left_behind
    again = Http(stack.start_service("api").url).put(path, token=parent.token)
    assert again.status == 200 and again.data is True
    assert state(stack, booking) == (3, 2, 1, 2, 2)


def test_the_answer_of_the_commit_lost_is_looked_up_and_not_repeated(new_stack):
    """F14: PostgreSQL committed, its answer never arrived. The caller still hears what is true, once."""
    stack = new_stack(only=(), proxied=("pg",))
    parent, teacher, _ = stack.seed.family()
    booking = stack.seed.booking(parent, teacher)
    api = Http(stack.start_service("api").url)
    assert api.get("/api/Sessions/parent/bookings", token=parent.token).status == 200
    stack.proxies["pg"].cut_reply_after(b"COMMIT")
    answer = api.put(f"/api/Sessions/{booking.id}/cancel", token=parent.token)
    assert stack.proxies["pg"].cuts_done
    assert answer.status == 200 and answer.data is True
    assert state(stack, booking) == (3, 2, 1, 2, 2)


def names_postgres(service):
    """Whether /readyz says that PostgreSQL is missing. An answer that takes a second is an error."""
    answer = Http(service.admin_url, timeout=1).get("/readyz")
    return answer.status == 503 and answer.text == "api: postgres\n"


def test_a_black_hole_instead_of_postgres_is_a_503_in_time(new_stack):
    """F15."""
    stack = new_stack(only=(), proxied=("pg",))
    parent, teacher, _ = stack.seed.family()
    booking = stack.seed.booking(parent, teacher)
    service = stack.start_service("api")
    api = Http(service.url, timeout=60)
    path = f"/api/Sessions/{booking.id}/cancel"
    assert api.get(f"/api/Sessions/{booking.id}", token=parent.token).status == 200
    stack.proxies["pg"].stall()
    stack.eventually(lambda: names_postgres(service), 20, "readyz names postgres")
    began = time.monotonic()
    answer = api.put(path, token=parent.token)
    assert answer.status == 503 and time.monotonic() - began < 15
    assert names_postgres(service), "and goes on to"
    stack.proxies["pg"].heal()
    stack.eventually(lambda: api.put(path, token=parent.token).status == 200, 30, "it is back")
    stack.eventually(service.is_ready, 20, "ready again")
    assert state(stack, booking) == (3, 2, 1, 2, 2)


def test_postgres_restarted_is_a_503_and_then_all_is_well(new_stack):
    """F13."""
    stack = new_stack(only=("api",), own_infra=True, broker="none")
    parent, teacher, _ = stack.seed.family()
    booking = stack.seed.booking(parent, teacher)
    path = f"/api/Sessions/{booking.id}/cancel"
    assert stack.api.get(f"/api/Sessions/{booking.id}", token=parent.token).status == 200
    stack.infra.pg.stop()
    answer = stack.api.put(path, token=parent.token)
    assert answer.status == 503 and answer.headers["retry-after"]
    stack.eventually(lambda: names_postgres(stack.of("api")[0]), 20, "readyz names postgres")
    stack.infra.pg.start()
    stack.infra.pg.wait_ready()
    with contextlib.suppress(psycopg.OperationalError):
        stack.sql("SELECT 1")  # our own connection went with the old server
    stack.eventually(lambda: stack.api.put(path, token=parent.token).status == 200, 20, "it is back")
    assert state(stack, booking) == (3, 2, 1, 2, 2)


def test_asked_to_stop_under_load_it_answers_what_it_took(new_stack):
    stack = new_stack(only=("api",))
    parent, teacher, _ = stack.seed.family()
    bookings = [stack.seed.booking(parent, teacher, starts_in=f"{100 + 2 * n} hours") for n in range(120)]
    service = stack.of("api")[0]
    api = Http(service.url)
    begun = threading.Semaphore(0)

    def cancel(booking):
        begun.release()
        try:
            return api.put(f"/api/Sessions/{booking.id}/cancel", token=parent.token).status
        except OSError:
            return None

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        results = [pool.submit(cancel, booking) for booking in bookings]
        for _ in range(30):
            begun.acquire(timeout=20)
        service.sigterm()
        statuses = [result.result() for result in results]
    stack.eventually(lambda: not service.running(), 30, "it ends")
    assert service.exit_code == 0
    assert 200 in statuses and set(statuses) <= {200, 503, None}
    for booking, status in zip(bookings, statuses, strict=True):
        found = state(stack, booking)
        assert found in ((1, 1, 0, 0, 0), (3, 2, 1, 2, 2)), found
        if status == 200:
            assert found[0] == 3, "what was promised is done"
    assert None not in statuses[:10], "what was taken before the signal is answered"
