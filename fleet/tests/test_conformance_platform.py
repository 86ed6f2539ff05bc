# SPDX-License-Identifier: LGPL-3.0-or-later
"""The kit as a device: a platform that keeps the protocol passes; each broken rule is found."""

import json

import pytest

from fleet import cli
from fleet.config import read
from fleet.conformance.as_device import Device
from fleet.conformance.rules import PLATFORM, Verdicts
from fleet.tests import standin
from fleet.tests.abreast import Abreast
from fleet.tests.strict import Strict

ACCESS = {"9.tls", "9.anonymous", "9.password", "9.write", "9.write_down", "9.read"}
RULES = ("user platform", "topic readwrite wine/v1/#",
         "pattern write wine/v1/+/%u/up/#", "pattern read wine/v1/+/%u/down/#")  # fmt: skip
PATIENCE = (0.6, 4.0, 12.0)
FLAWS = ("1.qos", "1.payload", "1.unknown_fields", "1.unknown_type", "3.form", "3.stored",
         "3.array", "3.duplicate",
         "3.gap", "3.neighbours", "3.schema", "3.identity_conflict", "3.unknown_epoch",
         "3.foreign_machine", "3.too_large", "3.too_deep", "3.too_long", "3.nonsense", "4.birth",
         "6.auth", "7.form", "7.expiry", "1.platform", "6.late", "7.followed", "7.resend",
         "8.behind")  # fmt: skip
#: nothing else depends on these
ALONE = ("3.duplicate", "3.identity_conflict", "3.unknown_epoch", "3.foreign_machine",
         "1.unknown_type", "1.unknown_fields", "6.auth", "7.form", "7.expiry", "1.qos", "3.gap",
         "3.neighbours", "3.schema", "3.too_large", "3.too_deep", "3.too_long", "1.platform",
         "6.late", "7.followed", "7.resend", "8.behind")  # fmt: skip


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A broker with accounts: machines, and the platform."""
    machines = standin.configuration(1, len(FLAWS) + 1)["machines"]
    accounts = {"platform": "pp"} | {machine["uuid"]: "mp" for machine in machines}
    folder = tmp_path_factory.mktemp("guarded")
    rules = (*RULES, *hearing([machine["uuid"] for machine in machines]))
    broker = standin.Broker(folder, accounts, rules).certified().start()
    yield broker
    broker.stop()


def hearing(uuids):
    """Lines by which each machine hears its own platform's state; the first one is of no flaw."""
    tenants = {0: ["+"]} | {1 + number: [tenant(flaw, patience) for patience in PATIENCE]
                            for number, flaw in enumerate(FLAWS)}  # fmt: skip
    for number, names in tenants.items():
        yield f"user {uuids[number]}"
        yield from (f"topic read wine/v1/{name}/platform/state" for name in names)


def tenant(flaw, patience):
    """Each trial of a flaw has topics of its own."""
    return f"flaw-{flaw.replace('.', '-')}-{patience:.0f}"


def configured(broker, tenant, number=0):
    """A configuration of one machine with its account, by TLS."""
    config = standin.configuration(broker.tls_port, number + 1) | {"tenant": tenant}
    config["broker"] |= {"tls": True, "ca": broker.ca}
    machine = config["machines"][number]
    config["machines"] = [machine | {"username": machine["uuid"], "password": "mp"}]
    return config


def tried(config, flaw=None, account=None, desired=True, patience=8.0, answer=6.0):
    """Verdicts about a platform with a flaw."""
    platform = Strict(config, flaw, account).start()
    if desired:
        platform.desire(standin.planogram())
    known, verdicts = read(config), Verdicts(PLATFORM)
    try:
        Device(known, known.machines[0], verdicts, patience, 0.2, answer, patience, patience,
               lambda _what: platform.authorise(known.machines[0].uuid)).run()  # fmt: skip
    finally:
        platform.stop()
    return verdicts


def test_a_good_platform_behind_a_good_broker(guarded):
    verdicts = tried(configured(guarded, "good"), account=("platform", "pp"))
    assert verdicts.failed == {}
    assert {rule for rule in PLATFORM if verdicts.of(rule) == "not seen"} == set()


def test_a_broker_that_lets_everybody_do_everything(broker):
    verdicts = tried(standin.configuration(broker.port) | {"tenant": "open"})
    assert verdicts.failed.keys() == ACCESS


