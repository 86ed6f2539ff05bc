# SPDX-License-Identifier: LGPL-3.0-or-later
"""The device itself, without any input or output of its own.

It is told the time, what arrived and what people do at it; it journals events and leaves messages
in `out`. What it does is settled by a journal record first and told afterwards, so that a crash
at any moment loses nothing and repeats nothing.
"""

import json
import logging
import random
from collections import deque
from dataclasses import dataclass

from fleet import clock, schema
from fleet.asking import Asking
from fleet.climate import Climate
from fleet.clock import Clock
from fleet.commands import Commands
from fleet.firmware import Firmware
from fleet.ids import Ids, share
from fleet.motor import Motor
from fleet.outbox import NEVER, Outbox
from fleet.service import Service
from fleet.shadow import Shadow
from fleet.state import State, dump
from fleet.vending import Vending

URGENT = {"vend.accepted", "vend.rejected", "vend.started", "vend.result", "auth.request"}
PATIENCE = 10  # a new journal waits longer for what the platform knows of an older one
DIARY = 60  # lines that log.request can show
COMPACT_AT = 256 * 1024  # bytes that a journal may grow by before it is written anew
SHOWN = 300  # characters of a message that is given up, in the log
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """Something to publish below the machine's own topic, docs/protocol §1."""

    suffix: str
    payload: str
    qos: int = 1
    retain: bool = False


