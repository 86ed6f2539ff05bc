# SPDX-License-Identifier: LGPL-3.0-or-later
"""The kit as a platform: the fleet's device passes; a device with one flaw fails that rule."""

import base64
import json
import threading
import uuid
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fleet import cli, firmware, schema
from fleet.config import Broker, read
from fleet.conformance.as_platform import Plan, Trials
from fleet.conformance.bench import Bench
from fleet.conformance.line import answers_plainly
from fleet.conformance.rules import DEVICE, Verdicts
from fleet.options import Options
from fleet.runner import Fleet
from fleet.tests import flawed, standin
from fleet.tests.abreast import Abreast

KEY = bytes(range(32))
LONG = "2099-01-01T00:00:00+00:00"
UNSEEN = {"5.vend.local", "5.auth.request", "5.slot.state", "5.restock.done", "5.cash.collected",
          "5.fault.raised", "5.fault.cleared", "5.test.vend", "2.hist"}  # fmt: skip


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """One that speaks TLS, and plain words at another port."""
    broker = standin.Broker(tmp_path_factory.mktemp("secure")).certified().start()
    yield broker
    broker.stop()


class Shop:
    """One simulated machine in a thread of its own, and the kit beside it."""

    def __init__(self, broker, folder, flaw=None, **options):
        self.tenant = f"kit-{uuid.uuid4().hex[:8]}"
        self.config = standin.configuration(broker.tls_port) | {"tenant": self.tenant}
        self.config["broker"] |= {"tls": bool(broker.ca), "ca": broker.ca}
        self.config["machines"][0]["uuid"] = str(uuid.uuid4())
        self.config["firmware_key"] = firmware.public(KEY)
        quick = {"start_spread": 0, "dispense": 0.2, "think": 0.1, "hello": 0.2, "tele": 1.0}
        self.fleet = Fleet(self.config, folder / self.tenant, Options(**(quick | options)))
        self.flaw, self.stop, self.todo = flaw, threading.Event(), []
        self.thread, self.broken = threading.Thread(target=self._run), None

    def _run(self):
        try:
            self._open()
        except Exception as error:  # noqa: BLE001 - told where the shop is closed
            self.broken = error

    def _open(self):
        machine = self.fleet.machines[0]
        if self.flaw:
            self.flaw(machine)
        with self.fleet:
            while not self.stop.is_set():
                self.fleet.step(0.02)
                if machine.version and self.todo and not machine.device.vending.job:
                    self.todo.pop(0)(machine)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_error):
        self.stop.set()
        self.thread.join()
        if self.broken and kind is None:
            raise self.broken


def tried(broker, folder, flaw=None, trials=None, todo=(), after=(), patience=3.0, replay=3.0,
          quiet=0.2, **options):  # fmt: skip
    """Verdicts about a device with a flaw; `trials` names those to be made, all without it.

    `todo` is done at the machine meanwhile, `after` when they are over.
    """
    verdicts, shop = Verdicts(DEVICE), Shop(broker, folder, flaw, **options)
    known = read(shop.config)
    bench = Bench(known, known.machines[0], verdicts, patience=patience, quiet=quiet)
    bench.open()
    shop.todo += todo
    try:
        with shop:
            run = Trials(
                bench,
                Plan(
                    standin.planogram(age=True), "A1", KEY, attend=max(6.0, patience), replay=replay
                ),
            )
            if trials is None:
                assert run.run()
            else:
                assert run.appears()
                for name in trials:
                    getattr(run, name)()
                shop.todo += after
                seconds = 6.0 if todo or after else 1.5
                bench.line.wait(lambda: not shop.todo and shop.fleet.drained(), seconds)
                bench.watch.finish()
    finally:
        bench.close()
    return verdicts


def test_the_device_of_the_fleet_keeps_the_protocol(broker, tmp_path):
    verdicts = tried(broker, tmp_path)
    assert verdicts.failed == {}
    assert {rule for rule in DEVICE if verdicts.of(rule) == "not seen"} == UNSEEN


def away(machine):
    """It says goodbye and goes."""
    machine.wanted = False
    machine.leave()


#: it counts while it is away
AWAY = (away, lambda machine: machine.act("count"), lambda machine: machine.go_online())


