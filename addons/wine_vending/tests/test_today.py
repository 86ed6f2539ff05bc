# SPDX-License-Identifier: LGPL-3.0-or-later
"""Today, the map, the days of machines, the dashboards: numbers that agree with the lists."""

import json
from datetime import datetime, time, timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools.misc import file_open

from ..core.demo_history import Lane, Place, plan
from .test_live import LiveCommon
from .test_report_sales import ReportCommon


class TodayCommon(LiveCommon, ReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boss = new_test_user(
            cls.env, "today-boss", groups="wine_vending.group_wine_region_manager"
        )
        cls.region.manager_ids = cls.boss

    def figures(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["wine.today"].with_user(user or self.boss).figures()

    def row(self, region, user=None):
        return next(row for row in self.figures(user)["regions"] if row["id"] == region.id)


@tagged("post_install", "-at_install")
class TestToday(TodayCommon):
    """Of the own subtree, against the same weekday up to now, each number with its list."""

    def test_own_subtree_only_and_added_up(self):
        self.project(self.local(self.machine), self.local(self.under), self.local(self.there))
        figures = self.figures()
        self.assertEqual([r["id"] for r in figures["regions"]], [self.region.id, self.below.id])
        self.assertEqual(figures["total"]["sales"], 240)
        self.assertEqual(self.row(self.region)["sales"], 240, "with what lies below")
        self.assertEqual(self.row(self.below)["sales"], 120)
        self.assertEqual(self.row(self.below)["depth"], 1)

    def test_a_part_of_the_day_is_compared_with_the_same_part(self):
        """A week ago: one sale in the first minute of the day, one in the last."""
        day = self.region._business_today() - timedelta(days=7)
        self.project(
            self.local(self.machine, when=datetime.combine(day, time(0, 0, 30))),
            self.local(self.machine, when=datetime.combine(day, time(23, 59, 30))),
        )
        before = self.row(self.region)["before"]
        now = fields.Datetime.now()
        expected = 120 * min(now.hour + now.minute / 60, 1) + 120 * max(
            0, min(now.hour + now.minute / 60 - 23, 1)
        )
        self.assertAlmostEqual(before, expected, delta=3)

    def test_numbers_are_those_of_the_lists_behind(self):
        self.project(
            self.local(self.machine),
            self.local(self.machine, outcome="unknown"),
            self.fact(self.under, "machine.state", {"state": "offline"}),
        )
        self.env["wine.case"].search([("machine_id", "=", self.machine.id)]).deadline = "2020-01-01"
        figures = self.figures()
        counted = ("offline", "online", "alarm", "stockouts", "cash_off", "cases_due", "cases")
        for key in counted:
            behind = figures["lists"][key]
            found = self.env[behind["model"]].with_user(self.boss).search_count(behind["domain"])
            self.assertEqual(figures["total"][key], found, key)
        self.assertEqual(figures["total"]["offline"], 1)
        self.assertGreaterEqual(figures["total"]["cases_due"], 1)
        json.dumps(figures)

    def test_without_the_right_nothing_is_shown(self):
        for login, group in (
            ("today-staff", "wine_vending.group_wine_service"),
            ("today-none", "base.group_user"),
            ("today-portal", "base.group_portal"),
        ):
            user = new_test_user(self.env, login, groups=group)
            with self.subTest(group=group), self.assertRaises(AccessError):
                self.figures(user)

    def test_nobody_without_a_region_breaks_it(self):
        lost = new_test_user(
            self.env, "today-lost", groups="wine_vending.group_wine_region_manager"
        )
        self.assertEqual(self.figures(lost)["regions"], [])
        self.assertEqual(self.figures(lost)["total"]["sales"], 0)


@tagged("post_install", "-at_install")
class TestMachineDay(TodayCommon):
    """Up time, stock-outs, temperature and cash of a day, from the records of the others."""

    def moment(self, hours):
        """A moment of yesterday; the region of the test lives in UTC."""
        day = self.region._business_today() - timedelta(days=1)
        return datetime.combine(day, time()) + timedelta(hours=hours)

    def yesterday(self):
        day = self.moment(0).date()
        self.Sales._mark([(self.machine.id, day)])
        self.refresh()
        return self.day(day=day)

    def outage(self, kind, start, end):
        self.env["wine.machine.outage"].create(
            {
                "machine_id": self.machine.id,
                "region_id": self.region.id,
                "kind": kind,
                "started_at": self.moment(start),
                "ended_at": self.moment(end) if end is not None else False,
            }
        )

    def test_overlapping_outages_count_once(self):
        self.outage("offline", -3, 2)  # two hours of it lie in the day
        self.outage("fault", 1, 3)  # one of them overlaps
        self.outage("offline", 10, 10.5)
        day = self.yesterday()
        self.assertEqual((day.minutes_down, day.minutes_expected), (210, 1440))
        self.assertAlmostEqual(day.uptime, 100 * (1440 - 210) / 1440, places=2)
        downtime = self.env["wine.machine.outage"]._downtime(
            self.machine, self.moment(0), self.moment(24)
        )
        self.assertEqual(day.minutes_down, downtime[self.machine], "as alerts reckon it")

    def test_outage_that_goes_on_fills_the_day(self):
        self.outage("offline", -30, None)
        day = self.yesterday()
        self.assertEqual((day.minutes_down, day.uptime), (1440, 0))

    def test_loss_of_a_stockout_is_spread_over_its_days(self):
        self.env["wine.slot.stockout"].create(
            {
                "slot_id": self.slot(self.machine, "A1").id,
                "machine_id": self.machine.id,
                "region_id": self.region.id,
                "product_id": self.wine.id,
                "currency_id": self.machine.currency_id.id,
                "started_at": self.moment(-12),
                "ended_at": self.moment(12),
                "lost_units": 4,
                "lost_amount": 480,
            }
        )
        day = self.yesterday()
        self.assertEqual((day.stockout_minutes, day.lost_units, day.lost_amount), (720, 2.0, 240.0))

    def test_temperature_kept(self):
        self.machine.flush_recordset()
        self.env.cr.execute(
            "UPDATE wine_machine SET temp_min = 8, temp_max = 14 WHERE id = %s", [self.machine.id]
        )
        self.env["wine.machine.reading.hour"].create(
            [
                {
                    "machine_id": self.machine.id,
                    "kind": "temperature",
                    "hour": self.moment(hour),
                    "lowest": value,
                    "average": value,
                    "highest": value,
                    "count": 6,
                }
                for hour, value in ((1, 8.0), (2, 14.0), (3, 14.1), (4, 7.9), (26, 30.0))
            ]
        )
        day = self.yesterday()
        self.assertEqual((day.readings, day.readings_ok, day.temperature_rate), (4, 2, 50.0))


@tagged("post_install", "-at_install")
class TestMap(TodayCommon):
    """What the map is told of machines."""

    def points(self, user=None):
        self.env.flush_all()
        ours = self.machine + self.under + self.there
        data = (
            self.env["wine.machine"]
            .with_user(user or self.env.user)
            .map_points([("id", "in", ours.ids)])
        )
        return {point["id"]: point for point in data["points"]}, data

    def test_only_own_machines_and_only_where_a_place_is_known(self):
        (self.machine + self.there).site_id.write({"latitude": 30.1, "longitude": -85.2})
        points, data = self.points(self.boss)
        self.assertEqual(set(points), {self.machine.id})
        self.assertEqual(data["unplaced"], 1)
        self.assertEqual(data["tiles"], "", "nothing outside is asked unless somebody says so")

    def test_looks_the_gravest_first(self):
        self.machine.site_id.latitude = 30.1

        def look():
            self.env.invalidate_all()
            return self.points()[0][self.machine.id]["look"]

        self.assertEqual(look(), "ok")
        self.machine.slot_ids.qty = 0
        self.assertEqual(look(), "low")
        self.machine.connection_state = "offline"
        self.assertEqual(look(), "offline")
        self.env["wine.machine.alert"].sudo().create(
            {
                "machine_id": self.machine.id,
                "region_id": self.region.id,
                "kind": "temperature",
                "severity": "critical",
                "first_seen": fields.Datetime.now(),
                "last_seen": fields.Datetime.now(),
            }
        )
        self.assertEqual(look(), "alarm")
        self.machine.action_suspend()
        self.assertEqual(look(), "suspended")


@tagged("post_install", "-at_install")
class TestDashboardFiles(TodayCommon):
    """Every figure of the dashboards is one that its model has and that can be added up."""

    def test_sources_exist_and_answer(self):
        for name in ("company", "region"):
            with file_open(f"wine_vending/data/dashboards/{name}.json") as text:
                sheet = json.load(text)
            for source in sheet["pivots"].values():
                model = self.env[source["model"]].with_user(self.boss)
                rows = [row["fieldName"] for row in source["rows"]]
                with self.subTest(dashboard=name, source=source["name"]):
                    model._read_group(
                        source["domain"], rows, [measure["id"] for measure in source["measures"]]
                    )
                    for match in source["fieldMatching"].values():
                        self.assertIn(match["chain"], model._fields)

    def test_who_sees_which(self):
        groups = {
            "dashboard_company": "wine_vending.group_wine_finance",
            "dashboard_region": "wine_vending.group_wine_region_manager",
        }
        for name, group in groups.items():
            dashboard = self.env.ref(f"wine_vending.{name}")
            self.assertEqual(dashboard.group_ids, self.env.ref(group))
        seen = self.env["spreadsheet.dashboard"].with_user(self.boss).search([])
        self.assertIn(self.env.ref("wine_vending.dashboard_region"), seen)
        self.assertNotIn(self.env.ref("wine_vending.dashboard_company"), seen)


@tagged("post_install", "-at_install")
class TestDemoHistory(TodayCommon):
    """The plan of the demo sells only what is there, in order of time, the same every time."""

    def happened(self):
        import random

        lanes = [Lane("A1", "X", "10.00", 6, 8), Lane("A2", "Y", "5.00", 0, 4)]
        place = Place(1, 1.0, lanes)
        now = datetime(2026, 5, 31, 23, 30)
        first = now.date() - timedelta(days=60)
        return list(plan([place], first, now, random.Random(5), 4.0)), place, now

    def test_no_bottle_that_is_not_there(self):
        happened, _place, now = self.happened()
        qty = {"A1": 6, "A2": 0}
        for _who, moment, kind, detail in happened:
            self.assertLess(moment, now + timedelta(minutes=6))
            if kind == "visit":
                for lane, filled in detail:
                    qty[lane.code] += filled
                    self.assertLessEqual(qty[lane.code], {"A1": 8, "A2": 4}[lane.code])
            elif kind == "sale" and detail[2] != "failed":
                qty[detail[0].code] -= 1
                self.assertGreaterEqual(qty[detail[0].code], 0)
        kinds = {kind for _who, _moment, kind, _detail in happened}
        self.assertEqual(kinds, {"visit", "sale", "cash"})

    def test_the_same_every_time(self):
        def plain():
            return [(moment, kind) for _who, moment, kind, _detail in self.happened()[0]]

        self.assertEqual(plain(), plain())

    def test_a_database_that_has_sold_is_left_alone(self):
        self.project(self.local(self.machine))
        before = self.env["wine.vend"].search_count([])
        self.assertEqual(self.env["wine.machine"]._demo_history(), 0)
        self.assertEqual(self.env["wine.vend"].search_count([]), before)