def found(guarded, flaw):
    """Verdicts about a platform with a flaw.

    What is awaited in vain costs the whole patience. It is short at first; where a busy computer
    took longer and another rule seems broken as well, the trial is made anew with more of it.
    """
    for patience in PATIENCE:
        config = configured(guarded, tenant(flaw, patience), 1 + FLAWS.index(flaw))
        answer = 1.5 * patience if flaw == "6.auth" else 6.0
        verdicts = tried(config, flaw, ("platform", "pp"), patience=patience, answer=answer)
        alone = flaw not in ALONE or verdicts.failed.keys() == {flaw}
        if verdicts.of(flaw) == "fail" and alone:
            break
    return verdicts


@pytest.fixture(scope="module")
def trials(request, guarded):
    made = Abreast(
        request, "test_a_broken_rule_is_found", "flaw", lambda flaw: found(guarded, flaw)
    )
    yield made
    made.close()


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_broken_rule_is_found(trials, flaw):
    """It fails, with evidence, and where nothing depends on it nothing else does."""
    verdicts = trials.of(flaw)
    assert verdicts.of(flaw) == "fail" and verdicts.failed[flaw]
    if flaw in ALONE:
        assert verdicts.failed.keys() == {flaw}


def test_no_rule_is_left_out():
    """Each rule is broken by a platform, or by a broker, of these tests."""
    assert PLATFORM.keys() == {*FLAWS, *ACCESS, "8.desired"}


def test_a_wanted_shadow_without_prices(guarded):
    config = configured(guarded, "bare")
    platform = Strict(config, None, ("platform", "pp")).start()
    bare = standin.planogram()
    del bare["planogram"][0]["price"]
    platform.desire(bare)
    known, verdicts = read(config), Verdicts(PLATFORM)
    Device(known, known.machines[0], verdicts, 8.0, 0.2).run()
    platform.stop()
    assert verdicts.failed.keys() == {"8.desired"}


def test_numbers_go_on_where_the_last_trial_stopped(guarded):
    """Two runs against one platform: nothing of the second conflicts with the first."""
    config = configured(guarded, "again")
    platform = Strict(config, None, ("platform", "pp")).start()
    platform.desire(standin.planogram())
    known = read(config)
    for _ in range(2):
        verdicts = Verdicts(PLATFORM)
        Device(known, known.machines[0], verdicts, 8.0, 0.2).run()
        assert verdicts.failed == {}
    platform.stop()
    seqs = {seq for _epoch, seq in platform.events[known.machines[0].uuid]}
    seqs |= {seq for epoch, seq in platform.refused if epoch == 1}
    assert seqs == set(range(1, max(seqs) + 1))


def words(tmp_path, config, *more):
    """Words of the command line for a configuration."""
    (tmp_path / "c.json").write_text(json.dumps(config))
    return ["conformance", "--config", str(tmp_path / "c.json"), "--machine", "WV-0001",
            "--play", "device", "--patience", "0.6", "--quiet-time", "0.2", *more]  # fmt: skip


def test_the_command_line_says_what_fails(guarded, tmp_path, capsys):
    config = configured(guarded, "line")
    platform = Strict(config, "3.schema", ("platform", "pp")).start()
    platform.desire(standin.planogram())
    report = tmp_path / "report.json"
    assert cli.main(words(tmp_path, config, "--report", str(report))) == 1
    platform.stop()
    out = capsys.readouterr().out
    failed = [line for line in out.splitlines() if line.startswith("fail")]
    assert len(failed) == 1 and "§3.schema" in failed[0] and "too_large" in out
    told = json.loads(report.read_text())
    assert told["counts"]["fail"] == 1
    assert {row["rule"] for row in told["rules"]} == PLATFORM.keys()


def test_nobody_there(guarded, tmp_path, capsys):
    assert cli.main(words(tmp_path, configured(guarded, "nobody"))) == 2
    assert "says nothing" in capsys.readouterr().err


def test_a_wrong_credential(guarded, tmp_path, capsys):
    config = configured(guarded, "wrong")
    config["machines"][0]["password"] = "hush"
    assert cli.main(words(tmp_path, config)) == 2
    said = capsys.readouterr()
    assert "refuses the machine" in said.err and "hush" not in said.out + said.err


def test_a_machine_that_is_not_there(guarded, tmp_path, capsys):
    config = configured(guarded, "name")
    arguments = words(tmp_path, config)
    arguments[arguments.index("WV-0001")] = "WV-9"
    assert cli.main(arguments) == 2
    assert "no machine WV-9" in capsys.readouterr().err
