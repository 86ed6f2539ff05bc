# SPDX-License-Identifier: LGPL-3.0-or-later
import base64
import json
from datetime import datetime, timedelta, timezone
from uuid import uuid4

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .test_visit import VisitCommon

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)


class EntryCommon(VisitCommon):
    """Benno fills the machines of Testland; Ada helps him; Zoe works elsewhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        group = "wine_vending.group_wine_service"
        cls.benno = new_test_user(cls.env, "field-benno", group, name="Benno")
        cls.ada = new_test_user(cls.env, "field-ada", group, name="Ada")
        cls.zoe = new_test_user(cls.env, "field-zoe", group, name="Zoe")
        cls.manager = new_test_user(
            cls.env, "field-manager", "wine_vending.group_wine_region_manager"
        )
        cls.region.staff_ids = cls.benno | cls.ada
        cls.region.manager_ids = cls.manager
        cls.away = cls.make_region("Farland", "FAR")
        cls.away.staff_ids = cls.zoe
        cls.visit.user_id = cls.benno

    def entry(self, kind, visit=None, minutes=0, machine=None, **payload):
        moment = self.ago(minutes).replace(tzinfo=timezone.utc)
        return {
            "uuid": str(uuid4()),
            "kind": kind,
            "visit": (visit or self.visit).uuid if not isinstance(visit, str) else visit,
            "machine": (machine or self.machine).id,
            "moment": moment.isoformat(),
            "payload": payload,
        }

    def whole(self, visit=None, minutes=0, rows=None, **values):
        """The entries of a whole visit."""
        rows = rows or [self.row(before=None, filled=4)]
        return [
            self.entry("start", visit, minutes + 2, **values),
            self.entry("restock", visit, minutes + 1, rows=rows, **values),
            self.entry("cash", visit, minutes + 1, coins="3.50", notes="40", **values),
            self.entry("done", visit, minutes, cleaned=True, temperature=11.5, **values),
        ]

    def sync(self, *entries, user=None, off=0):
        sent = (datetime.now(timezone.utc) - timedelta(minutes=off)).isoformat()
        Entry = self.env["wine.visit.entry"].with_user(user or self.benno)
        results = Entry._sync(list(entries), sent)
        self.env.invalidate_all()
        return [result["status"] for result in results], results

    def of(self, uuid):
        return self.env["wine.visit"].search([("uuid", "=", uuid)])


@tagged("post_install", "-at_install")
class TestVisitEntry(EntryCommon):
    """What phones send: once, in any order, for whoever may."""

    def test_a_whole_visit(self):
        states, _results = self.sync(*self.whole())
        self.assertEqual(states, ["done"] * 4)
        visit = self.visit
        self.assertEqual((visit.state, visit.cleaned, visit.temperature), ("done", True, 11.5))
        self.assertEqual(visit.done_at - visit.started_at, timedelta(minutes=2))
        self.assertEqual((self.stock(), self.qty()), (24, 14))
        cash = visit.collection_ids
        self.assertEqual((cash.counted, cash.user_id, cash.source), (43.5, self.benno, "phone"))

    def test_the_same_again(self):
        entries = self.whole()
        self.sync(*entries)
        for _again in range(2):
            states, _results = self.sync(*entries)
            self.assertEqual(states, ["done"] * 4)
        self.assertEqual((self.stock(), self.qty()), (24, 14))
        self.assertEqual(len(self.visit.collection_ids), 1)
        self.assertEqual(len(self.visit.entry_ids), 4)
        self.assertFalse(self.cases())

    def test_in_any_order(self):
        states, _results = self.sync(*reversed(self.whole()))
        self.assertEqual(states, ["done"] * 4)
        self.assertEqual((self.visit.state, self.stock()), ("done", 24))

    def test_three_offline_visits_in_one_sync(self):
        others = [
            self.make_machine(self.region, {"A1": self.wine}, name=f"Machine {number}")
            for number in range(2)
        ]
        visits = [self.make_visit(machine, user_id=self.benno.id) for machine in others]
        batch = self.whole(minutes=90)
        for number, (visit, machine) in enumerate(zip(visits, others, strict=True)):
            batch += self.whole(visit, 60 - 20 * number, machine=machine)
        states, _results = self.sync(*batch)
        self.assertEqual(states, ["done"] * 12)
        for visit in [self.visit, *visits]:
            self.assertEqual((visit.state, visit.filled_total), ("done", 4))
            self.assertEqual(
                self.on_hand(visit.machine_id, self.wine), 24 if visit == self.visit else 14
            )

    def test_one_bad_entry_does_not_hold_up_the_others(self):
        entries = self.whole(rows=[self.row("Z9")])
        states, results = self.sync(*entries)
        self.assertEqual(states, ["done", "kept", "done", "done"])
        self.assertIn("not known", results[1]["text"])
        self.assertEqual(self.visit.state, "done")
        self.assertEqual(len(self.cases("visit")), 1)
        self.assertEqual(self.stock(), 20)

    def test_next_day(self):
        """Done yesterday before midnight, sent today: the business date is yesterday's."""
        self.sync(*self.whole(minutes=24 * 60))
        self.assertEqual(self.visit.date, self.ago(24 * 60).date())
        self.assertEqual(self.visit.done_at, self.ago(24 * 60))

    def test_the_phone_s_clock_is_off(self):
        """It runs an hour behind; it says so when it sends."""
        self.project(self.sale(30, seq=4))
        self.sync(*self.whole(minutes=60, rows=[self.row(before=9)]), off=60)
        self.assertEqual(self.qty(), 9, "counted just now, after the sale")
        self.assertEqual(self.visit.done_at, self.now)
        self.assertFalse(self.cases("count"))

    def test_a_moment_in_the_future_is_now(self):
        self.sync(*self.whole(minutes=-600))
        self.assertLessEqual(self.visit.done_at, self.now + timedelta(minutes=1))

    def test_unplanned_visit(self):
        uuid = str(uuid4())
        states, _results = self.sync(*self.whole(uuid))
        self.assertEqual(states, ["done"] * 4)
        visit = self.of(uuid)
        self.assertEqual((visit.user_id, visit.machine_id), (self.benno, self.machine))
        self.assertEqual((visit.state, self.stock()), ("done", 24))

    def test_a_stop_of_nobody_is_whose_who_comes(self):
        self.visit.user_id = False
        self.sync(*self.whole(), user=self.ada)
        self.assertEqual(self.visit.user_id, self.ada)
        states, results = self.sync(*self.whole())
        self.assertEqual(set(states), {"kept"})
        self.assertIn("done by Ada", results[0]["text"])
        self.assertEqual((self.stock(), len(self.cases("visit"))), (24, 1))

    def test_called_off_meanwhile_and_taken_in_after_all(self):
        self.visit.with_user(self.manager).action_cancel()
        states, results = self.sync(*self.whole())
        self.assertEqual(states, ["kept", "kept", "done", "kept"], "cash is money in a hand")
        self.assertIn("called off", results[1]["text"])
        self.assertEqual((self.stock(), self.visit.state), (20, "cancelled"))
        self.assertEqual(self.visit.refused_count, 3)
        self.visit.entry_ids.with_user(self.manager).action_take_in()
        self.env.invalidate_all()
        self.assertEqual((self.stock(), self.visit.state), (24, "done"))
        self.assertEqual(self.visit.refused_count, 0)
        self.assertEqual(self.sync(*self.whole()[:1])[0], ["done"])

    def test_put_aside(self):
        self.visit.with_user(self.manager).action_cancel()
        entries = self.whole()
        self.sync(*entries)
        self.visit.entry_ids.with_user(self.manager).action_put_aside()
        self.assertEqual((self.stock(), self.visit.refused_count), (20, 0))
        self.assertEqual(self.sync(*entries)[0], ["done"] * 4, "the phone may forget it")

    def test_machine_in_nobody_s_reach(self):
        states, _results = self.sync(*self.whole(), user=self.zoe)
        self.assertEqual(set(states), {"refused"})
        states, _results = self.sync(*self.whole(str(uuid4())), user=self.zoe)
        self.assertEqual(set(states), {"refused"})
        self.assertFalse(self.visit.entry_ids)
        self.assertEqual(self.stock(), 20)

    def test_entry_of_somebody_else(self):
        entries = self.whole()
        self.sync(*entries)
        states, _results = self.sync(*entries, user=self.ada)
        self.assertEqual(set(states), {"refused"})

    def test_garbage(self):
        good = self.entry("start")
        for broken in (
            {**good, "uuid": "x"},
            {**good, "kind": "unlink"},
            {**good, "visit": None},
            {**good, "payload": [1]},
            {},
        ):
            self.assertEqual(self.sync(broken)[0], ["refused"])
        for kind, payload in (
            ("restock", {"rows": [1]}),
            ("restock", {"rows": "x"}),
            ("restock", {"rows": [{"slot": "A1", "before": "many"}]}),
            ("restock", {"rows": [{"slot": "A1", "before": 1, "filled": 10**12, "after": 1}]}),
            ("cash", {"coins": "-3"}),
            ("done", {"temperature": 400}),
            ("done", {"temperature": "warm"}),
            ("photo", {"data": "no picture"}),
        ):
            with self.subTest(kind=kind, payload=payload):
                self.assertEqual(self.sync(self.entry(kind, **payload))[0], ["kept"])
        self.assertEqual((self.stock(), self.qty()), (20, 10))

    def test_photo_is_kept_once(self):
        photo = self.entry("photo", data=PIXEL)
        for _again in range(2):
            self.assertEqual(self.sync(photo)[0], ["done"])
        self.assertEqual(len(self.visit.photo_ids), 1)
        self.assertEqual(self.visit.photo_ids.raw, base64.b64decode(PIXEL))
        self.assertFalse(self.visit.entry_ids.payload, "the picture itself is kept once")

    def test_photo_of_somebody_else_s_machine_is_not_seen(self):
        self.sync(self.entry("photo", data=PIXEL))
        self.assertTrue(self.visit.photo_ids.with_user(self.benno).has_access("read"))
        self.assertFalse(self.visit.photo_ids.with_user(self.zoe).has_access("read"))

    def test_machine_and_phone_agree_on_an_offline_visit(self):
        self.by_machine(self.row(before=10, filled=4), seq=5, minutes=50)
        self.assertEqual(self.visit.state, "done")
        states, _results = self.sync(*self.whole(minutes=49))
        self.assertEqual(states, ["done"] * 4)
        self.assertEqual((self.stock(), self.visit.temperature), (24, 11.5))
        self.assertFalse(self.cases())


