# SPDX-License-Identifier: LGPL-3.0-or-later
"""Sales of machines shared as they are projected: who gets what, and what comes back."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from odoo import Command, fields
from odoo.tests import tagged

from .common import ShareCommon

CHAIN = [
    {"role": "host", "value": "percent", "bp": 800},
    {"role": "salesperson", "value": "percent", "bp": 300},
    {"role": "supplier", "value": "unit", "amount": 1.0},
    {"role": "operator_above", "value": "percent", "bp": 100},
    {"role": "operator", "value": "residual"},
]


class SaleCommon(ShareCommon):
    """A policy with every kind of role, in force at one region, without a refund window."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.make_policy("Harbour", CHAIN, region_id=cls.region.id, hold_days=0)

    def lines(self, vend):
        """Sale lines of a vend's orders, as the hooks get them."""
        return vend.order_ids._wine_sale_lines()

    def net(self, vend):
        """Net of tax of all orders of a vend, refunds off."""
        return round(sum(vend.order_ids.lines.mapped("price_subtotal")), 2)

    def got(self, *domain):
        """dict role → sum."""
        sums = {}
        for entry in self.entries(*domain):
            sums[entry.role] = round(sums.get(entry.role, 0) + entry.amount, 2)
        return sums

    def share(self, *lines):
        return self.env["wine.share.entry"]._post(list(lines))

    def sale_line(self, vend, **changed):
        """A line like that of the vend, of another identity."""
        source = f"pos.order.line:{uuid4()}"
        first = next(line for line in self.lines(vend) if not line.reverses)
        return replace(first, **{"source": source, "order": str(uuid4()), **changed})


