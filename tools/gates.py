#!/usr/bin/env python3
"""The gates of the house: python3 tools/gates.py [name...]

format   clang-format has nothing to change
banned   calls that nobody may make
sizes    function <= 60 lines (80 with a total switch), file <= 500, header <= 150, <= 5 parameters
rooms    a foreign library's header only in its room; a service never includes another
headers  every header compiles alone
python   ruff check; modules <= 500 lines
tidy     clang-tidy, warnings are errors
bare     configures where nothing is installed but what ./dev demo installs: without Criterion

Prints "name ok" or "name FAILED" with what is wrong; exits 1 when anything failed.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import gate_sizes

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / os.environ.get("UNBOOK_GATE_BUILD", "asan")
JOBS = int(os.environ.get("UNBOOK_JOBS", os.cpu_count() or 2))

BANNED = re.compile(
    r"\b(sprintf|vsprintf|strcpy|strcat|strncpy|gets|strtok|atoi|atol|system|localtime|gmtime|ctime|asctime)\s*\("
)

# foreign header -> rooms (directory prefixes) that may include it
FOREIGN = {
    r"libpq-fe\.h|pg_config": ["common/io/pg/"],
    r"librdkafka/": [
        "common/io/kafka/",
        "tests/support/broker/",
        "tests/integration/",
        "tests/bench/",
    ],
    r"hiredis/": ["common/io/redis/", "tests/integration/"],
    r"curl/": ["common/io/curl/", "tests/integration/", "tests/bench/"],
    r"microhttpd\.h": ["common/io/microhttpd/"],
    r"jose/": ["common/io/jose/", "tests/"],
    r"jansson\.h": ["common/wire/", "common/io/jose/", "tests/"],
    r"openssl/": ["common/wire/", "common/io/jose/", "tests/"],
    r"criterion/": ["tests/"],
}


def c_files(*suffixes):
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            "common",
            "services",
            "tests",
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return [
        f
        for f in sorted(set(listed.split()))
        if f.endswith(suffixes) and (ROOT / f).exists()
    ]


def sources():
    return c_files(".c", ".h")


def without_comments(text):
    """Comments and string bodies blanked, line numbers kept."""

    def blank(match):
        return (
            re.sub(r"[^\n]", " ", match.group(0)) if match.group(0)[0] == "/" else '""'
        )

    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", blank, text, flags=re.DOTALL)


def gate_format():
    tool = shutil.which("clang-format-14") or "clang-format"
    bad = subprocess.run(
        [tool, "--dry-run", "-Werror", *sources()],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ).stdout
    return sorted(
        {line.split(": error")[0] for line in bad.splitlines() if ": error" in line}
    )


def gate_banned():
    found = []
    for name in sources():
        for number, line in enumerate(
            without_comments((ROOT / name).read_text()).splitlines(), 1
        ):
            if match := BANNED.search(line):
                found.append(f"{name}:{number}: {match.group(1)}")
    return found


def gate_sizes_():
    return gate_sizes.check(ROOT, sources())


def gate_rooms():
    found = []
    for name in sources():
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if not match:
                continue
            header = match.group(1)
            for pattern, rooms in FOREIGN.items():
                if re.match(pattern, header) and not name.startswith(tuple(rooms)):
                    found.append(f"{name}:{number}: <{header}> belongs to {rooms[0]}")
            if header.startswith("../") or "/../" in header:
                found.append(f"{name}:{number}: reaches out of its room: {header}")
    return found


def compile_commands():
    path = BUILD / "compile_commands.json"
    if not path.exists():
        raise SystemExit(f"gates: {path} is missing: ./dev build {BUILD.name}")
    return {os.path.relpath(c["file"], ROOT): c for c in json.loads(path.read_text())}


def gate_headers():
    """Each header with the flags of a source that lives beside it."""
    by_dir = {}
    for name, command in compile_commands().items():
        words = shlex.split(command["command"])
        flags = [w for w in words[:words.index("-o")] if re.match(r"-[DIW]|-std|-isystem|/", w)]
        beside = by_dir.setdefault(os.path.dirname(name), ([], ""))
        if len(flags) > len(beside[0]):  # a test may compile the same file with fewer rooms in sight
            by_dir[os.path.dirname(name)] = (flags, command["directory"])
    jobs = []
    for name in c_files(".h"):
        flags, cwd = by_dir.get(os.path.dirname(name), ([], ""))
        if flags and "criterion_plain" not in name:
            flags = [w for w in flags if not re.match(r"/.*(cc|clang|ccache)[-\d]*$", w)]
            jobs.append((["cc", *flags, "-fsyntax-only", "-Wno-unused", "-include", str(ROOT / name),
                          "-x", "c", os.devnull], cwd))
    return _run_all(jobs)


def gate_tidy():
    commands = compile_commands()
    names = [
        f for f in c_files(".c") if f in commands and not f.startswith("tests/")
    ]
    return _run_all(
        [
            (["clang-tidy", "-quiet", "-p", str(BUILD), str(ROOT / name)], str(ROOT))
            for name in names
        ],
        keep=r"error:",
    )


def gate_python():
    found = []
    modules = [f for f in c_files(".py")] + [
        f"tools/{p.name}" for p in (ROOT / "tools").glob("*.py")
    ]
    for name in modules:
        lines = len((ROOT / name).read_text().splitlines())
        if lines > 500:
            found.append(f"{name}: {lines} lines")
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "--quiet", "--output-format=concise", "--config=tests/ruff.toml"]
    return found + _run_all([([*ruff, "tests", "tools"], ROOT)])


def _run_all(jobs, keep=None):
    def run(job):
        argv, cwd = job
        done = subprocess.run(
            argv, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        return done.stdout if done.returncode else ""

    found = []
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for output in pool.map(run, jobs):
            lines = output.strip().splitlines()
            found += (
                [line for line in lines if re.search(keep, line)] or lines[:8]
                if keep
                else lines[:8]
            )
    return list(dict.fromkeys(found))


def gate_bare():
    argv = ["cmake", "--preset", "release", "-B", "build/bare", "-DCRITERION_INCLUDE=OFF", "-DCRITERION_LIBRARY=OFF"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120)
    return done.stderr.splitlines() if done.returncode else []


GATES = {
    "format": gate_format,
    "banned": gate_banned,
    "sizes": gate_sizes_,
    "rooms": gate_rooms,
    "headers": gate_headers,
    "python": gate_python,
    "tidy": gate_tidy,
    "bare": gate_bare,
}


def main():
    failed = 0
    for name in sys.argv[1:] or GATES:
        wrong = GATES[name]()
        print(f"{name} {'FAILED' if wrong else 'ok'}", flush=True)
        for line in wrong[:60]:
            print(f"    {line}")
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
