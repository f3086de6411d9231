"""unbookctl statuses: what a status outside 0 to 3 most likely meant, and a file that is repaired."""

import os
import pathlib
import subprocess

import pytest
from stack.importing import ctl
from stack.system import build_bin

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "statuses"
BOOKING = (
    '{"kind":"booking","id":%d,"parent":"a","teacher":"b","title":"Algebra","scheduledDateTime":"2090-07-24T10:00:00Z",'
    '"durationMinutes":60,"status":4,"amountMinor":4500,"currency":"EUR","createdAt":"2025-06-01T10:00:00Z"}\n'
)
CASES = sorted(path.name for path in DATA.iterdir() if path.is_dir())


def statuses(build, *args):
    return subprocess.run(
        [build_bin(build) / "unbookctl", "statuses", *map(str, args)],
        env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_file_is_told_as_its_case_says(build, case):
    done = statuses(build, DATA / case / "input.jsonl")
    expect = (DATA / case / "expect").read_text()
    assert (done.stdout, done.returncode) == (expect, 1 if expect else 0), done.stderr
    assert "with a status outside 0 to 3" in done.stderr


def test_repaired_files_can_be_imported_and_need_no_repair(new_stack, build, tmp_path):
    stack = new_stack(only=())
    for case in ("as_the_bug_report_found_them", "words_and_money", "values_that_no_reader_of_json_takes"):
        whole, repaired = DATA / case / "input.jsonl", tmp_path / case
        assert "bad_status" in ctl(stack, "import", whole, code=1)[0]
        done = statuses(build, "--repaired", repaired, whole)
        assert done.returncode == 0, done.stderr
        again = statuses(build, repaired)
        assert (again.stdout, again.returncode) == ("", 0)
        assert len(repaired.read_text().splitlines()) == len(whole.read_text().splitlines())
        said, _ = ctl(stack, "import", repaired)
        assert f"{len(repaired.read_text().splitlines()) - 2} new" in said
    assert ctl(stack, "verify")[0] == ""


def test_a_repaired_file_that_cannot_be_imported_is_no_success(build, tmp_path):
    for case, why in (
        ("lines_that_do_not_read", "3 lines do not read, 0 others"),
        ("repaired_and_still_refused", "0 lines do not read, 1 others"),
    ):
        done = statuses(build, "--repaired", tmp_path / case, DATA / case / "input.jsonl")
        assert (done.returncode, (tmp_path / case).exists()) == (1, True)
        assert why in done.stderr and "unbookctl import --dry-run lists them" in done.stderr
    own = tmp_path / "own"
    own.write_text('{"kind":"user","subject":"a","guardian":"a"}\n')
    assert statuses(build, own).returncode == 1


def test_a_file_that_is_there_is_not_written_over_and_half_a_file_is_not_left(build, tmp_path):
    there, whole = tmp_path / "there", DATA / "many_of_one" / "input.jsonl"
    there.write_text("mine")
    done = statuses(build, "--repaired", there, whole)
    assert (done.returncode, there.read_text()) == (70, "mine")
    assert "cannot make" in done.stderr
    long_line = tmp_path / "long"
    long_line.write_text('{"kind":"user","subject":"a"}\n' + "x" * 20000 + "\n")
    done = statuses(build, "--repaired", tmp_path / "new", long_line)
    assert (done.returncode, (tmp_path / "new").exists()) == (70, False)
    assert "line 2 is longer" in done.stderr


@pytest.mark.parametrize("count", [1, 20000])
def test_a_report_that_nobody_reads_leaves_no_repaired_file(build, tmp_path, count):
    """With more than a pipe holds it ends in the middle of the file."""
    many, new = tmp_path / "many", tmp_path / "new"
    many.write_text("".join(BOOKING % n for n in range(1, count + 1)))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [build_bin(build) / "unbookctl", "statuses", "--repaired", new, many],
        stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == 70, done.stderr
    assert f"{new} is not made, for nobody was told what is repaired in it" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many"]
    with many.open("a") as out:
        out.write("x" * 20000)
    assert statuses(build, "--repaired", new, many).returncode == 70
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many"], "nor does half a file stay under another name"


def test_a_repaired_file_is_made_as_files_are_made(build, tmp_path):
    new, own = tmp_path / "new", tmp_path / "own"
    assert statuses(build, "--repaired", new, DATA / "many_of_one" / "input.jsonl").returncode == 0
    own.write_text("")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "own"]
    assert new.stat().st_mode == own.stat().st_mode and new.stat().st_nlink == 1


def test_wrong_arguments_files_and_help(build, tmp_path):
    for args in ((), ("a", "b"), ("--force", "a"), ("--repaired", "a")):
        assert statuses(build, *args).returncode == 64
    assert statuses(build, tmp_path / "nothing").returncode == 70
    done = statuses(build, "--help")
    assert (done.returncode, "usage: unbookctl statuses" in done.stdout) == (0, True)
    with open("/dev/full", "w") as full:
        for args in (("--help",), ("--version",), ("statuses", "--help")):
            done = subprocess.run([build_bin(build) / "unbookctl", *args], stdout=full, stderr=subprocess.PIPE, text=True)
            assert (done.returncode, done.stderr) == (70, f"unbookctl {args[0]}: cannot write to stdout\n")
