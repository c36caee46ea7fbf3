"""A TLS certificate that a server on a local network makes for itself.

Browsers give pages the microphone over HTTPS only, and no authority certifies names such as
``192.168.1.20``. People see a warning once, can compare the fingerprint, and are asked no more,
because the certificate is kept.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from livestt.errors import MissingExtra, SetupError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

LIFE = timedelta(days=397)
"""The most that browsers accept of any certificate."""
RENEW = timedelta(days=30)
"""Before its end, a certificate is replaced."""
ANY = ("0.0.0.0", "::", "")
ELSEWHERE = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses for documentation (RFC 5737, RFC 3849): nothing is sent to them."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Files of a certificate and its key (PEM)."""

    certificate: Path
    key: Path
    fingerprint: str
    """SHA-256, as browsers show it."""


def certificate(folder: Path, host: str) -> Pair:
    """The certificate kept in a folder; a new one if there is none that still fits.

    Args:
        folder: made if need be.
        host: that the server listens on.

    Raises:
        MissingExtra: the library that makes it is not installed.
        SetupError: it cannot be stored.
    """
    try:
        from cryptography import x509
    except ImportError as error:
        raise MissingExtra("--ssl-self-signed", "tls") from error
    wanted = names(host)
    cert, key = folder / "cert.pem", folder / "key.pem"
    try:
        kept = x509.load_pem_x509_certificate(cert.read_bytes()) if key.is_file() else None
    except (OSError, ValueError):
        kept = None
    if kept is None or not _fits(kept, wanted):
        kept = _store(folder, cert, key, wanted)
    return Pair(cert, key, _fingerprint(kept))


def names(host: str) -> tuple[str, ...]:
    """What other machines may call this one."""
    found = {"localhost", "127.0.0.1", "::1", host, *_own_names(), *own_addresses()}
    return tuple(sorted(found - set(ANY)))


def _own_names() -> Iterator[str]:
    name = socket.gethostname()
    if name.isascii():
        yield name
        if "." not in name:
            yield f"{name}.local"


def own_addresses() -> Iterator[str]:
    """Where machines on this one's networks find it."""
    for address, family in ELSEWHERE:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((address, 9))
            except OSError:
                continue
            yield probe.getsockname()[0]


def _fits(kept: x509.Certificate, wanted: tuple[str, ...]) -> bool:
    from cryptography import x509

    try:
        known = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    told = {str(name.value) for name in known}
    return set(wanted) <= told and kept.not_valid_after_utc > datetime.now(UTC) + RENEW


def _store(folder: Path, cert: Path, key: Path, wanted: tuple[str, ...]) -> x509.Certificate:
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    made = _make(private, wanted)
    secret = private.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        key.unlink(missing_ok=True)
        with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
        cert.write_bytes(made.public_bytes(pem.Encoding.PEM))
    except OSError as error:
        raise SetupError(f"Cannot keep a certificate in {folder}: {error.strerror}") from error
    return made


def _make(private: ec.EllipticCurvePrivateKey, wanted: tuple[str, ...]) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "livestt")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(n) for n in wanted]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _fingerprint(made: x509.Certificate) -> str:
    from cryptography.hazmat.primitives import hashes

    return made.fingerprint(hashes.SHA256()).hex(":").upper()
