# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class WineSharePlatform(models.Model):
    """A way by which shares reach the bank: the bank itself, or a payment platform with its limits.

    ``code`` names the adapter. ``bank`` has nothing to send: the payment that Odoo makes goes out
    with whatever payment files the database has installed. An addon that speaks to a payment
    platform adds its code and the methods ``_payout_send_<code>`` and ``_payout_return_<code>``.
    The limits are what the platform's contract says; they are checked before anything is sent.
    """

    _name = "wine.share.platform"
    _description = "Payout platform"
    _inherit = ["wine.reach"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    code = fields.Selection([("bank", "Bank transfer")], "Adapter", required=True, default="bank")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    receivers_max = fields.Integer(
        "Receivers at once", help="As many receivers in one request at most; 0: no limit."
    )
    share_cap = fields.Float(
        "Most of one sale (%)",
        digits=(16, 2),
        compute="_compute_share_cap",
        inverse="_inverse_share_cap",
        help="Of what one sale brought, at most this part may go to others; 0: no limit.",
    )
    share_cap_bp = fields.Integer("Most of one sale (basis points)")
    returns_only_companies = fields.Boolean(
        "Takes back from companies only",
        help="Money that was paid to a person stays there: it is set off against later shares.",
    )
    min_amount = fields.Monetary("Smallest payout", help="0: no limit.")
    max_amount = fields.Monetary("Largest payout", help="0: no limit.")
    daily_limit = fields.Monetary("Limit per day", help="Of all payouts together; 0: no limit.")

    _limits = models.Constraint(
        "CHECK(receivers_max >= 0 AND share_cap_bp BETWEEN 0 AND 10000 AND min_amount >= 0"
        " AND max_amount >= 0 AND daily_limit >= 0"
        " AND (max_amount = 0 OR max_amount >= min_amount))",
        "Limits are not negative, a part is 100 % at most, and the largest payout is no smaller "
        "than the smallest.",
    )

    @api.depends("share_cap_bp")
    def _compute_share_cap(self):
        for platform in self:
            platform.share_cap = platform.share_cap_bp / 100

    def _inverse_share_cap(self):
        for platform in self:
            platform.share_cap_bp = round(platform.share_cap * 100)
