"""./dev asked for help: by any command, without touching anything."""

import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[3]


@pytest.mark.parametrize("words", [["help"], *([name, "--help"] for name in "demo up test bench build clean".split())])
def test_help_is_printed_and_nothing_is_built_or_removed(tmp_path, words):
    (tmp_path / "tools").mkdir()
    (tmp_path / "build").mkdir()
    shutil.copy(ROOT / "dev", tmp_path)
    shutil.copy(ROOT / "tools" / "deps.sh", tmp_path / "tools")
    done = subprocess.run([tmp_path / "dev", *words], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.startswith("usage: ./dev <command>") and not done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build", "dev", "tools"]
    assert not list((tmp_path / "build").iterdir())
