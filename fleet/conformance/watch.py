# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a device says over time: every message is judged, and kept for the trials."""

from dataclasses import dataclass

from fleet import clock
from fleet.conformance import messages

RATE, BURST = 5.0, 60  # events per second; one full message and some steps of a vend above it


@dataclass(frozen=True)
class Said:
    """One message of the device; `at` is of the monotonic clock."""

    channel: str
    message: dict
    at: float

    @property
    def data(self):
        """Its data, an empty object where it has none."""
        data = self.message.get("data")
        return data if isinstance(data, dict) else {}


class Watch:
    """Judges what a device says, message by message."""

    def __init__(self, verdicts, base):
        self.verdicts, self.base = verdicts, base
        self.said, self.events, self.ids, self.seqs = [], {}, {}, []
        self.epoch = self.boot = self.birth = None
        self.away, self.skipped, self.recent = False, set(), []
        self.left, self.gone, self.latest = None, None, 0.0

    def take(self, heard):
        """One message; returns what of it is an event, as a list of messages."""
        channel = heard.topic.removeprefix(f"{self.base}/up/")
        known = heard.topic.startswith(f"{self.base}/up/") and channel in messages.CHANNELS
        if not self.verdicts.check("1.topics", known, f"it speaks on {heard.topic}"):
            return []
        self._how(channel, heard)
        try:
            document = messages.load(heard.payload)
        except (ValueError, RecursionError) as error:
            self.verdicts.bad("1.payload", f"{channel}: {error}")
            return []
        self.verdicts.ok("1.payload")
        return self._messages(channel, document, heard.at)

    def _how(self, channel, heard):
        qos, retained = messages.CHANNELS[channel]
        self.verdicts.check("1.qos", heard.qos == qos, f"{channel} with QoS {heard.qos}")
        self.verdicts.check("1.retained", heard.retain == retained,
                            f"{channel} {'is' if heard.retain else 'is not'} retained")  # fmt: skip

    def _messages(self, channel, document, at):
        if isinstance(document, list):
            fits = channel == "evt" and 1 <= len(document) <= messages.MAX_EVENTS
            self.verdicts.check("1.array", fits, f"an array of {len(document)} on {channel}")
        whole = document if isinstance(document, list) else [document]
        found = [message for message in whole if isinstance(message, dict)]
        self.verdicts.check("1.payload", len(found) == len(whole), "an array of other things")
        for message in found:
            self._judge(channel, message, at)
        return found if channel == "evt" else []

    def _judge(self, channel, message, at):
        for rule, wrong in messages.judge(channel, message).items():
            self.verdicts.check(rule, not wrong, wrong)
        self._session(channel, message)
        self._identity(channel, message)
        said = Said(channel, message, at)
        self.said.append(said)
        if channel == "evt":
            self._event(said)

    # sessions

    def _session(self, channel, message):
        """Birth first, then online; one epoch, and one boot from birth to birth (§2, §4)."""
        data = Said(channel, message, 0.0).data
        state = data.get("state") if channel == "state" else None
        self._gone(channel, message, state)
        if state == "offline":
            self.away = True
            return self.verdicts.ok("4.offline")
        self._epoch(message)
        if channel == "birth":
            return self._born(message)
        if self.away:
            self.away = False
            self.verdicts.bad("4.birth", f"{channel} before birth in a new session")
        if state is not None and self.birth:
            self.verdicts.check("4.online", state == "online", f"state {state!r}")
        if self.boot is not None and channel != "evt":  # an event keeps the boot that it had
            same = message.get("boot") == self.boot
            self.verdicts.check("2.boot", same, f"boot changed without birth, on {channel}")
        return None

    def _epoch(self, message):
        self.epoch = self.epoch or message.get("epoch")
        same = message.get("epoch") == self.epoch
        self.verdicts.check("2.epoch", same, f"epoch {message.get('epoch')!r} after {self.epoch!r}")

    def _born(self, message):
        data = Said("birth", message, 0.0).data
        self.birth, self.boot, self.away = message, message.get("boot"), False
        used, following = max(self.seqs, default=0), data.get("next_seq")
        if type(following) is int:
            self.verdicts.check("4.next_seq", following > used, f"{following}, and {used} is used")

    # events

    def _identity(self, channel, message):
        """An id names one message; an event that comes again is the same but for `hist`."""
        bare = {key: value for key, value in message.items() if key != "hist"}
        first = self.ids.setdefault(str(message.get("id")), (channel, bare))
        will = channel == "state"
        again = channel == "evt" and first == (channel, bare)
        fresh = first[1] is bare or again or will
        self.verdicts.check("2.id", fresh, f"id {message.get('id')} on another message")
        if channel != "evt" or type(message.get("seq")) is not int:
            return
        if message["seq"] not in self.events:
            self._late(message)
        stands = self.events.setdefault(message["seq"], bare)
        if stands is not bare:
            self.verdicts.check("2.identity", stands == bare, f"seq {message['seq']} changed")

    def _gone(self, channel, message, state):
        """Keep when it was away: from its own goodbye, which is later than all before, to birth.

        What it said in the moment before a line broke may have been told as it happened.
        """
        now = _moment(message)
        if channel == "birth":
            self.gone = self.left and now and (self.left, now)
            self.left = None
        elif state == "offline":
            self.left = now if now and now >= self.latest else None
        self.latest = max(self.latest, now or 0)

    def _late(self, message):
        """What happened while it was away comes from the journal."""
        at = _moment(message)
        if self.gone and at and self.gone[0] < at < self.gone[1]:
            late = message.get("hist") is True
            self.verdicts.check("2.hist", late, f"seq {message['seq']} is of while it was away")

    def _event(self, said):
        seq = said.message.get("seq")
        if type(seq) is int:
            self.seqs.append(seq)
        self._rate(said.at)

    def _rate(self, now):
        """Within any minute at most what the limit lets through after one burst."""
        self.recent = [at for at in self.recent if at > now - 60] + [now]
        many, seconds = len(self.recent), now - self.recent[0]
        allowed = many <= RATE * seconds + BURST
        self.verdicts.check("4.rate", allowed, f"{many} events in {seconds:.1f} s")

    def finish(self):
        """At the end: no number between the first and the last is lacking."""
        used = set(self.seqs)
        if len(used) > 1:
            lacking = sorted(set(range(min(used), max(used))) - used - self.skipped)
            self.verdicts.check("2.seq", not lacking, f"never came: {lacking[:10]}")


def _moment(message):
    """When a message happened, seconds; None where its clock does not say."""
    try:
        return clock.parse(message["ts"]) if message.get("ts_q") == "synced" else None
    except (KeyError, ValueError, AttributeError, TypeError):
        return None
