# SPDX-License-Identifier: LGPL-3.0-or-later
"""Reports against the books: whatever happens to a vend, its day adds up again to the cent."""

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from odoo import fields
from odoo.tests import new_test_user, tagged

from ..models.wine_report_sales import LOCK
from .common import WineCommon

MEASURES = ("vends", "attempts", "failed", "refunded", "units", "gross", "net", "refunds", "cost")


class ReportCommon(WineCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Sales = cls.env["wine.report.sales"]
        cls.Day = cls.env["wine.report.machine.day"]
        cls.env.cr.execute("DELETE FROM wine_report_due")

    def refresh(self):
        self.env.flush_all()
        while self.Sales._refresh():
            pass
        self.env.invalidate_all()

    def rows(self, machine=None):
        return self.Sales.search([("machine_id", "in", (machine or self.machine).ids)])

    def total(self, measure, machine=None):
        return sum(self.rows(machine).mapped(measure))

    def day(self, machine=None, day=None):
        return self.Day.search(
            [
                ("machine_id", "=", (machine or self.machine).id),
                ("business_date", "=", day or self.region._business_today()),
            ]
        )

    def by_hand(self, machines):
        """The same figures from the records, one by one, by other means than the report's."""
        figures = defaultdict(lambda: dict.fromkeys(MEASURES, 0))
        vends = self.env["wine.vend"].search([("machine_id", "in", machines.ids)])
        for vend in vends.filtered(lambda v: v.pay_kind != "test"):
            local = vend.moment.replace(tzinfo=ZoneInfo("UTC"))
            hour = local.astimezone(ZoneInfo(vend.region_id.tz)).hour
            key = (vend.machine_id, vend.business_date, hour, vend.product_id, vend.pay_kind)
            row = figures[key]
            row["attempts"] += 1
            row["vends"] += vend.state == "captured"
            row["refunded"] += vend.state == "refunded"
            row["failed"] += vend.outcome == "failed" or (
                vend.state == "voided" and not vend.outcome
            )
            for line in vend.order_ids.lines:
                row["units"] += line.qty
                row["gross"] += line.price_subtotal_incl
                row["net"] += line.price_subtotal
                row["refunds"] -= line.price_subtotal_incl if line.qty < 0 else 0
                if line.order_id.wine_stock_state != "none":
                    known = line.is_total_cost_computed
                    row["cost"] += (
                        line.total_cost if known else line.qty * line.product_id.standard_price
                    )
        return figures

    def assert_books(self, machines):
        """Every row of the report says what the records say, and nothing else is there."""
        expected = self.by_hand(machines)
        found = {
            (r.machine_id, r.business_date, r.hour, r.product_id, r.pay_kind): r
            for r in self.rows(machines)
        }
        self.assertEqual(set(found), set(expected))
        for key, row in found.items():
            for measure in MEASURES:
                with self.subTest(key=key, measure=measure):
                    self.assertAlmostEqual(row[measure], expected[key][measure], places=2)
            self.assertAlmostEqual(row.margin, row.net - row.cost, places=2)
            self.assertAlmostEqual(row.tax, row.gross - row.net, places=2)


@tagged("post_install", "-at_install")
class TestReportSales(ReportCommon):
    """Late, reversed, failed, closed and random days."""

    def test_random_life(self):
        """Sales, failures, refunds, late days, closings and changed costs, in any order."""
        chance = random.Random(2611)
        other = self.make_machine(self.region, {"A1": self.wine, "A2": self.soda}, name="Other")
        machines = self.machine + other
        outcomes = ("success", "success", "success", "failed", "partial", "unknown")
        for step in range(6):
            facts = [
                self.local(
                    chance.choice(machines),
                    chance.choice(("A1", "A2")),
                    chance.choice(outcomes),
                    chance.choice(("cash", "card", "qr", "free")),
                    refunded=chance.choice((True, False)),
                    when=self.days_ago(chance.randrange(0, 30))
                    - timedelta(minutes=chance.randrange(0, 600)),
                )
                for _ in range(12)
            ]
            facts.append(self.fact(self.machine, "test.vend", {"slot": "A1"}))
            self.project(*facts)
            vends = self.env["wine.vend"].search([("machine_id", "in", machines.ids)])
            sold = vends.filtered(lambda vend: vend.state == "captured").sorted("id")
            chance.choice(sold)._refund(goods_returned=bool(step % 2))
            vends.filtered(lambda vend: vend.state == "unknown")[:1]._decide(bool(step % 2))
            if step == 3:
                self.close()
                self.wine.standard_price = 61.0
            if step % 2:
                self.refresh()
        self.refresh()
        self.assert_books(machines)
        self.assertGreater(self.total("refunds", machines), 0)
        self.assertGreater(self.total("failed", machines), 0)

    def test_rebuilding_gives_the_same(self):
        self.project(*(self.local(self.machine, when=self.days_ago(n)) for n in range(5)))
        self.refresh()
        before = {row.id: row.read()[0] for row in self.rows()}
        self.env.cr.execute("UPDATE wine_report_sales SET gross = gross + 7, vends = 99")
        self.env.cr.execute("UPDATE wine_report_machine_day SET gross = 0")
        stray = {**before[min(before)], "hour": 25}
        self.Sales.create(
            {
                name: value[0] if isinstance(value, tuple) else value
                for name, value in stray.items()
                if name not in ("id", "display_name")
            }
        )
        self.Sales._rebuild()
        self.refresh()
        self.assertEqual({row.id: row.read()[0] for row in self.rows()}, before)
        self.assertEqual(
            sum(self.Day.search([("machine_id", "=", self.machine.id)]).mapped("gross")), 600
        )

    def test_late_vend_corrects_its_own_day(self):
        self.project(self.local(self.machine))
        self.close()
        self.refresh()
        today = self.total("gross")
        late = self.project(self.local(self.machine, when=self.days_ago(12)))
        self.refresh()
        self.assertEqual(self.total("gross"), today + 120)
        row = self.rows().filtered(lambda row: row.business_date == late.business_date)
        self.assertEqual((row.gross, row.vends), (120, 1))
        self.assertEqual(self.day(day=late.business_date).gross, 120)

    def test_refund_counts_on_the_day_of_the_sale(self):
        vend = self.project(self.local(self.machine, when=self.days_ago(3)))
        self.refresh()
        self.assertEqual(self.total("gross"), 120)
        vend._refund(goods_returned=False)
        self.refresh()
        row = self.rows()
        self.assertEqual((row.gross, row.refunds, row.refunded, row.vends), (0, 120, 1, 0))
        self.assertEqual(row.business_date, vend.business_date)
        self.assertEqual(row.cost, 50, "the bottle is gone, its cost stays")
        self.assertEqual(row.margin, -50)

    def test_bottle_that_came_back_costs_nothing(self):
        vend = self.project(self.local(self.machine))
        vend._refund(goods_returned=True)
        self.refresh()
        self.assertEqual((self.rows().cost, self.rows().margin, self.rows().units), (0, 0, 0))

    def test_held_money_is_no_sale(self):
        """The machine kept the money, nothing came out: sale and refund, no cost, no units."""
        self.project(self.local(self.machine, outcome="failed", pay="card"))
        self.refresh()
        row = self.rows()
        self.assertEqual((row.gross, row.cost, row.units), (0, 0, 0))
        self.assertEqual((row.refunds, row.failed, row.refunded), (120, 1, 1))
        self.assertEqual(row.failure_rate, 100)

    def test_cost_becomes_known_at_closing(self):
        self.project(self.local(self.machine))
        self.refresh()
        self.assertEqual(self.total("cost"), 50)
        self.close()
        self.wine.standard_price = 90
        self.refresh()
        self.assertEqual(self.total("cost"), 50, "the snapshot, not today's price")

    def test_same_report_twice_adds_nothing(self):
        fact = self.local(self.machine)
        self.project(fact)
        self.project(fact)
        self.refresh()
        self.assertEqual((self.total("vends"), self.total("gross")), (1, 120))

    def test_trials_are_no_sales(self):
        self.project(self.fact(self.machine, "test.vend", {"slot": "A1"}))
        self.refresh()
        self.assertFalse(self.rows())

    def test_hour_and_weekday_of_the_region(self):
        """23:30 UTC on a Sunday is Monday morning in Tokyo, in the report as in the books."""
        self.region.tz = "Asia/Tokyo"
        sunday = datetime.combine(
            fields.Date.today() - timedelta(days=fields.Date.today().isoweekday() % 7 + 7),
            datetime.min.time(),
        )
        self.project(self.local(self.machine, when=sunday + timedelta(hours=23, minutes=30)))
        self.refresh()
        row = self.rows()
        self.assertEqual((row.weekday, row.hour), ("1", 8))
        self.assertEqual(row.business_date, sunday.date() + timedelta(days=1))

    def test_supplier_and_category(self):
        supplier = self.env["res.partner"].create({"name": "Winery"})
        self.env["product.supplierinfo"].create(
            {"partner_id": supplier.id, "product_tmpl_id": self.wine.product_tmpl_id.id}
        )
        self.project(self.local(self.machine))
        self.refresh()
        self.assertEqual(self.rows().supplier_id, supplier)
        self.assertEqual(self.rows().categ_id, self.category)

    def test_nothing_due_does_nothing(self):
        self.project(self.local(self.machine))
        self.refresh()
        self.assertEqual(self.Sales._refresh(), 0)

    def test_chunks_leave_the_rest_due(self):
        self.project(*(self.local(self.machine, when=self.days_ago(n)) for n in range(4)))
        self.assertEqual(self.Sales._refresh(limit=3), 3)
        self.assertEqual(len(set(self.rows().mapped("business_date"))), 3)
        self.assertEqual(self.Sales._refresh(limit=3), 1)

    def test_two_refreshers_do_not_meet(self):
        """While another process computes, this one uses what is there and loses nothing."""
        self.project(self.local(self.machine))
        with self.registry.cursor() as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            own = self.env.cr.connection is other.connection if hasattr(other, "connection") else 0
            if not own:
                self.assertEqual(self.Sales._refresh(), 0)
        self.refresh()
        self.assertEqual(self.total("vends"), 1)


@tagged("post_install", "-at_install")
class TestReportRates(ReportCommon):
    """A rate of a group is the rate of its sums."""

    def test_margin_of_a_group(self):
        self.project(self.local(self.machine, "A1"), self.local(self.machine, "A2"))
        self.refresh()
        [[rate, net, cost]] = self.Sales._read_group(
            [("machine_id", "=", self.machine.id)],
            aggregates=["margin_rate:avg", "net:sum", "cost:sum"],
        )
        self.assertAlmostEqual(rate, 100 * (net - cost) / net, places=6)
        mean = sum(self.rows().mapped("margin_rate")) / 2
        self.assertNotAlmostEqual(rate, mean, places=1)

    def test_nothing_sold_is_no_division_by_zero(self):
        self.Sales._mark([(self.machine.id, date.today())])
        self.refresh()
        [[margin, failures]] = self.Day._read_group(
            [("machine_id", "=", self.machine.id)],
            aggregates=["margin_rate:avg", "failure_rate:avg"],
        )
        self.assertEqual((margin, failures), (0, 0))

    def test_machine_that_sold_nothing_has_its_row(self):
        self.Day._cron_mark()
        self.refresh()
        self.assertEqual(self.day().vends, 0)
        self.assertEqual(self.day().region_id, self.region)

    def test_day_keeps_its_region(self):
        """History is not recomputed: where the machine stood then is where it counts."""
        yesterday = self.region._business_today() - timedelta(days=1)
        self.project(self.local(self.machine, when=self.days_ago(1)))
        self.refresh()
        elsewhere = self.make_region("Elsewhere", "ELS")
        site = self.env["wine.site"].create({"name": "There", "region_id": elsewhere.id})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE wine_machine SET site_id = %s, region_id = %s WHERE id = %s",
            [site.id, elsewhere.id, self.machine.id],
        )
        self.env.invalidate_all()
        self.Sales._rebuild()
        self.refresh()
        self.assertEqual(self.day(day=yesterday).region_id, self.region)
        self.assertEqual(self.rows().region_id, self.region)


@tagged("post_install", "-at_install")
class TestReportAccess(ReportCommon):
    """Whose figures one sees; the matrix test holds the rest."""

    def test_regional_administrator_sees_the_own_subtree_only(self):
        foreign = self.make_region("Farland", "FAR")
        below = self.make_region("Below", "BLW", parent_id=self.region.id)
        there = self.make_machine(foreign, {"A1": self.wine}, name="There")
        under = self.make_machine(below, {"A1": self.wine}, name="Under")
        self.project(self.local(self.machine), self.local(there), self.local(under))
        self.refresh()
        boss = new_test_user(
            self.env, "report-boss", groups="wine_vending.group_wine_region_manager"
        )
        self.region.manager_ids = boss
        ours = (self.machine + under + there).ids
        for model in ("wine.report.sales", "wine.report.machine.day"):
            groups = (
                self.env[model]
                .with_user(boss)
                ._read_group([("machine_id", "in", ours)], ["machine_id"], ["gross:sum"])
            )
            self.assertEqual(dict(groups), {self.machine: 120, under: 120}, model)
