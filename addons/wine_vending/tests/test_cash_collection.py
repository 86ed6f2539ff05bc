# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch
from uuid import uuid4

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .cash import CashCommon


@tagged("post_install", "-at_install")
class TestCashCollection(CashCommon):
    """Money leaves a machine and arrives in the safe, whatever the order of the reports."""

    # === THE PLAIN WAY === #

    def test_to_the_safe(self):
        self.sell(30, 20)
        self.close()
        self.assertEqual(self.machine.cash_in_machine, 240.0)
        taken = self.take(240.0, 10)
        self.assertEqual((taken.state, taken.sales, taken.difference), ("posted", 240.0, 0.0))
        self.assertEqual(self.safe(), 240.0)
        self.assertEqual(self.balance(self.region._cash_account()), 0.0)
        self.assertEqual(self.machine.cash_in_machine, 0.0)
        self.assertEqual(taken.payment_ids.pos_order_id.wine_vend_id.mapped("price"), [120.0] * 2)
        self.assertEqual(len(taken.move_ids), 1, "one entry")
        self.assertEqual(taken.collector, self.driver.name)
        mine = taken.with_user(self.treasurer)
        moves = self.env["account.move"].search(mine.action_view_moves()["domain"])
        self.assertEqual(moves, taken.move_ids)
        vends = self.env["wine.vend"].search(mine.action_view_sales()["domain"])
        self.assertEqual(vends, taken.payment_ids.pos_order_id.wine_vend_id)
        self.assertFalse(self.cases(taken))
        self.assert_books()

    def test_too_little_and_too_much(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        self.sell(30)
        self.sell(30, machine=other)
        little, much = self.take(100.0), self.take(125.5, machine=other)
        self.assertEqual((little.difference, much.difference), (-20.0, 5.5))
        self.assertEqual((self.loss(), self.gain(), self.safe()), (20.0, 5.5, 225.5))
        self.assertEqual(self.cases(little).amount, 20.0)
        self.assertEqual(self.cases(little).kind, "cash")
        self.assertEqual(len(self.cases(much)), 1)
        self.assert_books()

    def test_within_the_tolerance_no_case(self):
        self.sell(30)
        taken = self.take(119.5)
        self.assertEqual((taken.difference, taken.is_off), (-0.5, False))
        self.assertFalse(self.cases(taken))
        self.assertEqual(self.loss(), 0.5, "booked all the same")

    def test_only_cash_is_in_the_machine(self):
        self.project(
            self.local(self.machine),
            self.local(self.machine, pay="card"),
            self.local(self.machine, pay="free", price="0.00"),
            self.local(self.machine, outcome="failed", refunded=True),
        )
        self.assertEqual(self.machine.cash_in_machine, 120.0)
        self.project(self.local(self.machine, "A2", outcome="failed", refunded=False))
        self.assertEqual(self.machine.cash_in_machine, 123.5, "kept by the machine, paid back else")
        self.assert_books()

    # === REPORTED TWICE === #

    def test_the_same_report_again(self):
        self.sell(30)
        uuid = str(uuid4())
        first = self.take(120.0, uuid=uuid)
        again = self.take(120.0, uuid=uuid)
        self.assertEqual(first, again)
        self.assertEqual((self.safe(), len(first.move_ids)), (120.0, 1))

    def test_the_same_report_twice_in_one_call(self):
        self.sell(30)
        vals = {
            "machine_id": self.machine.id,
            "uuid": str(uuid4()),
            "moment": self.now,
            "source": "phone",
            "counted_coins": 20,
            "counted_notes": 100,
        }
        taken = self.env["wine.cash.collection"]._take([vals, dict(vals)])
        self.assertEqual(len(taken), 2)
        self.assertEqual(len(set(taken.ids)), 1)
        self.assertEqual(self.safe(), 120.0)

    def test_phone_and_machine_tell_the_same(self):
        self.sell(30)
        visit = self.env["wine.visit"].create({"machine_id": self.machine.id})
        taken = self.take(120.0, 5, visit_id=visit.id)
        fact = self.collected(20, 100, visit_id=visit.uuid, moment=self.ago(minutes=4))
        self.project(fact)
        self.assertEqual(fact.result, "done")
        self.assertEqual(
            self.env["wine.cash.collection"].search([("visit_id", "=", visit.id)]), taken
        )
        self.assertEqual((taken.source, taken.compared_source), ("phone", "machine"))
        self.assertEqual(taken.compared_counted, 120.0)
        self.assertEqual(taken.meter_difference, 0.0)
        self.assertFalse(self.cases(taken))
        self.assertEqual(self.safe(), 120.0)
        self.project(fact)
        self.assertEqual(self.safe(), 120.0, "the machine's report again")
        self.assert_books()

    def test_phone_and_machine_differ(self):
        self.sell(30)
        visit = self.env["wine.visit"].create({"machine_id": self.machine.id})
        self.project(self.collected(20, 100, visit_id=visit.uuid))
        taken = self.take(110.0, visit_id=visit.id)
        self.assertEqual((taken.source, taken.counted), ("machine", 120.0), "the first stands")
        case = self.cases(taken)
        self.assertEqual((case.kind, case.amount), ("cash", 10.0))
        self.assertIn("110.00", case.text)
        self.assertEqual(self.safe(), 120.0)

    def test_a_machine_that_names_no_visit(self):
        self.sell(300)
        taken = self.take(120.0, 60)
        self.project(self.collected(0, 120, moment=self.ago(minutes=30)))
        self.assertEqual(taken.compared_source, "machine")
        self.project(self.collected(0, 0, moment=self.ago(minutes=1)))
        self.assertEqual(self.collections(), taken | self.collections()[:1], "a second collection")
        self.assertEqual(len(self.collections()), 2)

    def test_a_bag_that_the_machine_counts(self):
        self.sell(30)
        bag = self.take(None, 10, bag="S-1")
        self.assertEqual((bag.state, bag.sales, self.safe()), ("draft", 120.0, 0.0))
        self.assertEqual(self.machine.cash_in_machine, 0.0, "it is on the way")
        self.assert_books()
        self.project(self.collected(20, 100, moment=self.ago(minutes=9)))
        self.assertEqual((bag.state, bag.counted, self.safe()), ("posted", 120.0, 120.0))
        self.assert_books()

    def test_a_visit_of_another_machine_does_not_match(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        visit = self.env["wine.visit"].create({"machine_id": other.id})
        fact = self.collected(0, 0, visit_id=visit.uuid)
        self.project(fact)
        self.assertEqual(fact.result, "done")
        self.assertFalse(self.collections().visit_id)

    def test_reports_that_cannot_be_used(self):
        for broken in (
            {"counted": {"coins": "-1", "notes": "0"}},
            {"counted": {"coins": "0.001", "notes": "0"}},
            {"counted": {"coins": "0"}},
            {"counted": None},
            {"meter": "many"},
        ):
            fact = self.collected(0, 0)
            fact.data.update(broken)
            good = self.collected(0, 0)
            self.project(fact, good)
            self.assertIn("failed", fact.result, broken)
            self.assertEqual(good.result, "done", "one bad report holds up no other")
        with self.assertRaises(UserError):
            self.take(-5.0)
        with self.assertRaises(UserError):
            self.take("nan")

    # === DAYS AND SESSIONS === #

    def test_taken_while_the_session_is_open(self):
        self.sell(30)
        taken = self.take(120.0)
        account = self.region._cash_account()
        self.assertEqual(self.balance(account), -120.0, "the sale is not in the ledger yet")
        self.assert_books()
        session = self.close()
        self.assertEqual(self.balance(account), 0.0)
        self.assertEqual(session.state, "closed")
        self.assertEqual((self.gain(), self.loss()), (0.0, 0.0), "closing finds no difference")
        self.assertEqual(taken.difference, 0.0)
        self.assert_books()

    def test_the_next_day_begins_with_what_is_left(self):
        self.sell(30)
        self.close()
        self.take(120.0)
        self.sell(0, slot="A2")
        session = self.session()
        self.assertEqual(session.cash_register_balance_start, 0.0)
        self.close()
        self.assertEqual(session.cash_register_balance_end_real, 3.5)
        self.assertEqual(self.machine.cash_in_machine, 3.5)
        self.assert_books()

    def test_reported_days_later(self):
        """The sales between the moment and the report stay in the machine."""
        self.sell(3000, 20)
        taken = self.take(120.0, 1500)
        self.assertEqual((taken.sales, taken.difference), (120.0, 0.0))
        self.assertEqual(taken.business_date, self.region._business_day(self.ago(minutes=1500)))
        self.assertEqual(taken.move_ids.date, taken.business_date)
        self.assertEqual(self.machine.cash_in_machine, 120.0)
        self.assert_books()

    def test_reported_after_the_books_were_locked(self):
        self.sell(5000)
        lock = fields.Date.subtract(fields.Date.today(), days=1)
        with patch.object(type(self.company), "_validate_locks"):  # demo data is not reconciled
            self.company.fiscalyear_lock_date = lock
        taken = self.take(120.0, 4000)
        self.assertEqual(taken.move_ids.date, fields.Date.add(lock, days=1))
        self.assertLess(taken.business_date, lock)

    def test_collections_reported_in_the_wrong_order(self):
        """The newer one is reported first: the older one leaves it what is its own."""
        self.sell(300, 30)
        newer = self.take(120.0, 10)
        self.assertEqual(self.loss(), 120.0)
        older = self.take(120.0, 200)
        self.assertEqual((newer.difference, older.difference, self.loss()), (0.0, 0.0, 0.0))
        self.assertEqual((newer.late, older.sales), (-120.0, 120.0))
        self.assertFalse(self.cases(newer))
        self.assertEqual(len(newer.payment_ids), 1)
        self.sell(250)  # late, before both
        self.env["wine.cash.collection"]._cron_settle_late()
        self.assertEqual((older.late, newer.late), (120.0, -120.0))
        self.assert_books()

    def test_a_sale_that_arrives_after_its_cash(self):
        """Money that seemed too much is explained, and nothing is missing next time."""
        self.sell(40)
        taken = self.take(240.0, 10)
        self.assertEqual((taken.difference, self.gain()), (120.0, 120.0))
        case = self.cases(taken)
        self.sell(20)  # made before, reported after
        self.assertTrue(self.env["pos.payment"].search([("wine_cash_late", "=", True)]))
        self.env["wine.cash.collection"]._cron_settle_late()
        self.assertEqual((taken.late, taken.difference, self.gain()), (120.0, 0.0, 0.0))
        self.assertEqual(case.state, "decided")
        self.assertEqual(len(taken.move_ids), 2, "the first entry stays")
        self.assertEqual(self.machine.cash_in_machine, 0.0)
        self.assert_books()
        self.env["wine.cash.collection"]._cron_settle_late()
        self.assertEqual(len(taken.move_ids), 2)
        self.sell(5)
        self.assertEqual(self.take(120.0).difference, 0.0)
        self.close()
        self.assert_books()

    def test_a_late_sale_before_the_next_collection(self):
        """The next collection does not wait for the scheduled action."""
        self.sell(40)
        first = self.take(120.0, 30)
        self.sell(35)
        second = self.take(0.0, 1)
        self.assertEqual((first.difference, second.difference), (-120.0, 0.0))
        self.assertTrue(self.cases(first), "a late sale may also show what is missing")
        self.assert_books()

    def test_the_machines_numbers_beat_its_clock(self):
        """Sold before the collection by number, although the clock says after."""
        before = self.local(self.machine, when=self.ago(minutes=1))
        before.position = (1, 7)
        after = self.local(self.machine, when=self.ago(minutes=20))
        after.position = (1, 9)
        event = self.collected(0, 120, moment=self.ago(minutes=10))
        event.position = (1, 8)
        self.project(before, event, after)
        taken = self.collections()
        self.assertEqual((taken.sales, taken.difference), (120.0, 0.0))
        self.assertEqual(self.machine.cash_in_machine, 120.0)
        late = self.local(self.machine, when=self.ago(minutes=2))
        late.position = (1, 5)
        self.project(late)
        self.env["wine.cash.collection"]._cron_settle_late()
        self.assertEqual(taken.late, 120.0)
        self.assert_books()

    def test_an_unknown_outcome_decided_after_the_collection(self):
        vend = self.sell(30, outcome="unknown")
        taken = self.take(120.0, 10)
        self.assertEqual(taken.difference, 120.0, "the money is in the bag, the sale is not known")
        vend._decide(True)
        self.env["wine.cash.collection"]._cron_settle_late()
        self.assertEqual((taken.difference, self.gain()), (0.0, 0.0))
        self.assert_books()

    # === CHANGE === #

    def test_change_put_in_stays(self):
        put = self.take(50.0, 60, kind="float")
        self.assertEqual((put.state, self.safe()), ("posted", -50.0))
        self.assertEqual(self.machine.cash_in_machine, 50.0)
        self.sell(30)
        taken = self.take(120.0, 10)
        self.assertEqual((taken.expected, taken.difference), (120.0, 0.0))
        self.assertEqual(self.machine.cash_in_machine, 50.0)
        self.assert_books()

    def test_change_taken_out(self):
        self.take(50.0, 60, kind="float")
        self.sell(30)
        taken = self.take(160.0, 10, left=10.0)
        self.assertEqual((taken.expected, taken.difference), (160.0, 0.0))
        self.assertEqual((self.machine.cash_in_machine, self.safe()), (10.0, 110.0))
        self.assert_books()

    # === COUNTED AGAIN === #

    def test_the_safe_finds_less_than_the_staff(self):
        self.sell(30)
        taken = self.take(120.0, bag="S-2")
        mine = taken.with_user(self.treasurer)
        mine.safe_counted = 100.0
        mine.action_check()
        self.assertEqual((taken.safe_difference, taken.difference), (-20.0, -20.0))
        self.assertEqual((self.safe(), self.loss()), (100.0, 20.0))
        self.assertEqual(len(self.cases(taken)), 1)
        mine.action_check()
        self.assertEqual(self.safe(), 100.0, "once")
        with self.assertRaises(UserError):
            mine.safe_counted = 110.0
        self.assert_books()

    def test_a_row_that_nobody_filled_in_is_not_booked(self):
        self.sell(30)
        mine = self.take(120.0, bag="S-9").with_user(self.treasurer)
        with self.assertRaisesRegex(UserError, "enter what you counted"):
            mine.action_check()
        mine.reason = "The seal was broken, the bag was empty"
        mine.action_check()
        self.assertEqual((self.safe(), self.loss()), (0.0, 120.0))
        self.assert_books()

    def test_the_safe_finds_what_seemed_missing(self):
        self.sell(30)
        taken = self.take(20.0)
        self.assertEqual(self.loss(), 100.0)
        taken.with_user(self.treasurer).safe_counted = 125.0
        taken.with_user(self.treasurer).action_check()
        self.assertEqual((self.loss(), self.gain(), self.safe()), (0.0, 5.0, 125.0))
        self.assertEqual(taken.difference, 5.0)
        self.assert_books()

    def test_booked_only_after_the_safe_has_counted(self):
        self.region.cash_needs_check = True
        self.sell(30)
        taken = self.take(120.0)
        self.assertEqual((taken.state, self.safe()), ("counted", 0.0))
        self.assertEqual(self.machine.cash_in_machine, 0.0)
        self.assert_books()
        self.sell(20, slot="A2")
        late = self.env["pos.payment"].search([("wine_cash_late", "=", True)])
        self.assertEqual(late.mapped("amount"), [3.5])
        self.env["wine.cash.collection"]._cron_settle_late()
        self.assertEqual((taken.sales, taken.late), (123.5, 0.0), "as if it had been known")
        taken.with_user(self.treasurer).safe_counted = 123.5
        taken.with_user(self.treasurer).action_check()
        self.assertEqual((taken.state, self.safe(), taken.difference), ("posted", 123.5, 0.0))
        self.assert_books()

    def test_a_bag_that_only_the_safe_counts(self):
        self.sell(30)
        bag = self.take(None, bag="S-3")
        bag.with_user(self.treasurer).safe_counted = 119.0
        bag.with_user(self.treasurer).action_check()
        self.assertEqual((bag.state, bag.difference, self.safe()), ("posted", -1.0, 119.0))
        self.assert_books()

    def test_four_eyes(self):
        self.sell(30)
        mine = self.take(120.0, user_id=self.treasurer.id).with_user(self.treasurer)
        mine.safe_counted = 120.0
        with self.assertRaises(UserError):
            mine.action_check()
        with self.assertRaises(AccessError):
            mine.with_user(self.manager).action_check()

    def test_a_seal_belongs_to_one_bag(self):
        self.take(None, bag="S-9")
        with (
            self.assertRaises(IntegrityError),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.take(None, bag="S-9")

    # === CORRECTED === #

    def correct(self, taken, **values):
        form = taken.with_user(self.treasurer).action_correct()
        draft = self.env["wine.cash.collection"].browse(form["res_id"])
        self.assertEqual(draft.corrects_id, taken)
        draft.with_user(self.treasurer).write(values)
        draft.with_user(self.treasurer).action_post()
        return draft

    def test_correction(self):
        self.sell(30)
        taken = self.take(12.0)
        self.assertEqual(self.loss(), 108.0)
        right = self.correct(taken, counted_notes=120.0)
        self.assertEqual((taken.state, right.state), ("corrected", "posted"))
        self.assertEqual((self.safe(), self.loss()), (120.0, 0.0))
        self.assertEqual(right.payment_ids.mapped("amount"), [120.0])
        self.assertFalse(self.cases(taken))
        self.assertEqual(len(taken.move_ids), 2, "the entry and what takes it back")
        self.assertFalse(sum(taken.move_ids.line_ids.mapped("balance")))
        with self.assertRaises(UserError):
            taken.with_user(self.treasurer).action_correct()
        self.assert_books()

    def test_correction_of_one_that_was_counted_again_and_had_late_sales(self):
        self.sell(40)
        taken = self.take(100.0, 30)
        taken.with_user(self.treasurer).safe_counted = 90.0
        taken.with_user(self.treasurer).action_check()
        self.sell(35, slot="A2")
        self.env["wine.cash.collection"]._cron_settle_late()
        self.assertEqual(self.loss(), 33.5)
        right = self.correct(taken, counted_notes=123.5)
        self.assertEqual((right.difference, self.loss(), self.safe()), (0.0, 0.0, 123.5))
        self.assertEqual(len(taken.move_ids), 6)
        self.assert_books()

    def test_correction_of_change(self):
        put = self.take(50.0, 60, kind="float")
        self.sell(30)
        self.correct(put, counted_notes=40.0)
        self.assertEqual((self.machine.cash_in_machine, self.safe()), (160.0, -40.0))
        self.assert_books()

    def test_a_correction_waits_for_booking(self):
        self.sell(30)
        taken = self.take(120.0)
        form = taken.with_user(self.treasurer).action_correct()
        again = taken.with_user(self.treasurer).action_correct()
        self.assertEqual(form["res_id"], again["res_id"], "one at a time")
        self.assertEqual(taken.state, "posted")
        self.env["wine.cash.collection"].browse(form["res_id"]).with_user(self.treasurer).unlink()
        self.assert_books()

    # === BY HAND === #

    def manual(self, user=None, **values):
        return (
            self.env["wine.cash.collection"]
            .with_user(user or self.manager)
            .create({"machine_id": self.machine.id, **values})
        )

    def test_entered_by_hand(self):
        self.sell(30)
        mine = self.manual(counted_notes=100.0, user_id=self.driver.id)
        self.assertEqual(mine.source, "manual")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            mine.action_post()
        self.env.invalidate_all()
        self.assertEqual((mine.state, self.safe()), ("draft", 0.0), "a reason is asked first")
        self.assertEqual(self.machine.cash_in_machine, 120.0)
        mine.reason = "A note was torn"
        mine.action_post()
        self.assertEqual((mine.state, mine.difference, self.safe()), ("posted", -20.0, 100.0))
        mine.action_post()
        self.assertEqual(self.safe(), 100.0)
        self.assert_books()

    def test_what_is_booked_is_not_edited(self):
        self.sell(30)
        taken = self.take(120.0)
        for values in (
            {"counted_notes": 1.0},
            {"machine_id": self.machine.id},
            {"moment": self.now},
            {"state": "draft"},
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                taken.write(values)
        for name in ("sales", "difference", "expected", "late", "checked_at", "uuid", "collector"):
            with self.assertRaises(AccessError, msg=name):
                taken.with_user(self.treasurer).write({name: 1})
        with self.assertRaises(UserError):
            taken.unlink()
        with self.assertRaises(UserError):
            self.take(None).with_user(self.treasurer).unlink()

    def test_the_driver_books_nothing(self):
        mine = self.manual()
        for action in (mine.action_post, mine.action_correct, mine.action_check):
            with self.assertRaises(AccessError):
                getattr(mine.with_user(self.driver), action.__name__)()

    # === LEVELS === #

    def test_the_machines_own_level(self):
        new = self.fact(
            self.machine, "cash.level", {"coins": "12.50", "notes": "40", "tubes": "30.00"}
        )
        old = self.fact(
            self.machine,
            "cash.level",
            {"coins": "1", "notes": "1", "tubes": "1"},
            moment=self.ago(minutes=5),
        )
        self.project(new, old)
        self.assertEqual(
            (self.machine.cash_level_coins, self.machine.cash_level_notes), (12.5, 40.0)
        )
        self.project(old)
        self.assertEqual(self.machine.cash_level_tubes, 30.0, "the newest word stands")
        self.machine.cash_capacity = 480.0
        self.sell(1)
        self.assertEqual(self.machine.cash_percent, 25)

    # === HELPERS === #

    def collected(self, coins, notes, meter="120.00", **values):
        visit = values.pop("visit_id", None)
        data = {"by": "field", "counted": {"coins": f"{coins:.2f}", "notes": f"{notes:.2f}"}}
        data |= {"meter": meter} | ({"visit_id": visit} if visit else {})
        return self.fact(self.machine, "cash.collected", data, **values)

    def collections(self):
        return self.env["wine.cash.collection"].search([("machine_id", "=", self.machine.id)])
