# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.addons.wine_vending.core.money import from_minor, to_minor
from odoo.addons.wine_vending.models.wine_told import read_told
from odoo.exceptions import UserError

from ..core.rules import ROLES
from ..core.sentence import explain
from ..core.told import _lt
from .wine_share_account import KINDS as ACCOUNT_KINDS

KINDS = [
    ("sale", "Sale"),
    ("reversal", "Reversal"),
    ("rent", "Rent"),
    ("split", "Split"),
    ("adjustment", "Adjustment"),
]
STATES = [
    ("held", "Held"),
    ("available", "Available"),
    ("settling", "In settlement"),
    ("paid", "Paid"),
]
HELD_FOR = [
    ("window", "Refund window"),
    ("case", "Open case"),
    ("unverified", "Partner not verified"),
    ("dispute", "Dispute"),
]
CHANNELS = [("machine", "Machine"), ("shop", "Shop"), ("website", "Website")]
ROLE_NAMES = {
    "pool": "Sale to be shared",
    "platform": "Platform",
    "operator": "Region operator",
    "operator_above": "Operator above",
    "host": "Site host",
    "salesperson": "Salesperson",
    "supplier": "Supplier",
    "referrer": "Referrer",
    "partner": "Partner",
}
#: adjustments that the ledger makes by itself
WHY = {
    "rounding": _lt("What the refund gave back beyond the sale, or its own rounding"),
}
#: what may change of an entry; everything else is as it was written
CHANGING = {
    "state",
    "hold_until",
    "held_for",
    "dispute_case_id",
    "accrual_id",
    "settlement_id",
}
#: where an entry is found in the books
BOOKED = {"accrual_id", "settlement_id"}
#: only code of this addon holds this object; a context that comes from outside cannot
_FLOW = object()


class Copied(fields.Many2one):
    """A record that an entry takes over from its source, without a foreign key of its own.

    The account of an entry has one; vends, and rules that were in force, are never deleted; from
    these the others follow. Checking a dozen keys for each of several rows a sale would double what
    posting costs.
    """

    def update_db_foreign_key(self, model, column):
        """None."""


