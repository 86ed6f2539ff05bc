# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who may see and decide what: the table of rights, and what hides behind it."""

from odoo.addons.wine_vending.tests.access import AccessCommon
from odoo.addons.wine_vending.tests.test_access import public_methods
from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import tagged

from . import access_books, access_policy, access_redeem


def joined(*tables):
    """Tables of sets, together: several owners add methods to one model."""
    found = {}
    for table in tables:
        for model, names in table.items():
            found[model] = found.get(model, set()) | set(names)
    return found


LOOK = {"region_manager": "r", "finance": "r", "admin": "r"}
MONEY = {"finance": "r", "admin": "r"}
#: model → role → letters: read, write, create, unlink; a role that is missing has nothing
MATRIX = {
    **access_policy.MATRIX,
    **access_books.MATRIX,
    **access_redeem.MATRIX,
    "wine.share.account": MONEY,
    "wine.share.adjustment": {"finance": "rwc", "admin": "rwc"},
    "wine.share.entry": LOOK,
    "wine.share.volume": MONEY,
    "wine.share.reconciliation": LOOK,
    "wine.share.difference": LOOK,
    "wine.share.report": LOOK,
    "wine.share.statement": MONEY,
    "wine.share.statement.payment": MONEY,
}
#: values that may be written where anything may be
HARMLESS = {
    **access_policy.HARMLESS,
    **access_books.HARMLESS,
    **access_redeem.HARMLESS,
    "wine.share.account": {"active": False},
    "wine.share.adjustment": {"reason": "Other"},
    "wine.share.entry": {"state": "paid"},
    "wine.share.volume": {"units": 9},
    "wine.share.reconciliation": {"order_amount": 9},
    "wine.share.difference": {"amount": 9},
    "wine.share.report": {"amount": 9},
    "wine.share.statement": {"opening": 9},
    "wine.share.statement.payment": {"amount": 9},
}
#: a month
STATEMENT = {"date_from": "2020-01-01", "date_to": "2020-01-31"}
#: methods that anyone may call from outside, beside Odoo's own; each guards itself
PUBLIC = joined(
    access_policy.PUBLIC,
    access_redeem.PUBLIC,
    {
        "wine.share.account": {"action_adjust", "action_view_entries"},
        "wine.share.adjustment": {"action_post", "action_approve", "action_refuse"},
        "wine.share.answer": {"action_answer"},
        "wine.share.entry": {"action_adjust", "action_open_source"},
        "wine.case": {"action_answer_dispute"},
        **dict.fromkeys(("wine.vend", "wine.machine", "wine.site"), {"action_view_shares"}),
        "res.partner": {"action_view_share_accounts"},
    },
    {
        "wine.share.statement": {"action_lines", "action_xlsx"},
        "wine.share.reconciliation": {
            "action_compare",
            "action_view_books",
            "action_view_cases",
            "action_view_counters",
            "action_view_orders",
            "action_view_payments",
            "action_view_shares",
        },
        "wine.share.difference": {"action_open", "action_open_case"},
        "wine.case": {"action_view_difference"},
    },
)
PRIVATE = {
    "wine.share.reconciliation": ("_reconcile", "_cron_reconcile", "_take_figures", "_conclude"),
    "wine.share.difference": ("_accept", "_explain", "_open_cases"),
    "wine.share.account": ("_ensure", "_find", "_get", "_lock", "_receivers", "_set_verified"),
    "wine.share.adjustment": ("_post", "_set_state"),
    "wine.share.entry": (
        *("_balances", "_post", "_post_entries", "_insert", "_share", "_take_back", "_dispute"),
        *(
            "_take_available",
            "_release_back",
            "_set_state",
            "_write_flow",
            "_review",
            "_hold_vends",
        ),
    ),
    "wine.share.volume": ("_hold", "_add"),
    "wine.share.statement": ("_issue", "_take_entries", "_file_xlsx", "_tell_partner"),
    "wine.share.goods": ("_stock", "_sales", "_products"),
}


