# SPDX-License-Identifier: LGPL-3.0-or-later
"""Each kind of difference planted into a day that agrees: it is found, and only it."""

from datetime import timedelta

from odoo.addons.wine_vending.tests.channels import ShopCommon, WebsiteCommon
from odoo.tests import new_test_user, tagged

from .recon import ReconCommon


@tagged("post_install", "-at_install")
class TestPlanted(ReconCommon):
    """One difference each, planted behind the ORM's back into a day that agrees."""

    def setUp(self):
        super().setUp()
        self.vends = self.sell_then(3, pay="card")
        self.sell_then(2, pay="cash", slot="A2")
        self.order = self.vends[1].order_ids

    def assert_found(self, kind, expected=None, found=None):
        """Exactly this difference: one line, one case of it."""
        day = self.run_day()
        line = day.difference_ids.filtered(lambda line: line.state == "open")
        self.assertEqual(line.mapped("kind"), [kind])
        self.assertEqual(day.state, "open")
        self.assertEqual(day.open_count, 1)
        self.assertEqual(line.case_id.state, "open")
        self.assertEqual(line.case_id.region_id, self.region)
        self.assertTrue(line.case_id.deadline)
        self.assertTrue(line.text)
        if expected is not None:
            self.assertAlmostEqual(line.expected, expected)
            self.assertAlmostEqual(line.found, found)
        cases = self.env["wine.case"].search_count([])
        self.run_day()
        self.assertEqual(self.env["wine.case"].search_count([]), cases, "asked twice")
        return line

    def test_an_order_that_was_never_written(self):
        self.lose_order()
        self.finish()
        line = self.assert_found("order_missing", 120, 0)
        self.assertEqual(line.vend_id, self.vends[1])
        self.assertEqual(line.case_id.kind, "recon_order")

    def test_an_order_that_went_lost_after_the_books_were_closed(self):
        """Its shares, its payment and its income are still there: one difference, not four."""
        self.finish()
        self.lose_order()
        self.assert_found("order_missing", 120, 0)

    def lose_order(self):
        self.by_sql("DELETE FROM pos_payment WHERE pos_order_id = %s", self.order.id)
        self.by_sql("DELETE FROM pos_order_line WHERE order_id = %s", self.order.id)
        self.by_sql("DELETE FROM pos_order WHERE id = %s", self.order.id)

    def test_an_order_over_another_amount(self):
        """Order, line and payment were lowered together: only the vend knows better."""
        self.by_sql("UPDATE wine_vend SET amount_captured = 130 WHERE id = %s", self.vends[1].id)
        self.finish()
        self.assert_found("order_amount", 130, 120)

    def test_an_order_of_a_vend_that_sold_nothing(self):
        self.by_sql("UPDATE wine_vend SET state = 'failed' WHERE id = %s", self.vends[1].id)
        self.finish()
        self.assert_found("order_extra", 0, 120)

    def test_a_payment_that_was_deleted(self):
        self.finish()
        self.by_sql("DELETE FROM pos_payment WHERE pos_order_id = %s", self.order.id)
        line = self.assert_found("payment_missing", 120, 0)
        self.assertEqual(line.order_id, self.order)
        self.assertEqual(line.case_id.kind, "recon_payment")

    def test_a_payment_over_another_amount(self):
        self.finish()
        self.by_sql("UPDATE pos_payment SET amount = 100 WHERE pos_order_id = %s", self.order.id)
        self.assert_found("payment_amount", 120, 100)

    def test_a_payment_of_another_kind(self):
        """The money is expected from QR and comes by card."""
        method = self.region._payment_methods()["qr"]
        self.by_sql(
            "UPDATE pos_payment SET payment_method_id = %s WHERE pos_order_id = %s",
            method.id,
            self.order.id,
        )
        self.finish()
        self.assert_found("payment_kind", 120, 120)

    def test_a_statement_of_the_session_that_was_changed(self):
        session = self.finish()
        self.by_sql(
            "UPDATE account_bank_statement_line SET amount = 5 WHERE pos_session_id = %s",
            session.id,
        )
        line = self.assert_found("session_payment", 7, 5)
        self.assertEqual(line.session_id, session)

    def test_card_money_of_a_session_that_was_changed(self):
        session = self.finish()
        self.by_sql("UPDATE account_payment SET amount = 1 WHERE pos_session_id = %s", session.id)
        self.assert_found("session_payment", 360, 1)

    def test_an_income_that_was_changed(self):
        session = self.finish()
        income = session.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == "income"
        )[:1]
        self.by_sql("UPDATE account_move_line SET balance = balance + 1 WHERE id = %s", income.id)
        line = self.assert_found("session_income")
        self.assertAlmostEqual(line.amount, -1)
        self.assertEqual(line.case_id.kind, "recon_books")

    def test_a_sale_that_was_not_shared(self):
        self.finish()
        source = f"pos.order.line:{self.order.lines.uuid}"
        for entry in self.entries(("source", "=", source)):
            self.by_sql("DELETE FROM wine_share_entry WHERE id = %s", entry.id)
        net = self.order.lines.price_subtotal
        line = self.assert_found("share_missing", net, 0)
        self.assertEqual(line.case_id.kind, "recon_share")

    def test_a_share_that_was_changed(self):
        self.finish()
        entry = self.entries(("vend_id", "=", self.vends[1].id), ("role", "=", "host"))
        self.by_sql("UPDATE wine_share_entry SET amount = amount + 1 WHERE id = %s", entry.id)
        self.assert_found("share_sum", 0, 1)

    def test_shares_that_were_changed_in_balance(self):
        """Pool and platform were raised together: the sum is zero, and too much was shared."""
        self.finish()
        of_vend = ("vend_id", "=", self.vends[1].id)
        for role, change in (("pool", -1), ("platform", 1)):
            entry = self.entries(of_vend, ("role", "=", role))
            self.by_sql(
                "UPDATE wine_share_entry SET amount = amount + %s WHERE id = %s", change, entry.id
            )
        net = self.order.lines.price_subtotal
        self.assert_found("share_amount", net, net + 1)

    def test_shares_of_no_sale(self):
        self.finish()
        common = {
            "source": "pos.order.line:nobody",
            "kind": "sale",
            "date": self.day,
            "company_id": self.company.id,
            "region_id": self.region.id,
        }
        ours = {**common, "partner_id": self.platform.id}
        self.env["wine.share.entry"]._post_entries(
            [
                {**ours, "role": "pool", "account_kind": "pool", "amount": -9},
                {**ours, "role": "platform", "account_kind": "platform", "amount": 9},
            ]
        )
        self.assert_found("share_extra", 0, 9)

    def test_a_rent_that_does_not_add_up(self):
        self.finish()
        common = {
            "source": "rent:test",
            "kind": "rent",
            "date": self.day,
            "company_id": self.company.id,
            "region_id": self.region.id,
        }
        platform = {"role": "platform", "account_kind": "platform", "amount": -50}
        entries = self.env["wine.share.entry"]._post_entries(
            [
                {**common, "role": "host", "partner_id": self.host.id, "amount": 50},
                {**common, **platform, "partner_id": self.platform.id},
            ]
        )
        self.accrue()
        self.assertEqual(self.open_kinds(self.run_day()), [])
        paid = entries.filtered(lambda entry: entry.role == "platform")
        self.by_sql("UPDATE wine_share_entry SET amount = -40 WHERE id = %s", paid.id)
        self.assert_found("share_sum", 0, 10)


