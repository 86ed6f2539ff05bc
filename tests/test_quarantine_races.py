# SPDX-License-Identifier: LGPL-3.0-or-later
"""Two administrators at one refused message, and the machine that sends it anew meanwhile.

Each has a connection of its own and commits for real. However it falls out: one word is the last
one, the message stands once in the inbox, and the books have its sale once or not at all.
"""

import copy
import json
import unittest
from types import SimpleNamespace
from uuid import uuid4

from psycopg2 import errors

from odoo.sql_db import db_connect

from tests.harness import House

DATABASE = "wine_quarantine"
EVENT = "wine.bridge.event"
ROUNDS = 5
CONFLICTS = (errors.SerializationFailure, errors.UniqueViolation, errors.DeadlockDetected)


def builders(env):
    """The builders of the addons' tests, in a region of its own."""
    from odoo.addons.wine_device_bridge.core.topics import Topics
    from odoo.addons.wine_device_bridge.tests.common import BridgeCommon

    class Kit(BridgeCommon):
        def __init__(self):
            """No test case of its own: its builders are wanted."""

    Kit.env = env
    Kit.topics, Kit.seq = Topics("wine/v1", "test"), 0
    Kit.category = env["product.category"].create({"name": "Race"})
    sign = uuid4().hex[:6]
    Kit.region = Kit.make_region(f"Raceland {sign}", f"R{sign}")
    Kit.wine = Kit.make_wine(f"RACE-{sign}", 120.0)
    Kit.machine = Kit.make_machine(Kit.region, {"A1": Kit.wine})
    return Kit()


