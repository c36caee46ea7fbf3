"""How a live session begins: new, or as another process left it in the store."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from livestt.audio.format import AudioFormat
from livestt.engines import Capabilities, StreamOptions
from livestt.pipeline import Manner, Pipeline
from livestt.store import Opening, Resumed
from livestt.store.entries import titled
from livestt.store.resuming import Resumption, resumed_view, with_speakers
from livestt.transcript import Layout, Transcript


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session comes from; without arguments it is new.

    Attributes:
        id: unguessable; who knows it may follow or resume the session.
        epoch: with which it writes to the store, see `livestt.store.Store.reopen`.
        started: when its first process began.
        resumed: what another process left of it; None if it is new.
        resumption: continues the text of that process; None likewise.
    """

    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    epoch: int = 1
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    resumed: Resumed | None = None
    resumption: Resumption | None = None

    @property
    def first_sample(self) -> int:
        """The first sample that is needed, at the rate of the audio that is pushed."""
        return 0 if self.resumption is None else self.resumption.first

    @property
    def recorded(self) -> int:
        """Sample at 16 kHz at which a recording goes on."""
        return 0 if self.resumption is None else self.resumption.origin

    @property
    def next_word(self) -> int:
        """Number of the next word that is committed."""
        return 0 if self.resumed is None else self.resumed.next_word

    def view(self, lines: Layout) -> Transcript:
        """The transcript so far, for one more reader of the session."""
        return Transcript(lines) if self.resumed is None else resumed_view(lines, self.resumed)

    def continued(self, manner: Manner) -> Manner:
        """The manner of the session, knowing what was said before."""
        if self.resumed is None or self.resumption is None:
            return manner
        return replace(
            manner,
            committed=self.resumption.before,
            told=self.resumed.row.told,
            waiting=self.resumption.waiting,
        )

    def opening(
        self,
        audio: AudioFormat,
        options: StreamOptions,
        engine: Capabilities,
        owner: str,
        title: str,
    ) -> Opening | None:
        """What the store is told of a new session; None for one that it knows."""
        if self.resumed is not None:
            return None
        asked = {"language": options.language, "task": options.task}
        return Opening(
            self.id,
            self.started,
            audio.described(),
            asked,
            owner or None,
            engine.name,
            engine.model,
            titled(title),
        )


def resumed_from(
    resumed: Resumed, audio: AudioFormat, pipeline: Pipeline, manner: Manner
) -> Origin:
    """Begin as another process left it.

    Args:
        resumed: what it left.
        audio: what will be pushed.
        pipeline: where the session runs now.
        manner: how it differs from the settings.
    """
    if pipeline.most_speakers(manner):
        resumed = with_speakers(resumed)
    # Where voices are compared, speakers keep their own numbers.
    resumption = Resumption(resumed, audio, renumbers=pipeline.embedder is None)
    row = resumed.row
    return Origin(row.id, row.epoch, row.started, resumed, resumption)
