"""A certificate of the server's own making, before real TLS clients."""

from __future__ import annotations

import json
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from websockets.sync.client import connect

from livestt.cli.serve import with_certificate
from livestt.errors import MissingExtra, SetupError, UnsupportedOption
from livestt.server.access.self_signed import certificate, names
from livestt.settings import Settings

from ..conftest import Serve
from ..running import PATIENCE

pytest.importorskip("cryptography")


def test_clients_that_trust_it_are_served(serve: Serve, tmp_path: Path) -> None:
    made = certificate(tmp_path / "tls", "0.0.0.0")
    server = serve(ssl_certfile=str(made.certificate), ssl_keyfile=str(made.key))
    trusting = ssl.create_default_context(cafile=str(made.certificate))
    url = server.url().replace("ws://", "wss://")
    for name in ("127.0.0.1", "localhost"):
        there = url.replace("127.0.0.1", name)
        with connect(there, ssl=trusting, open_timeout=PATIENCE) as socket:
            assert json.loads(socket.recv())["type"] == "config"
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(url, ssl=ssl.create_default_context())


def test_it_is_kept_until_it_does_not_fit(tmp_path: Path) -> None:
    first = certificate(tmp_path, "0.0.0.0")
    assert first.key.stat().st_mode & 0o077 == 0
    assert certificate(tmp_path, "127.0.0.1") == first
    second = certificate(tmp_path, "10.1.2.3")
    assert second.fingerprint != first.fingerprint
    assert certificate(tmp_path, "10.1.2.3") == second
    second.certificate.write_text("spoilt")
    assert certificate(tmp_path, "10.1.2.3").fingerprint != second.fingerprint


def test_it_is_renewed_before_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = certificate(tmp_path, "")

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(days=370)

    monkeypatch.setattr("livestt.server.access.self_signed.datetime", Later)
    assert certificate(tmp_path, "").fingerprint != first.fingerprint


def test_it_names_what_the_server_may_be_called() -> None:
    assert {"localhost", "127.0.0.1", "::1", "captions.lan"} <= set(names("captions.lan"))
    assert "0.0.0.0" not in names("0.0.0.0")


def test_the_command_uses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.get_app_dir", lambda name: str(tmp_path / name))
    said: list[str] = []
    settings = with_certificate(Settings(ssl_self_signed=True), said.append)
    assert "SHA-256" in said[0]
    assert settings.ssl_certfile == str(tmp_path / "livestt" / "tls" / "cert.pem")
    assert not settings.ssl_self_signed
    with pytest.raises(UnsupportedOption, match="choose one"):
        replace(settings, ssl_self_signed=True)


def test_problems_are_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="Cannot keep a certificate"):
        certificate(tmp_path / "file", "")
    monkeypatch.setitem(__import__("sys").modules, "cryptography", None)
    with pytest.raises(MissingExtra, match="the extra 'tls'"):
        certificate(tmp_path, "")
