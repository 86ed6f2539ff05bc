# SPDX-License-Identifier: LGPL-3.0-or-later
"""Sign firmware where the private key is kept, away from the platform (docs/protocol §7).

    python -m tools.sign_firmware new KEY             make a key file; print its public key
    python -m tools.sign_firmware public KEY          print the public key of a key file
    python -m tools.sign_firmware sign KEY VERSION IMAGE
    python -m tools.sign_firmware verify PUBLIC VERSION IMAGE SIGNATURE

Needs the package cryptography; `.local/venv/bin/python` has it. The image is read piece by piece.
"""

import argparse
import base64
import hashlib
import os
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def main(arguments=None):
    """Run one of the deeds; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        chosen.deed(chosen)
    except (OSError, ValueError, InvalidSignature) as error:
        reason = "The signature does not fit." if isinstance(error, InvalidSignature) else error
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m tools.sign_firmware",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    deeds = parser.add_subparsers(required=True)
    for deed, names in (
        (new, ("key",)),
        (public, ("key",)),
        (sign, ("key", "version", "image")),
        (verify, ("public", "version", "image", "signature")),
    ):
        under = deeds.add_parser(deed.__name__, help=deed.__doc__)
        under.set_defaults(deed=deed)
        for name in names:
            under.add_argument(name, type=Path if name in ("key", "image") else str)
    return parser


def new(chosen):
    """Make a private key in a new file that only its owner reads."""
    key = Ed25519PrivateKey.generate()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(chosen.key, flags, 0o600), "w") as stream:
        stream.write(base64.b64encode(key.private_bytes_raw()).decode() + "\n")
    public(chosen)


def public(chosen):
    """Print the public key, for WINE_FIRMWARE_PUBLIC_KEY and for the machines."""
    _say(base64.b64encode(_private(chosen.key).public_key().public_bytes_raw()).decode())


def sign(chosen):
    """Print SHA-256 and signature; the signature goes into the form of the version."""
    sha256 = _sha256(chosen.image)
    signature = _private(chosen.key).sign(statement(chosen.version, sha256))
    _say(f"version    {chosen.version}")
    _say(f"sha256     {sha256}")
    _say(f"signature  {base64.b64encode(signature).decode()}")


def verify(chosen):
    """Say whether a signature holds for a version and an image."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(chosen.public, validate=True))
    signature = base64.b64decode(chosen.signature, validate=True)
    key.verify(signature, statement(chosen.version, _sha256(chosen.image)))
    _say("The signature holds.")


def statement(version, sha256):
    """The bytes that are signed."""
    return f"{version}\n{sha256}".encode()


def _private(path):
    raw = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    if len(raw) != 32:
        raise ValueError(f"{path} holds no private key: it is the base64 of 32 bytes")
    return Ed25519PrivateKey.from_private_bytes(raw)


def _sha256(path):
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _say(text):
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
