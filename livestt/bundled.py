"""Where the files that are no Python lie: inside an installed package, or beside a checkout's."""

from __future__ import annotations

from pathlib import Path


def page_folder() -> Path:
    """The page's files."""
    return _folder("web", "index.html")


def extension_folder() -> Path:
    """The browser extension's own files."""
    return _folder("chrome-extension", "manifest.json")


def _folder(name: str, file: str) -> Path:
    """A checkout's folder, if this file is in it; else the installed one."""
    package = Path(__file__).parent
    checkout = package.parent / name
    return checkout if (checkout / file).is_file() else package / f"_{name}"
