"""./dev asked for help or called wrongly: it answers at once, without touching anything."""

import os
import pathlib
import shutil
import subprocess

import pytest
from stack import daemon

ROOT = pathlib.Path(__file__).parents[3]


@pytest.fixture
def dev(tmp_path):
    """Runs ./dev in an empty tree, which stays as it was."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "build").mkdir()
    shutil.copy(ROOT / "dev", tmp_path)
    shutil.copy(ROOT / "tools" / "deps.sh", tmp_path / "tools")

    def run(*words):
        return subprocess.run([tmp_path / "dev", *words], capture_output=True, text=True, timeout=20)

    yield run
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build", "dev", "tools"]
    assert not list((tmp_path / "build").iterdir())


@pytest.mark.parametrize("words", [["help"], *([name, "--help"] for name in "demo up test bench build clean".split())])
def test_help_is_printed_and_nothing_is_built_or_removed(dev, words):
    done = dev(*words)
    assert done.returncode == 0 and done.stdout.startswith("usage: ./dev <command>") and not done.stderr


@pytest.mark.parametrize("command", "demo up down env fmt clean".split())
def test_a_word_that_a_command_does_not_take_is_refused_at_once(dev, command):
    for word in ("extra", "--bogus", ""):
        done = dev(command, word)
        assert (done.returncode, done.stdout) == (64, "")
        assert done.stderr == f"dev: {command} does not take '{word}'; ./dev help says what there is\n"


def test_down_tells_since_when_and_why_nothing_is_up(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(daemon, "LOCK", tmp_path / "run.lock")
    monkeypatch.setattr(daemon, "UP_LOG", tmp_path / "up.log")
    assert daemon.down() == 0 and capsys.readouterr().out == "nothing is up\n"
    (tmp_path / "up.log").write_text("a warning\n")
    assert daemon.down() == 0 and capsys.readouterr().out == "nothing is up\n"
    (tmp_path / "up.log").write_text(f"{daemon.FELL}: unbook-api; logs stay in run/logs\n")
    os.utime(tmp_path / "up.log", (1_700_000_000, 1_700_000_000))
    assert daemon.down() == 0 and capsys.readouterr().out == (
        "nothing is up since 2023-11-14T22:13:20Z: ended by itself: unbook-api; logs stay in run/logs (build/up.log)\n"
    )
