"""Key files that come, change and go while a server runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from livestt.errors import SetupError, UnsupportedOption
from livestt.server.access.keyring import Keys, configured
from livestt.settings import Settings

from .test_door import KEYS, key_file


def test_a_changed_file_counts_at_once(tmp_path: Path) -> None:
    keys = Keys(key_file(tmp_path, "talker"))
    assert keys.required
    assert keys.current(0).find(KEYS["talker"])
    key_file(tmp_path, "reader", "root")
    assert keys.current(2).find(KEYS["talker"]) is None
    assert keys.current(2).find(KEYS["root"])


def test_a_spoilt_file_leaves_what_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = key_file(tmp_path, "talker")
    keys = Keys(path)
    path.write_text("nonsense")
    assert keys.current(0).find(KEYS["talker"])
    path.unlink()
    assert keys.current(2).find(KEYS["talker"])
    assert caplog.text.count("the keys are unchanged") == 2


def test_a_file_without_its_last_key_lets_nobody_in(tmp_path: Path) -> None:
    path = key_file(tmp_path, "talker")
    keys = Keys(path)
    path.write_text("# nobody\n")
    assert keys.current(0).find(KEYS["talker"]) is None
    assert keys.required


def test_a_server_does_not_start_without_its_keys(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Cannot read the keys"):
        Keys(tmp_path / "nothing")
    (tmp_path / "empty").write_text("")
    with pytest.raises(SetupError, match="livestt key new"):
        Keys(tmp_path / "empty")
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(SetupError, match="Cannot read the keys"):
        Keys(tmp_path / "bytes")


def test_a_token_that_would_not_count_keeps_no_server_open() -> None:
    with pytest.raises(UnsupportedOption, match="LIVESTT_API_KEYS"):
        configured(Settings(), {"WLK_API_TOKEN": "open sesame"})
    both = {"WLK_API_TOKEN": "x", "LIVESTT_API_KEYS": "0123456789abcdef"}
    assert configured(Settings(), both).required
    assert not configured(Settings(), {"WLK_API_TOKEN": ""}).required
