# SPDX-License-Identifier: LGPL-3.0-or-later
import json
import time
from contextlib import contextmanager
from unittest.mock import patch
from urllib.parse import urljoin

import requests
import websocket

from odoo.tests import common, tagged
from odoo.tests.common import ChromeBrowser, HttpCase

from .test_visit_entry import EntryCommon

OFFLINE = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
ONLINE = {**OFFLINE, "offline": False}
#: what one visit may cost, issue 3
MOST_TAPS = 12
MOST_SECONDS = 120


class Phone:
    """A phone with the field app: taps are real touches, and they are counted."""

    def __init__(self, test, browser):
        self.test, self.browser = test, browser
        self.taps = 0
        self.worker = None

    def call(self, method, **params):
        return self.browser._websocket_request(method, params=params, timeout=30)

    def value(self, expression):
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        return answer["result"].get("value")

    def until(self, expression, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.value(f"Boolean({expression})"):
                return
            time.sleep(0.1)
        self.test.fail(f"not on the phone: {expression}\n{self.value('document.body.innerText')}")

    def sees(self, selector):
        self.until(f"document.querySelector({json.dumps(selector)})")

    def tap(self, selector):
        """Touch the middle of what the selector finds, where nothing else may lie above it."""
        self.sees(selector)
        element = f"document.querySelector({json.dumps(selector)})"
        self.value(f"{element}.scrollIntoView({{block: 'nearest'}})")
        place = self.value(
            f"(() => {{const box = {element}.getBoundingClientRect();"
            "const at = {x: box.x + box.width / 2, y: box.y + box.height / 2};"
            f"const top = document.elementFromPoint(at.x, at.y);"
            f"return {{...at, free: {element}.contains(top), w: box.width, h: box.height}};}})()"
        )
        self.test.assertTrue(place["free"], f"{selector} is covered")
        self.test.assertGreaterEqual(min(place["w"], place["h"]), 44, f"{selector} is too small")
        touch = [{"x": place["x"], "y": place["y"]}]
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=touch)
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.taps += 1
        time.sleep(0.15)

    def open(self):
        self.call("Page.navigate", url=urljoin(self.test.base_url(), "/wine/field"))
        self.sees(".wf-page")

    def leave(self):
        """Away from the server: nothing of the last page asks it any more."""
        self.until("document.readyState === 'complete'")
        self.call("Page.navigate", url="about:blank")
        self.test._wait_remaining_requests()

    def reload(self):
        self.value("window.wineBeforeReload = true")
        self.call("Page.reload")
        self.until("!window.wineBeforeReload")
        self.sees(".wf-page")

    def kept(self, store):
        """What is in a store of the phone's database, as [key, value]."""
        return self.value(
            f"""(async () => {{
                const done = (request) => new Promise((resolve, reject) => {{
                    request.onsuccess = () => resolve(request.result);
                    request.onerror = () => reject(request.error);
                }});
                const [{{name}}] = await indexedDB.databases();
                const db = await done(indexedDB.open(name));
                const store = db.transaction("{store}").objectStore("{store}");
                const [keys, values] = [await done(store.getAllKeys()), await done(store.getAll())];
                db.close();
                return keys.map((key, index) => [key, values[index]]);
            }})()"""
        )

    def connection(self, on):
        """Cut the page and its service worker off, or let them through again."""
        self.until("navigator.serviceWorker?.controller")
        if not self.worker:
            port = self.browser.devtools_port
            targets = requests.get(f"http://127.0.0.1:{port}/json", timeout=10).json()
            worker = next(each for each in targets if each["type"] == "service_worker")
            self.worker = websocket.create_connection(
                worker["webSocketDebuggerUrl"], timeout=20, suppress_origin=True
            )
            self.worker_call("Network.enable", {})
        self.worker_call("Network.emulateNetworkConditions", ONLINE if on else OFFLINE)
        self.call("Network.emulateNetworkConditions", **(ONLINE if on else OFFLINE))

    def worker_call(self, method, params):
        self.worker.send(json.dumps({"id": 1, "method": method, "params": params}))
        while json.loads(self.worker.recv()).get("id") != 1:
            pass

    def close(self):
        if self.worker:
            self.worker.close()


