"""The scheduler of a diarizer: the threads that run it, and batch the jobs of all sessions."""

from __future__ import annotations

from typing import TypeAlias

from livestt.engines.scheduler import SchedulerOf, TicketOf
from livestt.speakers import Activity, Diarizer, DiarizerJob

DiarizerTicket: TypeAlias = TicketOf[DiarizerJob, Activity]


class DiarizerScheduler(SchedulerOf[DiarizerJob, Activity]):
    """Runs the jobs of all sessions on one diarizer.

    Unlike an engine's jobs, which repeat the audio of those before them, a withdrawn job must be
    asked again with its samples, or they are lost to its stream.
    """

    engine: Diarizer

    def __init__(self, diarizer: Diarizer) -> None:
        super().__init__(diarizer)