@tagged("post_install", "-at_install")
class TestVisitRoute(EntryCommon):
    """What a phone takes along."""

    def route(self, user=None):
        return self.env["wine.visit"].with_user(user or self.benno)._field_route()

    def test_own_stops_and_those_of_nobody(self):
        theirs = self.make_visit(user_id=self.ada.id)
        free = self.make_visit()
        later = self.make_visit(user_id=self.benno.id, date="2099-01-01")
        route = self.route()
        uuids = [stop["uuid"] for stop in route["stops"]]
        self.assertEqual(set(uuids), {self.visit.uuid, free.uuid})
        self.assertNotIn(theirs.uuid, uuids)
        self.assertNotIn(later.uuid, uuids)
        self.assertTrue(json.dumps(route))
        slots = route["machines"][self.machine.id]["slots"]
        self.assertEqual([slot["code"] for slot in slots], ["A1", "A2", "B1"])

    def test_packed_quantities(self):
        line = {"slot_id": self.slot(self.machine, "A1").id, "planned": 6}
        self.visit.line_ids = [(0, 0, line)]
        stop = next(stop for stop in self.route()["stops"] if stop["uuid"] == self.visit.uuid)
        self.assertEqual(stop["planned"], {line["slot_id"]: 6})

    def test_nothing_of_other_regions(self):
        machine = self.make_machine(self.away, {"A1": self.wine}, name="Far")
        self.make_visit(machine, user_id=self.benno.id)
        route = self.route()
        self.assertNotIn(machine.id, route["machines"])
        self.assertFalse([s for s in route["stops"] if s["machine"] == machine.id])

    def test_queries_do_not_grow_with_stops(self):
        def count():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.route()
            return self.env.cr.sql_log_count - before

        self.route()
        few = count()
        for _number in range(10):
            self.make_visit(user_id=self.benno.id)
        self.assertLessEqual(count(), few + 3)


