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
        "Largest file that is taken, in units of a million bytes. Files wait on disk, in the "
        "folder that TMPDIR names, and not in memory.",
        unit="MB",
        minimum=1,
    )
    max_uploads: int = setting(
        2,
        "Files",
        "Files transcribed at the same time. Live sessions go first in any case.",
        minimum=1,
        maximum=64,
    )
    upload_queue: int = setting(
        16,
        "Files",
        "Files that may wait for their turn; the next one is told to come back later.",
        minimum=0,
    )
    min_upload_rate: int = setting(
        1000,
        "Files",
        "Least speed at which a file may be sent, on average over a minute of waiting for it; a "
        "slower one gives its place to others. 0 waits for any.",
        unit="bytes/s",
        minimum=0,
    )
    file_model: tuple[str, ...] = setting(
        (),
        "Files",
        "A model that requests for files may name besides --model: size, repository or folder, "
        "for the same engine. Loaded when one does. Repeatable.",
    )
    file_models_loaded: int = setting(
        1,
        "Files",
        "Models of --file-model that are in memory at once; for another one the least used is "
        "put out. --model-idle-seconds counts for them too.",
        minimum=1,
        maximum=16,
    )
    fetch_from: tuple[str, ...] = setting(
        (),
        "Files",
        "A host, such as media.example.org, from which a client may have the server fetch a "
        "file by its address. Repeatable; none by default.",
    )
