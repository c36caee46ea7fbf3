"""Files that a command writes a transcript to: the format that their names ask for."""

from __future__ import annotations

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
