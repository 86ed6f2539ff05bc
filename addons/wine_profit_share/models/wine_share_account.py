# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.rules import PLATFORM

KINDS = [
    ("pool", "Sales to be shared"),
    ("platform", "The company's own part"),
    ("party", "Partner"),
]


class WineShareAccount(models.Model):
    """What one party has earned, and how far it is on its way to the bank.

    There is one account for each company, partner, currency and kind. Every posting is double: the
    *pool* account of the company gives what a sale brought, net of tax, and the accounts of those
    who share in it receive the same sum. What the company keeps for itself is on its *platform*
    account. Nobody writes a balance: it is the sum of the entries.

    Whoever decides over money of an account (a withdrawal, a settlement) takes the account's lock
    first, so that nothing is taken twice. A partner is *verified* by finance (identity, tax number,
    bank account); until then what was earned is held.
    """

    _name = "wine.share.account"
    _inherit = ["wine.reach"]
    _description = "Share account"
    _order = "kind desc, id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True, default="party", index=True)
    active = fields.Boolean(default=True, readonly=True)
    verified = fields.Boolean(readonly=True, help="Until then what the partner earns is held.")
    verified_by_id = fields.Many2one("res.users", "Verified by", readonly=True)
    verified_at = fields.Datetime("Verified at", readonly=True)
    revision = fields.Integer(readonly=True, help="Counts the decisions over the account's money.")
    entry_ids = fields.One2many("wine.share.entry", "account_id", "Entries", readonly=True)
    held = fields.Monetary(compute="_compute_balances")
    available = fields.Monetary(compute="_compute_balances")
    in_settlement = fields.Monetary("In settlement", compute="_compute_balances")
    paid = fields.Monetary(compute="_compute_balances")
    earned = fields.Monetary(compute="_compute_balances", help="All entries together.")

    _one = models.Constraint(
        "UNIQUE(company_id, partner_id, currency_id, kind)",
        "This partner has an account of this kind and currency already.",
    )

    # === COMPUTE === #

    @api.depends("partner_id.name", "kind", "currency_id.name")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for account in self:
            name = account.sudo().partner_id.name or ""
            if account.kind != "party":
                name = f"{name}: {labels[account.kind]}"
            account.display_name = name

    @api.depends_context("uid")
    def _compute_balances(self):
        sums = self.env["wine.share.entry"]._balances(self)
        for account in self:
            states = sums.get(account.id, {})
            account.held = states.get("held", 0)
            account.available = states.get("available", 0)
            account.in_settlement = states.get("settling", 0)
            account.paid = states.get("paid", 0)
            account.earned = sum(states.values())

    # === FINDING, MAKING, LOCKING === #

    @api.model
    def _get(self, company, partner, currency=None, kind="party"):
        """The account of a partner, made where there is none yet.

        :return: ``wine.share.account`` as superuser
        """
        currency = currency or company.currency_id
        ids = self._ensure([(company.id, partner.id, currency.id, kind)])
        return self.sudo().browse(ids.values())

    @api.model
    def _ensure(self, keys):
        """Accounts of many (company, partner, currency, kind), ids all; missing ones are made.

        :return: dict key → account id
        """
        keys = set(keys)
        found = self._find(keys)
        missing = sorted(keys - found.keys())
        if missing:
            self.sudo().create(
                [
                    {
                        "company_id": company,
                        "partner_id": partner,
                        "currency_id": currency,
                        "kind": kind,
                        "verified": kind != "party",
                    }
                    for company, partner, currency, kind in missing
                ]
            )
            found = self._find(keys)
        return found

    @api.model
    def _find(self, keys):
        if not keys:
            return {}
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT company_id, partner_id, currency_id, kind, id FROM wine_share_account "
                "WHERE partner_id IN %s",
                tuple({key[1] for key in keys}),
            )
        )
        return {row[:4]: row[4] for row in rows if row[:4] in keys}

    @api.model
    def _receivers(self, company, partner_ids):
        """Accounts of a company's receivers in its currency, with what a posting needs of them.

        :return: dict partner id → (account id, kind, partner id, verified); ``PLATFORM`` for the
            company's own part and ``"pool"`` for its pool
        """
        own, currency = company.partner_id.commercial_partner_id.id, company.currency_id.id
        keys = {partner: (company.id, partner, currency, "party") for partner in partner_ids}
        keys[PLATFORM] = (company.id, own, currency, "platform")
        keys["pool"] = (company.id, own, currency, "pool")
        ids = self._ensure(keys.values())
        self.env.cr.execute(
            "SELECT id FROM wine_share_account WHERE verified AND id = ANY(%s)",
            [list(ids.values())],
        )
        verified = {row[0] for row in self.env.cr.fetchall()}
        return {
            receiver: (ids[key], key[3], key[1], ids[key] in verified)
            for receiver, key in keys.items()
        }

    def _lock(self):
        """Hold this account to the end of the transaction: money is decided one after the other.

        Who comes second and began before the first was done is refused by PostgreSQL (40001), and
        Odoo runs the request again on what is then true.
        """
        self.ensure_one()
        self.flush_recordset()
        self.env.execute_query(
            SQL(
                "UPDATE wine_share_account SET revision = COALESCE(revision, 0) + 1 "
                "WHERE id = %s RETURNING id",
                self.id,
            )
        )
        self.env["wine.share.entry"].flush_model()
        self.invalidate_recordset(flush=False)
        self.env["wine.share.entry"].invalidate_model(flush=False)

    # === VERIFICATION === #

    def _set_verified(self, verified=True):
        """Finance has looked at the partner (or takes that back); says who and when."""
        for account in self.filtered(lambda account: account.verified != verified):
            account.sudo().write(
                {
                    "verified": verified,
                    "verified_by_id": self.env.uid if verified else False,
                    "verified_at": fields.Datetime.now() if verified else False,
                }
            )

    # === CRUD === #

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("A share account is the history of a partner's money and stays.")
        )
