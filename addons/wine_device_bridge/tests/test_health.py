# SPDX-License-Identifier: LGPL-3.0-or-later
"""Health, metrics and the page: the same judgement for whoever may ask, nothing for the others."""

import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.wine_bridge_health import PARAMETER, hashed
from .common import BridgeCommon

SNAPSHOT = {
    "counters": [["stored", {}, 7], ["quarantined", {"code": "schema"}, 2]],
    "gauges": [["inbox_depth", {}, 3]],
    "histograms": [["ingest_batch_seconds", {}, [1] * 15, 4.5]],
}


class HealthCommon(BridgeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["wine.bridge.process"].search([]).unlink()
        cls.env["wine.bridge.door.count"].search([]).unlink()
        cls.env.cr.execute("UPDATE wine_bridge_event SET state = 'done' WHERE state = 'new'")
        cls.env.cr.execute("DELETE FROM wine_bridge_command WHERE state = 'queued'")
        cls.env.cr.execute("DELETE FROM wine_bridge_event WHERE code IS NOT NULL")
        cls.env.invalidate_all()
        cls.admin = new_test_user(cls.env, "watcher", "wine_vending.group_wine_admin")

    def beat(self, name="a", silence=0, **values):
        who = {
            **{"name": name, "role": "bridge", "host": "h1", "pid": 11, "version": "19.0.1"},
            **{"state": "running", "started_at": "2026-01-01", "connected": True},
            **{"figures": SNAPSHOT, **values},
        }
        other = self.env["wine.bridge.process"]._beat(who, {"stored": 5, "lag": 1.5})
        self.env.cr.execute(
            """UPDATE wine_bridge_process SET seen_at = seen_at - %s * interval '1 second',
                      connection_at = connection_at - %s * interval '1 second' WHERE name = %s""",
            [silence, silence, name],
        )
        self.env.invalidate_all()
        return other

    def state(self):
        self.env.flush_all()
        found = self.env["wine.bridge.health"]._state()
        return found["status"], [reason.key for reason in found["reasons"]]


@tagged("post_install", "-at_install")
class TestHealth(HealthCommon):
    def test_processes(self):
        self.assertEqual(self.state(), ("down", ["none"]))
        self.beat("a")
        self.assertEqual(self.state(), ("ok", []))
        self.beat("b", silence=31)
        self.assertEqual(self.state(), ("degraded", ["silent:b"]))
        self.beat("b", connected=False)
        self.assertEqual(self.state(), ("degraded", ["offline:b"]))
        self.beat("a", connected=False)
        self.assertEqual(self.state(), ("down", ["offline:a", "offline:b"]))
        self.beat("a", silence=31)
        self.beat("b", state="stopped", connected=False)
        self.assertEqual(self.state(), ("down", ["silent:a"]))
        self.beat("a")
        self.assertEqual(self.state(), ("ok", []))
        self.beat("a-projector-1", role="projector", silence=31)
        self.assertEqual(self.state(), ("degraded", ["silent:a-projector-1"]))

    def test_two_under_one_name_are_told_of_each_other(self):
        self.assertIsNone(self.beat())
        self.assertIsNone(self.beat())
        self.assertEqual(self.beat(pid=12), 11)
        self.assertIsNone(self.beat(pid=12, silence=20))
        self.assertIsNone(self.beat(pid=13), "the other one has been dead for long")

    def test_the_minutes_add_up_and_are_forgotten(self):
        self.beat()
        self.beat()
        self.beat("b")
        page = self.env["wine.bridge.health"].with_user(self.admin).page()
        self.assertEqual(page["hour"]["stored"], 15)
        self.assertEqual(len(page["history"]), 60)
        self.assertEqual(max(minute["lag"] for minute in page["history"]), 1.5)
        self.env.cr.execute("UPDATE wine_bridge_sample SET minute = minute - interval '25 hours'")
        self.env["wine.bridge.sample"]._gc_old()
        self.assertFalse(self.env["wine.bridge.sample"].search([]))
        self.beat("gone", silence=8 * 86400)
        self.beat("ended", silence=3700, state="stopped")
        self.beat("silent", silence=3700)
        self.env["wine.bridge.process"]._gc_gone()
        left = self.env["wine.bridge.process"].search([]).mapped("name")
        self.assertEqual(left, ["a", "b", "silent"])

    def test_lag_commands_and_refusals(self):
        self.beat()
        self.store(self.publish(self.envelope()))
        self.env.cr.execute(
            "UPDATE wine_bridge_event SET received_at = received_at - interval '2 minutes' "
            "WHERE state = 'new'"
        )
        self.machine._lock_command("machine.lock")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE wine_bridge_command SET write_date = create_date - interval '2 minutes'"
        )
        self.assertEqual(self.state(), ("degraded", ["lag", "commands"]))
        figures = self.env["wine.bridge.health"]._figures()
        self.assertEqual(figures["waiting"], 1)
        self.assertAlmostEqual(figures["lag"], 120, delta=10)
        self.assertAlmostEqual(figures["command_age"], 120, delta=10)
        self.env.cr.execute("UPDATE wine_bridge_command SET state = 'expired'")
        self.project()
        self.assertEqual(self.state(), ("ok", []))
        self.store(*(self.publish(b"{") for _number in range(101)))
        self.assertEqual(self.state(), ("degraded", ["quarantine"]))

    def test_figures_of_refusals_gaps_and_births(self):
        self.env.cr.execute("DELETE FROM wine_bridge_journal")
        before = self.env["wine.bridge.health"]._figures()
        self.store(self.publish(self.birth(), channel="birth"), self.publish(b"{"))
        first, gone, last = self.envelope(), self.envelope(), self.envelope()
        self.store(self.publish(first), self.publish(last))
        figures = self.env["wine.bridge.health"]._figures()
        self.assertEqual(figures["births"], before["births"] + 1)
        self.assertEqual(figures["quarantine_open"], {"schema": 1})
        self.assertEqual(figures["quarantine_day"], {"schema": 1})
        self.assertEqual(figures["gap_machines"], 1)
        missing = self.env["wine.bridge.journal"].search([]).gaps
        self.assertEqual(figures["gap_events"], sum(end - start + 1 for start, end in missing))
        self.assertIn(gone["seq"], range(missing[-1][0], missing[-1][1] + 1))
        self.machine.bridge_epoch = 2  # the board that could have told is gone
        self.env.flush_all()
        self.assertEqual(self.env["wine.bridge.health"]._figures()["gap_machines"], 0)
        refused = self.env["wine.bridge.event"].search([("state", "=", "quarantined")])
        refused.with_user(self.admin)._dismiss("test")
        self.env.flush_all()
        figures = self.env["wine.bridge.health"]._figures()
        self.assertEqual(
            (figures["quarantine_open"], figures["quarantine_day"]), ({}, {"schema": 1})
        )

    def test_cases_open_once_and_close_by_themselves(self):
        health, Case = self.env["wine.bridge.health"], self.env["wine.case"]
        ours = [("kind", "=", "bridge"), ("state", "=", "open")]
        self.beat("a")
        health._cron_watch()
        Case.search(ours)._close("before")
        self.beat("a", silence=40)
        health._cron_watch()
        health._cron_watch()
        case = Case.search(ours)
        self.assertEqual((len(case), case.reference), (1, "bridge-silent:a"))
        self.assertIn("a on h1 was last heard of", case.text)
        told = self.env["mail.message"].search(
            [
                *(("model", "=", "wine.case"), ("res_id", "=", case.id)),
                ("notified_partner_ids", "in", self.admin.partner_id.ids),
            ]
        )
        self.assertEqual(len(told), 1, "told once")
        self.assertTrue(case.with_user(self.admin).has_access("read"))
        self.beat("a")
        health._cron_watch()
        self.assertEqual(case.state, "decided")
        self.beat("a", silence=40)
        health._cron_watch()
        self.assertEqual(len(Case.search(ours)), 1)
        self.assertNotEqual(Case.search(ours), case)

    def test_a_short_cut_from_the_broker_is_no_case(self):
        self.beat("a", connected=False)
        health = self.env["wine.bridge.health"]
        self.assertFalse([reason for reason in health._state()["reasons"] if reason.case])
        self.beat("a", connected=False, silence=0)
        self.env.cr.execute(
            "UPDATE wine_bridge_process SET connection_at = connection_at - interval '31 seconds'"
        )
        self.assertTrue([reason for reason in health._state()["reasons"] if reason.case])


