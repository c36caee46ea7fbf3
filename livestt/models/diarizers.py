"""Where a diarizer's model comes from: a folder that ``livestt convert`` wrote.

Such a folder holds ``diarizer.json`` (what `livestt.speakers.model_card` reads) and the ONNX
files it names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from livestt.errors import BadModel

CARD = "diarizer.json"


def resolve(spec: str, cache_dir: str | None, say: Callable[[str], None]) -> Path:
    """Find a diarizer's model.

    Args:
        spec: a folder.
        cache_dir: where downloads and conversions are kept.
        say: told what is about to take long.

    Raises:
        BadModel: there is none, or it is in another format.
    """
    folder = Path(spec).expanduser()
    if not (folder / CARD).is_file():
        raise BadModel(f"{spec} is not a folder with a converted diarizer: it has no {CARD}.")
    return folder


def kind_of(folder: Path) -> str:
    """The diarizer a converted model is for: ``sortformer`` or ``nemotron``."""
    try:
        return str(json.loads((folder / CARD).read_text(encoding="utf-8"))["kind"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadModel(f"{folder / CARD} cannot be read: {error}") from error
