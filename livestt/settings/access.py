"""Settings of access: who may use the server, and how connections are protected."""

from __future__ import annotations

from dataclasses import dataclass

from livestt.option import setting


@dataclass(frozen=True, kw_only=True)
class AccessSettings:
    """What the operator decides about access."""

    api_keys_file: str | None = setting(
        None,
        "Access",
        "File of API keys, made by `livestt key new`. With it, or with keys in the variable "
        "LIVESTT_API_KEYS, nobody can use the server without a key. Changes to the file take "
        "effect within a second.",
        aliases=("--api-keys",),
    )
    max_requests_per_minute: int | None = setting(
        None,
        "Access",
        "Requests and WebSockets that one key, or one address that shows none, may send per "
        "minute, evenly or all at once; beyond that it is told when to come back. No limit by "
        "default. Health checks, metrics and the page's files do not count.",
        minimum=1,
    )
    share_hours: int = setting(
        24,
        "Access",
        "Hours that a link to a single session may last at most, on a server with keys. The page "
        "asks for 8.",
        minimum=1,
        maximum=24 * 365,
    )
    allow_host: tuple[str, ...] = setting(
        (),
        "Access",
        "A host name with a dot, such as captions.example.org or *.example.org, by which this "
        "server may be addressed. Needed on servers without keys, as protection against DNS "
        "rebinding. Repeatable.",
    )
    allow_origin: tuple[str, ...] = setting(
        (),
        "Access",
        "Origin of a web page, such as https://example.org, that may use the server besides "
        "the server's own pages. Repeatable.",
    )
    ssl_certfile: str | None = setting(
        None,
        "Access",
        "TLS certificate (PEM). On other machines, browsers allow the microphone over HTTPS only.",
    )
    ssl_keyfile: str | None = setting(
        None, "Access", "Private key of --ssl-certfile, if it is in a file of its own."
    )
    ssl_self_signed: bool = setting(
        False,
        "Access",
        "Make a TLS certificate for this machine's names and addresses and keep it for the "
        "next start. Browsers warn about it once. Needs the extra tls.",
    )
    forwarded_allow_ips: str | None = setting(
        None,
        "Access",
        "Reverse proxies whose X-Forwarded-* headers are trusted: addresses or networks, "
        "comma separated.",
    )
