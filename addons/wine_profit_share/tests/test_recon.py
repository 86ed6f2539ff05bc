# SPDX-License-Identifier: LGPL-3.0-or-later
"""Days that agree, days that are over, what becomes of a difference, who may do what."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .recon import ReconCommon


@tagged("post_install", "-at_install")
class TestCleanDay(ReconCommon):
    """A day on which everything agrees leaves nothing to do."""

    def test_every_kind_of_sale_agrees(self):
        """Cash, card, stored value, free, failed with the money kept, refunded in part."""
        cash, *_rest = self.sell_then(3, pay="cash")
        self.sell_then(2, pay="card", slot="A2")
        self.sell_then(pay="wallet")
        self.sell_then(pay="free")
        self.sell_then(pay="card", outcome="failed", refunded=False)
        self.sell_then(pay="card", outcome="failed", refunded=True)
        self.sell_then(pay="qr", outcome="unknown")
        cash._refund(amount=20.0)
        self.finish()
        day = self.run_day()
        self.assertEqual(self.open_kinds(day), [])
        self.assertEqual(day.state, "clean")
        self.assertFalse(day.difference_ids)
        # 3 × 120 cash - 20 back, 2 × 3.50 card, 120 wallet, one failed that nets to nothing
        self.assertAlmostEqual(day.order_amount, 360 - 20 + 7 + 120)
        self.assertAlmostEqual(day.payment_amount, day.order_amount)
        self.assertAlmostEqual(day.share_amount, day.order_net)
        self.assertAlmostEqual(day.books_amount, day.order_net)
        self.assertFalse(day.books_waiting)
        self.assertAlmostEqual(day.kinds["wallet"], 120)
        self.assertAlmostEqual(sum(day.kinds.values()), day.payment_amount)

    def test_again_changes_nothing(self):
        self.sell_then(2)
        self.finish()
        day = self.run_day()
        before = day.read()[0]
        cases = self.env["wine.case"].search_count([])
        self.assertEqual(self.run_day(), day)
        after = day.read()[0]
        before.pop("checked_at"), after.pop("checked_at")
        for stamp in ("write_date", "__last_update"):
            before.pop(stamp, None), after.pop(stamp, None)
        self.assertEqual(after, before)
        self.assertEqual(self.env["wine.case"].search_count([]), cases)

    def test_a_region_without_sales_has_no_day(self):
        self.sell_then()
        self.finish()
        days = self.Day._reconcile(self.company, self.day)
        self.assertIn(self.region, days.region_id)
        self.assertNotIn(self.above, days.region_id)

    def test_an_open_session_waits(self):
        self.sell_then()
        day = self.run_day()
        self.assertEqual(day.state, "clean")
        self.assertAlmostEqual(day.books_waiting, day.order_net)
        self.assertFalse(day.books_amount)

    def test_closed_after_the_days_of_grace(self):
        self.company.wine_recon_close_days = 0
        self.sell_then()
        day = self.run_day()
        self.assertEqual(day.state, "clean", "its session is still open")
        self.finish()
        self.run_day()
        self.assertEqual(day.state, "closed")
        self.assertTrue(day.closed_at)


@tagged("post_install", "-at_install")
class TestLatecomers(ReconCommon):
    """What is reported after a day was closed."""

    def setUp(self):
        super().setUp()
        self.company.wine_recon_close_days = 0
        self.sell_then(2)
        self.finish()
        self.closed = self.run_day()
        self.assertEqual(self.closed.state, "closed")
        self.numbers = self.five(self.closed)

    def five(self, day):
        names = ("counter_amount", "order_amount", "payment_amount", "share_amount")
        return [day[name] for name in (*names, "books_amount", "order_count")]

    def test_a_late_sale_stands_beside(self):
        [vend] = self.sell_then(slot="A2")
        self.run_day()
        self.assertEqual(self.five(self.closed), self.numbers, "a closed day was rewritten")
        self.assertEqual(self.closed.state, "closed")
        self.assertAlmostEqual(self.closed.late_order, 3.5)
        self.assertAlmostEqual(self.closed.late_payment, 3.5)
        self.assertAlmostEqual(self.closed.late_share, vend.order_ids.lines.price_subtotal)
        self.assertEqual(self.closed.late_count, 1)
        self.assertFalse(self.closed.difference_ids)

    def test_a_late_refund_stands_beside(self):
        vend = self.env["wine.vend"].search([("machine_id", "=", self.machine.id)], limit=1)
        vend._refund()
        self.run_day()
        self.assertEqual(self.five(self.closed), self.numbers)
        self.assertAlmostEqual(self.closed.late_order, -120)
        self.assertEqual(self.closed.state, "closed")

    def test_a_late_difference_has_a_case_and_the_day_stays_closed(self):
        [vend] = self.sell_then()
        self.by_sql("DELETE FROM pos_payment WHERE pos_order_id = %s", vend.order_ids.id)
        self.run_day()
        self.assertEqual(self.closed.state, "closed")
        line = self.closed.difference_ids
        self.assertEqual((line.kind, line.late), ("payment_missing", True))
        self.assertEqual(line.case_id.state, "open")

    def test_the_scheduled_action_notices(self):
        self.closed.checked_at -= timedelta(hours=1)
        self.company.wine_recon_until = self.day
        before = self.Day._dates_with_latecomers(self.company)
        self.assertNotIn(self.day, before, "nothing has come yet")
        self.sell_then()
        self.session().wine_business_date = self.day + timedelta(days=1)
        self.env.flush_all()
        self.assertIn(self.day, self.Day._dates_with_latecomers(self.company))


@tagged("post_install", "-at_install")
class TestLife(ReconCommon):
    """A difference and its case: opened once, explained, accepted, opened again."""

    def setUp(self):
        super().setUp()
        self.vends = self.sell_then(3, pay="card")
        self.finish()
        self.payment = self.vends[0].order_ids.payment_ids

    def pay(self, amount):
        self.by_sql("UPDATE pos_payment SET amount = %s WHERE id = %s", amount, self.payment.id)
        day = self.run_day()
        return day.difference_ids

    def test_it_goes_by_itself(self):
        line = self.pay(100)
        case = line.case_id
        self.pay(120)
        self.assertEqual(line.state, "explained")
        self.assertTrue(line.gone_at)
        self.assertEqual(case.state, "decided")
        self.assertEqual(line.reconciliation_id.state, "clean")
        self.assertFalse(line.reconciliation_id.open_count)

    def test_it_comes_back(self):
        line = self.pay(100)
        first = line.case_id
        self.pay(120)
        self.assertEqual(self.pay(90), line)
        self.assertEqual(line.state, "open")
        self.assertNotEqual(line.case_id, first)
        self.assertAlmostEqual(line.amount, -30)

    def test_accepted_by_closing_its_case(self):
        line = self.pay(100)
        line.case_id.action_close()
        self.assertEqual(line.state, "accepted")
        self.assertEqual(line.reconciliation_id.state, "clean", "nothing is left to do")
        self.pay(100)
        self.assertEqual(line.state, "accepted", "a person has decided on exactly this")

    def test_accepted_for_this_amount_only(self):
        line = self.pay(100)
        line.case_id.action_close()
        self.pay(80)
        self.assertEqual(line.state, "open")
        self.assertEqual(line.case_id.state, "open")
        self.assertAlmostEqual(line.case_id.amount, 40)

    def test_the_case_says_what_is_known_now(self):
        line = self.pay(100)
        self.pay(70)
        self.assertAlmostEqual(line.case_id.amount, 50)
        self.assertIn("70", line.case_id.text)

    def test_owners(self):
        """Machines are the region's business, money and books those of finance."""
        manager = new_test_user(self.env, "recon-manager", "wine_vending.group_wine_region_manager")
        money = new_test_user(self.env, "recon-finance", "wine_vending.group_wine_finance")
        self.above.manager_ids = manager
        self.company.wine_recon_user_id = money
        self.by_sql("UPDATE wine_vend SET amount_captured = 1 WHERE id = %s", self.vends[1].id)
        lines = self.pay(100)
        owners = {line.kind: line.case_id.user_id for line in lines}
        self.assertEqual(owners, {"order_amount": manager, "payment_amount": money})

    def test_many_of_a_kind_are_one(self):
        vends = self.sell_then(25, pay="card")
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM pos_payment WHERE pos_order_id IN %s", (tuple(vends.order_ids.ids),)
        )
        self.env.invalidate_all()
        line = self.run_day().difference_ids
        self.assertEqual((line.kind, line.count), ("payment_missing", 25))
        self.assertAlmostEqual(line.amount, -3000)
        self.assertEqual(len(line.documents["ids"]), 25)
        self.assertEqual(self.run_day().difference_ids, line)


