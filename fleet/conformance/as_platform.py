# SPDX-License-Identifier: LGPL-3.0-or-later
"""The kit plays the platform: trials of a device, in the order in which they are made.

Trials of vends move a motor: they need a slot with bottles in it. Everything else takes nothing
out of the machine. The device is left unlocked, with the last good planogram, and it restarts.
"""

import base64
import secrets
from dataclasses import dataclass, field

from fleet import firmware
from fleet.conformance.bench import moment
from fleet.conformance.line import Line, answers_plainly
from fleet.conformance.serve import serving
from fleet.conformance.vends import Vends


@dataclass
class Plan:
    """What the trials may use.

    `desired` is a whole wanted shadow; its version is raised above what the device reports.
    `slot` holds bottles and may move; without it no vend is tried. `key` is a raw private Ed25519
    key of 32 bytes that the device trusts.
    """

    desired: dict | None = None
    slot: str | None = None
    key: bytes | None = None
    host: str = "127.0.0.1"
    image: bytes = b"conformance image"
    firmware_version: str = "conformance-1"
    attend: float = 30.0  # seconds in which the device has to appear
    replay: float = 330.0  # seconds until a backlog must have begun: §4 allows 300
    lines: list = field(default_factory=list)


class Trials:
    """All trials of one device."""

    def __init__(self, bench, plan):
        self.bench, self.plan, self.check = bench, plan, bench.verdicts.check
        self.version, self.sold = 0, None

    def run(self):
        """Make them; False where the device never appeared."""
        if not self.appears():
            return False
        for trial in (self.shadow, self.questions, self.commands, self.acknowledgement, self.vends,
                      self.lock, self.restart, self.cut, self.firmware, self.above):  # fmt: skip
            trial()
        self.bench.watch.finish()
        return True

    def appears(self):
        """A birth, or at least an answer to a command."""
        bench = self.bench
        born = bench.wait(0, "birth", seconds=self.plan.attend)
        if not born and bench.end(bench.command("counter.request")) is None:
            return False
        plain = not bench.line.broker.tls or answers_plainly(bench.line.broker)
        self.check("9.tls", not plain, "plain words are answered where it speaks")
        self._make(self.plan.replay)  # behind a backlog that may wait
        return True

    # shadow

    def shadow(self):
        """§8: a whole version or none, and an older one never."""
        if not self.plan.desired:
            return
        bench, wanted = self.bench, self.plan.desired
        reported = bench.since(0, "reported")
        known = reported[-1].data.get("version") if reported else 0
        self.version = max(known if type(known) is int else 0, wanted.get("version") or 0) + 1
        good = wanted | {"version": self.version}
        self.plan.lines = good["planogram"]
        mark = bench.mark()
        bench.say("desired", good, retain=True)
        told = bench.wait(mark, "reported", version=self.version)
        same = told and told.data.get("sha256") == good.get("sha256")
        self.check("8.applied", same, f"version {self.version}: reported {told and told.data}")
        self._settings(good)
        self._broken(good)
        self._older(good)

    def _settings(self, good):
        """The planogram is the same and a setting is not; `_older` takes it back."""
        bench, mark, digest = self.bench, self.bench.mark(), secrets.token_hex(32)
        config = (good.get("config") or {}) | {"tele_s": 120}
        bench.say("desired", good | {"sha256": digest, "config": config}, retain=True)
        told = bench.wait(mark, "reported", version=self.version, sha256=digest)
        self.check("8.settings", told, f"version {self.version} with another sha256: not reported")

    def _broken(self, good):
        """One bad price among good ones, under the next version."""
        bench, mark = self.bench, self.bench.mark()
        first, *others = good["planogram"]
        lines = [first | {"price": "a lot"}, *(line | {"price": "0.01"} for line in others)]
        bench.say("desired", good | {"version": self.version + 1, "planogram": lines}, retain=True)
        told = bench.wait(mark, "reported")
        data = told.data if told else {}
        whole = data.get("version") == self.version and bool(data.get("errors"))
        self.check("8.whole", whole, f"after a bad price: reported {data or 'nothing'}")

    def _older(self, good):
        """An older version arrives late; the retained one is the good one again."""
        bench, mark = self.bench, self.bench.mark()
        if self.version > 1:
            bench.say("desired", good | {"version": self.version - 1})
        bench.say("desired", good, retain=True)
        bench.wait(mark, "reported")
        versions = [said.data.get("version") for said in bench.since(mark, "reported")]
        older = [version for version in versions if version != self.version]
        if self.version > 1:
            self.check("8.older", not older, f"reported version {older[:1]}")

    # commands

    def questions(self):
        """§7: counters, cash, log and door; the life of a command and its repetition."""
        bench = self.bench
        for kind, event in (("counter.request", "counter.snapshot"), ("cash.request", "cash.level"),
                            ("door.unlock", "door")):  # fmt: skip
            mark = bench.mark()
            cmd, end = bench.carried_out(kind)
            told = bench.event(mark, event)
            fine = end.get("status") == "succeeded" and told
            self.check(f"7.{kind}", fine, f"answer {end}, {event}: {bool(told)}")
            self._life(cmd)
        self._again("cash.request", "cash.level")
        _cmd, end = bench.carried_out("log.request")
        excerpt = end.get("status") == "succeeded" and isinstance(end.get("detail"), str)
        self.check("7.log.request", excerpt and end["detail"], f"answer {end}")

    def _life(self, cmd):
        """received, then perhaps in_progress, then one end."""
        said = self.bench.since(0, "ack", cmd=cmd)
        words = [one.data.get("status") for one in said]
        order = words[:1] == ["received"] and words.count("received") == 1
        middle = set(words[1:-1]) <= {"in_progress"}
        named = all(one.message.get("corr") == cmd for one in said)
        ends = words[-1:] and words[-1] in ("succeeded", "failed", "rejected", "expired")
        self.check("7.life", order and middle and ends and named, f"{words}, corr {named}")

    def _again(self, kind, event):
        """The same id twice: the stored answer, and no second event."""
        bench = self.bench
        mark = bench.mark()
        cmd, end = bench.carried_out(kind)
        bench.event(mark, event)
        mark = bench.mark()
        bench.command(kind, cmd=cmd)
        repeated = bench.end(cmd, mark)
        twice = not bench.silence(mark, event)
        self.check("7.repeat", repeated == end and not twice,
                   f"first {end}, then {repeated}, carried out again: {twice}")  # fmt: skip

    def commands(self):
        """§7: expiry, unknown types, bad arguments, unknown fields, nonsense, resend."""
        bench, mark = self.bench, self.bench.mark()
        cmd = bench.command("cash.request", seconds=-5)
        end = bench.end(cmd) or {}
        done = not bench.silence(mark, "cash.level")
        self.check("7.expired", end.get("status") == "expired" and not done,
                   f"answer {end}, carried out: {done}")  # fmt: skip
        _cmd, end = bench.carried_out("conformance.unknown")
        self.check("7.unknown", end.get("status") == "rejected", f"answer {end}")
        args = {"epoch": "one", "from_seq": [], "to_seq": {}}
        _cmd, end = bench.carried_out("event.resend", args)
        self.check("7.arguments", end.get("status") == "rejected", f"answer {end}")
        _cmd, end = bench.carried_out("counter.request", {"conformance": 1}, conformance=[1])
        self.check("1.unknown_fields", end.get("status") == "succeeded", f"answer {end}")
        self._nonsense()
        self._resend()

    def _nonsense(self):
        bench = self.bench
        for suffix in ("cmd", "evt_ack", "desired"):
            for payload in (b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"id":{},"epoch":"x"}'):
                bench.say(suffix, payload)
        _cmd, end = bench.carried_out("counter.request")
        self.check("3.nonsense", end.get("status") == "succeeded", f"answer after it: {end}")

    def _resend(self):
        """The newest event again: it must be held, being the last one."""
        bench = self.bench
        if not bench.watch.seqs:
            return
        seq, mark = max(bench.watch.seqs), bench.mark()
        args = {"epoch": bench.watch.epoch, "from_seq": seq, "to_seq": seq}
        _cmd, end = bench.carried_out("event.resend", args)
        came = bench.line.wait(lambda: self._came(mark, seq), bench.patience)
        self.check("7.event.resend", end.get("status") == "succeeded" and came,
                   f"answer {end}, seq {seq} came: {bool(came)}")  # fmt: skip

    def _came(self, mark, seq):
        said = self.bench.since(mark, "evt")
        return [one for one in said if one.message.get("seq") == seq]

    # confirmation

    def acknowledgement(self):
        """§3: what is missing comes again, a rejected event holds nothing up."""
        bench = self.bench
        bench.holding = True
        event = self._make()
        if event:
            seq, mark = event.message.get("seq"), bench.mark()
            bench.confirm(bench.watch.epoch, ack_seq=seq, missing=[seq])
            came = bench.line.wait(lambda: self._came(mark, seq), bench.patience)
            self.check("3.missing", came, f"seq {seq} was named as missing and did not come")
            refused = [{"seq": seq, "code": "schema"}]
            bench.confirm(bench.watch.epoch, ack_seq=seq - 1, missing=[], rejected=refused)
            self.check("3.rejected", self._make(), "no event after a rejected one")
        bench.holding = False
        if bench.watch.seqs:
            bench.confirm(bench.watch.epoch)

    def _make(self, seconds=None):
        """An event that costs nothing, or None where none comes in time."""
        mark = self.bench.mark()
        self.bench.command("cash.request")
        return self.bench.event(mark, "cash.level", seconds)

    # vends

    def vends(self):
        """§6, with a slot to take bottles from."""
        if self.plan.slot and self.plan.lines:
            Vends(self).run()

    def lock(self):
        """Locked: no sale. Unlocked: as before."""
        bench = self.bench
        _cmd, locked = bench.carried_out("machine.lock")
        if self.plan.slot and self.plan.lines:
            Vends(self).rejected("6.maintenance", "maintenance")
        _cmd, free = bench.carried_out("machine.unlock")
        fine = locked.get("status") == free.get("status") == "succeeded"
        self.check("7.machine.lock", fine, f"lock {locked}, unlock {free}")

    # restart

    def restart(self):
        """§2, §3, §4: what a restart must not lose, and what it must renew."""
        bench = self.bench
        confirmed = max(bench.watch.seqs, default=0)
        bench.holding = True
        event = self._make()
        kept = event.message.get("seq") if event else None
        epoch = bench.watch.epoch
        if kept and isinstance(epoch, int):
            bench.say("evt_ack", {"epoch": epoch + 1, "ack_seq": kept, "missing": [],
                                  "rejected": []})  # fmt: skip
        mark, boot = bench.mark(), bench.watch.boot
        cmd = bench.command("machine.reboot")
        if bench.line.wait(lambda: bench.since(mark, "state", state="offline"), bench.patience):
            waiting = bench.command("counter.request")
        else:
            waiting = None
        born = bench.wait(mark, "birth", seconds=self.plan.attend)
        end = bench.end(cmd, mark) or {}
        renewed = born and born.message.get("boot") != boot
        self.check("7.machine.reboot", renewed and end.get("status") == "succeeded",
                   f"birth: {bool(born)}, new boot: {bool(renewed)}, answer {end}")  # fmt: skip
        if not born:
            bench.holding = False
            return
        self.check("2.boot", renewed, "the same boot after a restart")
        if not bench.since(mark, "state", state="offline"):
            self.check("4.offline", False, "a restart, and nobody said offline")
        self._after(mark, waiting, kept, confirmed)

    def _after(self, mark, waiting, kept, confirmed):
        """What comes after the birth: held events, a command that waited, nothing confirmed."""
        bench = self.bench
        if waiting:
            self.check("4.session", bench.end(waiting), "a command sent meanwhile has no answer")
        if kept:
            came = bench.line.wait(lambda: self._came(mark, kept), self.plan.replay)
            self.check("3.kept", came, f"seq {kept} was never confirmed and did not come again")
            self.check("3.epoch", came, f"seq {kept} went with a confirmation of another epoch")
        old = [said.message.get("seq") for said in bench.since(mark, "evt")]
        old = [seq for seq in old if isinstance(seq, int) and seq <= confirmed]
        self.check("3.forgotten", not old, f"confirmed and sent again after a restart: {old[:5]}")
        bench.holding = False
        bench.confirm(bench.watch.epoch)
        if self.plan.slot and self.plan.lines:
            Vends(self).after_restart()

    def cut(self):
        """§4: somebody comes by its name and credential, so the broker ends its line and session.

        Where the broker knows it by another name than its UUID, nothing is shown.
        """
        bench, mark, heard = self.bench, self.bench.mark(), len(self.bench.line.heard)
        machine = bench.machine
        line = Line(bench.line.broker, machine.uuid, (machine.username, machine.password))
        try:
            line.connect()
        except OSError:
            return
        finally:
            line.close()
        told = bench.wait(mark, "state", state="offline")
        born = bench.wait(mark, "birth", seconds=self.plan.attend)
        if told or born:
            how = [(one.qos, one.retain) for one in bench.line.heard[heard:]
                   if one.topic.endswith("/up/state")][:1]  # fmt: skip
            self.check("4.will", told and how == [(1, True)], f"(QoS, retained): {how or 'none'}")

    # firmware

    def firmware(self):
        """§7: a false signature first, then the right one."""
        bench, plan = self.bench, self.plan
        fw = ((bench.watch.birth or {}).get("data") or {}).get("fw")
        false = firmware.sign(secrets.token_bytes(32), plan.firmware_version, plan.image)
        args = false | {"url": "http://127.0.0.1:9/none", "not_before": moment(-1)}
        _cmd, end = bench.carried_out("firmware.update", args)
        refused = end.get("status") in ("rejected", "failed")
        self.check("7.firmware.signature", refused, f"answer {end}")
        if plan.key:
            with serving(plan.image, plan.host) as url:
                self._update(firmware.sign(plan.key, plan.firmware_version, plan.image), url, fw)

    def _update(self, args, url, fw):
        bench, mark = self.bench, self.bench.mark()
        args = args | {"url": url, "not_before": moment(-1)}
        swapped = args | {"sha256": "0" * 64}
        _cmd, end = bench.carried_out("firmware.update", swapped)
        self.check("7.firmware.signature", end.get("status") in ("rejected", "failed"),
                   f"another hash under the same signature: {end}")  # fmt: skip
        cmd = bench.command("firmware.update", args, seconds=300)
        end = bench.end(cmd, mark, self.plan.attend) or {}
        births = [said.data.get("fw") for said in bench.since(mark, "birth")]
        runs = end.get("status") == "succeeded" and births[-1:] == [args["version"]]
        self.check("7.firmware.update", runs, f"{fw} before, births {births}, answer {end}")

    # numbers that the platform knows

    def above(self):
        """§3, last: the platform knows higher numbers than the device remembers."""
        bench = self.bench
        if not bench.watch.seqs or not isinstance(bench.watch.epoch, int):
            return
        top = max(bench.watch.seqs)
        bench.above = top + 20
        bench.watch.skipped |= set(range(top + 1, bench.above + 1))
        bench.confirm(bench.watch.epoch)
        event = self._make(self.plan.replay)
        seq = event.message.get("seq") if event else None
        self.check("3.above", isinstance(seq, int) and seq > bench.above,
                   f"next number {seq}, and {bench.above} is taken")  # fmt: skip


def key(text):
    """A raw private key of 32 bytes from its base64. ValueError where it is none."""
    raw = base64.b64decode(text.strip(), validate=True)
    if len(raw) != 32:
        raise ValueError(f"an Ed25519 private key has 32 bytes, not {len(raw)}")
    return raw
