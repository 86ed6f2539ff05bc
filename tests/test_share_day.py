# SPDX-License-Identifier: LGPL-3.0-or-later
"""From a bottle to a bank account: machines sell over MQTT, partners are paid, the books agree.

Machines sell, fail and say things twice; the bridge is killed; consumers get money back before and
after the partner applied for it. The host of a site enters a bank account, applies on the portal,
two people of finance look at it, the bank pays. At the end each cent of each order is found in the
share ledger and in the general ledger, once.
"""

from collections import defaultdict
from decimal import Decimal

import pytest
from lxml import html

from fleet.crowd import Crowd
from fleet.options import Options
from fleet.runner import Fleet
from tests.browserless import Visitor
from tests.harness import House
from tools.env import kit

DATABASE = "wine_shares"
SELLING = Options(
    seed=23,
    speed=300.0,
    rate=0,
    start_spread=0.5,
    ack_timeout=3.0,
    dispense=0.05,
    fail_rate=0.05,
    keep_rate=0.5,
    duplicate_rate=0.3,
    drift=20.0,
)
#: name, role, value, and what goes with it; the chain of the policy that all of this shares by
CHAIN = (
    {"role": "supplier", "value": "percent", "base": "margin", "percent": 20.0},
    {"role": "host", "value": "percent", "base": "net", "percent": 7.5},
    {"role": "operator", "value": "percent", "base": "remainder", "percent": 33.33},
    {"role": "operator_above", "value": "unit", "amount": 0.07},
    {"role": "platform", "value": "residual"},
)


