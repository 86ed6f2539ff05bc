# SPDX-License-Identifier: LGPL-3.0-or-later
"""Journal entries and payments that belong to accruals and settlements."""

from odoo import api, fields, models
from odoo.exceptions import UserError

#: only code of this addon holds this object; a context that comes from outside cannot
_FLOW = object()


class AccountMove(models.Model):
    """What the share ledger booked is undone where it came from, not in the journal.

    An accrual is never undone: what is taken back is accrued with the other sign. A payment, a bill
    or a write-off of a settlement is undone by the settlement, which makes its lines available.
    """

    _inherit = "account.move"

    wine_share_accrual_id = fields.Many2one(
        "wine.share.accrual", "Accrual", readonly=True, index="btree_not_null", copy=False
    )
    wine_share_settlement_id = fields.Many2one(
        "wine.share.settlement", "Settlement", readonly=True, index="btree_not_null", copy=False
    )

    def button_draft(self):
        self._wine_share_guard()
        return super().button_draft()

    def _reverse_moves(self, default_values_list=None, cancel=False):
        self._wine_share_guard()
        return super()._reverse_moves(default_values_list, cancel=cancel)

    def _wine_share_guard(self):
        """:raise UserError: an entry of the share ledger, and not by way of its settlement"""
        if self.env.context.get("wine_flow") is _FLOW:
            return
        for move in self.sudo().filtered(lambda move: move.state == "posted"):
            if move.wine_share_accrual_id:
                raise UserError(
                    self.env._(
                        "%s books shares that partners earned and stays. What is wrong in the "
                        "ledger is corrected there, by an adjustment.",
                        move.name,
                    )
                )
            settlement = move.wine_share_settlement_id
            if settlement.state in ("approved", "paid"):
                raise UserError(
                    self.env._(
                        "%(move)s belongs to settlement %(settlement)s. Cancel it there, or say "
                        "that its money came back.",
                        move=move.name,
                        settlement=settlement.name,
                    )
                )

    def _wine_share_settlements(self):
        """Settlements whose way these entries are part of."""
        moves = self.sudo()
        payments = moves.origin_payment_id.filtered(
            lambda payment: payment.payment_type == "outbound"
        )
        return (
            moves.wine_share_settlement_id
            | payments.wine_share_settlement_id
            | payments.reconciled_bill_ids.wine_share_settlement_id
        )


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    wine_share_region_id = fields.Many2one(
        "wine.region", "Region of the shares", readonly=True, index="btree_not_null"
    )


class AccountPartialReconcile(models.Model):
    """A bank statement, or a payment of a bill, has settled or unsettled something."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        moves = (partials.debit_move_id | partials.credit_move_id).move_id
        moves._wine_share_settlements()._follow()
        return partials

    def unlink(self):
        moves = (self.debit_move_id | self.credit_move_id).move_id
        settlements = moves._wine_share_settlements()
        result = super().unlink()
        settlements._follow()
        return result


class AccountPayment(models.Model):
    """A payment of a settlement goes and comes back with it."""

    _inherit = "account.payment"

    wine_share_settlement_id = fields.Many2one(
        "wine.share.settlement", "Settlement", readonly=True, index="btree_not_null", copy=False
    )

    def write(self, vals):
        self._wine_share_guard(vals)
        result = super().write(vals)
        if "state" in vals and self.env.context.get("wine_flow") is not _FLOW:
            self.sudo().wine_share_settlement_id._follow()
        return result

    def action_cancel(self):
        """Cancelling the payment of a settlement cancels the settlement, or returns its money."""
        ours = self.sudo().wine_share_settlement_id.filtered(
            lambda settlement: settlement.state in ("approved", "paid")
        )
        for settlement in ours:
            settlement._undo(self.env._("Its payment was cancelled."))
        rest = self - ours.payment_id
        return super(AccountPayment, rest).action_cancel() if rest else None

    def _wine_share_guard(self, vals):
        """:raise UserError: what was approved is edited, or goes back to draft"""
        if self.env.context.get("wine_flow") is _FLOW:
            return
        frozen = vals.keys() & {"amount", "partner_id", "currency_id", "partner_bank_id", "date"}
        frozen = frozen | ({"journal_id", "destination_account_id"} & vals.keys())
        back = vals.get("state") == "draft"
        for payment in self.sudo() if frozen or back else ():
            settlement = payment.wine_share_settlement_id
            changed = any(payment._wine_differs(name, vals[name]) for name in frozen)
            if settlement.state in ("approved", "paid") and (changed or back):
                raise UserError(
                    self.env._(
                        "%(payment)s pays settlement %(settlement)s as it was approved and is not "
                        "edited. Cancel the settlement and make another one.",
                        payment=payment.name,
                        settlement=settlement.name,
                    )
                )

    def _wine_differs(self, name, value):
        """Whether a value to be written is another one than there is."""
        field = self._fields[name]
        there = field.convert_to_cache(self[name], self, validate=False)
        return field.convert_to_cache(value, self, validate=False) != there
