# SPDX-License-Identifier: LGPL-3.0-or-later
"""The platform's side of one device: hears, confirms, commands, waits."""

import secrets
import time
from datetime import datetime, timedelta, timezone

from fleet.conformance.line import Line
from fleet.conformance.watch import Watch
from fleet.ids import Ids

FINAL = ("succeeded", "failed", "rejected", "expired")
GAPS = 500  # missing numbers that one evt_ack names


class Bench:
    """Plays the platform for one machine of a configuration.

    `holding` stops the confirmation of events; `patience` is the longest wait for an answer,
    `quiet` the time in which something that must not happen would have happened; seconds.
    """

    def __init__(self, config, machine, verdicts, account=(None, None), patience=10.0, quiet=1.5):
        self.machine = machine
        self.base = config.topic(machine.uuid, "").rstrip("/")
        self.verdicts, self.patience, self.quiet = verdicts, patience, quiet
        self.watch, self.stored, self.holding, self.above = Watch(verdicts, self.base), {}, False, 0
        self.line = Line(config.broker, f"conformance-{secrets.token_hex(4)}", account, self._hear)
        self.ids = Ids()

    def open(self):
        """Connect and listen to all that is below the machine's up/. OSError: no line."""
        reason = self.line.connect()
        if reason is None or reason.is_failure:
            raise OSError(f"the broker refuses the kit: {reason}")
        reasons = self.line.subscribe(f"{self.base}/up/#")
        if not reasons or reasons[0].is_failure:
            raise OSError("the broker lets the kit not listen to the machine")

    def close(self):
        """Hang up."""
        self.line.close()

    # hearing

    def _hear(self, heard):
        events = self.watch.take(heard)
        for event in events:
            if isinstance(event.get("epoch"), int) and isinstance(event.get("seq"), int):
                self.stored.setdefault(event["epoch"], set()).add(event["seq"])
        born = heard.topic.endswith("/up/birth")
        if (events or born) and not self.holding and isinstance(self.watch.epoch, int):
            self.confirm(self.watch.epoch)

    def confirm(self, epoch, **changes):
        """`evt_ack` of what has come; what lies below and never came is asked for as missing."""
        have = self.stored.get(epoch, set())
        top = max(max(have, default=0), self.above)
        gaps = [seq for seq in range(max(1, top - GAPS), top) if seq not in have]
        gaps = [seq for seq in gaps if seq > self.above]
        ack = {"epoch": epoch, "ack_seq": top, "missing": gaps, "rejected": []}
        self.say("evt_ack", ack | changes)

    def mark(self):
        """A place in what the device said, for `since`."""
        return len(self.watch.said)

    def since(self, mark, channel, kind=None, **data):
        """What it said on a channel since a mark, of a type and with these values in its data."""
        return [
            said
            for said in self.watch.said[mark:]
            if said.channel == channel
            and kind in (None, said.message.get("type"))
            and all(said.data.get(key) == value for key, value in data.items())
        ]

    def wait(self, mark, channel, kind=None, seconds=None, **data):
        """The first such message, or None in time."""
        limit = self.patience if seconds is None else seconds
        found = self.line.wait(lambda: self.since(mark, channel, kind, **data), limit)
        return found[0] if found else None

    def fresh(self, mark, kind, **data):
        """Events of a type since a mark that are no repetition of what came before it."""
        before = {said.message.get("seq") for said in self.watch.said[:mark]}
        said = self.since(mark, "evt", kind, **data)
        return [one for one in said if one.message.get("seq") not in before]

    def event(self, mark, kind, seconds=None, **data):
        """The first fresh event of a type, or None in time."""
        limit = self.patience if seconds is None else seconds
        found = self.line.wait(lambda: self.fresh(mark, kind, **data), limit)
        return found[0] if found else None

    def silence(self, mark, kind, **data):
        """Whether no fresh event of a type comes while it would have come."""
        return self.event(mark, kind, self.quiet, **data) is None

    # speaking

    def say(self, suffix, content, **how):
        """Publish below the machine's down/."""
        self.line.say(f"{self.base}/down/{suffix}", content, **how)

    def command(self, kind, args=None, seconds=60.0, cmd=None, **more):
        """Send a command; its id. More fields go into the command as they are."""
        cmd = cmd or self.ids.uuid7(time.time())
        document = {"id": cmd, "type": kind, "exp": moment(seconds), "args": args or {}} | more
        self.say("cmd", document, expiry=max(seconds, 60))
        return cmd

    def answers(self, cmd, mark=0):
        """Data of the device's answers to a command, in order."""
        return [said.data for said in self.since(mark, "ack", cmd=cmd)]

    def end(self, cmd, mark=0, seconds=None):
        """The final answer to a command, or None in time."""

        def found():
            return [data for data in self.answers(cmd, mark) if data.get("status") in FINAL]

        ends = self.line.wait(found, self.patience if seconds is None else seconds)
        return ends[0] if ends else None

    def carried_out(self, kind, args=None, **how):
        """Send a command and wait for its end: (id, final answer or an empty one)."""
        cmd = self.command(kind, args, **how)
        return cmd, self.end(cmd) or {}


def moment(seconds):
    """RFC 3339, so many seconds from now."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()
