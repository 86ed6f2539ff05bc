# SPDX-License-Identifier: LGPL-3.0-or-later
"""A person decides a vend just as its machine speaks after all; all of it is committed."""

import time
import unittest
from datetime import timedelta

from tests.harness import House
from tests.test_complaint_races import kit

DATABASE = "wine_late_words"
#: who waits until the other one has committed, on what was read before; nobody waits: chance
LATER = (None, "person", "machine")


class TestLateWordRaces(unittest.TestCase):
    """Whoever comes first settles it, and the second sees what was done."""

    @classmethod
    def setUpClass(cls):
        cls.house = House(DATABASE).__enter__()
        cls.addClassCleanup(cls.house.__exit__, None, None, None)
        with cls.house.env() as env:
            cls.kit = kit(env)
            cls.slot_id = cls.kit.slot(cls.kit.machine, "A1").id

    def unheard(self):
        """A vend for which a person has a case since a moment ago; its id."""
        from odoo import fields

        with self.house.env() as env:
            slot = env["wine.machine.slot"].browse(self.slot_id)
            slot.qty = 10
            vend = env["wine.vend"]._reserve(slot, "qr")
            vend._authorise(age_checked=True)
            fact = self.kit.fact(slot.machine_id, "vend.accepted", {"vend_id": vend.uuid})
            env["wine.machine"]._project([fact])
            vend.expires_at = fields.Datetime.now() - timedelta(hours=25)
            env["wine.vend"]._cron_expire()
            self.assertEqual(vend.state, "unknown")
            return vend.id

    def says(self, vend_id, outcome):
        """What the projection does with the machine's result."""

        def say(env):
            vend = env["wine.vend"].browse(vend_id)
            data = {"vend_id": vend.uuid, "slot": "A1", "slot_state": "ok", "outcome": outcome}
            data["qty"] = int(outcome == "success")
            fact = self.kit.fact(vend.machine_id, "vend.result", data)
            env["wine.machine"]._project([fact])

        return say

    def decides(self, vend_id, button):
        def decide(env):
            getattr(env["wine.vend"].browse(vend_id).case_ids, button)()

        return decide

    def second(self, vend_id, work):
        """``work``, once the other one has committed; the snapshot is older than that."""

        def wait(env):
            end = time.monotonic() + 30
            query = "SELECT state FROM wine_vend WHERE id = %s"
            while self.house.query(query, vend_id)[0][0] == "unknown" and time.monotonic() < end:
                time.sleep(0.05)
            work(env)

        return wait

    def race(self, button, outcome, later):
        """(who came first, state, sum of the orders, bottles left, kinds of open cases)."""
        vend_id = self.unheard()
        works = {"machine": self.says(vend_id, outcome), "person": self.decides(vend_id, button)}
        if later:
            works[later] = self.second(vend_id, works[later])
        self.assertFalse(self.house.at_once(*works.values()))
        with self.house.env() as env:
            vend = env["wine.vend"].browse(vend_id)
            asked = vend.case_ids.filtered(lambda case: case.kind == "unknown")
            self.assertEqual(asked.state, "decided")
            opened = vend.case_ids.filtered(lambda case: case.state == "open").mapped("kind")
            total = sum(vend.order_ids.mapped("amount_total"))
            first = "person" if vend.decided_at else "machine"
            self.assertEqual(first == "machine", "told" in asked.decision, asked.decision)
            return first, vend.state, total, vend.slot_id.qty, opened

    def check(self, button, outcome, by_machine, by_person):
        for later in LATER:
            with self.subTest(later=later):
                first, *found = self.race(button, outcome, later)
                expected = by_machine if first == "machine" else by_person
                self.assertEqual(tuple(found), expected, first)
                self.assertNotEqual(first, later)

    def test_came_out_and_success(self):
        sold = ("captured", 120.0, 9, [])
        self.check("action_came_out", "success", sold, sold)

    def test_came_out_and_failed(self):
        sold = ("captured", 120.0, 9, ["conflict"])
        self.check("action_came_out", "failed", ("voided", 0, 10, []), sold)

    def test_did_not_and_success(self):
        let_go = ("voided", 0, 9, ["late"])
        self.check("action_did_not", "success", ("captured", 120.0, 9, []), let_go)

    def test_did_not_and_failed(self):
        let_go = ("voided", 0, 10, [])
        self.check("action_did_not", "failed", let_go, let_go)
