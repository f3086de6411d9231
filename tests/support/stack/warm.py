"""A stand-in begun in a process that has imported it already. A fresh Python would spend half a second on that, and a test run starts
hundreds of them."""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys

from .proc import Proc, end_with_parent

MODULES = ("stripe_sim", "mail_sink", "dev_issuer")

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__, *(f"{module}.__main__" for module in MODULES)])


class Fork:
    """Of subprocess.Popen what Proc asks for."""

    def __init__(self, module, arguments, log_path):
        self._process = _context.Process(target=_run, args=(module, arguments, str(log_path)), daemon=True)
        self._process.start()
        self.pid = self._process.pid

    def poll(self):
        return self._process.exitcode

    def wait(self, timeout=None):
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self._process.exitcode


class WarmProc(Proc):
    """python -m module arguments... Ends at the latest with the process that started it."""

    def __init__(self, module, arguments, log_path):
        self.name = module.replace("_", "-")
        self.log_path = log_path
        log_path.touch()
        self.log_start = log_path.stat().st_size
        self.popen = Fork(module, [str(word) for word in arguments], log_path)
        self.pid = self.popen.pid


def _run(module, arguments, log_path):
    """In the new process."""
    os.setsid()
    end_with_parent(signal.SIGKILL)
    log = os.open(log_path, os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
