# SPDX-License-Identifier: LGPL-3.0-or-later
"""Several at once, each with a connection of its own, committed for real."""

import unittest
from uuid import uuid4

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from tests.harness import House

DATABASE = "wine_refunds"


def kit(env):
    """The builders of the addons' tests, in a region of its own."""
    from odoo.addons.wine_vending.tests.common import WineCommon

    class Kit(WineCommon):
        pass

    Kit.env = env
    Kit.category = env["product.category"].create({"name": "Race"})
    sign = uuid4().hex[:6]
    Kit.region = Kit.make_region(f"Raceland {sign}", f"R{sign}")
    Kit.wine = Kit.make_wine(f"RACE-{uuid4().hex[:6]}", 120.0)
    Kit.machine = Kit.make_machine(Kit.region, {"A1": Kit.wine})
    return Kit


class TestComplaintRaces(unittest.TestCase):
    """The refund of one vend, asked for by many at the same moment; all of it committed."""

    @classmethod
    def setUpClass(cls):
        cls.house = House(DATABASE).__enter__()
        cls.addClassCleanup(cls.house.__exit__, None, None, None)
        cls.registry = Registry(DATABASE)

    def setUp(self):
        with self.house.env() as env:
            self.kit = kit(env)
            facts = [
                self.kit.local(self.kit.machine, pay="card", sensor=sensor, qty=qty)
                for sensor, qty in (("absent", 1), ("confirmed", 3))
            ]
            env["wine.machine"]._project(facts)
            self.region_id = self.kit.region.id
            self.uuids = [fact.data["vend_id"] for fact in facts]
        self.addCleanup(self.close)

    def close(self):
        with self.house.env() as env:
            region = env["wine.region"].browse(self.region_id)
            session = env["pos.session"].search(
                [("config_id", "=", region.pos_config_id.id), ("state", "!=", "closed")]
            )
            session._wine_announce_closing()
            session._wine_close()
            self.assertEqual(session.state, "closed", "the books of it all balance")

    def at_once(self, *actions):
        return self.house.at_once(*actions)

    def vend(self, env, number=0):
        return env["wine.vend"].search([("uuid", "=", self.uuids[number])])

    def file(self, env, number=0, kind="nothing", ref=None):
        vend = self.vend(env, number)
        return env["wine.complaint"]._file(
            {
                "uuid": ref or str(uuid4()),
                "channel": "web",
                "kind": kind,
                "machine_id": vend.machine_id.id,
                "email": f"{uuid4().hex[:8]}@example.com",
                "happened_at": vend.moment,
                "slot_code": vend.slot_code,
                "amount_claimed": vend.amount_total,
            }
        )

    def books(self, number=0):
        """(refund orders, sum of all orders, given back) as committed."""
        with self.registry.cursor() as cr:
            vend = self.vend(api.Environment(cr, SUPERUSER_ID, {}), number)
            refunds = vend.order_ids.filtered("is_refund")
            return len(refunds), sum(vend.order_ids.mapped("amount_total")), vend.amount_refunded

    def test_four_pages_at_once(self):
        problems = self.at_once(*[self.file] * 4)
        self.assertFalse(problems)
        self.assertEqual(self.books(), (1, 0.0, 120.0))

    def test_page_button_and_page(self):
        problems = self.at_once(
            self.file,
            lambda env: self.vend(env)._refund(),
            self.file,
            lambda env: self.vend(env)._refund(goods_returned=True),
        )
        self.assertFalse(problems)
        self.assertEqual(self.books(), (1, 0.0, 120.0))

    def test_one_page_sent_four_times(self):
        """The page answers a clash by leading to the complaint that won."""
        ref = str(uuid4())
        self.at_once(*[lambda env: self.file(env, ref=ref)] * 4)
        self.assertEqual(self.books(), (1, 0.0, 120.0))
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.assertEqual(env["wine.complaint"].search_count([("uuid", "=", ref)]), 1)

    def test_one_complaint_decided_by_two(self):
        with self.registry.cursor() as cr:
            complaint_id = self.file(api.Environment(cr, SUPERUSER_ID, {}), 1, "bad").id
        problems = self.at_once(
            *[lambda env: env["wine.complaint"].browse(complaint_id).action_give_back()] * 3
        )
        self.assertEqual([type(one).__name__ for one in problems], ["UserError"] * 2)
        self.assertEqual(self.books(1), (1, 240.0, 120.0))

    def test_three_bottles_three_people(self):
        """Different complaints are different refunds, and together not more than was paid."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            ids = [self.file(env, 1, "bad").id for _number in range(4)]
        self.at_once(
            *[
                lambda env, one=one: env["wine.complaint"].browse(one).action_give_back()
                for one in ids
            ]
        )
        self.assertEqual(self.books(1), (3, 0.0, 360.0))

    def test_page_and_the_machine_with_another_word(self):
        def machine_says_failed(env):
            vend = self.vend(env)
            self.kit.env = env
            env["wine.machine"]._project(
                [
                    self.kit.fact(
                        vend.machine_id,
                        "vend.result",
                        {"vend_id": vend.uuid, "outcome": "failed", "slot": "A1", "qty": 0},
                    )
                ]
            )

        problems = self.at_once(self.file, machine_says_failed, self.file)
        self.assertFalse(problems)
        self.assertEqual(self.books(), (1, 0.0, 120.0))
