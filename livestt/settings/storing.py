"""Settings of the transcript store, and of recordings."""

from __future__ import annotations

from dataclasses import dataclass

from livestt.option import setting


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """What is kept of what was said."""

    store: str = setting(
        "auto",
        "Store",
        "Where transcripts are kept: a file (SQLite), a postgresql:// address, or none. auto is "
        "transcripts.db in your user data folder. --no-store is short for --store none.",
        switches={"--no-store": "none"},
    )
    store_days: float = setting(
        0.0,
        "Store",
        "Days after which a finished transcript is deleted, with its recording; 0 keeps it until "
        "you delete it.",
        unit="days",
        minimum=0,
    )
    store_files: bool = setting(
        True,
        "Store",
        "Also keep the transcripts of files sent over HTTP, unless a request says store=false.",
    )
    record_dir: str | None = setting(
        None,
        "Store",
        "Folder in which the audio of live sessions is kept, as WAV files of 115 MB an hour. "
        "Nothing is recorded unless this is given; ask for consent. Needs a store.",
    )
    record_max_mb: int = setting(
        20_000,
        "Store",
        "Maximum size of all recordings together, in units of a million bytes. Beyond it "
        "nothing more is recorded until some are deleted; captions go on.",
        unit="MB",
        minimum=1,
    )