def test_what_people_do_at_it_is_seen_too(broker, tmp_path):
    todo = [
        lambda machine: machine.buy("A2", outcome="jam"),
        lambda machine: machine.request("member", "T"),
        lambda machine: machine.act("visit", "Ann"),
    ]
    verdicts = tried(broker, tmp_path, trials=("shadow", "questions"), todo=todo, after=AWAY)
    assert verdicts.failed == {}
    assert {rule for rule in UNSEEN if verdicts.of(rule) != "pass"} == set()


def reprice(_device, suffix, document):
    """Whatever price is asked is the right one."""
    if suffix == "cmd" and document.get("type") == "vend.authorize":
        document["args"]["price"] = "12.50"
    return document


def eager(machine):
    """The motor turns for every authorisation, known vend or not."""
    vending = machine.device.vending
    repeat = vending._repeat

    def again(cmd, vend_id, vend, now):
        repeat(cmd, vend_id, vend, now)
        machine.device.emit(now, "vend.started", {"vend_id": vend_id}, vend_id)

    vending._repeat = again


def forgetful(machine):
    """Events do not survive a restart."""
    boot = machine.device.boot

    def flawed_boot(now):
        boot(now)
        machine.device.state.pending.clear()

    machine.device.boot = flawed_boot


def never_forgets(machine):
    """What was confirmed is sent again in each session."""
    connected = machine.device.connected

    def flawed_connected(now):
        state = machine.device.state
        state.pending = dict(sorted((state.kept | state.pending).items()))
        connected(now)

    machine.device.connected = flawed_connected


def half(machine):
    """The good lines of a bad document are applied."""
    from fleet import planogram

    shadow = machine.device.shadow

    def apply(document, _now):
        fine = [line for line in document["planogram"] if line["price"] != "a lot"]
        machine.device.commit({"set": {"desired": document | {"planogram": fine}}})
        planogram.by_slot(document)

    shadow._apply = apply


def any_version(machine):
    """Older versions are applied like newer ones."""
    shadow = machine.device.shadow

    def receive(document, now):
        shadow._apply(document, now) if document.get("planogram") else None
        shadow.report(now)

    shadow.receive = receive


def any_signature(machine):
    """Nothing is checked."""
    machine.device.firmware._check = lambda args: None


def same_boot(machine):
    """A restart keeps its name."""
    flawed.outgoing(flawed.put(boot=str(uuid.UUID(int=7))))(machine)


def no_goodbye(machine):
    """It leaves in an orderly way and says nothing."""
    machine.device.farewell = lambda now: None


def low_numbers(machine):
    """It counts on below what the platform knows."""
    machine.device._skip = lambda first: None


def other_epochs(device, suffix, document):
    """Confirmations count for every epoch."""
    return document | {"epoch": 1} if suffix == "evt_ack" else document


def twice(machine):
    """A command is carried out each time that it comes."""
    receive = machine.device.commands.receive

    def again(command, now):
        machine.device.state.commands.pop(command.get("id"), None)
        receive(command, now)

    machine.device.commands.receive = again


def fragile(machine):
    """What is no JSON object makes it deaf."""
    device = machine.device
    receive = device.receive
    broken = []

    def flawed_receive(suffix, payload, now):
        broken.extend([1] if not payload.startswith(b"{") else [])
        if not broken:
            receive(suffix, payload, now)

    device.receive = flawed_receive


def kind(suffix, name):
    """Documents of a type."""
    return flawed.deaf(suffix, lambda document: document.get("type") == name)


def confused(machine):
    """The same vend again is one too many."""
    vending = machine.device.vending
    repeat = vending._repeat

    def again(cmd, vend_id, vend, now):
        if vend["state"] in ("accepted", "started"):
            data = {"vend_id": vend_id, "code": "busy"}
            machine.device.emit(now, "vend.rejected", data, vend_id)
        repeat(cmd, vend_id, vend, now)

    vending._repeat = again


def light_will(machine):
    """The last will may get lost."""
    connect = machine.link.connect
    machine.link.connect = lambda will: connect(replace(will, qos=0))


def sulking(machine):
    """Nothing more after a rejected event."""
    hear, publish = machine.device.acknowledged, machine.link.publish
    refused = []

    def acknowledged(ack, now=None):
        refused.extend(ack.get("rejected") or [])
        hear(ack, now)

    def silent(message):
        return None if refused and message.suffix == "up/evt" else publish(message)

    machine.device.acknowledged, machine.link.publish = acknowledged, silent


