"""What `livestt extension export` writes can be loaded, is complete, and holds nothing foreign."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from click.testing import CliRunner, Result

from livestt import __version__, extension
from livestt.cli import main
from livestt.errors import SetupError
from livestt.extension import (
    DEFAULTS,
    EXTENSION_ID,
    MANIFEST,
    Files,
    assemble,
    references,
    server_address,
)

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def files() -> Files:
    return assemble()


@pytest.fixture(scope="module")
def manifest(files: Files) -> dict[str, object]:
    found: dict[str, object] = json.loads(files[MANIFEST])
    return found


def export(*args: object) -> Result:
    return CliRunner().invoke(main, ["extension", "export", *map(str, args)])


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in strings(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in strings(inner)]
    return [value] if isinstance(value, str) else []


def scripts(files: Files) -> dict[str, str]:
    return {name: data.decode() for name, data in files.items() if name.endswith(".js")}


# What Chrome wants


def test_the_key_gives_the_id_that_servers_know(manifest: dict[str, object]) -> None:
    digest = hashlib.sha256(base64.b64decode(str(manifest["key"]))).hexdigest()[:32]
    assert "".join(chr(ord("a") + int(digit, 16)) for digit in digest) == EXTENSION_ID
    assert f"chrome-extension://{EXTENSION_ID}" == extension.ORIGIN


def test_the_manifest_is_of_this_version(manifest: dict[str, object]) -> None:
    assert manifest["manifest_version"] == 3
    assert manifest["minimum_chrome_version"] == "116"
    assert re.fullmatch(r"\d+(\.\d+){0,3}", str(manifest["version"]))
    assert __version__.startswith(str(manifest["version"]))
    assert len(str(manifest["description"])) <= 132


def test_it_asks_for_no_site_until_the_user_wants_it(manifest: dict[str, object]) -> None:
    assert "host_permissions" not in manifest
    assert "content_scripts" not in manifest
    assert "web_accessible_resources" not in manifest
    assert "externally_connectable" not in manifest
    assert manifest["permissions"] == [
        "activeTab", "offscreen", "scripting", "sidePanel", "storage", "tabCapture",
    ]  # fmt: skip


def test_no_popup(manifest: dict[str, object]) -> None:
    """The browser closes a popup at the first click elsewhere, and capture would go with it."""
    assert "default_popup" not in json.dumps(manifest)


def test_every_file_that_the_manifest_names_is_there(
    files: Files, manifest: dict[str, object]
) -> None:
    named = [text for text in strings(manifest) if re.search(r"\.(js|html|png)$", text)]
    assert len(named) >= 7
    assert set(named) <= files.keys()


def test_icons_are_as_large_as_the_manifest_says(files: Files, manifest: dict[str, object]) -> None:
    icons = manifest["icons"]
    assert isinstance(icons, dict)
    for size, name in icons.items():
        assert struct.unpack(">II", files[name][16:24]) == (int(size), int(size))


# What is in it


def test_every_import_resolves(files: Files) -> None:
    for name, content in files.items():
        missing = set(references(name, content)) - files.keys()
        assert not missing, f"{name} refers to {missing}"


def test_every_file_that_a_script_names_by_its_full_path_is_there(files: Files) -> None:
    for name, code in scripts(files).items():
        for found in re.findall(r'"(chrome-extension/[\w./-]+)"', code):
            assert found in files, f"{name} names {found}"


def test_references_are_found_however_they_are_written() -> None:
    script = b"""
      /** @import { X } from "./types.js" */
      import "./a.js";
      import { b } from "../web/b.js";
      export { c } from "./c/c.js";
      const d = await import("./d.js");
      const e = new URL("../../web/e.js", import.meta.url);
      import pkg from "package";
    """
    assert set(references("x/y/z.js", script)) == {
        "x/y/a.js", "x/web/b.js", "x/y/c/c.js", "x/y/d.js", "web/e.js",
    }  # fmt: skip
    page = b'<link href="../web/s.css"><script src="a.js"></script><a href="#x">x</a>'
    assert set(references("x/p.html", page)) == {"web/s.css", "x/a.js"}
    assert set(references("web/s.css", b'@import url("t.css"); a { b: url(i.png) }')) == {
        "web/t.css",
        "web/i.png",
    }
    assert set(references("web/i.svg", b'<a href="x.js"/>')) == set()


def test_no_code_comes_from_elsewhere(files: Files) -> None:
    for name, data in files.items():
        if name.endswith(".html"):
            page = data.decode()
            assert not re.search(r'(?:src|href)="(?:[a-z]+:)?//', page), name
            assert not re.search(r"<script(?![^>]*\bsrc=)", page), name
            assert not re.search(r'\s(?:on\w+|style)="', page), name
    for name, code in scripts(files).items():
        assert not re.search(r"\beval\(|new Function\(|importScripts\(", code), name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", code), name
        assert not re.search(r'(?:from|import\()\s*"https?:', code), name


def test_the_policy_allows_nothing_inline_or_foreign(manifest: dict[str, object]) -> None:
    [policy] = strings(manifest["content_security_policy"])
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["style-src"] == "'self'"


def test_only_what_is_needed_is_taken_from_the_page(files: Files) -> None:
    from_page = {name for name in files if name.startswith("web/")}
    assert "web/worklets/capture.js" in from_page
    assert "web/live/dialogue.js" in from_page
    assert not {"web/index.html", "web/app.js"} & from_page
    suffixes = {PurePosixPath(name).suffix for name in files}
    assert suffixes == {".js", ".json", ".html", ".css", ".png", ".svg"}


def test_scripts_are_short(files: Files) -> None:
    for name, code in scripts(files).items():
        assert name.startswith("web/") or code.count("\n") < 300, name


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(extension, "page_folder", lambda: tmp_path)
    with pytest.raises(SetupError, match=r"web/.*which the extension needs"):
        assemble()
    monkeypatch.setattr(extension, "extension_folder", lambda: tmp_path)
    with pytest.raises(SetupError, match="lacks the extension's"):
        assemble()


# Where it is written


def test_export_writes_the_folder_and_replaces_it(tmp_path: Path, files: Files) -> None:
    folder = tmp_path / "new" / "captions"
    result = export(folder)
    assert result.exit_code == 0, result.output
    written = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert written == files
    assert not any(path.is_symlink() for path in folder.rglob("*"))

    (folder / "web" / "old.js").write_text("gone with the next version")
    assert export(folder).exit_code == 0
    assert not (folder / "web" / "old.js").exists()
    assert (folder / MANIFEST).is_file()


@pytest.mark.parametrize("stranger", ["notes.txt", "manifest.json"])
def test_export_touches_nobody_elses_folder(tmp_path: Path, stranger: str) -> None:
    (tmp_path / stranger).write_text("{}")
    result = export(tmp_path)
    assert result.exit_code == 2
    assert "is not empty" in result.output
    assert [path.name for path in tmp_path.iterdir()] == [stranger]


def test_export_keeps_what_was_added_to_an_earlier_one(tmp_path: Path) -> None:
    folder = tmp_path / "captions"
    assert export(folder).exit_code == 0
    (folder / "mine.txt").write_text("mine")
    assert export(folder).exit_code == 2
    assert (folder / "mine.txt").read_text() == "mine"
    assert (folder / MANIFEST).is_file()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    result = export(tmp_path / "x")
    assert result.exit_code == 2
    assert "is a file" in result.output


def test_zip_holds_the_same_and_is_the_same_each_time(tmp_path: Path, files: Files) -> None:
    result = export(tmp_path / "captions", "--zip")
    assert result.exit_code == 0, result.output
    assert [path.name for path in tmp_path.iterdir()] == ["captions.zip"]
    with zipfile.ZipFile(tmp_path / "captions.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
    assert export(tmp_path / "again", "--zip").exit_code == 0
    first, second = ((tmp_path / name).read_bytes() for name in ("captions.zip", "again.zip"))
    assert first == second


def test_server_is_what_the_extension_starts_with(tmp_path: Path, files: Files) -> None:
    assert json.loads(files[DEFAULTS]) == {"server": "http://127.0.0.1:8000/"}
    assert export(tmp_path / "x", "--server", "wss://captions.example.org/asr").exit_code == 0
    assert json.loads((tmp_path / "x" / DEFAULTS).read_text()) == {
        "server": "https://captions.example.org/"
    }


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:8000", "http://localhost:8000/"),
        ("http://[::1]:8000", "http://[::1]:8000/"),
        ("ws://host:8000/asr", "http://host:8000/"),
        ("https://host/captions/", "https://host/captions/"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert server_address(text) == address


@pytest.mark.parametrize("text", ["", "ftp://host", "http://", "http://host:port", "http://a:b@c"])
def test_no_addresses(text: str, tmp_path: Path) -> None:
    result = export(tmp_path / "x", "--server", text)
    assert result.exit_code == 2
    assert "is not the address of a server" in result.output
    assert not (tmp_path / "x").exists()


# From a wheel

EXPORT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import livestt.extension as extension
assert extension.__file__.startswith(sys.argv[1])
print(json.dumps({name: len(data) for name, data in extension.assemble().items()}))
"""


def test_a_wheel_holds_all_that_export_needs(tmp_path: Path, files: Files) -> None:
    pytest.importorskip("hatchling", reason="building a wheel needs hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    installed = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    run = subprocess.run(
        [sys.executable, "-c", EXPORT, str(installed)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(run.stdout) == {name: len(data) for name, data in files.items()}
