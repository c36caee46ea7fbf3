"""Every error livestt raises on purpose. Anything else that escapes is a bug in livestt.

::

    LivesttError
    ├── ClientError              the caller made a mistake   (HTTP 4xx)
    │   ├── BadRequest           an invalid parameter or message                  400
    │   ├── BadAudio             bytes that are not audio of the declared format  415
    │   ├── Unauthorized         no key, or an invalid one                        401
    │   ├── MissingScope         a key that does not allow this                   403
    │   ├── TooManyFailures      too many wrong keys from one address             429
    │   ├── TooManyRequests      too many requests of one key or address          429
    │   ├── Forbidden            a browser page of another origin                 403
    │   ├── HostNotAllowed       an unknown host name of this server              403
    │   ├── NotLocal             for programs on the server's own machine only    403
    │   ├── UnknownSession       no such session, or it is over                   404
    │   ├── TooManySessions      the server is full; try again later              429
    │   ├── UnknownRoute         nothing is at that address                       404
    │   ├── WrongMethod          not for this method                              405
    │   ├── UnknownModel         no model has that name                           404
    │   ├── TooLarge             a file over the limit                            413
    │   ├── TooSlow              a file that arrives too slowly, or not at all    408
    │   ├── TooManyUploads       too many files are waiting; try again later      429
    │   ├── VoicesOff            this server keeps no voices                      404
    │   ├── UnknownVoice         no such voice, or it was deleted                 404
    │   ├── NameTaken            another voice has that name                      409
    │   ├── TooLittleSpeech      a speaker has not been heard for long enough     409
    │   ├── UnusableSample       a recording without one clear voice              422
    │   └── StillRunning         a running session cannot be deleted              409
    ├── Overloaded               the engine is too far behind for new sessions    503
    ├── ServerRestart            the server is stopping; another will start       503
    ├── StoreUnavailable         transcripts cannot be read or changed now        503
    ├── DiskFull                 the disk for clients' files is full              507
    ├── EngineError              a model failed at run time                       500
    └── SetupError               the operator must change something  (exit status 2)
        ├── BadModel             a folder that is not a usable model
        ├── ModelUnavailable     a named model neither local nor reachable
        ├── BadStore             transcripts cannot be kept where they should be
        ├── MissingExtra         an optional dependency is not installed
        └── UnsupportedOption    an option the chosen engine does not support

Each class says whose fault it is (its branch), the HTTP status for a refused handshake or
request, and the WebSocket close code where a socket has to end.
"""

from __future__ import annotations

from livestt.extras import install_command


class LivesttError(Exception):
    """Base of all deliberate errors. ``str(error)`` says what was wrong and what to do.

    Attributes:
        code: short stable identifier, sent to clients as ``code``.
        http_status: status of a refused request or handshake.
        close_code: WebSocket close code (RFC 6455 section 7.4; 4000-4999 are private).
        retry_after: seconds after which trying again makes sense, or None.
    """

    code = "error"
    http_status = 500
    close_code = 1011
    retry_after: float | None = None


class ClientError(LivesttError):
    code = "client_error"
    http_status = 400
    close_code = 4400


class BadRequest(ClientError):
    """``param`` names the field that is wrong, as the protocol calls it; None if there is none."""

    code = "bad_request"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class BadAudio(ClientError):
    code = "bad_audio"
    http_status = 415
    close_code = 1007


class Unauthorized(ClientError):
    code = "unauthorized"
    http_status = 401
    close_code = 4401


class MissingScope(ClientError):
    code = "missing_scope"
    http_status = 403
    close_code = 4403


class TooManyFailures(ClientError):
    code = "too_many_failures"
    http_status = 429
    close_code = 1008
    retry_after = 60.0


class TooManyRequests(ClientError):
    code = "too_many_requests"
    http_status = 429
    close_code = 1013
    retry_after = 60.0


class Forbidden(ClientError):
    code = "origin_not_allowed"
    http_status = 403
    close_code = 1008


class HostNotAllowed(ClientError):
    code = "host_not_allowed"
    http_status = 403
    close_code = 1008


class NotLocal(ClientError):
    code = "not_local"
    http_status = 403
    close_code = 1008


class UnknownSession(ClientError):
    code = "unknown_session"
    http_status = 404
    close_code = 4404


class TooManySessions(ClientError):
    code = "too_many_sessions"
    http_status = 429
    close_code = 1013
    retry_after = 5.0


class UnknownRoute(ClientError):
    code = "not_found"
    http_status = 404


class WrongMethod(ClientError):
    code = "method_not_allowed"
    http_status = 405


class UnknownModel(ClientError):
    code = "model_not_found"
    http_status = 404


class TooLarge(ClientError):
    code = "too_large"
    http_status = 413


class TooSlow(ClientError):
    code = "too_slow"
    http_status = 408


class TooManyUploads(ClientError):
    code = "too_many_uploads"
    http_status = 429
    close_code = 1013
    retry_after = 10.0


class VoicesOff(ClientError):
    code = "voices_off"
    http_status = 404


class UnknownVoice(ClientError):
    code = "unknown_voice"
    http_status = 404


class NameTaken(ClientError):
    code = "name_taken"
    http_status = 409


class TooLittleSpeech(ClientError):
    code = "too_little_speech"
    http_status = 409


class UnusableSample(ClientError):
    code = "unusable_sample"
    http_status = 422


class StillRunning(ClientError):
    code = "still_running"
    http_status = 409


class Overloaded(LivesttError):
    code = "overloaded"
    http_status = 503
    close_code = 1013
    retry_after = 10.0


class ServerRestart(LivesttError):
    code = "server_restart"
    http_status = 503
    close_code = 1012
    retry_after = 5.0


class StoreUnavailable(LivesttError):
    code = "store_unavailable"
    http_status = 503
    close_code = 1013
    retry_after = 5.0


class DiskFull(LivesttError):
    code = "disk_full"
    http_status = 507
    close_code = 1013
    retry_after = 60.0


class EngineError(LivesttError):
    code = "engine_error"


class SetupError(LivesttError):
    code = "setup_error"


class BadModel(SetupError):
    code = "bad_model"


class ModelUnavailable(SetupError):
    code = "model_unavailable"


class BadStore(SetupError):
    code = "bad_store"


class MissingExtra(SetupError):
    """An optional dependency is missing; the message names the command that installs it."""

    code = "missing_extra"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': {install_command(extra)}")
        self.extra = extra


class UnsupportedOption(SetupError):
    code = "unsupported_option"


def any_of(group: BaseExceptionGroup[LivesttError]) -> LivesttError:
    """Any one of the errors of a group."""
    error = group.exceptions[0]
    return any_of(error) if isinstance(error, BaseExceptionGroup) else error
