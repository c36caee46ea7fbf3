"""What tokens are signed with outlives the server, and is nobody else's."""

from __future__ import annotations

import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from livestt.server.access.token_secret import FILE, VARIABLE, token_secret

from ..conftest import Serve
from .test_door import ask, bearer, key_file


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "livestt"
    secret = token_secret(folder)
    assert len(secret) == 64
    assert token_secret(folder) == secret
    assert token_secret(tmp_path) != secret
    assert [path.name for path in folder.iterdir()] == [FILE]
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600


def test_servers_that_start_together_have_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(token_secret, [tmp_path] * 40))) == 1


def test_the_operators_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token_secret(tmp_path)
    monkeypatch.setenv(VARIABLE, "of all our servers")
    assert token_secret(tmp_path) == b"of all our servers"


def test_one_that_cannot_be_kept_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "file"
    folder.touch()
    secret = token_secret(folder)
    assert len(secret) == 64
    assert token_secret(folder) != secret
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert VARIABLE in caplog.text


def test_a_damaged_one_signs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).touch()
    assert len(token_secret(tmp_path)) == 64
    assert "damaged" in caplog.text


def test_a_token_outlives_its_server(serve: Serve, tmp_path: Path) -> None:
    keys = str(key_file(tmp_path))
    _, made, _ = ask(serve(api_keys_file=keys), "POST", "/tokens", {}, **bearer("talker"))
    token = {"Authorization": f"Bearer {made['token']}"}
    assert ask(serve(api_keys_file=keys), "GET", "/access", None, **token)[0] == 200