@tagged("post_install", "-at_install")
class TestAccrualPlanted(ReconCommon):
    """The books of the shares against the ledger lines that they were made of."""

    def setUp(self):
        super().setUp()
        self.sell_then(4, pay="card")
        self.finish()
        self.of_host = self.entries(("partner_id", "=", self.host.id))
        self.accrual = self.of_host.accrual_id

    def lines(self, kind):
        return self.accrual.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == kind
        )

    def test_it_agrees(self):
        day = self.run_day()
        self.assertEqual(self.open_kinds(day), [])
        self.assertTrue(self.accrual.move_id)
        self.assertAlmostEqual(day.accrual_amount, self.accrual.amount)
        self.assertGreater(day.accrual_amount, 0)
        self.assertFalse(day.accrual_waiting)

    def test_an_expense_that_was_changed(self):
        line = self.lines("expense_direct_cost")[:1]
        self.by_sql("UPDATE account_move_line SET balance = balance + 2 WHERE id = %s", line.id)
        day = self.run_day()
        self.assertEqual(self.open_kinds(day), ["accrual_amount"])
        self.assertAlmostEqual(day.difference_ids.amount, 2)
        self.assertEqual(day.difference_ids.move_id, self.accrual.move_id)

    def test_a_payable_that_was_changed(self):
        line = self.lines("liability_payable")[:1]
        self.by_sql("UPDATE account_move_line SET balance = balance - 2 WHERE id = %s", line.id)
        day = self.run_day()
        self.assertEqual(self.open_kinds(day), ["accrual_amount"])
        self.assertIn(line.partner_id.name, day.difference_ids.text)

    def test_shares_that_were_never_accrued(self):
        """After two days, not before: the books follow a little later."""
        entry = self.of_host[:1]
        self.by_sql("UPDATE wine_share_entry SET accrual_id = NULL WHERE id = %s", entry.id)
        day = self.run_day()
        self.assertAlmostEqual(day.accrual_waiting, entry.amount)
        self.assertNotIn("accrual_missing", self.open_kinds(day))


