# SPDX-License-Identifier: LGPL-3.0-or-later
"""The rules that the kit can check, by paragraph of docs/protocol, and what became of them."""

import json
import threading

from fleet import schema

DEVICE = {
    "1.topics": "speaks only on the six topics below its own up/",
    "1.qos": "QoS 1, and 0 for readings",
    "1.retained": "state and reported are retained, nothing else",
    "1.payload": "UTF-8 JSON, at most 32 KiB and 8 levels",
    "1.array": "1 to 50 events in an array, and only events",
    "1.unknown_fields": "ignores fields that it does not know",
    "2.envelope": "every message has the fields of the envelope",
    "2.id": "id is a UUIDv7 of that message alone",
    "2.epoch": "epoch is a whole number from 1 and stays",
    "2.seq": "events count one by one, other messages do not",
    "2.identity": "an event that is sent again is the same event",
    "2.boot": "boot names the power-up: the same within it, another after it",
    "2.hist": "what happened after its goodbye and before its birth says hist",
    "2.time": "ts is a time with an offset, ts_q one of its three words",
    "2.type": "type is that of the topic or a text for events",
    "2.readings": "readings are finite and possible",
    "3.missing": "sends again what the platform misses",
    "3.kept": "keeps an unconfirmed event over a restart and sends it again",
    "3.epoch": "a confirmation of another epoch means nothing",
    "3.forgotten": "does not send again what was confirmed",
    "3.rejected": "goes on after a rejected event",
    "3.nonsense": "survives messages that make no sense",
    "3.above": "counts on above a number that the platform knows and it does not",
    "4.birth": "birth comes first in a session and says what §4 lists",
    "4.online": "says that it is online after birth",
    "4.offline": "offline is said for it, or by it, when it goes",
    "4.will": "the broker says offline for it, QoS 1 and retained, when its line breaks",
    "4.next_seq": "next_seq is above every number that was used",
    "4.rate": "at most 5 events per second on average",
    "4.session": "a command that was sent while it was away arrives",
    **{f"5.{kind}": f"{kind} has the data of its type" for kind in schema.types("evt")},
    "6.phases": "accepted, then started, then result, each naming the vend",
    "6.answer": "the command ends as the vend did",
    "6.repeat": "the same vend by another command: the stored result, no second movement",
    "6.restart": "the same after a restart",
    "6.expired": "an authorisation past its time is rejected: expired",
    "6.wrong_price": "another price is rejected: wrong_price",
    "6.stale_planogram": "a later version is rejected: stale_planogram",
    "6.unknown_slot": "a slot that is not there is rejected: unknown_slot",
    "6.empty": "more than the slot can hold is rejected: empty",
    "6.busy": "another vend while one is under way is rejected: busy",
    "6.duplicate": "the same vend while it is under way moves once and is not rejected",
    "6.age_required": "wine for adults without a check is rejected: age_required",
    "6.maintenance": "a locked machine rejects: maintenance",
    "6.cancelled": "a cancellation before acceptance is honoured, and nothing moves",
    "6.cancel": "a cancellation after acceptance is not honoured",
    "7.life": "received, perhaps in_progress, then one end, each naming the command",
    "7.repeat": "the same id again: the stored answer, nothing else",
    "7.expired": "a command past exp is not carried out",
    "7.unknown": "an unknown type is rejected",
    "7.arguments": "arguments that make no sense are rejected",
    "7.counter.request": "is followed by counter.snapshot",
    "7.cash.request": "is followed by cash.level",
    "7.log.request": "an excerpt comes in detail",
    "7.door.unlock": "is followed by door",
    "7.event.resend": "the events of the range come again",
    "7.machine.lock": "lock and unlock are carried out",
    "7.machine.reboot": "is followed by a birth with a new boot",
    "7.firmware.signature": "firmware with a false signature is refused",
    "7.firmware.update": "signed firmware is fetched, and runs in the next birth",
    "8.applied": "reports the wanted version and its sha256",
    "8.settings": "applies the same version with another sha256: a setting was changed",
    "8.whole": "applies nothing of a version with an error, and reports it",
    "8.older": "an older version changes nothing",
    "9.tls": "it speaks at a port that answers TLS alone",
}

