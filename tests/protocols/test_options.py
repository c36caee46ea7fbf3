"""What a client of any dialect may ask of a session."""

from __future__ import annotations

from dataclasses import replace

import pytest

from livestt.engines import Capabilities, StreamOptions
from livestt.errors import BadRequest
from livestt.protocols.options import MAX_TEXT, configured, language_option, target_option

ENGINE = Capabilities(
    "test", "none", "window", languages=frozenset({"en", "fr", "yue"}), detects_language=True
)
DEAF = replace(ENGINE, detects_language=False)
DEFAULTS = StreamOptions(language="fr", prompt="default", hotwords=("one",))


class TestLanguage:
    @pytest.mark.parametrize(
        ("value", "language"),
        [(None, "d"), ("", "d"), ("auto", None), ("en", "en"), (" FR ", "fr"), ("fr_CA", "fr")],
    )
    def test_option(self, value: str | None, language: str | None) -> None:
        assert language_option(value, ENGINE, "d") == language

    def test_auto_is_a_known_language_where_none_can_be_detected(self) -> None:
        assert language_option("auto", DEAF) == "en"


class TestConfigure:
    def test_only_what_is_present_changes(self) -> None:
        assert configured(DEFAULTS, {}, ENGINE) == DEFAULTS
        assert configured(DEFAULTS, {"x": 1}, ENGINE) == DEFAULTS
        changed = configured(DEFAULTS, {"prompt": "", "hotwords": [" a ", ""]}, ENGINE)
        assert changed == StreamOptions("fr", prompt="", hotwords=("a",))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("language", None),
            ("language", 7),
            ("language", "xx"),
            ("prompt", None),
            ("prompt", ["a"]),
            ("prompt", "x" * (MAX_TEXT + 1)),
            ("hotwords", None),
            ("hotwords", {"a": 1}),
            ("hotwords", ["a", 1]),
            ("hotwords", ["x" * MAX_TEXT, "x"]),
        ],
    )
    def test_a_bad_value_is_refused_by_name(self, name: str, value: object) -> None:
        with pytest.raises(BadRequest, match=name):
            configured(DEFAULTS, {name: value}, ENGINE)


class TestTask:
    def test_what_it_may_be(self) -> None:
        able = replace(ENGINE, translates=True)
        assert configured(DEFAULTS, {"task": "translate"}, able).task == "translate"
        assert configured(DEFAULTS, {"task": "transcribe"}, ENGINE).task == "transcribe"

    @pytest.mark.parametrize("value", ["translate", "", "TRANSLATE", None, ["translate"]])
    def test_a_bad_value_is_refused_by_name(self, value: object) -> None:
        with pytest.raises(BadRequest, match="task"):
            configured(DEFAULTS, {"task": value}, ENGINE)


class TestTarget:
    @pytest.mark.parametrize(
        ("value", "target"), [(None, "de"), ("", None), ("none", None), ("fr", "fr")]
    )
    def test_option(self, value: str | None, target: str | None) -> None:
        assert target_option(value, {"de", "fr"}, "de") == target

    @pytest.mark.parametrize(("value", "targets"), [("xx", {"de"}), (7, {"de"}), ("de", set())])
    def test_a_bad_value_is_refused_by_name(self, value: object, targets: set[str]) -> None:
        with pytest.raises(BadRequest, match="target_language"):
            target_option(value, targets)