class Trade:
    """What happens, step by step; the tests look at what it left behind."""

    def __init__(self, house, fleet, address):
        self.house, self.fleet, self.address = house, fleet, address
        self.known = {}

    def live(self):
        self.house.do(self._policy)
        self.fleet.start()
        assert self.fleet.run_until(self.fleet.ready, 60), "not every machine got its planogram"
        self.sell(120)
        self.house.kill_bridge()
        self.house.start_bridge(wait=False)
        self.sell(80)
        self.refunded = self.house.do(lambda env: self._refund(env, 12))
        self.ledger_before = self.ledger()
        self.house.do(self._take_in_again)
        assert self.house.until(lambda: not self.house.waiting(), 120)
        self.ledger_after = self.ledger()
        self.house.close_days()
        self.house.do(lambda env: self._days_pass(env))
        self.withdraw()
        self.late_refund = self.house.do(lambda env: self._refund_of_host(env))
        self.approve()
        self.house.do(lambda env: self._bank_pays(env))
        self.house.close_days()
        self.house.do(lambda env: env["wine.share.accrual"]._cron_accrue())

    def sell(self, vends):
        crowd = Crowd(self.fleet, vends=vends)
        self.fleet.actors.append(crowd)
        assert self.fleet.run_until(lambda: crowd.closed, 240), "the crowd does not buy"
        self.fleet.actors.clear()
        for machine in self.fleet.machines:
            machine.go_online()
        assert self.fleet.run_until(self.fleet.drained, 120), "events are not acknowledged"
        assert self.house.until(lambda: not self.house.waiting(), 120), "messages are not used"

    # === THE OFFICE === #

    def _policy(self, env):
        from odoo import Command

        company = env.ref("base.main_company")
        company.share_bank_cooldown = 0
        self.house.rest_policies(env)
        policy = env["wine.share.policy"].create(
            {
                "name": "Everywhere",
                "company_id": company.id,
                "date_from": "2020-01-01",
                "hold_days": 3,
                "line_ids": [
                    Command.create({"sequence": number, **line})
                    for number, line in enumerate(CHAIN, 1)
                ],
            }
        )
        policy.action_activate()
        self.host = self._partner_of(env, "host").id

    @staticmethod
    def _partner_of(env, login):
        user = env["res.users"].search([("login", "=", login)])
        return user.partner_id.commercial_partner_id

    def _refund(self, env, count):
        """Some bottles are paid back, whole or in part."""
        vends = env["wine.vend"].search(
            [("state", "=", "captured"), ("amount_total", ">", 1)], limit=count, order="id"
        )
        for number, vend in enumerate(vends):
            part = vend.currency_id.round(vend.amount_captured / 3) if number % 2 else None
            vend._refund(amount=part)
        return vends.ids

    def _refund_of_host(self, env):
        """Money of a share that the host has applied for already goes back to a consumer."""
        entry = env["wine.share.entry"].search(
            [
                ("partner_id", "=", self.host),
                ("state", "=", "settling"),
                ("kind", "=", "sale"),
                ("vend_id.state", "=", "captured"),
            ],
            limit=1,
        )
        assert entry, "nothing of the host's money is on its way"
        before = self.balance(env)
        entry.vend_id._refund()
        assert entry.vend_id.state == "refunded", "the consumer waits"
        return {"amount": before - self.balance(env), "share": Decimal(str(entry.amount))}

    def balance(self, env):
        account = env["wine.share.account"].search([("partner_id", "=", self.host)])
        account.invalidate_recordset()
        return Decimal(str(round(sum(account.mapped("earned")), 2)))

    @staticmethod
    def _take_in_again(env):
        """Every message once more, as after a restore."""
        env.cr.execute("UPDATE wine_bridge_event SET state = 'new' WHERE state = 'done'")

    @staticmethod
    def _days_pass(env):
        """The refund window is over; the days are booked; the partner was looked at."""
        env.cr.execute(
            "UPDATE wine_share_entry SET hold_until = CURRENT_DATE - 1 WHERE hold_until IS NOT NULL"
        )
        env.invalidate_all()
        env["wine.case"].search([("state", "=", "open")])._close("looked at")
        env["wine.share.accrual"]._cron_accrue()

    # === THE HOST, AND FINANCE === #

    def withdraw(self):
        host = Visitor(self.address, "host")
        platform = Visitor(self.address, "platform")
        account = self.house.do(
            lambda env: env["wine.share.account"].search([("partner_id", "=", self.host)]).id
        )
        self.house.do(lambda env: env["wine.share.entry"]._cron_release())
        host.page("/my/share/bank")
        host.submit(
            "/my/share/bank", account=account, acc_number="DE02120300000000202051", bank_name="DKB"
        )
        bank = self.house.do(
            lambda env: env["res.partner.bank"].search([("partner_id", "=", self.host)]).id
        )
        assert bank, "the bank account of the host is not there"
        application = {"account": account, "amount": "1.00", "bank": bank}
        host.page("/my/share/withdrawals/new")
        host.submit("/my/share/withdrawals/new", **application)
        self.too_early = self.house.query("SELECT count(*) FROM wine_share_withdrawal")[0][0]
        seen = {"account_id": account, "identity_seen": True, "tax_seen": True, "bank_seen": True}
        guide = platform.call("wine.share.verify", "create", [seen])
        platform.call("wine.share.verify", "action_verify", guide)
        platform.call("res.partner.bank", "write", [bank], {"allow_out_payment": True})
        self.house.do(lambda env: env["wine.share.entry"]._cron_release())
        host.page("/my/share/withdrawals/new")
        self.asked = self.house.do(lambda env: self._most_of_it(env, account))
        application["amount"] = f"{self.asked:.2f}"
        answer, _url = host.submit("/my/share/withdrawals/new", **application)
        self.withdrawal = self.house.do(
            lambda env: env["wine.share.withdrawal"].search([("partner_id", "=", self.host)]).id
        )
        assert self.withdrawal, html.fromstring(answer).get_element_by_id("wrap").text_content()

    @staticmethod
    def _most_of_it(env, account):
        """Two thirds of what is available: the last share has to be split."""
        available = env["wine.share.account"].browse(account).available
        assert available > 1, "the host has earned too little to prove anything"
        return round(available * 2 / 3, 2)

    def approve(self):
        finance = Visitor(self.address, "finance")
        platform = Visitor(self.address, "platform")
        with pytest.raises(AssertionError) as refused:
            platform.call("wine.share.withdrawal", "action_approve", [self.withdrawal])
        self.maker_is_checker = str(refused.value)
        finance.call("wine.share.withdrawal", "action_approve", [self.withdrawal])

    def _bank_pays(self, env):
        """The payment leaves the bank: seen on the statement."""
        settlement = env["wine.share.withdrawal"].browse(self.withdrawal).settlement_id
        settlement.action_mark_paid()

    def ledger(self):
        return self.house.query(
            "SELECT source, kind, role, account_id, amount FROM wine_share_entry ORDER BY 1,2,3,4"
        )


