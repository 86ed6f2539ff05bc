# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from odoo import Command
from odoo.addons.wine_vending.core.sale_line import SaleLine
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .test_share_limit import LimitCommon
from .test_share_policy import HOST, REST

#: every value and base at once, some of them beyond what a cheap sale can give
CHAIN = (
    {"role": "platform", "percent": 5, "sequence": 1},
    {"role": "host", "percent": 7.25, "base": "paid", "sequence": 2},
    {"role": "supplier", "value": "litre", "amount": 1.3, "sequence": 3},
    {"role": "operator", "percent": 33.33, "base": "remainder", "sequence": 4},
    {"role": "operator_above", "value": "order", "amount": 0.35, "sequence": 5},
    {"role": "salesperson", "percent": 2, "has_minimum": True, "minimum": 0.5, "sequence": 6},
)


def tiers(*pairs, **more):
    lines = [Command.create({"turnover": start, "bp": bp}) for start, bp in pairs]
    return {"role": "host", "value": "tiered", "tier_ids": lines, **more}


@tagged("post_install", "-at_install")
class TestShareWhatif(LimitCommon):
    """What is foretold is what happens."""

    def run_whatif(self, policy, days=30, user=None):
        policy = policy.with_user(user or self.env.user)
        whatif = policy.env["wine.share.whatif"].browse(policy.action_what_if()["res_id"])
        whatif.days = days
        whatif.action_run()
        return whatif

    def figures(self, whatif, column):
        """dict (partner, role, machine) → amount that is not zero."""
        return {
            (line.partner_id, line.role, line.machine_id): line[column]
            for line in whatif.line_ids.filtered(lambda line: line.kind == "detail")
            if line[column]
        }

    def posted(self, *domain):
        """The same of the ledger."""
        found = defaultdict(float)
        for entry in self.entries(("role", "!=", "pool"), *domain):
            found[entry.partner_id, entry.role, entry.machine_id] += entry.amount
        return {key: round(amount, 2) for key, amount in found.items() if round(amount, 2)}

    def trade(self):
        """Sales of several days, prices and goods; some refunded, some late, some not to share."""
        for days, price in ((6, "19.99"), (4, "0.49"), (4, "120.00"), (2, "3.50"), (0, "77.77")):
            self.sell(2, price=price, when=self.days_ago(days))
            self.sell(price=price, slot="A2", pay="cash", when=self.days_ago(days))
        self.sell(pay="test")
        self.sell(pay="free")
        self.sell(outcome="failed")
        self.sell(outcome="unknown")
        self.refund(self.sell(2, price="33.33", when=self.days_ago(3))[:1])
        self.refund(self.sell(price="8.88", when=self.days_ago(1)))

    def check_foretold(self, *lines):
        """Run a draft over what was sold, then let the same happen with it in force."""
        with self.env.cr.savepoint() as savepoint:
            self.trade()
            whatif = self.run_whatif(self.draft(*lines))
            foretold = self.figures(whatif, "draft")
            before = (whatif.sale_count, whatif.net, self.figures(whatif, "present"))
            self.assertEqual(before[2], self.posted(), "the ledger as it is")
            savepoint.rollback()
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.active(*lines)
        self.trade()
        happened = self.posted()
        self.assertTrue(happened)
        self.assertEqual(foretold, happened)
        self.assertEqual(round(sum(happened.values()), 2), round(before[1], 2))
        return before

    def test_what_is_foretold_happens(self):
        count, net, _present = self.check_foretold(*CHAIN)
        self.assertEqual(count, 5 * 3 + 3 + 1, "a failed vend that was paid is sold and refunded")
        self.assertGreater(net, 0)

    def test_tiers_are_foretold_too(self):
        self.check_foretold(tiers((0, 500), (60, 1000), (150, 2500)), *CHAIN[3:4])

    def test_beside_the_policy_that_was_in_force(self):
        first = self.active(HOST)
        self.trade()
        posted = self.posted()
        second = self.next_version(first)
        second.line_ids.filtered(lambda line: line.role == "host").percent = 16
        whatif = self.run_whatif(second)
        self.assertEqual(self.figures(whatif, "present"), posted)
        key = (self.host, "host", self.machine)
        self.assertAlmostEqual(self.figures(whatif, "draft")[key], 2 * posted[key], delta=0.2)
        self.assertEqual(whatif.reckoned_count, 0)
        self.assertEqual(self.posted(), posted, "nothing was written")
        self.assertFalse(first.date_to)

    def test_the_policy_in_force_changes_nothing(self):
        policy = self.active(*CHAIN)
        self.trade()
        whatif = self.run_whatif(policy)
        self.assertEqual(self.figures(whatif, "draft"), self.figures(whatif, "present"))
        self.assertEqual(set(whatif.line_ids.mapped("change")), {0})

    def test_sales_that_the_ledger_does_not_know(self):
        self.active(*CHAIN)
        self.trade()
        posted = self.posted()
        self.env.cr.execute("UPDATE wine_share_entry SET reverses_id = NULL")
        self.env.cr.execute("DELETE FROM wine_share_entry")
        self.env.invalidate_all()
        whatif = self.run_whatif(self.draft(HOST, name="Other", machine_id=self.machine.id))
        self.assertEqual(whatif.reckoned_count, whatif.sale_count)
        self.assertEqual(self.figures(whatif, "present"), posted)

    def test_only_what_it_would_share(self):
        self.trade()
        other = self.make_machine(self.below, {"A1": self.wine}, name="Other")
        other.site_id.host_partner_id = self.host
        self.sell(machine=other)
        tomorrow = self.days_from_today(1)
        self.active(HOST, machine_id=self.machine.id, name="Later", date_from=tomorrow)
        later = self.env["wine.share.policy"].search([("name", "=", "Later")])
        later._set_state("active", date_from="2020-01-01")
        wide = self.run_whatif(self.draft(HOST))
        self.assertEqual(wide.line_ids.machine_id, other)
        self.assertEqual(wide.sale_count, 1)
        narrow = self.run_whatif(self.draft(HOST, name="Of soda", product_id=self.soda.id))
        self.assertEqual(narrow.sale_count, 0)

    def test_days(self):
        self.sell(when=self.days_ago(9))
        self.sell(when=self.days_ago(2))
        draft = self.draft(HOST)
        self.assertEqual(self.run_whatif(draft, days=5).sale_count, 1)
        self.assertEqual(self.run_whatif(draft, days=15).sale_count, 2)

    def test_sales_of_other_channels(self):
        line = SaleLine(
            source=f"sale.order.line:{uuid4()}",
            channel="website",
            kind="sale",
            date=self.today,
            region_id=self.region.id,
            site_id=None,
            machine_id=None,
            vend_id=None,
            product_id=self.wine.id,
            supplier_id=self.supplier.id,
            partner_id=None,
            qty=Decimal(3),
            ml=2250,
            gross=Decimal("120.00"),
            discount=Decimal(0),
            net=Decimal("100.00"),
            tax=Decimal("20.00"),
            currency=self.company.currency_id.name,
            payment_kind="card",
            order="sale.order:1",
            company_id=self.company.id,
        )
        self.env["wine.sale.line"]._announce([line])
        rule = {"role": "operator", "percent": 10}
        whatif = self.run_whatif(self.draft(rule, channel="website"))
        self.assertEqual((whatif.sale_count, whatif.net), (1, 100))
        nowhere = self.env["wine.machine"]
        self.assertEqual(
            self.figures(whatif, "draft"),
            {(self.operator, "operator", nowhere): 10, (self.platform, "platform", nowhere): 90},
        )
        self.assertEqual(self.figures(whatif, "present"), self.posted())
        self.assertFalse(self.run_whatif(self.draft(rule, channel="machine")).sale_count)

    def test_a_refund_of_what_was_sold_before_the_days(self):
        self.refund(self.sell(when=self.days_ago(9)))
        whatif = self.run_whatif(self.draft(HOST), days=5)
        self.assertFalse(whatif.sale_count)
        self.assertFalse(whatif.line_ids)

    def test_rent_of_the_days(self):
        self.machine.stands_from = "2020-01-01"
        self.sell()
        rent = {"role": "host", "value": "rent", "amount": 310}
        whatif = self.run_whatif(self.draft(rent), days=1)
        key = (self.host, "host", self.machine)
        got = self.figures(whatif, "draft")[key]
        self.assertTrue(9.9 < got < 11.1, got)
        self.assertNotIn(key, self.figures(whatif, "present"))
        self.assertAlmostEqual(sum(self.figures(whatif, "draft").values()), whatif.net, places=2)

    def test_groupings_sum_to_the_same(self):
        self.active(HOST)
        self.trade()
        whatif = self.run_whatif(self.draft(*CHAIN, name="D", machine_id=self.machine.id))
        for column in ("present", "draft"):
            for lines in (whatif.party_ids, whatif.role_ids):
                self.assertAlmostEqual(sum(lines.mapped(column)), whatif.net, places=2)
            kept = whatif.platform_draft if column == "draft" else whatif.platform_present
            others = sum(whatif.machine_ids.mapped(column))
            self.assertAlmostEqual(kept + others, whatif.net, places=2)
        self.assertAlmostEqual(sum(whatif.machine_ids.mapped("net")), whatif.net, places=2)
        parties = {line.name: line for line in whatif.party_ids}
        self.assertIn("Operator of Testland", parties)
        self.assertAlmostEqual(
            whatif.platform_change, whatif.platform_draft - whatif.platform_present, places=2
        )

    def test_a_regional_administrator_looks_at_the_own_region(self):
        self.trade()
        mine = self.mine(HOST)
        whatif = self.run_whatif(mine, user=self.manager).with_user(self.manager)
        self.assertTrue(whatif.sale_count)
        self.assertTrue(whatif.party_ids.mapped("name"))
        with Form(whatif) as form:
            form.days = 3
        whatif.action_run()
        theirs = self.env["wine.share.whatif"].create({"policy_id": self.draft(HOST).id})
        theirs.action_run()
        self.denied(AccessError, lambda: theirs.with_user(self.manager).read(["net"]))
        self.denied(AccessError, lambda: theirs.line_ids.with_user(self.manager).read(["net"]))
        self.denied(AccessError, lambda: theirs.with_user(self.manager).action_run())

    def test_a_draft_that_leaves_the_rest_to_nobody(self):
        draft = self.draft(HOST)
        draft.line_ids.filtered(lambda line: line.value == REST["value"]).unlink()
        with self.assertRaisesRegex(Exception, "leaves the rest to nobody"):
            draft.action_what_if()

    def test_dates_shown(self):
        whatif = self.env["wine.share.whatif"].create({"policy_id": self.draft(HOST).id, "days": 7})
        self.assertEqual(whatif.date_to - whatif.date_from, timedelta(days=6))
