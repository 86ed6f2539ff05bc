# SPDX-License-Identifier: LGPL-3.0-or-later
"""The back office of the bridge in a browser, each screen by whom it is made for."""

import base64
import json
import time
from functools import wraps
from unittest.mock import patch

from odoo.addons.wine_vending.tests.test_tour import TourCommon
from odoo.tests import new_test_user, tagged

from .test_health import HealthCommon


@tagged("post_install", "-at_install")
class TestBridgeTour(HealthCommon, TourCommon):
    """The platform administrator at a desk: is it well, what was refused, correct it."""

    def test_a_refused_sale_is_corrected(self):
        self.env["wine.bridge.sample"].search([]).unlink()
        self.beat("a")
        sale = self.sale()
        price = sale["data"]["price"]
        self.assertEqual(float(price), 120, "what the tour writes")
        refused = json.loads(json.dumps(sale))
        refused["data"]["price"] = "twelve"
        self.store(self.publish(refused))
        first = self.events(machine_id=self.machine.id, code="schema")
        self.assertEqual(first.state, "quarantined")
        self.start_tour("/odoo", "wine_bridge_correct_a_message", login="tour-admin")
        self.env.invalidate_all()
        self.assertEqual((first.state, first.settled_by_id.name), ("corrected", "Tour Admin"))
        self.assertEqual(first.settled_reason, "The price was a word")
        self.project()
        self.assertEqual(first.taken_id.state, "done")
        vend = self.env["wine.vend"].search([("uuid", "=", sale["data"]["vend_id"])])
        self.assertEqual(vend.order_ids.amount_total, 120)

    def test_who_goes_on_at_once_leaves_nothing_behind(self):
        """A screen that never was shown asks for nothing, and hears nothing, any more."""

        def slow(method):
            @wraps(method)
            def wait(*args):
                time.sleep(1.5)
                return method(*args)

            return wait

        today, health = (type(self.env[name]) for name in ("wine.today", "wine.bridge.health"))
        with (
            patch.object(today, "figures", slow(today.figures)),
            patch.object(health, "page", slow(health.page)),
        ):
            self.start_tour(
                "/odoo/action-wine_vending.wine_machine_action",
                "wine_left_before_it_is_there",
                login="tour-admin",
            )


class TailCommon(HealthCommon, TourCommon):
    def watch(self):
        """The administrator of the region looks, while the machine speaks at the HTTPS door."""
        secret = self.env["wine.bridge.credential"]._issue(self.machine)[self.machine]
        self.env["wine.bridge.command"].search([("machine_id", "=", self.machine.id)]).unlink()
        pair = base64.b64encode(f"{self.machine.uuid}:{secret}".encode()).decode()
        self.start_tour(
            "/odoo/action-wine_vending.wine_machine_action",
            "wine_bridge_live_tail",
            login="tour-manager",
            cookies={"device": pair},
        )
        self.env.invalidate_all()
        event = self.events(machine_id=self.machine.id)
        self.assertEqual((event.type, event.data), ("door", {"state": "opened", "by": "key"}))


@tagged("post_install", "-at_install")
class TestTailTour(TailCommon):
    """At the width of a desk."""

    def test_a_message_arrives(self):
        self.watch()

    def test_who_reads_no_messages_is_offered_no_tail(self):
        """Field staff tell a machine what to do; what consumers show it is not theirs to read."""
        person = new_test_user(self.env, "tail-staff", "wine_vending.group_wine_service")
        Machine = self.env["wine.machine"]
        for user, offered in ((person, False), (self.manager, True)):
            arch = Machine.with_user(user).get_view(view_type="form")["arch"]
            self.assertEqual("action_view_bridge_tail" in arch, offered)


@tagged("post_install", "-at_install")
class TestTailTourPhone(TailCommon):
    """At the width of a phone, by touch."""

    browser_size = "390x844"
    touch_enabled = True

    def test_a_message_arrives(self):
        self.watch()