@tagged("post_install", "-at_install")
class TestShareSale(SaleCommon):
    """Who gets what of a sale."""

    def test_a_sale_is_shared_with_its_order(self):
        vend = self.sell()
        entries = self.entries(("vend_id", "=", vend.id))
        net, rounded = self.net(vend), self.company.currency_id.round
        got = {entry.role: entry for entry in entries}
        self.assertEqual(got["pool"].amount, -net)
        self.assertEqual(got["host"].amount, rounded(net * 0.08))
        self.assertEqual(got["supplier"].amount, 1.0)
        self.assertEqual(got["operator_above"].amount, rounded(net * 0.01))
        self.assertEqual(got["operator_above"].partner_id, self.operator_above)
        self.assertEqual(round(sum(entries.mapped("amount")), 2), 0)
        self.assertEqual(len(entries), 6)
        host = got["host"]
        self.assertIn("8 % of", host.sentence)
        self.assertIn("site host, policy Harbour v1", host.sentence)
        self.assertEqual(host.policy_line_id, self.policy.line_ids[0])
        self.assertEqual((host.machine_id, host.site_id), (self.machine, self.machine.site_id))
        self.assertEqual((host.date, host.product_id), (vend.business_date, self.wine))
        self.assertEqual(host.posting_ids, entries)

    def test_a_refund_takes_everything_back(self):
        vend = self.sell()
        self.refund(vend)
        self.assertFalse(self.balances())
        self.assertFalse(any(self.got().values()))
        back = self.entries(("kind", "=", "reversal"), ("role", "=", "host"))
        self.assertEqual(back.reverses_id.role, "host")
        self.assertIn("Taken back", back.sentence)
        self.assertEqual(back.reverses_id.given_back, back.amount)

    def test_a_refund_in_parts(self):
        vend = self.sell(qty=3)
        for amount in (100.0, 33.33, 0.01):
            vend._refund(amount=amount)
            self.env.invalidate_all()
            self.assertEqual(self.got()["pool"], -self.net(vend), "the ledger is as the orders")
            self.assertEqual(round(sum(self.got().values()), 2), 0)
        self.refund(vend)
        got = self.got()
        self.assertEqual(
            {got.pop("pool"), got.pop("platform", 0.0)} - {0.0, -self.net(vend), self.net(vend)},
            set(),
        )
        self.assertFalse(any(got.values()), "no partner keeps or owes a cent")

    def test_reprocessing_changes_nothing(self):
        vends = self.sell(2)
        self.refund(vends[0])
        before = self.entries()
        lines = [line for vend in vends for line in self.lines(vend)]
        self.assertFalse(self.share(*lines, *reversed(lines)))
        self.assertEqual(self.entries(), before)

    def test_what_shares_nothing(self):
        """Test and free vends bring nothing; failed ones neither; unknown ones wait."""
        for data in (
            {"pay": "test"},
            {"pay": "free"},
            {"outcome": "failed"},
            {"outcome": "unknown"},
        ):
            self.sell(**data)
            self.assertFalse(self.balances(), data)
            self.assertFalse(any(self.got().values()), data)

    def test_an_unknown_outcome_shares_when_it_is_decided(self):
        vend = self.sell(outcome="unknown", pay="card")
        vend.case_ids.action_came_out()
        self.assertEqual(self.got()["pool"], -self.net(vend))
        self.assertFalse(self.entries(("state", "=", "held"), ("held_for", "=", "case")))
        other = self.sell(outcome="unknown", pay="card")
        other.case_ids.action_did_not()
        self.assertFalse(any(self.got(("vend_id", "=", other.id)).values()))

    def test_without_a_policy_everything_is_the_platforms(self):
        far = self.make_region("Farland", "FAR")
        machine = self.make_machine(far, {"A1": self.wine})
        vend = self.sell(machine=machine)
        self.assertEqual(self.got(), {"pool": -self.net(vend), "platform": self.net(vend)})
        self.assertFalse(self.entries().policy_id)
        self.assertIn("no policy", self.entries(("role", "=", "platform")).sentence)

    def test_nobody_there(self):
        """The part of a role that nobody fills goes to the rest, and the rest says so."""
        self.machine.site_id.host_partner_id = False
        self.region.operator_partner_id = False
        vend = self.sell()
        got = self.got()
        self.assertNotIn("host", got)
        self.assertNotIn("operator", got)
        self.assertEqual(
            round(got["platform"], 2),
            round(self.net(vend) - got["salesperson"] - got["supplier"] - got["operator_above"], 2),
        )
        self.assertIn("site host", self.entries(("role", "=", "platform")).sentence)

    def test_the_company_in_a_role_is_the_platform(self):
        self.region.operator_partner_id = self.platform
        self.sell()
        entry = self.entries(("role", "=", "operator"))
        self.assertEqual(entry.account_kind, "platform")
        self.assertEqual(entry.state, "available")

    def test_a_contact_stands_for_its_company(self):
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.host.id})
        self.machine.site_id.host_partner_id = contact
        self.sell()
        self.assertEqual(self.entries(("role", "=", "host")).partner_id, self.host)

    def test_the_salesperson_of_the_machine_goes_first(self):
        other = self.make_partner("Other salesperson")
        self.machine.salesperson_id = other
        self.sell()
        self.assertEqual(self.entries(("role", "=", "salesperson")).partner_id, other)

    def test_a_late_sale_is_shared_by_the_policy_of_its_day(self):
        """A week later the policy is another one; the machine was offline meanwhile."""
        before = fields.Date.today() - timedelta(days=5)
        self.policy._set_state("active", date_to=before)
        self.make_policy(
            "Harbour after",
            [
                {"role": "host", "value": "percent", "bp": 5000},
                {"role": "platform", "value": "residual"},
            ],
            region_id=self.region.id,
            date_from=before + timedelta(days=1),
        )
        late = self.sell(when=self.days_ago(8))
        self.assertEqual(self.entries(("vend_id", "=", late.id)).policy_id, self.policy)
        new = self.sell()
        entry = self.entries(("vend_id", "=", new.id), ("role", "=", "host"))
        self.assertEqual(entry.policy_id.name, "Harbour after")
        self.refund(late)
        self.assertFalse(any(self.got(("vend_id", "=", late.id)).values()))


