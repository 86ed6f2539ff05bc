# SPDX-License-Identifier: LGPL-3.0-or-later
"""Cash, by chance: whatever is sold, taken, counted and corrected, in whatever order it is told."""

from uuid import uuid4

from odoo import fields
from odoo.tests import tagged

from .cash import CashCommon
from .test_money_properties import tried

RUNS, STEPS = 6, 22
#: smallest coin by decimal places of the currency
PLACES = (0, 2, 3)


@tagged("post_install", "-at_install")
class TestCashProperties(CashCommon):
    """The sum over the machines is the account; what was found is in the safe."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_machine(cls.region, {"A1": cls.wine, "A2": cls.soda}, name="Other")
        (cls.machine | cls.other).slot_ids.qty = 1000

    # === WHAT MAY HAPPEN === #

    def step_sell(self, chance):
        machine = chance.choice((self.machine, self.other))
        facts = []
        for _number in range(chance.randint(1, 4)):
            cents = chance.randint(1, 99999)
            facts.append(
                self.local(
                    machine,
                    chance.choice(("A1", "A2")),
                    when=self.ago(minutes=chance.randint(0, 3000)),
                    price=f"{cents / 100:.2f}",
                    qty=chance.randint(1, 3),
                    pay=chance.choice(("cash", "cash", "cash", "card", "wallet")),
                    outcome=chance.choice(("success", "success", "success", "failed")),
                )
            )
        self.env["wine.machine"]._project(facts)

    def step_take(self, chance):
        machine = chance.choice((self.machine, self.other))
        counted = chance.choice((None, 0.0, round(chance.random() * 500, 2)))
        self.take(
            counted,
            chance.randint(0, 2500),
            machine,
            source=chance.choice(("phone", "machine")),
            left=chance.choice((None, None, round(chance.random() * 20, 2))),
        )

    def step_float(self, chance):
        machine = chance.choice((self.machine, self.other))
        self.take(round(chance.random() * 40, 2), chance.randint(0, 2500), machine, kind="float")

    def step_late(self, _chance):
        self.env["wine.cash.collection"]._cron_settle_late()

    def step_close(self, _chance):
        if self.session():
            self.close()

    def step_count_again(self, chance):
        waiting = self.collections().filtered(
            lambda c: (
                c.kind == "collection"
                and not c.checked_at
                and c.state != "corrected"
                and c.create_uid != self.treasurer
            )
        )
        if waiting:
            bag = chance.choice(waiting).with_user(self.treasurer)
            bag.safe_counted = round(chance.random() * 500, 2)
            bag.action_check()

    def step_correct(self, chance):
        booked = self.collections().filtered(lambda c: c.state == "posted")
        if booked:
            form = chance.choice(booked).with_user(self.treasurer).action_correct()
            draft = self.env["wine.cash.collection"].browse(form["res_id"])
            amount = round(chance.random() * 500, 2)
            draft.with_user(self.treasurer).write({"counted_notes": amount, "reason": "chance"})
            draft.with_user(self.treasurer).action_post()

    def step_settings(self, chance):
        self.region.cash_needs_check = chance.random() < 0.3

    def collections(self):
        return self.env["wine.cash.collection"].search([("region_id", "=", self.region.id)])

    # === WHAT HOLDS === #

    @tried(RUNS)
    def test_the_machines_are_the_account(self, chance):
        steps = [name for name in dir(self) if name.startswith("step_")]
        for _number in range(STEPS):
            getattr(self, chance.choice((*steps, "step_sell", "step_take")))(chance)
            self.assert_books()
        self.check_safe()
        self.check_claims()
        self.check_floats()
        self.check_differences()

    def check_safe(self):
        """What the safe holds is what was found, less the change that was given out."""
        held = 0.0
        for taken in self.collections().filtered(lambda c: c.state == "posted"):
            found = taken.safe_counted if taken.checked_at else taken.counted
            held += -taken.counted if taken.kind == "float" else found
        self.assertAlmostEqual(self.safe(), held, 2)

    def check_claims(self):
        """Every cash payment is in one place: a machine, or a collection that is in force."""
        payments = self.env["pos.payment"].search(
            [("wine_cash_machine_id", "in", (self.machine | self.other).ids)]
        )
        for payment in payments:
            taken = payment.wine_collection_id
            self.assertNotEqual(taken.state, "corrected")
            if taken:
                self.assertEqual(taken.machine_id, payment.wine_cash_machine_id)
                self.assertLessEqual(payment.pos_order_id.wine_vend_id.moment, taken.moment)
        for taken in self.collections().filtered("claimed_at"):
            if taken.state == "corrected":
                continue
            own = sum(taken.payment_ids.mapped("amount"))
            self.assertAlmostEqual(own, taken.sales + taken.late, 2)

    def check_floats(self):
        """The change in a machine is what was put in, less what was taken out."""
        for machine in self.machine | self.other:
            taken = self.collections().filtered(
                lambda c, m=machine: c.machine_id == m and c.claimed_at and c.state != "corrected"
            )
            moved = sum(c.float_after - c.float_before for c in taken)
            self.assertAlmostEqual(machine.cash_float, moved, 2)

    def check_differences(self):
        """Gains less losses in the books are the differences of the collections in force."""
        booked = self.collections().filtered(lambda c: c.state == "posted")
        told = sum(booked.mapped("difference"))
        self.assertAlmostEqual(self.gain() - self.loss(), told, 2)

    # === MONEY OF OTHER COUNTRIES === #

    def test_smallest_coins(self):
        """Currencies without and with three decimal places, to their smallest coin."""
        for places in PLACES:
            with self.subTest(places=places):
                self.check_places(places)

    def check_places(self, places):
        coin = 10**-places
        currency = self.env["res.currency"].create(
            {"name": f"X{places}X", "symbol": "¤", "rounding": coin}
        )
        company = self.env["res.company"].create(
            {"name": f"Company of {places} places", "currency_id": currency.id}
        )
        self.env.user.company_ids |= company
        self.treasurer.company_ids |= company
        self.env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        company.currency_id = currency
        env = self.env(context={**self.env.context, "allowed_company_ids": company.ids})
        region = self.make_region_of(env, company, places)
        machine = self.make_machine_of(env, region)
        price = 7 + 3 * coin
        fact = self.local(machine, "A1", price=f"{price:.{places}f}")
        env["wine.machine"]._project([fact])
        self.assertEqual(fact.result, "done")
        self.env.invalidate_all()
        self.assertEqual(currency.compare_amounts(machine.cash_in_machine, price), 0)
        taken = env["wine.cash.collection"]._take(
            [
                {
                    "machine_id": machine.id,
                    "uuid": str(uuid4()),
                    "moment": fields.Datetime.now(),
                    "source": "machine",
                    "counted_coins": f"{4 * coin:.{places}f}",
                    "counted_notes": "7",
                }
            ]
        )
        self.assertEqual(currency.compare_amounts(taken.difference, coin), 0)
        self.assertEqual(currency.compare_amounts(self.safe(region), price + coin), 0)
        self.assert_books(region)

    def make_region_of(self, env, company, places):
        values = {"name": f"Land {places}", "code": f"L{places}", "tz": "UTC"}
        return env["wine.region"].create({**values, "company_id": company.id})

    def make_machine_of(self, env, region):
        site = env["wine.site"].create({"name": "Site", "region_id": region.id})
        machine = env["wine.machine"].create(
            {
                "name": "Machine",
                "serial": str(uuid4()),
                "model_id": self.machine.model_id.id,
                "site_id": site.id,
            }
        )
        self.slot(machine, "A1").sudo().write({"product_id": self.wine.id, "price": 7.0, "qty": 10})
        return machine
