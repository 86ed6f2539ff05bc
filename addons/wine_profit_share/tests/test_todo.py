# SPDX-License-Identifier: LGPL-3.0-or-later
"""To do of finance: every number is that of the list behind it."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .redeem import RedeemCommon


@tagged("post_install", "-at_install")
class TestTodo(RedeemCommon):
    def figures(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        data = self.env["wine.share.todo"].with_user(user or self.ben).figures()
        return {section["key"]: section for section in data["sections"]}

    def test_numbers_are_those_of_the_lists_behind(self):
        self.earn(100)
        self.apply_for(60)
        self.earn(50, partner=self.supplier)
        self.make_bank(self.host, trusted=False)
        for section in self.figures().values():
            with self.subTest(section=section["key"]):
                model = self.env[section["model"]].with_user(self.ben)
                found = model.search(section["domain"])
                self.assertEqual(len(found), section["count"])
                self.assertLessEqual({row["id"] for row in section["rows"]}, set(found.ids))

    def test_a_withdrawal_to_review(self):
        before = self.figures()["withdrawals"]
        self.earn(100)
        withdrawal = self.apply_for(60)
        section = self.figures()["withdrawals"]
        self.assertEqual(section["count"], before["count"] + 1)
        self.assertEqual(section["total"], before["total"] + 60)
        row = next(row for row in section["rows"] if row["id"] == withdrawal.id)
        self.assertTrue(row["approve"] and row["reject"])
        self.assertIn("60.00", row["ask"])
        self.assertIn(self.bank.acc_number, row["ask"])
        self.assertIn("First payment", row["notes"][-1]["text"])

    def test_what_i_may_not_decide_says_why(self):
        self.earn(100)
        withdrawal = self.apply_for(60)
        self.ben.partner_id.parent_id = self.host
        rows = {row["id"]: row for row in self.figures()["withdrawals"]["rows"]}
        row = rows[withdrawal.id]
        self.assertFalse(row["approve"])
        self.assertIn("You belong to", row["notes"][0]["text"])

    def test_partner_to_verify_with_what_waits(self):
        self.earn(50, partner=self.supplier)
        rows = self.figures()["partners"]["rows"]
        mine = [row for row in rows if row["title"] == self.supplier.display_name]
        self.assertEqual([row["amount"] for row in mine], [50])

    def test_adjustment_to_check(self):
        """Its maker reads that a colleague decides; the colleague has the buttons."""
        self.company.share_adjust_limit = 100
        one = (
            self.env["wine.share.adjustment"]
            .with_user(self.ann)
            .create({"account_id": self.account.id, "amount": 500, "reason": "x", "role": "host"})
        )
        one.action_post()
        for user, may in ((self.ann, False), (self.ben, True)):
            rows = {row["id"]: row for row in self.figures(user)["adjustments"]["rows"]}
            with self.subTest(user=user.login):
                self.assertIs(rows[one.id]["approve"], may)
                self.assertIs(rows[one.id]["reject"], may)

    def test_decided_ones_are_gone(self):
        self.earn(100)
        withdrawal = self.apply_for(60)
        count = self.figures()["withdrawals"]["count"]
        self.by(self.ann, withdrawal).action_approve()
        self.assertEqual(self.figures()["withdrawals"]["count"], count - 1)

    def test_not_for_others(self):
        for group in ("wine_vending.group_wine_region_manager", "base.group_portal"):
            user = new_test_user(self.env, f"todo-{group[-4:]}", group)
            with self.subTest(group=group), self.assertRaises(AccessError):
                self.figures(user)

    def test_first_screen_of_finance_alone(self):
        first = self.env.ref("wine_profit_share.menu_share_todo_first")
        for user, shown in ((self.ben, True), (self.root, False)):
            with self.subTest(user=user.login):
                menus = self.env["ir.ui.menu"].with_user(user).load_menus(False)
                self.assertIs(first.id in menus, shown)
        root = self.env.ref("wine_vending.menu_root")
        children = self.env["ir.ui.menu"].with_user(self.ben).load_menus(False)[root.id]["children"]
        self.assertEqual(children[0], first.id)
