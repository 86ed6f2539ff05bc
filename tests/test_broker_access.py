# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who may speak, against a real mosquitto with its dynamic-security plugin: everything is tried."""

import json
import socket
import threading
import time
from types import SimpleNamespace
from uuid import uuid4

import paho.mqtt.client as mqtt
import pytest

from tools.env import kit, mosquitto

TENANT = "wine_access"
BASE = f"wine/v1/{TENANT}"
A, B = "0190f2a4-0000-4000-8000-00000000000a", "0190f2a4-0000-4000-8000-00000000000b"
KEY = {"k1": b"k" * 32}
#: the broker's answer to a message that it does not take, MQTT 5
NOT_AUTHORISED = 135


class Device:
    """An MQTT client as anybody may write one."""

    def __init__(self, broker, user=None, password=None, client_id=None, **options):
        self.heard, self.subscribed, self.published = [], [], {}
        self.reason, self.gone = None, threading.Event()
        self.answered = threading.Event()
        self.changed = threading.Condition()
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id or user or "",
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        if user is not None:
            client.username_pw_set(user, password)
        if options.get("ca"):
            client.tls_set(str(options["ca"]))
        client.on_connect = self._connected
        client.on_disconnect = lambda *_args: self.gone.set()
        client.on_message = self._heard
        client.on_subscribe = self._subscribed
        client.on_publish = self._published
        self.client = client
        client.connect(broker.host, options.get("port") or broker.port)
        client.loop_start()
        self.answered.wait(5)

    def _connected(self, _client, _userdata, _flags, reason, _properties):
        self.reason = reason
        self.answered.set()

    def _heard(self, _client, _userdata, message):
        self._note(lambda: self.heard.append((message.topic, message.payload)))

    def _subscribed(self, _client, _userdata, mid, reasons, _properties):
        self._note(lambda: self.subscribed.append((mid, [reason.value for reason in reasons])))

    def _published(self, _client, _userdata, mid, reason, _properties):
        self._note(lambda: self.published.update({mid: reason.value}))

    def _note(self, change):
        with self.changed:
            change()
            self.changed.notify_all()

    @property
    def is_in(self):
        return self.reason is not None and not self.reason.is_failure and not self.gone.is_set()

    def subscribe(self, topic):
        """The broker's reason code; 128 and above is a refusal."""
        _result, mid = self.client.subscribe(topic, 1)
        with self.changed:
            self.changed.wait_for(lambda: any(one == mid for one, _codes in self.subscribed), 5)
        return next(codes[0] for one, codes in self.subscribed if one == mid)

    def publish(self, topic, payload=b"{}", retain=False):
        """The broker's reason code of a QoS 1 publish."""
        mid = self.client.publish(topic, payload, 1, retain=retain).mid
        with self.changed:
            self.changed.wait_for(lambda: mid in self.published, 5)
        return self.published.get(mid)

    def hears(self, seconds=0.6):
        with self.changed:
            self.changed.wait_for(lambda: self.heard, seconds)
        return [topic for topic, _payload in self.heard]

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="module")
def broker():
    from odoo.tools import config

    conf, _port = kit.odoo_conf(TENANT)
    config.parse_config(["-c", str(conf)], setup_logging=False)
    with kit.broker(TENANT, access=mosquitto.DYNSEC, tls=True) as instance:
        yield instance


@pytest.fixture(scope="module")
def adapter(broker):
    """The adapter of the bridge, connected; machines A and B are let in."""
    from odoo.addons.wine_device_bridge.process.access import AccessSettings
    from odoo.addons.wine_device_bridge.process.brokers import MosquittoDynsec

    settings = SimpleNamespace(
        host=broker.host,
        port=broker.port,
        user=mosquitto.BRIDGE,
        password=broker.bridge_password,
        ca="",
        root="wine/v1",
        tenant=TENANT,
    )
    made = MosquittoDynsec(settings, AccessSettings("mosquitto_dynsec", keys=KEY))
    made.start()
    assert made.control.wait(10), "the control topic cannot be reached"
    made.control.ask(core().closed_by_default())
    yield made
    made.stop()


@pytest.fixture
def let_in(adapter):
    tell(adapter, (A, "on:1"), (B, "on:1"))


@pytest.fixture
def connect(broker):
    """Connect devices; they are closed at the end."""
    made = []

    def connect(*args, **options):
        device = Device(broker, *args, **options)
        made.append(device)
        return device

    yield connect
    for device in made:
        device.close()


def core():
    from odoo.addons.wine_device_bridge.core import dynsec

    return dynsec


def secret(machine, version=1):
    from odoo.addons.wine_device_bridge.core.password import derived

    return derived(KEY["k1"], machine, version)


def tell(adapter, *wishes):
    """Apply (machine, stand) as the bridge does; all must come true."""
    from odoo.addons.wine_device_bridge.process.access import Change

    changes = [
        Change(number, machine, stand, int(stand.split(":")[1]), "k1")
        for number, (machine, stand) in enumerate(wishes)
    ]
    faults = adapter.apply(None, changes)
    assert not any(faults.values()), faults


