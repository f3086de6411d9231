"""unbookctl as an operator runs it beside a stack."""

import contextlib
import subprocess

from .stack import STRIPE_KEY, Stack


@contextlib.contextmanager
def quiet_stack(infra, build):
    """For a whole file of tests, without services: nobody but the operator moves anything."""
    stack = Stack(infra, build=build)
    with contextlib.ExitStack() as ending:
        ending.callback(stack.stop)
        yield stack.start(only=())
        assert not stack.problems(), "\n".join(stack.problems())
        ending.callback(stack.remove)


def start(stack, *args, stdout=subprocess.PIPE, **settings):
    """The running process, its output in pipes."""
    return subprocess.Popen(
        [stack.bin_dir / "unbookctl", *map(str, args)],
        env={
            "PATH": "/usr/bin:/bin",
            "UNBOOK_PG_URL": stack.pg.url(stack.database),
            "UNBOOK_STRIPE_URL": stack.stripe.url,
            "UNBOOK_STRIPE_KEY": STRIPE_KEY,
            "UNBOOK_STRIPE_TIMEOUT_MS": "2000",
            "USER": "ann",
            **settings,
        },
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def finish(process, code=0, timeout=60):
    """(stdout, stderr) once it has ended with that exit code; None: with any."""
    out, err = ((text or b"").decode() for text in process.communicate(timeout=timeout))
    assert code is None or process.returncode == code, f"{process.returncode}: {out}{err}"
    return out, err


def run(stack, *args, code=0, **settings):
    return finish(start(stack, *args, **settings), code)