class TestQuarantineRaces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = House(DATABASE).__enter__()
        cls.addClassCleanup(cls.house.__exit__, None, None, None)
        from odoo.tests import new_test_user

        with cls.house.env() as env:
            cls.kit = builders(env)
            cls.admins = [
                new_test_user(env, f"settler-{number}", "wine_vending.group_wine_admin").id
                for number in (1, 2)
            ]
            cls.machine = cls.kit.machine.uuid

    def refuse(self, count=1):
        """Sales whose price is a word, refused and committed: [(the mended one, row id)]."""
        with self.house.env() as env:
            self._use(env)
            good = [self.kit.sale() for _number in range(count)]
            bad = copy.deepcopy(good)
            for content in bad:
                content["data"]["price"] = "twelve"
            last = env[EVENT].search([], limit=1).id or 0
            self.kit.store(*(self.kit.publish(content) for content in bad))
            rows = env[EVENT].search([("id", ">", last)], order="id")
            self.assertEqual(set(rows.mapped("state")), {"quarantined"})
            return list(zip(good, rows.ids, strict=True))

    def _use(self, env):
        kind = type(self.kit)
        kind.env = env
        for name in ("region", "wine", "machine"):
            setattr(kind, name, getattr(kind, name).with_env(env))

    # === WHAT THEY DO === #

    def correct(self, number, good, row):
        def act(env):
            guide = env["wine.bridge.correction"].with_context(active_ids=[row])
            guide.create({"text": json.dumps(good), "reason": f"by {number}"}).action_take_in()

        return self.admins[number], act

    def put_aside(self, number, row):
        def act(env):
            guide = env["wine.bridge.dismissal"].with_context(active_ids=[row])
            guide.create({"reason": f"by {number}"}).action_dismiss()

        return self.admins[number], act

    def judge_again(self, number, rows):
        return self.admins[number], lambda env: env[EVENT].browse(rows).action_judge_again()

    def send(self, content):
        """The machine sends it in order now; stored as the bridge stores it."""
        from odoo.addons.wine_device_bridge.process.store import Batch, read_machines

        publish = self.kit.publish(content, machine=SimpleNamespace(uuid=self.machine))

        def act(_env):
            for _attempt in range(20):
                try:
                    with db_connect(DATABASE).cursor() as cr:
                        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                        Batch(cr, self.kit.topics, read_machines(cr)).store([publish])
                        cr.commit()
                        return
                except CONFLICTS:
                    continue
            raise AssertionError("the machine's message is not stored")

        return act

    # === WHAT CAME OF IT === #

    def settled(self, row):
        return self.house.query(
            """SELECT state, settled_reason,
                      (SELECT count(*) FROM wine_bridge_event WHERE corrects_id = refused.id)
                 FROM wine_bridge_event refused WHERE id = %s""",
            row,
        )[0]

    def sold(self, good):
        """(rows in the inbox, vends, orders) of a sale, once all of it has been used."""

        def project(env):
            while env[EVENT]._project_round().taken:
                env.flush_all()

        self.house.do(project)
        rows = self.house.query(
            "SELECT count(*) FROM wine_bridge_event WHERE event_id = %s", good["id"]
        )
        books = self.house.query(
            """SELECT count(DISTINCT vend.id), count(DISTINCT orders.id)
                 FROM wine_vend vend LEFT JOIN pos_order orders ON orders.wine_vend_id = vend.id
                WHERE vend.uuid = %s""",
            good["data"]["vend_id"],
        )
        return (*rows[0], *books[0])

    def one_too_late(self, problems):
        """Whoever was second is told so in words."""
        self.assertEqual([type(one).__name__ for one in problems], ["UserError"], problems)
        self.assertRegex(str(problems[0]), "not in quarantine any more|settling message")

    # === RACES === #

    def test_corrected_by_two(self):
        for _round in range(ROUNDS):
            ((good, row),) = self.refuse()
            problems = self.house.at_once(self.correct(0, good, row), self.correct(1, good, row))
            self.one_too_late(problems)
            state, reason, copies = self.settled(row)
            self.assertEqual((state, copies), ("corrected", 1))
            self.assertIn(reason, ("by 0", "by 1"))
            self.assertEqual(self.sold(good), (1, 1, 1))

    def test_corrected_by_one_put_aside_by_the_other(self):
        for _round in range(ROUNDS):
            ((good, row),) = self.refuse()
            problems = self.house.at_once(self.correct(0, good, row), self.put_aside(1, row))
            self.one_too_late(problems)
            expected = {
                ("corrected", "by 0", 1): (1, 1, 1),
                ("dismissed", "by 1", 0): (0, 0, 0),
            }
            self.assertEqual(self.sold(good), expected[self.settled(row)])

    def test_put_aside_by_two(self):
        ((good, row),) = self.refuse()
        problems = self.house.at_once(self.put_aside(0, row), self.put_aside(1, row))
        self.one_too_late(problems)
        self.assertEqual(self.settled(row)[0], "dismissed")
        self.assertEqual(self.sold(good), (0, 0, 0))

    def test_many_judged_again_by_two(self):
        """The same list at both: each message is taken in once, whoever gets it."""
        with self.house.env() as env:
            self._use(env)
            sent = [{**self.kit.sale(), "epoch": 2} for _number in range(20)]
            last = env[EVENT].search([], limit=1).id or 0
            self.kit.store(*map(self.kit.publish, sent))
            rows = env[EVENT].search([("id", ">", last)]).ids
        self.assertEqual(len(rows), 20)
        self.house.do(self._next_epoch)
        try:
            problems = self.house.at_once(self.judge_again(0, rows), self.judge_again(1, rows))
            self.assertFalse(problems)
            self.assertEqual({self.settled(row)[0] for row in rows}, {"corrected"})
            self.assertEqual([self.sold(good) for good in sent], [(1, 1, 1)] * 20)
        finally:
            self.house.do(lambda env: self._next_epoch(env, 1))

    def _next_epoch(self, env, epoch=2):
        env["wine.machine"].search([("uuid", "=", self.machine)]).bridge_epoch = epoch

    def test_the_machine_sends_it_in_order_meanwhile(self):
        for _round in range(ROUNDS):
            ((good, row),) = self.refuse()
            problems = self.house.at_once(
                self.correct(0, good, row), self.send(good), self.correct(1, good, row)
            )
            self.one_too_late(problems)
            self.assertEqual(self.settled(row)[0], "corrected")
            self.assertEqual(self.sold(good), (1, 1, 1))

    def test_the_machine_says_something_else_meanwhile(self):
        """Whoever comes first stands; the other one is refused, and nothing is sold twice."""
        for _round in range(ROUNDS):
            ((good, row),) = self.refuse()
            other = {**good, "data": {**good["data"], "sensor": "none"}}
            problems = self.house.at_once(self.correct(0, good, row), self.send(other))
            state = self.settled(row)[0]
            if problems:
                self.assertRegex(str(problems[0]), "something else|came in from the machine")
            self.assertEqual(state, "quarantined" if problems else "corrected")
            self.assertEqual(self.sold(good), (1, 1, 1))