@pytest.fixture(scope="module")
def trade(tmp_path_factory):
    with House(DATABASE) as house:
        config = house.provision()
        house.start_bridge()
        with (
            kit.odoo_server(DATABASE) as address,
            Fleet(config, tmp_path_factory.mktemp("fleet"), SELLING) as fleet,
        ):
            done = Trade(house, fleet, address)
            done.live()
            yield done


def test_every_posting_comes_to_nothing(trade):
    assert not trade.house.query(
        "SELECT split_part(source, '#', 1) FROM wine_share_entry"
        " GROUP BY 1, currency_id HAVING sum(amount) <> 0"
    )


def test_ledger_and_orders_are_the_same_money(trade):
    [(orders,)] = trade.house.query(
        "SELECT sum(price_subtotal) FROM pos_order_line line JOIN pos_order o ON o.id = order_id"
        " JOIN wine_vend vend ON vend.id = o.wine_vend_id"
        " WHERE vend.pay_kind NOT IN ('free', 'test')"
    )
    [(pool,)] = trade.house.query(
        "SELECT sum(amount) FROM wine_share_entry WHERE account_kind = 'pool'"
    )
    assert orders > 0
    assert round(orders, 2) == -round(pool, 2)


def test_several_parties_earn(trade):
    roles = dict(trade.house.query("SELECT role, sum(amount) FROM wine_share_entry GROUP BY 1"))
    for role in ("supplier", "host", "operator", "platform"):
        assert roles.get(role, 0) > 0, f"{role} earned nothing: {roles}"


def test_taken_in_again_changes_nothing(trade):
    assert trade.ledger_before == trade.ledger_after


def test_refunds_take_back_what_was_given(trade):
    sums = defaultdict(Decimal)
    whole = {
        row[0]
        for row in trade.house.query(
            "SELECT id FROM wine_vend WHERE id = ANY(%s) AND state = 'refunded'", trade.refunded
        )
    }
    assert len(whole) >= 3
    for vend, account, amount in trade.house.query(
        "SELECT vend_id, account_id, amount FROM wine_share_entry WHERE vend_id = ANY(%s)",
        list(whole),
    ):
        sums[vend, account] += Decimal(str(amount))
    assert sums
    assert not any(sums.values())


def test_nothing_is_paid_before_somebody_looked(trade):
    assert not trade.too_early
    assert "Somebody else decides" in trade.maker_is_checker


def test_a_consumer_does_not_wait_for_a_partner(trade):
    assert trade.late_refund["amount"] == trade.late_refund["share"] > 0


def test_the_host_is_paid_less_what_went_back(trade):
    [(state, amount, net)] = trade.house.query(
        "SELECT w.state, w.amount, s.net FROM wine_share_withdrawal w"
        " JOIN wine_share_settlement s ON s.id = w.settlement_id WHERE w.id = %s",
        trade.withdrawal,
    )
    assert (state, float(amount)) == ("paid", trade.asked)
    assert 0 < net <= amount
    [(paid,)] = trade.house.query(
        "SELECT sum(amount) FROM wine_share_entry WHERE partner_id = %s AND state = 'paid'",
        trade.host,
    )
    assert paid == net


def test_what_the_books_owe_is_what_the_ledger_says(trade):
    """Payable to each partner = what they earned and were not paid."""
    owed = dict(
        trade.house.query(
            "SELECT line.partner_id, -sum(line.balance) FROM account_move_line line"
            " JOIN account_move move ON move.id = line.move_id AND move.state = 'posted'"
            " JOIN res_company company ON company.wine_share_payable_account_id = line.account_id"
            " GROUP BY 1 HAVING sum(line.balance) <> 0"
        )
    )
    unpaid = dict(
        trade.house.query(
            "SELECT partner_id, sum(amount) FROM wine_share_entry"
            " WHERE account_kind = 'party' AND state <> 'paid' GROUP BY 1 HAVING sum(amount) <> 0"
        )
    )
    assert unpaid
    assert owed == unpaid