@tagged("post_install", "-at_install")
class TestWitnesses(ReconCommon):
    """Differences that have a case of their own: counters and collections."""

    def read_counters(self, when, count, value):
        reading = self.env["wine.counter.snapshot"]._take(
            [
                {
                    "identity": f"test-{when}",
                    "machine_id": self.machine.id,
                    "source": "meter",
                    "moment": when,
                    "count": count,
                    "value": value,
                }
            ]
        )
        self.env.invalidate_all()
        return reading

    def test_counters_that_agree(self):
        self.read_counters(self.noon - timedelta(hours=6), 100, 1000)
        self.sell_then(2)
        self.read_counters(self.noon + timedelta(hours=6), 102, 1240)
        self.finish()
        day = self.run_day()
        self.assertEqual(self.open_kinds(day), [])
        self.assertAlmostEqual(day.counter_amount, 240)
        self.assertAlmostEqual(day.counter_known, 240)
        self.assertEqual(day.counter_readings, 1)

    def test_a_gap_of_the_counters(self):
        """The machine's own case is the case of the difference: nothing is asked twice."""
        self.read_counters(self.noon - timedelta(hours=6), 100, 1000)
        self.sell_then(2)
        reading = self.read_counters(self.noon + timedelta(hours=6), 103, 1360)
        self.finish()
        cases = self.env["wine.case"].search_count([])
        day = self.run_day()
        self.assertEqual(self.open_kinds(day), ["counter"])
        line = day.difference_ids
        self.assertEqual(line.case_id, reading.case_ids)
        self.assertAlmostEqual(line.amount, 120)
        self.assertEqual(self.env["wine.case"].search_count([]), cases)

    def test_a_gap_that_a_late_sale_explains(self):
        self.read_counters(self.noon - timedelta(hours=6), 100, 1000)
        self.sell_then(2)
        reading = self.read_counters(self.noon + timedelta(hours=6), 103, 1360)
        self.finish()
        line = self.run_day().difference_ids
        self.sell_then()
        reading._compare()
        self.run_day()
        self.assertEqual(line.state, "explained")
        self.assertEqual(line.case_id.state, "decided")

    def test_a_gap_that_a_person_decided(self):
        self.read_counters(self.noon - timedelta(hours=6), 100, 1000)
        self.sell_then(2)
        self.read_counters(self.noon + timedelta(hours=6), 103, 1360)
        self.finish()
        line = self.run_day().difference_ids
        line.case_id.action_close()
        self.assertEqual(line.state, "accepted")
        self.assertEqual(self.run_day().state, "clean")

    def test_cash_that_is_missing_in_the_bag(self):
        self.sell_then(2, pay="cash", slot="A2")
        self.finish()
        self.env["wine.cash.collection"]._take(
            [
                {
                    "machine_id": self.machine.id,
                    "uuid": "recon-bag",
                    "moment": self.noon + timedelta(hours=1),
                    "counted_coins": 2.0,
                    "counted_notes": 0.0,
                    "source": "phone",
                    "user_id": self.env.uid,
                }
            ]
        )
        self.env.invalidate_all()
        bag = self.env["wine.cash.collection"].search([("uuid", "=", "recon-bag")])
        self.assertTrue(bag.is_off)
        day = self.run_day()
        self.assertEqual(self.open_kinds(day), ["cash"])
        self.assertEqual(day.difference_ids.collection_id, bag)
        case = day.difference_ids.case_id
        self.assertIn(case, bag.case_ids)
        owner, other = (
            new_test_user(self.env, f"recon-{name}", "wine_vending.group_wine_finance")
            for name in ("owner", "other")
        )
        case.user_id = owner
        self.env.flush_all()
        for user, expected in ((owner, case), (other, case.browse())):
            todo = self.env["wine.share.todo"].with_user(user)
            section = todo._differences()
            found = self.env["wine.case"].with_user(user).search(section["domain"])
            self.assertEqual(found & case, expected, "To do has what its reader owns")
            self.assertEqual(section["count"], len(found))


