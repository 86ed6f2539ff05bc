# SPDX-License-Identifier: LGPL-3.0-or-later
"""A vend that the platform authorises (docs/protocol §6), row by row, with real devices."""

import time

import pytest

from fleet.options import Options
from fleet.runner import Fleet
from tests.harness import House

NAME = "wine_vends"
OPTIONS = Options(seed=9, rate=0, start_spread=0, dispense=0.1, think=0.6, tele=0)


class Counter:
    """Consumers who pay through the platform, each at a machine of their own."""

    def __init__(self, house, fleet):
        self.house, self.fleet = house, fleet
        self.free = list(fleet.machines)

    def machine(self):
        """One that nobody else in these tests has used."""
        machine = self.free.pop()
        machine.device.motor.forced.clear()
        return machine

    def authorise(self, machine, seconds=60, qty=1):
        """(vend id, slot) of a vend that is paid and told to the machine."""

        def work(env):
            record = env["wine.machine"].search([("uuid", "=", machine.uuid)])
            slots = record.slot_ids.filtered(lambda slot: slot.product_id and slot.qty > qty)
            vend = env["wine.vend"]._reserve(slots[:1], "qr", qty=qty)
            vend._authorise(age_checked=True, seconds=seconds)
            return vend.uuid

        return self.house.do(work)

    def vend(self, uuid):
        """(state, payment, outcome, reject code, captured) as in the books."""
        ((*values, amount),) = self.house.query(
            "SELECT state, payment_state, outcome, reject_code, amount_captured "
            "FROM wine_vend WHERE uuid = %s",
            uuid,
        )
        return (*values, float(amount or 0))

    def ends(self, uuid, state, seconds=20):
        assert self.fleet.run_until(lambda: self.vend(uuid)[0] == state, seconds), self.vend(uuid)
        return self.vend(uuid)

    def commands(self, kind, uuid):
        return self.house.query(
            "SELECT state, code FROM wine_bridge_command WHERE type = %s "
            "AND args->>'vend_id' = %s ORDER BY id",
            kind,
            uuid,
        )

    def cancelled(self, uuid, ending):
        """The machine has answered the cancellation so."""
        done = lambda: ending in self.commands("vend.cancel", uuid)  # noqa: E731
        assert self.fleet.run_until(done, 20), self.commands("vend.cancel", uuid)

    def expire(self):
        self.house.do(lambda env: env["wine.vend"]._cron_expire())

    def moved(self, machine, uuid):
        """How often the motor turned for it."""
        return int(uuid in machine.state.sold)


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    with House(NAME) as house:
        config = house.provision()
        house.start_bridge()
        with Fleet(config, tmp_path_factory.mktemp("fleet"), OPTIONS) as fleet:
            assert fleet.run_until(fleet.ready, 60)
            assert fleet.run_until(
                lambda: (
                    not house.query(
                        "SELECT 1 FROM wine_machine WHERE state = 'active' "
                        "AND connection_state <> 'online' LIMIT 1"
                    )
                ),
                90,
            )
            assert fleet.run_until(
                lambda: all(
                    machine.device.outbox.hello < time.time() for machine in fleet.machines
                ),
                60,
            )
            yield Counter(house, fleet)


@pytest.mark.parametrize(
    ("motor", "state", "payment"),
    [
        ("success", "captured", "captured"),
        ("failed", "voided", "voided"),
        ("unknown", "unknown", "authorised"),
    ],
)
def test_accepted_started_result(counter, motor, state, payment):
    machine = counter.machine()
    machine.force(motor)
    uuid = counter.authorise(machine)
    vend = counter.ends(uuid, state)
    assert vend[1] == payment
    steps = [
        row[0]
        for row in counter.house.query(
            "SELECT type FROM wine_bridge_event WHERE data->>'vend_id' = %s ORDER BY seq", uuid
        )
    ]
    assert steps == ["vend.accepted", "vend.started", "vend.result"]


def test_a_part_is_paid_for_a_part(counter):
    machine = counter.machine()
    machine.force("partial")
    vend = counter.ends(counter.authorise(machine, qty=2), "captured")
    assert vend[2] == "partial" and vend[4] > 0


def test_rejected_is_voided(counter):
    machine = counter.machine()
    machine.device.commit({"set": {"locked": True}})
    uuid = counter.authorise(machine)
    assert counter.ends(uuid, "voided")[3] == "maintenance"