def test_nobody_comes_in_without_a_name(connect):
    assert not connect().is_in
    assert not connect(client_id="somebody").is_in


@pytest.mark.parametrize("password", ["", "wrong", None])
def test_nobody_comes_in_without_the_secret(connect, let_in, password):
    assert not connect(A, password).is_in
    assert not connect(A, secret(B)).is_in
    assert not connect(str(uuid4()), secret(A)).is_in


def test_nobody_takes_over_the_session_of_another(connect, let_in):
    victim = connect(B, secret(B))
    thief = connect(A, secret(A), client_id=B)
    time.sleep(0.3)
    assert not thief.is_in and victim.is_in


def test_a_machine_speaks_and_hears_for_itself(connect, let_in, broker):
    bridge = connect(mosquitto.BRIDGE, broker.bridge_password, client_id="bridge-of-a-test")
    assert bridge.subscribe(f"$share/bridge/{BASE}/+/up/evt") < 128
    machine = connect(A, secret(A))
    for name in ("cmd", "desired", "evt_ack"):
        assert machine.subscribe(f"{BASE}/{A}/down/{name}") < 128
    assert machine.subscribe(f"{BASE}/platform/state") < 128
    for name in ("birth", "state", "evt", "tele", "ack", "reported"):
        assert machine.publish(f"{BASE}/{A}/up/{name}") < 128
    assert bridge.hears(3) == [f"{BASE}/{A}/up/evt"]
    assert bridge.publish(f"{BASE}/{A}/down/cmd", b'{"id":"x"}') < 128
    assert machine.hears(3) == [f"{BASE}/{A}/down/cmd"]


FORBIDDEN_WRITES = [
    f"{BASE}/{B}/up/evt",
    f"{BASE}/{B}/up/state",
    f"{BASE}/{B}/down/cmd",
    f"{BASE}/{A}/down/cmd",
    f"{BASE}/{A}/down/evt_ack",
    f"{BASE}/platform/state",
    f"wine/v1/other/{A}/up/evt",
    f"{BASE}/{A}",
    f"{BASE}/{A}/up/junk",
    f"{BASE}/{A}/up/evt/more",
    f"{BASE}/{A}/up",
    "$CONTROL/dynamic-security/v1",
    "anything",
]


@pytest.mark.parametrize("topic", FORBIDDEN_WRITES)
def test_a_machine_writes_nothing_else(connect, let_in, broker, topic):
    watcher = connect(mosquitto.BRIDGE, broker.bridge_password, client_id="bridge-of-a-test")
    watcher.subscribe(f"{BASE}/+/up/#")
    machine = connect(A, secret(A))
    assert machine.publish(topic) == NOT_AUTHORISED
    assert watcher.hears() == []


FORBIDDEN_READS = [
    "#",
    "+/#",
    "wine/#",
    f"{BASE}/#",
    f"{BASE}/+/down/cmd",
    f"{BASE}/+/down/#",
    f"{BASE}/+/up/#",
    f"{BASE}/{B}/down/cmd",
    f"{BASE}/{B}/#",
    f"{BASE}/{A}/#",
    f"{BASE}/{A}/up/evt",
    f"{BASE}/{A}/+/cmd",
    f"$share/x/{BASE}/+/down/#",
    f"$share/x/{BASE}/{B}/down/cmd",
    "$SYS/#",
    "$CONTROL/#",
    "$CONTROL/dynamic-security/v1/response",
]


@pytest.mark.parametrize("topic", FORBIDDEN_READS)
def test_a_machine_hears_nothing_else(connect, let_in, broker, topic):
    machine = connect(A, secret(A))
    assert machine.subscribe(topic) >= 128
    bridge = connect(mosquitto.BRIDGE, broker.bridge_password, client_id="bridge-of-a-test")
    bridge.publish(f"{BASE}/{B}/down/cmd", b'{"id":"secret"}')
    connect(B, secret(B)).publish(f"{BASE}/{B}/up/evt")
    assert machine.hears() == []


def test_the_bridge_does_not_speak_for_a_machine(connect, let_in, broker):
    bridge = connect(mosquitto.BRIDGE, broker.bridge_password, client_id="bridge-of-a-test")
    assert bridge.publish(f"{BASE}/{A}/up/evt") == NOT_AUTHORISED
    assert bridge.subscribe("#") >= 128


def test_suspended_means_thrown_out_and_let_in_again(connect, adapter, let_in):
    machine, other = connect(A, secret(A)), connect(B, secret(B))
    tell(adapter, (A, "off:1"))
    assert machine.gone.wait(2), "a suspended machine is still connected"
    assert not connect(A, secret(A)).is_in
    assert other.is_in, "another machine was thrown out as well"
    tell(adapter, (A, "on:1"))
    assert connect(A, secret(A)).is_in


def test_a_new_secret_ends_the_earlier_one(connect, adapter, let_in):
    machine = connect(A, secret(A))
    tell(adapter, (A, "on:2"))
    assert machine.gone.wait(2), "who came in by the earlier secret is still connected"
    assert not connect(A, secret(A)).is_in
    assert connect(A, secret(A, 2)).is_in