class ShareAccess(AccessCommon):
    """One record of each model of the addon in the own region and in a foreign one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shares = {world.region.code: cls.make_shares(world) for world in (cls.own, cls.foreign)}
        cls.env.flush_all()

    @classmethod
    def make_shares(cls, world):
        """dict model → record; every owner adds those of own models in a method of its own."""
        ledger = cls.make_ledger(world)
        made = [
            *access_policy.make(cls.env, world.region),
            *access_books.make(cls.env, ledger[0]),
            *access_redeem.make(cls.env, ledger[0]),
            *ledger,
            *cls.make_statement(ledger[0]),
            *cls.make_day(world, ledger[1]),
        ]
        return {record._name: record for record in made}

    @classmethod
    def make_day(cls, world, entry):
        """A day that was compared, a difference of it, the entry as the report shows it."""
        day = cls.env["wine.share.reconciliation"].create(cls.day_of(world, "2026-01-01"))
        return (
            day,
            cls.env["wine.share.difference"].create(cls.difference_of(day, "test")),
            cls.env["wine.share.report"].browse(entry.id),
        )

    @staticmethod
    def day_of(world, date):
        region = world.region
        return {"company_id": region.company_id.id, "region_id": region.id, "date": date}

    @staticmethod
    def difference_of(day, subject):
        return {"reconciliation_id": day.id, "kind": "order_missing", "subject": subject}

    @classmethod
    def make_statement(cls, account):
        values = {"account_id": account.id, **STATEMENT}
        statement = cls.env["wine.share.statement"].create(values)
        return statement, cls.env["wine.share.statement.payment"].create(
            cls.payment_of(
                statement, cls.env["wine.share.settlement"].create({"account_id": account.id})
            )
        )

    @staticmethod
    def payment_of(statement, settlement):
        return {
            "statement_id": statement.id,
            "settlement_id": settlement.id,
            "date": "2020-01-31",
            "amount": 1.0,
        }

    @classmethod
    def make_ledger(cls, world):
        partner = cls.env["res.partner"].create({"name": f"Partner of {world.region.code}"})
        account = cls.env["wine.share.account"]._get(world.region.company_id, partner)
        values = {"account_id": account.id, "partner_id": partner.id, "region_id": world.region.id}
        return (
            account,
            cls.env["wine.share.entry"].create({**cls.entry_of(world), **values}),
            cls.env["wine.share.volume"].create({**cls.volume_of(world), "partner_id": partner.id}),
            cls.env["wine.share.adjustment"].create(cls.adjustment_of(account)),
        )

    @classmethod
    def entry_of(cls, world):
        return {
            "source": f"test:{world.region.code}",
            "kind": "adjustment",
            "role": "host",
            "company_id": world.region.company_id.id,
            "currency_id": world.region.currency_id.id,
            "date": "2026-01-01",
            "amount": 1.0,
        }

    @staticmethod
    def adjustment_of(account):
        return {"account_id": account.id, "amount": 1.0, "reason": "Test"}

    @classmethod
    def volume_of(cls, world):
        return {"company_id": world.region.company_id.id, "family": 1, "month": "2026-01-01"}

    def values(self, model, foreign):
        """Values of a new record in the own or the foreign region."""
        world = self.foreign if foreign else self.own
        account = self.shares[world.region.code]["wine.share.account"]
        redeem = access_redeem.fresh(self.env, model, self.shares[world.region.code])
        policy = access_policy.fresh(model, world.region, self.shares[world.region.code])
        books = access_books.fresh(self.env, model, account)
        if redeem or policy or books:
            return redeem or policy or books
        ledger = {"account_id": account.id, "partner_id": account.partner_id.id}
        return {
            "wine.share.account": {
                "company_id": world.region.company_id.id,
                "partner_id": self.env.user.partner_id.id,
                "currency_id": world.region.currency_id.id,
            },
            "wine.share.entry": {**self.entry_of(world), **ledger},
            "wine.share.adjustment": self.adjustment_of(account),
            "wine.share.volume": {**self.volume_of(world), "partner_id": account.partner_id.id},
            "wine.share.reconciliation": self.day_of(world, "2026-01-02"),
            "wine.share.difference": self.difference_of(
                self.shares[world.region.code]["wine.share.reconciliation"], "other"
            ),
            "wine.share.report": {"amount": 1.0},
            "wine.share.statement": {"account_id": account.id, **STATEMENT},
            "wine.share.statement.payment": self.payment_of(
                self.shares[world.region.code]["wine.share.statement"],
                self.shares[world.region.code]["wine.share.statement.payment"].settlement_id,
            ),
        }[model]


@tagged("post_install", "-at_install")
class TestShareAccess(ShareAccess):
    """The table of rights, asked and done."""

    def test_matrix(self):
        self.check_matrix(
            "wine_profit_share",
            MATRIX,
            own=self.shares["TST"].get,
            foreign=self.shares["FAR"].get,
            harmless=HARMLESS.get,
            fresh=self.values,
        )

    def test_every_form_opens(self):
        """What a user may read opens: no field of a view needs more than the view itself."""
        self.check_views(self.shares["TST"].values())

    def test_nothing_foreign_is_found(self):
        for model, record in self.shares["FAR"].items():
            if "r" not in MATRIX[model].get("region_manager", ""):
                continue
            with self.subTest(model=model):
                mine = self.env_of("region_manager")[model]
                self.assertFalse(mine.search([("id", "=", record.id)]))
                groups = mine.formatted_read_group([("id", "=", record.id)], [], ["__count"])
                self.assertFalse(groups[0]["__count"])
                with self.refused():
                    mine.browse(record.id).read(["display_name"])


@tagged("post_install", "-at_install")
class TestShareRpc(ShareAccess):
    """From outside."""

    def test_every_public_method_is_known(self):
        known = {}
        for table in (PUBLIC, access_books.PUBLIC):
            for model, names in table.items():
                known[model] = known.get(model, set()) | names
        self.assertEqual(public_methods(self.env, "wine_profit_share"), known)

    def test_private_methods(self):
        tables = (PRIVATE, access_books.PRIVATE, access_policy.PRIVATE, access_redeem.PRIVATE)
        for model, names in (pair for table in tables for pair in table.items()):
            for name in names:
                with self.subTest(model=model, method=name), self.assertRaises(AccessError):
                    self.assertTrue(hasattr(self.env[model], name), "no such method any more")
                    get_public_method(self.env[model], name)
