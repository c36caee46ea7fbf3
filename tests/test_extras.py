"""The commands that install an extra work where livestt runs."""

import os
import subprocess
from pathlib import Path

import pytest

from livestt.extras import install_command

ROOT = Path(__file__).parents[1]


def test_a_checkout_has_a_script_for_it() -> None:
    assert install_command("torch") == "./scripts/install torch"
    assert install_command() == "./scripts/install"
    assert (ROOT / "scripts" / "install").is_file()


def test_elsewhere_pip_is_told_where_livestt_comes_from() -> None:
    origin = "git+https://github.com/livestt/livestt"
    assert install_command("torch", in_checkout=False) == f"pip install 'livestt[torch] @ {origin}'"
    assert install_command(in_checkout=False) == f"pip install 'livestt @ {origin}'"


@pytest.mark.parametrize(
    ("extras", "asked"),
    [([], "."), (["torch"], ".[torch]"), (["torch", "bench"], ".[torch,bench]")],
)
def test_the_script_takes_any_number_and_is_called_from_anywhere(
    tmp_path: Path, extras: list[str], asked: str
) -> None:
    checkout, elsewhere = tmp_path / "checkout", tmp_path / "elsewhere"
    pip = checkout / ".venv" / "bin" / "pip"
    for folder in (checkout / "scripts", pip.parent, elsewhere):
        folder.mkdir(parents=True)
    script = checkout / "scripts" / "install"
    script.write_bytes((ROOT / "scripts" / "install").read_bytes())
    pip.write_text('#!/bin/sh\npwd\nfor last; do :; done\necho "$last"\n')
    for program in (script, pip):
        program.chmod(0o755)
    (checkout / "scripts" / "install-system").symlink_to("/bin/true")
    run = subprocess.run(
        [script, *extras], cwd=elsewhere, env=os.environ, capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    assert run.stdout.splitlines() == [str(checkout), asked]