@tagged("post_install", "-at_install")
class TestHealthDoor(HealthCommon, HttpCase):
    session = None  # here it is that of HTTP, not the trading day

    def setUp(self):
        super().setUp()
        self.token = self.env["wine.bridge.health"].with_user(self.admin).new_token()
        self.beat("a")
        self.env.flush_all()

    def ask(self, path, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.url_open(path, headers=headers)

    def test_wrong_persons(self):
        for path in ("/wine/health", "/wine/metrics"):
            for token, status in ((None, 401), ("x", 403), (self.token + "x", 403), ("é", 403)):
                answer = self.ask(path, token and token.encode().decode("latin-1"))
                self.assertEqual(answer.status_code, status, (path, token))
                self.assertEqual(set(answer.json()), {"text"})
            stored = self.env["ir.config_parameter"].sudo().get_param(PARAMETER)
            self.assertEqual(self.ask(path, stored).status_code, 403, "the hash opens nothing")
            self.env["ir.config_parameter"].sudo().set_param(PARAMETER, "")
            for token in ("", self.token, hashed("")):
                self.assertIn(self.ask(path, token).status_code, (401, 403))
            self.env["ir.config_parameter"].sudo().set_param(PARAMETER, stored)

    def test_sessions(self):
        for role, status in (
            ("wine_vending.group_wine_region_manager", 403),
            ("wine_vending.group_wine_finance", 403),
            ("base.group_portal", 403),
            ("wine_vending.group_wine_admin", 200),
        ):
            login = f"door-{role}"
            new_test_user(self.env, login, role)
            self.authenticate(login, login)
            for path in ("/wine/health", "/wine/metrics"):
                with self.subTest(role=role, path=path):
                    self.assertEqual(self.ask(path).status_code, status)

    def test_alive_says_nothing_else(self):
        answer = self.ask("/wine/health/live")
        self.assertEqual((answer.status_code, answer.json()), (200, {"status": "ok"}))

    def test_health(self):
        answer = self.ask("/wine/health", self.token)
        self.assertEqual((answer.status_code, answer.json()["status"]), (200, "ok"))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.beat("a", silence=40)
        self.env.flush_all()
        answer = self.ask("/wine/health", self.token)
        self.assertEqual((answer.status_code, answer.json()["status"]), (503, "down"))
        self.assertIn("was last heard of", answer.json()["reasons"][0]["text"])
        self.assertNotIn(self.token, answer.text)

    def test_metrics_as_prometheus_reads_them(self):
        from prometheus_client.parser import text_string_to_metric_families as parse

        self.store(self.publish(b"{"), self.publish(self.envelope()))
        answer = self.ask("/wine/metrics", self.token)
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        found = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in parse(answer.text)
            for sample in family.samples
        }
        a = ("bridge", "a")
        for name, labels, value in (
            ("health", (), 2),
            ("up", (a,), 1),
            ("waiting_messages", (), 1),
            ("quarantine_open", (("code", "schema"),), 1),
            ("stored_total", (a,), 7),
            ("quarantined_total", (a, ("code", "schema")), 2),
            ("inbox_depth", (a,), 3),
            ("ingest_batch_seconds_count", (a,), 15),
        ):
            self.assertEqual(found[f"wine_bridge_{name}", labels], value, name)
        self.beat("a", silence=40)
        self.env.flush_all()
        answer = self.ask("/wine/metrics", self.token)
        self.assertEqual(answer.status_code, 200, "a watcher reads why it is down")
        self.assertIn('wine_bridge_up{bridge="a"} 0', answer.text)

    def test_the_page_and_the_token_are_the_platforms(self):
        for group in ("region_manager", "finance", "service"):
            user = new_test_user(self.env, f"page-{group}", f"wine_vending.group_wine_{group}")
            health = self.env["wine.bridge.health"].with_user(user)
            for method in (health.page, health.new_token):
                with self.assertRaises(AccessError):
                    method()
        page = self.env["wine.bridge.health"].with_user(self.admin).page()
        self.assertEqual(json.loads(json.dumps(page))["status"], "ok")


