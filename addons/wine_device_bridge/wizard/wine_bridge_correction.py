# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import quarantine
from ..models.refusals import fault_text, refusal_text


class WineBridgeCorrection(models.TransientModel):
    """A refused message beside its corrected copy; stored only once nothing is wrong with it."""

    _name = "wine.bridge.correction"
    _inherit = ["wine.guide"]
    _description = "Correct a refused message"

    event_id = fields.Many2one("wine.bridge.event", required=True, readonly=True)
    fault_html = fields.Html(related="event_id.fault_html", sanitize=False, related_sudo=False)
    text = fields.Text("Corrected copy", required=True)
    verdict = fields.Text(compute="_compute_verdict")
    fine = fields.Boolean(compute="_compute_verdict")
    reason = fields.Char("Why it is corrected so")

    @api.model
    def default_get(self, names):
        values = super().default_get(names)
        event = self.env["wine.bridge.event"].browse(self.env.context.get("active_ids", ()))[:1]
        event.check_access("read")
        content, why = event._content() if event else (None, None)
        text = event.payload if why else quarantine.pretty(content)
        return {**values, "event_id": event.id, "text": text}

    @api.depends("text", "event_id")
    def _compute_verdict(self):
        """What the door would say now."""
        for guide in self:
            said = guide._faults()
            guide.fine = not said
            guide.verdict = "\n".join(said) or self.env._("Nothing is wrong with it any more.")

    def _faults(self):
        event = self.event_id
        content, why = quarantine.content_of(self.text)
        if why:
            return [refusal_text(self.env, why)]
        found = quarantine.faults(event._told_uuid(), event.channel, content)
        said = [fault_text(self.env, fault) for fault in found]
        if not said:
            try:
                event.sudo()._same_already(*event.sudo()._judged(self.text))
            except UserError as error:
                said = [str(error)]
        return said

    def action_take_in(self):
        """Store the corrected copy; the message is used as if it had come so."""
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why it is corrected so; it is kept with the message."))
        taken = self.event_id._take_in(self.text, self.reason.strip())
        self.event_id._note(self.reason.strip())
        return {
            "type": "ir.actions.act_window",
            "res_model": "wine.bridge.event",
            "res_id": taken.id,
            "views": [(False, "form")],
            "target": "current",
        }


class WineBridgeDismissal(models.TransientModel):
    """Refused messages that are put aside for one reason."""

    _name = "wine.bridge.dismissal"
    _inherit = ["wine.guide"]
    _description = "Put refused messages aside"

    event_ids = fields.Many2many("wine.bridge.event", required=True, readonly=True)
    reason = fields.Char("Why they are not needed")

    @api.model
    def default_get(self, names):
        values = super().default_get(names)
        events = self.env["wine.bridge.event"].browse(self.env.context.get("active_ids", ()))
        events.check_access("read")
        return {**values, "event_ids": [fields.Command.set(events.ids)]}

    def action_dismiss(self):
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why they are not needed; it is kept with them."))
        self.event_ids._dismiss(self.reason.strip())
        return {"type": "ir.actions.act_window_close"}
