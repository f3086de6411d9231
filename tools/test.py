#!/usr/bin/env python3
"""Run stages, one line each, and end with "N passed, N failed". Called by ./dev test."""

import os
import signal
import subprocess
import sys
import threading
import time

import stages

LOGS = stages.ROOT / "build" / "test-logs"
TAIL_LINES = 40


class Runner:
    def __init__(self, chosen):
        self.chosen = chosen
        self.passed = self.failed = 0
        self.print_lock = threading.Lock()
        self.build_locks = {}
        self.children = set()
        self.stopping = False

    def run(self):
        lanes = {}
        for stage in self.chosen:
            lanes.setdefault(stage.lane, []).append(stage)
        alone = len(lanes) == 1
        threads = [threading.Thread(target=self._lane, args=(lane, alone)) for lane in lanes.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.5)
        return self.failed == 0 and not self.stopping

    def _lane(self, lane, alone):
        for stage in lane:
            if not self.stopping:
                self._stage(stage, nice=0 if alone or stage.lane == 0 else 10)

    def _stage(self, stage, nice):
        log_path = LOGS / f"{stage.name}.log"
        began = time.monotonic()
        deadline = began + stage.deadline_s
        why = ""
        with open(log_path, "wb") as log:
            for step in stage.steps:
                code = self._step(step, log, deadline, nice)
                if code != 0:
                    why = f"no end in {stage.deadline_s} s" if code is None else f"{' '.join(step[:4])} -> {code}"
                    break
        text = log_path.read_text("utf-8", "replace")
        passed, failed, names = stage.count(text)
        if why and not failed:
            failed, names = 1, [why]
        if not passed and not failed and stage.needs_tests:
            failed, names = 1, ["no test ran"]
        with self.print_lock:
            self.passed += passed
            self.failed += failed
            self._say(stage, passed, failed, names, time.monotonic() - began, text, log_path)

    def _step(self, argv, log, deadline, nice):
        """Exit code, or None when time is up. Builds of one preset wait for each other."""
        preset = argv[2] if argv[:2] == ["cmake", "--preset"] else (
            argv[2].removeprefix("build/") if argv[:2] == ["cmake", "--build"] else None)
        if preset:
            with self.print_lock:
                lock = self.build_locks.setdefault(preset, threading.Lock())
            with lock:
                return self._spawn(argv, log, deadline, nice)
        return self._spawn(argv, log, deadline, nice)

    def _spawn(self, argv, log, deadline, nice):
        child = subprocess.Popen(argv, cwd=stages.ROOT, env=stages.environment(), stdin=subprocess.DEVNULL,
                                 stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                                 preexec_fn=(lambda: os.nice(nice)) if nice else None)
        self.children.add(child)
        try:
            return child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._end(child)
            return None
        finally:
            self.children.discard(child)

    def _end(self, child):
        """First politely, so that a stack stops what it started; its group is ours alone."""
        for number, grace_s in ((signal.SIGINT, 15), (signal.SIGKILL, 5)):
            try:
                os.killpg(child.pid, number)
                child.wait(grace_s)
                return
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def stop(self):
        self.stopping = True
        for child in list(self.children):
            self._end(child)

    def _say(self, stage, passed, failed, names, took_s, text, log_path):
        print(f"{stage.name:<12} {passed:>5} passed  {failed:>3} failed  {took_s:6.1f} s", flush=True)
        if stage.show:
            for line in text.splitlines():
                if line.startswith(stage.show):
                    print(f"    {line}")
        if failed:
            for name in names[:20]:
                print(f"    {name}")
            print(f"    --- the end of {log_path.relative_to(stages.ROOT)}:")
            for line in _telling(text.splitlines()):
                print(f"    {line}")
            sys.stdout.flush()


def _telling(lines):
    """A compiler's errors when there are some, else the end."""
    errors = [line for line in lines if ": error:" in line or "undefined reference" in line]
    return errors[:TAIL_LINES] or lines[-TAIL_LINES:]


def main():
    table = stages.table()
    names = sys.argv[1:] or list(table)
    unknown = [name for name in names if name not in table]
    if unknown:
        print(f"no such stage: {' '.join(unknown)}; there are: {' '.join(table)}", file=sys.stderr)
        return 64
    LOGS.mkdir(parents=True, exist_ok=True)
    runner = Runner([table[name] for name in table if name in names])

    def interrupted(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    try:
        good = runner.run()
    except KeyboardInterrupt:
        runner.stop()
        good = False
    print(f"{runner.passed} passed, {runner.failed} failed", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
