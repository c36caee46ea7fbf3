"""Settings of the server: where it listens, and its limits."""

from __future__ import annotations

from dataclasses import dataclass

from livestt.option import setting


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """What the operator decides about the server."""

    host: str = setting(
        "127.0.0.1",
        "Server",
        "Address to listen on. The default serves this machine only; 0.0.0.0 serves the network.",
    )
    port: int = setting(
        8000, "Server", "Port to listen on; 0 picks a free one.", minimum=0, maximum=65535
    )
    wyoming_port: int | None = setting(
        None,
        "Server",
        "Port for Home Assistant's Wyoming protocol, usually 10300; off by default, 0 picks a "
        "free one. The protocol has no keys: whoever can reach the port can use it.",
        minimum=0,
        maximum=65535,
    )
    wyoming_host: str = setting("127.0.0.1", "Server", "Address that --wyoming-port listens on.")
    log_level: str = setting(
        "info",
        "Server",
        "How much to log. What people say is never logged.",
        aliases=("-l",),
        choices=("debug", "info", "warning", "error", "critical"),
    )
    log_format: str = setting(
        "text",
        "Server",
        "Format of the log: text for people; json for machines, one object per line with the "
        "ids of request and session.",
        choices=("text", "json"),
    )
    tracing: bool = setting(
        False,
        "Server",
        "Send OpenTelemetry traces of sessions and batches to where the usual OTEL_* "
        "variables say. Needs the extra otel.",
    )
    max_sessions: int = setting(
        32,
        "Server",
        "Maximum number of concurrent sessions; further clients are told when to come back.",
        minimum=1,
    )
    max_viewers: int = setting(
        500,
        "Server",
        "Maximum number of concurrent viewers of all sessions together.",
        minimum=0,
    )
    seconds_ahead: float = setting(
        30.0,
        "Server",
        "How far a session's audio may be ahead of its transcript; beyond that the server "
        "stops reading and the sender waits.",
        unit="seconds",
        minimum=1,
    )
    resume_seconds: float = setting(
        30.0,
        "Server",
        "How long a session waits for a client that lost its connection to come back and "
        "resume; 0 ends it at once. Raw audio only.",
        unit="seconds",
        minimum=0,
        maximum=3600,
    )
    pcm_input: bool = setting(
        False,
        "Server",
        "Treat audio of undeclared format as raw 16-bit little-endian PCM, 16 kHz, mono, "
        "rather than as a container such as WebM.",
    )
    retention_seconds: float = setting(
        3600.0,
        "Server",
        "Lines older than this leave the live view, so that memory stays bounded in "
        "sessions that last for days.",
        unit="seconds",
        minimum=60,
    )
