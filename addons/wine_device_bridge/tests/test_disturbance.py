# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from uuid import uuid4

from odoo import fields
from odoo.tests import tagged

from .common import BridgeCommon


@tagged("post_install", "-at_install")
class TestDisturbance(BridgeCommon):
    """Trouble on the line becomes an alert, and the alert closes by itself."""

    def alerts(self, kind):
        return self.env["wine.machine.alert"].search(
            [("machine_id", "=", self.machine.id), ("kind", "=", kind)]
        )

    def watch(self, **later):
        self.env["wine.machine.alert"]._watch(fields.Datetime.now() + timedelta(**later))
        self.env.invalidate_all()

    def born(self, boot, **values):
        self.store(self.publish(dict(self.birth(), boot=boot, **values), channel="birth"))
        self.project()

    def test_a_flood_is_an_alert_and_over_when_it_is_over(self):
        note = self.env["wine.bridge.disturbance"]._note
        note("flood", {self.machine.id: 900})
        note("flood", {self.machine.id: 100})
        row = self.env["wine.bridge.disturbance"].search([("machine_id", "=", self.machine.id)])
        self.assertEqual((len(row), row.times), (1, 1000))
        self.watch()
        alert = self.alerts("flood")
        self.assertEqual((alert.state, alert.severity), ("open", "warning"))
        self.assertIn("1000 messages were not taken", alert.display_name)
        self.watch(minutes=3)
        self.assertEqual(alert.state, "open", "it may begin again in a moment")
        self.watch(minutes=9)
        self.assertEqual(alert.state, "closed")

    def test_a_flood_long_after_is_counted_anew(self):
        note = self.env["wine.bridge.disturbance"]._note
        note("flood", {self.machine.id: 900})
        row = self.env["wine.bridge.disturbance"].search([("machine_id", "=", self.machine.id)])
        before = fields.Datetime.now() - timedelta(hours=1)
        row.write({"since": before, "seen_at": before})
        self.env.flush_all()
        note("flood", {self.machine.id: 5})
        self.assertEqual(row.times, 5)
        self.assertGreater(row.since, before)

    def test_two_boards_with_one_secret(self):
        one, other = str(uuid4()), str(uuid4())
        for boot in (one, other, one):
            self.born(boot)
        self.watch()
        self.assertFalse(self.alerts("copied"))
        self.born(other)
        self.watch()
        alert = self.alerts("copied")
        self.assertEqual((alert.state, alert.severity), ("open", "critical"))
        self.assertIn("two boards", alert.display_name)
        self.watch(minutes=40)
        self.watch(minutes=80)
        self.assertEqual(alert.state, "closed")

    def test_a_board_that_starts_anew_all_day_is_one_board(self):
        for _turn in range(4):
            boot = str(uuid4())
            self.born(boot)
            self.born(boot)
        self.watch()
        self.assertFalse(self.alerts("copied"))

    def test_another_machine_with_the_same_births(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        boots = [str(uuid4()), str(uuid4())]
        for boot in boots:
            for machine in (self.machine, other):
                birth = dict(self.birth(), boot=boot)
                self.store(self.publish(birth, channel="birth", machine=machine))
        self.project()
        self.watch()
        self.assertFalse(self.alerts("copied"))

    def test_a_machine_that_contradicts_itself_all_day_is_one_case(self):
        event = self.envelope()
        self.store(self.publish(event))
        for number in range(5):
            self.store(self.publish(dict(event, data={"state": "closed", "by": str(number)})))
            self.project()
        rows = self.events(state="quarantined", machine_id=self.machine.id)
        self.assertEqual((len(rows), len(rows.case_id)), (5, 1))
