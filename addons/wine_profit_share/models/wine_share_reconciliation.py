# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

STATES = [("open", "Differences"), ("clean", "Agrees"), ("closed", "Closed")]
#: the five sides of a day, in the order in which money passes them
SIDES = ("counter", "order", "payment", "share", "books")


class WineShareReconciliation(models.Model):
    """One business day of one region, seen from five sides that must say the same.

    What the **machines** counted, the **orders** that we wrote, the **payment side** (payments by
    kind, statements of the session, collections, bank), the **share ledger** and the **general
    ledger** are compared by a scheduled action once the day is over. It is **clean** and leaves
    nothing to do, or **open**: then each difference has a type, one line here and one case with an
    owner and a deadline. A difference goes by itself when what was missing arrives; or a person
    accepts it by closing its case. A clean day is **closed** after the days that the company grants
    to latecomers.

    A closed day keeps its five numbers for ever. What is reported later (a machine that was
    offline, a refund) stands beside them as *late* and does not open the day again; if it brings a
    difference of its own, that one has a case, marked late.

    Everything is computed from the books each time, so that running it twice, or after a crash,
    changes nothing. Sales without a region (website) make a row of the company without a region.
    """

    _name = "wine.share.reconciliation"
    _description = "Reconciliation of a day"
    _inherit = ["wine.reach"]
    _order = "date desc, region_id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    region_id = fields.Many2one("wine.region", readonly=True, index=True, ondelete="restrict")
    date = fields.Date("Business day", required=True, readonly=True, index=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="clean", index=True)
    checked_at = fields.Datetime("Compared at", readonly=True)
    closed_at = fields.Datetime(readonly=True)
    # the five numbers; frozen once the day is closed
    counter_amount = fields.Monetary("Counted by machines", readonly=True)
    order_amount = fields.Monetary("Orders", readonly=True, help="Tax included.")
    payment_amount = fields.Monetary("Payments", readonly=True)
    share_amount = fields.Monetary("Shared", readonly=True, help="Net of tax, to everybody.")
    books_amount = fields.Monetary("In the books", readonly=True, help="Income, net of tax.")
    # what they are compared with
    counter_known = fields.Monetary("Known of what machines counted", readonly=True)
    counter_readings = fields.Integer("Counter readings", readonly=True)
    order_count = fields.Integer("Number of orders", readonly=True)
    order_net = fields.Monetary("Orders net of tax", readonly=True)
    share_due = fields.Monetary("To be shared", readonly=True, help="Net of tax of what shares.")
    books_waiting = fields.Monetary("In open sessions", readonly=True)
    accrual_amount = fields.Monetary("Accrued shares", readonly=True)
    accrual_waiting = fields.Monetary("Shares to accrue", readonly=True)
    kinds = fields.Json("By way of payment", readonly=True)
    # what came after closing
    late_counter = fields.Monetary("Late: counted", readonly=True)
    late_order = fields.Monetary("Late: orders", readonly=True)
    late_payment = fields.Monetary("Late: payments", readonly=True)
    late_share = fields.Monetary("Late: shared", readonly=True)
    late_books = fields.Monetary("Late: in the books", readonly=True)
    late_count = fields.Integer("Late orders", readonly=True)
    difference_ids = fields.One2many(
        "wine.share.difference", "reconciliation_id", "Differences", readonly=True
    )
    open_count = fields.Integer("Open differences", readonly=True)
    open_amount = fields.Monetary("Amount in question", readonly=True)

    _one_per_day = models.UniqueIndex(
        "(company_id, COALESCE(region_id, 0), date)", "This day of this region is there already."
    )

    # === COMPUTE === #

    @api.depends("region_id.complete_name", "company_id.name", "date")
    def _compute_display_name(self):
        for day in self:
            place = day.region_id.complete_name or day.company_id.name
            day.display_name = f"{place} {day.date}"

    # === CRUD === #

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A day that was compared is not deleted."))

    # === ACTIONS === #

    def _check_finance(self):
        """:raise AccessError: the user is neither finance nor platform administrator"""
        self.check_access("read")
        if not self.env.su and not self.env.user.has_groups(
            "wine_vending.group_wine_finance,wine_vending.group_wine_admin"
        ):
            raise AccessError(self.env._("Days are compared again by finance. Ask there."))