@tagged("post_install", "-at_install")
class TestWho(ReconCommon):
    """Who sees and does what with a day."""

    def setUp(self):
        super().setUp()
        self.sell_then()
        self.finish()
        self.record = self.run_day()

    def test_nothing_is_edited_or_deleted(self):
        finance = new_test_user(self.env, "recon-who", "wine_vending.group_wine_finance")
        mine = self.record.with_user(finance)
        with self.assertRaises(AccessError):
            mine.order_amount = 1
        with self.assertRaises(AccessError):
            mine.unlink()
        with self.assertRaises(UserError):
            self.record.unlink()

    def test_comparing_again_is_for_finance(self):
        manager = new_test_user(self.env, "recon-mgr", "wine_vending.group_wine_region_manager")
        self.region.manager_ids = manager
        with self.assertRaises(AccessError):
            self.record.with_user(manager).action_compare()
        finance = new_test_user(self.env, "recon-fin", "wine_vending.group_wine_finance")
        before = self.record.checked_at - timedelta(hours=1)
        self.record.checked_at = before
        self.record.with_user(finance).action_compare()
        self.assertGreater(self.record.checked_at, before)

    def test_every_number_leads_to_what_is_behind_it(self):
        finance = new_test_user(
            self.env,
            "recon-drill",
            "wine_vending.group_wine_finance,account.group_account_readonly",
        )
        mine = self.record.with_user(finance)
        behind = {
            "action_view_orders": self.env["wine.vend"].search(
                [("machine_id", "=", self.machine.id)]
            ),
            "action_view_shares": self.entries(("region_id", "=", self.region.id)),
            "action_view_payments": self.env["pos.payment"].search(
                [("pos_order_id.wine_region_id", "=", self.region.id)]
            ),
        }
        for name, records in behind.items():
            with self.subTest(name=name):
                action = getattr(mine, name)()
                found = self.env[action["res_model"]].search(action["domain"])
                self.assertTrue(records)
                self.assertEqual(found, found & records | records)
        books = mine.action_view_books()
        items = self.env["account.move.line"].search(books["domain"])
        self.assertIn("income", items.account_id.mapped("account_type"))
        self.assertIn("liability_payable", items.account_id.mapped("account_type"))

    def test_readings_of_the_local_day(self):
        """West of Greenwich the day of a region begins later."""
        self.region.tz = "America/New_York"
        start, end = self.record._bounds()
        self.assertEqual(end - start, timedelta(days=1))
        self.assertIn(start.hour, (4, 5))

    def test_a_manager_sees_the_own_subtree_only(self):
        manager = new_test_user(self.env, "recon-sub", "wine_vending.group_wine_region_manager")
        far = self.make_region("Farland", "FARX")
        for region in (self.above, far):
            region.manager_ids = manager if region == far else False
        for model in ("wine.share.reconciliation", "wine.share.report"):
            with self.subTest(model=model):
                seen = self.env[model].with_user(manager).search([])
                self.assertFalse(seen.filtered(lambda row: row.region_id != far))
        self.above.manager_ids = manager
        report = self.env["wine.share.report"].with_user(manager)
        here = [("region_id", "=", self.region.id)]
        [(earned,)] = report._read_group(here, aggregates=["partner_amount:sum"])
        ours = self.entries(("region_id", "=", self.region.id), ("account_kind", "=", "party"))
        self.assertAlmostEqual(earned, sum(ours.mapped("amount")))
        self.assertGreater(earned, 0)


