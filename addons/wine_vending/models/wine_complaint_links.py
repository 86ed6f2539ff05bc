# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from ..core.vend_match import receipt_code


class WineComplaint(models.Model):
    """Ways from a complaint to what it is about."""

    _inherit = "wine.complaint"

    vend_timeline = fields.Json(related="vend_id.timeline", string="What happened at the vend")

    def action_view_vend(self):
        return self.vend_id.get_formview_action()

    def action_view_case(self):
        return self.case_id.get_formview_action()


class WineVend(models.Model):
    _inherit = "wine.vend"

    complaint_count = fields.Integer("Number of complaints", compute="_compute_complaint_count")
    receipt_code = fields.Char(
        compute="_compute_receipt_code",
        help="What a receipt or the machine's display may show; it names this vend.",
    )

    @api.depends("complaint_ids")
    def _compute_complaint_count(self):
        counts = _open_counts(self, "vend_id", [])
        for vend in self:
            vend.complaint_count = counts.get(vend, 0)

    @api.depends("uuid")
    def _compute_receipt_code(self):
        for vend in self:
            code = receipt_code(vend.uuid or "")
            vend.receipt_code = f"{code[:4]}-{code[4:]}"

    def action_view_complaints(self):
        return _complaints(self, [("vend_id", "in", self.ids)])


class WineMachine(models.Model):
    _inherit = "wine.machine"

    complaint_count = fields.Integer("Open complaints", compute="_compute_complaint_count")
    help_url = fields.Char("Help page", compute="_compute_help_url")

    def _compute_complaint_count(self):
        counts = _open_counts(self, "machine_id", [("state", "in", ("new", "in_case"))])
        for machine in self:
            machine.complaint_count = counts.get(machine, 0)

    @api.depends("uuid")
    def _compute_help_url(self):
        for machine in self:
            machine.help_url = f"{machine.get_base_url()}/wine/help/{machine.uuid}"

    def action_view_complaints(self):
        return _complaints(self, [("machine_id", "in", self.ids)], search_default_open=1)

    def action_help_qr(self):
        """The QR code for the sticker on the machine, ready to print."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/report/barcode/QR/{self.help_url}?width=400&height=400",
            "target": "new",
        }


def _open_counts(records, name, domain):
    """dict record → number of complaints, in one query."""
    rows = records.env["wine.complaint"]._read_group(
        [(name, "in", records.ids), *domain], [name], ["__count"]
    )
    return dict(rows)


def _complaints(records, domain, **context):
    action = records.env["ir.actions.act_window"]._for_xml_id("wine_vending.wine_complaint_action")
    return {**action, "domain": domain, "context": context}
