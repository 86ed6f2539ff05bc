# SPDX-License-Identifier: LGPL-3.0-or-later
"""The wanted shadow: whole, as published, and told again when anything in it becomes another."""

from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..core import schema
from ..models import wine_machine_shadow
from ..models.wine_machine_shadow import WineMachine
from .common import BridgeCommon
from .test_door import DoorCommon

OFFER = {
    "id": "spring",
    "sku": "T-RED",
    "kind": "percent",
    "value": "10",
    "from": "2026-03-01T00:00:00Z",
    "to": "2026-04-01T00:00:00Z",
}


class ShadowCommon(BridgeCommon):
    """One machine, and what waits to be told to it."""

    def shadows(self, machine=None):
        machine = machine or self.machine
        return self.env["wine.bridge.command"].search(
            [("machine_id", "=", machine.id), ("channel", "=", "desired")], order="id desc"
        )

    def newest(self, machine=None):
        return self.shadows(machine)[:1].args

    def report(self, document, version=None):
        """The machine says that it has applied a document."""
        said = {"version": version or document["version"], "sha256": document["sha256"]}
        content = self.envelope("reported", {**said, "fw": "2", "errors": []}, seq=None)
        self.store(self.publish(content, channel="reported"))
        self.project()


@tagged("post_install", "-at_install")
class TestShadow(ShadowCommon):
    """The document, and who makes another one of it."""

    def test_the_document_keeps_the_contract(self):
        self.wine.write({"wine_age_restricted": True, "wine_volume_ml": 750})
        document = self.machine._desired()
        self.assertIsNone(schema.fault("desired", document))
        self.assertEqual(
            document["config"],
            {
                "temp_min": 8.0,
                "temp_max": 16.0,
                "humidity_max": 80.0,
                "sales_hours": ["00:00", "24:00"],
                "min_age": 18,
                "tele_s": 60,
            },
        )

    def test_every_field_of_the_contract_is_said(self):
        """What the schema names and the platform leaves out is promised to makers of devices."""
        contract = schema.schemas()["desired.schema.json"]["properties"]
        document = self.machine._desired()
        self.assertEqual(set(document), set(contract))
        self.assertEqual(set(document["config"]), set(contract["config"]["properties"]))
        lines = contract["planogram"]["items"]["properties"]
        self.assertEqual(set(document["planogram"][0]), set(lines))

    def test_the_check_can_fail(self):
        document = self.machine._desired()
        for key, bad in (("tele_s", 0), ("humidity_max", 101), ("sales_hours", ["9:00", "24:00"])):
            config = {**document["config"], key: bad}
            self.assertIn(key, schema.fault("desired", {**document, "config": config}))

    def test_offers_of_a_wing_are_told(self):
        before = self.machine._desired()
        self.assertEqual(before["offers"], [])
        with patch.object(WineMachine, "_desired_offers", lambda _machine: [OFFER]):
            self.assertEqual(self.machine._publish_changed(), self.machine)
            self.assertFalse(self.machine._publish_changed(), "told already")
        document = self.newest()
        self.assertEqual(document["offers"], [OFFER])
        self.assertNotEqual(document["sha256"], before["sha256"])
        self.assertIsNone(schema.fault("desired", document))

    def changes(self, record, values, wanted):
        """A change is told once, under the same version and another digest."""
        before, count = self.newest(), len(self.shadows())
        record.write(values)
        after = self.newest()
        self.assertEqual(len(self.shadows()), count + 1)
        self.assertEqual(after["version"], before["version"], "the planogram is the same")
        self.assertNotEqual(after["sha256"], before["sha256"])
        self.assertEqual(after["sha256"], self.machine.bridge_shadow_sha256)
        self.assertIsNone(schema.fault("desired", after))
        told = {key: after["config"][key] for key in wanted}
        self.assertEqual(told, wanted)
        record.write(values)
        self.assertEqual(len(self.shadows()), count + 1, "what changes nothing is not told")

    def test_limits_and_pace_of_the_model(self):
        model = self.machine.model_id
        self.changes(model, {"temp_max": 14.5}, {"temp_max": 14.5})
        self.changes(model, {"temp_min": 9}, {"temp_min": 9})
        self.changes(model, {"humidity_max": 70}, {"humidity_max": 70})
        self.changes(model, {"bridge_tele_s": 300}, {"tele_s": 300})

    def test_hours_and_age_of_the_region(self):
        hours = {"sales_from": 9.5, "sales_to": 22}
        self.changes(self.region, hours, {"sales_hours": ["09:30", "22:00"]})
        self.changes(self.region, {"min_age": 21}, {"min_age": 21})

    def test_whoever_may_change_a_setting_has_it_told(self):
        """Neither may write into the outbox, nor see all machines that are concerned."""
        for group, record, values, wanted in (
            ("admin", self.machine.model_id, {"bridge_tele_s": 120}, {"tele_s": 120}),
            ("region_manager", self.region, {"min_age": 20}, {"min_age": 20}),
        ):
            user = new_test_user(self.env, f"by-{group}", f"wine_vending.group_wine_{group}")
            if group == "region_manager":
                self.region.manager_ids = user
            self.changes(record.with_user(user), values, wanted)

    def test_what_a_wine_bears_and_who_may_buy_it(self):
        template = self.wine.product_tmpl_id
        band = {"wine_storage_temp_min": 9, "wine_storage_temp_max": 11}
        self.changes(template, band, {"temp_min": 9, "temp_max": 11})
        self.changes(self.wine, {"wine_age_restricted": True}, {})
        ages = {line["age"] for line in self.newest()["planogram"] if line["sku"] == "T-RED"}
        self.assertEqual(ages, {18})

    def test_another_model(self):
        model = self.make_model(name="Dry", humidity_max=55)
        self.changes(self.machine, {"model_id": model.id}, {"humidity_max": 55})

    def test_others_are_left_alone(self):
        plan = {"A1": self.wine}
        other = self.make_machine(self.region, plan, name="Other")
        gone = self.make_machine(self.region, plan, name="Gone", model=self.machine.model_id)
        gone.slot_ids.qty = 0
        gone.action_retire()
        asleep = self.machine.copy({"serial": "asleep", "name": "Without a planogram"})
        counts = len(self.shadows(other)), len(self.shadows(gone))
        self.machine.model_id.bridge_tele_s = 30
        self.assertEqual((len(self.shadows(other)), len(self.shadows(gone))), counts)
        self.assertFalse(self.shadows(asleep))

    def test_more_machines_than_one_request_can_tell(self):
        """The form is saved at once; the rest is told in the background, each once."""
        model, plan = self.machine.model_id, {"A1": self.wine}
        machines = self.machine | self.make_machine(self.region, plan, name="B", model=model)
        machines |= self.make_machine(self.region, plan, name="C", model=model)
        counts = {machine: len(self.shadows(machine)) for machine in machines}
        cron = self.env.ref("wine_device_bridge.cron_publish_due")
        triggers = [("cron_id", "=", cron.id)]
        self.env["ir.cron.trigger"].search(triggers).unlink()
        with patch.object(wine_machine_shadow, "AT_ONCE", 1):
            model.humidity_max = 71
            told = machines.filtered(lambda one: len(self.shadows(one)) > counts[one])
            self.assertEqual((len(told), told.bridge_shadow_due), (1, False))
            self.assertEqual(set((machines - told).mapped("bridge_shadow_due")), {True})
            self.assertEqual(self.env["ir.cron.trigger"].search_count(triggers), 1)
            self.env.flush_all()
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
            self.env.invalidate_all()
        self.assertFalse(any(machines.mapped("bridge_shadow_due")))
        for machine in machines:
            self.assertEqual(len(self.shadows(machine)), counts[machine] + 1)
            self.assertEqual(self.newest(machine)["config"]["humidity_max"], 71)

    def test_it_says_the_same_whoever_publishes(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.wine.product_tmpl_id.with_context(lang="fr_FR").name = "Vin rouge"
        french = self.machine.with_context(lang="fr_FR")._desired()
        self.assertEqual(french, self.machine.with_context(lang=None)._desired())
        self.machine.company_id.partner_id.lang = "fr_FR"
        self.assertEqual(self.machine._desired()["planogram"][0]["name"], "Vin rouge")

    def test_impossible_settings_are_refused(self):
        model = self.machine.model_id
        for values in ({"bridge_tele_s": 0}, {"bridge_tele_s": 4000}, {"humidity_max": 100.5}):
            with (
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                model.write(values)
                self.env.flush_all()

    def test_a_machine_that_comes_back_with_old_settings(self):
        """Its version is the newest one, so only the digest that it reported tells."""
        old = self.newest()
        self.assertEqual(self.machine.bridge_settings, "waiting")
        self.report(old)
        self.assertEqual(self.machine.bridge_settings, "applied")
        self.machine.model_id.bridge_tele_s = 30
        self.assertEqual((self.machine.bridge_settings, self.machine.in_sync), ("waiting", True))
        for document, expected in ((None, 1), (self.newest(), 0)):
            if document:
                self.report(document)
            self.shadows().state = "sent"
            self.store(self.publish(self.birth(desired_version=old["version"]), channel="birth"))
            self.project()
            queued = self.shadows().filtered(lambda one: one.state == "queued")
            self.assertEqual(len(queued), expected)


@tagged("post_install", "-at_install")
class TestShadowAtTheDoor(ShadowCommon, DoorCommon):
    """A device without MQTT names a version only; its last report says what it has of it."""

    def test_changed_settings_come_until_they_are_reported(self):
        old = self.told({})["desired"]
        say = {"desired_version": old["version"]}
        self.assertNotIn("desired", self.told(say))
        self.report(old)
        self.assertNotIn("desired", self.told(say))
        self.machine.model_id.humidity_max = 66
        new = self.told(say)["desired"]
        self.assertEqual((new["version"], new["config"]["humidity_max"]), (old["version"], 66))
        self.assertNotIn("desired", self.told(say), "it has a while to apply and report it")
        self.env.cr.execute("UPDATE wine_bridge_command SET door_at = door_at - interval '301 s'")
        self.assertEqual(self.told(say)["desired"], new, "the answer may have been lost")
        self.report(new)
        self.env.cr.execute("UPDATE wine_bridge_command SET door_at = door_at - interval '301 s'")
        self.assertNotIn("desired", self.told(say))
