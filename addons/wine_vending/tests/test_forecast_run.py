# SPDX-License-Identifier: LGPL-3.0-or-later
"""The nightly run: what it reads, what it keeps, that it may be cut short and run twice."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from .replenish import ReplenishCommon


@tagged("post_install", "-at_install")
class TestForecastRun(ReplenishCommon):
    def rates(self, machines=None):
        """What is stored, to compare two runs."""
        machines = machines or self.machine
        return [
            (slot.code, slot.rate_per_day, slot.order_up_to, slot.to_fill)
            for slot in machines.slot_ids
        ] + [
            (one.product_id.id, one.rate_per_day, one.factor_sat, one.sigma, one.days_used)
            for one in self.env["wine.forecast"].search(
                [("machine_id", "in", machines.ids)], order="machine_id, product_id"
            )
        ]

    def test_sold_out_for_weeks_forecasts_what_it_sold_before(self):
        """40 days without a bottle say nothing; read as zeros they would halve the rate."""
        self.history(self.machine, "A2", 4, until=40)
        slot = self.slot(self.machine, "A2")
        slot.qty = 0
        self.env["wine.slot.stockout"].search([]).started_at = fields.Datetime.now() - timedelta(
            days=40
        )
        self.compute()
        self.assertAlmostEqual(self.forecast(self.machine, self.soda).rate_per_day, 4, delta=0.5)
        self.env["wine.slot.stockout"].search([]).sudo().unlink()
        self.compute()
        self.assertLess(self.forecast(self.machine, self.soda).rate_per_day, 2.6)

    def test_one_empty_lane_of_two_hides_no_demand(self):
        """B1 still had the wine: those days count in full."""
        self.history(self.machine, "B1", 2)
        self.slot(self.machine, "A1").qty = 0
        self.env["wine.slot.stockout"].search([]).started_at = fields.Datetime.now() - timedelta(
            days=100
        )
        self.compute()
        self.assertAlmostEqual(self.forecast(self.machine, self.wine).rate_per_day, 2, delta=0.2)

    def test_days_before_the_planogram_are_no_zeros(self):
        self.since(self.machine, 20)
        self.history(self.machine, "A2", 3, days=20)
        self.compute()
        self.assertAlmostEqual(self.forecast(self.machine, self.soda).rate_per_day, 3, delta=0.4)

    def test_sold_before_the_first_planogram_that_we_know(self):
        """History taken over from another system: it counts from its first sale."""
        self.since(self.machine, 1)
        self.history(self.machine, "A2", 3, days=50)
        self.compute()
        one = self.forecast(self.machine, self.soda)
        self.assertAlmostEqual(one.rate_per_day, 3, delta=0.3)
        self.assertAlmostEqual(one.days_used, 50, delta=1)

    def test_a_weekend_shape_is_kept_and_lanes_share_the_rate(self):
        self.history(self.machine, "A1", (1, 1, 1, 1, 3, 6, 3))
        self.compute()
        one = self.forecast(self.machine, self.wine)
        self.assertGreater(one.factor_sat, 2)
        self.assertLess(one.factor_mon, 0.8)
        self.assertEqual(one.source, "own")
        left, right = self.slot(self.machine, "A1"), self.slot(self.machine, "B1")
        self.assertAlmostEqual(left.rate_per_day + right.rate_per_day, one.rate_per_day, 2)
        self.assertEqual(left.rate_per_day, right.rate_per_day)

    def test_a_new_machine_begins_with_its_region(self):
        self.history(self.machine, "A2", 4)
        self.compute()
        other = self.make_machine(self.region, {"A1": self.soda}, name="Young")
        one = self.forecast(other, self.soda)
        self.assertAlmostEqual(one.rate_per_day, 4, delta=0.3)
        self.assertEqual((one.source, one.days_used), ("region", 0))
        slot = self.slot(other, "A1")
        self.assertEqual(slot.order_up_to, 10, "filled as planned until it has sold for a week")
        self.compute(self.machine | other)
        one = self.forecast(other, self.soda)
        self.assertAlmostEqual(one.rate_per_day, 4, delta=1.2)
        self.assertEqual(self.slot(other, "A1").order_up_to, 10)

    def test_a_foreign_region_lends_nothing(self):
        self.history(self.machine, "A2", 4)
        self.compute()
        far = self.make_machine(self.make_region("Far", "FAR"), {"A1": self.soda}, name="Far")
        self.assertFalse(self.forecast(far, self.soda))

    def test_levels_live_and_capped(self):
        self.history(self.machine, "A2", 1)
        self.region.write({"review_days": 4, "lead_days": 1, "service_level": 95})
        self.compute()
        slot = self.slot(self.machine, "A2")
        self.assertTrue(7 <= slot.order_up_to <= 10, slot.order_up_to)
        level = slot.order_up_to
        slot.qty = 3
        self.assertEqual(slot.to_fill, level - 3)
        self.assertAlmostEqual(slot.days_left, 3 / slot.rate_per_day, delta=0.1)
        self.project(self.local(self.machine, "A2", qty=2))
        self.assertEqual(slot.to_fill, level - 1)
        self.history(self.machine, "A2", 30)
        self.compute()
        self.assertEqual(slot.order_up_to, 10, "no more than the lane holds")

    def test_a_par_below_the_lane_is_kept(self):
        draft_id = self.machine.action_new_planogram()["res_id"]
        draft = self.env["wine.planogram"].browse(draft_id)
        draft.line_ids.filtered(lambda line: line.slot_id.code == "A2").par = 6
        draft.action_publish()
        self.history(self.machine, "A2", 30)
        self.compute()
        self.assertEqual(self.slot(self.machine, "A2").order_up_to, 6)

    def test_a_short_shelf_life_lowers_the_level(self):
        self.history(self.machine, "A2", 2)
        self.soda.write({"use_expiration_date": True, "tracking": "lot", "expiration_time": 3})
        self.region.service_level = 99
        self.compute()
        rate = self.forecast(self.machine, self.soda).rate_per_day
        self.assertEqual(self.slot(self.machine, "A2").order_up_to, int(rate * 3))

    def test_twice_is_once(self):
        self.history(self.machine, "A1", 2)
        self.compute()
        first = self.rates()
        self.compute()
        self.assertEqual(self.rates(), first)

    def test_a_product_that_left_keeps_no_forecast(self):
        self.history(self.machine, "A2", 2)
        self.compute()
        self.publish_planogram(self.machine, {"A1": self.wine})
        self.compute()
        self.assertFalse(self.forecast(self.machine, self.soda))
        slot = self.slot(self.machine, "A2")
        self.assertEqual((slot.rate_per_day, slot.order_up_to, slot.to_fill), (0, 0, 0))

    def test_a_run_cut_short_goes_on_where_it_stopped(self):
        """Pools done today are not done again; those that failed or waited are."""
        other = self.make_machine(self.make_region("Far", "FAR"), {"A1": self.soda}, name="Far")
        Forecast = self.env["wine.forecast"]
        everything = self.env["wine.machine"].search([])
        everything.forecast_on = fields.Date.today()
        (self.machine | other).forecast_on = False
        cut = patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=0)
        with cut:
            Forecast._cron_compute()
        done = (self.machine | other).filtered("forecast_on")
        self.assertEqual(len(done), 1)
        with cut, patch.object(type(Forecast), "_compute_pool") as compute:
            Forecast._cron_compute()
        self.assertEqual(compute.call_args.args[0], (self.machine | other) - done)
        with cut:
            Forecast._cron_compute()
        self.assertEqual(len((self.machine | other).filtered("forecast_on")), 2)
        self.assertFalse(Forecast._pools_due())

    def test_queries_do_not_grow_with_machines(self):
        machines = self.machine
        for number in range(3):
            machines |= self.make_machine(self.region, {"A1": self.soda}, name=f"M{number}")
        self.compute(machines)
        self.env.invalidate_all()
        counts = []
        for pool in (machines[:1], machines):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["wine.forecast"]._compute_pool(pool)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)
