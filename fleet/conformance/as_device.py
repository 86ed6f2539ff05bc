# SPDX-License-Identifier: LGPL-3.0-or-later
"""The kit plays a device: trials of a platform, with the credential of one machine.

It writes real events into the platform: a door, a remark of severity info, and what is refused,
which goes to quarantine and raises an alert. Use a machine that nobody sells from. No number of
the machine's epoch is left out, so that a device can go on counting afterwards.
"""

import secrets
import time
import uuid

from fleet import clock, schema
from fleet.conformance import messages
from fleet.conformance.doorline import DoorLine
from fleet.conformance.follows import REQUESTS, Follows
from fleet.conformance.line import Line
from fleet.conformance.spoilt import Spoilt
from fleet.ids import Ids

OWN = b'{"conformance":true}'  # what the kit itself tries to write below down/
DOWN = ("cmd", "desired", "evt_ack")


class Device:
    """All trials of one platform.

    Seconds: `patience` is the longest wait for a confirmation, `quiet` how long nothing may come,
    `answer_time` the longest wait for what must be answered within 3, `resend` how long it may take
    until the platform asks for a missing event, `attend` how long somebody there may need to do
    what `ask` says; where these two are 0 nothing of the kind is tried.
    """

    def __init__(self, config, machine, verdicts, patience=10.0, quiet=1.5, answer_time=6.0,
                 resend=0.0, attend=0.0, ask=print):  # fmt: skip
        self.config, self.machine, self.verdicts = config, machine, verdicts
        self.check, self.patience, self.quiet = verdicts.check, patience, quiet
        self.answer_time, self.resend, self.attend, self.ask = answer_time, resend, attend, ask
        self.base = config.topic(machine.uuid, "").rstrip("/")
        self.state_topic = config.topic("platform", "state")
        self.account = (machine.username, machine.password)
        self.line = self._line(machine.uuid, self.account, self._hear)
        self.ids, self.boot = Ids(), str(uuid.uuid4())
        self.acks, self.commands, self.other = [], [], []
        self.seq, self.follows = 0, Follows(self)

    def _line(self, name, account, listener=lambda heard: None):
        if self.config.door:
            return DoorLine(self.config, self.base, account, listener)
        return Line(self.config.broker, name, account, listener)

    def run(self):
        """Make the trials; False where the platform never answered the birth."""
        door = self.config.door
        tls = door.startswith("https:") if door else self.config.broker.tls
        self.check("9.tls", tls, "the platform is spoken to in plain words")
        reason = self.line.connect()
        if reason is None or reason.is_failure:
            raise OSError(f"the broker refuses the machine: {reason}")
        try:
            return self._trials()
        finally:
            self.line.close()

    def _trials(self):
        self.line.subscribe_retained(*(f"{self.base}/down/{name}" for name in DOWN))
        self.line.subscribe_retained(self.state_topic)
        if not self.born():
            return False
        follows, spoilt = self.follows, Spoilt(self)
        topics = (self.access, follows.listens)  # the door has none
        for trial in (follows.listens, follows.behind, self.stored, self.repeated, self.gap,
                      self.refused, spoilt.large, spoilt.deep, spoilt.long, self.nonsense,
                      self.request, follows.followed, self.late, self.access,
                      self.strangers):  # fmt: skip
            if not (self.config.door and trial in topics):
                trial()
        self._say("state", self._envelope("state", {"state": "offline"}), retain=True)
        return True

    # hearing

    def _hear(self, heard):
        suffix = heard.topic.removeprefix(f"{self.base}/down/")
        if heard.topic == self.state_topic:
            return self._read(heard, "platform/state", self.follows.hear_state)
        if not heard.topic.startswith(f"{self.base}/down/") or suffix not in DOWN:
            return self.other.append(heard.topic)
        retained = suffix == "desired"
        fine = heard.qos == 1 and heard.retain == retained
        if heard.payload == OWN:
            return None
        if not self.config.door:
            self.check("1.qos", fine, f"{suffix}: QoS {heard.qos}, retained {heard.retain}")
        return self._read(heard, suffix, getattr(self, f"_{suffix}"))

    def _read(self, heard, suffix, take):
        try:
            document = messages.load(heard.payload)
            fits = isinstance(document, dict)
        except (ValueError, RecursionError) as error:
            fits, document = False, error
        if self.check("1.payload", fits, f"{suffix}: {str(document)[:80]}"):
            take(heard, document)

    def _evt_ack(self, _heard, ack):
        wrong = schema.faults("evt_ack", ack)
        if self.check("3.form", not wrong, wrong):
            self.acks.append(ack)

    def _cmd(self, heard, command):
        wrong = schema.faults("cmd", command)
        wrong = wrong or (not messages.uuid7(command.get("id")) and f"id {command.get('id')!r}")
        self.check("7.form", not wrong, wrong)
        self.commands.append((time.monotonic(), command))
        if wrong:
            return
        try:
            left = clock.parse(command["exp"]) - time.time()
        except ValueError as error:
            return self.verdicts.bad("7.form", error)
        told = heard.expiry is not None and abs(heard.expiry - left) <= 5
        if not self.config.door:
            self.check("7.expiry", told, f"message expiry {heard.expiry}, exp in {left:.0f} s")
        if command["type"] in self.follows.kept:
            self.follows.back.append(command)
        else:
            self.answer(command, "rejected", "unsupported")
        return None

    def _desired(self, _heard, document):
        wrong = schema.faults("desired", document)
        self.check("8.desired", not wrong, wrong)
        self.follows.wanted.append(document)

    # speaking

    def _say(self, channel, content, **how):
        return self.line.say(f"{self.base}/up/{channel}", content, **how)

    def _envelope(self, kind, data, **more):
        now = time.time()
        head = {"id": self.ids.uuid7(now), "epoch": self.machine.epoch, "boot": self.boot}
        head |= {"ts": clock.stamp(now), "ts_q": "synced", "hist": False, "type": kind}
        return head | {"data": data} | more

    def answer(self, command, status, code=None):
        """Say what became of a command."""
        if status != "received":
            self.follows.ended.add(command["id"])
        data = {"cmd": command["id"], "status": status} | ({"code": code} if code else {})
        self._say("ack", self._envelope("ack", data, corr=command["id"]))

    def tell(self, kind, data, corr):
        """Say the next event, of a vend or a request."""
        self.seq += 1
        self._say("evt", self._envelope(kind, data, seq=self.seq, corr=corr))

    def event(self, state="closed", **more):
        """The next event: a door that nobody opened."""
        self.seq += 1
        data = {"state": state, "by": "conformance"}
        return self._envelope("door", data, seq=self.seq) | more

    def covered(self, seq, mark, seconds=None):
        """The confirmation since a mark that says that a number is stored, or None in time."""

        def found():
            return next((ack for ack in self.acks[mark:] if ack["epoch"] == self.machine.epoch
                         and ack["ack_seq"] >= seq and seq not in ack["missing"]
                         and seq not in refused_by(ack)), None)  # fmt: skip

        return self.line.wait(found, self.patience if seconds is None else seconds)

    def code(self, seq, mark, epoch=None):
        """The code with which a number is rejected since a mark, or None in time."""
        epoch = epoch or self.machine.epoch

        def found():
            codes = [refused_by(ack).get(seq) for ack in self.acks[mark:] if ack["epoch"] == epoch]
            return next(filter(None, codes), None)

        return self.line.wait(found, self.patience)

    def birth(self):
        """Begin a session."""
        data = {"fw": "conformance", "proto": 1, "caps": [], "next_seq": self.seq + 1,
                "desired_version": 0, "slots": 0}  # fmt: skip
        self._say("birth", self._envelope("birth", data))
        self._say("state", self._envelope("state", {"state": "online"}), retain=True)

    # trials

    def born(self):
        """Birth, and what the platform has."""
        mark = len(self.acks)
        self.birth()

        def answered():
            return [ack for ack in self.acks[mark:] if ack["epoch"] == self.machine.epoch]

        told = self.line.wait(answered, self.patience)
        self.check("4.birth", told, "no evt_ack of the machine's epoch after birth")
        self.seq = max((ack["ack_seq"] for ack in told), default=0)
        return bool(told)

    def _sent(self, rule, content, seqs, what):
        mark = len(self.acks)
        self._say("evt", content)
        late = [seq for seq in seqs if not self.covered(seq, mark)]
        return self.check(rule, not late, f"{what}: not confirmed {late}")

    def stored(self):
        """One event, an array, an unknown type, unknown fields."""
        self._sent("3.stored", self.event(), [self.seq], "one event")
        array = [self.event() for _ in range(3)]
        self._sent("3.array", array, [event["seq"] for event in array], "an array")
        unknown = self.event(type="conformance.unknown")
        self._sent("1.unknown_type", unknown, [self.seq], "an unknown type")
        more = self.event(conformance={"a": [1]})
        more["data"]["conformance"] = True
        self._sent("1.unknown_fields", more, [self.seq], "unknown fields")

    def repeated(self):
        """The same event twice: confirmed, not rejected, and the next one counts on."""
        event, mark = self.event(), len(self.acks)
        self._say("evt", event)
        self.covered(self.seq, mark)
        mark = len(self.acks)
        self._say("evt", event)
        again, codes = self.covered(self.seq, mark), [refused_by(ack) for ack in self.acks[mark:]]
        refused = any(self.seq in refused for refused in codes)
        self.check("3.duplicate", again and not refused, f"confirmed: {again}, rejected: {refused}")

    def gap(self):
        """A number is left out, named, and told."""
        held, later, mark = self.event(), self.event(), len(self.acks)
        if self.resend:
            self.follows.kept.add("event.resend")
        self._say("evt", later)

        def named():
            return any(
                held["seq"] in ack["missing"] or ack["ack_seq"] < held["seq"]
                for ack in self.acks[mark:]
                if ack["epoch"] == self.machine.epoch
            )

        named = self.line.wait(named, self.patience)
        false = self.covered(held["seq"], mark, 0.1)
        asked, mark = self.resend and self.follows.resend(held["seq"]), len(self.acks)
        self._say("evt", held)
        healed = self.covered(held["seq"], mark)
        if asked:
            self.answer(asked, "succeeded")
        self.check(
            "3.gap",
            named and not false and healed,
            f"named: {bool(named)}, confirmed unseen: {false}, healed: {healed}",
        )

    def refused(self):
        """One bad event of each kind; its neighbours are stored."""
        first, bad, last = self.event(), self.event(), self.event()
        mark = len(self.acks)
        self._say("evt", [first, {"epoch": bad["epoch"], "seq": bad["seq"]}, last])
        self.refusal("3.schema", "schema", bad["seq"], mark)
        late = [seq for seq in (first["seq"], last["seq"]) if not self.covered(seq, mark)]
        self.check("3.neighbours", not late, f"not confirmed beside a rejected one: {late}")
        stands = self._heal()
        mark = len(self.acks)
        other = stands | {"id": self.ids.uuid7(time.time()), "data": {"state": "opened"}}
        self._say("evt", other)
        self.refusal("3.identity_conflict", "identity_conflict", stands["seq"], mark)
        mark, foreign = len(self.acks), self.event(machine=str(uuid.uuid4()))
        self._say("evt", foreign)
        self.refusal("3.foreign_machine", "foreign_machine", foreign["seq"], mark)
        self._heal()
        mark, never = len(self.acks), self.machine.epoch + 1000
        strange = self._envelope("door", {"state": "closed"}, seq=1) | {"epoch": never}
        self._say("evt", strange)
        self.refusal("3.unknown_epoch", "unknown_epoch", 1, mark, never)

    def refusal(self, rule, wanted, seq, mark, epoch=None):
        code = self.code(seq, mark, epoch)
        self.check(rule, code == wanted, f"seq {seq}: {code or 'no rejection'}")

    def _heal(self):
        """An event that counts on after a rejected number."""
        event, mark = self.event(), len(self.acks)
        self._say("evt", event)
        self.covered(self.seq, mark)
        return event

    def nonsense(self):
        """Bytes that are no message, on every topic; then a good event."""
        for channel in messages.CHANNELS:
            for payload in (b"", b"{", b"\xff\xfe\x00", b"[" * 2000, b"null", b"[]", b'{"seq":{}}',
                            b'{"epoch":{}}',
                            b'{"id":1e999,"seq":-1}'):  # fmt: skip
                self._say(channel, payload)
        self._sent("3.nonsense", self.event(), [self.seq], "after nonsense")

    def request(self):
        """Somebody stands at the device with a token that nobody gave."""
        asked = time.monotonic()
        self.request_by(secrets.token_hex(8))

        def answer():
            return next((at for at, command in self.commands if at >= asked
                         and str(command.get("type")) in REQUESTS), None)  # fmt: skip

        at = self.line.wait(answer, self.answer_time)
        took = f"{at - asked:.1f} s" if at else f"no answer in {self.answer_time:g} s"
        self.check("6.auth", at and at - asked <= 3.0, took)

    def request_by(self, token):
        """A member's token is held to the reader."""
        request = self.ids.uuid7(time.time())
        data = {"request_id": request, "kind": "member", "token": token}
        self.tell("auth.request", data, request)

    def late(self):
        """Where somebody is there to authorise a vend."""
        if self.attend:
            self.follows.late()

    # access

    def access(self):
        """§9: the broker lets the machine write and read its own, and nothing else."""
        stranger = self.config.topic(str(uuid.uuid4()), "up/tele")
        code = self.line.ask(stranger, self._envelope("tele", {}))
        self.check("9.write", code is not None and code.is_failure, f"to another's up/: {code}")
        code = self.line.ask(f"{self.base}/down/evt_ack", OWN)
        self.check("9.write_down", code is not None and code.is_failure, f"to its down/: {code}")
        root, tenant = self.config.root, self.config.tenant
        for topic in ("#", f"{root}/#", f"{root}/{tenant}/+/up/#", f"{root}/+/+/down/#"):
            self.line.subscribe(topic)
        self._say("state", self._envelope("state", {"state": "online"}), retain=True)
        self._sent("3.stored", self.event(), [self.seq], "one more event")
        time.sleep(self.quiet)
        self.check("9.read", not self.other, f"it hears {self.other[:3]}")

    def strangers(self):
        """Nobody connects without the credential."""
        name = f"conformance-{secrets.token_hex(4)}"
        wrong = (self.machine.username, secrets.token_hex(16))
        for rule, account in (("9.anonymous", (None, None)), ("9.password", wrong)):
            line = self._line(name, account)
            try:
                reason = line.connect(3.0)
            except OSError:
                reason = None
            finally:
                line.close()
            let_in = reason is not None and not reason.is_failure
            self.check(rule, not let_in, "it is let in")


def refused_by(ack):
    """Codes by number of a confirmation."""
    return {entry.get("seq"): entry.get("code") for entry in ack["rejected"]}
