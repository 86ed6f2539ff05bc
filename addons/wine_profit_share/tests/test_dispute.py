# SPDX-License-Identifier: LGPL-3.0-or-later
"""A partner disputes a line; finance answers; corrections are adjustments."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .test_sale import SaleCommon


@tagged("post_install", "-at_install")
class TestShareDispute(SaleCommon):
    """Two people of finance, a regional administrator, a disputed line."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.finance, cls.colleague = (
            new_test_user(cls.env, f"dispute-{name}", "wine_vending.group_wine_finance")
            for name in ("one", "two")
        )
        cls.manager = new_test_user(
            cls.env, "dispute-manager", "wine_vending.group_wine_region_manager"
        )
        cls.region.manager_ids = cls.manager
        cls.company.share_adjust_limit = 5.0

    def setUp(self):
        super().setUp()
        self.verify(self.host)
        self.sell()
        self.entry = self.entries(("role", "=", "host"))
        self.case = self.entry._dispute("We agreed on 10 %")
        self.env.invalidate_all()

    def answer(self, user, **values):
        guide = self.env["wine.share.answer"].with_user(user)
        guide.create({"case_id": self.case.id, "answer": "Because", **values}).action_answer()
        self.env.invalidate_all()

    def test_a_disputed_line_is_held_and_the_others_are_not(self):
        self.assertEqual((self.entry.state, self.entry.held_for), ("held", "dispute"))
        self.assertIn(f"{self.host.name} does not agree with", self.case.text)
        self.assertIn("8 % of", self.case.text)
        self.assertIn("“We agreed on 10 %”", self.case.text)
        self.assertNotIn("told", self.case.text)
        self.assertEqual(
            (self.case.amount, self.case.vend_id), (self.entry.amount, self.entry.vend_id)
        )
        self.env["wine.share.account"]._get(self.company, self.host)._set_verified(False)
        self.verify(self.host)
        self.env.invalidate_all()
        self.assertEqual((self.entry.state, self.entry.held_for), ("held", "dispute"))
        self.verify(self.supplier)
        self.assertEqual(self.entries(("role", "=", "supplier")).state, "available")
        with self.assertRaises(UserError):
            self.entry._dispute("Again")

    def test_it_stands(self):
        self.answer(self.finance)
        self.assertEqual((self.case.state, self.case.decision), ("decided", "Because"))
        self.assertEqual(self.entry.state, "available")
        self.entry._dispute("I still do not agree")
        self.assertEqual(self.entry.dispute_case_id.state, "open")

    def test_it_is_corrected(self):
        self.answer(self.finance, outcome="corrected", amount=2.5)
        self.assertEqual(self.case.state, "decided")
        more = self.entries(("kind", "=", "adjustment"))
        self.assertEqual(
            {(entry.role, entry.amount, entry.partner_id) for entry in more},
            {("host", 2.5, self.host), ("platform", -2.5, self.platform)},
        )
        self.assertIn("Because", more[0].sentence)
        self.assertEqual(more[0].region_id, self.region)

    def test_above_the_limit_a_colleague_checks(self):
        self.answer(self.finance, outcome="corrected", amount=5.01)
        self.assertEqual(self.case.state, "open")
        one = self.env["wine.share.adjustment"].search([("case_id", "=", self.case.id)])
        self.assertEqual((one.state, one.maker_id), ("waiting", self.finance))
        for action in ("action_approve", "action_refuse"):
            with self.assertRaises(AccessError):
                getattr(one.with_user(self.finance), action)()
        with self.assertRaises(AccessError):
            one.with_user(self.manager).action_approve()
        with self.assertRaises(UserError):
            one.with_user(self.finance).amount = 4
        one.with_user(self.colleague).action_approve()
        self.env.invalidate_all()
        self.assertEqual((one.state, one.checker_id), ("posted", self.colleague))
        self.assertEqual(self.case.state, "decided")
        one.with_user(self.colleague).action_approve()
        one.with_user(self.colleague).action_post()
        self.assertEqual(len(self.entries(("kind", "=", "adjustment"))), 2, "posted once")

    def test_refused(self):
        self.answer(self.finance, outcome="corrected", amount=9)
        one = self.env["wine.share.adjustment"].search([("case_id", "=", self.case.id)])
        one.with_user(self.colleague).action_refuse()
        self.assertEqual(one.state, "refused")
        self.assertFalse(self.entries(("kind", "=", "adjustment")))
        self.answer(self.colleague)
        self.assertEqual(self.case.state, "decided")

    def test_only_finance_decides(self):
        mine = self.case.with_user(self.manager)
        with self.assertRaises(UserError):
            mine.action_close()
        with self.assertRaises(AccessError):
            mine.action_answer_dispute()
        with self.assertRaises(AccessError):
            mine._close("No")
        with self.assertRaises(AccessError):
            self.env["wine.share.answer"].with_user(self.manager).create(
                {"case_id": self.case.id, "answer": "x"}
            )
        with self.assertRaises(UserError):
            self.case.with_user(self.finance).action_close()

    def test_nobody_decides_for_the_own_company(self):
        self.finance.partner_id.parent_id = self.host
        with self.assertRaises(AccessError):
            self.answer(self.finance)
        one = self.env["wine.share.adjustment"].create(
            {"account_id": self.entry.account_id.id, "amount": 1, "reason": "For us"}
        )
        with self.assertRaises(AccessError):
            one.with_user(self.finance).action_post()

    def test_paid_money_is_disputed_and_stays_where_it_is(self):
        self.answer(self.finance)
        self.entry._set_state("settling")
        case = self.entry._dispute("Too little")
        self.assertEqual((self.entry.state, case.state), ("settling", "open"))

    def test_what_is_no_earning_is_not_disputed(self):
        with self.assertRaises(UserError):
            self.entries(("role", "=", "pool"))._dispute("x")
