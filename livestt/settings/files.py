"""Settings of the files that are sent over HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from livestt.option import setting


@dataclass(frozen=True, kw_only=True)
class FileSettings:
    """What the operator decides about files that are sent over HTTP."""

    max_upload_mb: int = setting(
        1024,
        "Files",
        "Largest accepted file, in units of a million bytes. Files wait on disk, in the "
        "folder that TMPDIR names, not in memory.",
        unit="MB",
        minimum=1,
    )
    max_uploads: int = setting(
        2,
        "Files",
        "Maximum number of files transcribed at the same time. Live sessions always go first.",
        minimum=1,
        maximum=64,
    )
    upload_queue: int = setting(
        16,
        "Files",
        "Number of files that may wait for their turn; further clients are told when to come back.",
        minimum=0,
    )
    min_upload_rate: int = setting(
        1000,
        "Files",
        "Minimum speed of an upload, on average over a minute of waiting for it; a slower one "
        "gives its place to others. 0 accepts any speed.",
        unit="bytes/s",
        minimum=0,
    )
    file_model: tuple[str, ...] = setting(
        (),
        "Files",
        "A model that requests for files may name besides --model: size, repository or "
        "folder, for the same engine. Loaded on demand. Repeatable.",
    )
    file_models_loaded: int = setting(
        1,
        "Files",
        "How many models of --file-model are in memory at once; to load another one, the "
        "least recently used is unloaded. --model-idle-seconds applies to them too.",
        minimum=1,
        maximum=16,
    )
    fetch_from: tuple[str, ...] = setting(
        (),
        "Files",
        "A host, such as media.example.org, from which a client may have the server fetch a "
        "file by its URL. Repeatable; none by default.",
    )
