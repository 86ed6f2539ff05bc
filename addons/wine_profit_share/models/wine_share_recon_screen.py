# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

#: field of a difference → what it opens, the particular first
OPENS = (
    "order_id",
    "collection_id",
    "snapshot_id",
    "move_id",
    "session_id",
    "vend_id",
    "machine_id",
)


class WineShareReconciliation(models.Model):
    """A day on the screen: what stands beside what, and the records behind each number."""

    _inherit = "wine.share.reconciliation"

    counter_gap = fields.Monetary("Machines less known", compute="_compute_gaps")
    payment_gap = fields.Monetary("Payments less orders", compute="_compute_gaps")
    share_gap = fields.Monetary("Shared less due", compute="_compute_gaps")
    books_gap = fields.Monetary("Books less orders", compute="_compute_gaps")
    has_late = fields.Boolean("Has latecomers", compute="_compute_gaps", search="_search_has_late")
    kind_lines = fields.Char("Paid by", compute="_compute_kind_lines")

    @api.depends(
        "counter_amount",
        "counter_known",
        "order_amount",
        "payment_amount",
        "share_due",
        "share_amount",
        "order_net",
        "books_amount",
        "books_waiting",
        "late_count",
        "late_order",
        "late_share",
        "late_counter",
    )
    def _compute_gaps(self):
        for day in self:
            rounded = day.currency_id.round
            booked = day.books_amount + day.books_waiting
            day.counter_gap = rounded(day.counter_amount - day.counter_known)
            day.payment_gap = rounded(day.payment_amount - day.order_amount)
            day.share_gap = rounded(day.share_amount - day.share_due)
            day.books_gap = rounded(booked - day.order_net)
            day.has_late = bool(
                day.late_count or day.late_order or day.late_share or day.late_counter
            )

    def _search_has_late(self, operator, value):
        names = ("late_count", "late_order", "late_share", "late_counter")
        if operator != "in":
            return NotImplemented
        late = ["|"] * (len(names) - 1) + [(name, "!=", 0) for name in names]
        return late if True in value else ["!", *late]

    @api.depends("kinds")
    @api.depends_context("lang")
    def _compute_kind_lines(self):
        labels = dict(self.env["wine.vend"]._fields["pay_kind"]._description_selection(self.env))
        for day in self:
            day.kind_lines = " · ".join(
                f"{labels.get(kind, self.env._('Other'))} {day.currency_id.format(amount)}"
                for kind, amount in sorted((day.kinds or {}).items())
            )

    # === ACTIONS === #

    def action_compare(self):
        """Compare now, without waiting for the scheduled action."""
        self._check_finance()
        for company, days in self.sudo().grouped("company_id").items():
            for date in sorted(set(days.mapped("date"))):
                days._reconcile(company, date)
        return True

    def _act(self, xmlid, domain, **values):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return {**action, "domain": domain, "context": {}, **values}

    def _here(self, region="region_id", date="date"):
        return [(region, "=", self.region_id.id), (date, "=", self.date)]

    def action_view_counters(self):
        """The readings whose moment lies in this day of the region."""
        self.ensure_one()
        start, end = self._bounds()
        domain = [
            ("region_id", "=", self.region_id.id),
            ("moment", ">=", start),
            ("moment", "<", end),
        ]
        return self._act("wine_vending.wine_counter_snapshot_action", domain)

    def _bounds(self):
        """(start, end) of the business day in UTC."""
        region, following = self.region_id, fields.Date.add(self.date, days=1)
        if not region:
            return self.date, following
        midnight = (fields.Datetime.to_datetime(day) for day in (self.date, following))
        return tuple(region._to_utc(moment) for moment in midnight)

    def action_view_orders(self):
        """The vends of the day, which lead to their orders."""
        return self._act("wine_vending.wine_vend_action", self._here(date="business_date"))

    def action_view_payments(self):
        self.ensure_one()
        domain = [
            ("pos_order_id.wine_region_id", "=", self.region_id.id),
            ("pos_order_id.wine_business_date", "=", self.date),
        ]
        return self._act(
            "point_of_sale.action_pos_payment_form", domain, name=self.env._("Payments")
        )

    def action_view_shares(self):
        return self._window("wine.share.entry", self.env._("Shares"), self._here())

    def action_view_books(self):
        """Journal items of the sessions of the day and of its accruals."""
        self.ensure_one()
        sessions = (
            self.env["pos.session"]
            .sudo()
            .search(self._here("wine_region_id", "wine_business_date"))
        )
        accruals = (
            self.env["wine.share.accrual"]
            .sudo()
            .search([("company_id", "=", self.company_id.id), ("business_date", "=", self.date)])
        )
        accrued = [
            ("move_id", "in", accruals.move_id.ids),
            ("wine_share_region_id", "=", self.region_id.id),
        ]
        domain = ["|", ("move_id", "in", sessions.move_id.ids), "&", *accrued]
        return self._window("account.move.line", self.env._("Journal items"), domain)

    def action_view_cases(self):
        self.ensure_one()
        cases = self.difference_ids.case_id
        return self._act("wine_vending.wine_case_action", [("id", "in", cases.ids)])

    def _window(self, model, name, domain):
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list,form",
            "views": [(False, "list"), (False, "form")],
            "domain": domain,
        }


class WineShareDifference(models.Model):
    """From a difference to what differs."""

    _inherit = "wine.share.difference"

    def action_open(self):
        """The document that differs, or the list of them."""
        self.ensure_one()
        self.check_access("read")
        if self.documents:
            return self._open_many(**self.documents)
        for name in OPENS:
            record = self[name]
            if record and record.with_user(self.env.user).has_access("read"):
                return self._open_one(record)
        raise UserError(
            self.env._("There is no single document behind it. %s", self.text or self.subject)
        )

    def _open_one(self, record):
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def _open_many(self, field, ids):
        return {
            "type": "ir.actions.act_window",
            "name": dict(self._fields["kind"]._description_selection(self.env))[self.kind],
            "res_model": self._fields[field].comodel_name,
            "view_mode": "list,form",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", ids)],
        }

    def action_open_case(self):
        """Its case, where it is decided."""
        self.ensure_one()
        self.check_access("read")
        if not self.case_id:
            raise UserError(self.env._("Nothing is left to decide here."))
        return self._open_one(self.case_id)
