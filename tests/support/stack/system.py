"""Facts about this machine: free ports, where programs are, an account for what root may not run."""

import glob
import os
import pathlib
import pwd
import random
import shutil
import socket

ROOT = pathlib.Path(__file__).resolve().parents[3]
SUPPORT = ROOT / "tests" / "support"


class Account:
    """The user that PostgreSQL runs as: ourselves, or when we are root, postgres or nobody."""

    def __init__(self):
        self.entry = None
        if os.geteuid() == 0:
            for name in ("postgres", "nobody"):
                try:
                    self.entry = pwd.getpwnam(name)
                    break
                except KeyError:
                    continue

    def as_popen(self):
        if not self.entry:
            return {}
        return {"user": self.entry.pw_uid, "group": self.entry.pw_gid, "extra_groups": []}

    def own(self, path):
        if self.entry:
            os.chown(path, self.entry.pw_uid, self.entry.pw_gid)

    def may_enter(self, path):
        """Whether this account can reach a directory at that path."""
        if not self.entry:
            return True
        for parent in [path, *pathlib.Path(path).parents]:
            st = os.stat(parent)
            if not (st.st_mode & 0o001 or st.st_uid == self.entry.pw_uid):
                return False
        return True


# Below those that the kernel gives to outgoing connections, which could take one before it is listened on.
PORTS = range(20000, 32768)
_handed_out = set()


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on, and that was not given out before."""
    while True:
        port = random.choice(PORTS)
        if port not in _handed_out and _can_bind(port):
            _handed_out.add(port)
            return port


def _can_bind(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def accepts(port, host="127.0.0.1"):
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def postgres_bin(name):
    """A PostgreSQL program of the newest version that is installed."""
    versions = glob.glob(f"/usr/lib/postgresql/*/bin/{name}")
    if versions:
        return max(versions, key=lambda path: int(path.split("/")[4]))
    found = shutil.which(name)
    if not found:
        raise FileNotFoundError(f"PostgreSQL's {name} is not installed (./dev deps)")
    return found


def program(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/bin:/usr/bin:/bin")
    if not found:
        raise FileNotFoundError(f"{name} is not installed (./dev deps)")
    return found


def build_bin(build):
    """The directory with the binaries of a build: a preset's name or a path."""
    path = pathlib.Path(build)
    return (path if path.is_absolute() or "/" in str(build) else ROOT / "build" / build) / "bin"
