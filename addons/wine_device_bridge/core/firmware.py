# SPDX-License-Identifier: LGPL-3.0-or-later
"""Versions of firmware, and who signed an image (docs/protocol §7).

A signature is Ed25519 over the text version, line feed, SHA-256: it holds for one version and one
image. The private key is in the environment or in a file, never in the database.
"""

import base64
import binascii
import hashlib
import os
import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SEMVER = re.compile(
    r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
#: bytes read at a time
PIECE = 1024 * 1024


class KeyFault(Exception):
    """A key that is missing or cannot be read; the text says which."""


def order(version):
    """What versions are compared by, or None for what is no semantic version (semver.org 2.0.0).

    Build metadata (``+…``) does not count, as there.
    """
    found = SEMVER.fullmatch(version or "")
    if not found:
        return None
    early = found[4]
    parts = early.split(".") if early else []
    ranks = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)
    return int(found[1]), int(found[2]), int(found[3]), not early, ranks


def sort_text(version):
    """A text by which a database sorts versions, within what semver calls precedence."""
    found = order(version)
    if found is None:
        return ""
    major, minor, patch, final, ranks = found
    tail = ".".join(f"0{number:09d}" if not kind else f"1{text}" for kind, number, text in ranks)
    return f"{major:09d}.{minor:09d}.{patch:09d}.{'1' if final else '0'}{tail}"


def statement(version, sha256):
    """The bytes that are signed."""
    return f"{version}\n{sha256}".encode()


def digest(stream):
    """SHA-256 in hexadecimal digits and length of a stream of bytes, piece by piece."""
    hashed, size = hashlib.sha256(), 0
    while piece := stream.read(PIECE):
        hashed.update(piece)
        size += len(piece)
    return hashed.hexdigest(), size


def sign(private, version, sha256):
    """Signature in base64, by a raw private key of 32 bytes."""
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(statement(version, sha256))
    return base64.b64encode(signature).decode()


def public_of(private):
    """The public key in base64 of a raw private key."""
    key = Ed25519PrivateKey.from_private_bytes(private).public_key()
    return base64.b64encode(key.public_bytes_raw()).decode()


def believed(public, version, sha256, signature):
    """Whether the holder of the private key to ``public`` signed this; false for any nonsense."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), statement(version, sha256))
    except (InvalidSignature, binascii.Error, ValueError, TypeError):
        return False
    return True


def private_key(environ=None):
    """Raw private key from ``WINE_FIRMWARE_KEY``: base64, or the path of a file with it; or None.

    :raise KeyFault: it is set and is no key
    """
    environ = os.environ if environ is None else environ
    given = (environ.get("WINE_FIRMWARE_KEY") or "").strip()
    if not given:
        return None
    if os.sep in given:
        try:
            given = Path(given).read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise KeyFault(f"WINE_FIRMWARE_KEY names a file that cannot be read: {error}") from None
    return _raw(given, "WINE_FIRMWARE_KEY")


def public_key(environ=None):
    """Public key in base64 that machines are to believe, or None where none is set.

    ``WINE_FIRMWARE_PUBLIC_KEY`` where the private key is kept elsewhere, else that of
    ``WINE_FIRMWARE_KEY``.

    :raise KeyFault: what is set is no key
    """
    environ = os.environ if environ is None else environ
    if given := (environ.get("WINE_FIRMWARE_PUBLIC_KEY") or "").strip():
        return base64.b64encode(_raw(given, "WINE_FIRMWARE_PUBLIC_KEY")).decode()
    private = private_key(environ)
    return public_of(private) if private else None


def _raw(text, name):
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise KeyFault(f"{name} is not the base64 of 32 bytes")
    return key
