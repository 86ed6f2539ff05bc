# SPDX-License-Identifier: LGPL-3.0-or-later
"""Tricks of somebody with one machine's credential, at both kinds of broker: none of them works."""

import socket
import time
from types import SimpleNamespace

import paho.mqtt.client as mqtt
import pytest

from tests.test_broker_access import (
    FORBIDDEN_READS,
    FORBIDDEN_WRITES,
    NOT_AUTHORISED,
    TENANT,
    A,
    B,
    Device,
    core,
    secret,
    tell,
)
from tools.env import kit, mosquitto

KEY = {"k1": b"k" * 32}
TRICKS = f"{TENANT}_tricks"
BASE = f"wine/v1/{TRICKS}"


@pytest.fixture(scope="module", params=["password_file", mosquitto.DYNSEC])
def broker(request):
    """A broker that knows machines A and B, by its password file or by its plugin."""
    from odoo.tools import config

    conf, _port = kit.odoo_conf(TRICKS)
    config.parse_config(["-c", str(conf)], setup_logging=False)
    with kit.broker(TRICKS, access=request.param) as instance:
        let_in = _by_plugin if request.param == mosquitto.DYNSEC else _by_file
        adapter = let_in(instance)
        yield instance
        adapter.stop()


def _settings(instance):
    return SimpleNamespace(
        host=instance.host,
        port=instance.port,
        user=mosquitto.BRIDGE,
        password=instance.bridge_password,
        ca="",
        root="wine/v1",
        tenant=TRICKS,
    )


def _by_plugin(instance):
    from odoo.addons.wine_device_bridge.process.access import AccessSettings
    from odoo.addons.wine_device_bridge.process.brokers import MosquittoDynsec

    made = MosquittoDynsec(_settings(instance), AccessSettings("mosquitto_dynsec", keys=KEY))
    made.start()
    assert made.control.wait(10)
    made.control.ask(core().closed_by_default())
    tell(made, (A, "on:1"), (B, "on:1"))
    return made


def _by_file(instance):
    from odoo.addons.wine_device_bridge.core.passwd_file import write_passwords
    from odoo.addons.wine_device_bridge.core.password import hashed
    from odoo.addons.wine_device_bridge.process.access import AccessSettings
    from odoo.addons.wine_device_bridge.process.brokers import PasswordFile

    pid = str(instance.home / "mosquitto.pid")
    access = AccessSettings("password_file", passwd=str(instance.passwd), pid_file=pid)
    made = PasswordFile(SimpleNamespace(user=mosquitto.BRIDGE), access)
    write_passwords(made.path, {A: hashed(secret(A)), B: hashed(secret(B))}, made.bridge)
    made._reload()
    time.sleep(0.3)
    return SimpleNamespace(stop=lambda: None)


@pytest.fixture
def connect(broker):
    made = []

    def connect(*args, **options):
        made.append(Device(broker, *args, **options))
        return made[-1]

    yield connect
    for device in made:
        device.close()


@pytest.fixture
def watcher(connect, broker):
    """The bridge's account, which hears what machines say."""
    made = connect(mosquitto.BRIDGE, broker.bridge_password, client_id="bridge-of-a-test")
    assert made.subscribe(f"{BASE}/+/up/#") < 128
    return made


def here(topics):
    return sorted({topic.replace(f"/{TENANT}", f"/{TRICKS}") for topic in topics})


#: beside those that are tried at the plugin already
MORE_WRITES = [
    f"{BASE}/{B}/down/desired",
    f"{BASE}/{A}/down/desired",
    f"{BASE}/{B}/up/birth",
    f"{BASE}/{A.upper()}/up/evt",
    f"{BASE}//up/evt",
    f"/{BASE}/{A}/up/evt",
    f"wine/v1/{TRICKS}2/{A}/up/evt",
    "$SYS/broker/version",
    "$share/bridge/x",
]