@tagged("post_install", "-at_install")
class TestVisitPhone(EntryCommon, HttpCase):
    """The app in a browser at the width of a phone."""

    session = None  # here it is that of HTTP, not the trading day
    browser_size = "390x844"
    touch_enabled = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        model = cls.make_model(rows=5, columns=6)
        plan = {
            f"{row}{column}": cls.wine if column % 2 else cls.soda
            for row in "ABCDE"
            for column in range(1, 7)
        }
        cls.big = cls.make_machine(cls.region, plan, qty=4, name="Thirty slots", model=model)
        cls.visit.action_cancel()
        cls.stop = cls.make_visit(cls.big, user_id=cls.benno.id, sequence=1)
        cls.stop.line_ids = [
            (0, 0, {"slot_id": slot.id, "planned": 6}) for slot in cls.big.slot_ids
        ]
        cls.second = cls.make_visit(user_id=cls.benno.id, sequence=2)

    def authenticate(self, user, password, **options):
        """With the cursor to itself: a straggler of the browser may be reading through it."""
        common._registry_test_lock.acquire()
        try:
            return super().authenticate(user, password, **options)
        finally:
            common._registry_test_lock.release()

    @contextmanager
    def phone(self):
        browser = ChromeBrowser(self)
        with self.allow_requests(browser=browser):
            phone = Phone(self, browser)
            try:
                self.authenticate("field-benno", "field-benno", browser=browser)
                self.cr.flush()
                self.cr.clear()
                phone.call("Network.enable")
                yield phone
            finally:
                phone.close()
                browser.stop()
                self._wait_remaining_requests()
        self.env.invalidate_all()

    def whole_visit(self, phone):
        phone.tap("[data-tap=start]")
        phone.tap("[data-tap=all]")
        phone.tap("[data-tap=next]")
        phone.tap("[data-key='4']")
        phone.tap("[data-key='0']")
        phone.tap("[data-part=coins]")
        phone.tap("[data-key='3']")
        phone.tap("[data-tap=counted]")
        phone.tap("[data-tap=clean]")
        phone.tap("[data-tap=done]")

    def sent(self, phone):
        phone.until(
            "document.querySelector('.wf-pill-online') && !document.querySelector('.wf-count')"
        )

    def test_thirty_slots_with_nothing_odd(self):
        with self.phone() as phone:
            phone.open()
            phone.until("document.body.innerText.includes('Thirty slots')")
            began = time.monotonic()
            self.whole_visit(phone)
            phone.until("document.querySelector('.wf-next h1').innerText === 'Testmachine'")
            took = time.monotonic() - began
            self.sent(phone)
        self._logger.info("A visit of 30 slots: %s taps, %.1f s by script", phone.taps, took)
        self.assertEqual(len(self.big.slot_ids), 30)
        self.assertLessEqual(phone.taps, MOST_TAPS)
        self.assertLess(took, MOST_SECONDS)
        self.assertEqual((self.stop.state, self.stop.filled_total), ("done", 180))
        self.assertEqual(set(self.big.slot_ids.mapped("qty")), {10})
        self.assertTrue(self.stop.cleaned)
        self.assertEqual(self.stop.collection_ids.counted, 43)
        self.assertFalse(self.stop.case_ids.filtered(lambda case: case.kind == "visit"))

    def test_a_visit_without_a_connection(self):
        with self.phone() as phone:
            phone.open()
            phone.until("document.body.innerText.includes('Thirty slots')")
            phone.connection(False)
            phone.reload()
            self.whole_visit(phone)
            phone.until("document.querySelector('.wf-count')?.innerText === '4'")
            self.env.invalidate_all()
            self.assertEqual(self.stop.state, "planned", "nothing has got through")
            phone.reload()
            phone.until("document.querySelector('.wf-count')?.innerText === '4'")
            phone.until("document.body.innerText.includes('180 bottles in')")
            phone.connection(True)
            phone.reload()
            self.sent(phone)
        self.assertEqual((self.stop.state, self.stop.filled_total), ("done", 180))
        kinds = self.stop.entry_ids.mapped("kind")
        self.assertEqual(sorted(kinds), ["cash", "done", "restock", "start"])
        self.assertEqual(len(self.stop.collection_ids), 1)
        self.assertEqual(self.on_hand(self.big, self.wine), 15 * 10)

    def test_an_answer_that_is_lost(self):
        """The server has taken it in, the phone does not know: sent again, booked once."""
        Entry = self.env.registry["wine.visit.entry"]
        original, calls = Entry._sync, []

        def lossy(model, entries, sent_at=None):
            results = original(model, entries, sent_at)
            calls.append(len(entries))
            # the first answers do not say anything of what was taken in
            return results if len(calls) > 2 else []

        with patch.object(Entry, "_sync", lossy), self.phone() as phone:
            phone.open()
            self.whole_visit(phone)
            self.sent(phone)
        self.assertGreater(sum(calls), 4)
        self.assertEqual(len(self.stop.entry_ids), 4)
        self.assertEqual(self.on_hand(self.big, self.wine), 15 * 10)

    def test_a_draft_survives(self):
        """The tab is killed at the machine, in the middle of the count."""
        with self.phone() as phone:
            phone.open()
            phone.tap("[data-tap=start]")
            phone.tap("[data-slot=B2]")
            phone.tap("[data-more=bad]")
            phone.tap("[data-tap=keep]")
            phone.reload()
            phone.sees("[data-slot=B2].is-exception")
            phone.tap("[data-tap=all]")
            phone.tap("[data-tap=next]")
            phone.tap("[data-tap=nocash]")
            phone.tap("[data-tap=done]")
            phone.until("document.querySelector('.wf-next h1').innerText === 'Testmachine'")
            self.sent(phone)
        line = self.stop.line_ids.filtered(lambda line: line.slot_id.code == "B2")
        self.assertEqual((line.bad, line.bad_reason, line.filled), (1, "breakage", 6))
        scrap = self.env["stock.scrap"].search([("location_id", "=", self.big.location_id.id)])
        self.assertEqual(scrap.scrap_reason_tag_ids.name, "Breakage")
        self.assertFalse(self.stop.collection_ids)

    def test_called_off_while_offline(self):
        with self.phone() as phone:
            phone.open()
            phone.sees("[data-tap=start]")
            phone.connection(False)
            self.whole_visit(phone)
            self.stop.action_cancel()
            self.env.flush_all()
            phone.connection(True)
            phone.reload()
            phone.sees(".wf-pill-problem")
            phone.tap("[data-tap=outbox]")
            phone.sees(".wf-entry-kept")
        self.assertEqual(self.stop.refused_count, 3)
        self.assertEqual(len(self.stop.case_ids.filtered(lambda case: case.kind == "visit")), 1)
        self.assertEqual(self.on_hand(self.big, self.wine), 15 * 4)

    def test_the_session_is_over(self):
        with self.phone() as phone:
            phone.open()
            phone.sees("[data-tap=start]")
            phone.until("navigator.serviceWorker?.controller")
            self.logout(keep_db=True)
            self.cr.flush()
            phone.call("Network.deleteCookies", name="session_id", url=self.base_url())
            self.whole_visit(phone)
            phone.sees(".wf-pill-problem")
            phone.tap("[data-tap=outbox]")
            phone.sees("a[href^='/web/login']")
            self.assertEqual(self.stop.state, "planned")
            self.authenticate("field-benno", "field-benno", browser=phone.browser)
            self.cr.flush()
            phone.reload()
            self.sent(phone)
        self.assertEqual(self.stop.state, "done")

    def test_log_out_leaves_no_route_on_the_phone(self):
        """The route goes, what was not sent stays: it waits for who entered it."""
        with self.phone() as phone:
            phone.open()
            phone.tap("[data-tap=start]")
            phone.tap("[data-slot=B2]")
            phone.tap("[data-more=bad]")
            phone.tap("[data-tap=keep]")
            phone.until("navigator.serviceWorker?.controller")
            self.assertTrue(phone.kept("kept"))
            phone.call("Page.navigate", url=urljoin(self.base_url(), "/web/session/logout"))
            phone.until("location.pathname === '/web/login'")
            self.assertEqual(phone.kept("kept"), [])
            self.assertEqual(len(phone.kept("drafts")), 1)
            self.assertEqual(phone.value("caches.keys()"), [])
            phone.leave()
            self.authenticate("field-benno", "field-benno", browser=phone.browser)
            self.cr.flush()
            phone.open()
            phone.tap("[data-tap=start]")
            phone.sees("[data-slot=B2].is-exception")

    def test_log_out_without_the_app_leaves_nothing_behind(self):
        with self.phone() as phone:
            phone.call("Page.navigate", url=urljoin(self.base_url(), "/web/session/logout"))
            phone.until("location.pathname === '/web/login'")
            self.assertEqual(phone.value("indexedDB.databases()"), [])

    def test_who_is_no_field_staff_logs_out_as_ever(self):
        self.authenticate("admin", "admin")
        self.env.ref("base.user_admin").group_ids -= self.env.ref(
            "wine_vending.group_wine_admin"
        ) | self.env.ref("wine_vending.group_wine_service")
        answer = self.url_open("/web/session/logout", allow_redirects=False)
        self.assertEqual(answer.status_code, 303)

    def test_log_out_leads_nowhere_else(self):
        self.authenticate("field-benno", "field-benno")
        answer = self.url_open(
            "/web/session/logout?redirect=javascript:alert(1)", allow_redirects=False
        )
        self.assertEqual(answer.status_code, 200)
        self.assertNotIn('data-next="javascript:', answer.text)

    def test_phone_changes_hands(self):
        """Ada logs in on Benno's phone: his entries wait for him and are not hers to see."""
        with self.phone() as phone:
            phone.open()
            phone.sees("[data-tap=start]")
            phone.connection(False)
            self.whole_visit(phone)
            self.authenticate("field-ada", "field-ada", browser=phone.browser)
            self.cr.flush()
            phone.connection(True)
            phone.call("Page.navigate", url=urljoin(self.base_url(), "/wine/field"))
            phone.until("document.querySelector('.wf-title')?.innerText.includes('Ada')")
            self.assertNotIn(
                "Thirty slots", phone.value("document.querySelector('.wf-main').innerText")
            )
            phone.tap("[data-tap=outbox]")
            phone.until("document.body.innerText.includes('Benno')")
            phone.until("!document.querySelector('.wf-card')")
            phone.call("Network.emulateNetworkConditions", **OFFLINE)
            time.sleep(1.5)  # what was under way is answered
            self.env.invalidate_all()
            self.assertFalse(self.stop.entry_ids, "neither as his nor as hers")
            self.assertEqual(self.stop.state, "planned")
            self.authenticate("field-benno", "field-benno", browser=phone.browser)
            self.cr.flush()
            phone.call("Network.emulateNetworkConditions", **ONLINE)
            phone.open()
            self.sent(phone)
        self.assertEqual((self.stop.state, self.stop.user_id), ("done", self.benno))
