# SPDX-License-Identifier: LGPL-3.0-or-later
"""Claim codes: ten signs that a person reads from a screen and types at a machine.

Crockford's alphabet: no I, L, O and U; what is read wrongly is put right. 50 random bits, valid for
a day and once, of which only a salted slow hash is kept.
"""

import secrets

from . import password

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
HOURS = 24
#: so many wrong codes end a claim: guessing is hopeless long before
MOST_WRONG = 100
_READ = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})


def new_code():
    """Such as ``7Q4MZ-K0V9T``."""
    signs = "".join(secrets.choice(ALPHABET) for _sign in range(LENGTH))
    return f"{signs[:5]}-{signs[5:]}"


def normal(text):
    """The ten signs of what a person typed, or None where it is no code."""
    if not isinstance(text, str) or len(text) > 4 * LENGTH:
        return None
    signs = text.upper().translate(_READ)
    return signs if len(signs) == LENGTH and set(signs) <= set(ALPHABET) else None


def hashed(code):
    """What is kept of a code."""
    return password.hashed(normal(code))


def matches(text, line):
    """Whether what was typed is the code of this hash; takes its time."""
    signs = normal(text)
    return bool(signs and line) and password.matches(signs, line)