def test_revoked_means_thrown_out_and_nothing_left(connect, adapter, let_in):
    machine = connect(A, secret(A))
    tell(adapter, (A, "gone:1"))
    assert machine.gone.wait(2), "a revoked machine is still connected"
    assert not connect(A, secret(A)).is_in
    there = adapter._accounts()
    assert A not in there and there[B] == "on:1"
    tell(adapter, (A, "gone:1"))  # again changes nothing


def test_what_the_broker_has_can_be_told(adapter, let_in):
    tell(adapter, (A, "off:1"), (B, "on:7"))
    there = adapter._accounts()
    assert (there[A], there[B]) == ("off", "on:7")
    roles = {machine for machine, as_now in adapter._roles().items() if as_now}
    assert roles >= {A, B}
    assert core().is_so("on:7", B, there, roles) and not core().is_so("on:6", B, there, roles)


def test_rules_of_an_earlier_version_are_told_anew(adapter, let_in):
    """After an update of the platform no machine keeps rights that it had before it."""
    name = core().role_name(BASE, A)
    old = core()._allow("publishClientSend", f"{BASE}/{A}/up/#")
    adapter.control.ask([{"command": "modifyRole", "rolename": name, "acls": [old]}])
    assert adapter._roles()[A] is False and adapter._roles()[B] is True
    tell(adapter, (A, "on:1"))
    assert adapter._roles()[A] is True


def test_a_credential_of_an_unknown_key_is_a_fault_of_its_own(adapter):
    from odoo.addons.wine_device_bridge.process.access import Change

    changes = [Change(1, A, "on:1", 1, "other"), Change(2, B, "on:1", 1, "k1")]
    faults = adapter.apply(None, changes)
    assert "new secret" in faults[1] and faults[2] is None


def test_the_broker_keeps_hashes_only(adapter, let_in, broker):
    text = (broker.home / "dynamic-security.json").read_text()
    assert secret(A) not in text and broker.bridge_password not in text
    accounts = {client["username"]: client for client in json.loads(text)["clients"]}
    assert accounts[A]["clientid"] == A


def test_it_is_so_after_a_restart_of_the_broker(connect, adapter, let_in, broker):
    tell(adapter, (B, "off:1"))
    session = adapter.control.session
    broker.stop()
    mosquitto.start(broker)
    deadline = time.monotonic() + 15
    while adapter.control.session == session and time.monotonic() < deadline:
        time.sleep(0.1)
    assert adapter.control.ready
    assert connect(A, secret(A)).is_in
    assert not connect(B, secret(B)).is_in


def test_machines_come_in_by_tls(connect, let_in, broker):
    machine = connect(A, secret(A), port=broker.tls_port, ca=broker.ca)
    assert machine.is_in and machine.publish(f"{BASE}/{A}/up/evt") < 128


def test_a_plain_word_on_the_tls_port_is_not_answered(broker):
    with socket.create_connection((broker.host, broker.tls_port), 5) as line:
        line.sendall(b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x02hi")
        line.settimeout(3)
        try:
            answer = line.recv(64)
        except (TimeoutError, ConnectionError):
            answer = b""
    assert not answer.startswith(b"\x20")  # no CONNACK


def test_the_password_file_throws_out_as_well():
    """mosquitto compares who is connected with its file when it reads it again."""
    from odoo.addons.wine_device_bridge.core.passwd_file import write_passwords
    from odoo.addons.wine_device_bridge.core.password import hashed
    from odoo.addons.wine_device_bridge.process.access import AccessSettings
    from odoo.addons.wine_device_bridge.process.brokers import PasswordFile

    with kit.broker(f"{TENANT}_file", access="password_file", tls=True) as other:
        pid_file = str(other.home / "mosquitto.pid")
        access = AccessSettings("password_file", passwd=str(other.passwd), pid_file=pid_file)
        adapter = PasswordFile(SimpleNamespace(user=mosquitto.BRIDGE), access)

        def tell(**secrets):
            lines = {uuid: hashed(secret) for uuid, secret in secrets.items()}
            write_passwords(adapter.path, lines, adapter.bridge)
            adapter._reload()
            time.sleep(0.3)

        tell(**{A: "first", B: "other"})
        _nobody_takes_a_foreign_client_id(other)
        machine, bystander = Device(other, A, "first"), Device(other, B, "other")
        try:
            assert machine.is_in and bystander.is_in
            tell(**{B: "other"})
            assert machine.gone.wait(2), "a removed machine is still connected"
            assert bystander.is_in
        finally:
            machine.close()
            bystander.close()


def _nobody_takes_a_foreign_client_id(broker):
    line = {"port": broker.tls_port, "ca": broker.ca}
    devices = [Device(broker, B, "other", **line), Device(broker, A, "first", client_id=B, **line)]
    time.sleep(0.3)
    assert devices[0].is_in, "a machine ended the session of another one by its client id"
    for device in devices:
        device.close()
