"""Messages as compact JSON. Pure.

Some messages repeat what earlier ones held: every state of full mode has all lines of an hour. What
was written once is kept, because writing it again each time would take the event loop for longer
than it has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


class Written(list[Any]):
    """A list whose items have been written.

    Args:
        items: of the list.
        texts: the same items as JSON.
    """

    def __init__(self, items: Iterable[Any], texts: Iterable[str]) -> None:
        super().__init__(items)
        self.json = f"[{','.join(texts)}]"


def dumps(message: Mapping[str, Any]) -> str:
    """A message as JSON. One of its values may be `Written`; none before it may be an object."""
    for name, value in message.items():
        if isinstance(value, Written):
            text = _dumped({**message, name: []})
            return text.replace(f'"{name}":[]', f'"{name}":{value.json}', 1)
    return _dumped(message)


def _dumped(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
