# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a machine knows. It changes by journal records only, so that reading them again is enough.

A record is a dict; each key is one kind of change and has a method `on_<key>` here. All of a
record happens or none of it does.
"""

import json
from collections import Counter

KEPT = 50  # acknowledged events that can still be sent again (event.resend)
ANSWERS = 500  # answers to commands that can be repeated
CASH = {"coins": "0", "notes": "0", "tubes": "0", "meter": "0", "total": "0"}
PLAIN = ("epoch", "next_seq", "boots", "acked", "vends", "commands", "slots", "cash", "desired")
PLAIN += ("locked", "fw", "faults", "sold", "attempts", "door", "pending_update", "rejected")


def dump(message):
    """A message as it goes over the wire: the same bytes each time it is sent."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


class State:
    """State of one machine.

    `pending` maps the sequence number of every event that the platform has not acknowledged to
    its text; `vends` holds the vends of the platform and the local ones in hand; `sold` is every
    finished attempt to sell, by vend id, which is what a report is made of.
    """

    def __init__(self, fw="2.4.1"):
        self.epoch, self.fw = 0, fw
        self.next_seq, self.boots, self.acked, self.rejected = 1, 0, 0, 0
        self.pending, self.kept = {}, {}
        self.vends, self.commands, self.sold, self.attempts = {}, {}, {}, 0
        self.slots, self.meters, self.cash = {}, {}, dict(CASH)
        self.desired, self.pending_update = None, None
        self.locked, self.door, self.faults = False, "closed", {}

    def apply(self, record):
        """Carry out one journal record."""
        for key, value in record.items():
            getattr(self, f"on_{key}")(value)

    @property
    def version(self):
        """Version of the applied planogram; 0 without one."""
        return self.desired["version"] if self.desired else 0

    # the journal of events

    def on_evt(self, events):
        """Events were journalled."""
        for event in events:
            self.pending[event["seq"]] = dump(event)
            self.next_seq = event["seq"] + 1

    def on_ack(self, ack):
        """The platform has stored these; `ack` is `{"gone": [seq…], "seq": n}`."""
        for seq in ack["gone"]:
            if seq in self.pending:
                self.kept[seq] = self.pending.pop(seq)
        while len(self.kept) > KEPT:
            self.kept.pop(next(iter(self.kept)))
        self.acked = max(self.acked, ack["seq"])
        self.rejected += ack.get("rejected", 0)

    def on_skip(self, first):
        """Sequence numbers below `first` were used in a life that this journal forgot."""
        events = [json.loads(text) for text in self.pending.values()]
        self.pending, self.next_seq = {}, first
        self.on_evt([event | {"seq": first + at} for at, event in enumerate(events)])

    def on_epoch(self, epoch):
        """A new board: an empty journal that counts from 1."""
        self.epoch, self.next_seq, self.acked = epoch, 1, 0
        self.pending, self.kept, self.commands, self.vends = {}, {}, {}, {}

    # vends and their slots

    def on_vend(self, vends):
        """Vends as they stand now; None forgets one."""
        for vend_id, vend in vends.items():
            if vend is None:
                self.vends.pop(vend_id, None)
            else:
                self.vends[vend_id] = self.vends.get(vend_id, {}) | vend

    def on_sold(self, entries):
        """Finished attempts to sell."""
        for entry in entries:
            self.sold[entry["vend_id"]] = entry
            self.attempts += 1

    def on_slot(self, slots):
        """Slots as they stand now, field by field; None removes one."""
        for code, values in slots.items():
            if values is None:
                self.slots.pop(code, None)
            else:
                self.slots[code] = self.slots.get(code, {}) | values

    def on_meter(self, counts):
        """Counters since initialisation: `[slot, price, count]`."""
        for slot, price, count in counts:
            self.meters.setdefault(slot, Counter())[price] += count

    # the rest

    def on_boot(self, _boot):
        """A power-up, counted so that no random source starts twice the same."""
        self.boots += 1

    def on_cmd(self, answers):
        """Answers to commands, as they would be repeated."""
        self.commands |= answers
        while len(self.commands) > ANSWERS:
            self.commands.pop(next(iter(self.commands)))

    def on_fault(self, faults):
        """Faults raised, or cleared where None."""
        for key, fault in faults.items():
            if fault is None:
                self.faults.pop(key, None)
            else:
                self.faults[key] = fault

    def on_set(self, values):
        """Plain values: cash, desired, locked, door, fw, pending_update."""
        for key, value in values.items():
            setattr(self, key, value)

    # compaction

    def snapshot(self):
        """One record that stands for the whole of the state."""
        plain = {key: getattr(self, key) for key in PLAIN}
        events = {"pending": list(self.pending.items()), "kept": list(self.kept.items())}
        return {"snapshot": plain | events | {"meters": self.meters}}

    def on_snapshot(self, snapshot):
        """Become what a snapshot says."""
        for key in PLAIN:
            setattr(self, key, snapshot[key])
        self.pending, self.kept = dict(snapshot["pending"]), dict(snapshot["kept"])
        self.meters = {slot: Counter(counts) for slot, counts in snapshot["meters"].items()}
