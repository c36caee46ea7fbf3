"""Runs the command line in this process, away from the user's own variables and caches."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from livestt.cli import main, serve
from livestt.settings import Settings

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No LIVESTT_* of the machine, no cache of the user, no network."""
    from huggingface_hub import constants

    for name in [name for name in os.environ if name.startswith("LIVESTT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def run() -> Run:
    """Run ``livestt`` with arguments and, by keyword, environment variables."""

    def runner(*args: str, **env: str) -> Result:
        return CliRunner().invoke(main, list(args), env=env, prog_name="livestt")

    return runner


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, run: Run) -> Callable[..., Settings]:
    """The settings that a server would have started with."""

    def settings(*args: str, **env: str) -> Settings:
        started: list[Settings] = []
        monkeypatch.setattr(serve, "start", started.append)
        result = run(*args, **env)
        assert result.exit_code == 0, result.output
        return started[0]

    return settings
