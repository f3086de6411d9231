"""One child process: its own session, its own log file, gone when its parent is gone."""

import ctypes
import json
import os
import signal
import subprocess
import time

from .wait import eventually

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent(number):
    """In a fresh child: the kernel sends it this signal when the thread that made it is gone."""
    _libc.prctl(PR_SET_PDEATHSIG, number)


class DidNotStart(RuntimeError):
    """A piece of the stack ended or stayed silent instead of becoming ready."""


class Proc:
    """Started at once. Must be created by a thread that lives as long as the child should
    (the kernel ends the child with the thread that made it)."""

    def __init__(
        self, name, argv, log_path, *, env=None, user=None, cwd=None, death_signal=signal.SIGKILL, stdin=None
    ):
        self.name = name
        self.log_path = log_path
        self.argv = [str(a) for a in argv]

        def before_exec():
            end_with_parent(death_signal)

        with open(log_path, "ab") as log:
            self.log_start = log.tell()
            self.popen = subprocess.Popen(
                self.argv,
                env=env,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=before_exec,
                stdin=stdin or subprocess.DEVNULL,
                stdout=log if stdin is None else subprocess.PIPE,
                stderr=log,
                **(user.as_popen() if user else {}),
            )
        self.pid = self.popen.pid

    def running(self):
        return self.popen.poll() is None

    @property
    def exit_code(self):
        return self.popen.poll()

    def send_signal(self, number):
        if self.running():
            os.kill(self.pid, number)

    def kill9(self):
        """SIGKILL, also of a stopped process; returns when it is gone."""
        self.send_signal(signal.SIGKILL)
        self.popen.wait(10)

    def sigstop(self):
        self.send_signal(signal.SIGSTOP)

    def sigcont(self):
        self.send_signal(signal.SIGCONT)

    def ask_to_end(self, number=signal.SIGTERM):
        """Also when it stands still. SIGCONT first: one that comes while LeakSanitizer stops the threads
        at the end takes its SIGSTOP away, and both wait for ever."""
        self.send_signal(signal.SIGCONT)
        self.send_signal(number)

    def terminate(self, timeout=30.0, number=signal.SIGTERM):
        """Ask it to end; SIGKILL when it does not. Returns the exit code."""
        self.ask_to_end(number)
        return self.wait_or_kill(timeout)

    def wait_or_kill(self, timeout):
        try:
            self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill9()
        return self.exit_code

    def wait_exit(self, timeout):
        """The exit code; TimedOut when it is still running then. -9 after SIGKILL."""
        eventually(lambda: not self.running(), timeout, f"{self.name} exits")
        return self.exit_code

    def log_text(self):
        """What this process (not an earlier one on the same file) has written."""
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode("utf-8", "replace")

    def log_lines(self):
        """Its JSON log lines as dicts; other lines are left out."""
        lines = []
        for line in self.log_text().splitlines():
            if line.startswith("{"):
                try:
                    lines.append(json.loads(line))
                except ValueError:
                    continue
        return lines

    def wait_ready(self, ready, timeout=20.0):
        """Call ready() until it is true; DidNotStart with the end of the log otherwise."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found = ready()
            if found:
                return found
            if not self.running():
                break
            time.sleep(0.01)
        how = f"exited with {self.exit_code}" if not self.running() else f"not ready in {timeout:g} s"
        tail = "\n".join(self.log_text().splitlines()[-15:])
        raise DidNotStart(f"{self.name}: {how}\n{tail}")
