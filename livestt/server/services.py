"""What the endpoints of a server share; ``services(connection)`` gives access to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from livestt.engines.scheduler import Scheduler
from livestt.pipeline import Pipeline
from livestt.server.files.bodies import Pace
from livestt.server.files.uploads import Uploads
from livestt.server.live.ended import Endings
from livestt.server.live.returning import Returning
from livestt.server.live.sessions import Sessions
from livestt.server.operations.metrics import Metrics
from livestt.server.operations.readiness import Readiness
from livestt.server.storing.recordings import Recordings
from livestt.server.timing import Timing
from livestt.server.voices.book import VoiceBook
from livestt.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """One of each per server."""

    pipeline: Pipeline
    """Settings, the engine's capabilities and the voice detector."""
    scheduler: Scheduler
    """Runs the jobs of all sessions and files."""
    sessions: Sessions
    """The live sessions of all dialects."""
    returning: Returning
    """Publishers that come back to one of them."""
    endings: Endings
    """Sessions that are over, for those who read along."""
    uploads: Uploads
    """The files that clients send, of all dialects."""
    timing: Timing
    """How long clients may take."""
    metrics: Metrics
    """What the operator is told in figures."""
    readiness: Readiness
    """Whether the engine answers."""
    voices: VoiceBook
    """The voices that are known by name."""
    store: Store | None = None
    """Transcripts that outlive this process; None if none are to be kept."""
    recordings: Recordings | None = None
    """The audio of sessions; None if it is not kept."""

    @property
    def pace(self) -> Pace:
        """How fast files have to come."""
        return Pace(self.timing.upload, self.pipeline.settings.min_upload_rate)


def services(connection: HTTPConnection) -> Services:
    """Those of the server that this request or WebSocket came to."""
    return cast(Services, connection.app.state.services)
