# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who hears of which machines, and what is said; the screens: tests/test_live_screens.py."""

import json
from unittest.mock import patch

from odoo.addons.bus.models.bus import channel_with_db
from odoo.tests import new_test_user, tagged

from ..models.wine_live import MANY, TYPE
from .common import WineCommon


class LiveCommon(WineCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.below = cls.make_region("Below", "BLW", parent_id=cls.region.id)
        cls.under = cls.make_machine(cls.below, {"A1": cls.wine}, name="Under")
        cls.foreign = cls.make_region("Farland", "FAR")
        cls.there = cls.make_machine(cls.foreign, {"A1": cls.wine}, name="There")

    def sent(self, action):
        """{channel of a record: [payload]} of what an action would send at commit."""
        self.env.cr.precommit.data.pop("bus.bus.values", None)
        self.env.cr.precommit.clear()
        action()
        found = {}
        for row in self.env.cr.precommit.data.get("bus.bus.values", ()):
            message = json.loads(row["message"])
            if message["type"] == TYPE:
                channel = tuple(json.loads(row["channel"]))
                found.setdefault(channel[1:3], []).append(message["payload"])
        self.env.cr.precommit.data.pop("bus.bus.values", None)
        self.env.cr.precommit.clear()
        return found

    def everywhere(self):
        return ("res.groups", self.env.ref("wine_vending.group_wine_finance").id)


@tagged("post_install", "-at_install")
class TestLiveMessages(LiveCommon):
    """One message per region and batch; machines and a kind, nothing else."""

    def project_raw(self, *facts):
        return self.sent(lambda: self.env["wine.machine"]._project(list(facts)))

    def test_a_sale_is_told_upwards_only(self):
        sent = self.project_raw(self.local(self.under), self.local(self.under))
        expected = [{"kind": "sales", "ids": [self.under.id], "many": False}]
        self.assertEqual(
            sent,
            {
                ("wine.region", self.below.id): expected,
                ("wine.region", self.region.id): expected,
                self.everywhere(): expected,
            },
        )

    def test_one_message_per_region_however_many_sales(self):
        sent = self.project_raw(*(self.local(m) for m in (self.machine, self.under) * 6))
        self.assertEqual({channel: len(rows) for channel, rows in sent.items()}, dict.fromkeys(
            [("wine.region", self.region.id), ("wine.region", self.below.id), self.everywhere()], 1
        ))  # fmt: skip
        ids = sent["wine.region", self.region.id][0]["ids"]
        self.assertEqual(ids, sorted((self.machine + self.under).ids))

    def test_duplicate_says_nothing(self):
        fact = self.local(self.machine)
        self.project(fact)
        self.assertFalse(self.project_raw(fact))

    def test_fault_and_connection_are_states(self):
        for kind, data in (
            ("fault.raised", {"code": "E1"}),
            ("machine.state", {"state": "offline"}),
        ):
            sent = self.project_raw(self.fact(self.machine, kind, data))
            self.assertEqual(sent["wine.region", self.region.id][0]["kind"], "state", kind)

    def test_what_people_do_is_told_as_well(self):
        vend = self.project(self.local(self.machine))
        self.assertIn(
            ("wine.region", self.region.id), self.sent(lambda: vend._refund(goods_returned=True))
        )
        sent = self.sent(self.machine.action_suspend)
        self.assertEqual(sent["wine.region", self.region.id][-1]["kind"], "state")

    def test_very_many_machines_are_told_as_many(self):
        sent = self.sent(lambda: self.region._tell("sales", range(1, MANY + 50)))
        payload = sent["wine.region", self.region.id][0]
        self.assertTrue(payload["many"])
        self.assertEqual(len(payload["ids"]), MANY)

    def test_rolled_back_batch_is_not_told(self):
        """Messages are written with the transaction: what is undone is not heard of."""

        def undone():
            with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
                self.env["wine.machine"]._project([self.local(self.machine)])
                raise ZeroDivisionError

        undone()
        self.assertFalse(self.env["wine.vend"].search([("machine_id", "=", self.machine.id)]))


@tagged("post_install", "-at_install")
class TestLiveChannels(LiveCommon):
    """Nobody hears of machines that lie out of reach, whatever the client asks for."""

    def channels(self, user, asked=()):
        built = self.env["ir.websocket"].with_user(user)._build_bus_channel_list(list(asked))
        return {channel_with_db(self.env.cr.dbname, channel) for channel in built}

    def channel(self, record):
        return (self.env.cr.dbname, record._name, record.id, TYPE)

    def user(self, login, group):
        return new_test_user(self.env, login, groups=group)

    def setUp(self):
        super().setUp()

        class Request:
            class session:  # noqa: N801 - as the attribute is called
                uid = 1

        patcher = patch("odoo.addons.bus.models.ir_websocket.wsrequest", Request)
        patcher.start()
        self.addCleanup(patcher.stop)

    def test_manager_hears_of_the_own_regions(self):
        boss = self.user("live-boss", "wine_vending.group_wine_region_manager")
        self.region.manager_ids = boss
        channels = self.channels(boss)
        self.assertIn(self.channel(self.region), channels)
        self.assertNotIn(self.channel(self.foreign), channels)
        finance = self.env.ref("wine_vending.group_wine_finance")
        self.assertNotIn(self.channel(finance), channels)

    def test_staff_hears_of_the_serviced_regions(self):
        helper = self.user("live-helper", "wine_vending.group_wine_service")
        self.foreign.staff_ids = helper
        channels = self.channels(helper)
        self.assertIn(self.channel(self.foreign), channels)
        self.assertNotIn(self.channel(self.region), channels)

    def test_finance_and_platform_hear_of_everything(self):
        finance = self.env.ref("wine_vending.group_wine_finance")
        for group in ("wine_vending.group_wine_finance", "wine_vending.group_wine_admin"):
            user = self.user(f"live-{group[-5:]}", group)
            self.assertIn(self.channel(finance), self.channels(user), group)

    def test_others_hear_nothing_even_when_they_ask(self):
        wanted = json.dumps(self.channel(self.region))
        asked = [
            wanted,
            f"wine.region_{self.region.id}",
            f"wine.region,{self.region.id}",
            TYPE,
        ]
        finance = self.env.ref("wine_vending.group_wine_finance")
        for login, group in (("live-in", "base.group_user"), ("live-out", "base.group_portal")):
            channels = self.channels(self.user(login, group), asked)
            for record in (self.region, self.below, self.foreign, finance):
                self.assertNotIn(self.channel(record), channels, login)

    def test_who_is_relieved_is_no_longer_subscribed(self):
        boss = self.user("live-past", "wine_vending.group_wine_region_manager")
        self.region.manager_ids = boss
        self.assertIn(self.channel(self.region), self.channels(boss))
        self.region.manager_ids = False
        self.assertNotIn(self.channel(self.region), self.channels(boss))
