# SPDX-License-Identifier: LGPL-3.0-or-later
"""Suspended, rotated, swapped, revoked in Odoo: true at the real broker within two seconds."""

import json
import time
from datetime import datetime, timezone
from uuid import uuid4

import paho.mqtt.client as mqtt
import pytest

from tests.harness import House
from tools.env import kit, mosquitto
from tools.env.paths import LOGS

pytestmark = pytest.mark.alone
#: the broker knows within so many seconds
BOUND = 2.0


class Board:
    """One machine's board: connects once, says events, hears what is acknowledged."""

    def __init__(self, house, uuid, secret):
        self.house, self.uuid, self.acks, self.is_in, self.gone_at = house, uuid, [], None, None
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            uuid,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        client.username_pw_set(uuid, secret)
        client.on_connect = self._connected
        client.on_disconnect = self._gone
        client.on_message = lambda _c, _u, message: self.acks.append(json.loads(message.payload))
        self.client = client
        client.connect(house.broker.host, house.broker.port)
        client.loop_start()
        deadline = time.monotonic() + 5
        while self.is_in is None and time.monotonic() < deadline:
            time.sleep(0.02)

    def _connected(self, client, _userdata, _flags, reason, _properties):
        if not reason.is_failure:
            client.subscribe(f"wine/v1/{self.house.name}/{self.uuid}/down/evt_ack", 1)
        self.is_in = not reason.is_failure

    def _gone(self, client, *_args):
        self.gone_at = self.gone_at or time.monotonic()
        self.is_in = False
        client.disconnect()

    def say(self, seq, epoch, **more):
        event = {
            "id": str(uuid4()),
            "epoch": epoch,
            "seq": seq,
            "boot": str(uuid4()),
            "ts": datetime.now(timezone.utc).isoformat(),
            "ts_q": "synced",
            "hist": False,
            "type": "door",
            "data": {"state": "opened"},
            **more,
        }
        topic = f"wine/v1/{self.house.name}/{self.uuid}/up/evt"
        self.client.publish(topic, json.dumps(event), 1)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="module")
def house():
    access = {"access": mosquitto.DYNSEC}
    with pytest.MonkeyPatch.context() as monkey, House("wine_access_day", **access) as made:
        # Odoo runs in this process: its secrets follow from the same key as the bridge's
        monkey.setenv("WINE_BROKER_KEY", made.broker.key)
        made.fleet = {entry["uuid"]: entry for entry in made.provision()["machines"]}
        made.start_bridge()
        yield made


@pytest.fixture
def boards(house):
    made = []

    def connect(uuid, secret):
        made.append(Board(house, uuid, secret))
        return made[-1]

    yield connect
    for board in made:
        board.close()


def applied(house, uuid, seconds=30):
    """Wait until the broker has been told everything about a machine."""
    return house.until(
        lambda: house.query(
            """SELECT credential.stand = credential.applied FROM wine_bridge_credential credential
                 JOIN wine_machine machine ON machine.id = machine_id WHERE uuid = %s""",
            uuid,
        )[0][0],
        seconds,
        step=lambda: time.sleep(0.05),
    )


def active(house):
    """UUIDs and secrets of two machines that sell."""
    rows = house.query("SELECT uuid FROM wine_machine WHERE state = 'active' ORDER BY id LIMIT 2")
    return [(uuid, house.fleet[uuid]["password"]) for (uuid,) in rows]


def on(house, uuid, work):
    """``work(machine)`` in Odoo; returns its result and when it was committed."""
    result = house.do(lambda env: work(env["wine.machine"].search([("uuid", "=", uuid)])))
    return result, time.monotonic()


def thrown_out(house, board, since):
    assert house.until(lambda: board.gone_at, 10, step=lambda: time.sleep(0.02)), "still connected"
    assert board.gone_at - since <= BOUND, f"thrown out after {board.gone_at - since:.2f} s"


