"""Timeouts and intervals of the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. The defaults suit people; tests are in more of a hurry."""

    state_interval: float = 0.05
    """Least time between two states sent to one client."""
    heartbeat: float = 5.0
    """Between heartbeats. Browsers hide WebSocket pings from pages, so these are how a page knows
    that the server lives."""
    send: float = 20.0
    """How long a client may refuse to read before it is given up."""
    drain: float = 5.0
    """How long sessions may take over their last words when the server stops."""
    engine: float = 10.0
    """How long the engine may take over its last batch then; one that hangs is left behind."""
    silent_client: float = 10.0
    """After which a Deepgram client that sends nothing at all, not even a KeepAlive, is gone."""
    load: float = 1.0
    """Between readings of the load."""
    upload: float = 60.0
    """How long a file that is being sent may pause before it is given up; its speed is that over as
    long."""
    pulse: float = 10.0
    """Between signs of life in a response that goes on, when there is nothing to say."""
    ready: float = 30.0
    """How long an answer of the engine proves that it works."""
    unready: float = 2.0
    """How long a failure to answer counts before it is asked again."""
    ready_answer: float = 10.0
    """How long an answer may take that is asked for only to see whether one comes."""