def test_cancelled_before_it_was_accepted(counter):
    """The machine still thinks about it: honoured, the motor never turns."""
    machine = counter.machine()
    counter.fleet.options.think = 3.0
    uuid = counter.authorise(machine)
    assert counter.fleet.run_until(lambda: machine.device.vending.job, 10)
    _cancel(counter, uuid)
    assert counter.ends(uuid, "voided")[3] == "expired"
    counter.cancelled(uuid, ("succeeded", None))
    assert not counter.moved(machine, uuid)
    counter.fleet.options.think = 0.6


def _cancel(counter, uuid):
    counter.house.do(lambda env: env["wine.vend"].search([("uuid", "=", uuid)])._send_cancel())


def test_cancelled_after_it_was_accepted(counter):
    """Too late: the bottle comes, and is paid."""
    machine = counter.machine()
    uuid = counter.authorise(machine)
    counter.ends(uuid, "captured")
    _cancel(counter, uuid)
    counter.cancelled(uuid, ("rejected", "too_late"))
    assert counter.vend(uuid)[0] == "captured" and counter.moved(machine, uuid) == 1


def test_the_same_vend_under_another_command(counter):
    """Told twice, delivered once."""
    machine = counter.machine()
    uuid = counter.authorise(machine)
    counter.ends(uuid, "captured")

    def again(env):
        vend = env["wine.vend"].search([("uuid", "=", uuid)])
        args = vend._authorise_args(True)
        vend.machine_id._send("vend.authorize", args, vend.expires_at)

    counter.house.do(again)
    done = lambda: counter.commands("vend.authorize", uuid)[-1] == ("rejected", "duplicate")  # noqa: E731
    assert counter.fleet.run_until(done, 20), counter.commands("vend.authorize", uuid)
    assert counter.moved(machine, uuid) == 1
    orders = counter.house.query(
        "SELECT count(*) FROM pos_order JOIN wine_vend vend ON vend.id = wine_vend_id "
        "WHERE vend.uuid = %s",
        uuid,
    )
    assert orders == [(1,)]


def test_offline_until_it_is_over(counter):
    """Voided at its time; the broker drops it, and the machine never hears of it."""
    machine = counter.machine()
    machine.go_offline()
    uuid = counter.authorise(machine, seconds=1)
    counter.fleet.run(2.5)
    counter.expire()
    assert counter.vend(uuid)[:2] == ("voided", "void_pending")
    assert counter.commands("vend.authorize", uuid)[0][0] == "expired"
    machine.go_online()
    counter.cancelled(uuid, ("succeeded", None))
    counter.fleet.run(1)
    assert not counter.moved(machine, uuid) and counter.vend(uuid)[0] == "voided"


def test_back_in_time(counter):
    """Offline when it was told, back before its end: the broker has kept it."""
    machine = counter.machine()
    machine.go_offline()
    uuid = counter.authorise(machine, seconds=60)
    counter.fleet.run(1.5)
    assert counter.vend(uuid)[0] == "authorised"
    machine.go_online()
    counter.ends(uuid, "captured")


@pytest.mark.parametrize("motor", ["success", "failed"])
def test_accepted_in_time_and_told_too_late(counter, motor):
    """The line broke after it was accepted: answered by vend.cancel; a bottle is still a sale."""
    machine = counter.machine()
    machine.force(motor)
    uuid = counter.authorise(machine, seconds=60)
    assert counter.fleet.run_until(lambda: machine.device.vending.job, 10)
    machine.go_offline()
    counter.fleet.run(1.5)  # accepted, delivered, all in the journal
    assert counter.moved(machine, uuid) == 1

    def over(env):
        vend = env["wine.vend"].search([("uuid", "=", uuid)])
        vend.expires_at = vend.create_date
        vend._cron_expire()

    counter.house.do(over)
    assert counter.vend(uuid)[:2] == ("voided", "void_pending")
    machine.go_online()
    counter.cancelled(uuid, ("rejected", "too_late"))
    assert counter.fleet.run_until(counter.fleet.drained, 30)
    state, payment = ("captured", "captured") if motor == "success" else ("voided", "void_pending")
    vend = counter.ends(uuid, state)
    assert vend[1] == payment
    answered = lambda: len(counter.commands("vend.cancel", uuid)) >= 2  # noqa: E731
    assert counter.fleet.run_until(answered, 20), "the late acceptance was not answered"
    assert counter.vend(uuid)[:2] == (state, payment)
