# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields
from odoo.addons.wine_vending.models.wine_machine import WineMachine
from odoo.tests import tagged

from .test_sale import SaleCommon


@tagged("post_install", "-at_install")
class TestShareLateWord(SaleCommon):
    """A vend that was begun and never ended, what a person decided, and what its machine says then.

    Shares follow the money that was kept, whatever is said after the decision.
    """

    def setUp(self):
        super().setUp()
        self.patch(WineMachine, "_send", lambda *_args: None)
        self.verify(self.host)

    def unheard(self):
        vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "qr")
        vend._authorise(age_checked=True)
        for kind in ("vend.accepted", "vend.started"):
            self.project(self.fact(self.machine, kind, {"vend_id": vend.uuid}))
        vend.expires_at = fields.Datetime.now() - timedelta(hours=25)
        self.env["wine.vend"]._cron_expire()
        self.assertEqual(vend.state, "unknown")
        return vend

    def result(self, vend, outcome):
        data = {"vend_id": vend.uuid, "outcome": outcome, "slot": "A1", "slot_state": "ok"}
        data["qty"] = int(outcome == "success")
        self.project(self.fact(self.machine, "vend.result", data))

    def held(self, vend):
        return self.entries(("vend_id", "=", vend.id), ("held_for", "=", "case"))

    def test_a_late_word_shares_it_and_nothing_is_held(self):
        """The case that closes itself holds nobody's money."""
        vend = self.unheard()
        self.result(vend, "success")
        self.assertEqual(vend.case_ids.mapped("state"), ["decided"])
        self.assertEqual(self.got()["pool"], -self.net(vend))
        self.assertFalse(self.held(vend))

    def test_a_late_failure_shares_nothing(self):
        vend = self.unheard()
        self.result(vend, "failed")
        self.assertEqual(vend.case_ids.mapped("state"), ["decided"])
        self.assertFalse(self.entries(("vend_id", "=", vend.id)))

    def test_sold_by_decision_and_confirmed_is_shared_once(self):
        vend = self.unheard()
        vend.case_ids.action_came_out()
        before = self.entries()
        self.assertEqual(self.got()["pool"], -self.net(vend))
        self.result(vend, "success")
        self.assertEqual(self.entries(), before)
        self.assertFalse(self.held(vend))

    def test_sold_by_decision_and_denied_is_held_until_somebody_weighs_it(self):
        vend = self.unheard()
        vend.case_ids.action_came_out()
        self.assertFalse(self.held(vend))
        self.result(vend, "failed")
        question = vend.case_ids.filtered(lambda case: case.kind == "conflict")
        self.assertEqual(question.state, "open")
        self.assertTrue(self.held(vend), "what may go back is not paid out")
        self.refund(vend)
        question.action_close()
        self.assertFalse(self.balances())
        self.assertFalse(any(self.got().values()), "no partner keeps or owes a cent")

    def test_given_back_by_decision_shares_nothing_whatever_is_said(self):
        for word in ("success", "failed"):
            vend = self.unheard()
            vend.case_ids.action_did_not()
            self.result(vend, word)
            self.assertFalse(self.entries(("vend_id", "=", vend.id)), word)
            late = vend.case_ids.filtered(lambda case: case.kind == "late")
            self.assertEqual(len(late), int(word == "success"))
            late.action_close()
            self.assertFalse(self.entries(("vend_id", "=", vend.id)), word)