@tagged("post_install", "-at_install")
class TestBank(ReconCommon):
    """Card money and the statements of the bank."""

    def setUp(self):
        super().setUp()
        self.sell_then(pay="card")
        self.finish()
        self.journal = self.region._payment_methods()["card"].journal_id
        self.late = self.day - timedelta(days=10)
        session = self.env["pos.session"].search([("wine_region_id", "=", self.region.id)])
        session.wine_business_date = self.late

    def state_something(self):
        self.env["account.bank.statement.line"].create(
            {"journal_id": self.journal.id, "amount": 1.0, "payment_ref": "Something"}
        )

    def kinds(self):
        self.env.flush_all()
        gaps = self.Day._gaps(self.company, self.late)
        return [gap.kind for gap in gaps if gap.region == self.region.id]

    def test_a_bank_without_statements_is_not_compared(self):
        self.assertFalse(
            self.env["account.bank.statement.line"].search([("journal_id", "=", self.journal.id)])
        )
        self.assertEqual(self.kinds(), [])

    def test_money_that_no_statement_shows(self):
        self.state_something()
        self.assertEqual(self.kinds(), ["bank"])

    def test_the_company_may_leave_the_bank_out(self):
        self.state_something()
        self.company.wine_recon_bank_days = 0
        self.assertEqual(self.kinds(), [])


@tagged("post_install", "-at_install")
class TestWebsitePlanted(WebsiteCommon):
    """Orders of the website: paid, shared, and in the books after some days."""

    def setUp(self):
        super().setUp()
        self.order = self.make_order((self.red, 2))
        self.pay(self.order)

    def kinds(self, date=None):
        self.env.flush_all()
        gaps = self.env["wine.share.reconciliation"]._gaps(
            self.company, date or self.region._business_today()
        )
        return [gap.kind for gap in gaps if gap.region == self.region.id]

    def test_it_agrees(self):
        self.assertEqual(self.kinds(), [])
        figures = self.env["wine.share.reconciliation"]._figures(
            self.company, self.region._business_today()
        )[self.region.id]
        self.assertEqual(
            [float(figures[name]) for name in ("order_amount", "order_net", "share_amount")],
            [220, 200, 200],
        )
        self.assertEqual(float(figures["books_waiting"]), 200)

    def test_its_payment_went_away(self):
        self.order.transaction_ids.state = "cancel"
        self.assertEqual(self.kinds(), ["payment_missing"])

    def test_its_shares_went_away(self):
        self.env.cr.execute(
            "DELETE FROM wine_share_entry WHERE source = %s",
            [f"sale.order.line:{self.order.order_line.id}"],
        )
        self.assertTrue(self.env.cr.rowcount)
        self.assertEqual(self.kinds(), ["share_missing"])

    def test_it_is_not_invoiced_after_weeks(self):
        before = self.region._business_today() - timedelta(days=20)
        for table in ("wine_sale_line", "wine_share_entry"):
            self.env.cr.execute(
                f"UPDATE {table} SET date = %s WHERE region_id = %s",  # noqa: S608
                [before, self.region.id],
            )
        kinds = self.kinds(before)
        self.assertIn("invoice_missing", kinds)
        self.invoice(self.order)
        self.assertNotIn("invoice_missing", self.kinds(before))


@tagged("post_install", "-at_install")
class TestShopPlanted(ShopCommon):
    """Orders of a till."""

    def kinds(self):
        self.env.flush_all()
        gaps = self.env["wine.share.reconciliation"]._gaps(
            self.company, self.region._business_today()
        )
        return [gap.kind for gap in gaps if gap.region == self.region.id]

    def test_it_agrees_and_misses_its_payment(self):
        order = self.sell(self.line(self.red, 2), self.line(self.white))
        self.assertEqual(self.kinds(), [])
        self.env.cr.execute("DELETE FROM pos_payment WHERE pos_order_id = %s", [order.id])
        self.assertEqual(self.kinds(), ["payment_missing"])
