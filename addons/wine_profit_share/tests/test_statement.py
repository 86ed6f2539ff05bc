# SPDX-License-Identifier: LGPL-3.0-or-later
import random
from datetime import timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .statement import ENDS, JULY, JUNE, MAY, StatementCommon


@tagged("post_install", "-at_install")
class TestStatement(StatementCommon):
    """The closing of one is the opening of the next, to the cent, whatever comes late."""

    def test_one_month(self):
        self.earn(10.10, MAY)
        self.earn(20.20, MAY, "rent")
        first = self.earn(0.30, MAY)
        self.earn(-0.10, MAY, "reversal", reverses_id=first.id)
        self.pay(5.05, MAY)
        [statement] = self.issue(MAY)
        self.assertEqual((statement.date_from.day, statement.date_to), (1, ENDS[MAY]))
        self.assertEqual((statement.opening, statement.earned), (0, 10.40))
        self.assertEqual((statement.reversed, statement.other), (-0.10, 20.20))
        self.assertEqual((statement.settled, statement.closing), (5.05, 25.45))
        self.check_chain()

    def test_what_is_not_over_waits(self):
        self.earn(1, MAY)
        july = self.earn(2, JULY)
        self.issue(JUNE)
        self.assertFalse(july.statement_id)
        self.issue(JULY)
        self.assertEqual(july.statement_id.date_to, ENDS[JULY])
        self.check_chain()

    def test_late_entry_stands_on_the_next_one(self):
        self.earn(10, MAY)
        [may] = self.issue(MAY)
        late = self.earn(3.33, MAY - timedelta(days=20))
        self.earn(-1.11, MAY, "reversal")
        [june] = self.issue(JUNE)
        self.assertEqual((may.closing, may.entry_count), (10, 1))
        self.assertEqual(late.statement_id, june)
        self.assertTrue(june._is_late(late))
        self.assertEqual((june.opening, june.earned, june.reversed), (10, 3.33, -1.11))
        self.assertEqual(june.closing, 12.22)
        self.check_chain()

    def test_months_in_between(self):
        """A month without sales is stated only where something is owed."""
        self.earn(1, MAY)
        self.assertEqual(len(self.issue(JULY)), 3, "what is owed is said each month")
        other = self.env["wine.share.account"]._get(self.company, self.salesperson)
        self.earn(1, MAY, partner=self.salesperson)
        self.pay(1, MAY, other)
        self.assertEqual(len(self.issue(JULY, other)), 1, "nothing owed, nothing to say")
        self.earn(2, JULY, partner=self.salesperson)
        [july] = self.issue(JULY, other)
        self.assertEqual((july.date_from.month, july.opening, july.closing), (7, 0, 2))
        self.check_chain(other)

    def test_again_changes_nothing(self):
        self.earn(7, MAY)
        self.pay(2, MAY)
        statement = self.issue(MAY)
        self.assertFalse(self.issue(MAY))
        self.assertEqual(len(self.check_chain()), 1)
        self.assertEqual(len(statement.payment_ids), 1)

    def test_paid_later_is_of_that_month(self):
        self.earn(7, MAY)
        settlement = self.pay(7, JUNE)
        [may, june] = self.issue(JUNE)
        self.assertEqual((may.settled, may.closing), (0, 7))
        self.assertEqual((june.settled, june.closing), (7, 0))
        self.assertEqual(june.payment_ids.settlement_id, settlement)

    def test_money_that_came_back_is_owed_again(self):
        self.earn(7, MAY)
        settlement = self.pay(7, MAY)
        [may] = self.issue(MAY)
        self.assertEqual(may.closing, 0)
        self.come_back(settlement, JUNE)
        [june] = self.issue(JUNE)
        self.assertEqual((june.settled, june.closing), (-7, 7))
        self.assertEqual(may.settled, 7, "what was said stays")
        again = self.pay(7, JULY)
        [july] = self.issue(JULY)
        self.assertEqual((july.payment_ids.settlement_id, july.closing), (again, 0))
        self.check_chain()

    def test_came_back_before_it_was_said(self):
        self.earn(7, MAY)
        self.come_back(self.pay(7, MAY), MAY)
        [may] = self.issue(MAY)
        self.assertEqual((may.settled, may.closing, len(may.payment_ids)), (0, 7, 0))

    def test_a_split_says_nothing(self):
        """A part taken for a withdrawal changes no sum, and no line that the partner reads."""
        entry = self.earn(10, MAY)
        entry._set_state("available")
        taken = self.env["wine.share.entry"]._take_available(self.account, 4)
        self.assertEqual(sum(taken.mapped("amount")), 4)
        [may] = self.issue(MAY)
        self.assertEqual((may.earned, may.closing, may.entry_count), (10, 10, 3))
        self.assertEqual(list(may._lines()), [entry])
        self.check_chain()

    def test_held_of_what_is_owed(self):
        self.earn(4, MAY)._set_state("available")
        self.earn(6, MAY, state="held", held_for="case")
        [may] = self.issue(MAY)
        self.assertEqual((may.closing, may.closing_held), (10, 6))

    def test_others_entries_are_not_touched(self):
        mine = self.earn(1, MAY)
        foreign = self.earn(1, MAY, partner=self.salesperson)
        self.issue(MAY)
        self.assertTrue(mine.statement_id)
        self.assertFalse(foreign.statement_id)

    def test_one_statement_of_a_month(self):
        statement = self.earn(1, MAY) and self.issue(MAY)
        values = {"date_from": statement.date_from, "date_to": statement.date_to}
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.statements.create({"account_id": self.account.id, **values})

    def test_nobody_edits_or_deletes(self):
        statement = self.earn(1, MAY) and self.issue(MAY)
        finance = new_test_user(self.env, "st-finance", "wine_vending.group_wine_finance")
        with self.assertRaises(AccessError):
            statement.with_user(finance).write({"closing": 9})
        with self.assertRaises(UserError):
            statement.unlink()

    def test_by_chance(self):
        """Entries and settlements of any day, statements now and then: it always adds up."""
        chance = random.Random(4)  # noqa: S311 - the same every time
        months, paid = [MAY, JUNE, JULY], []
        for month in months:
            for _number in range(25):
                day = chance.choice(months[: months.index(month) + 1])
                day -= timedelta(days=chance.randrange(28))
                kind = chance.choice(["sale", "sale", "sale", "reversal", "rent", "adjustment"])
                amount = chance.randrange(1, 9999) / 100
                self.earn(-amount if kind == "reversal" else amount, day, kind)
            for settlement in paid:
                if settlement.state == "paid" and chance.random() < 0.3:
                    self.come_back(settlement, month)
            paid += [self.pay(chance.randrange(1, 999) / 100, month) for _number in range(5)]
            if chance.random() < 0.8 or month == JULY:
                self.issue(month)
                self.check_chain()
        mine = self.entries(("account_id", "=", self.account.id))
        self.assertEqual(len(mine.filtered("statement_id")), 75)
        self.assertEqual(
            self.check_chain()[-1].closing,
            self.account.currency_id.round(
                sum(mine.mapped("amount")) - sum(one.gross for one in paid if one.state == "paid")
            ),
        )


