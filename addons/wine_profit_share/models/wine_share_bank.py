# SPDX-License-Identifier: LGPL-3.0-or-later
"""Bank accounts that money is paid to: who changed them, when they may be used."""

from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_datetime

from .wine_share_withdrawal import UNDER_WAY

#: where money goes; a change of any of these is a new destination
ROUTING = (
    "acc_number",
    "sanitized_acc_number",
    "partner_id",
    "acc_holder_name",
    "bank_id",
    "clearing_number",
    "active",
)


class WineShareBankChange(models.Model):
    """Who made, changed or trusted a bank account. Written once, never edited or deleted."""

    _name = "wine.share.bank.change"
    _description = "Change of a bank account"
    _inherit = "wine.reach"
    _order = "id desc"

    bank_id = fields.Many2one("res.partner.bank", readonly=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", readonly=True, index=True, ondelete="cascade")
    user_id = fields.Many2one("res.users", "Who", required=True, readonly=True, ondelete="restrict")
    moment = fields.Datetime("When", required=True, readonly=True, default=fields.Datetime.now)
    kind = fields.Selection(
        [
            ("made", "Made"),
            ("changed", "Changed"),
            ("trusted", "Checked and trusted"),
            ("contact", "Partner's address or login changed"),
        ],
        required=True,
        readonly=True,
    )
    number = fields.Char("Account number then", readonly=True)
    before = fields.Char("Account number before", readonly=True)

    def write(self, vals):
        self.check_access("write")
        if self:
            raise UserError(self.env._("What happened to a bank account stays as it was written."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What happened to a bank account stays as it was written."))


class ResPartnerBank(models.Model):
    """A destination of money cools down after a change, and stands still while money is on its way.

    Whoever takes over a partner's login, or sits in finance, and puts in an account of their own
    has to wait; meanwhile the partner gets a mail at the address known before.
    """

    _inherit = "res.partner.bank"

    wine_change_ids = fields.One2many("wine.share.bank.change", "bank_id", readonly=True)
    wine_changed_at = fields.Datetime("Changed at", compute="_compute_wine_changed_at")

    @api.depends("wine_change_ids")
    def _compute_wine_changed_at(self):
        for bank in self:
            changes = bank.sudo().wine_change_ids.filtered(lambda c: c.kind != "trusted")
            bank.wine_changed_at = max(changes.mapped("moment"), default=bank.create_date)

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        banks = super().create(vals_list)
        banks._wine_log("made")
        banks.filtered("allow_out_payment")._wine_log("trusted")
        banks._wine_tell_change()
        return banks

    def write(self, vals):
        before = {bank.id: bank._wine_print() for bank in self}
        trusted = self.filtered("allow_out_payment")
        numbers = {bank.id: bank.acc_number for bank in self}
        if vals.keys() & set(ROUTING):
            self._wine_check_still()
        result = super().write(vals)
        moved = self.filtered(lambda bank: bank._wine_print() != before[bank.id])
        moved._wine_moved(numbers)
        (self.filtered("allow_out_payment") - trusted)._wine_log("trusted")
        return result

    def _wine_moved(self, numbers):
        """Another destination: it is written down, told to the partner, and no longer trusted."""
        if not self:
            return
        self._wine_log("changed", numbers)
        self._wine_tell_change()
        self.sudo().filtered("allow_out_payment").write({"allow_out_payment": False})

    def _wine_check_still(self):
        """:raise UserError: money is on its way to one of these accounts"""
        withdrawal = (
            self.env["wine.share.withdrawal"]
            .sudo()
            .search([("partner_bank_id", "in", self.ids), ("state", "in", UNDER_WAY)], limit=1)
        )
        settlement = (
            self.env["wine.share.settlement"]
            .sudo()
            .search([("partner_bank_id", "in", self.ids), ("state", "=", "approved")], limit=1)
        )
        under_way = withdrawal or settlement
        if under_way:
            raise UserError(
                self.env._(
                    "%(withdrawal)s of %(partner)s is on its way to this bank account, which "
                    "cannot change until then. Wait until it is paid, or cancel it first.",
                    withdrawal=under_way.name,
                    partner=under_way.partner_id.name,
                )
            )

    # === BUSINESS === #

    def _wine_print(self):
        """Where money to this account goes, to be compared: list of texts."""
        bank = self.sudo()
        return [
            bank.sanitized_acc_number or "",
            str(bank.partner_id.id),
            bank.acc_holder_name or "",
            bank.clearing_number or "",
            bank.bank_id.bic or "",
            str(bank.bank_id.id or ""),
            "on" if bank.active else "off",
        ]

    def _wine_masked(self):
        """The number as mails show it: its last four characters."""
        return f"•••• {(self.sanitized_acc_number or '')[-4:]}"

    def _wine_log(self, kind, numbers=None):
        self.env["wine.share.bank.change"].sudo().create(
            [
                {
                    "bank_id": bank.id,
                    "partner_id": bank.partner_id.id,
                    "user_id": self.env.uid,
                    "kind": kind,
                    "number": bank.acc_number,
                    "before": (numbers or {}).get(bank.id),
                }
                for bank in self
            ]
        )
        self.invalidate_recordset(["wine_change_ids", "wine_changed_at"])

    def _wine_cool_until(self, company):
        """When this account may be paid to after its last change; None when it may now."""
        self.ensure_one()
        if not self.wine_changed_at:
            return None
        until = self.wine_changed_at + timedelta(days=company.sudo().share_bank_cooldown)
        return until if until > fields.Datetime.now() else None

    def _wine_makers(self, company):
        """Users who made, changed or trusted this account since it was last paid to.

        :param company: the one that pays
        """
        return self._wine_makers_changes(company).user_id

    def _wine_makers_changes(self, company):
        """What happened to this account since a company last paid to it."""
        self.ensure_one()
        paid = (
            self.env["wine.share.withdrawal"]
            .sudo()
            .search(
                [
                    ("partner_bank_id", "=", self.id),
                    ("company_id", "=", company.id),
                    ("state", "=", "paid"),
                ],
                order="paid_at desc",
                limit=1,
            )
        )
        changes = self.sudo().wine_change_ids
        if paid.paid_at:
            changes = changes.filtered(lambda change: change.moment > paid.paid_at)
        return changes | self._wine_contact_changes(company)

    def _wine_contact_changes(self, company):
        """Who lately changed where the partner is reached, and so who may enter bank accounts."""
        since = fields.Datetime.now() - timedelta(days=company.sudo().share_verify_gap)
        return (
            self.env["wine.share.bank.change"]
            .sudo()
            .search(
                [
                    ("kind", "=", "contact"),
                    ("partner_id", "=", self.sudo().partner_id.commercial_partner_id.id),
                    ("moment", ">=", since),
                ]
            )
        )

    def _wine_single_handed(self, company):
        """Whether one user alone made or changed and trusted this account since it was paid to."""
        changes = self._wine_makers_changes(company) if self else self.sudo().wine_change_ids
        trusted = changes.filtered(lambda change: change.kind == "trusted").user_id
        made = changes.filtered(lambda change: change.kind != "trusted").user_id
        return any(user.id != SUPERUSER_ID for user in trusted & made)

    def _wine_payout_obstacle(self, company):
        """Why a company does not pay to this account now: a sentence, or None."""
        self.ensure_one()
        if not self.active:
            return self.env._("Bank account %s is archived.", self.acc_number)
        until = self._wine_cool_until(company)
        if until:
            return self.env._(
                "Bank account %(number)s was changed on %(date)s and is paid to from %(until)s on.",
                number=self.acc_number,
                date=format_datetime(self.env, self.wine_changed_at, dt_format="short"),
                until=format_datetime(self.env, until, dt_format="short"),
            )
        if not self.allow_out_payment:
            return self.env._(
                "Nobody has checked bank account %s yet. Call the partner at the known number, "
                "then allow sending money on the bank account.",
                self.acc_number,
            )
        return None

    def _wine_tell_change(self):
        """Tell partners who share in sales that their bank account is new, at the known address."""
        accounts = (
            self.env["wine.share.account"]
            .sudo()
            .search(
                [
                    ("kind", "=", "party"),
                    ("partner_id", "in", self.partner_id.commercial_partner_id.ids),
                ]
            )
        )
        template = self.env.ref("wine_profit_share.mail_bank_changed", raise_if_not_found=False)
        for bank in self.sudo() if template else ():
            owner = bank.partner_id.commercial_partner_id
            if owner in accounts.partner_id and owner.email:
                template.sudo().send_mail(bank.id)


class ResBank(models.Model):
    """The routing code of a bank is where the money of its accounts goes."""

    _inherit = "res.bank"

    def write(self, vals):
        if "bic" not in vals:
            return super().write(vals)
        accounts = self.env["res.partner.bank"].sudo().search([("bank_id", "in", self.ids)])
        if any(bank.bic != vals["bic"] for bank in self):
            accounts._wine_check_still()
        before = {account.id: account._wine_print() for account in accounts}
        result = super().write(vals)
        moved = accounts.filtered(lambda account: account._wine_print() != before[account.id])
        moved._wine_moved({account.id: account.acc_number for account in moved})
        return result


class ResPartner(models.Model):
    """Where a partner is reached decides who applies for its money and who hears of it.

    Whoever in finance gives it another address, phone or contact could log in as the partner and
    enter a bank account: it is written down, and that person approves no payout for a while.
    """

    _inherit = "res.partner"

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        if any(vals.get("parent_id") for vals in vals_list):
            partners.filtered("parent_id")._wine_log_contact()
        return partners

    def write(self, vals):
        if not vals.keys() & {"email", "phone", "parent_id"}:
            return super().write(vals)
        before = {one.id: (one.email, one.phone, one.parent_id) for one in self}
        result = super().write(vals)
        changed = (one for one in self if (one.email, one.phone, one.parent_id) != before[one.id])
        self.browse(one.id for one in changed)._wine_log_contact()
        return result

    def _wine_log_contact(self):
        """Write it down for partners who share in sales, unless they did it themselves."""
        if not self or self.env.uid == SUPERUSER_ID:
            return
        own = self.env.user.partner_id.commercial_partner_id
        owners = self.sudo().commercial_partner_id - own
        accounts = self.env["wine.share.account"].sudo()
        accounts = accounts.search([("kind", "=", "party"), ("partner_id", "in", owners.ids)])
        self.env["wine.share.bank.change"].sudo().create(
            [
                {"partner_id": owner.id, "user_id": self.env.uid, "kind": "contact"}
                for owner in accounts.partner_id
            ]
        )
