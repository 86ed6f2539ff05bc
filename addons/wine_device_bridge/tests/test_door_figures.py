# SPDX-License-Identifier: LGPL-3.0-or-later
"""What goes on at the HTTPS door, in figures: once for each post, whichever worker took it."""

from contextlib import ExitStack

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged

from ..core import door
from ..models import wine_bridge_knock
from .test_door import DoorCommon
from .test_health import HealthCommon

COUNT = "wine.bridge.door.count"


@tagged("post_install", "-at_install")
class TestDoorFigures(HealthCommon, DoorCommon):
    def setUp(self):
        super().setUp()
        self.beat("a")

    def figures(self):
        self.env.flush_all()
        return self.env["wine.bridge.health"]._figures()["door"]

    def posts(self):
        return self.figures()["hour"]["posts"]

    def test_what_was_taken(self):
        first, second, third = (self.envelope(seq=seq) for seq in (1, 2, 3))
        self.told({"evt": [first, second]})
        self.told({"evt": [second, third, {}]})
        self.told({})
        wanted = {"posts": {"200": 3}, "stored": 3, "duplicates": 1, "quarantined": 1}
        self.assertEqual(self.figures(), {"total": wanted, "day": wanted, "hour": wanted})

    def test_each_refusal_by_its_status(self):
        """One of each, and the body that was kept in quarantine."""
        self.told({})
        self.assertEqual(self.knock(b"{").status_code, 400)
        self.assertEqual(self.knock({}, secret="wrong").status_code, 401)
        self.assertEqual(self.knock(b" " * (door.MOST_BYTES + 1)).status_code, 413)
        self.assertEqual(self.knock({"evt": [{}] * (door.MOST_MESSAGES + 1)}).status_code, 413)
        self.machine.action_suspend()
        self.assertEqual(self.knock({}).status_code, 403)
        self.machine.action_activate()
        self.env["wine.bridge.door"].search([]).tokens = 0
        self.assertEqual(self.knock({"evt": [{}] * 50}).status_code, 429)
        wanted = {"200": 1, "400": 1, "401": 1, "403": 1, "413": 2, "429": 1}
        self.assertEqual(self.posts(), wanted)
        self.assertEqual(self.figures()["hour"]["quarantined"], 1)
        self.assertEqual(self.figures()["hour"]["stored"], 0)

    def test_who_is_locked_out_is_counted_too(self):
        for _attempt in range(wine_bridge_knock.MOST + 3):
            self.knock({}, secret="wrong")
        self.assertEqual(self.posts(), {"401": wine_bridge_knock.MOST, "429": 3})
        page = self.env["wine.bridge.health"].with_user(self.admin).page()
        named = {knock["who"]: knock["wrong"] for knock in page["knocks"]}
        for who in ("address 127.0.0.1", f"machine {self.machine.uuid}"):
            self.assertEqual(named[who], wine_bridge_knock.MOST)

    def test_a_watcher_reads_them(self):
        self.told({"evt": [self.envelope(seq=1)]})
        self.knock({}, secret="wrong")
        token = self.env["wine.bridge.health"].with_user(self.admin).new_token()
        self.env.flush_all()
        headers = {"Authorization": f"Bearer {token}"}
        text = self.url_open("/wine/metrics", headers=headers).text
        for line in (
            'door_posts_total{status="200"} 1',
            'door_posts_total{status="401"} 1',
            "door_stored_total 1",
            "door_duplicates_total 0",
            "door_quarantined_total 0",
        ):
            self.assertIn(f"\nwine_bridge_{line}\n", text)
        health = self.url_open("/wine/health", headers=headers).json()
        self.assertEqual(health["figures"]["door"]["hour"]["posts"], {"200": 1, "401": 1})

    def test_the_page_has_them_and_its_sums_hold_them(self):
        self.told({"evt": [self.envelope(seq=1), {}]})
        page = self.env["wine.bridge.health"].with_user(self.admin).page()
        self.assertEqual(page["figures"]["door"]["day"]["posts"], {"200": 1})
        hour, newest = page["hour"], page["history"][-2:]
        self.assertEqual(hour["stored"], 5 + 1, "what the bridge stored, and what the door did")
        self.assertEqual(hour["quarantined"], 1)
        self.assertEqual(sum(minute["stored"] for minute in newest), 6)

    def test_old_minutes_become_one_sum(self):
        """Nothing that a watcher adds up ever falls; a day remains by minute, in one row each."""
        Count = self.env[COUNT]
        for slot, minutes in ((1, 0), (2, 20), (3, 20), (4, 26 * 60), (5, 27 * 60), (6, 50 * 60)):
            self.env.cr.execute(
                """INSERT INTO wine_bridge_door_count
                   (minute, status, slot, posts, stored, duplicates, quarantined) VALUES (
                   date_trunc('minute', now() AT TIME ZONE 'UTC') - %s * interval '1 minute',
                   200, %s, 10, 3, 2, 1)""",
                [minutes, slot],
            )
        before = self.figures()
        self.assertEqual(before["total"]["posts"], {"200": 60})
        self.assertEqual(before["day"]["posts"], {"200": 30})
        for _time in range(2):
            Count._cron_fold()
            self.assertEqual(self.figures(), before)
            rows = Count.search([], order="minute")
            self.assertEqual(rows.mapped("posts"), [30, 20, 10])
        self.env.cr.execute(
            "UPDATE wine_bridge_door_count SET minute = minute - interval '26 hours' "
            "WHERE minute > '2000-01-01'"
        )
        self.env.invalidate_all()
        Count._cron_fold()
        self.assertEqual(Count.search([]).mapped("posts"), [60])
        self.assertEqual(self.figures()["total"], before["total"])
        self.assertEqual(self.figures()["day"]["posts"], {})


@tagged("post_install", "-at_install")
class TestDoorWorkers(TransactionCase):
    """Several workers at once: real connections, real commits."""

    #: a status that no door answers with
    STATUS = 299

    def tearDown(self):
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("DELETE FROM wine_bridge_door_count WHERE status = %s", [self.STATUS])
        super().tearDown()

    def test_no_post_waits_for_another(self):
        with ExitStack() as stack:
            connect = db_connect(self.env.cr.dbname).cursor
            workers = [stack.enter_context(connect()) for _number in range(3)]
            for cr in workers:
                cr.execute("SET lock_timeout = '500ms'")
                self.count(cr)
            for cr in workers:
                self.count(cr)
                cr.commit()  # pylint: disable=invalid-commit
            for cr in workers:
                cr.execute("SET lock_timeout = '500ms'")
                self.count(cr)
            workers[0].rollback()
            for cr in workers[1:]:
                cr.commit()  # pylint: disable=invalid-commit
            self.assertEqual(self.counted(workers[0]), 8, "what was rolled back was no post")

    def count(self, cr):
        api.Environment(cr, SUPERUSER_ID, {})[COUNT]._count(self.STATUS)

    def counted(self, cr):
        cr.execute("SELECT sum(posts) FROM wine_bridge_door_count WHERE status = %s", [self.STATUS])
        return cr.fetchone()[0]