PLATFORM = {
    "1.qos": "QoS 1 below down/, only desired is retained",
    "1.payload": "UTF-8 JSON objects, at most 32 KiB and 8 levels",
    "1.unknown_fields": "ignores fields that it does not know",
    "1.platform": "platform/state is retained, QoS 1, and says online while the platform listens",
    "1.unknown_type": "stores and confirms an event of an unknown type",
    "3.form": "evt_ack has epoch, ack_seq, missing and rejected",
    "3.stored": "confirms an event",
    "3.array": "confirms the events of an array",
    "3.duplicate": "confirms a repeated event and takes it once",
    "3.gap": "names a missing number until it comes",
    "3.neighbours": "a rejected event does not hold up its neighbours",
    "3.schema": "rejects an event without its fields: schema",
    "3.identity_conflict": "rejects another event under a used number: identity_conflict",
    "3.unknown_epoch": "rejects an epoch that it never gave: unknown_epoch",
    "3.foreign_machine": "rejects an event that names another machine: foreign_machine",
    "3.too_large": "rejects an event above 32 KiB: too_large",
    "3.too_deep": "rejects an event of more than 8 levels: schema",
    "3.too_long": "loses nothing of an array of more than 50 events",
    "3.nonsense": "goes on after messages that make no sense",
    "4.birth": "answers birth with evt_ack",
    "6.auth": "answers auth.request within 3 s",
    "6.late": "answers a late vend.accepted with vend.cancel",
    "7.form": "a command has id (UUIDv7), type, exp and args",
    "7.expiry": "the message expiry of a command is its exp",
    "7.followed": "what was answered to its end does not come again after a birth",
    "7.resend": "asks for a missing event by event.resend",
    "8.behind": "a desired_version that is behind finds the retained desired",
    "8.desired": "desired has version, sha256 and a planogram of whole lines",
    "9.tls": "the line is TLS",
    "9.anonymous": "nobody connects without a credential",
    "9.password": "nobody connects with a wrong password",
    "9.write": "nobody writes below another machine",
    "9.write_down": "a machine does not write below its own down/",
    "9.read": "a machine hears nothing but its own down/, by no wildcard",
}


class Verdicts:
    """What became of each rule of a catalogue; may be told from several threads."""

    def __init__(self, catalogue):
        self.catalogue, self.passed, self.failed = catalogue, set(), {}
        self._lock = threading.Lock()

    def ok(self, rule):
        """The rule was kept."""
        self._note(rule, None)

    def bad(self, rule, evidence):
        """The rule was broken; the first evidence is kept."""
        self._note(rule, evidence)

    def _note(self, rule, evidence):
        if rule not in self.catalogue:
            raise KeyError(f"no such rule: {rule}")
        with self._lock:
            if evidence is None:
                self.passed.add(rule)
            else:
                self.failed.setdefault(rule, str(evidence)[:300])

    def check(self, rule, kept, evidence):
        """One observation; returns whether the rule was kept."""
        self._note(rule, None if kept else evidence)
        return bool(kept)

    def of(self, rule):
        """pass, fail or not seen."""
        if rule in self.failed:
            return "fail"
        return "pass" if rule in self.passed else "not seen"

    def rows(self):
        """(rule, verdict, text, evidence) of every rule, in the order of the paragraphs."""
        return [(rule, self.of(rule), text, self.failed.get(rule, ""))
                for rule, text in self.catalogue.items()]  # fmt: skip

    def counts(self):
        """Number of rules by verdict."""
        found = [self.of(rule) for rule in self.catalogue]
        return {verdict: found.count(verdict) for verdict in ("pass", "fail", "not seen")}

    def table(self):
        """All of it for a terminal: failures carry their evidence."""
        lines = []
        for rule, verdict, text, evidence in self.rows():
            lines.append(f"{verdict:8}  §{rule:22}  {text}")
            lines += [f"{'':10}{evidence}"] if evidence else []
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.counts().items())
        return "\n".join([*lines, "", f"{len(self.catalogue)} rules: {counts}"])

    def json(self):
        """All of it for a machine."""
        keys = ("rule", "verdict", "text", "evidence")
        rows = [dict(zip(keys, row, strict=True)) for row in self.rows()]
        return json.dumps({"counts": self.counts(), "rules": rows}, indent=1, ensure_ascii=False)