@tagged("post_install", "-at_install")
class TestStatementCron(StatementCommon):
    """Who is due, when, and that each partner is told once."""

    def run_cron(self, today):
        with self.enter_registry_test_mode(), freeze_time(fields.Datetime.to_datetime(today)):
            self.env.ref("wine_profit_share.cron_share_statements").method_direct_trigger()
        self.env.invalidate_all()

    def own(self):
        return self.statements.search([("account_id", "=", self.account.id)])

    def test_due_until(self):
        day = fields.Date.to_date
        due = self.statements._due_until
        self.assertEqual(due(day("2026-06-03")), day("2026-04-30"), "late facts may still come")
        self.assertEqual(due(day("2026-06-04")), day("2026-05-31"))
        self.assertEqual(due(day("2026-01-10")), day("2025-12-31"))
        self.env["ir.config_parameter"].set_param("wine_profit_share.statement_wait_days", "0")
        self.assertEqual(due(day("2026-06-01")), day("2026-05-31"))

    def test_accounts_due(self):
        pool = self.earn(1, MAY).account_id
        accounts = self.statements._accounts_due(ENDS[MAY])
        self.assertIn(self.account, accounts)
        self.assertEqual(set(accounts.mapped("kind")), {"party"})
        self.assertNotIn(self.account, self.statements._accounts_due(MAY.replace(day=1)))
        self.issue(MAY)
        self.assertNotIn(pool, self.statements._accounts_due(ENDS[MAY]))
        self.assertIn(pool, self.statements._accounts_due(ENDS[JUNE]), "something is owed")

    def test_accounts_due_by_money_alone(self):
        self.earn(1, MAY)
        settlement = self.pay(1, MAY)
        self.issue(MAY)
        self.assertNotIn(self.account, self.statements._accounts_due(ENDS[JULY]))
        self.come_back(settlement, JUNE)
        self.assertIn(self.account, self.statements._accounts_due(ENDS[JULY]))

    def test_cron_issues_and_tells_once(self):
        self.host.email = "host@example.com"
        self.earn(12, MAY)
        self.earn(5, JUNE)
        self.run_cron("2026-07-02")
        self.assertEqual(len(self.own()), 1)
        self.run_cron("2026-07-05")
        self.run_cron("2026-07-05")
        may, june = self.own().sorted("date_from")
        self.assertEqual((may.closing, june.closing), (12, 17))
        numbers = self.own().mapped("name")
        told = self.env["mail.mail"].search(
            [("subject", "in", [f"Your statement {number} is ready" for number in numbers])]
        )
        self.assertEqual(told.recipient_ids, self.host)
        self.assertEqual(len(told), 2, "one e-mail for each run that issued something")
        self.assertIn(f"/my/share/statement/{june.id}", "".join(told.mapped("body_html")))
        self.assertNotIn("17.00", "".join(told.mapped("body_html")), "amounts stay behind a login")

    def test_told_without_an_address(self):
        self.host.email = False
        self.earn(12, MAY)
        self.issue(MAY)._tell_partner()
        self.assertFalse(self.own().told_at)
