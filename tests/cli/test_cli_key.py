"""``livestt key``: what it writes is what the server reads."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from livestt.access.keys import digest_of
from livestt.cli import main
from livestt.server.access.keyring import Keys


def key(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["key", *arguments, "--api-keys-file", str(path)])


def test_a_key_is_made_listed_and_revoked(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    made = key(path, "new", "alice")
    assert made.exit_code == 0
    secret = made.stdout.strip()
    more = ["--scope", "metrics", "--scope", "view", "--max-sessions", "3"]
    assert key(path, "new", "bob", *more).exit_code == 0
    path.write_text(path.read_text() + "\n# a note\n")

    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    found = Keys(path).current(0).find(secret)
    assert found is not None
    assert (found.name, found.scopes) == ("alice", {"transcribe", "view"})
    listed = key(path, "list").stdout.splitlines()
    assert listed == ["alice  transcribe, view", "bob  view, metrics  at most 3 sessions"]

    assert key(path, "revoke", "alice").exit_code == 0
    assert Keys(path).current(0).find(secret) is None
    assert "# a note" in path.read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys"]


def test_mistakes_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert key(path, "new", "alice").exit_code == 0
    assert "has a key named alice" in key(path, "new", "alice").stderr
    assert "has no key named bob" in key(path, "revoke", "bob").stderr
    assert "the name of a key" in key(path, "new", "a b").stderr
    assert "Cannot write" in key(tmp_path / "no" / "keys", "new", "alice").stderr
    assert "say which file" in CliRunner().invoke(main, ["key", "list"]).stderr
    path.write_text(f"alice:{digest_of('x')}\n")
    for command in (["list"], ["revoke", "alice"]):
        missing = key(tmp_path / "none", *command)
        assert missing.exit_code == 2
        assert "There is no file" in missing.stderr
        assert "livestt key new NAME --api-keys-file" in missing.stderr
    wrong = key(path, "list")
    assert wrong.exit_code == 2
    assert "line 1" in wrong.stderr
