# SPDX-License-Identifier: LGPL-3.0-or-later
"""Secrets of machines, and password lines as mosquitto keeps them (PBKDF2 with SHA-512).

Where the broker takes secrets only in clear (its dynamic-security plugin does), the bridge must be
able to say one again, to a broker that lost its file as well; yet the database shall hold nothing
but hashes. So a secret is then derived: HMAC-SHA-256 of the machine and the credential's version,
by a key that only the processes' environment holds.
"""

import base64
import hashlib
import hmac
import os
import secrets

ITERATIONS = 20000
#: a key is at least so long (bytes)
KEY_BYTES = 32


def new_secret():
    """A password of 256 random bits."""
    return secrets.token_urlsafe(32)


def read_keys(text):
    """Keys in ``WINE_BROKER_KEY``, the issuing one first: {fingerprint: key}.

    :param str text: base64 keys, comma between them; after the first, those of earlier times
    :raise ValueError: a key is none; the text says what to do and shows nothing of it
    """
    keys = {}
    for part in filter(None, (text or "").replace(" ", "").split(",")):
        try:
            key = base64.b64decode(part.replace("-", "+").replace("_", "/"), validate=True)
        except ValueError:
            key = b""
        if len(key) < KEY_BYTES:
            raise ValueError(
                "WINE_BROKER_KEY holds no base64 of 32 bytes; `openssl rand -base64 32` makes one"
            )
        keys[fingerprint(key)] = key
    return keys


def fingerprint(key):
    """Names a key and says nothing about it."""
    return hashlib.sha256(b"wine-broker-key" + key).hexdigest()[:12]


def derived(key, machine, version):
    """The secret of one version of a machine's credential; 256 bits."""
    text = f"wine-device/1\n{machine}\n{version}".encode()
    digest = hmac.new(key, text, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def hashed(secret, salt=None, iterations=ITERATIONS):
    """The ``$7$`` form of a mosquitto password file.

    A salt of our own has twelve bytes, as mosquitto wants it, and is printable, for brokers that
    read it from a database as text.
    """
    salt = salt or base64.b64encode(os.urandom(9))
    key = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations, 64)
    encoded = base64.b64encode(salt).decode(), base64.b64encode(key).decode()
    return f"$7${iterations}${encoded[0]}${encoded[1]}"


def matches(secret, line):
    """Whether a secret belongs to a hashed line."""
    _empty, kind, iterations, salt, _key = line.split("$")
    if kind != "7":
        return False
    again = hashed(secret, base64.b64decode(salt), int(iterations))
    return secrets.compare_digest(again, line)