def no_session(machine):
    """What the broker kept for it is thrown away."""
    connect = machine.link.connect

    def flawed_connect(will):
        connect(will)
        client = machine.link.client
        client.on_message = lambda c, u, m: (
            machine.link._message(c, u, m) if machine.link.state == "up" else None
        )

    def slow_reboot():
        reboot()
        machine.retry_at = machine.fleet.now() + 0.6

    reboot = machine.reboot
    machine.link.connect, machine.reboot = flawed_connect, slow_reboot


def amnesia(machine):
    """Vends are forgotten at a restart."""
    boot = machine.device.boot

    def flawed_boot(now):
        machine.device.state.vends.clear()
        boot(now)

    machine.device.boot = flawed_boot


def without(name):
    """Acks without one status."""

    def change(message, _count):
        if message["data"]["status"] == name:
            message["data"]["status"] = "in_progress"

    return flawed.outgoing(change, "ack")


def renumber(message, _count):
    """Every second number only."""
    message["seq"] *= 2


def once(machine):
    """A version that it has is never looked at again."""

    def deaf(device, suffix, document):
        same = suffix == "desired" and document["version"] == device.state.version
        return None if same else document

    flawed.incoming(deaf)(machine)


Q, C, S, V = ("questions",), ("commands",), ("shadow",), ("shadow", "vends")
R = ("questions", "restart")
PRICE = flawed.outgoing(flawed.put_data(coins=1.5), "evt", "cash.level")
FLAWS = {
    "1.topics": (flawed.posted(on="tele", suffix="up/telemetry"), R),
    "1.qos": (flawed.posted(on="evt", qos=0), Q),
    "1.retained": (flawed.posted(on="birth", retain=True), Q),
    "1.payload": (flawed.outgoing(lambda *_: "{", "evt", "door"), Q),
    "1.array": (flawed.outgoing(lambda m, _c: json.dumps([m] * 51), "evt", "door"), Q),
    "1.unknown_fields": (flawed.deaf("cmd", lambda d: "conformance" in d), C),
    "2.envelope": (flawed.outgoing(flawed.lose("boot"), "ack"), Q),
    "2.id": (flawed.outgoing(flawed.put(id=str(uuid.UUID(int=9, version=4))), "evt"), Q),
    "2.epoch": (flawed.outgoing(flawed.put(epoch=2), "ack"), Q),
    "2.seq": (flawed.outgoing(renumber, "evt"), Q),
    "2.identity": (flawed.outgoing(flawed.fresh_id, "evt"), ("acknowledgement",)),
    "2.boot": (same_boot, ("restart",)),
    "2.time": (flawed.outgoing(flawed.put(ts="2026-01-01T00:00:00"), "evt"), Q),
    "2.type": (flawed.outgoing(flawed.put(type="answer"), "ack"), Q),
    "2.readings": (flawed.outgoing(flawed.put_data(humidity=130), "tele"), R),
    "3.missing": (flawed.incoming(lambda _d, s, doc: doc | {"missing": []} if s == "evt_ack"
                                  else doc), ("acknowledgement",)),
    "3.kept": (forgetful, ("restart",)),
    "3.epoch": (flawed.incoming(other_epochs), ("restart",)),
    "3.forgotten": (never_forgets, R),
    "3.rejected": (sulking, ("acknowledgement",)),
    "3.nonsense": (fragile, C),
    "3.above": (low_numbers, ("questions", "above")),
    "4.birth": (flawed.outgoing(flawed.put_data(caps="age"), "birth"), Q),
    "4.online": (flawed.outgoing(lambda m, _c: m["data"].update(state="up")
                                 if m["data"]["state"] == "online" else None, "state"), Q),
    "4.offline": (no_goodbye, ("restart",)),
    "4.next_seq": (flawed.outgoing(flawed.put_data(next_seq=1), "birth"), R),
    "4.will": (light_will, ("questions", "cut")),
    "4.session": (no_session, ("restart",)),
    "5.cash.level": (PRICE, Q),
    "5.door": (flawed.outgoing(flawed.put_data(state="open"), "evt", "door"), Q),
    "5.vend.result": (flawed.outgoing(flawed.put_data(outcome="ok"), "evt", "vend.result"), V),
    "6.phases": (flawed.outgoing(flawed.put(corr=str(uuid.UUID(int=1))), "evt", "vend.started"),
                 V),
    "6.answer": (without("succeeded"), V),
    "6.repeat": (eager, V),
    "6.restart": (amnesia, ("shadow", "vends", "restart")),
    "6.expired": (flawed.command("vend.authorize", args_expires_at=LONG), V),
    "6.wrong_price": (flawed.incoming(reprice), V),
    "6.stale_planogram": (flawed.command("vend.authorize", args_price_version=1), V),
    "6.unknown_slot": (flawed.command("vend.authorize", args_slot="A1"), V),
    "6.age_required": (flawed.command("vend.authorize", args_age_checked=True), V),
    "6.empty": (flawed.command("vend.authorize", args_qty=1), V),
    "6.busy": (flawed.outgoing(flawed.put_data(code="maintenance"), "evt", "vend.rejected"), V),
    "6.duplicate": (confused, V),
    "6.cancelled": (kind("cmd", "vend.cancel"), V),
    "6.maintenance": (kind("cmd", "machine.lock"), ("shadow", "lock")),
    "6.cancel": (flawed.command("vend.cancel", args_vend_id=str(uuid.UUID(int=3))), V),
    "7.life": (without("received"), Q),
    "7.repeat": (twice, Q),
    "7.expired": (flawed.command("cash.request", exp=LONG), C),
    "7.unknown": (flawed.command("conformance.unknown", type="log.request"), C),
    "7.arguments": (flawed.command("event.resend", type="log.request"), C),
    "7.counter.request": (flawed.command("counter.request", type="log.request"), Q),
    "7.cash.request": (kind("cmd", "cash.request"), Q),
    "7.log.request": (flawed.outgoing(lambda m, _c: m["data"].pop("detail", None) and None,
                                      "ack"), Q),
    "7.door.unlock": (kind("cmd", "door.unlock"), Q),
    "7.event.resend": (flawed.command("event.resend", type="log.request"), ("questions",
                                                                            "commands")),
    "7.machine.lock": (kind("cmd", "machine.unlock"), ("lock",)),
    "7.machine.reboot": (kind("cmd", "machine.reboot"), ("restart",)),
    "7.firmware.signature": (any_signature, ("firmware",)),
    "7.firmware.update": (flawed.outgoing(flawed.put_data(fw="2.4.1"), "birth"), ("firmware",)),
    "8.applied": (flawed.outgoing(flawed.put_data(sha256="f" * 64), "reported"), S),
    "8.settings": (once, S),
    "8.whole": (half, S),
    "8.older": (any_version, S),
}  # fmt: skip


