# SPDX-License-Identifier: LGPL-3.0-or-later
"""A platform that keeps docs/protocol whole, and can break one rule of it on purpose."""

import json
import time

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fleet import clock, schema
from fleet.ids import Ids
from fleet.tests import standin

MAX_BYTES = 32 * 1024


class Strict(standin.Platform):
    """Refuses with codes, answers requests. `flaw` is the name of the one rule that it breaks."""

    def __init__(self, config, flaw=None, account=None):
        super().__init__(config, account=account)
        self.flaw, self.refused, self.ids = flaw, [], Ids()
        self.epochs = {entry["uuid"]: entry["epoch"] for entry in config["machines"]}

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
            elif kind == "evt":
                self._evt(machine, document)

    def _read(self, payload):
        if len(payload) > MAX_BYTES and self.flaw != "3.too_large":
            raise ValueError("too large")
        document = json.loads(payload)
        if not isinstance(document, dict | list):
            raise ValueError("no message")
        return document

    def _evt(self, machine, events):
        events = events if isinstance(events, list) else [events]
        codes = [(event, self._code(machine, event)) for event in events]
        if self.flaw == "3.neighbours" and any(code for _event, code in codes):
            codes = [(event, code) for event, code in codes if code]
        told = [event.get("epoch") for event in events if isinstance(event, dict)]
        epochs = {epoch for epoch in told if type(epoch) is int}
        for event, code in codes:
            if code is None:
                self.events[machine][event["epoch"], event["seq"]] = event
                self._asked(machine, event)
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
        return "too_large" if self.flaw == rule else code

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
        now = time.time()
        args = {"request_id": event["data"]["request_id"], "code": "unknown", "text": "?"}
        command = {"id": self.ids.uuid7(now), "type": "auth.deny", "args": args}
        command |= {"exp": clock.stamp(now + 10)}
        if self.flaw == "7.form":
            command["id"] = "17"
        self._send(machine, command, 0 if self.flaw == "7.expiry" else 10)

    def _send(self, machine, command, expiry):
        properties = Properties(PacketTypes.PUBLISH)
        if expiry:
            properties.MessageExpiryInterval = expiry
        topic = f"{self.root}/{machine}/down/cmd"
        self.client.publish(topic, json.dumps(command), 1, properties=properties)
