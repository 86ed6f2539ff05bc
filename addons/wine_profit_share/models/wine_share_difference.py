# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.addons.wine_vending.models.wine_told import read_told
from odoo.exceptions import UserError

KINDS = [
    ("counter", "Machine counted otherwise"),
    ("order_missing", "Sold, but no order"),
    ("order_amount", "Order and vend differ"),
    ("order_extra", "Order without a sale"),
    ("payment_missing", "Order without its payment"),
    ("payment_amount", "Payment and order differ"),
    ("payment_kind", "Paid in another way"),
    ("session_payment", "Session booked other payments"),
    ("session_open", "Session does not close"),
    ("cash", "Collected cash differs"),
    ("bank", "Money not seen at the bank"),
    ("share_missing", "Sale was not shared"),
    ("share_sum", "Shares do not add up to zero"),
    ("share_amount", "Shared another amount"),
    ("share_extra", "Shares without a sale"),
    ("session_income", "Books show another income"),
    ("invoice_missing", "Website order not invoiced"),
    ("accrual_amount", "Accrual and shares differ"),
    ("accrual_missing", "Shares not accrued"),
]
STATES = [("open", "Open"), ("explained", "Explained"), ("accepted", "Accepted")]


class WineShareDifference(models.Model):
    """One difference of a day: between which sides, at which document, how much.

    **open**, with a case → **explained** once the sides agree again, or **accepted** by whoever
    closed its case. An accepted difference that changes its amount is open again. The same document
    and type is one line for ever, so that a second run finds what the first one found.
    """

    _name = "wine.share.difference"
    _description = "Difference of a day"
    _inherit = ["wine.reach"]
    _order = "state, id desc"
    _rec_name = "subject"

    reconciliation_id = fields.Many2one(
        "wine.share.reconciliation", "Day", required=True, readonly=True, index=True
    )
    region_id = fields.Many2one(
        related="reconciliation_id.region_id", store=True, index=True, readonly=True
    )
    company_id = fields.Many2one(
        related="reconciliation_id.company_id", store=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(related="reconciliation_id.date", store=True, index=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    subject = fields.Char("Document", required=True, readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="open", index=True)
    late = fields.Boolean("After closing", readonly=True)
    expected = fields.Monetary("Should be", readonly=True)
    found = fields.Monetary("Is", readonly=True)
    amount = fields.Monetary("Difference", readonly=True, help="What is, less what should be.")
    count = fields.Integer("Number", readonly=True, default=1)
    told = fields.Json(readonly=True)
    documents = fields.Json(readonly=True, help="What a difference over many documents names.")
    text = fields.Char("What differs", compute="_compute_text")
    machine_id = fields.Many2one("wine.machine", readonly=True, index="btree_not_null")
    vend_id = fields.Many2one("wine.vend", readonly=True, index="btree_not_null")
    order_id = fields.Many2one(
        "pos.order", readonly=True, index="btree_not_null", ondelete="set null"
    )
    session_id = fields.Many2one("pos.session", readonly=True, index="btree_not_null")
    snapshot_id = fields.Many2one("wine.counter.snapshot", "Counter reading", readonly=True)
    collection_id = fields.Many2one("wine.cash.collection", readonly=True)
    move_id = fields.Many2one("account.move", "Journal entry", readonly=True)
    case_id = fields.Many2one("wine.case", readonly=True, index="btree_not_null")
    user_id = fields.Many2one(related="case_id.user_id", string="Owner")
    deadline = fields.Date(related="case_id.deadline")
    decision = fields.Char(related="case_id.decision")
    seen_at = fields.Datetime("First seen", readonly=True, default=fields.Datetime.now)
    gone_at = fields.Datetime("Explained at", readonly=True)

    _one_per_subject = models.UniqueIndex(
        "(reconciliation_id, kind, subject)", "This difference is known already."
    )

    @api.depends("told")
    @api.depends_context("lang")
    def _compute_text(self):
        for difference in self:
            difference.text = read_told(self.env, difference.told)

    @api.depends("kind", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for difference in self:
            difference.display_name = f"{kinds.get(difference.kind, '')} {difference.date}"

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A difference that was found is not deleted."))
