"""Clear speech without a word, seen from the session: noticed, told, and heard again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from laws.rig import Rig

from livestt.engines import Hypothesis, Job, StreamOptions
from livestt.engines.faster_whisper import FasterWhisperEngine
from livestt.engines.scripted import ScriptedEngine
from livestt.events import Committed, Warned
from livestt.policies import PolicyName, choose
from livestt.session import Session
from livestt.vad import FRAME
from livestt.watchdog import SECOND, SPEECHLESS, Sounds, Speechless

SPEECH = Path(__file__).parent / "fixtures" / "speech"
POLICIES: tuple[PolicyName, ...] = ("alignatt", "localagreement", "utterance")


class StuckRig(Rig):
    """Hears no word from some sample on until it is reset."""

    def __init__(self, policy: PolicyName, after: int = 0) -> None:
        super().__init__(policy)
        self.resets = 0
        self.prefix: list[str] = []
        """What the first job after a reset continues."""
        self._begun = 0
        self._after = after
        self.reset = self._begin_anew
        self._hears, self._answer = self._answer, self._hear_nothing

    def _hear_nothing(self, job: Job) -> Hypothesis:
        if self._begun < self.resets:
            self._begun, self.prefix = self.resets, [word.text for word in job.prefix]
        stuck = not self.resets and job.end > self._after
        return Hypothesis(()) if stuck else self._hears(job)

    def _begin_anew(self) -> None:
        self.resets += 1

    @property
    def told(self) -> list[str]:
        return [e.code for e in self.book.events if isinstance(e, Warned)]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("frames", [5, 40, 700])
def test_all_that_a_stuck_decoder_did_not_hear_is_heard_again(
    policy: PolicyName, frames: int
) -> None:
    """The window holds 3 s here, and what was said before it comes out all the same."""
    rig = StuckRig(policy)
    rig.hush(10)
    for _ in range(700 // frames):
        rig.speak(frames)
        rig.work()
    rig.end()
    rig.work()
    assert (rig.resets, rig.told) == (1, ["no_words"])
    assert rig.book.text == [one.text for one in rig.script]


@pytest.mark.parametrize("policy", ["alignatt", "localagreement"])
def test_it_is_heard_on_from_the_last_word_of_which_something_may_be_left(
    policy: PolicyName,
) -> None:
    rig = StuckRig(policy, after=5 * SECOND)
    for _ in range(50):
        rig.speak(20)
        rig.work()
    rig.end()
    assert rig.told == ["no_words"]
    assert rig.book.text == [one.text for one in rig.script]
    [last] = rig.prefix
    assert 3 * SECOND < rig.script[rig.book.text.index(last)].end < 5 * SECOND


def test_of_a_word_that_was_heard_nothing_is_heard_as_another(whisper: FasterWhisperEngine) -> None:
    """Whisper's words end a quarter of a second early."""
    samples, _ = soundfile.read(SPEECH / "rms-02.flac", dtype="float32")
    audio = np.concatenate([samples, np.zeros(22 * SECOND, np.float32)])
    options = StreamOptions(language="en")
    policy = choose("alignatt", whisper.capabilities)
    session = Session(None, whisper.capabilities, policy, options)
    session.receive_audio(audio, np.full(-(-len(audio) // FRAME), 0.95, np.float32))
    while job := session.next_job():
        session.receive_hypothesis(job, whisper.run([job])[0])
    events = session.take_events()
    assert [e.code for e in events if isinstance(e, Warned)] == ["no_words"]
    said = [word.text for e in events if isinstance(e, Committed) for word in e.words]
    assert said == [" Well,", " there", " were", " fifty", " questions."]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_decoder_that_is_stuck_from_utterance_to_utterance_is_noticed(policy: PolicyName) -> None:
    rig = StuckRig(policy)
    while rig.now < 2 * SPEECHLESS:
        rig.speak(60)
        rig.hush(40)
        rig.work()
    rig.end()
    rig.work()
    assert (rig.resets, rig.told) == (1, ["no_words"])
    assert rig.book.text == [one.text for one in rig.script][-len(rig.book.text) :]
    assert rig.book.text
    [told] = (e.message for e in rig.book.events if isinstance(e, Warned))
    assert " from 0.0 s to " in told


def test_who_only_coughs_now_and_then_is_not_spoken_of() -> None:
    rig = StuckRig("alignatt")
    for _ in range(40):
        rig.speak(20)
        rig.hush(150)
        rig.work()
    assert not rig.told


def test_a_word_ends_the_count_of_what_was_not_understood() -> None:
    count = Speechless()
    second = SPEECHLESS // 20
    count.finish(0, 0, 15 * second, clear=True)
    count.finish(16 * second, 16 * second, 17 * second, clear=False)
    assert not count.too_long(18 * second, 18 * second, 22 * second)
    assert count.too_long(18 * second, 18 * second, 23 * second)
    assert not count.too_long(18 * second, 19 * second, 23 * second)
    count.finish(18 * second, 19 * second, 23 * second, clear=True)
    assert not count.too_long(24 * second, 24 * second, 30 * second)


@pytest.mark.parametrize("flushes", [False, True])
@pytest.mark.parametrize(("loud", "told"), [(2, []), (22, ["no_words"])])
def test_where_nothing_detects_voices_only_seconds_with_a_sound_count(
    loud: int, told: list[str], *, flushes: bool
) -> None:
    """Somebody who begins to speak after a long silence is heard in a moment."""
    engine = ScriptedEngine().capabilities
    session = Session(None, engine, choose("alignatt", engine), voiced=False)
    for second in range(50 + loud):
        level = 0.0 if second < 50 else 0.2
        frames = np.ones(-(-SECOND // FRAME), np.float32)
        session.receive_audio(np.full(SECOND, level, np.float32), frames)
        if flushes and second % 3 == 0:
            session.receive_flush()
        while job := session.next_job():
            session.receive_hypothesis(job, Hypothesis(()))
    assert [e.code for e in session.take_events() if isinstance(e, Warned)] == told


def test_sounds_are_the_same_however_audio_is_cut() -> None:
    audio = np.zeros(5 * SECOND, np.float32)
    audio[[SECOND + 1, 3 * SECOND, 5 * SECOND - 1]] = -0.5
    for size in (7_001, len(audio)):
        sounds = Sounds()
        for at in range(0, len(audio), size):
            sounds.hear(audio[at : at + size], at)
        assert sounds.within(0, 5 * SECOND) == 3 * SECOND
        assert sounds.within(SECOND + 10, 4 * SECOND - 10) == 2 * SECOND - 20
        assert sounds.within(2 * SECOND, 3 * SECOND) == 0
        assert sounds.within(0, 100 * SECOND) == 0, "that is long ago"
