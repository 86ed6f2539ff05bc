# SPDX-License-Identifier: LGPL-3.0-or-later
import json
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..models.wine_reading_keep import WEEK, week_of
from .common import WineCommon

HOUR = timedelta(hours=1)
#: opens the tab, reads the words of the canvas, changes the range
DRAWN = """
(async () => {
    const found = async (selector, test = () => true) => {
        for (let turn = 0; turn < 200; turn++) {
            const node = document.querySelector(selector);
            if (node && test(node)) {
                return node;
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        throw new Error(`${selector} does not appear`);
    };
    (await found("a[name=chart]")).click();
    const canvas = await found(".o_wine_chart_climate canvas", (node) => Chart.getChart(node));
    if (!canvas.getAttribute("aria-label").includes("from 11.0 to 11.0 °C")) {
        throw new Error(canvas.getAttribute("aria-label"));
    }
    const drawn = Chart.getChart(canvas).data.datasets.map((set) => set.data.length);
    if (String(drawn) !== "2,2,1") {
        throw new Error(`drawn: ${drawn}`);
    }
    document.querySelector(".o_wine_machine_chart .btn-group button:nth-child(2)").click();
    await found(".o_wine_machine_chart button:nth-child(2)[aria-pressed=true]");
    await found(".o_wine_chart_sales canvas", (node) => Chart.getChart(node));
    console.log("test successful");
})().catch((error) => console.error(error.message));
"""


