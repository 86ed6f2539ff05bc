# SPDX-License-Identifier: LGPL-3.0-or-later
"""Logs that a machine can read as well: one JSON object per line, with what it is about.

``_logger.warning("…", extra=about(machine=uuid, event=event_id))`` names machine and event in
fields of their own; the text names them too, for people. Secrets are masked in every value.
"""

import json
import logging
import time
from datetime import datetime, timezone

from .masking import Masking, install, masked

#: fields of a line beside time, level, logger and text
ABOUT = ("bridge", "machine", "event", "epoch", "seq", "command", "code")
_PREFIX = "about_"
#: so many refusals are told singly within so many seconds; the rest as a number
SINGLY, WITHIN = 50, 10.0
LONGEST = 300


def about(**fields):
    """What a log call is about, for its ``extra``.

    :raise TypeError: a field that is not one of :data:`ABOUT`
    """
    unknown = set(fields) - set(ABOUT)
    if unknown:
        raise TypeError(f"{sorted(unknown)} are no fields of a log line; these are: {ABOUT}")
    return {_PREFIX + name: value for name, value in fields.items() if value is not None}


class JsonLines(Masking):
    """Formats a record as one line of JSON; nothing in it can end the line early."""

    def __init__(self, bridge="", known=()):
        super().__init__(None, known)
        self.bridge = bridge

    def format(self, record):
        line = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": record.getMessage(),
            "bridge": self.bridge or None,
        }
        for name in ABOUT:
            line[name] = getattr(record, _PREFIX + name, line.get(name))
        if record.exc_info:
            line["trace"] = self.inner.formatException(record.exc_info)
        kept = {name: self._masked(value) for name, value in line.items() if value is not None}
        return json.dumps(kept, ensure_ascii=False)

    def _masked(self, value):
        plain = isinstance(value, int | float)
        return value if plain else masked(str(value), self.known)


def set_up(form="", bridge="", known=(), logger=None):
    """Mask what the root logger's handlers write; ``form`` ``json`` makes it JSON lines."""
    if form != "json":
        install(known, logger)
        return
    for handler in (logger or logging.getLogger()).handlers:
        handler.setFormatter(JsonLines(bridge, tuple(known)))


class Refusals:
    """Tells of each refused message by machine and event, but never so much that it floods."""

    def __init__(self, logger, clock=time.monotonic):
        self.logger = logger
        self.clock = clock
        self.since = clock()
        self.told = self.untold = 0

    def tell(self, refusals):
        """:param refusals: [(machine's UUID or None, ``Refused``)]"""
        self._turn()
        for machine, refused in refusals:
            if self.told >= SINGLY:
                self.untold += 1
                continue
            self.told += 1
            self.logger.warning(
                "message %s of machine %s is refused (%s): %s",
                _short(refused.event) or "without an id",
                _short(machine) or "unknown",
                refused.code,
                _short(refused.reason),
                extra=about(
                    machine=_short(machine),
                    event=_short(refused.event),
                    epoch=refused.epoch,
                    seq=refused.seq,
                    code=refused.code,
                ),
            )

    def _turn(self):
        now = self.clock()
        if now - self.since < WITHIN:
            return
        if self.untold:
            self.logger.warning(
                "%s more messages were refused; the quarantine has them all", self.untold
            )
        self.since, self.told, self.untold = now, 0, 0


def _short(text):
    """At most a few hundred printable characters of what a device may have chosen."""
    if text is None:
        return None
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:LONGEST])