@tagged("post_install", "-at_install")
class TestTail(HealthCommon):
    """The live tail: everything once, in time, of one's own machines only."""

    def setUp(self):
        super().setUp()
        self.manager = new_test_user(self.env, "tail", "wine_vending.group_wine_region_manager")
        self.region.manager_ids = self.manager
        self.mine = self.machine.with_user(self.manager)

    def test_what_is_new_and_what_became_of_it(self):
        first = self.envelope()
        self.store(self.publish(first))
        seen = self.mine.bridge_tail()
        self.assertEqual(seen["messages"][0]["event_id"], first["id"])
        self.assertEqual(seen["messages"][0]["state"], "new")
        newest = seen["messages"][0]["id"]
        self.env.cr.execute(
            "UPDATE wine_bridge_event SET received_at = received_at - interval '1 minute'"
        )
        self.env.invalidate_all()
        self.assertFalse(self.mine.bridge_tail(after=newest)["messages"])
        self.project()
        (again,) = self.mine.bridge_tail(after=newest, pending=[newest])["messages"]
        self.assertNotEqual(again["state"], "new")
        self.machine._lock_command("machine.lock")
        self.assertEqual(self.mine.bridge_tail()["commands"][0]["type"], "machine.lock")
        self.assertEqual(self.mine.bridge_tail()["journal"]["epoch"], 1)

    def test_readings_of_one_moment_are_one_row(self):
        now = fields.Datetime.now().replace(microsecond=0)
        early, old = now - timedelta(minutes=5), now - timedelta(hours=2)
        self.env["wine.machine"]._take_readings(
            [
                (self.machine.id, "temperature", early, 12.34, True),
                (self.machine.id, "humidity", early, 61.0, True),
                (self.machine.id, "temperature", old, 9.0, True),
                (self.machine.id, "temperature", now, 12.0, True),
            ]
        )
        text = fields.Datetime.to_string
        newest, before = self.mine.bridge_tail()["readings"]
        self.assertEqual(newest, {"at": text(now), "data": {"temperature": 12.0}})
        self.assertEqual(before["data"], {"temperature": 12.3, "humidity": 61.0})
        (again,) = self.mine.bridge_tail(measured=newest["at"])["readings"]
        self.assertEqual(again, newest)

    def test_one_that_was_committed_late_is_not_missed(self):
        self.store(self.publish(self.envelope()), self.publish(self.envelope()))
        newest = self.mine.bridge_tail()["messages"][0]["id"]
        ids = {row["id"] for row in self.mine.bridge_tail(after=newest)["messages"]}
        self.assertEqual(len(ids), 2, "what is below the newest is looked at again for a while")

    def test_not_of_a_foreign_region(self):
        region = self.make_region("Farland", "FAR")
        machine = self.make_machine(region, {"A1": self.wine}, name="Far")
        self.store(self.publish(self.envelope(), machine=machine))
        stray = self.env["wine.bridge.event"].search([("machine_id", "=", machine.id)])
        for method in ("bridge_tail", "action_view_bridge_tail"):
            with self.assertRaises(AccessError):
                getattr(machine.with_user(self.manager), method)()
        found = self.mine.bridge_tail(pending=stray.ids)["messages"]
        self.assertNotIn(stray.id, [row["id"] for row in found])
        for group in ("service", "finance"):
            user = new_test_user(self.env, f"tail-{group}", f"wine_vending.group_wine_{group}")
            self.region.staff_ids |= user
            with self.assertRaises(AccessError):
                self.machine.with_user(user).bridge_tail()
