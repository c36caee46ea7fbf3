from __future__ import annotations

import numpy as np

from livestt.engines import Hypothesis, Job, StreamOptions
from livestt.engines.scripted import (
    DEFAULT_TEXT,
    PACE,
    SPOKEN,
    ScriptedEngine,
    ScriptedWord,
    default_script,
    script_of,
)
from livestt.events import Word

SCRIPT = [ScriptedWord(" one", 0, 100), ScriptedWord(" two", 200, 300)]


def ask(engine: ScriptedEngine, start: int, end: int, prefix: tuple[Word, ...] = ()) -> Hypothesis:
    audio = np.zeros(end - start, np.float32)
    [answer] = engine.run([Job(None, audio, start, False, StreamOptions(), prefix)])
    return answer


def texts(answer: Hypothesis) -> list[str]:
    return [word.text for word in answer.words]


def test_it_hears_what_lies_inside_the_audio() -> None:
    engine = ScriptedEngine(script=SCRIPT)
    assert texts(ask(engine, 0, 300)) == [" one", " two"]
    assert texts(ask(engine, 0, 199)) == [" one"]
    assert texts(ask(engine, 1, 300)) == [" two"]
    assert texts(ask(engine, 301, 900)) == []


def test_it_continues_after_the_prefix() -> None:
    engine = ScriptedEngine(script=SCRIPT)
    assert texts(ask(engine, 0, 300, prefix=(Word(" one", 0, 100),))) == [" two"]


def test_a_word_that_is_cut_off_is_heard_half() -> None:
    answer = ask(ScriptedEngine(script=SCRIPT), 0, 260)
    assert texts(answer) == [" one", " t"]
    assert answer.words[-1].end == 260
    assert answer.attended == (100, 260)


def test_language_is_the_one_asked_for() -> None:
    job = Job(None, np.zeros(300, np.float32), 0, True, StreamOptions(language="fr"))
    [answer] = ScriptedEngine(script=SCRIPT).run([job])
    assert {answer.language, *(word.language for word in answer.words)} == {"fr"}


def test_the_default_script_goes_round() -> None:
    script = default_script()
    words = [next(script) for _ in range(2 * len(DEFAULT_TEXT.split()))]
    assert "".join(word.text for word in words).split() == DEFAULT_TEXT.split() * 2
    assert [word.start for word in words] == [i * PACE for i in range(len(words))]


def test_script_of_says_a_text_at_an_even_pace() -> None:
    assert script_of("a  b", start=7) == [
        ScriptedWord(" a", 7, 7 + SPOKEN),
        ScriptedWord(" b", 7 + PACE, 7 + PACE + SPOKEN),
    ]