@tagged("post_install", "-at_install")
class TestReadings(WineCommon):
    """Readings: once each, summed up by the hour, gone after 90 days and not before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Reading = cls.env["wine.machine.reading"]
        cls.hour = fields.Datetime.now().replace(minute=0, second=0, microsecond=0)

    def take(self, *rows, machine=None, kind="temperature"):
        """Readings as (moment, value)."""
        machine_id = (machine or self.machine).id
        return self.env["wine.machine"]._take_readings(
            [(machine_id, kind, at, value) for at, value in rows]
        )

    def raw(self):
        return self.Reading.search([("machine_id", "=", self.machine.id)], order="at, kind")

    def hours(self):
        rows = self.env["wine.machine.reading.hour"].search(
            [("machine_id", "=", self.machine.id)], order="hour"
        )
        return [(row.hour, row.lowest, row.average, row.highest, row.count) for row in rows]

    def old(self, weeks, *values):
        """Raw readings of long ago, as they lie in a partition of then."""
        monday = week_of(self.hour) - weeks * WEEK
        self.Reading._ensure_weeks({monday})
        for number, value in enumerate(values):
            self.env.cr.execute(
                """INSERT INTO wine_machine_reading_raw (machine_id, kind, at, value)
                   VALUES (%s, 'temperature', %s, %s)""",
                [self.machine.id, monday + number * timedelta(minutes=10), value],
            )
        return monday

    # === LETTING GO === #

    def test_nothing_goes_before_it_is_in_its_hour(self):
        """A partition whose hours were never summed up is summed up, then dropped."""
        monday = self.old(15, 10.0, 12.0, 14.0)
        self.assertIn(monday, self.Reading._partitions())
        self.Reading._drop_old(self.hour)
        self.assertNotIn(monday, self.Reading._partitions())
        self.assertEqual(self.hours(), [(monday, 10.0, 12.0, 14.0, 3)])
        self.assertFalse(self.raw())

    @mute_logger("odoo.addons.wine_vending.models.wine_reading_keep")
    def test_what_cannot_be_summed_up_stays(self):
        monday = self.old(15, 10.0)
        with patch.object(type(self.Reading), "_roll", lambda *args: None):
            self.Reading._drop_old(self.hour)
        self.assertIn(monday, self.Reading._partitions())
        self.assertEqual(len(self.raw()), 1)

    def test_ninety_days_are_kept(self):
        young = week_of(self.hour - timedelta(days=90))
        self.old((week_of(self.hour) - young) // WEEK, 10.0)
        self.Reading._drop_old(self.hour)
        self.assertIn(young, self.Reading._partitions())
        self.Reading._drop_old(young + WEEK + timedelta(days=90))
        self.assertNotIn(young, self.Reading._partitions())

    def test_a_machine_that_is_gone_holds_nothing_up(self):
        monday = self.old(15, 10.0)
        self.env.cr.execute(
            "UPDATE wine_machine_reading_raw SET machine_id = -1 WHERE machine_id = %s",
            [self.machine.id],
        )
        self.Reading._drop_old(self.hour)
        self.assertNotIn(monday, self.Reading._partitions())

    # === PARTITIONS === #

    def test_a_week_rolls_over(self):
        """Monday, midnight: each reading in the partition of its week, made ahead of time."""
        now = fields.Datetime.now()
        ahead = now + 3 * WEEK
        self.assertIn(week_of(ahead), self.Reading._partitions())
        monday = week_of(now)
        before, after = monday - timedelta(seconds=1), monday
        self.take((before, 9.0), (after, 10.0))
        for moment, value in ((before, 9.0), (after, 10.0)):
            part = SQL.identifier(f"wine_machine_reading_raw_{week_of(moment):%Y%m%d}")
            found = self.env.execute_query(
                SQL("SELECT value FROM %s WHERE machine_id = %s", part, self.machine.id)
            )
            self.assertIn((value,), found)

    def test_a_missing_partition_is_made(self):
        """The cron slept for weeks: the reading is taken all the same."""
        far = self.hour + 30 * WEEK
        self.assertNotIn(week_of(far), self.Reading._partitions())
        with patch.object(fields.Datetime, "now", lambda: far):
            self.assertEqual(self.take((far, 11.0)), 1)

    def test_the_weeks_begin_on_monday(self):
        self.assertEqual(week_of(datetime(2026, 11, 22, 23, 59, 59)), datetime(2026, 11, 16))
        self.assertEqual(week_of(datetime(2026, 11, 23)), datetime(2026, 11, 23))

    # === TAKING === #

    def test_the_same_again_changes_nothing(self):
        at = self.hour - HOUR
        self.assertEqual(self.take((at, 11.0), (at, 11.0)), 1)
        self.assertEqual(self.take((at, 11.0), (at, 12.0)), 0, "the first one stands")
        self.assertEqual(self.raw().mapped("value"), [11.0])

    def test_moments_outside_the_clock_rule(self):
        now = fields.Datetime.now()
        taken = self.take(
            (now - timedelta(days=46), 1.0), (now + timedelta(minutes=10), 2.0), (now, 3.0)
        )
        self.assertEqual((taken, self.raw().mapped("value")), (1, [3.0]))

    def test_it_touches_no_machine(self):
        """Telemetry never gets in the way of events that are booked on the machine."""
        self.env.flush_all()
        self.env.cr.execute("SELECT xmin FROM wine_machine WHERE id = %s", [self.machine.id])
        before = self.env.cr.fetchall()
        self.take((fields.Datetime.now(), 30.0))
        self.env.cr.execute("SELECT xmin FROM wine_machine WHERE id = %s", [self.machine.id])
        self.assertEqual(self.env.cr.fetchall(), before)
        self.assertEqual(self.machine.temperature, 30.0)
        self.assertIn("too warm", self.machine.climate_text)

    def test_a_thousand_in_a_handful_of_queries(self):
        now = fields.Datetime.now()
        rows = [(now - timedelta(seconds=n), 10.0 + n % 5) for n in range(2000)]
        before = self.env.cr.sql_log_count
        self.assertEqual(self.take(*rows), 2000)
        self.assertLess(self.env.cr.sql_log_count - before, 12)

    # === HOURS === #

    def test_rolled_up_again_is_the_same(self):
        at = self.hour - HOUR
        self.take((at, 10.0), (at + timedelta(minutes=20), 13.0), (self.hour, 20.0))
        now = self.hour + timedelta(minutes=5)
        self.Reading._roll_up(now)
        expected = [(at, 10.0, 11.5, 13.0, 2)]
        self.assertEqual(self.hours(), expected, "the hour that runs is not summed up")
        self.Reading._roll_up(now)
        self.assertEqual(self.hours(), expected)

    def test_a_late_reading_makes_its_hour_anew(self):
        at = self.hour - 30 * HOUR
        self.take((at, 10.0), (self.hour - HOUR, 12.0))
        self.Reading._roll_up(self.hour)
        self.take((at + timedelta(minutes=30), 14.0))
        self.Reading._roll_up(self.hour)
        self.assertEqual(self.hours()[0], (at, 10.0, 12.0, 14.0, 2))
        self.env.cr.execute("SELECT count(*) FROM wine_machine_reading_late")
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    def test_after_a_pause_nothing_is_left_out(self):
        self.env.cr.execute("DELETE FROM wine_machine_reading_hour")
        moments = [self.hour - n * HOUR for n in (1, 5, 40, 200)]
        self.take(*((moment, 10.0) for moment in moments))
        self.Reading._roll_up(self.hour)
        self.assertEqual([row[0] for row in self.hours()], sorted(moments))

    # === THE CHART === #

    def test_chart(self):
        now = fields.Datetime.now().replace(microsecond=0)
        self.take((now - timedelta(minutes=30), 12.0), (now - timedelta(days=5), 9.0))
        self.Reading._roll_up(self.hour)
        door = self.fact(self.machine, "door", {"state": "opened"})
        self.project(door, self.local(self.machine), self.local(self.machine, qty=1))
        day = self.machine.watch_chart(24)
        self.assertEqual([row[1] for row in day["temperature"]], [12.0])
        self.assertEqual((day["low"], day["high"]), (8.0, 16.0))
        self.assertEqual(sum(row[1] for row in day["sales"]), 2)
        self.assertEqual(sum(row[2] for row in day["sales"]), 240)
        self.assertEqual(len(day["doors"]), 1)
        week = self.machine.watch_chart(168)
        self.assertEqual([row[1] for row in week["temperature"]], [9.0, 12.0])
        self.assertEqual(len(self.machine.watch_chart(2160)["temperature"]), 2)
        with self.assertRaises(UserError):
            self.machine.watch_chart(5)

    def test_chart_of_a_foreign_machine(self):
        stranger = new_test_user(
            self.env, "chart-stranger", "wine_vending.group_wine_region_manager"
        )
        with self.assertRaises(AccessError):
            self.machine.with_user(stranger).watch_chart(24)


@tagged("post_install", "-at_install")
class TestOutages(WineCommon):
    """Periods in which a machine could not serve."""

    def switch(self, *words):
        self.env["wine.machine.outage"]._switch(
            [(self.machine.id, kind, begins, self.at(minute)) for kind, begins, minute in words]
        )

    def at(self, minute):
        return datetime(2026, 3, 1) + timedelta(minutes=minute)

    def test_once_open_once_closed(self):
        self.switch(("offline", True, 0), ("offline", True, 5))
        self.switch(("offline", True, 7))
        self.switch(("offline", False, 30))
        self.switch(("offline", False, 40), ("fault", False, 50))
        outage = self.machine.outage_ids
        self.assertEqual((len(outage), outage.minutes, outage.state), (1, 30, "over"))

    def test_away_again_within_one_batch(self):
        """A weak line: what ends and what begins anew are written together."""
        self.switch(("offline", True, 0))
        self.switch(("offline", False, 5), ("offline", True, 6))
        outages = self.machine.outage_ids.sorted("started_at")
        self.assertEqual([outage.ended_at for outage in outages], [self.at(5), False])

    def test_an_end_before_the_beginning(self):
        self.switch(("offline", True, 10))
        self.switch(("offline", False, 3))
        self.assertEqual(self.machine.outage_ids.minutes, 0)

    def test_overlaps_count_once(self):
        self.switch(("offline", True, 0), ("fault", True, 10), ("offline", False, 20))
        self.switch(("fault", False, 30), ("suspended", True, 50))
        Outage = self.env["wine.machine.outage"]
        down = Outage._downtime(self.machine, self.at(0), self.at(60))
        self.assertEqual(down, {self.machine: 40})
        self.assertEqual(Outage._downtime(self.machine, self.at(25), self.at(28))[self.machine], 3)
        self.assertEqual(Outage._downtime(self.machine, self.at(-9), self.at(0))[self.machine], 0)

    def test_a_replay_of_hours_keeps_the_period(self):
        """Raised and cleared in one batch, as a journal is replayed: the outage is there."""
        now = fields.Datetime.now().replace(microsecond=0)
        facts = [
            self.fact(self.machine, kind, {"code": "E1", "severity": "critical"}, moment=moment)
            for kind, moment in (
                ("fault.raised", now - timedelta(hours=3)),
                ("fault.cleared", now - timedelta(hours=1)),
            )
        ]
        self.project(*facts)
        self.assertEqual(
            (self.machine.outage_ids.kind, self.machine.outage_ids.minutes), ("fault", 120)
        )

    def test_suspended(self):
        """By people; that nobody hears the machine then is another outage."""

        def states():
            outages = self.machine.outage_ids
            return outages.filtered(lambda outage: outage.kind == "suspended").mapped("state")

        self.machine.action_suspend()
        self.assertEqual(states(), ["running"])
        self.machine.action_activate()
        self.assertEqual(states(), ["over"])


@tagged("post_install", "-at_install")
class TestChartScreen(WineCommon, HttpCase):
    """The chart asks for its numbers over the web like anybody else."""

    session = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.region.staff_ids = new_test_user(
            cls.env, "chart-user", "wine_vending.group_wine_service"
        )
        cls.env["wine.machine"]._take_readings(
            [(cls.machine.id, "temperature", fields.Datetime.now(), 11.0)]
        )

    def test_drawn(self):
        """The numbers are on the canvas, and in words for who cannot see it; ranges change."""
        self.browser_js(
            f"/odoo/action-wine_vending.wine_machine_action/{self.machine.id}", DRAWN,
            "odoo.isReady === true", login="chart-user",
        )  # fmt: skip

    def test_over_the_web(self):
        self.authenticate("chart-user", "chart-user")
        params = {
            "model": "wine.machine",
            "method": "watch_chart",
            "args": [[self.machine.id], 24],
            "kwargs": {},
        }
        answer = self.url_open(
            "/web/dataset/call_kw",
            data=json.dumps({"params": params}),
            headers={"Content-Type": "application/json"},
        ).json()
        self.assertEqual(answer["result"]["temperature"][0][1], 11.0)