class Device:
    """One machine. Life: made, `boot`, then `connected` and `disconnected` in turns.

    Every `now` is true time in seconds since 1970; the device's own clock may differ from it.
    """

    def __init__(self, config, options, journal):
        self.config, self.options, self.journal = config, options, journal
        self.state = State()
        for record in journal.open():
            self.state.apply(record)
        self.fresh = self.state.boots == 0
        self._compact_at = journal.size + COMPACT_AT
        self.out, self.reboot_wanted, self.boot_id = deque(), False, None
        self.unsound = 0  # messages, said or heard, that break the published contract
        self.outbox = Outbox(self.state, options)
        self.shadow, self.vending = Shadow(self), Vending(self)
        self.commands, self.service = Commands(self), Service(self)
        self.asking = Asking(self)
        self.firmware, self.diary = Firmware(self), deque(maxlen=DIARY)
        self.on_sold = lambda entry: None

    # power and line

    def boot(self, now):
        """Power up: a new boot id, and vends that the last power cut interrupted come to an end."""
        self.reboot_wanted = False
        self.commit({"boot": True} | self._provisioned())
        seed = f"{self.options.seed}/{self.config.uuid}/{self.state.epoch}/{self.state.boots}"
        self.ids, self.chance = Ids(seed), random.Random(f"chance/{seed}")
        self.motor = Motor(self.options, self.chance)
        drift = self.options.drift * (2 * share(self.options.seed, "drift", self.config.uuid) - 1)
        unset = self.chance.random() < self.options.unset_rate
        self.clock = Clock(drift, unset, now)
        self.boot_id = self.ids.uuid4()
        self.note(now, f"power-up {self.state.boots}, firmware {self.state.fw}")
        self._tele_at = now
        self.climate = Climate(self, now)
        self.vending.recover(now)
        self.commands.recover(now)
        self.service.recover(now)

    def _provisioned(self):
        """A board with a higher epoch than its journal is a new board, docs/protocol §2."""
        if self.config.epoch > self.state.epoch:
            return {"epoch": self.config.epoch}
        return {}

    def connected(self, now):
        """The line is up: birth, state, answers that are still owed, then the journal."""
        self.clock.sync(now)
        spread = self.options.start_spread
        delay = spread * share("start", self.config.uuid)
        self.outbox.connected(now, delay, PATIENCE if self.fresh else 1)
        self.out.clear()
        self.send("birth", "birth", now, self._birth())
        self.send("state", "state", now, {"state": "online"}, retain=True)
        self.shadow.report(now)
        self.commands.repeat_owed(now)

    def _birth(self):
        return {
            "fw": self.state.fw,
            "proto": 1,
            "caps": list(self.config.caps),
            "next_seq": self.state.next_seq,
            "desired_version": self.state.version,
            "slots": len(self.state.slots),
        }

    def disconnected(self):
        """The line is down: local sales go on, the journal fills."""
        self.outbox.disconnected()

    def will(self, now):
        """The last will: what the broker says when the line dies."""
        return self._message("state", "state", now, {"state": "offline"}, retain=True)

    def farewell(self, now):
        """An orderly end: the device says itself that it goes."""
        self.out.append(self.will(now))

    def buy(self, now, slot, qty=1, pay="card", outcome=None):
        """A purchase at the device, see `Vending.buy`."""
        return self.vending.buy(now, slot, qty, pay, outcome)

    # what arrives

    def receive(self, suffix, payload, now):
        """A message below `down/`; what is not JSON or not an object is dropped."""
        try:
            document = json.loads(payload)
        except ValueError:
            return
        handlers = {
            "cmd": self.commands.receive,
            "desired": self.shadow.receive,
            "evt_ack": self.acknowledged,
        }
        if isinstance(document, dict) and suffix in handlers:
            self._hold_against_contract(suffix, document)
            handlers[suffix](document, now)

    def acknowledged(self, ack, _now=None):
        """`evt_ack`, docs/protocol §3: forget what is stored, send again what is missing."""
        read, state = _read_ack(ack), self.state
        if read is None or ack.get("epoch") != state.epoch:
            return
        self.outbox.greeted()
        self.fresh = False
        upto, missing, refused = read
        gone = _covered(state.pending, upto, missing, refused)
        if gone:
            count = len(refused & set(gone))
            self.commit({"ack": {"seq": upto, "gone": gone, "rejected": count}})
            self.outbox.forget(gone)
        if upto >= state.next_seq:
            self._skip(upto + 1)
        self.outbox.missed(sorted(missing & state.pending.keys()))

    def refused(self, channel, text, why):
        """Give up what is refused by itself, for it would stop all others: never without a word.

        An event is journalled as rejected. It is held like the last acknowledged ones, so that
        `event.resend` finds it; the platform sees its number missing.
        """
        pending = self.state.pending.items()
        gone = [seq for seq, held in pending if channel == "evt" and held == text]
        if gone:
            self.commit({"ack": {"seq": 0, "gone": gone, "rejected": len(gone)}})
            self.outbox.forget(gone)
        what = f"event {gone[0]}" if gone else "no event, or one given up before,"
        serial = self.config.serial
        log.error("%s: %s is given up: %s: %s %s", serial, what, why, channel, text[:SHOWN])

    def _skip(self, first):
        """The platform knows later events than this journal: never use their numbers again."""
        self.commit({"skip": first})
        self.outbox.forget(list(self.outbox.flight))
        for seq in self.state.pending:
            self.outbox.add(seq)

    # what leaves

    def emit(self, now, kind, data, corr=None, at=None, **changes):
        """Journal one event together with the changes that it tells of; returns its number."""
        return self.emit_all(now, [(kind, data, corr)], at=at, **changes)

    def emit_all(self, now, events, at=None, **changes):
        """Journal several events and changes in one record; returns the last number.

        `at` is a device time in seconds for events of the past, which are then historical.
        """
        seq, envelopes = self.state.next_seq, []
        for offset, (kind, data, corr) in enumerate(events):
            numbered = {"seq": seq + offset, "hist": at is not None or not self.outbox.online}
            envelopes.append(self.envelope(kind, now, data, corr, at, numbered))
            self._hold_against_contract("evt", envelopes[-1])
        self.commit({"evt": envelopes} | changes)
        for envelope in envelopes:
            self.note(now, f"event {envelope['seq']} {envelope['type']}")
            self.outbox.add(envelope["seq"], envelope["type"] in URGENT)
        return self.state.next_seq - 1

    def envelope(self, kind, now, data, corr=None, at=None, numbered=None):
        """The envelope of docs/protocol §2 around data."""
        local = self.clock.read(now)
        head = {"id": self.ids.uuid7(local), "epoch": self.state.epoch}
        head |= {"boot": self.boot_id, "ts": clock.stamp(local if at is None else at)}
        head["ts_q"] = self.clock.quality(now) if at is None else "synced"
        head |= {"hist": False} | (numbered or {}) | {"type": kind}
        return head | ({"corr": corr} if corr else {}) | {"data": data}

    def _message(self, suffix, kind, now, data, corr=None, qos=1, retain=False):
        envelope = self.envelope(kind, now, data, corr)
        self._hold_against_contract(suffix, envelope)
        return Message(f"up/{suffix}", dump(envelope), qos, retain)

    def _hold_against_contract(self, channel, message):
        """Own up to what breaks it; the platform is to find it as well, so it goes on."""
        if not schema.sound(channel, message):
            self.unsound += 1
            faults = "; ".join(schema.faults(channel, message)[:3])
            kind = message.get("type", channel)
            log.error("%s: %s breaks the protocol: %s", self.config.serial, kind, faults)

    def send(self, suffix, kind, now, data, **how):
        """Say something that is not journalled; unsaid while the line is down."""
        if self.outbox.online:
            self.out.append(self._message(suffix, kind, now, data, **how))

    def note(self, now, text):
        """A line of the diary, which lives as long as the power does."""
        self.diary.appendleft(f"{clock.stamp(self.clock.read(now))} {text}")

    def commit(self, record):
        """Journal, then change: the only way in which the state of a device changes."""
        self.journal.append(record)
        self.state.apply(record)
        if self.journal.size > self._compact_at:
            self.journal.compact(self.state.snapshot())
            self._compact_at = 2 * self.journal.size + COMPACT_AT

    # the passing of time

    def tick(self, now):
        """Do what time brings: finish vends, send what is due, tell the temperature."""
        self.vending.tick(now)
        self.commands.tick(now)
        self.service.tick(now)
        self.asking.tick(now)
        self._telemetry(now)
        for payload in self.outbox.due(now):
            self._publish_events(payload)

    def _publish_events(self, payload):
        self.out.append(Message("up/evt", payload))
        if self.chance.random() < self.options.duplicate_rate:
            self.out.append(Message("up/evt", payload))
            self.outbox.duplicates += payload.count('"seq":')

    def _telemetry(self, now):
        if self.outbox.online and self.options.tele and now >= self._tele_at:
            self._tele_at = now + self.shadow.tele_seconds()
            self.send("tele", "tele", now, self.climate.measure(now), qos=0)

    def measure_within(self, seconds, now):
        """The next readings come no later than this, whatever the pace was before."""
        self._tele_at = min(self._tele_at, now + seconds)

    def wake(self, now):
        """The next time at which `tick` has something to do."""
        tele = self._tele_at if self.outbox.online and self.options.tele else NEVER
        parts = (self.outbox, self.vending, self.commands, self.service, self.asking)
        return min(tele, *(part.wake(now) for part in parts))


def _read_ack(ack):
    """(ack_seq, missing, rejected) of an acknowledgement; None where it makes no sense."""
    try:
        missing = {int(seq) for seq in ack.get("missing") or ()}
        refused = {int(entry["seq"]) for entry in ack.get("rejected") or ()}
        return int(ack.get("ack_seq") or 0), missing, refused
    except (TypeError, ValueError, KeyError, OverflowError):
        return None


def _covered(pending, upto, missing, refused):
    gone = []
    for seq in pending:
        if seq in refused or (seq <= upto and seq not in missing):
            gone.append(seq)
        elif seq > upto and not refused:
            break
    return gone
