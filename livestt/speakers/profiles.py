"""Voices that are known by name, and which speakers of a session they are. Pure.

A profile belongs to the embedder that made it. A speaker is taken for the profile that is most
alike, if the cosine reaches the threshold; no profile is two speakers, and no speaker two profiles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from livestt.errors import BadRequest
from livestt.speakers.embeddings import Embedding

LOYALTY = 0.05
"""By how much another pair must be more alike than one that was told already."""
MAX_NAME = 100
"""Characters of a name."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A voice that somebody enrolled."""

    id: str
    name: str
    embedding: Embedding


@dataclass(frozen=True, slots=True)
class Likeness:
    """Whom a speaker sounds like."""

    profile: Profile
    similarity: float
    """Cosine, -1 to 1."""


def recognised(
    heard: Mapping[int, Embedding],
    known: Sequence[Profile],
    threshold: float,
    held: Mapping[int, str],
) -> dict[int, Likeness]:
    """Who the speakers are: pairs of speaker and profile, the most alike first.

    Args:
        heard: voices of people, by number.
        known: profiles made by the same embedder.
        threshold: least cosine of a pair.
        held: ids of profiles that people were told to be; see `LOYALTY`.
    """
    if not known or not heard:
        return {}
    vectors = np.stack([profile.embedding for profile in known])
    pairs = []
    for person, voice in heard.items():
        cosines = vectors @ voice
        for i in np.flatnonzero(cosines >= threshold).tolist():
            profile, alike = known[i], float(cosines[i])
            bonus = LOYALTY if held.get(person) == profile.id else 0.0
            pairs.append((-(alike + bonus), person, profile.id, Likeness(profile, alike)))
    pairs.sort(key=lambda pair: pair[:3])
    found: dict[int, Likeness] = {}
    taken: set[str] = set()
    for _, person, profile_id, likeness in pairs:
        if person not in found and profile_id not in taken:
            found[person] = likeness
            taken.add(profile_id)
    return found


def name_of(name: str) -> str:
    """A name without superfluous blanks.

    Raises:
        BadRequest: it is empty, too long, or no text.
    """
    plain = " ".join(name.split())
    odd = "\0" in plain or any("\ud800" <= char <= "\udfff" for char in plain)
    if not plain or len(plain) > MAX_NAME or odd:
        raise BadRequest(f"a voice needs a name of 1 to {MAX_NAME} characters", param="name")
    return plain
