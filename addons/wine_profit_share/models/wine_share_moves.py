# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    wine_share_accrual_id = fields.Many2one(
        "wine.share.accrual", "Accrual", readonly=True, index="btree_not_null", copy=False
    )
    wine_share_settlement_id = fields.Many2one(
        "wine.share.settlement", "Settlement", readonly=True, index="btree_not_null", copy=False
    )


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    wine_share_region_id = fields.Many2one(
        "wine.region", "Region of the shares", readonly=True, index="btree_not_null"
    )


class AccountPayment(models.Model):
    _inherit = "account.payment"

    wine_share_settlement_id = fields.Many2one(
        "wine.share.settlement", "Settlement", readonly=True, index="btree_not_null", copy=False
    )
