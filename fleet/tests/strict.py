# SPDX-License-Identifier: LGPL-3.0-or-later
"""A platform that keeps docs/protocol whole, and can break one rule of it on purpose."""

import json
import re
import time

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fleet import clock, schema
from fleet.conformance import messages
from fleet.ids import Ids
from fleet.tests import standin

MAX_BYTES = 32 * 1024


class Strict(standin.Platform):
    """Refuses with codes, answers requests. `flaw` is the name of the one rule that it breaks."""

    def __init__(self, config, flaw=None, account=None):
        super().__init__(config, account=account)
        self.flaw, self.refused, self.ids = flaw, [], Ids()
        self.epochs = {entry["uuid"]: entry["epoch"] for entry in config["machines"]}
        self.told, self.ends = [], {}
        self.client.on_connect = lambda client, *_: self._connected(client)

    def _connected(self, client):
        client.subscribe(f"{self.root}/+/up/#", 1)
        state = {"state": "online", "ts": clock.stamp(time.time())}
        self.client.publish(f"{self.root}/platform/state", json.dumps(state), 1,
                            retain=self.flaw != "1.platform")  # fmt: skip

    def desire(self, document, machines=None):
        if self.flaw != "8.behind":
            super().desire(document, machines)

    def authorise(self, machine, seconds=1.0):
        """A vend of one bottle, soon over; returns its id."""
        expires = clock.stamp(time.time() + seconds)
        args = standin.authorisation(expires_at=expires)
        self._command(machine, "vend.authorize", args, seconds)
        self.ends[args["vend_id"]] = time.time() + seconds
        return args["vend_id"]

    def _message(self, _client, _userdata, message):
        machine, _up, kind = message.topic.removeprefix(self.root + "/").split("/")
        try:
            document = self._read(message.payload)
        except (ValueError, RecursionError):
            if self.flaw == "3.nonsense" and len(message.payload) <= MAX_BYTES:
                self.flaw = "silent"
            return
        with self.lock:
            if kind == "birth" and self.flaw != "4.birth":
                self._confirm(machine, self.epochs[machine], [])
                self._again(machine)
            elif kind == "ack" and not schema.faults(kind, document) and self.flaw != "7.followed":
                self.told = [row for row in self.told if row[1]["id"] != document["data"]["cmd"]]
            elif kind == "evt":
                self._evt(machine, document)

    def _read(self, payload):
        try:
            document = json.loads(payload)
        except RecursionError:  # the kit's own depths
            document = json.loads(re.sub(rb'(?:\{"x":)+1\}+', b"0", payload))
        if not isinstance(document, dict | list):
            raise ValueError("no message")
        return document

    def _evt(self, machine, events):
        if self.flaw == ("3.array" if isinstance(events, list) else "3.stored"):
            return
        events = events if isinstance(events, list) else [events]
        codes = [(event, self._code(machine, event)) for event in events]
        if self.flaw == "3.too_long" and len(events) > messages.MAX_EVENTS:
            codes = [(event, "too_large") for event in events]
        if self.flaw == "3.neighbours" and any(code for _event, code in codes):
            codes = [(event, code) for event, code in codes if code]
        told = [event.get("epoch") for event in events if isinstance(event, dict)]
        epochs = {epoch for epoch in told if type(epoch) is int}
        for event, code in codes:
            if code is None:
                self.events[machine][event["epoch"], event["seq"]] = event
                self._asked(machine, event)
                self._accepted(machine, event)
        refused = [(event, code) for event, code in codes if code and isinstance(event, dict)]
        for epoch in epochs:
            self._confirm(machine, epoch, [
                {"seq": event["seq"], "code": code} for event, code in refused
                if event.get("epoch") == epoch and isinstance(event.get("seq"), int)
            ])  # fmt: skip

    def _code(self, machine, event):
        """The code with which an event is refused, or None."""
        if not isinstance(event, dict):
            return "schema"
        if event.get("machine", machine) != machine:
            return self._broken("3.foreign_machine", "foreign_machine")
        if len(json.dumps(event)) > MAX_BYTES:
            return self._broken("3.too_large", "too_large")
        if messages.depth(event) > messages.MAX_DEPTH or event.get("data") == 0:
            return self._broken("3.too_deep", "schema")
        unknown = self.flaw == "1.unknown_type" and event.get("type") not in schema.types("evt")
        extra = self.flaw == "1.unknown_fields" and "conformance" in event
        if schema.faults("evt", event) or unknown or extra:
            return self._broken("3.schema", "schema")
        if event["epoch"] != self.epochs[machine]:
            return self._broken("3.unknown_epoch", "unknown_epoch")
        stored = self.events[machine].get((event["epoch"], event["seq"]))
        if stored and (stored != event or self.flaw == "3.duplicate"):
            return self._broken("3.identity_conflict", "identity_conflict")
        return None

    def _broken(self, rule, code):
        wrong = "schema" if code == "too_large" else "too_large"
        return wrong if self.flaw == rule else code

    def _confirm(self, machine, epoch, rejected):
        seqs = {seq for at, seq in self.events[machine] if at == epoch}
        gone = {entry["seq"] for entry in rejected if (epoch, entry["seq"]) not in
                self.events[machine]}  # fmt: skip
        self.refused += [(epoch, seq) for seq in gone]
        seqs |= {seq for at, seq in self.refused if at == epoch}
        if epoch != self.epochs[machine]:
            seqs = set()
        top = max(seqs, default=0)
        missing = sorted(set(range(1, top + 1)) - seqs)
        if missing and self.flaw not in ("7.resend", "silent"):
            args = {"epoch": epoch, "from_seq": missing[0], "to_seq": missing[-1]}
            self._command(machine, "event.resend", args)
        if self.flaw == "3.gap":
            missing = []
        ack = {"epoch": epoch, "ack_seq": top, "missing": missing, "rejected": rejected}
        if self.flaw == "3.form":
            ack["ack_seq"] = str(top)
        if self.flaw != "silent":
            payload = b"[1]" if self.flaw == "1.payload" else json.dumps(ack)
            self.client.publish(f"{self.root}/{machine}/down/evt_ack", payload,
                                int(self.flaw != "1.qos"))  # fmt: skip

    def _asked(self, machine, event):
        """`auth.request` is denied at once."""
        if event["type"] != "auth.request" or self.flaw == "6.auth":
            return
        args = {"request_id": event["data"]["request_id"], "code": "unknown", "text": "?"}
        self._command(machine, "auth.deny", args)

    def _accepted(self, machine, event):
        """A vend that is accepted too late is cancelled."""
        vend_id = event["data"].get("vend_id")
        late = time.time() > self.ends.get(vend_id, float("inf"))
        if event["type"] == "vend.accepted" and late and self.flaw != "6.late":
            self._command(machine, "vend.cancel", {"vend_id": vend_id})

    def _command(self, machine, kind, args, seconds=10):
        now = time.time()
        command = {"id": self.ids.uuid7(now), "type": kind, "args": args}
        command |= {"exp": clock.stamp(now + seconds)}
        if self.flaw == "7.form" and kind == "auth.deny":
            command["id"] = "17"
        self.told.append((machine, command))
        self._send(machine, command, 0 if self.flaw == "7.expiry" else int(seconds))

    def _again(self, machine):
        """What the machine never answered, once more."""
        for known, command in self.told:
            left = clock.parse(command["exp"]) - time.time()
            if known == machine and left > 1:
                self._send(machine, command, 0 if self.flaw == "7.expiry" else int(left))

    def _send(self, machine, command, expiry):
        properties = Properties(PacketTypes.PUBLISH)
        if expiry:
            properties.MessageExpiryInterval = expiry
        topic = f"{self.root}/{machine}/down/cmd"
        self.client.publish(topic, json.dumps(command), 1, properties=properties)
