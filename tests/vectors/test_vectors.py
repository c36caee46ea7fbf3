from __future__ import annotations

from . import make


def test_the_vectors_are_what_the_server_sends() -> None:
    assert make.FILE.read_text("utf-8") == make.text(), "run python -m tests.vectors.make"


def test_names_differ() -> None:
    names = [case["name"] for case in make.cases()]
    assert len(set(names)) == len(names) >= 20
