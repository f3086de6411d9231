"""Cancel requests per second, all rows written, against pgbench running the same statements, prepared and pipelined alike."""

import json
import os
import pathlib
import re
import subprocess

from stack.system import postgres_bin

from common import Line, progress, seed_bookings, world

CLIENTS = 16
ROUNDS = 2
BOOKINGS_PER_S = 9_600  # more than anybody cancels
BUDGET = 0.75

WRK = """
local id = 100
function request()
  id = id + 1
  return wrk.format("PUT", "/api/Sessions/" .. id .. "/cancel")
end
function done(summary, latency, requests)
  local e = summary.errors
  print("RESULT " .. summary.requests .. " " .. summary.duration .. " " .. (e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def bookings_for(seconds):
    return BOOKINGS_PER_S * seconds


def cancels_per_second(stack, token, seconds):
    """Through the API. Every answer must be a 2xx, and every 2xx a Cancelled row."""
    script = pathlib.Path(stack.dir) / "cancel.lua"
    script.write_text(WRK)
    api = stack.of("api")[0].url
    before = cancelled(stack)
    out = subprocess.run(
        ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "-H", f"Authorization: Bearer {token}", "-s", script, api],
        check=True, capture_output=True, text=True, timeout=seconds + 60,
    ).stdout
    requests, micros, errors = map(int, re.search(r"RESULT (\d+) (\d+) (\d+)", out).groups())
    done = cancelled(stack) - before
    assert errors == 0 and requests <= done <= requests + CLIENTS, f"{requests} answers, {errors} errors, {done} rows"
    return requests / (micros / 1e6)


def cancelled(stack):
    return stack.one("SELECT count(*) AS n FROM bookings WHERE status = 3")["n"]


def statements_of_one_cancel(stack, token):
    """What the API sends for a cancel, out of PostgreSQL's own log: [(sql, [parameter, ...])]."""
    log = pathlib.Path(stack.log_dir) / "postgres.log"
    for booking in (1, 2):  # the first also prepares and knows the caller
        stack.sql("ALTER SYSTEM SET log_statement = %s" % ("'all'" if booking == 2 else "'none'"))
        stack.sql("SELECT pg_reload_conf()")
        stack.eventually(lambda wanted=booking: shown(stack) == ("all" if wanted == 2 else "none"), 10, "log setting")
        start = log.stat().st_size
        answer = stack.api.put(f"/api/Sessions/{booking}/cancel", token=token)
        assert answer.status == 200, answer.text
    stack.sql("ALTER SYSTEM RESET log_statement")
    stack.sql("SELECT pg_reload_conf()")
    stack.eventually(lambda: shown(stack) == "none", 10, "log setting")
    with log.open() as file:
        file.seek(start)
        text = file.read()
    return parse_log(text)


def shown(stack):
    return stack.one("SHOW log_statement")["log_statement"]


def parse_log(text):
    """The transaction that writes refunds: from its BEGIN to its COMMIT, one process's lines only."""
    by_process = {}
    for entry in re.split(r"\n(?=\d{4}-\d\d-\d\d )", text):
        head = re.match(r"\S+ \S+ \S+ \[(\d+)\] (LOG|DETAIL):  (.*)", entry, re.DOTALL)
        if not head:
            continue
        process, kind, body = head.groups()
        found = by_process.setdefault(process, [])
        if kind == "LOG" and (execute := re.match(r"execute \S+: (.*)", body, re.DOTALL)):
            found.append((execute.group(1).strip(), []))
        elif kind == "DETAIL" and found:
            found[-1] = (found[-1][0], re.findall(r"\$\d+ = (NULL|'(?:[^']|'')*')", body))
    for statements in by_process.values():
        if any("INTO refunds" in sql for sql, _ in statements):
            first = max(i for i, (sql, _) in enumerate(statements) if sql.upper().startswith("BEGIN"))
            return statements[first:]
    raise AssertionError("no cancel in PostgreSQL's log")


