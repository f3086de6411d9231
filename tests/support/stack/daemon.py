"""What is up: one supervisor that owns run/, holds its lock, and takes everything with it when it ends."""

import fcntl
import os
import shutil
import signal
import sys
import threading
import time

from .envfile import write_env
from .stack import Stack
from .system import ROOT

RUN = ROOT / "run"
LOCK = ROOT / "build" / "run.lock"
UP_LOG = ROOT / "build" / "up.log"
FELL = "ended by itself"
START_S = 90
STOP_S = 60


class AlreadyUp(RuntimeError):
    pass


class Run:
    """The right to use run/. Given up when the process ends, however it ends."""

    def __init__(self):
        LOCK.parent.mkdir(exist_ok=True)
        self.file = open(LOCK, "a+")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyUp(f"already up (process {holder()}): see run/env, or ./dev down") from None
        self.file.truncate(0)
        self.file.write(f"{os.getpid()}\n")
        self.file.flush()
        shutil.rmtree(RUN, ignore_errors=True)
        RUN.mkdir(mode=0o755)

    def end(self, keep_logs=False):
        """Nothing is left but, when something went wrong, run/logs."""
        for path in RUN.iterdir():
            if path.name != "logs" or not keep_logs:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not keep_logs:
            RUN.rmdir()
        self.file.truncate(0)
        self.file.close()


def holder():
    """The process that holds the lock, or None."""
    try:
        with open(LOCK) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return None
            except BlockingIOError:
                return int(file.read().strip() or 0) or None
    except FileNotFoundError:
        return None


def new_stack(broker, build):
    return Stack(build=build, broker=broker, durable=True, compressed=False, directory=RUN, own_pages=True,
                 external=True, login=True)


def up(broker, build):
    if holder():
        print(f"already up (process {holder()}): see run/env, or ./dev down", file=sys.stderr)
        return 1
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ready)
        os.setsid()
        with open(UP_LOG, "wb") as out, open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        os._exit(supervise(broker, build, tell))
    os.close(tell)
    try:
        word = os.read(ready, 64)
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        return 130
    if word != b"up":
        os.waitpid(pid, 0)
        sys.stderr.write(UP_LOG.read_text())
        return 1
    for line in (RUN / "env").read_text().splitlines():
        if "_TOKEN=" not in line:
            print(line)
    print("# all of it, with tokens: run/env; ./dev down stops it")
    return 0


def supervise(broker, build, tell):
    """Runs until SIGTERM, or until a service dies: a half-working system is worse than none."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: (stop.set(), _interrupt_start()))
    run = stack = None
    try:
        run = Run()
        stack = new_stack(broker, build)
        stack.start()
        stack.connect_webhooks()
        seed_world(stack)
        write_env(stack, RUN / "env")
        _started()
        os.write(tell, b"up")
        os.close(tell)
        while not stop.wait(1.0):
            gone = [s.name for s in stack.running if not s.running()]
            if gone:
                print(f"{FELL}: {', '.join(gone)}; logs stay in run/logs", flush=True)
                break
        return 0
    except BaseException as error:  # noqa: B036  also our own interrupt: everything must be stopped
        print(f"{type(error).__name__}: {error}", flush=True)
        return 1
    finally:
        if stack:
            stack.stop()
        if run:
            run.end(keep_logs=not stop.is_set())


_starting = True


def _interrupt_start():
    if _starting:
        raise KeyboardInterrupt


def _started():
    global _starting
    _starting = False


def seed_world(stack):
    """Three people, an offer, and one paid session to try things on (none at a Stripe that is not ours)."""
    stack.parent, stack.teacher, stack.admin = stack.seed.family()
    offer = stack.seed.offer(stack.teacher)
    stack.booking = stack.seed.booking(stack.parent, stack.teacher, offer=offer) if stack.stripe else None


def how_it_fell():
    """Since when and why nothing is up any more; "" when somebody took it down, or nothing ever was up."""
    try:
        told = [line for line in UP_LOG.read_text(errors="replace").splitlines() if line.startswith(FELL)]
    except FileNotFoundError:
        return ""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(UP_LOG.stat().st_mtime))
    return f" since {at}: {told[-1]} (build/up.log)" if told else ""


def down():
    pid = holder()
    if not pid:
        print(f"nothing is up{how_it_fell()}")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while holder() == pid:
        if time.monotonic() > deadline:
            print(f"process {pid} does not end", file=sys.stderr)
            return 1
        time.sleep(0.05)
    print("down")
    return 0
