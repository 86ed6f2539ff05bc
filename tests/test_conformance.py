# SPDX-License-Identifier: LGPL-3.0-or-later
"""The conformance kit plays a device: the product's own bridge behind a real broker, by TLS.

Everything is as it stands in production: mosquitto with dynamic security, accounts that the bridge
told it, the bridge as a process, Odoo's projection. No rule may fail, and none may go untried.
"""

import threading

import pytest

from fleet.config import read
from fleet.conformance import rules
from fleet.conformance.as_device import Device
from fleet.conformance.line import Line
from tests.harness import House
from tools.env import mosquitto

NAME = "wine_conformance"
#: the paces of the watch over gaps, so that a test need not wait for minutes
PACES = {"gap_seconds": "1", "gap_start_delay": "0"}


@pytest.fixture(scope="module")
def house():
    access = {"access": mosquitto.DYNSEC, "tls": True}
    with pytest.MonkeyPatch.context() as monkey, House(NAME, **access) as made:
        # Odoo runs in this process: its secrets follow from the same key as the bridge's
        monkey.setenv("WINE_BROKER_KEY", made.broker.key)
        made.fleet = made.provision()
        line = {"port": made.broker.tls_port, "tls": True, "ca": str(made.broker.ca)}
        made.fleet["broker"] |= {"host": "localhost"} | line
        with made.env() as env:
            for name, value in PACES.items():
                env["ir.config_parameter"].set_param(f"wine_device_bridge.{name}", value)
        made.start_bridge()
        assert made.until(lambda: made.query(APPLIED) == [(0,)]), (
            "the broker is not told everything"
        )
        yield made


APPLIED = "SELECT count(*) FROM wine_bridge_credential WHERE stand IS DISTINCT FROM applied"
MACHINE = """SELECT uuid FROM wine_machine machine WHERE state = 'active' AND EXISTS (
    SELECT 1 FROM wine_machine_slot slot
     WHERE slot.machine_id = machine.id AND qty > 2 AND product_id IS NOT NULL) ORDER BY id"""


def authorise(house, uuid):
    """A person pays for a bottle there; the machine has three seconds to take it."""

    def work(env):
        machine = env["wine.machine"].search([("uuid", "=", uuid)])
        slot = machine.slot_ids.filtered(lambda one: one.product_id and one.qty > 2)[:1]
        vend = env["wine.vend"]._reserve(slot, "qr")
        vend._authorise(age_checked=True, seconds=3)
        return vend.uuid

    house.vend = house.do(work)


def tried(house, **patience):
    """Verdicts about the platform; the watch over gaps runs meanwhile, as its cron does."""
    [uuid] = house.query(MACHINE)[0]
    config = read(house.fleet)
    machine = next(one for one in config.machines if one.uuid == uuid)
    verdicts, over = rules.Verdicts(rules.PLATFORM), []
    device = Device(config, machine, verdicts, quiet=1.5, ask=lambda _what: authorise(house, uuid),
                    **patience)  # fmt: skip

    def run():
        try:
            over.append(device.run())
        except Exception as error:  # noqa: BLE001 - the test reports whatever it is
            over.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        house.do(lambda env: env["wine.bridge.gap"]._cron_watch())
        thread.join(1)
    assert over == [True]
    assert type(device.line) is Line, "this is about MQTT"
    return verdicts


def test_the_bridge_keeps_every_rule(house):
    verdicts = tried(house, patience=20.0, resend=40.0, attend=20.0)
    assert not verdicts.failed, verdicts.table()
    unseen = [rule for rule in rules.PLATFORM if verdicts.of(rule) == "not seen"]
    assert not unseen, f"not tried: {unseen}"
    settled = "SELECT state FROM wine_vend WHERE uuid = %s"
    assert house.until(lambda: house.query(settled, house.vend)[0][0] == "voided", 20)
    answered = "SELECT count(*) FROM wine_bridge_command WHERE type = %s AND state = 'succeeded'"
    assert house.query(answered, "event.resend") == [(1,)]