def pgbench_script(statements, per_client):
    """The same statements in the same two round trips. What names the booking becomes a variable, the rest stays a parameter."""
    defines, lines = {}, ["\\set n :n + 1", f"\\set id :client_id * {per_client} + 200 + :n", "\\startpipeline"]

    def value(match, values):
        text = values[int(match.group(1)) - 1]
        if text == "NULL":
            return "NULL"
        text = text[1:-1].replace("''", "'")
        if text == "2":
            return ":id"
        if text == "pi_b2":
            return "('pi_b' || :id::text)"
        if re.fullmatch(r"[0-9a-f-]{36}", text):
            return "gen_random_uuid()"
        if not text:
            return "''"
        name = f"c{len(defines)}"
        defines[name] = text
        return f":{name}"

    for sql, values in statements:
        lines.append(re.sub(r"\$(\d+)", lambda match, v=values: value(match, v), " ".join(sql.split())) + ";")
        if "clock_timestamp()" in sql and sql.upper().startswith("SELECT CLOCK"):
            lines += ["\\endpipeline", "\\startpipeline"]
    return "\n".join([*lines, "\\endpipeline", ""]), defines


def peers_per_second(stack, statements, seconds, after=0):
    """Transactions per second. Each client cancels bookings of its own, from the one after number `after` of them on."""
    per_client = (stack.one("SELECT count(*) AS n FROM bookings")["n"] - 300) // CLIENTS
    script, defines = pgbench_script(statements, per_client)
    path = pathlib.Path(stack.dir) / "cancel.pgbench"
    path.write_text(script)
    before = cancelled(stack)
    argv = [postgres_bin("pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-T", str(seconds), "-f", path, "-D", f"n={after}"]
    for name, text in defines.items():
        argv += ["-D", f"{name}={text}"]
    result = subprocess.run([*argv, stack.pg.url(stack.database)], env={**os.environ, "PGOPTIONS": ""}, capture_output=True, text=True,
                            timeout=seconds + 60)
    assert result.returncode == 0 and "ERROR" not in result.stderr, result.stderr
    transactions = int(re.search(r"actually processed: (\d+)", result.stdout).group(1))
    assert cancelled(stack) - before == transactions, "pgbench did not cancel once a transaction"
    return float(re.search(r"tps = ([\d.]+) \(without", result.stdout).group(1))


def one_round(seconds, statements):
    """A fresh world for each side, so that neither works on the other's leavings."""
    with world(("api",)) as stack:
        token = seed_bookings(stack, bookings_for(seconds))
        statements = statements or statements_of_one_cancel(stack, token)
        stack.sql("CHECKPOINT")
        ours = cancels_per_second(stack, token, seconds)
        stack.eventually(lambda: stack.one("SELECT count(*) AS n FROM outbox")["n"] == 0, 60, "the relay has drained")
    progress(f"API {ours:.0f}/s")
    with world(()) as stack:
        seed_bookings(stack, bookings_for(seconds))
        peer = peers_per_second(stack, statements, seconds)
    progress(f"pgbench {peer:.0f}/s")
    return ours, peer, statements


def measure(seconds):
    statements, rounds = None, []
    for _ in range(ROUNDS):
        ours, peer, statements = one_round(seconds, statements)
        rounds.append((ours / peer, ours, peer))
    ratio = min(ratio for ratio, _, _ in rounds)  # the worse one decides
    notes = [f"API {o:.0f}/s, pgbench {p:.0f}/s, ratio {r:.2f}" for r, o, p in rounds]
    notes.append(f"{len(statements)} statements in 2 round trips, {CLIENTS} clients, relay at work, fsync on")
    yield Line("cancels per second / pgbench, same statements", f"{ratio:.2f}", f">= {BUDGET}", ratio >= BUDGET, notes)
    json.dump([s for s, _ in statements], open("build/bench-cancel-statements.json", "w"), indent=1)
