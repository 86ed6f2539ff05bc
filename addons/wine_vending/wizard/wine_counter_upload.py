# SPDX-License-Identifier: LGPL-3.0-or-later
import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.eva_dts import LARGEST
from ..models.wine_told import read_told


class WineCounterUpload(models.TransientModel):
    """An audit file on its way in: chosen, read without changing anything, then taken in whole.

    The preview says what was read, what was not understood and kept, and every line that is broken,
    by number. A broken file, one with a wrong checksum or one of another machine is refused.
    """

    _name = "wine.counter.upload"
    _description = "Upload of an audit file"
    _inherit = ["wine.guide"]

    machine_id = fields.Many2one("wine.machine", required=True)
    file = fields.Binary("Audit file (EVA-DTS)", required=True, attachment=False)
    file_name = fields.Char()
    ready = fields.Boolean(compute="_compute_preview")
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends("file", "machine_id")
    def _compute_preview(self):
        for upload in self:
            upload.ready, upload.preview = False, False
            if not (upload.file and upload.machine_id):
                continue
            machine = upload.machine_id
            audit, problems = machine._read_audit(upload._raw())
            upload.ready = not problems
            upload.preview = self.env["ir.qweb"]._render(
                "wine_vending.counter_upload_preview",
                {
                    "audit": audit,
                    "machine": machine,
                    "problems": [read_told(self.env, problem) for problem in problems],
                    "remarks": [read_told(self.env, r) for r in audit.remarks] if audit else [],
                    "vals": machine._audit_vals(audit, fields.Datetime.now())
                    if audit and not problems
                    else {},
                    "money": upload._money,
                    "matched": self._matched(audit),
                },
            )

    def _matched(self, audit):
        """How many selections of the file are slots of the machine."""
        codes = set(self.machine_id.slot_ids.mapped("code"))
        return len(codes & audit.products.keys()) if audit else 0

    def _raw(self):
        file = self._file() or b""
        if len(file) > 4 * LARGEST // 3 + 4:
            raise UserError(
                self.env._("No audit file is larger than %s bytes. Choose another one.", LARGEST)
            )
        return base64.b64decode(file)

    def _file(self):
        """The file itself: a form that reads it again is given its size instead."""
        return self.with_context(bin_size=False).file

    def _money(self, amount):
        return self.env["wine.counter.snapshot"]._format(amount, self.machine_id.currency_id)

    def action_take(self):
        """Take the file in and show what came of it."""
        self.ensure_one()
        self.machine_id.check_access("read")
        name = self.file_name or "audit"
        reading = self.machine_id._take_audit(
            self._raw(), name, file=self._file(), file_name=name, user_id=self.env.uid
        )
        return reading.with_env(self.env).get_formview_action()
