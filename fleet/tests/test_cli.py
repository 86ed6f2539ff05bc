# SPDX-License-Identifier: LGPL-3.0-or-later
"""The command line: options, configuration, and what it says when it cannot begin."""

import json
from dataclasses import fields

import pytest

from fleet import arguments, cli, config
from fleet.errors import BadConfig
from fleet.options import Options
from fleet.tests import standin

NEEDED = ["--config", "c.json", "--state", "s"]


def parsed(*words):
    """Parsed words of a live run."""
    return arguments.parser().parse_args(["live", *NEEDED, *words])


def test_every_option_has_a_switch():
    given = vars(parsed())
    assert {option.name for option in fields(Options)} <= given.keys()


def test_what_is_not_given_is_the_mode_s_and_then_the_device_s():
    options = arguments.options(parsed("--fail-rate", "0.5", "--fsync"), **arguments.LIVE)
    assert (options.fail_rate, options.speed, options.rate) == (0.5, 10.0, 5.0)
    assert options.fsync is True and options.restock is False


@pytest.mark.parametrize(
    ("words", "spread"), [([], 30.0), (["--speed", "1"], 300.0), (["--start-spread", "7"], 7.0)]
)
def test_the_start_delay_shrinks_with_the_speed_unless_it_is_given(words, spread):
    assert arguments.options(parsed(*words), **arguments.LIVE).start_spread == spread


def test_a_configuration(tmp_path):
    source = standin.configuration(1884, 2)
    source["machines"][0]["uuid"] = source["machines"][0]["uuid"].upper()
    (tmp_path / "c.json").write_text(json.dumps(source))
    read = config.read(tmp_path / "c.json")
    assert read.machines[0].uuid == source["machines"][0]["uuid"].lower()
    assert read.machines[1].caps == ("age", "lift", "volume")
    assert read.topic("u", "up/evt") == "wine/v1/test/u/up/evt"
    assert config.read(read) is read


def test_a_password_is_not_shown():
    entry = standin.configuration(1884)["machines"][0] | {"password": "hush"}
    machine = config.read(standin.configuration(1) | {"machines": [entry]}).machines[0]
    assert machine.password == "hush" and "hush" not in repr(machine)


@pytest.mark.parametrize("key", ["broker", "root", "tenant", "machines"])
def test_a_configuration_that_lacks_something(key):
    source = standin.configuration(1884)
    del source[key]
    with pytest.raises(BadConfig, match=key):
        config.read(source)


def test_it_cannot_begin_without_a_configuration(tmp_path, capsys):
    assert cli.main(["live", "--config", str(tmp_path / "no"), "--state", str(tmp_path)]) == 2
    assert "fleet:" in capsys.readouterr().err


def test_it_does_not_begin_on_a_damaged_journal(tmp_path, capsys):
    source = standin.configuration(standin.free_port())
    (tmp_path / "c.json").write_text(json.dumps(source))
    journal = tmp_path / f"{source['machines'][0]['uuid']}.journal"
    from fleet.journal import encode

    journal.write_bytes(b"rubbish\n" + encode({"boot": True}))
    words = ["live", "--config", str(tmp_path / "c.json"), "--state", str(tmp_path)]
    assert cli.main(words) == 2
    assert "line 1 is broken" in capsys.readouterr().err
