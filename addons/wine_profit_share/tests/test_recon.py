# SPDX-License-Identifier: LGPL-3.0-or-later
"""Days that agree, and each kind of difference planted into one: it is found, and only it."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

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
        self.assertIn(day.difference_ids.case_id, bag.case_ids)


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
