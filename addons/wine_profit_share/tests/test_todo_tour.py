# SPDX-License-Identifier: LGPL-3.0-or-later
"""Finance at its screen, at the width of a desk and of a phone."""

from odoo.tests import HttpCase, tagged

from .redeem import RedeemCommon


class TodoTourCommon(RedeemCommon, HttpCase):
    session = None  # here it is that of HTTP, not the trading day

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["wine.share.withdrawal"].search([])._write_flow({"state": "cancelled"})
        for name, partner, old in (
            ("Tour Host", cls.host, True),
            ("Tour Supplier", cls.supplier, False),
            ("Tour Operator", cls.operator, True),
        ):
            partner.name = name
            cls.earn(200, partner=partner)
            account = cls.env["wine.share.account"]._get(cls.company, partner)
            account._set_verified()
            ledger = cls.env["wine.share.entry"].search([("account_id", "=", account.id)])
            ledger.filtered(lambda entry: entry.state == "held")._set_state("available")
            bank = cls.make_bank(partner, old=old)
            cls.apply_for(120, account=account, bank=bank)
        cls.newcomer = cls.make_partner("Tour Newcomer")
        cls.earn(100000, partner=cls.newcomer)

    def decided(self):
        self.env.invalidate_all()
        return {one.partner_id.name: one for one in self.env["wine.share.withdrawal"].search([])}

    def decide_on_screen(self):
        self.start_tour("/odoo/wine-share-todo", "wine_share_todo", login="ben-finance")
        decided = self.decided()
        self.assertEqual(decided["Tour Host"].state, "approved")
        self.assertEqual(decided["Tour Supplier"].state, "rejected")
        self.assertEqual(decided["Tour Supplier"].reason, "The bank account is not in your name")
        self.assertEqual(decided["Tour Operator"].state, "submitted")
        account = self.env["wine.share.account"]._get(self.company, self.newcomer)
        self.assertEqual(account.verified_by_id, self.ben)


@tagged("post_install", "-at_install")
class TestTodoTour(TodoTourCommon):
    """At the width of a desk."""

    def test_todo(self):
        self.decide_on_screen()


@tagged("post_install", "-at_install")
class TestTodoTourPhone(TodoTourCommon):
    """The same at 390 px."""

    browser_size = "390x844"
    touch_enabled = True

    def test_todo_on_a_phone(self):
        self.decide_on_screen()
