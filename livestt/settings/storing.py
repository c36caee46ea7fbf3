"""Settings of the transcript store."""

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
        "Days after which a finished transcript is deleted; 0 keeps it until you delete it.",
        unit="days",
        minimum=0,
    )
