# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.addons.wine_vending.core.money import from_minor, to_minor
from odoo.exceptions import AccessError, UserError

from .wine_share_entry import ROLE_NAMES

STATES = [
    ("draft", "Draft"),
    ("waiting", "To be checked"),
    ("posted", "Posted"),
    ("refused", "Refused"),
]
#: what the maker writes, and nobody changes afterwards
WRITTEN = {"account_id", "amount", "reason", "role", "region_id", "entry_id", "case_id"}
#: what one person adjusts in so many days counts together against the limit
SUM_DAYS = 30
#: only code of this addon holds this object; a context that comes from outside cannot
_FLOW = object()


class WineShareAdjustment(models.Model):
    """A correction of the share ledger, with who made it and why.

    **draft** ─▶ **posted**, or, above the company's limit, **draft** ─▶ **to be checked** ─▶
    **posted** or **refused** by somebody else than the maker. Posted, it is a pair of entries: what
    the partner receives the platform gives, or the other way round. It is never changed; a wrong
    one is corrected by another one. Nobody adjusts the account of the own company.
    """

    _name = "wine.share.adjustment"
    _inherit = ["wine.reach"]
    _description = "Adjustment of a share account"
    _order = "id desc"

    name = fields.Char(compute="_compute_name")
    account_id = fields.Many2one(
        "wine.share.account",
        required=True,
        index=True,
        ondelete="restrict",
        domain=[("kind", "=", "party")],
    )
    partner_id = fields.Many2one(related="account_id.partner_id")
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    currency_id = fields.Many2one(related="account_id.currency_id")
    amount = fields.Monetary(
        required=True, help="Above zero the partner receives it; below zero the partner gives it."
    )
    reason = fields.Char(required=True, help="The partner reads this in the ledger.")
    role = fields.Selection(
        [(role, name) for role, name in ROLE_NAMES.items() if role not in ("pool", "platform")],
        required=True,
        default="partner",
    )
    region_id = fields.Many2one("wine.region", index="btree_not_null")
    entry_id = fields.Many2one("wine.share.entry", "Corrects", index="btree_not_null")
    case_id = fields.Many2one("wine.case", "Dispute", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="draft", index=True)
    maker_id = fields.Many2one(
        "res.users", "Made by", readonly=True, default=lambda self: self.env.user
    )
    checker_id = fields.Many2one("res.users", "Checked by", readonly=True)
    decided_at = fields.Datetime(readonly=True)

    _something = models.Constraint("CHECK(amount != 0)", "An adjustment of nothing is none.")

    # === COMPUTE === #

    @api.depends("account_id", "amount")
    def _compute_name(self):
        for one in self:
            if one.account_id:
                amount = one.currency_id.format(one.amount)
                one.name = f"{one.account_id.sudo().display_name}: {amount}"
            else:
                one.name = self.env._("New adjustment")

    @api.depends("name")
    def _compute_display_name(self):
        for one in self:
            one.display_name = one.name

    # === CRUD === #

    def write(self, vals):
        if vals.keys() & WRITTEN and any(one.state != "draft" for one in self):
            raise UserError(
                self.env._(
                    "What is posted or waits for its check is not changed. Make another one."
                )
            )
        if "state" in vals and self.env.context.get("wine_flow") is not _FLOW:
            raise UserError(self.env._("The state of an adjustment follows from its buttons."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("An adjustment stays, as everything about money does."))

    # === DECIDING === #

    def action_post(self):
        """Post it, or hand it to a colleague where it is above the limit."""
        self._check_finance()
        for one in self.filtered(lambda one: one.state == "draft"):
            if one._above_limit():
                one._set_state("waiting", maker_id=self.env.uid)
            else:
                one._post(maker_id=self.env.uid)
        return True

    def _above_limit(self):
        """Whether this, with what the user adjusted there lately unchecked, needs a second person.

        The account is held meanwhile: two small ones at one time are not both the first.
        """
        one = self.sudo()
        company, today = one.company_id, fields.Date.context_today(self)
        one.account_id._lock()
        lately = one.search(
            [
                ("account_id", "=", one.account_id.id),
                ("maker_id", "=", self.env.uid),
                ("checker_id", "=", False),
                ("state", "=", "posted"),
                ("decided_at", ">=", fields.Date.subtract(today, days=SUM_DAYS)),
            ]
        )
        amount = sum(abs(other.amount) for other in lately | one)
        amount = one.currency_id._convert(amount, company.currency_id, company, today)
        return company.currency_id.compare_amounts(amount, company.share_adjust_limit) > 0

    def action_approve(self):
        """A second person posts it."""
        self._check_finance()
        for one in self.filtered(lambda one: one.state == "waiting"):
            one._check_not_maker()
            one._post(checker_id=self.env.uid)
        return True

    def action_refuse(self):
        """A second person says no; nothing is posted."""
        self._check_finance()
        for one in self.filtered(lambda one: one.state == "waiting"):
            one._check_not_maker()
            one._set_state("refused", checker_id=self.env.uid)
        return True

    def _check_not_maker(self):
        if self.env.user in (self.maker_id, self.sudo().create_uid):
            raise AccessError(
                self.env._("You made this adjustment. A colleague of finance checks it.")
            )

    def _check_finance(self):
        self.check_access("write")
        user = self.env.user
        if not user.has_group("wine_vending.group_wine_finance"):
            raise AccessError(self.env._("Share accounts are adjusted by finance. Ask there."))
        for one in self.sudo():
            if user.partner_id.commercial_partner_id == one.partner_id.commercial_partner_id:
                raise AccessError(
                    self.env._("You belong to %s. Ask a colleague.", one.partner_id.name)
                )

    # === POSTING === #

    def _post(self, **values):
        """Write the pair of entries, once; answer the dispute that it corrects."""
        self.ensure_one()
        self.env["wine.share.entry"].sudo()._post_entries(self.sudo()._entries())
        self._set_state("posted", decided_at=fields.Datetime.now(), **values)
        if self.case_id.state == "open":
            self.case_id._close(self.reason)

    def _entries(self):
        """Values of both entries."""
        minor = to_minor(self.amount, self.currency_id.decimal_places)
        amount = from_minor(minor, self.currency_id.decimal_places)
        of_sale = self.entry_id
        common = {
            "source": f"adjustment:{self.id}",
            "kind": "adjustment",
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "region_id": (self.region_id or of_sale.region_id).id,
            "site_id": of_sale.site_id.id,
            "machine_id": of_sale.machine_id.id,
            "product_id": of_sale.product_id.id,
            "channel": of_sale.channel,
            "date": fields.Date.context_today(self),
            "detail": {"reason": self.reason},
        }
        company = self.company_id.partner_id.commercial_partner_id
        return [
            {**common, "account_id": self.account_id.id, "role": self.role, "amount": amount},
            {
                **common,
                "partner_id": company.id,
                "account_kind": "platform",
                "role": "platform",
                "amount": -amount,
            },
        ]

    def _set_state(self, state, **values):
        self.sudo().with_context(wine_flow=_FLOW).write({"state": state, **values})


class ResCompany(models.Model):
    _inherit = "res.company"

    share_adjust_limit = fields.Monetary(
        "Adjustments checked above",
        default=100,
        help="Above this amount an adjustment of a share account needs a second person.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    share_adjust_limit = fields.Monetary(related="company_id.share_adjust_limit", readonly=False)
