# SPDX-License-Identifier: LGPL-3.0-or-later
"""A month of a company: vends, 5 % refunds, 3 versions of the policy; to the cent.

The days are lived one after the other under a clock that is set: machines sell (some vends fail,
come out partly or with nobody knowing, some are free or trials), a part is reported a day late and
a part twice, consumers get all or some of their money back, sessions are closed the morning after
and shares are booked. The policy takes over twice in the middle; one region has a policy of its
own. At the end orders, share ledger and general ledger are added up by plain SQL, each on its own.
Where the net amounts of several refunds do not come to that of their sale (tax is rounded on each
order), the company bears the cent; nobody's share of what was given back is left over.
"""

import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import uuid4

from freezegun import freeze_time

from tests.bench.common import report, stopwatch
from tests.harness import House

BATCH, REGIONS = 500, 2
REFUNDS, IN_PART, LATE, TWICE = 0.05, 0.3, 0.03, 0.02
OUTCOMES = ("success",) * 190 + ("failed",) * 5 + ("partial",) * 3 + ("unknown",) * 2
PAYS = ("card",) * 10 + ("cash",) * 5 + ("qr",) * 4 + ("free",)


def rules(env, version):
    """The chain of each version; every value that a sale can have occurs in one of them."""
    host = {"role": "host", "value": "percent", "base": "net", "percent": 8 + version}
    upper = {"role": "operator_above", "value": "percent", "base": "paid", "percent": 1.25}
    seller = {"role": "salesperson", "value": "percent", "base": "margin", "percent": 7.5}
    tiers = [(0, 100), (2_000, 225), (9_000, 333)]
    tiered = {"role": "operator", "value": "tiered", "base": "net_fee", "tier_by": "turnover"}
    tiered["tier_ids"] = [(0, 0, {"turnover": start, "bp": bp}) for start, bp in tiers]
    order = {"role": "salesperson", "value": "order", "amount": 0.35}
    litre = {"role": "supplier", "value": "litre", "amount": 1.99}
    chains = (
        (host, tiered, seller),
        (host, upper, tiered, litre, order),
        ({**host, "has_minimum": True, "minimum": 0.9}, {**seller, "base": "remainder"}, litre),
    )
    return (*chains[version], {"role": "platform", "value": "residual"})


