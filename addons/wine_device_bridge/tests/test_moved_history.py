# SPDX-License-Identifier: LGPL-3.0-or-later
"""A machine that moves takes its messages with it, but not what it said in another region."""

from datetime import timedelta

from odoo import fields
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from .test_access import BridgeAccess

MODELS = ("wine.bridge.event", "wine.bridge.command", "wine.bridge.auth")


@tagged("post_install", "-at_install")
class TestMovedHistory(BridgeAccess):
    """Sales, questions of consumers and reasons of the staff stay where they happened."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.traveller = cls.foreign.machine
        cls.traveller.action_activate()
        cls.before = {model: cls.talk["FAR"][model] for model in MODELS}
        for model, record in cls.before.items():
            cls.set_moment(model, record, fields.Datetime.now() - timedelta(days=3))

    @classmethod
    def set_moment(cls, model, record, moment):
        column = "create_date" if model == "wine.bridge.command" else "received_at"
        cls.env.flush_all()
        names = map(SQL.identifier, (record._table, column))
        cls.env.cr.execute(SQL("UPDATE %s SET %s = %s WHERE id = %s", *names, moment, record.id))
        cls.env.invalidate_all()

    def move(self, world):
        self.traveller._move_to(world.machine.site_id)
        self.assertEqual(self.traveller.region_id, world.region)

    def seen(self, role, model, record):
        """Found, read and counted: all the same."""
        mine = self.env_of(role)[model]
        found = mine.search([("id", "=", record.id)])
        self.assertIs(mine.browse(record.id).has_access("read"), bool(found))
        ((count,),) = mine._read_group([("id", "=", record.id)], [], ["__count"])
        self.assertEqual(count, len(found))
        return bool(found)

    def test_the_new_region_reads_from_the_move_on(self):
        self.move(self.own)
        for model, record in self.before.items():
            another = {"wine.bridge.command": "uuid", "wine.bridge.auth": "request_id"}.get(model)
            after = record.copy({another: "after"} if another else {})
            self.set_moment(model, after, fields.Datetime.now() + timedelta(minutes=1))
            for role in ("region_manager", "service"):
                if model == "wine.bridge.event" and role == "service":
                    continue
                with self.subTest(model=model, role=role):
                    self.assertFalse(self.seen(role, model, record))
                    self.assertTrue(self.seen(role, model, after))
            self.assertTrue(self.seen("admin", model, record))

    def test_the_live_tail_as_well(self):
        self.move(self.own)
        tail = self.seen_by("region_manager", self.traveller).bridge_tail()
        for model, part in (("wine.bridge.event", "messages"), ("wine.bridge.command", "commands")):
            self.assertNotIn(self.before[model].id, [one["id"] for one in tail[part]])

    def test_within_ones_own_regions_nothing_is_lost(self):
        """From a region to the one below it and back: who runs both reads on."""
        mine = {model: self.talk["TST"][model] for model in MODELS}
        for model, record in mine.items():
            self.set_moment(model, record, fields.Datetime.now() - timedelta(days=3))
        machine, home = self.own.machine, self.own.machine.site_id
        machine.action_activate()
        for world in (self.below, self.own):
            machine._move_to(world.machine.site_id if world is self.below else home)
            for model, record in mine.items():
                self.assertTrue(self.seen("region_manager", model, record), (model, world.region))

    def test_back_home_the_old_days_are_read_again(self):
        home = self.traveller.site_id
        self.move(self.own)
        self.traveller._move_to(home)
        manager = new_test_user(self.env, "far-away", "wine_vending.group_wine_region_manager")
        self.foreign.region.manager_ids = manager
        for model, record in self.before.items():
            self.assertTrue(record.with_user(manager).has_access("read"), model)
            self.assertFalse(self.seen("region_manager", model, record))