@tagged("post_install", "-at_install")
class TestScheduled(ReconCommon):
    """Which days the scheduled action takes, and what holds it up."""

    def setUp(self):
        super().setUp()
        self.sell_then()
        self.finish()
        # a day is over when it is over in every region; those of the demo data lie west of here
        self.env["wine.region"].search([("company_id", "=", self.company.id)]).tz = "UTC"
        self.company.wine_recon_until = self.day - timedelta(days=1)

    def run_cron(self):
        done = []
        original = type(self.Day)._reconcile

        def reconcile(days, company, date):
            done.append((company, date))
            return original(days, company, date)

        with (
            patch.object(type(self.Day), "_reconcile", reconcile),
            patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: True),
        ):
            self.Day._cron_reconcile()
        self.env.invalidate_all()
        return [date for company, date in done if company == self.company]

    def test_a_day_that_is_over_and_not_the_running_one(self):
        dates = self.run_cron()
        self.assertIn(self.day, dates)
        self.assertLess(max(dates), fields.Date.today())
        self.assertEqual(self.company.wine_recon_until, self.day)
        self.assertTrue(self.Day.search([("region_id", "=", self.region.id)]).checked_at)

    def test_the_first_run_begins_with_the_first_sale(self):
        self.company.wine_recon_until = False
        self.env.cr.execute(
            "UPDATE wine_vend SET business_date = business_date - 100 WHERE machine_id <> %s",
            [self.machine.id],
        )
        self.assertEqual(self.Day._dates_first(self.company), {self.day})

    def test_a_day_that_fails_holds_up_no_other_and_comes_again(self):
        before = self.day - timedelta(days=1)
        self.company.wine_recon_until = before - timedelta(days=1)
        original = type(self.Day)._reconcile

        def reconcile(days, company, date):
            if date == before:
                raise UserError(self.env._("No."))
            return original(days, company, date)

        with (
            patch.object(type(self.Day), "_reconcile", reconcile),
            patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: True),
            mute_logger("odoo.addons.wine_profit_share.models.wine_share_recon_run"),
        ):
            self.Day._cron_reconcile()
        self.assertTrue(self.Day.search([("region_id", "=", self.region.id)]))
        self.assertLess(self.company.wine_recon_until, before)
        self.assertIn(before, self.Day._dates_first(self.company))

    def test_closed_days_are_swept_now_and_then(self):
        self.company.wine_recon_close_days = 0
        day = self.run_day()
        self.assertEqual(day.state, "closed")
        self.company.wine_recon_until = self.day
        now = fields.Datetime.now()
        others = self.Day.search([("id", "!=", day.id)])
        others.write({"closed_at": now, "checked_at": now, "open_count": 0})
        self.assertNotIn(self.day, self.Day._dates_again(self.company))
        day.checked_at -= timedelta(days=8)
        self.assertIn(self.day, self.Day._dates_again(self.company))