class Month:
    """Days of the demo's machines, lived in a database of their own.

    :param int vends: of all days together, :param int days: a third for each version
    """

    def __init__(self, house, chance, vends, days):
        self.house, self.chance, self.vends, self.days = house, chance, vends, days
        #: first day of each version
        self.turns = (0, days // 3, 2 * days // 3)
        self.first = date.today() - timedelta(days=days + 2)
        self.position = 0
        self.late, self.again = [], []
        self.spent = defaultdict(float)
        self.counts = defaultdict(int)
        with house.env() as env:
            self._prepare(env)

    def _prepare(self, env):
        machines = env["wine.machine"].search([("state", "=", "active")])
        regions = machines.region_id.sorted("id")
        regions = regions[: REGIONS - 1] + regions[-1]  # of two time zones
        machines = machines.filtered(lambda machine: machine.region_id in regions)
        partners = env["res.partner"].create(
            [{"name": f"Partner {number} of the trial"} for number in range(9)]
        )
        for number, site in enumerate(machines.site_id):
            site.host_partner_id = partners[number % 4]
            site.salesperson_id = partners[4 + number % 2]
        for number, region in enumerate(regions):
            region.operator_partner_id = partners[6 + number % 2]
            region.parent_id.operator_partner_id = partners[8]
        for template in machines.slot_ids.product_id.product_tmpl_id:
            if not template.seller_ids:
                template.seller_ids = [(0, 0, {"partner_id": partners[3].id})]
        self.house.rest_policies(env)
        self.company = machines.company_id.id
        self.own_region = regions[-1].id
        self.slots = [
            (slot.machine_id.id, slot.code, slot.product_id.default_code, f"{slot.price:.2f}")
            for slot in machines.slot_ids.filtered("product_id")
        ]
        self.currency = machines.company_id.currency_id.name
        self.policy = self._draft(env, "Trial", 0)
        env["wine.share.policy"].browse(self.policy).action_activate()
        special = self._draft(env, "Trial, a region's own", 1, region_id=self.own_region)
        env["wine.share.policy"].browse(special).action_activate()

    def _draft(self, env, name, version, **scope):
        lines = [
            (0, 0, {"sequence": number, **rule})
            for number, rule in enumerate(rules(env, version), 1)
        ]
        values = {"name": name, "company_id": self.company, "date_from": self.first, "hold_days": 7}
        return env["wine.share.policy"].create({**values, "line_ids": lines, **scope}).id

    def _turn(self, env, day, version):
        """The next version takes over on this day."""
        policy = env["wine.share.policy"].browse(self.policy)
        draft = policy._draft_next()
        draft.line_ids.unlink()
        lines = [
            (0, 0, {"sequence": number, **rule})
            for number, rule in enumerate(rules(env, version), 1)
        ]
        draft.write({"date_from": day, "line_ids": lines})
        draft.action_activate()
        self.policy = draft.id

    # === A DAY === #

    def live(self, number):
        day = self.first + timedelta(days=number)
        evening = datetime.combine(day + timedelta(days=1), time(3, 45))
        with freeze_time(evening, ignore=["tests.bench.common"]):
            if number in self.turns[1:]:
                with self.house.env() as env:
                    self._turn(env, day, self.turns.index(number))
            with self._clock("selling"):
                self._sell(day, evening)
            with self._clock("refunding"):
                self._refund()
        with freeze_time(evening + timedelta(hours=8), ignore=["tests.bench.common"]):
            with self._clock("closing"):
                self.house.close_days()
            with self._clock("booking"):
                self._book()

    def _clock(self, name):
        month = self

        class Clock:
            def __enter__(self):
                self.watch = stopwatch()
                self.seconds = self.watch.__enter__()

            def __exit__(self, *details):
                self.watch.__exit__(None, None, None)
                month.spent[name] += self.seconds()

        return Clock()

    def _sell(self, day, now):
        wanted = self.vends // self.days + (day == self.first) * (self.vends % self.days)
        made = [self._fact(day, now) for _vend in range(wanted)]
        self.counts["vends"] += wanted
        cut = int(LATE * wanted)
        today, late = made[cut:], made[:cut]
        facts = [*self.late, *self.again, *today]
        self.counts["late"] += len(self.late)
        self.counts["twice"] += len(self.again)
        self.late = late
        self.again = [(*fact, True) for fact in self.chance.sample(today, int(TWICE * wanted))]
        self._take_in(facts, now)

    def finish(self):
        """What was still on its way when the month was over."""
        now = datetime.combine(self.first + timedelta(days=self.days + 1), time(3, 45))
        with freeze_time(now):
            self.counts["late"] += len(self.late)
            self._take_in(self.late, now)
        with freeze_time(now + timedelta(hours=8)):
            self.house.close_days()
            self._book()

    def _fact(self, day, now):
        machine, slot, sku, price = self.chance.choice(self.slots)
        moment = now - timedelta(seconds=self.chance.randrange(13 * 3600))
        outcome, pay = self.chance.choice(OUTCOMES), self.chance.choice(PAYS)
        data = {"vend_id": str(uuid4()), "slot": slot, "sku": sku, "price": price, "pay": pay}
        data |= {"qty": self.chance.choice((1, 1, 1, 1, 2, 3)), "currency": self.currency}
        data |= {"outcome": outcome, "price_version": 1, "sensor": "confirmed"}
        if outcome == "failed":
            data["refunded"] = self.chance.random() < 0.5
        return machine, data, moment

    def _take_in(self, facts, now):
        from odoo.addons.wine_vending.core.facts import Fact

        for start in range(0, len(facts), BATCH):
            with self.house.env() as env:
                batch = []
                for machine, data, moment, *_again in facts[start : start + BATCH]:
                    self.position += 1
                    batch.append(
                        Fact(
                            *(machine, "vend.local", dict(data), moment, now),
                            reference=str(uuid4()),
                            position=(1, self.position),
                        )
                    )
                env["wine.machine"]._project(batch)
                wrong = [fact for fact in batch if fact.result not in ("done", "duplicate")]
                assert not wrong, [(fact.result, fact.data) for fact in wrong[:3]]

    def _refund(self):
        """Vends of any day before; some get back a part now, and perhaps more another day."""
        from odoo.tools import SQL

        wanted = int(REFUNDS * self.vends / self.days)
        with self.house.env() as env:
            rows = env.execute_query(
                SQL(
                    "SELECT id FROM wine_vend WHERE state = 'captured' AND pay_kind <> 'free'"
                    " AND amount_captured > COALESCE(amount_refunded, 0)"
                    " ORDER BY md5(uuid) LIMIT %s",
                    wanted,
                )
            )
            vends = env["wine.vend"].browse(row[0] for row in rows)
            self.counts["refunded"] += len(vends)
            in_part = vends.filtered(lambda vend: self._left(vend) > 1).filtered(
                lambda vend: self.chance.random() < IN_PART
            )
            for vend in in_part:
                vend._refund(amount=self.chance.randint(1, self._left(vend) - 1) / 100)
            (vends - in_part)._refund()

    @staticmethod
    def _left(vend):
        return round(100 * (vend.amount_captured - vend.amount_refunded))

    def _book(self):
        with self.house.env() as env:
            waiting = env["wine.share.accrual"]._days_waiting()
        for company, currency, day in waiting:
            with self.house.env() as env:
                accrual = env["wine.share.accrual"]
                accrual._accrue(company.with_env(env), currency.with_env(env), day)


# === ADDED UP, EACH ON ITS OWN === #

ORDERS = """
    SELECT COALESCE(SUM(line.price_subtotal), 0)
      FROM pos_order_line line JOIN pos_order ord ON ord.id = line.order_id
      JOIN wine_vend vend ON vend.id = ord.wine_vend_id
     WHERE vend.pay_kind NOT IN ('free', 'test')"""
LEDGER = "SELECT account_kind, SUM(amount) FROM wine_share_entry GROUP BY 1"
REVENUE = """
    SELECT -SUM(line.balance) FROM account_move_line line
      JOIN account_account account ON account.id = line.account_id
     WHERE account.account_type IN ('income', 'income_other') AND line.move_id IN (
           SELECT move_id FROM pos_session WHERE wine_business_date IS NOT NULL)"""
EARNED = """
    SELECT partner_id, SUM(amount) FROM wine_share_entry
     WHERE account_kind = 'party' GROUP BY 1 HAVING SUM(amount) <> 0"""
PAYABLE = """
    SELECT line.partner_id, -SUM(line.balance) FROM account_move_line line
      JOIN account_account account ON account.id = line.account_id
     WHERE account.account_type = 'liability_payable' AND line.move_id IN (
           SELECT move_id FROM wine_share_accrual) AND line.parent_state = 'posted'
     GROUP BY 1 HAVING SUM(line.balance) <> 0"""
EXPENSE = """
    SELECT SUM(line.balance) FROM account_move_line line
      JOIN account_account account ON account.id = line.account_id
     WHERE LEFT(account.account_type, 7) = 'expense' AND line.parent_state = 'posted'
       AND line.move_id IN (SELECT move_id FROM wine_share_accrual)"""
PER_LINE = """
    SELECT COUNT(*) FROM (
        SELECT source FROM wine_share_entry GROUP BY source HAVING SUM(amount) <> 0) uneven"""
BY_DAY = """
    SELECT COUNT(*) FROM (
        SELECT ord.wine_region_id AS region_id, ord.wine_business_date AS date,
               SUM(line.price_subtotal) AS net
          FROM pos_order_line line JOIN pos_order ord ON ord.id = line.order_id
          JOIN wine_vend vend ON vend.id = ord.wine_vend_id
         WHERE vend.pay_kind NOT IN ('free', 'test') GROUP BY 1, 2) orders
      FULL JOIN (
        SELECT region_id, date, -SUM(amount) AS net FROM wine_share_entry
         WHERE account_kind = 'pool' GROUP BY 1, 2) ledger USING (region_id, date)
     WHERE ROUND(COALESCE(orders.net, 0) - COALESCE(ledger.net, 0), 4) <> 0"""
TWICE_SHARED = """
    SELECT COUNT(*) FROM (
        SELECT source FROM wine_share_entry
         WHERE kind = 'sale' AND account_kind = 'pool' GROUP BY 1 HAVING COUNT(*) > 1) twice"""
GIVEN_BACK = """
    SELECT COUNT(*) FROM (
        SELECT first.id FROM wine_share_entry first
          JOIN wine_share_entry back ON back.reverses_id = first.id AND back.kind = 'reversal'
         GROUP BY first.id HAVING SUM(back.amount) * SIGN(first.amount) < -ABS(first.amount)
            OR MAX(SIGN(back.amount) * SIGN(first.amount)) > 0) beyond"""
LEFT_OVER = """
    SELECT COUNT(*) FROM (
        SELECT entry.account_id, entry.vend_id FROM wine_share_entry entry
          JOIN wine_vend vend ON vend.id = entry.vend_id
         WHERE vend.state = 'refunded' AND entry.kind IN ('sale', 'reversal')
         GROUP BY 1, 2 HAVING SUM(entry.amount) <> 0) left_over"""
VERSIONS = """
    SELECT policy.name, policy.version, COUNT(DISTINCT entry.source) FROM wine_share_entry entry
      JOIN wine_share_policy policy ON policy.id = entry.policy_id
     WHERE entry.kind = 'sale' GROUP BY 1, 2 ORDER BY 1, 2"""


def total(house, sql):
    """The single number of a query, exact."""
    return Decimal(str(house.query(sql)[0][0] or 0)).quantize(Decimal("0.0001"))


def by_partner(house, sql):
    return {
        partner: Decimal(str(amount)).quantize(Decimal("0.0001"))
        for partner, amount in house.query(sql)
    }


def check(house):
    """Orders = ledger = general ledger; returns the figures."""
    orders, revenue = total(house, ORDERS), total(house, REVENUE)
    ledger = {
        kind: Decimal(str(amount)).quantize(Decimal("0.0001"))
        for kind, amount in house.query(LEDGER)
    }
    earned, payable = by_partner(house, EARNED), by_partner(house, PAYABLE)
    expense = total(house, EXPENSE)
    assert orders == revenue == -ledger["pool"] == ledger["party"] + ledger["platform"]
    assert earned == payable and expense == sum(earned.values()) == ledger["party"]
    assert revenue - expense == ledger["platform"]
    assert not total(house, PER_LINE) and not total(house, BY_DAY)
    assert not total(house, TWICE_SHARED) and not total(house, GIVEN_BACK)
    assert not total(house, LEFT_OVER)
    assert not total(house, "SELECT COUNT(*) FROM wine_share_entry WHERE accrual_id IS NULL")
    assert not total(
        house, "SELECT COUNT(*) FROM wine_share_entry WHERE amount <> ROUND(amount::numeric, 2)"
    )
    return orders, ledger, revenue, expense, len(earned)


def live(vends, days):
    """Live it, and add it up; prints the figures."""
    with House("wine_trial") as house:
        month = Month(house, random.Random(30), vends, days)
        for number in range(days):
            month.live(number)
        month.finish()
        with stopwatch() as seconds:
            orders, ledger, revenue, expense, partners = check(house)
        versions = house.query(VERSIONS)
        entries = house.query("SELECT COUNT(*) FROM wine_share_entry")[0][0]
    assert {version for name, version, _lines in versions if name == "Trial"} == {1, 2, 3}
    counts, spent = month.counts, month.spent
    report(
        f"{counts['vends']:,} vends of {days} days, {counts['refunded']:,} refunds",
        [
            ("reported late, reported twice", f"{counts['late']:,}, {counts['twice']:,}"),
            *((f"lines by {name} v{version}", f"{n:,}") for name, version, n in versions),
            ("entries of the share ledger", f"{entries:,}"),
            ("orders, net of tax", f"{orders:,.2f}"),
            ("share ledger", f"{-ledger['pool']:,.2f}"),
            ("general ledger, revenue", f"{revenue:,.2f}"),
            (f"of it to {partners} partners", f"{expense:,.2f}"),
            *((name, f"{spent[name]:,.1f} s") for name in spent),
            ("a vend, all of its shares", f"{1000 * spent['selling'] / counts['vends']:.2f} ms"),
            ("adding up", f"{seconds():.1f} s"),
        ],
    )
