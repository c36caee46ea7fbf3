"""From samples to a voice, without a server."""

from __future__ import annotations

import numpy as np

from livestt.speakers.enrolment import embedded
from livestt.speakers.scheduler import EmbedderScheduler

from .choir import Choir, sound_of, sung


def test_a_sample_waits_for_live_sessions() -> None:
    scheduler = EmbedderScheduler(Choir())
    try:
        heard = embedded(sung(3, 2.0), scheduler)
    finally:
        scheduler.close()
    assert np.array_equal(heard, sound_of(3))
    assert scheduler.stats.background == 1
