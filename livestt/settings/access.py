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
        "File of API keys, made by `livestt key new`; with it, or with keys in the variable "
        "LIVESTT_API_KEYS, nobody gets in without one. Changes to it count at once.",
        aliases=("--api-keys",),
    )
    allow_host: tuple[str, ...] = setting(
        (),
        "Access",
        "A name with a dot, such as captions.example.org or *.example.org, that this server is "
        "called by. Needed on servers without keys: pages may not make up names for them. "
        "Repeatable.",
    )
    allow_origin: tuple[str, ...] = setting(
        (),
        "Access",
        "A web page origin, such as https://example.org, that may open the WebSocket "
        "besides the server's own pages. Repeatable.",
    )
    ssl_certfile: str | None = setting(
        None,
        "Access",
        "TLS certificate (PEM). Browsers allow the microphone on other machines over HTTPS only.",
    )
    ssl_keyfile: str | None = setting(
        None, "Access", "Private key of --ssl-certfile, if it is in a file of its own."
    )
    ssl_self_signed: bool = setting(
        False,
        "Access",
        "Make a TLS certificate for this machine's names and addresses, kept for the next start. "
        "Browsers warn of it once. Needs the extra tls.",
    )
    forwarded_allow_ips: str | None = setting(
        None,
        "Access",
        "Reverse proxies whose X-Forwarded-* headers are believed: addresses or networks, "
        "comma separated.",
    )