def test_nothing_is_written_elsewhere(connect, watcher):
    """Nor kept there: who comes later hears nothing of it."""
    machine = connect(A, secret(A))
    for topic in here(FORBIDDEN_WRITES) + MORE_WRITES:
        if not machine.is_in:  # some names end the line
            machine = connect(A, secret(A))
        code = machine.publish(topic, b'{"planted":1}', retain=True)
        assert code == NOT_AUTHORISED or not machine.is_in, topic
    assert watcher.hears(0.5) == []
    other = connect(B, secret(B))
    other.subscribe(f"{BASE}/{B}/down/#")
    assert other.hears(0.5) == []


MORE_READS = ["$share/x/#", "$share/x/+/+/+/+/up/#", "+/+", "+/+/+/+/+/+", "/#", "$SYS/broker/#",
              f"wine/v1/+/{A}/down/cmd", f"$share/bridge/{BASE}/+/up/evt",
              f"{BASE}/{A}/+/+", f"{BASE}/{B}/down/desired"]  # fmt: skip


def test_nothing_is_heard_elsewhere(connect, broker):
    """The password file lets subscribe and then delivers nothing; the plugin refuses at once."""
    bridge = connect(mosquitto.BRIDGE, broker.bridge_password, client_id="bridge-of-a-test")
    bridge.publish(f"{BASE}/{B}/down/desired", b'{"secret":1}', retain=True)
    machines = [connect(A, secret(A))]
    for topic in here(FORBIDDEN_READS) + MORE_READS:
        if not machines[-1].is_in:
            machines.append(connect(A, secret(A)))
        try:
            code = machines[-1].subscribe(topic)
        except (StopIteration, ValueError):
            continue  # the broker hung up, or paho does not even ask
        assert code >= 128 or broker.access == "password_file", topic
    bridge.publish(f"{BASE}/{B}/down/cmd", b'{"id":"secret"}')
    connect(B, secret(B)).publish(f"{BASE}/{B}/up/evt")
    heard = [topic for machine in machines for topic in machine.hears(0.5)]
    assert [topic for topic in heard if f"/{A}/" not in topic] == []
    bridge.publish(f"{BASE}/{B}/down/desired", b"", retain=True)


def test_a_will_on_the_topic_of_another_is_never_told(broker, watcher):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, A, protocol=mqtt.MQTTv5)
    client.username_pw_set(A, secret(A))
    client.will_set(f"{BASE}/{B}/up/state", b'{"state":"offline"}', 1, retain=True)
    client.connect(broker.host, broker.port)
    client.loop_start()
    time.sleep(0.5)
    client._sock.shutdown(socket.SHUT_RDWR)  # without a goodbye
    client.loop_stop()
    assert watcher.hears(1.0) == []


def test_a_packet_larger_than_the_broker_takes(connect, watcher):
    """It ends the line of who sends it; nobody else notices, and nothing of it arrives."""
    machine, other = connect(A, secret(A)), connect(B, secret(B))
    machine.client.publish(f"{BASE}/{A}/up/evt", b"x" * 300_000, 1)
    assert machine.gone.wait(5), "300 kB are taken"
    assert other.is_in and other.publish(f"{BASE}/{B}/up/evt") < 128
    assert watcher.hears(2) == [f"{BASE}/{B}/up/evt"]


def test_one_credential_in_two_boards_the_last_one_wins(connect):
    """The broker lets one of them in at a time; the bridge sees it by their births."""
    first = connect(A, secret(A))
    second = connect(A, secret(A))
    assert first.gone.wait(2) and second.is_in
    third = connect(A, secret(A))
    assert second.gone.wait(2) and third.is_in


def test_another_client_id_is_no_second_session(connect, broker):
    """With the plugin an account has one client id; a password file cannot say that."""
    machine = connect(A, secret(A))
    other = connect(A, secret(A), client_id=f"{A}-2")
    assert machine.is_in
    assert other.is_in == (broker.access == "password_file")
    if other.is_in:
        assert other.publish(f"{BASE}/{B}/up/evt") == NOT_AUTHORISED


@pytest.mark.parametrize("user", ["", "+", "#", f"{A}/../{B}", "$SYS", "wine-bridge", A.upper()])
def test_a_name_that_is_a_pattern(connect, user):
    assert not connect(user, secret(A), client_id="x").is_in
