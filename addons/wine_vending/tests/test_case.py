# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import WineCommon


@tagged("post_install", "-at_install")
class TestCase(WineCommon):
    """What a person decides: it came out, or it did not; once."""

    def unknown(self, pay="cash"):
        return self.project(self.local(self.machine, outcome="unknown", pay=pay))

    def test_it_came_out(self):
        vend = self.unknown()
        vend.case_ids.action_came_out()
        self.assertEqual(vend.state, "captured")
        self.assertEqual(vend.order_ids.amount_total, 120.0)
        self.assertEqual(vend.amount_captured, 120.0)
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)
        self.assertEqual(vend.case_ids.state, "decided")

    def test_it_did_not(self):
        vend = self.unknown(pay="card")
        vend.case_ids.action_did_not()
        self.assertEqual(vend.state, "refunded")
        self.assertEqual(sum(vend.order_ids.mapped("amount_total")), 0)
        self.assertEqual(len(vend.order_ids), 2)
        self.assertEqual(self.slot(self.machine, "A1").qty, 10)

    def test_a_platform_vend_is_voided(self):
        vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "qr")
        vend._authorise()
        self.project(
            self.fact(
                self.machine,
                "vend.result",
                {"vend_id": vend.uuid, "outcome": "unknown", "qty": 0, "slot": "A1"},
            )
        )
        vend.case_ids.action_did_not()
        self.assertEqual((vend.state, vend.payment_state), ("voided", "voided"))
        self.assertFalse(vend.order_ids)

    def test_deciding_twice_changes_nothing(self):
        vend = self.unknown()
        vend.case_ids.action_came_out()
        vend.case_ids.action_did_not()
        self.assertEqual(vend.state, "captured")
        self.assertEqual(len(vend.order_ids), 1)

    def test_a_case_with_money_is_not_just_closed(self):
        vend = self.unknown()
        with self.assertRaises(UserError):
            vend.case_ids.action_close()

    def test_the_same_question_is_asked_once(self):
        Case = self.env["wine.case"]
        first = Case._open_case("count", machine=self.machine, reference="r1", text="a")
        again = Case._open_case("count", machine=self.machine, reference="r1", text="b")
        self.assertEqual(first, again)
        self.assertEqual(first.region_id, self.region)
        first.action_close()
        fresh = Case._open_case("count", machine=self.machine, reference="r1", text="c")
        self.assertNotEqual(first, fresh)

    def test_only_vends_of_unknown_outcome_are_decided_so(self):
        case = self.env["wine.case"]._open_case("count", machine=self.machine, text="x")
        with self.assertRaises(UserError):
            case.action_came_out()
        case.action_close()
        self.assertEqual(case.decided_by_id, self.env.user)
