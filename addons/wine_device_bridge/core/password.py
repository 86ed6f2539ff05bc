# SPDX-License-Identifier: LGPL-3.0-or-later
"""Password lines as mosquitto keeps them: PBKDF2 with SHA-512, never the password itself."""

import base64
import hashlib
import os
import secrets

ITERATIONS = 20000


def new_secret():
    """A password of 256 random bits."""
    return secrets.token_urlsafe(32)


def hashed(secret, salt=None, iterations=ITERATIONS):
    """The ``$7$…`` form of a mosquitto password file."""
    salt = salt or os.urandom(12)
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
