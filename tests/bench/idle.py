"""What a worker costs that has nothing to do."""

import datetime
import pathlib
import time

from common import Line, times_of, world

RSS_BUDGET_MB = 15.0
READY_BUDGET_MS = 100
SETTLE_S = 3


def rss_mb(pid):
    line = next(row for row in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def ready_ms(stack, name):
    """From just before exec to the "ready" line's own stamp."""
    began = time.time()
    service = stack.start_service(name, wait=False)
    service.wait_up()
    line = next(row for row in service.log_lines() if row.get("msg") == "ready")
    return (datetime.datetime.fromisoformat(line["ts"].replace("Z", "+00:00")).timestamp() - began) * 1000


def measure(seconds):
    with world(("api",), durable=False) as stack:
        ready = {name: ready_ms(stack, name) for name in ("refund-worker", "notifier", "reaper")}
        pids = {name: stack.of(name)[0].pid for name in ready}
        time.sleep(SETTLE_S)  # the measurement is of time passing
        before = {name: times_of(pid)[0] for name, pid in pids.items()}
        time.sleep(seconds)
        for name, pid in pids.items():
            cpu = (times_of(pid)[0] - before[name]) / seconds * 100
            rss = rss_mb(pid)
            yield Line(f"idle {name}: resident memory", f"{rss:.1f} MB", f"<= {RSS_BUDGET_MB} MB", rss <= RSS_BUDGET_MB)
            yield Line(f"idle {name}: CPU", f"{cpu:.2f} %", "<= 1 %", cpu <= 1.0)
            yield Line(f"{name}: exec to ready", f"{ready[name]:.0f} ms", f"<= {READY_BUDGET_MS} ms", ready[name] <= READY_BUDGET_MS)
