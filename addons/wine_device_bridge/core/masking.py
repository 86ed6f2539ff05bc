# SPDX-License-Identifier: LGPL-3.0-or-later
"""No secret in a log: what looks like one, and what is known to be one, is written as ``***``."""

import logging
import re

MASK = "***"
_NAMED = re.compile(
    r"""(?ix)
    (["']?\b[\w-]*(?:password|passwd|secret|token|api_?key|claim_?code|broker_key)["']?
     \s*[=:]\s*)
    ("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&)}\]]+)
    """
)
_SCHEME = re.compile(r"(?i)\b(basic|bearer)\s+[\w.~+/=-]{6,}")
_HASH = re.compile(r"\$7\$\d+\$[\w+/=]+\$[\w+/=]+")
_ADDRESS = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+@")


def masked(text, known=()):
    """A text without secrets.

    :param known: secrets that are masked wherever they stand
    """
    for secret in known:
        if secret:
            text = text.replace(secret, MASK)
    text = _HASH.sub(MASK, text)
    text = _ADDRESS.sub(rf"\1{MASK}@", text)
    text = _SCHEME.sub(rf"\1 {MASK}", text)
    return _NAMED.sub(rf"\1{MASK}", text)


class Masking(logging.Formatter):
    """Wraps the formatter of a handler, so that tracebacks are masked as well."""

    def __init__(self, inner, known=()):
        super().__init__()
        self.inner = inner or logging.Formatter()
        self.known = tuple(known)

    def format(self, record):
        return masked(self.inner.format(record), self.known)


def install(known=(), logger=None):
    """Mask everything that the handlers of the root logger write, from now on."""
    for handler in (logger or logging.getLogger()).handlers:
        if not isinstance(handler.formatter, Masking):
            handler.setFormatter(Masking(handler.formatter, known))