@tagged("post_install", "-at_install")
class TestVisitHttp(EntryCommon, HttpCase):
    """The page and its two calls, as whoever tries them."""

    session = None  # here it is that of HTTP, not the trading day

    def post(self, route, **params):
        answer = self.url_open(
            f"/wine/field/{route}",
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        )
        return answer.json()

    def test_staff(self):
        self.authenticate("field-benno", "field-benno")
        page = self.url_open("/wine/field")
        self.assertIn('id="wine-boot"', page.text)
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        route = self.post("route", uid=self.benno.id)["result"]
        self.assertEqual(route["user"]["id"], self.benno.id)
        result = self.post("sync", uid=self.benno.id, entries=self.whole(), sent_at=None)["result"]
        self.assertEqual([row["status"] for row in result["results"]], ["done"] * 4)
        self.assertEqual(self.visit.state, "done")

    def test_worker_and_manifest(self):
        worker = self.url_open("/wine/field/service-worker.js")
        self.assertEqual(worker.headers["Service-Worker-Allowed"], "/wine/field")
        self.assertIn("javascript", worker.headers["Content-Type"])
        manifest = self.url_open("/wine/field/manifest.webmanifest").json()
        self.assertEqual(manifest["start_url"], "/wine/field")

    def test_not_logged_in(self):
        page = self.url_open("/wine/field", allow_redirects=False)
        self.assertIn("/web/login", page.headers["Location"])
        for route, params in (("route", {}), ("sync", {"entries": self.whole()})):
            error = self.post(route, uid=self.benno.id, **params)["error"]
            self.assertEqual(error["code"], 100)
        self.assertEqual(self.visit.state, "planned")

    @mute_logger("odoo.http")
    def test_phone_changed_hands(self):
        self.authenticate("field-ada", "field-ada")
        for route, params in (("route", {}), ("sync", {"entries": self.whole()})):
            error = self.post(route, uid=self.benno.id, **params)["error"]
            self.assertIn("AccessError", error["data"]["name"])
        self.assertEqual(self.visit.state, "planned")

    @mute_logger("odoo.http")
    def test_people_of_other_kinds(self):
        portal = new_test_user(self.env, "field-portal", "base.group_portal")
        clerk = new_test_user(self.env, "field-clerk", "base.group_user")
        for user in (portal, clerk):
            self.authenticate(user.login, user.login)
            page = self.url_open("/wine/field", allow_redirects=False)
            self.assertNotIn("wine-boot", page.text)
            for route, params in (("route", {}), ("sync", {"entries": self.whole()})):
                error = self.post(route, uid=user.id, **params)["error"]
                self.assertIn("AccessError", error["data"]["name"])
        self.assertEqual(self.visit.state, "planned")

    @mute_logger("odoo.http")
    def test_too_much_at_once(self):
        self.authenticate("field-benno", "field-benno")
        error = self.post("sync", uid=self.benno.id, entries=[{}] * 51)["error"]
        self.assertIn("at most 50", error["data"]["message"])
