# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..core.facts import RetryLater
from .common import WineCommon


@tagged("post_install", "-at_install")
class TestSession(WineCommon):
    """The trading day of a region: opened by its first sale, closed when the day is over."""

    def cron(self, name):
        """Run a scheduled action as the scheduler does; it commits as it goes."""
        with self.enter_registry_test_mode():
            self.env.ref(f"wine_vending.{name}").method_direct_trigger()
        self.env.invalidate_all()

    def test_the_first_sale_opens_the_day(self):
        self.assertFalse(self.session())
        self.project(self.local(self.machine))
        session = self.session()
        self.assertEqual(session.state, "opened")
        self.assertEqual(session.wine_business_date, self.region._business_today())
        self.project(self.local(self.machine))
        self.assertEqual(self.session(), session)

    def test_closing_books_everything_balanced(self):
        tax = self.env["account.tax"].create(
            {"name": "In 20", "amount": 20, "price_include_override": "tax_included"}
        )
        owed = self.env["account.account"].create(
            {"name": "Tax owed", "code": "TST251", "account_type": "liability_current"}
        )
        splits = tax.invoice_repartition_line_ids | tax.refund_repartition_line_ids
        splits.filtered(lambda line: line.repartition_type == "tax").account_id = owed
        (self.wine | self.soda).taxes_id = tax
        self.project(
            self.local(self.machine),
            self.local(self.machine, "A2", pay="card"),
            self.local(self.machine, "A2", pay="qr"),
            self.local(self.machine, pay="wallet"),
            self.local(self.machine, "B1", pay="voucher"),
            self.local(self.machine, "B1", outcome="failed", pay="card", refunded=False),
            self.local(self.machine, "B1", outcome="failed", refunded=False),
            self.local(self.machine, "B1", pay="free", price="0.00"),
        )
        session = self.close()
        self.assertEqual(session.state, "closed")
        move = session.move_id
        self.assertEqual(move.state, "posted")
        self.assertAlmostEqual(sum(move.line_ids.mapped("balance")), 0, 2)
        income = self.wine.product_tmpl_id.get_product_accounts()["income"]
        sales = -sum(
            move.line_ids.filtered(lambda line: line.account_id == income).mapped("balance")
        )
        # 3 wines at 120, 2 sodas at 3.50, tax of 20 % inside; each rounded as it was sold
        self.assertAlmostEqual(sales, 3 * 100.0 + 2 * 2.92, 2)
        self.assertEqual(session.order_ids.mapped("state"), ["done"] * len(session.order_ids))

    def test_closing_books_cost_of_sales(self):
        self.project(self.local(self.machine), self.local(self.machine, "A2", pay="card"))
        session = self.close()
        accounts = self.wine.product_tmpl_id.get_product_accounts()
        lines = session.move_id.line_ids
        cost = sum(
            lines.filtered(lambda line: line.account_id == accounts["expense"]).mapped("balance")
        )
        stock = sum(
            lines.filtered(lambda line: line.account_id == accounts["stock_valuation"]).mapped(
                "balance"
            )
        )
        self.assertAlmostEqual(cost, 51.0, 2)
        self.assertAlmostEqual(stock, -51.0, 2)

    def test_stock_leaves_the_machine_once(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        self.project(self.local(self.machine, qty=2), self.local(other), self.local(other))
        self.cron("cron_flush_stock")
        self.assertEqual(self.on_hand(self.machine, self.wine), 18)
        self.assertEqual(self.on_hand(other, self.wine), 8)
        pickings = self.session().picking_ids
        self.assertEqual(len(pickings), 2)
        self.assertEqual(pickings.location_id, self.machine.location_id | other.location_id)
        self.project(self.local(other))
        self.close()
        self.assertEqual(self.on_hand(self.machine, self.wine), 18)
        self.assertEqual(self.on_hand(other, self.wine), 7)

    def test_slot_counters_and_stock_agree_after_closing(self):
        self.project(
            self.local(self.machine),
            self.local(self.machine, "B1"),
            self.local(self.machine, outcome="failed", refunded=True),
            self.local(self.machine, outcome="failed", refunded=False),
        )
        self.close()
        counted = sum(
            self.machine.slot_ids.filtered(lambda s: s.product_id == self.wine).mapped("qty")
        )
        self.assertEqual(counted, self.on_hand(self.machine, self.wine))

    def test_refund_in_the_next_session(self):
        vend = self.project(self.local(self.machine, pay="card"))
        first = self.close()
        vend._refund(goods_returned=True)
        second = self.session()
        self.assertNotEqual(first, second)
        refund = vend.order_ids.filtered("is_refund")
        self.assertEqual(refund.session_id, second)
        self.assertEqual(sum(vend.order_ids.mapped("amount_total")), 0)
        vend._refund(goods_returned=True)
        self.assertEqual(len(vend.order_ids), 2, "a second refund gives nothing back")
        self.close()
        self.assertEqual(second.state, "closed")
        self.assertEqual(self.on_hand(self.machine, self.wine), 20)
        bank = second.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == "income"
        )
        self.assertGreater(sum(bank.mapped("balance")), 0)

    def test_cash_adds_up_over_days(self):
        self.project(self.local(self.machine))
        first = self.close()
        self.assertEqual(first.cash_register_balance_end_real, 120.0)
        self.project(self.local(self.machine, "A2"))
        second = self.close()
        self.assertEqual(second.cash_register_balance_start, 120.0)
        self.assertEqual(second.cash_register_balance_end_real, 123.5)
        journal = self.region._payment_methods()["cash"].journal_id
        balance = self.env["account.move.line"]._read_group(
            [("account_id", "=", journal.default_account_id.id), ("parent_state", "=", "posted")],
            aggregates=["balance:sum"],
        )[0][0]
        self.assertAlmostEqual(balance, 123.5, 2)

    def test_posting_waits_while_the_day_closes(self):
        self.project(self.local(self.machine))
        session = self.session()
        session._wine_announce_closing()
        fact = self.local(self.machine)
        with self.assertRaises(RetryLater), self.env.cr.savepoint():
            self.env["wine.machine"]._project([fact])
        self.env.invalidate_all()
        session._wine_close()
        vend = self.project(fact)
        self.assertEqual(vend.state, "captured")
        self.assertNotEqual(vend.order_ids.session_id, session)

    def test_the_day_ends_in_the_time_zone_of_the_region(self):
        east = self.make_region("East", "EAST", tz="Pacific/Auckland")
        machine = self.make_machine(east, {"A1": self.wine}, name="East 1")
        with freeze_time("2026-03-10 10:00:00"):
            self.project(self.local(machine, when=datetime(2026, 3, 10, 10)))
            session = self.session(east)
            self.assertEqual(str(session.wine_business_date), "2026-03-10")
            self.assertNotIn(session, self.env["pos.session"]._wine_over())
        with freeze_time("2026-03-10 11:30:00"):  # 0:30 on the 11th in Auckland
            vend = self.project(self.local(machine, when=datetime(2026, 3, 10, 11, 30)))
            self.assertEqual(str(vend.business_date), "2026-03-11")
            self.assertEqual(vend.order_ids.session_id, session, "late or early, it posts")
            self.assertIn(session, self.env["pos.session"]._wine_over())

    def test_cron_closes_what_is_over(self):
        self.project(self.local(self.machine))
        session = self.session()
        session.wine_business_date -= timedelta(days=1)
        self.cron("cron_close_sessions")
        self.assertEqual(session.state, "closed")
        self.cron("cron_close_sessions")
        self.assertEqual(session.state, "closed")

    def test_an_interrupted_closing_is_taken_up_again(self):
        self.project(self.local(self.machine))
        session = self.session()
        session._wine_announce_closing()
        self.assertIn(session, self.env["pos.session"]._wine_over())
        self.cron("cron_close_sessions")
        self.assertEqual(session.state, "closed")

    def test_a_session_that_does_not_close_goes_on_selling(self):
        self.project(self.local(self.machine))
        session = self.session()
        session.wine_business_date -= timedelta(days=1)
        refuse = patch.object(
            type(session), "_validate_session", side_effect=UserError("No account.")
        )
        with refuse, mute_logger("odoo.addons.wine_vending.models.pos_session"):
            self.cron("cron_close_sessions")
        self.assertEqual(session.state, "opened")
        case = self.env["wine.case"].search([("reference", "=", session.name)])
        self.assertEqual((case.kind, case.region_id), ("session", self.region))
        self.assertIn("No account.", case.text)
        self.assertEqual(self.project(self.local(self.machine)).order_ids.session_id, session)
        self.cron("cron_close_sessions")
        self.assertEqual(session.state, "closed")

    def test_a_person_is_told_to_wait_while_the_day_closes(self):
        vend = self.project(self.local(self.machine, pay="card"))
        self.session()._wine_announce_closing()
        with self.assertRaisesRegex(UserError, "Try again in a moment"):
            vend.action_refund()

    def test_a_day_without_sales_closes(self):
        session = self.env["pos.session"]._wine_open(self.region)
        self.close()
        self.assertEqual(session.state, "closed")

    def test_nobody_stands_behind_the_counter_of_machines(self):
        self.project(self.local(self.machine))
        with self.assertRaisesRegex(UserError, "no till"):
            self.session().open_frontend_cb()
        with self.assertRaisesRegex(UserError, "no till"):
            self.region.pos_config_id.open_ui()

    def test_shop_sessions_are_left_alone(self):
        shop = self.env["pos.session"].search([("wine_business_date", "=", False)], limit=1)
        with self.assertRaises(UserError):
            (shop or self.env["pos.session"].new({})).action_wine_close()
