"""The browser extension as a folder that Chrome can load.

Its scripts import the page's modules as ``../web/...``, as they lie in a checkout, so the folder
holds both, and the manifest above them. Only those files of the page are taken that something in
the extension refers to.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import urlsplit
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from livestt import __version__
from livestt.bundled import extension_folder, page_folder
from livestt.errors import SetupError

EXTENSION_ID = "cmkadmmapdlplblgfpkobfpodjbdgfjo"
"""Follows from the ``key`` in the manifest, wherever the extension is loaded from."""
ORIGIN = f"chrome-extension://{EXTENSION_ID}"
"""What browsers call the extension when it opens the WebSocket."""

MANIFEST = "manifest.json"
DEFAULTS = "chrome-extension/defaults.json"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the archive, so that the same files make the same archive."""

COMMENT = re.compile(r"^\s*(/\*\*|\*).*$", re.MULTILINE)
"""A line of a script's comment, where types name other files."""
REFERENCES = (
    re.compile(r'\bfrom "(\.[^"]+)"'),
    re.compile(r'\bimport "(\.[^"]+)"'),
    re.compile(r'\bimport\("(\.[^"]+)"\)'),
    re.compile(r'new URL\("([^":]+)", import\.meta\.url\)'),
    re.compile(r'\b(?:src|href)="([^"#:]+)"'),
    re.compile(r'\burl\("?([^"):]+)"?\)'),
)
"""How scripts, pages and styles name another file, relative to themselves."""

Files = dict[str, bytes]
"""The contents of the folder: path below it, and bytes."""


def assemble(server: str | None = None) -> Files:
    """Collect what a loadable folder holds.

    Args:
        server: address of the server's page that the extension starts with.

    Raises:
        SetupError: the address is not one, or this installation lacks a file.
    """
    own, page = extension_folder(), page_folder()
    files = {
        f"chrome-extension/{path.relative_to(own).as_posix()}": path.read_bytes()
        for path in sorted(own.rglob("*"))
        if path.is_file() and path.suffix in (".js", ".json", ".html", ".css", ".png")
    }
    manifest = files.pop(f"chrome-extension/{MANIFEST}", None)
    if manifest is None:
        raise SetupError("this installation of livestt lacks the extension's files")
    files[MANIFEST] = _with_version(manifest)
    if server is not None:
        files[DEFAULTS] = (json.dumps({"server": server_address(server)}) + "\n").encode()
    waiting = list(files)
    while waiting:
        reader = waiting.pop()
        for name in references(reader, files[reader]):
            if name not in files:
                files[name] = _page_file(page, name)
                waiting.append(name)
    return dict(sorted(files.items()))


def references(name: str, content: bytes) -> Iterator[str]:
    """The paths of the files that one file refers to, by the same root as its own name."""
    if PurePosixPath(name).suffix not in (".js", ".html", ".css"):
        return
    text = COMMENT.sub("", content.decode())
    for pattern in REFERENCES:
        for found in pattern.findall(text):
            yield normpath(PurePosixPath(name).parent / found)


def server_address(text: str) -> str:
    """The address of a server's page: ``http`` or ``https``, ending with a slash.

    Raises:
        SetupError: it is none.
    """
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        known = bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        known = False
    scheme = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
    if not known or parts.scheme not in scheme or "@" in parts.netloc:
        raise SetupError(
            f"{text} is not the address of a server; it looks like http://127.0.0.1:8000"
        )
    path = re.sub(r"/(asr/?)?$", "", parts.path)
    return f"{scheme[parts.scheme]}://{parts.netloc}{path}/"


def write_folder(files: Files, folder: Path) -> None:
    """Write a folder that can be loaded. One that was written before is replaced.

    Raises:
        SetupError: something else is there.
    """
    if folder.exists() and not folder.is_dir():
        raise SetupError(f"{folder} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()):
        _remove_export(folder, files)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_archive(files: Files, path: Path) -> None:
    """Write the folder's contents as a zip archive."""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = ZipInfo(name, EPOCH)
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)


def _with_version(manifest: bytes) -> bytes:
    """Chrome takes up to four numbers as a version, and any text as its name."""
    numbers = re.findall(r"\d+", __version__)[:4]
    fields = {**json.loads(manifest), "version": ".".join(numbers), "version_name": __version__}
    return (json.dumps(fields, indent=2) + "\n").encode()


def _page_file(page: Path, name: str) -> bytes:
    path = page / PurePosixPath(name).relative_to("web") if name.startswith("web/") else None
    if path is None or not path.is_file():
        raise SetupError(f"this installation of livestt lacks {name}, which the extension needs")
    return path.read_bytes()


def _remove_export(folder: Path, files: Files) -> None:
    """Empty a folder that holds this extension and nothing else."""
    there = folder / MANIFEST
    try:
        ours = json.loads(there.read_bytes())["key"] == json.loads(files[MANIFEST])["key"]
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    strangers = {path.name for path in folder.iterdir()} - {name.split("/")[0] for name in files}
    if not ours or strangers:
        raise SetupError(f"{folder} is not empty; name a new folder or an earlier export")
    there.unlink()
    for name in {name.split("/")[0] for name in files} - {MANIFEST}:
        shutil.rmtree(folder / name, ignore_errors=True)