@tagged("post_install", "-at_install")
class TestShareOrders(SaleCommon):
    """Orders of several lines, fees, odd lines and other currencies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rest_policies()

    def policy_of(self, *rules, **scope):
        rest = {"role": "platform", "value": "residual"}
        return self.make_policy(
            "Other", [*rules, rest], region_id=self.region.id, hold_days=0, **scope
        )

    def test_an_amount_per_order_is_given_once(self):
        self.policy_of({"role": "host", "value": "order", "amount": 1.0})
        vend = self.sell()
        lines = [
            self.sale_line(vend, order="one", net=Decimal(net), tax=Decimal(0), gross=Decimal(net))
            for net in ("10.00", "20.00", "0.01")
        ]
        self.share(*lines)
        domain = ("source", "in", [line.source for line in lines])
        self.assertEqual(self.got(domain)["host"], 1.0)
        self.assertEqual(self.got(domain)["pool"], -30.01)

    def test_tiers_run_through_the_month_and_back(self):
        """Up to 100 of turnover 10 %, above it 20 %; a refund gives the volume back."""
        tiers = [
            Command.create({"turnover": 0, "bp": 1000}),
            Command.create({"turnover": 100, "bp": 2000}),
        ]
        self.policy_of({"role": "host", "value": "tiered", "base": "net", "tier_ids": tiers})
        vend = self.sell(pay="cash", slot="A2")
        self.share(*self.lines(vend))
        volume = self.env["wine.share.volume"].search([("partner_id", "=", self.host.id)])
        self.assertEqual(volume.turnover, self.net(vend))
        self.refund(vend)
        self.env.invalidate_all()
        self.assertEqual((volume.turnover, volume.units), (0, 0))
        sixty = {"net": Decimal("60.00"), "tax": Decimal(0), "gross": Decimal("60.00")}
        first, second = (self.sale_line(vend, **sixty) for _number in range(2))
        self.share(first, second)
        self.assertEqual(self.got(("source", "=", first.source))["host"], 6.0)
        self.assertEqual(
            self.got(("source", "=", second.source))["host"], 8.0
        )  # 40 × 10 %, 20 × 20 %
        self.env.invalidate_all()
        self.assertEqual((volume.turnover, volume.units), (120.0, 2))
        self.assertEqual(volume.month, vend.business_date.replace(day=1))

    def test_the_fee_of_the_payment_is_taken_off(self):
        self.policy_of({"role": "host", "value": "percent", "bp": 5000, "base": "net_fee"})
        method = self.region._payment_methods()["card"]
        method.write({"wine_fee_bp": 200, "wine_fee_fixed": 0.25})
        vend = self.sell()
        paid = vend.order_ids.amount_total
        expected = (self.net(vend) - round(paid * 0.02 + 0.25, 2)) / 2
        self.assertAlmostEqual(self.got()["host"], expected, delta=0.0051)

    def test_a_line_that_lowers_an_order_is_the_companys(self):
        self.policy_of({"role": "host", "value": "percent", "bp": 5000})
        vend = self.sell()
        odd = self.sale_line(vend, net=Decimal("-5.00"), tax=Decimal(0), gross=Decimal("-5.00"))
        self.share(odd)
        self.assertEqual(self.got(("source", "=", odd.source)), {"pool": 5.0, "platform": -5.0})

    def test_another_currency_is_exchanged_and_comes_back_whole(self):
        self.policy_of({"role": "host", "value": "percent", "bp": 1000})
        other = (
            self.env["res.currency"].with_context(active_test=False).search([("name", "=", "JPY")])
        )
        other.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": other.id,
                "name": "2020-01-01",
                "rate": 150.0,
                "company_id": self.company.id,
            }
        )
        vend = self.sell()
        yen = {"currency": "JPY", "tax": Decimal(0), "discount": Decimal(0)}
        line = self.sale_line(vend, net=Decimal(3000), gross=Decimal(3000), **yen)
        self.share(line)
        mine = ("source", "=", line.source)
        self.assertEqual(self.got(mine)["host"], 2.0)
        for number, part in enumerate((1000, 1999, 1)):
            self.share(
                self.sale_line(
                    vend, net=Decimal(-part), gross=Decimal(-part), reverses=line.source,
                    date=line.date + timedelta(days=number), **yen,
                )
            )  # fmt: skip
        together = self.entries(mine) | self.entries(("reverses_id.source", "=", line.source))
        self.assertEqual(round(sum(e.amount for e in together if e.role == "host"), 2), 0)
        self.assertEqual(round(sum(together.mapped("amount")), 2), 0)

    def test_a_refund_without_its_sale_is_a_case(self):
        self.policy_of({"role": "host", "value": "percent", "bp": 1000})
        vend = self.sell()
        sale = self.sale_line(vend)
        back = self.sale_line(
            vend,
            reverses=sale.source,
            net=-sale.net,
            tax=-sale.tax,
            gross=-sale.gross,
            qty=-sale.qty,
        )
        before = self.entries()
        self.share(back)
        self.assertEqual(self.entries(), before)
        case = self.env["wine.case"].search([("reference", "=", back.source)])
        self.assertEqual((case.kind, case.state), ("share_orphan", "open"))
        self.assertIn("net of tax went back to a consumer", case.text)
        self.assertNotIn("told", case.text)
        self.share(back)
        self.assertEqual(self.env["wine.case"].search_count([("reference", "=", back.source)]), 1)
        self.share(back, sale)  # the sale is found after all, and the refund taken in again
        self.assertEqual(self.got(("source", "in", [sale.source, back.source]))["pool"], 0)

    def test_a_refund_of_more_than_the_sale_is_the_companys(self):
        self.policy_of({"role": "host", "value": "percent", "bp": 1000})
        vend = self.sell()
        sale = self.sale_line(vend)
        more = self.sale_line(
            vend, reverses=sale.source, net=-sale.net - 7, tax=-sale.tax, gross=-sale.gross - 7
        )
        self.share(sale, more)
        got = self.got(("source", "in", [sale.source, more.source]))
        self.assertEqual(got, {"pool": 7.0, "platform": -7.0, "host": 0.0})
        why = self.entries(("source", "=", more.source), ("kind", "=", "adjustment"))
        self.assertIn("beyond the sale", why[:1].sentence)