def test_a_life(house, boards):
    (uuid, secret), (other, other_secret) = active(house)
    assert applied(house, uuid) and applied(house, other)
    board, bystander = boards(uuid, secret), boards(other, other_secret)
    assert board.is_in and bystander.is_in

    # a payload that names another machine
    board.say(1, 1, machine=other)
    assert house.until(lambda: any(ack["rejected"] for ack in board.acks), 15)
    rejected = [entry for ack in board.acks for entry in ack["rejected"]]
    assert {"seq": 1, "code": "foreign_machine"} in rejected

    # suspended, and active again
    _done, since = on(house, uuid, lambda machine: machine.action_suspend() and None)
    thrown_out(house, board, since)
    assert not boards(uuid, secret).is_in
    on(house, uuid, lambda machine: machine.action_activate() and None)
    assert applied(house, uuid, BOUND)
    again = boards(uuid, secret)
    assert again.is_in

    # a new secret
    fresh, since = on(
        house, uuid, lambda machine: machine.action_rotate_credential()["context"]["default_secret"]
    )
    thrown_out(house, again, since)
    assert not boards(uuid, secret).is_in
    assert applied(house, uuid, BOUND)
    rotated = boards(uuid, fresh)
    assert rotated.is_in

    # another board: a code, a claim, an epoch; its first event at once
    def claim(machine):
        code = machine.action_claim_code()["context"]["default_secret"]
        _m, epoch, _v, given = machine.env["wine.bridge.claim"]._redeem(machine.serial, code)
        return epoch, given

    (epoch, given), since = on(house, uuid, claim)
    thrown_out(house, rotated, since)
    assert epoch == 2
    assert applied(house, uuid, BOUND)
    swapped = boards(uuid, given)
    assert swapped.is_in
    swapped.say(1, 2)
    assert house.until(lambda: any(ack["epoch"] == 2 for ack in swapped.acks), 15)
    ack = next(ack for ack in swapped.acks if ack["epoch"] == 2)
    assert (ack["ack_seq"], ack["rejected"]) == (1, [])

    # revoked
    _done, since = on(house, uuid, lambda machine: machine.action_revoke_credential() and None)
    thrown_out(house, swapped, since)
    assert not boards(uuid, given).is_in
    assert bystander.is_in, "a machine that nobody spoke of was thrown out"


def test_a_broker_that_lost_its_file_is_told_again(house, boards):
    _first, (other, secret) = active(house)
    assert applied(house, other)
    house.broker.stop()
    path = house.broker.home / "dynamic-security.json"
    content = json.loads(path.read_text())
    content["clients"] = [one for one in content["clients"] if one["username"] == mosquitto.BRIDGE]
    path.write_text(json.dumps(content))
    mosquitto.start(house.broker)
    assert not boards(other, secret).is_in
    assert house.until(lambda: boards(other, secret).is_in, 30, step=lambda: time.sleep(0.5))


def test_a_file_made_from_the_database_lets_everybody_in_as_before(house, boards):
    """Nobody waits for the bridge to tell the broker one machine after the other."""
    from odoo.cli.command import find_command

    _first, (other, secret) = active(house)
    assert applied(house, other)
    house.stop_bridge()
    house.broker.stop()
    before = house.query("SELECT id, version, secret_hash FROM wine_bridge_credential ORDER BY id")
    path = house.broker.home / "dynamic-security.json"
    path.unlink()
    command = find_command("wine_bridge_credentials")()
    options, _rest = command.parse(["-d", house.name, "--keep", "--dynsec", str(path)])
    with pytest.MonkeyPatch.context() as monkey:
        for name, value in kit.bridge_environment(house.name, house.broker).items():
            monkey.setenv(name, value)
        house.do(lambda env: command.issue(env, options))
    mosquitto.own(path)
    mosquitto.start(house.broker)
    assert boards(other, secret).is_in, "without a bridge, by the secret that it had"
    assert not boards(other, secret + "x").is_in
    after = house.query("SELECT id, version, secret_hash FROM wine_bridge_credential ORDER BY id")
    assert after == before
    # and the bridge finds nothing to mend
    log = LOGS / f"{house.name}-bridge.log"
    begun = log.stat().st_size
    house.start_bridge()
    board = boards(other, secret)
    time.sleep(2)
    assert board.is_in and b"the broker differs" not in log.read_bytes()[begun:]


def test_no_secret_in_the_log_of_the_bridge(house):
    text = (LOGS / f"{house.name}-bridge.log").read_text()
    secrets = [entry["password"] for entry in house.fleet.values()]
    assert house.broker.bridge_password not in text and house.broker.key not in text
    assert not [secret for secret in secrets if secret in text]
