"""Files that a command writes a transcript to: the format that their names ask for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from livestt.errors import UnsupportedOption

FORMATS = ("text", "txt", "md", "srt", "vtt", "tsv", "json", "verbose_json")


def format_of(path: Path) -> str:
    """The format that a file name ends in; text where it has no ending.

    Raises:
        UnsupportedOption: an ending of a format that cannot be written.
    """
    ending = path.suffix.removeprefix(".").lower()
    if not ending:
        return "text"
    if ending not in FORMATS:
        raise UnsupportedOption(
            f"{path}: there is no format {ending}. Let the name end in one of "
            f"{', '.join(f'.{name}' for name in FORMATS if name not in ('text', 'verbose_json'))}."
        )
    return ending


def names(files: Sequence[Path], kind: str) -> list[str]:
    """One name per file, for transcripts in one folder.

    The old ending stays where it tells two files apart, and their folders where that does not.

    Raises:
        UnsupportedOption: two files would have the same name all the same.
    """
    from livestt.subtitles import EXTENSIONS

    paths = [Path(os.path.abspath(file)) for file in files]
    above = os.path.commonpath([path.parent for path in paths])
    forms = {
        path: (path.stem, path.name, "-".join(path.relative_to(above).parts)) for path in paths
    }
    chosen = dict.fromkeys(forms, 0)

    def name(path: Path) -> str:
        return forms[path][chosen[path]]

    while same := [text for text, times in Counter(map(name, forms)).items() if times > 1]:
        unclear = [path for path in forms if name(path) in same and chosen[path] < 2]
        if not unclear:
            raise UnsupportedOption(
                f"Several transcripts would be called {same[0]}: -o needs a folder for each."
            )
        for path in unclear:
            chosen[path] += 1
    return [f"{name(path)}.{EXTENSIONS.get(kind, kind)}" for path in paths]