class WineShareEntry(models.Model):
    """One movement of one share account: what somebody earned by a sale, or gave back of it.

    The story of an amount::

        held ──▶ available ──▶ in settlement ──▶ paid
        (refund window, open case,        │
         partner not verified, dispute)   └─▶ available again, where nothing was paid

    Entries are written in the transaction that writes the order, several at once whose sum is zero:
    the pool account gives what the sale brought net of tax, the others receive it. What is taken
    back is a new entry that names the first one. Where only a part of an entry is taken for a
    withdrawal, a pair of entries *splits* it. An entry is never edited nor deleted; only its state
    moves on, by ``_set_state``.

    The source is the identity of the fact (the order line, the month of a rent…): the same fact
    taken in again writes nothing.
    """

    _name = "wine.share.entry"
    _inherit = ["wine.reach"]
    _description = "Share entry"
    _log_access = False  # who and when is in what an entry comes from; see ``create_date``
    _order = "date desc, id desc"

    source = fields.Char(required=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="available")
    account_id = fields.Many2one(
        "wine.share.account", required=True, readonly=True, ondelete="restrict"
    )
    account_kind = fields.Selection(
        ACCOUNT_KINDS, "Kind of account", required=True, readonly=True, default="party"
    )
    partner_id = Copied("res.partner", required=True, readonly=True, index=True)
    role = fields.Selection(
        [("pool", ROLE_NAMES["pool"]), *((role, ROLE_NAMES[role]) for role in ROLES)],
        readonly=True,
        required=True,
    )
    policy_id = Copied("wine.share.policy", readonly=True, index="btree_not_null")
    policy_line_id = Copied("wine.share.policy.line", readonly=True)
    company_id = Copied("res.company", required=True, readonly=True)
    currency_id = Copied("res.currency", required=True, readonly=True)
    region_id = Copied("wine.region", readonly=True)
    site_id = Copied("wine.site", readonly=True, index="btree_not_null")
    machine_id = Copied("wine.machine", readonly=True, index="btree_not_null")
    vend_id = Copied("wine.vend", readonly=True, index="btree_not_null")
    product_id = Copied("product.product", readonly=True)
    channel = fields.Selection(CHANNELS, readonly=True)
    date = fields.Date("Business date", required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    base_amount = fields.Monetary("Taken of", readonly=True)
    detail = fields.Json(readonly=True, help="How the amount was found.")
    sentence = fields.Char("Why", compute="_compute_sentence")
    create_date = fields.Datetime(
        "Posted", required=True, readonly=True, default=lambda self: fields.Datetime.now()
    )
    reverses_id = fields.Many2one(
        "wine.share.entry", "Takes back", readonly=True, index="btree_not_null"
    )
    hold_until = fields.Date("Held until", readonly=True)
    held_for = fields.Selection(HELD_FOR, "Held for", readonly=True)
    given_net = fields.Integer(
        "Net given back", readonly=True, help="Minor units; on the pool entry of a sale."
    )
    given_paid = fields.Integer(
        "Money given back", readonly=True, help="Minor units; on the pool entry of a sale."
    )
    dispute_case_id = fields.Many2one("wine.case", "Dispute", readonly=True, index="btree_not_null")

    _identity = models.UniqueIndex(
        "(source, account_id, kind, role, COALESCE(policy_line_id, 0))",
        "This fact is in the share ledger already.",
    )
    _by_date = models.Index("(date DESC, id DESC)")
    _by_account = models.Index("(account_id, state, date, id)")

    # === COMPUTE === #

    @api.depends("detail")
    @api.depends_context("lang")
    def _compute_sentence(self):
        for entry in self:
            entry.sentence = read_told(self.env, entry.sudo()._told())

    def _told(self):
        """Why the amount is what it is, to be read in the reader's language."""
        self.ensure_one()
        currency = self.currency_id
        digits = currency.decimal_places

        def money(minor):
            return currency.format(float(from_minor(minor, digits)))

        detail, first = dict(self.detail or {}), self.reverses_id
        if self.kind == "reversal":
            detail = {**(first.detail or {}), **detail}
        if detail.get("why") in WHY:
            return WHY[detail["why"]]
        if self.role == "pool":
            return self._told_pool(detail, money)
        return explain(
            self.kind,
            self.role,
            detail.get("base"),
            to_minor((first if self.kind == "reversal" else self).base_amount, digits),
            detail,
            money,
            self.policy_id.name,
            self.policy_id.version,
        )

    def _told_pool(self, detail, money):
        digits = self.currency_id.decimal_places
        if self.kind == "sale":
            return explain("pool", "pool", None, to_minor(self.base_amount, digits), {}, money)
        if self.kind == "reversal":
            return _lt(
                "Given back, %(given)s of %(whole)s net of tax so far",
                given=money(detail["given"]),
                whole=money(detail["whole"]),
            )
        return explain(self.kind, "pool", None, 0, detail, money)

    @api.model
    def _balances(self, accounts):
        """dict account id → dict state → sum of amounts; what the reader may see."""
        rows = self._read_group(
            [("account_id", "in", accounts.ids)], ["account_id", "state"], ["amount:sum"]
        )
        sums = {}
        for account, state, amount in rows:
            sums.setdefault(account.id, {})[state] = account.currency_id.round(amount)
        return sums

    # === CRUD === #

    def write(self, vals):
        self.check_access("write")
        flow = self.env.context.get("wine_flow") is _FLOW
        if vals.keys() - (CHANGING if flow else BOOKED):
            raise UserError(
                self.env._(
                    "A share entry is history and is not edited. Correct it by an adjustment."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("A share entry is history and is not deleted. Correct it by an adjustment.")
        )
