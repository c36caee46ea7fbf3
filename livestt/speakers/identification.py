"""Who the speakers of one session are, by their voices; sans-IO, behind `Diarization`.

A diarizer has a few channels and no memory for voices: it can give a channel to a newcomer, and
give somebody who comes back another one. So the clean speech of every channel is compared with
the voices heard so far. A piece that is unlike its channel's voice belongs to the voice it is
most like, or to somebody new; words that were given to the wrong person are given back. Voices
that are like a profile (`livestt.speakers.profiles`) get its name.

Its owner calls `receive_audio`, `follow` with the events of `Diarization`, and `next_job` and
`receive_embedding` or `receive_failure` as with any stage; one job is open at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from livestt.engines import Samples
from livestt.events import (
    Attributed,
    Committed,
    Ended,
    Event,
    SpeakerRecognized,
    SpeakerTurn,
    VoiceHeard,
    Warned,
    Word,
)
from livestt.people import People, Told
from livestt.speakers.attributions import Attributions
from livestt.speakers.channels import Channels
from livestt.speakers.clean_speech import CleanSpeech, Piece
from livestt.speakers.embeddings import EmbedderJob, Embedding, cosine
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.profiles import Profile, recognised
from livestt.speakers.turns import Turns
from livestt.timebase import from_ms, from_seconds

MAX_FAILURES = 3
"""Failures in a row after which voices are not compared any more."""
MOST_PIECES = 256
"""Pieces that wait for the embedder; older ones are left out."""
UNLIKE = 0.15
"""How far below the threshold a piece must be to belong to nobody heard so far: one piece says
less of a voice than many."""
LEAD = from_ms(300)
"""Before a piece, to which its words may reach: the edges of words and turns are not exact."""
CLEARER = 0.05
"""By how much a piece must be more like another voice than like its channel's."""


@dataclass(frozen=True, slots=True)
class IdentificationOptions:
    """How one session compares voices."""

    threshold: float
    """Cosine from which two voices are one person's."""
    least: int = from_seconds(2)
    """Samples of clean speech before a voice is compared."""
    max_speakers: int | None = None
    memory: int = from_seconds(600)
    """Samples for which words can be given to somebody else."""
    before: Mapping[int, HeardVoice] = field(default_factory=dict)
    """Voices of this session as another process heard them."""
    told: Sequence[Event] = ()
    """What was said about its people there."""
    waiting: Sequence[Word] = ()
    """As in `livestt.speakers.diarization.DiarizationOptions`."""
    people: int = 0
    """The highest number of a speaker there, whose voice may be unknown."""
    keeper: str = ""
    """Name of the embedder if `VoiceHeard` is to be said, for a process that goes on."""


