"""A transcript of a file in another language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from livestt.cli import main
from livestt.events import Committed, Ended, Word
from livestt.timebase import from_seconds
from livestt.transcript import Transcript
from livestt.translation.scripted import ScriptedTranslator
from livestt.translation.whole import translate

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech" / "slt-01.flac"


def transcript(*lines: tuple[str, str | None]) -> Transcript:
    """Each line a second long, seven seconds after the one before."""
    said = Transcript()
    for i, (text, language) in enumerate(lines):
        word = Word(f" {text}", from_seconds(7 * i), from_seconds(7 * i + 1), language=language)
        said.apply([Committed((word,))])
    said.apply([Ended(from_seconds(60))])
    return said


def test_every_line_that_is_not_in_that_language() -> None:
    said = transcript(("Hello.", "en"), ("Hallo.", "de"), ("Aloha.", "haw"), ("Salut.", "fr"))
    read = translate(said, ScriptedTranslator(), "de", None)
    assert [segment.text for segment in read.segments] == [
        "[de] olleH.", "Hallo.", "Aloha.", "[de] tulaS.",
    ]  # fmt: skip
    assert read.text == "[de] olleH. Hallo. Aloha. [de] tulaS."
    assert (read.language, read.duration) == ("de", said.duration)


def test_a_language_that_all_lines_are_in() -> None:
    read = translate(transcript(("Hello.", "fr")), ScriptedTranslator(), "en", "en")
    assert read.text == "Hello."


@pytest.fixture
def run() -> Callable[..., Result]:
    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["transcribe", str(SPEECH), *arguments])

    return call


def test_the_command_writes_the_other_language(run: Callable[..., Result]) -> None:
    arguments = ("--backend", "scripted", "--language", "en", "--translation-backend", "scripted")
    result = run(*arguments, "--target-language", "de")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("[de] ")
    assert not run(*arguments).stdout.startswith("[de] ")


def test_a_language_that_nothing_translates_into(run: Callable[..., Result]) -> None:
    result = run("--backend", "scripted", "--translation-backend", "scripted",
                 "--target-language", "tlh")  # fmt: skip
    assert result.exit_code == 2
    assert "--target-language tlh: scripted translates between de, en, es, fr." in result.stderr
