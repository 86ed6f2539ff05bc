# SPDX-License-Identifier: LGPL-3.0-or-later
import io

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..core import firmware

#: what a signature, and a machine's trust, is about
SEALED = ("version", "file", "file_name", "model_ids", "signature", "sha256", "size")


class WineFirmware(models.Model):
    """One image of firmware, as machines are given it.

    **draft**: file, version and signature are brought together. The signature is made offline with
    ``python -m tools.sign_firmware`` (the better practice) or by the platform, whose private key is
    in its environment and never in the database. **released** by the platform administrator, once
    the signature holds under the key that machines believe: from then on nothing of it changes, and
    campaigns may use it. **withdrawn**: nothing is sent or downloaded any more, campaigns that run
    with it stop.

    A version means one image: an image for another make needs a version of its own, for instance
    with build metadata (``3.0.0+tall``). Hardest path: an image that changes after it was signed;
    the hash is counted from what is stored, and the machine counts again.
    """

    _name = "wine.firmware"
    _description = "Firmware"
    _inherit = ["wine.reach", "mail.thread"]
    _order = "sort_text desc, id desc"
    _rec_name = "version"

    version = fields.Char(required=True, copy=False, tracking=True, help="Such as 3.0.0")
    sort_text = fields.Char(compute="_compute_sort_text", store=True)
    model_ids = fields.Many2many("wine.machine.model", string="Fits", required=True)
    file = fields.Binary("Image", attachment=True, copy=False)
    file_name = fields.Char(copy=False)
    size = fields.Integer("Size (bytes)", readonly=True, copy=False)
    sha256 = fields.Char("SHA-256", readonly=True, copy=False)
    signature = fields.Char(copy=False, help="Base64, as python -m tools.sign_firmware prints it.")
    is_signed = fields.Boolean("Signature holds", compute="_compute_is_signed")
    can_sign = fields.Boolean(compute="_compute_can_sign")
    notes = fields.Text("Release notes")
    state = fields.Selection(
        [("draft", "Draft"), ("released", "Released"), ("withdrawn", "Withdrawn")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
        index=True,
    )
    released_at = fields.Datetime("Released at", readonly=True, copy=False)
    released_by_id = fields.Many2one("res.users", "Released by", readonly=True, copy=False)
    campaign_ids = fields.One2many("wine.firmware.campaign", "firmware_id", "Campaigns")
    machine_count = fields.Integer("Machines that run it", compute="_compute_machine_count")

    _version_unique = models.Constraint(
        "UNIQUE(version)",
        "This version exists already: a version means one image. Count it up, or add build "
        "metadata such as +tall for another make.",
    )

    # === COMPUTE === #

    @api.depends("version")
    def _compute_sort_text(self):
        for one in self:
            one.sort_text = firmware.sort_text(one.version)

    @api.depends("version", "sha256", "signature")
    def _compute_is_signed(self):
        public = self._public_key()
        for one in self:
            one.is_signed = bool(one.signature and public) and firmware.believed(
                public, one.version, one.sha256, one.signature
            )

    @api.depends_context("uid")
    def _compute_can_sign(self):
        try:
            self.can_sign = bool(firmware.private_key()) and self.has_access("create")
        except firmware.KeyFault:
            self.can_sign = False

    def _compute_machine_count(self):
        rows = self.env["wine.machine"]._read_group(
            [("firmware", "in", self.mapped("version"))], ["firmware"], ["__count"]
        )
        counts = dict(rows)
        for one in self:
            one.machine_count = counts.get(one.version, 0)

    # === CONSTRAINTS === #

    @api.constrains("version")
    def _check_version(self):
        for one in self:
            if firmware.order(one.version) is None or len(one.version) > 64:
                raise ValidationError(
                    self.env._(
                        "%s is no version. Write three numbers as in 3.0.1, perhaps with -beta.1 "
                        "or +tall behind them (semver.org).",
                        one.version,
                    )
                )

    @api.constrains("signature", "version", "sha256")
    def _check_signature(self):
        for one in self:
            if one.signature and not one.is_signed:
                raise ValidationError(self._signature_fault())

    def _signature_fault(self):
        self.ensure_one()
        if not self._public_key():
            return self.env._(
                "The platform knows no key of firmware yet. Set WINE_FIRMWARE_PUBLIC_KEY on the "
                "server (docs/operations/firmware.md), then bring the signature."
            )
        return self.env._(
            "The signature does not belong to version %(version)s and SHA-256 %(sha256)s under the "
            "key that machines believe. Sign exactly this file for exactly this version.",
            version=self.version,
            sha256=self.sha256 or self.env._("(no file yet)"),
        )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create([{**vals, "signature": False} for vals in vals_list])
        for one, vals in zip(records, vals_list, strict=True):
            one._measure()
            if vals.get("signature"):
                one.signature = vals["signature"]
        return records

    def write(self, vals):
        sealed = [name for name in SEALED if name in vals]
        if sealed and any(one.state != "draft" for one in self):
            raise UserError(
                self.env._(
                    "%s is released: its image, version and signature stand for ever. Make a new "
                    "version instead.",
                    ", ".join(self.mapped("version")),
                )
            )
        if not sealed or not {"file", "version"} & vals.keys():
            return super().write(vals)
        signature = vals.get("signature")
        result = super().write({**vals, "signature": False})
        for one in self:
            one._measure()
        return super().write({"signature": signature}) and result if signature else result

    def _measure(self):
        """Hash and size of the image as it is stored."""
        stored = self._stored()
        found = (False, 0)
        if stored.store_fname:
            with open(stored._full_path(stored.store_fname), "rb") as stream:
                found = firmware.digest(stream)
        elif stored:
            found = firmware.digest(io.BytesIO(stored.raw or b""))
        self.sudo().write(dict(zip(("sha256", "size"), found, strict=True)))  # not to be edited

    def _stored(self):
        self.ensure_one()
        self.flush_recordset()
        return (
            self.env["ir.attachment"]
            .sudo()  # of a field, searched for by nobody
            .search([("res_model", "=", self._name), ("res_field", "=", "file")]
                    + [("res_id", "=", self.id)], limit=1)
        )  # fmt: skip

    # === ACTIONS === #

    def action_sign(self):
        """Sign with the platform's own key, where it holds one."""
        self._check_platform()
        try:
            private = firmware.private_key()
        except firmware.KeyFault as fault:
            raise UserError(str(fault)) from None
        if not private:
            raise UserError(
                self.env._(
                    "The platform holds no private key. Sign offline with python -m "
                    "tools.sign_firmware and paste the signature, or set WINE_FIRMWARE_KEY."
                )
            )
        for one in self:
            one._check_image()
            one.signature = firmware.sign(private, one.version, one.sha256)
        return True

    def action_release(self):
        """Let campaigns use it; idempotent. Nothing of it changes from here on."""
        self._check_platform()
        for one in self:
            if one.state == "released":
                continue
            if one.state != "draft":
                raise UserError(
                    self.env._("%s was withdrawn. Make a new version instead.", one.version)
                )
            one._check_image()
            one._measure()
            if not one.is_signed:
                raise UserError(one._signature_fault())
            one.sudo().write(  # not edited, only released
                {
                    "state": "released",
                    "released_at": fields.Datetime.now(),
                    "released_by_id": self.env.uid,
                }
            )
        return True

    def action_withdraw(self):
        """Stop giving it to machines; idempotent. Who runs it already goes on."""
        self._check_platform()
        for one in self.filtered(lambda one: one.state == "released"):
            one.sudo().state = "withdrawn"
            running = one.campaign_ids.filtered(lambda c: c.state in ("running", "paused"))
            running._stop(self.env._("Version %s was withdrawn.", one.version))
        return True

    def action_view_machines(self):
        """Machines that run this version."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_device_bridge.wine_firmware_machine_action"
        )
        action["domain"] = [("firmware", "=", self.version)]
        action["context"] = {}
        return action

    def _check_platform(self):
        if not self.has_access("create"):
            raise AccessError(
                self.env._("Firmware is signed, released and withdrawn by the platform only.")
            )

    def _check_image(self):
        if not self.sha256 or not self.size:
            raise UserError(self.env._("Version %s has no image. Upload the file.", self.version))

    @api.model
    def _public_key(self):
        """Base64 of the key that machines are to believe, or None."""
        try:
            return firmware.public_key()
        except firmware.KeyFault:
            return None

    @api.model
    def _order_of(self, version):
        """What versions compare by, or None where a machine says something else."""
        return firmware.order(version)