class Identification:
    """The voices of one session.

    Args:
        options: threshold and lengths.
        known: profiles to compare with, as they are now.

    Attributes:
        done: whether the last event has been said.
    """

    def __init__(
        self, options: IdentificationOptions, known: Callable[[], Sequence[Profile]] = tuple
    ) -> None:
        self._options = options
        self._known = known
        self._voices: dict[int, HeardVoice] = dict(options.before)
        self._channels = Channels(max([options.people, *self._voices]))
        self._clean = CleanSpeech(options.least)
        self._words = Attributions(self._channels, options.memory)
        if options.waiting:
            self._words.receive(options.waiting)
        self._people = People()
        for event in options.told:  # of a name nothing is known here, but that it was recognised
            if not isinstance(event, SpeakerRecognized) or self.voice(event.speaker) is not None:
                self._people.apply(event)
        self._pieces: deque[Piece] = deque(maxlen=MOST_PIECES)
        self._asked: tuple[EmbedderJob, Piece] | None = None
        self._failures = 0
        self._lost = False
        self._news: list[Event] = []
        self._ended: Ended | None = None
        self.done = False

    @property
    def waiting(self) -> int:
        """Pieces that the embedder has not been asked about."""
        return len(self._pieces)

    def voice(self, speaker: int) -> HeardVoice | None:
        """What a person sounds like so far, or None if that is not known; merged speakers are one
        person."""
        return self._of_people().get(self._people.person(speaker) or speaker)

    @property
    def voices(self) -> Mapping[int, HeardVoice]:
        """The voices heard so far, by number."""
        return self._voices

    @property
    def reached(self) -> int | None:
        """Sample before which turns are not needed any more; None once none are."""
        return None if self._lost else self._clean.reached

    def receive_audio(self, samples: Samples) -> None:
        """Take decoded audio, float32 ``[n]`` at 16 kHz."""
        if not self._lost:
            self._clean.receive_audio(samples)

    def tell(self, event: Told) -> None:
        """Somebody knows more about the speakers; the session has said so."""
        self._people.apply(event)
        self._recognise()

    def follow(self, events: Iterable[Event], turns: Turns) -> list[Event]:
        """The session's events, speakers by person rather than by channel."""
        if not self._lost:
            self._pieces += self._clean.gather(turns)
        said: list[Event] = []
        for event in events:
            match event:
                case Committed(words):
                    self._words.receive(words)
                    said.append(event)
                case Attributed():
                    said.append(self._words.attribute(event))
                case SpeakerTurn(speaker, start, end):
                    person = self._channels.person(speaker, (start + end) // 2)
                    said.append(replace(event, speaker=person))
                case Ended():
                    self._ended = event
                case _:
                    said.append(event)
        news, self._news = self._news, []
        said += news
        if self._ended is not None and not self.done and not (self._pieces or self._asked):
            self.done = True
            said.append(self._ended)
        return said

    def next_job(self) -> EmbedderJob | None:
        """The next question for the embedder, or None if there is nothing to ask yet."""
        if self._asked is not None or not self._pieces:
            return None
        piece = self._pieces.popleft()
        self._asked = EmbedderJob(piece.audio), piece
        return self._asked[0]

    def receive_embedding(self, job: EmbedderJob, embedding: Embedding) -> None:
        """Take the embedder's answer to the open job."""
        piece = self._close(job)
        self._failures = 0
        now = self._channels.person(piece.channel, piece.start)
        person = self._whose(now, embedding)
        if person != now and now in self._voices and piece.turns > 1:
            return  # where in it the other person begins is not known
        if person is None:
            person = self._channels.newcomer()
        if person != now:
            self._give(piece, now, person)
        heard = HeardVoice.of(embedding, piece.samples)
        before = self._voices.get(person)
        voice = self._voices[person] = heard if before is None else before + heard
        if self._options.keeper:
            vector, keeper = voice.written(), self._options.keeper
            self._news.append(VoiceHeard(person, voice.samples, vector, keeper))
        self._recognise()

    def receive_failure(self, job: EmbedderJob, reason: str) -> None:
        """The embedder could not answer the open job; the piece is left out."""
        self._close(job)
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            self.give_up(reason)

    def give_up(self, reason: str) -> None:
        """Go on without comparing voices."""
        self._lost, self._asked = True, None
        self._pieces.clear()
        self._clean = CleanSpeech(self._options.least)
        self._news.append(Warned("voices_error", f"voices are no longer recognised: {reason}"))

    def _whose(self, now: int, embedding: Embedding) -> int | None:
        """The person that a piece belongs to, which counted for ``now``; None for somebody new."""
        alike = {n: cosine(embedding, voice.embedding) for n, voice in self._voices.items()}
        own = alike.pop(now, None)
        names = self._people.names
        rivals = [n for n in alike if not (n in names and now in names and own is None)]
        best = max(rivals, key=lambda n: alike[n], default=None)
        threshold = self._options.threshold
        if best is not None and alike[best] >= max(threshold, (own or 0.0) + CLEARER):
            return best
        if own is None or own >= threshold - UNLIKE or self._is_full():
            return now
        return None

    def _is_full(self) -> bool:
        most = self._options.max_speakers
        return most is not None and len(self._voices) >= most

    def _give(self, piece: Piece, now: int, person: int) -> None:
        """A piece, and what its channel says from there on, belongs to another person."""
        if now in self._voices:
            self._channels.assign(piece.channel, piece.start - LEAD, person)
        else:
            self._channels.replace(now, person)
        self._news += self._words.revised()

    def _recognise(self) -> None:
        """Names for voices that are like a profile."""
        least = self._options.least
        heard = {n: v.embedding for n, v in self._of_people().items() if v.samples >= least}
        told = dict(self._people.alike)
        held = {number: event.voice for number, event in told.items()}
        found = recognised(heard, self._known(), self._options.threshold, held)
        for number in sorted(told.keys() - found.keys()):
            self._recognised(SpeakerRecognized(number, "", "", 0.0))
        for number, likeness in found.items():
            profile, before = likeness.profile, told.get(number)
            if before is None or (before.voice, before.name) != (profile.id, profile.name):
                alike = likeness.similarity
                self._recognised(SpeakerRecognized(number, profile.name, profile.id, alike))

    def _recognised(self, event: SpeakerRecognized) -> None:
        self._people.apply(event)
        self._news.append(event)

    def _of_people(self) -> dict[int, HeardVoice]:
        """Voices by person: speakers that were merged are one."""
        people: dict[int, HeardVoice] = {}
        for number, voice in self._voices.items():
            person = self._people.person(number) or number
            people[person] = people[person] + voice if person in people else voice
        return people

    def _close(self, job: EmbedderJob) -> Piece:
        if self._asked is None or job is not self._asked[0]:
            raise ValueError("this is not the open job")
        piece, self._asked = self._asked[1], None
        return piece
