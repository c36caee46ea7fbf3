"""Which folders of recordings belong to a store. Blocking."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from livestt.store.schema import folders


@dataclass(frozen=True, slots=True)
class Visit:
    """What a folder says about the store that tidies it up.

    Attributes:
        folder: unguessable, so that no two stores know the same one by chance.
        number: of times that it was visited; a store that remembers fewer is an older copy.
    """

    folder: str
    number: int

    def __str__(self) -> str:
        return f"{self.folder} {self.number}\n"

    @classmethod
    def parse(cls, text: str) -> Visit:
        """What `str` wrote.

        Raises:
            ValueError: it was written by somebody else.
        """
        folder, number = text.split()
        return cls(folder, int(number))


class Folders:
    """The folders of one store. Every method may raise `StoreUnavailable`.

    Args:
        connection: opens a transaction that may write.
    """

    def __init__(self, connection: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._connection = connection

    def begin(self) -> Visit:
        """The first visit to a folder that belongs to nobody."""
        first = Visit(secrets.token_urlsafe(12), 1)
        with self._connection() as connection:
            connection.execute(insert(folders).values(id=first.folder, visits=first.number))
        return first

    def visit(self, last: Visit) -> Visit | None:
        """The next visit to a folder.

        Args:
            last: as the folder has it.

        Returns:
            None if the folder belongs to another store, or to a later copy of this one: what this
            one does not know of may be somebody's.
        """
        mine = folders.c.id == last.folder
        with self._connection() as connection:
            known = mine & (folders.c.visits >= last.number)
            done = connection.execute(
                update(folders).where(known).values(visits=folders.c.visits + 1)
            )
            if not done.rowcount:
                return None
            number = connection.execute(select(folders.c.visits).where(mine)).scalar_one()
        return Visit(last.folder, number)
