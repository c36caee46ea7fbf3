"""Who sent the request or WebSocket that is being served, as context variables.

The middlewares set it; whatever runs for that request, and the session it starts, may read it.
"""

from __future__ import annotations

from contextvars import ContextVar

from livestt.access.keys import EVERYBODY, Grant

grant: ContextVar[Grant] = ContextVar("livestt_grant", default=EVERYBODY)
"""What the one who asks may do."""
request_id: ContextVar[str] = ContextVar("livestt_request_id", default="")
"""Of the request, as its answer's ``X-Request-Id`` says; empty outside any."""
session: ContextVar[str] = ContextVar("livestt_session", default="")
"""Id of the live session that runs here."""


def context() -> dict[str, str]:
    """What a log record should carry."""
    return {
        "request_id": request_id.get(),
        "session": session.get(),
        "key": grant.get().name,
    }