#: seconds that an answer may take: a device that is fine answers soon, one that is not never does
PATIENCE = (1.0, 6.0, 20.0)
#: and for so much of it nothing may be heard before nothing is held to come: longer than ``think``
QUIET = 0.2


def found(broker, folder, rule):
    """Verdicts about a device with a flaw; ever more patiently where it was not seen."""
    flaw, trials = FLAWS[rule]
    for patience in PATIENCE:
        try:
            verdicts = tried(
                broker, folder, flaw, trials, patience=patience, quiet=QUIET * patience
            )
        except AssertionError:  # it did not appear in time
            if patience == PATIENCE[-1]:
                raise
            continue
        if verdicts.of(rule) == "fail":
            break
    return verdicts


@pytest.fixture(scope="module")
def flawed_devices(request, broker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("flaws")
    made = Abreast(
        request, "test_a_flaw_is_found", "rule", lambda rule: found(broker, folder, rule)
    )
    yield made
    made.close()


@pytest.mark.parametrize("rule", FLAWS)
def test_a_flaw_is_found(flawed_devices, rule):
    verdicts = flawed_devices.of(rule)
    assert verdicts.of(rule) == "fail" and verdicts.failed[rule]


def test_no_rule_is_left_out():
    """Each rule but those of single events has its flaw; three have a test of their own."""
    assert {rule for rule in DEVICE if rule[0] != "5"} == {
        rule for rule in FLAWS if rule[0] != "5"
    } | {"2.hist", "4.rate", "9.tls"}


def test_what_is_told_late_and_looks_live_is_found(broker, tmp_path):
    live = flawed.outgoing(flawed.put(hist=False), "evt")
    verdicts = tried(broker, tmp_path, live, trials=("shadow",), after=AWAY)
    assert verdicts.failed.keys() == {"2.hist"}


def test_plain_words_are_found(broker, tmp_path):
    plain = SimpleNamespace(tls_port=broker.port, ca=None)
    verdicts = tried(plain, tmp_path, trials=("questions",))
    assert verdicts.failed.keys() == {"9.tls"}
    assert answers_plainly(Broker("127.0.0.1", broker.port))
    assert not answers_plainly(Broker("127.0.0.1", broker.tls_port))


def test_a_backlog_that_waits_as_it_may_is_no_flaw(broker, tmp_path):
    """§4 lets a device wait before it replays: neither its events nor held ones are missed."""
    verdicts = tried(broker, tmp_path, trials=("questions", "restart"), patience=1.5, replay=20.0,
                     start_spread=6.0)  # fmt: skip
    assert verdicts.failed == {} and verdicts.of("3.kept") == "pass"


def test_what_the_kit_commands_is_in_the_contract(broker, tmp_path, monkeypatch):
    """But for what is broken on purpose: an unknown type, and arguments that make no sense."""
    said, say = [], Bench.say

    def listening(bench, suffix, content, **how):
        said.append((suffix, content))
        say(bench, suffix, content, **how)

    monkeypatch.setattr(Bench, "say", listening)
    tried(broker, tmp_path)
    documents = [(suffix, one) for suffix, one in said if isinstance(one, dict)]
    wrong = [(one.get("type"), fault) for suffix, one in documents
             for fault in schema.faults(suffix, one)]  # fmt: skip
    assert {kind for kind, _fault in wrong} <= {"event.resend", None}, wrong
    assert sum(kind is None for kind, _fault in wrong) <= 1, wrong
    assert {one["type"] for suffix, one in documents if suffix == "cmd"} >= {
        "vend.authorize", "vend.cancel", "machine.reboot", "firmware.update", "log.request"
    }  # fmt: skip


def test_a_flood_is_found(broker, tmp_path):
    todo = [lambda machine: [machine.act("count") for _ in range(100)]]
    verdicts = tried(broker, tmp_path, trials=("shadow", "questions"), todo=todo, rate=0)
    assert verdicts.of("4.rate") == "fail"


def arguments(folder, config, *more):
    """Words of the command line for a shop's configuration."""
    (folder / "c.json").write_text(json.dumps(config))
    (folder / "d.json").write_text(json.dumps(standin.planogram(age=True)))
    (folder / "key").write_text(base64.b64encode(KEY).decode())
    return ["conformance", "--config", str(folder / "c.json"), "--machine", "wv-0001",
            "--patience", "3", "--quiet-time", "0.2", "--attend", "6", "--replay", "3",
            *more]  # fmt: skip


def test_the_command_line_passes_a_good_device(broker, tmp_path, capsys):
    with Shop(broker, tmp_path) as shop:
        words = ["--desired", str(tmp_path / "d.json"), "--slot", "A1"]
        words += ["--firmware-key", str(tmp_path / "key"), "--report", str(tmp_path / "r.json")]
        code = cli.main(arguments(tmp_path, shop.config, *words))
    out = capsys.readouterr().out
    assert code == 0, out
    counts = json.loads((tmp_path / "r.json").read_text())["counts"]
    assert counts == {"pass": len(DEVICE) - len(UNSEEN), "fail": 0, "not seen": len(UNSEEN)}
    assert "§7.firmware.update" in out and "0 fail" in out


def test_a_device_that_is_not_there(broker, tmp_path, capsys):
    config = standin.configuration(broker.port) | {"tenant": "void"}
    words = arguments(tmp_path, config, "--attend", "0.2")
    words[words.index("--patience") + 1] = "0.3"
    assert cli.main(words) == 2
    said = capsys.readouterr()
    assert "says nothing" in said.err and "0 pass" in said.out


@pytest.mark.parametrize(
    ("words", "reason"),
    [(["--slot", "A1"], "needs --desired"), (["--desired", "{}/d.json", "--slot", "Z9"], "no slot"),
     (["--firmware-key", "{}/c.json"], "is no key")],
)  # fmt: skip
def test_what_the_kit_cannot_begin_with(broker, tmp_path, capsys, words, reason):
    config = standin.configuration(broker.port)
    words = [word.format(tmp_path) for word in words]
    assert cli.main(arguments(tmp_path, config, *words)) == 2
    assert reason in capsys.readouterr().err
