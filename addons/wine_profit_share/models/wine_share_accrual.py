# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class WineShareAccrual(models.Model):
    """What the partners earned, in the company's books: one entry per company, currency and day.

    The ledger says at once who earned what; the books follow a little later, when a session closes
    and every hour. Each accrual takes the entries that no other has, held ones too, for the company
    owes them from the sale on: expense per region, account and partner against what is payable to
    each partner. The parts of the platform stay where they are, in the revenue.

    ``business_date`` is the day of the sales, ``date`` the day of the entry in the books: the same,
    unless that period was closed already; then the books take it today. A sale that a machine
    reports late makes a further accrual of its day, and no accrual is ever changed.
    """

    _name = "wine.share.accrual"
    _description = "Accrued shares"
    _inherit = ["wine.reach"]
    _order = "business_date desc, id desc"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    business_date = fields.Date(required=True, readonly=True, index=True)
    date = fields.Date("Booked on", readonly=True, index=True)
    state = fields.Selection(
        [("taken", "Taken"), ("posted", "Booked")], required=True, readonly=True, default="taken"
    )
    move_id = fields.Many2one(
        "account.move", "Entry", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    amount = fields.Monetary("Payable to partners", readonly=True)
    entry_count = fields.Integer("Ledger lines", readonly=True)
