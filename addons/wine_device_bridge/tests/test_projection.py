# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch
from uuid import uuid4

from psycopg2.errors import DiskFull

from odoo.addons.wine_vending.core.facts import RetryLater
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BridgeCommon

LOGGER = "odoo.addons.wine_device_bridge.models.wine_bridge_projection"


@tagged("post_install", "-at_install")
class TestProjection(BridgeCommon):
    """From the inbox to the books: in order, once, and past whatever cannot be used."""

    def test_a_sale_becomes_an_order(self):
        event = self.sale()
        self.store(self.publish(event))
        self.project()
        vend = self.env["wine.vend"].search([("uuid", "=", event["data"]["vend_id"])])
        self.assertEqual(vend.order_ids.amount_total, 120.0)
        self.assertEqual(self.events(event_id=event["id"]).state, "done")

    def test_taking_it_in_again_changes_nothing(self):
        event = self.sale()
        self.store(self.publish(event))
        self.project()
        row = self.events(event_id=event["id"])
        row.sudo().state = "new"
        self.project()
        vend = self.env["wine.vend"].search([("uuid", "=", event["data"]["vend_id"])])
        self.assertEqual(len(vend.order_ids), 1)
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)
        self.assertEqual((row.state, row.result), ("done", "duplicate"))

    def test_types_that_are_known_by_now_are_taken_in_again(self):
        """Cash that was reported before this version knew what to do with it."""
        counted = {"coins": "10.00", "notes": "20.00"}
        event = self.envelope(
            "cash.collected", {"by": "field", "counted": counted, "meter": "30.00"}
        )
        self.store(self.publish(event))
        row = self.events(event_id=event["id"])
        row.sudo().state = "unhandled"
        row.action_replay()
        self.project()
        row = self.events(event_id=event["id"])
        self.assertEqual(row.state, "done")
        taken = self.env["wine.cash.collection"].search([("machine_id", "=", self.machine.id)])
        self.assertEqual((taken.counted, taken.state, taken.source), (30.0, "posted", "machine"))
        row.sudo().state = "new"
        self.project()
        self.assertEqual(len(taken.move_ids), 1, "again changes nothing")

    def test_unknown_types_are_kept(self):
        event = self.envelope("weather.report", {"sun": True})
        self.store(self.publish(event))
        self.project()
        self.assertEqual(self.events(event_id=event["id"]).state, "unhandled")

    def test_a_fact_that_cannot_be_used(self):
        event = self.sale(currency="XXX")
        self.store(self.publish(event), self.publish(self.sale()))
        self.project()
        row = self.events(event_id=event["id"])
        self.assertEqual(row.state, "failed")
        self.assertIn("XXX", row.result)
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)

    def test_mended_and_taken_in_again(self):
        event = self.sale(sku="T-NEW", slot="A3")
        event["data"]["slot"] = "Z1"
        self.store(self.publish(event))
        self.project()
        row = self.events(event_id=event["id"])
        self.assertEqual(row.state, "failed")
        self.make_wine("T-NEW", 9.0)
        row.action_replay()
        self.project()
        self.assertEqual(row.state, "done")
        with self.assertRaises(UserError):
            row.action_replay()

    @mute_logger(LOGGER)
    def test_a_poison_message_is_put_aside_at_the_third_attempt(self):
        poison, good = self.sale(), self.sale()
        self.store(self.publish(poison), self.publish(good))
        Machine = type(self.env["wine.machine"])
        project = Machine._project

        def raising(model, facts):
            if any(fact.reference == poison["id"] for fact in facts):
                raise ZeroDivisionError("poison")
            return project(model, facts)

        self.env["wine.vend"].search([])
        with patch.object(Machine, "_project", raising):
            for attempt in (1, 2):
                outcome = self.env["wine.bridge.event"]._project_isolated(self.machine.id)
                self.assertEqual(outcome.held, {self.machine.id})
                self.assertEqual(self.events(event_id=poison["id"]).attempts, attempt)
                self.assertEqual(self.events(event_id=good["id"]).state, "new", "order is kept")
            outcome = self.env["wine.bridge.event"]._project_isolated(self.machine.id)
        self.assertFalse(outcome.held)
        row = self.events(event_id=poison["id"])
        self.assertEqual((row.state, row.case_id.kind), ("failed", "message"))
        self.assertEqual(self.events(event_id=good["id"]).state, "done")

    def test_not_now_is_not_a_failure(self):
        event = self.sale()
        self.store(self.publish(event))

        def later(model, facts):
            raise RetryLater("closing")

        with patch.object(type(self.env["wine.machine"]), "_project", later):
            outcome = self.env["wine.bridge.event"]._project_isolated(self.machine.id)
        self.assertEqual(outcome.held, {self.machine.id})
        row = self.events(event_id=event["id"])
        self.assertEqual((row.state, row.attempts), ("new", 0))

    def test_only_claimed_machines_and_only_their_oldest(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        first, second, theirs = self.sale(), self.sale(), self.sale(other)
        self.store(self.publish(first), self.publish(theirs, machine=other), self.publish(second))
        self.env["wine.bridge.event"]._project_round(claimed={self.machine.id: 1})
        self.env.invalidate_all()
        self.assertEqual(self.events(event_id=first["id"]).state, "done")
        self.assertEqual(self.events(event_id=second["id"]).state, "new")
        self.assertEqual(self.events(event_id=theirs["id"]).state, "new")

    @mute_logger(LOGGER)
    def test_a_full_disk_is_nobodys_fault(self):
        event = self.sale()
        self.store(self.publish(event))

        def full(model, facts):
            raise DiskFull("no space left on device")

        with patch.object(type(self.env["wine.machine"]), "_project", full):
            with self.assertRaises(DiskFull):
                self.env["wine.bridge.event"]._project_isolated(self.machine.id)
        row = self.events(event_id=event["id"])
        self.assertEqual((row.state, row.attempts), ("new", 0))

    def test_birth_with_an_old_shadow_gets_the_new_one(self):
        Command = self.env["wine.bridge.command"]
        for version, expected in ((0, 1), (1, 0)):
            Command.search([]).state = "sent"
            birth = self.birth(desired_version=version)
            self.store(self.publish(birth, channel="birth"))
            self.project()
            queued = Command.search_count([("state", "=", "queued"), ("channel", "=", "desired")])
            self.assertEqual(queued, expected)
        self.assertEqual(self.machine.connection_state, "online")

    def test_last_will(self):
        will = self.envelope("state", {"state": "offline"}, seq=None)
        self.store(self.publish(will, channel="state"))
        self.project()
        self.assertEqual(self.machine.connection_state, "offline")


@tagged("post_install", "-at_install")
class TestEpochs(BridgeCommon):
    """Boards that are swapped and reset: numbers, epochs, and what becomes of what comes late."""

    def setUp(self):
        super().setUp()
        type(self).seq = 0
        self.env.cr.execute(
            "DELETE FROM wine_bridge_event WHERE machine_id = %s", [self.machine.id]
        )
        self.boot = str(uuid4())

    def live(self, count, **values):
        """So many events of one power-up, stored and used."""
        events = [self.envelope(**{"boot": self.boot, **values}) for _number in range(count)]
        self.store(*(self.publish(event) for event in events))
        self.project()
        return events

    def begin(self, next_seq, boot=None, epoch=1):
        said = self.birth(next_seq=next_seq) | {"boot": boot or str(uuid4()), "epoch": epoch}
        result = self.store(self.publish(said, channel="birth"))
        self.project()
        return result

    def cases(self, state="open"):
        return self.env["wine.case"].search(
            [
                ("machine_id", "=", self.machine.id),
                ("kind", "=", "conflict"),
                ("reference", "like", "numbers-"),
                ("state", "=", state),
            ]
        )

    def test_a_machine_that_goes_on_is_no_case(self):
        self.begin(1, self.boot)
        self.live(5)
        self.begin(6)
        self.begin(6, self.boot)
        self.begin(9)
        self.assertFalse(self.cases())

    def test_a_birth_that_is_used_after_its_events(self):
        """The birth lay in the inbox while the events that follow it were stored."""
        self.live(3)
        boot = str(uuid4())
        birth = self.birth(next_seq=4) | {"boot": boot}
        self.store(self.publish(self.envelope(boot=boot)), self.publish(birth, channel="birth"))
        self.store(self.publish(self.envelope(boot=boot)))
        self.project()
        self.assertFalse(self.cases())

    def test_counting_anew_is_a_case_that_says_what_to_do(self):
        self.live(5)
        result = self.begin(2)
        case = self.cases()
        self.assertEqual(len(case), 1)
        for words in ("number 2", "number 5 of epoch 1", "claim code", "epoch 2"):
            self.assertIn(words, case.text)
        ack = result.journals[self.machine.uuid, 1].acknowledgement(1)
        self.assertEqual(ack["ack_seq"], 5, "the machine is told how far it had come")
        self.begin(2)
        self.assertEqual(self.cases(), case, "one case, however often it is switched on")
        self.begin(6)
        self.assertEqual(case.state, "decided")
        self.assertFalse(self.cases())

    def test_used_numbers_are_refused_and_the_first_stands(self):
        first = self.live(3)
        type(self).seq = 0
        again = self.envelope(data={"state": "closed"}, boot=str(uuid4()))
        result = self.store(self.publish(again))
        self.assertEqual(result.rejected[self.machine.uuid, 1], [(1, "identity_conflict")])
        self.assertEqual(self.events(event_id=first[0]["id"]).data, {"state": "opened"})

    def test_a_new_epoch_counts_from_one_again(self):
        self.live(5)
        self.machine.bridge_epoch = 2
        self.begin(1, epoch=2)
        self.assertFalse(self.cases())
        type(self).seq = 0
        self.live(2, epoch=2)
        self.assertEqual(len(self.events(machine_id=self.machine.id, epoch=2, channel="evt")), 2)

    def test_an_earlier_epoch_that_comes_late_is_used(self):
        """What the old board had not delivered is told by whoever read its journal."""
        self.machine.bridge_epoch = 3
        event = self.sale() | {"epoch": 1, "hist": True, "ts": self.ago(days=2)}
        result = self.store(self.publish(event))
        self.project()
        vend = self.env["wine.vend"].search([("uuid", "=", event["data"]["vend_id"])])
        self.assertEqual((vend.state, vend.device_epoch), ("captured", 1))
        ack = result.journals[self.machine.uuid, 1].acknowledgement(1)
        self.assertEqual((ack["epoch"], ack["ack_seq"]), (1, event["seq"]))

    def test_an_epoch_that_was_never_given_is_kept_and_refused(self):
        event = self.sale() | {"epoch": 4}
        result = self.store(self.publish(event))
        self.assertEqual((result.stored, result.quarantined), (0, 1))
        self.assertEqual(result.rejected[self.machine.uuid, 4], [(event["seq"], "unknown_epoch")])
        self.project()
        self.assertFalse(self.env["wine.vend"].search([("uuid", "=", event["data"]["vend_id"])]))
        kept = self.events(machine_id=self.machine.id, state="quarantined")
        self.assertEqual(kept.code, "unknown_epoch")
        self.assertIn(event["data"]["vend_id"], kept.payload)
