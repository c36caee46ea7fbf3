"""Voice profiles in the store, and what the speakers of running sessions sound like.

Both are personal data: they are written only where the operator keeps voices, a profile goes when
somebody deletes it, and a session's voices when the session ends.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from livestt.errors import NameTaken, UnknownVoice
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.profiles import Profile
from livestt.store.connections import Connections
from livestt.store.entries import milliseconds, moment
from livestt.store.schema import session_voices, voices


@dataclass(frozen=True, slots=True)
class StoredVoice:
    """A profile."""

    id: str
    owner: str
    """Name of the key whose it is; empty without keys."""
    name: str
    created: datetime
    updated: datetime
    samples: int
    """Recordings that it was made of."""
    heard: HeardVoice
    model: str
    """The embedder that made it; no other can compare it."""

    @property
    def profile(self) -> Profile:
        return Profile(self.id, self.name, self.heard.embedding)


class VoiceProfiles:
    """The voices of one store. Blocking; every method may raise `StoreUnavailable`.

    Args:
        connections: to the database.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def all(self) -> list[StoredVoice]:
        """Every profile, oldest first."""
        with self._connections.reading() as connection:
            return [_voice(row) for row in connection.execute(_ALL)]

    def add(
        self, owner: str, name: str, heard: HeardVoice, samples: int, model: str
    ) -> StoredVoice:
        """Keep a voice under a name.

        Raises:
            NameTaken: the owner has a voice of that name.
        """
        now = datetime.now(UTC)
        voice_id = f"v_{secrets.token_urlsafe(9)}"
        voice = StoredVoice(voice_id, owner, name, now, now, samples, heard, model)
        with self._connections.changing() as connection:
            _check_name(connection, owner, name)
            _named(connection, insert(voices).values(_row(voice)), name)
        return voice

    def rename(self, voice_id: str, owner: str | None, name: str) -> StoredVoice:
        """Give a voice another name.

        Args:
            voice_id: which.
            owner: whose it must be; None for anybody's.
            name: the new one.

        Raises:
            UnknownVoice: there is none.
            NameTaken: its owner has a voice of that name.
        """
        with self._connections.changing() as connection:
            voice = _known(connection, voice_id, owner)
            if name != voice.name:
                _check_name(connection, voice.owner, name)
            now = datetime.now(UTC)
            change = update(voices).where(voices.c.id == voice_id)
            _named(connection, change.values(name=name, updated=milliseconds(now)), name)
        return replace(voice, name=name, updated=now)

    def delete(self, voice_id: str, owner: str | None) -> None:
        """Forget a voice.

        Raises:
            UnknownVoice: there is none.
        """
        with self._connections.changing() as connection:
            _known(connection, voice_id, owner)
            connection.execute(delete(voices).where(voices.c.id == voice_id))
        self._connections.deleted()
        self._connections.overwrite()

    def of_session(self, session: str, model: str) -> dict[int, HeardVoice]:
        """What the speakers of a session sounded like to this embedder, by number."""
        mine = (session_voices.c.session == session) & (session_voices.c.model == model)
        with self._connections.reading() as connection:
            rows = connection.execute(select(session_voices).where(mine)).all()
        return {row.speaker: _heard(row) for row in rows}


_ALL = select(voices).order_by(voices.c.created, voices.c.id)


def _named(connection: Connection, statement: Any, name: str) -> None:
    """Write a name that somebody else may write at the same moment."""
    try:
        connection.execute(statement)
    except IntegrityError:
        raise _taken(name) from None


def _check_name(connection: Connection, owner: str, name: str) -> None:
    mine = (voices.c.owner == owner) & (voices.c.name == name)
    if connection.execute(select(voices.c.id).where(mine)).first() is not None:
        raise _taken(name)


def _taken(name: str) -> NameTaken:
    return NameTaken(f"there is a voice named {name!r} already: choose another name, or delete it")


def _known(connection: Connection, voice_id: str, owner: str | None) -> StoredVoice:
    row = connection.execute(select(voices).where(voices.c.id == voice_id)).first()
    if row is None or owner not in (None, row.owner):
        raise UnknownVoice("there is no such voice, or it was deleted")
    return _voice(row)


def _heard(row: Row[Any]) -> HeardVoice:
    return HeardVoice.read(row.vector, row.heard)


def _voice(row: Row[Any]) -> StoredVoice:
    return StoredVoice(
        id=row.id,
        owner=row.owner,
        name=row.name,
        created=moment(row.created),
        updated=moment(row.updated),
        samples=row.samples,
        heard=_heard(row),
        model=row.model,
    )


def _row(voice: StoredVoice) -> dict[str, Any]:
    return {
        "id": voice.id,
        "owner": voice.owner,
        "name": voice.name,
        "created": milliseconds(voice.created),
        "updated": milliseconds(voice.updated),
        "samples": voice.samples,
        "heard": voice.heard.samples,
        "model": voice.model,
        "vector": voice.heard.written(),
    }
