# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from .test_alert_flood import AlertCommon


@tagged("post_install", "-at_install")
class TestAlertWatch(AlertCommon):
    """When trouble becomes an alert, when it is over, and what comes late."""

    def measure(self, value, minutes=0, kind="temperature"):
        moment = self.now + timedelta(minutes=minutes)
        self.env["wine.machine"]._take_readings([(self.machine.id, kind, moment, value)])

    def past(self, minutes):
        """Let the beginning lie so long ago, so that the clock rule lets readings in."""
        self.patch(type(self), "now", fields.Datetime.now() - timedelta(minutes=minutes))

    # === LATE AND OUT OF ORDER === #

    def test_cleared_before_raised(self):
        """The clearing overtakes the raising: nothing is raised that is over."""
        self.say("fault.cleared", code="E7", seq=902)
        self.say("fault.raised", code="E7", severity="critical", seq=901)
        self.assertEqual(self.machine.fault_count, 0)
        self.assertFalse(self.machine.outage_ids)
        self.say("fault.raised", code="E7", severity="critical", seq=903)
        self.assertEqual(self.machine.fault_count, 1)

    def test_a_new_board_counts_from_one(self):
        self.say("fault.raised", code="E7", seq=9000)
        fact = self.fact(self.machine, "fault.cleared", {"code": "E7"}, position=(2, 1))
        self.project(fact)
        self.assertEqual(self.machine.fault_count, 0)

    def test_a_late_word_on_the_door_is_history(self):
        self.say("door", state="closed", seq=12, minutes=-10)
        self.say("door", state="opened", seq=11, minutes=-20)
        self.assertEqual(self.machine.door_state, "closed")
        doors = self.env["wine.machine.reading"].search(
            [("machine_id", "=", self.machine.id), ("kind", "=", "door")]
        )
        self.assertEqual(doors.mapped("value"), [0.0, 1.0])

    def test_a_late_word_on_a_slot(self):
        slot = self.slot(self.machine, "A1")
        self.say("slot.state", slot="A1", state="ok", seq=22)
        self.say("slot.state", slot="A1", state="jammed", seq=21)
        self.assertEqual(slot.state, "ok")
        self.say("slot.state", slot="A1", state="jammed", seq=23)
        self.env.invalidate_all()
        self.assertEqual(slot.state, "jammed")

    def test_the_same_fault_again_and_again(self):
        for _time in range(5):
            self.say("fault.raised", code="E7", severity="warning")
            self.look()
        alert = self.alerts("fault")
        self.assertEqual((len(alert), alert.occurrences, alert.state), (1, 1, "open"))

    def test_a_fault_between_two_looks(self):
        """It came and went within a minute: still an alert, which closes by itself."""
        self.say("fault.raised", code="E7", severity="warning")
        self.say("fault.cleared", code="E7")
        self.look()
        self.assertEqual(self.alerts("fault").state, "open")
        self.look(4)
        self.look(10)
        self.assertEqual(self.alerts("fault").state, "closed")

    # === FLAPPING === #

    def test_a_line_that_flaps_is_one_alert(self):
        for turn in range(6):
            self.say("machine.state", minutes=turn * 30, state="offline")
            self.look(turn * 30 + 16)
            self.say("machine.state", minutes=turn * 30 + 20, state="online")
            self.look(turn * 30 + 21)
            self.look(turn * 30 + 24)
        alert = self.alerts("offline")
        self.assertEqual((len(alert), alert.occurrences, alert.state), (1, 6, "closed"))
        notices = (
            self.env["mail.activity"]
            .with_context(active_test=False)
            .search_count([("res_model", "=", "wine.machine.alert"), ("res_id", "=", alert.id)])
        )
        self.assertLessEqual(notices, 1, "told once")
        self.assertEqual(len(self.machine.outage_ids), 6)
        self.assertEqual(set(self.machine.outage_ids.mapped("minutes")), {20})

    def test_online_for_a_moment_does_not_close(self):
        self.say("machine.state", state="offline")
        self.look(16)
        self.say("machine.state", minutes=17, state="online")
        self.look(17)
        self.say("machine.state", minutes=18, state="offline")
        self.look(18)
        self.look(40)
        alert = self.alerts("offline")
        self.assertEqual((alert.state, alert.occurrences), ("open", 2))

    def test_back_after_a_day_is_a_new_alert(self):
        self.say("machine.state", state="offline")
        self.look(16)
        self.say("machine.state", minutes=20, state="online")
        self.look(20)
        self.look(23)
        self.say("machine.state", minutes=2000, state="offline")
        self.look(2020)
        self.assertEqual(self.alerts("offline").mapped("state"), ["closed", "open"])

    # === TEMPERATURE === #

    def test_temperature_out_for_a_while(self):
        self.past(200)
        self.assertEqual((self.machine.temp_min, self.machine.temp_max), (8, 16))
        self.measure(12)
        self.measure(17, 10)
        self.look(20)
        self.assertFalse(self.alerts("temperature"), "not long enough")
        self.measure(15.9, 25)
        self.look(31)
        alert = self.alerts("temperature")
        self.assertEqual(alert.state, "open", "at the edge it is still out")
        self.assertEqual(alert.first_seen, self.now + timedelta(minutes=10))
        self.assertFalse(alert.request_id)
        self.look(101)
        self.assertEqual(alert.severity, "critical")
        self.assertEqual(alert.request_id.wine_machine_id, self.machine)
        self.measure(14, 110)
        self.look(111)
        self.measure(16.5, 115)
        self.look(116)
        self.look(130)
        self.assertEqual((alert.state, alert.occurrences), ("open", 2), "not back for long enough")
        self.measure(13, 131)
        self.look(132)
        self.look(148)
        self.assertEqual(alert.state, "closed")

    def test_an_older_reading_changes_the_history_only(self):
        self.past(60)
        self.measure(12, 50)
        self.measure(30, 10)
        self.assertEqual(self.machine.temperature, 12)
        self.look(60)
        self.assertFalse(self.alerts("temperature"))

    def test_the_band_is_what_all_wines_bear(self):
        red, white = (
            self.make_wine("T-R", 10, wine_storage_temp_min=10, wine_storage_temp_max=18),
            self.make_wine("T-W", 10, wine_storage_temp_min=6, wine_storage_temp_max=13),
        )
        self.publish_planogram(self.machine, {"A1": red, "A2": white, "B1": self.soda})
        self.assertEqual((self.machine.temp_min, self.machine.temp_max), (10, 13))
        white.wine_storage_temp_max = 9
        self.assertEqual((self.machine.temp_min, self.machine.temp_max), (8, 16), "no common band")

    # === THE OTHER KINDS === #

    def test_door_stock_slot_planogram(self):
        self.say("door", state="opened")
        self.say("slot.state", slot="A1", state="jammed")
        self.slot(self.machine, "A1").qty = self.slot(self.machine, "A2").qty = 0
        self.slot(self.machine, "B1").qty = 3
        self.assertFalse(self.machine.in_sync)
        self.machine.planogram_id.published_at = self.now
        self.look(5)
        self.assertEqual(set(self.alerts().mapped("kind")), {"stock", "slot"})
        self.look(31)
        self.assertEqual(set(self.alerts().mapped("kind")), {"stock", "slot", "door", "price"})
        words = " ".join(self.alerts().mapped("display_name"))
        for text in ("filled to 10 %", "A1", "door open", "planogram 1 not applied"):
            self.assertIn(text, words)
        self.look(46)
        self.assertEqual(self.alerts("door").severity, "critical")
        self.say("door", state="closed")
        self.say("machine.reported", version=1)
        self.look(47)
        self.assertEqual(
            set(self.alerts(state="closed").mapped("kind")), {"door", "price"}, "over at once"
        )

    def test_cash_box(self):
        self.machine.cash_capacity = 100
        self.project(self.local(self.machine), self.local(self.machine, slot="A2"))
        self.look()
        self.assertEqual(self.alerts("cash").value, 124)

    def test_slow_kinds_are_left_alone_between_their_looks(self):
        self.machine.slot_ids.qty = 0
        self.look(slow=False)
        self.assertFalse(self.alerts("stock"))
        self.look()
        self.look(1, slow=False)
        self.assertEqual(self.alerts("stock").state, "open")

    def test_a_retired_machine_has_no_alerts(self):
        self.say("door", state="opened")
        self.look(11)
        self.machine.slot_ids.qty = 0
        self.machine.action_suspend()
        self.machine.action_retire()
        self.look(12)
        self.assertFalse(self.alerts().filtered(lambda alert: alert.state != "closed"))

    # === BESIDE EACH OTHER === #

    def test_facts_and_watch_write_different_rows(self):
        """What machines say writes no alert, the watch writes no machine: neither waits."""

        def versions(table, column):
            self.env.flush_all()
            return self.env.execute_query(
                SQL(
                    "SELECT id, xmin::text, ctid::text FROM %s WHERE %s = %s",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    self.machine.id,
                )
            )

        self.say("fault.raised", code="E1", severity="critical")
        self.look()
        alerts = versions("wine_machine_alert", "machine_id")
        self.say("fault.cleared", code="E1")
        self.say("door", state="opened")
        self.say("machine.state", state="offline")
        self.assertEqual(versions("wine_machine_alert", "machine_id"), alerts)
        machine = versions("wine_machine", "id")
        self.look(30)
        self.assertGreater(len(versions("wine_machine_alert", "machine_id")), 1)
        self.assertEqual(versions("wine_machine", "id"), machine)

    def test_a_reason_to_go_there(self):
        self.slot(self.machine, "A1").rate_per_day = 2
        self.say("machine.state", state="offline")
        self.say("fault.raised", code="E1", severity="critical")
        self.say("fault.raised", code="E2", severity="info")
        self.look(16)
        reasons = self.machine._visit_reasons()[self.machine]
        found = {reason.kind: reason for reason in reasons}
        self.assertIn("offline", found)
        self.assertIn("E1", str(found["fault"].text))
        kinds = [reason.kind for reason in reasons]
        self.assertEqual(kinds.count("fault"), 1, "an info is no reason to drive")
        amounts = [reason.amount for reason in reasons if reason.kind in ("fault", "offline")]
        self.assertEqual(sorted(amounts), [0, 240], "a day of sales is lost once")

    # === RULES === #

    def test_the_nearest_rule_decides(self):
        below = self.make_region("Below", "BLW", parent_id=self.region.id)
        machine = self.make_machine(below, {"A1": self.wine})
        Rule = self.env["wine.alert.rule"]
        Rule.create({"kind": "door", "region_id": self.region.id, "delay_minutes": 60})
        silent = Rule.create({"kind": "door", "region_id": below.id, "enabled": False})
        for one in (self.machine, machine):
            self.say("door", one, state="opened")
        self.look(59)
        self.assertFalse(self.alerts("door", self.machine | machine))
        self.look(61)
        self.assertEqual(self.alerts("door", self.machine | machine).machine_id, self.machine)
        Rule.create({"kind": "door", "region_id": below.id, "model_id": machine.model_id.id})
        self.look(61)
        self.assertTrue(self.alerts("door", machine), "the model is more special than the region")
        silent.region_id = self.make_region("Else", "ELS")

    def test_one_rule_per_scope(self):
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.env["wine.alert.rule"].create({"kind": "door"})

    # === PEOPLE === #

    def test_acknowledge_snooze_close(self):
        staff = new_test_user(self.env, "alert-staff", "wine_vending.group_wine_service")
        self.region.staff_ids = staff
        self.say("door", state="opened")
        self.look(11)
        alert = self.alerts("door")
        self.assertEqual(alert.user_id, staff, "the rule of doors names the staff")
        self.assertEqual(self.told(staff)[0], 1)
        mine = alert.with_user(staff)
        mine.action_acknowledge()
        self.assertEqual((alert.state, alert.user_id), ("acknowledged", staff))
        mine.action_snooze_hour()
        self.assertGreater(alert.snoozed_until, fields.Datetime.now() + timedelta(minutes=59))
        with self.assertRaises(AccessError):
            mine.action_close()
        alert.with_user(self.manager).action_close()
        self.look(12)
        self.assertEqual(self.alerts("door"), alert)
        self.assertEqual(alert.state, "closed", "closed by hand it stays closed for an hour")
        self.look(80)
        self.assertEqual(
            (alert.state, alert.occurrences), ("open", 2), "and the door is still open"
        )
        with self.assertRaises(AccessError):
            mine.write({"state": "closed"})

    def test_who_is_on_it_is_told_when_it_becomes_critical(self):
        staff = new_test_user(self.env, "alert-staff", "wine_vending.group_wine_service")
        self.machine.staff_ids = staff
        self.say("machine.reported", version=1)
        self.say("door", state="opened")
        self.look(11)
        alert = self.alerts("door")
        self.assertEqual(alert.user_id, staff, "the machine has staff of its own")
        alert.with_user(self.manager).action_acknowledge()
        self.assertFalse(self.told(staff)[0], "somebody else took it")
        self.look(12)
        self.assertEqual(self.told(), (0, 0), "whoever took it knows")
        self.look(46)
        self.assertEqual((alert.severity, alert.state), ("critical", "acknowledged"))
        self.assertEqual(self.told(), (1, 0))
        self.look(47)
        self.assertEqual(self.told(), (1, 0))

    def test_a_foreign_manager_touches_nothing(self):
        stranger = new_test_user(
            self.env, "alert-stranger", "wine_vending.group_wine_region_manager"
        )
        self.say("door", state="opened")
        self.look(11)
        theirs = self.alerts("door").with_user(stranger)
        for action in ("action_acknowledge", "action_snooze_day", "action_close"):
            with self.assertRaises(AccessError):
                getattr(theirs, action)()

    def test_a_done_request_closes_its_alert(self):
        self.say("fault.raised", code="E1", severity="critical")
        self.look()
        alert = self.alerts("fault")
        request = alert.request_id
        self.assertEqual(request.wine_region_id, self.region)
        self.assertEqual(request.maintenance_team_id, self.region.maintenance_team_id)
        self.say("fault.raised", code="E2", severity="critical")
        self.look(1)
        self.assertEqual(self.alerts("fault").request_id, request, "one request per machine")
        request.stage_id = self.env["maintenance.stage"].search([("done", "=", True)], limit=1)
        self.assertEqual(set(self.alerts("fault").mapped("state")), {"closed"})

    def test_raised_by_other_parts(self):
        self.say("machine.reported", version=1)
        values = {"machine_id": self.machine.id, "kind": "other", "detail": "x", "note": "Strange"}
        alert = self.Alert._raise_alerts([values])
        self.assertEqual(self.Alert._raise_alerts([dict(values, severity="critical")]), alert)
        self.assertEqual((alert.occurrences, alert.severity), (2, "critical"))
        self.look()
        self.look(500)
        self.assertEqual(alert.state, "open", "only who raised it knows when it is over")
        self.assertEqual(self.machine.alert_count, 1)
        self.assertEqual(self.machine.alert_severity, "critical")
        self.Alert._clear_alerts([self.machine.id], "other")
        self.assertEqual(alert.state, "closed")

    def test_one_open_alert_in_the_database(self):
        """Whatever runs at the same time, the same trouble is never open twice."""
        self.say("door", state="opened")
        self.look(11)
        alert = self.alerts("door")
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            alert.copy()
            self.env.flush_all()
