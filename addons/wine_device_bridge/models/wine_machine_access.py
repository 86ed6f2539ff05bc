# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date, format_datetime

from .refusals import refusal_text


class WineMachine(models.Model):
    """Who speaks for this machine: claim, rotate, revoke, swap the board.

    Asked for on the machine's form by the administrator of its region; carried out at the broker by
    the bridge.
    """

    _inherit = "wine.machine"

    bridge_credential_ids = fields.One2many(
        "wine.bridge.credential",
        "machine_id",
        "Credentials",
        copy=False,
        groups="wine_vending.group_wine_admin",
    )
    bridge_access = fields.Selection(
        [
            ("none", "No credential"),
            ("waiting", "Being told to the broker"),
            ("on", "May speak"),
            ("off", "Suspended"),
            ("gone", "Revoked"),
            ("fault", "Not applied"),
        ],
        "Access",
        compute="_compute_bridge_access",
        compute_sudo=True,
    )
    bridge_access_text = fields.Char(
        "About the access", compute="_compute_bridge_access", compute_sudo=True
    )

    def _compute_bridge_access(self):
        for machine in self:
            credential = machine.bridge_credential_ids[:1]
            machine.bridge_access = machine._bridge_access_state(credential)
            machine.bridge_access_text = refusal_text(self.env, credential.fault) or False
            if credential and not credential.fault:
                machine.bridge_access_text = self.env._(
                    "credential %(version)s of %(date)s",
                    version=credential.version,
                    date=format_date(self.env, credential.issued_at),
                )

    def _bridge_access_state(self, credential):
        if not credential:
            return "none"
        if credential.fault:
            return "fault"
        if credential.stand != credential.applied:
            return "waiting"
        return credential.stand.partition(":")[0]

    # === ACTIONS === #

    def action_claim_code(self):
        """Make a claim code and show it, this once.

        :raise UserError: the machine is not commissioned yet, or retired
        """
        self._check_access_manager()
        if self.state in ("draft", "retired"):
            raise UserError(
                self.env._(
                    "%s cannot be claimed: only a commissioned machine has a board that speaks. "
                    "Commission it first.",
                    self.name,
                )
            )
        code, until = self.env["wine.bridge.claim"]._make(self)
        self.sudo().message_post(body=self.env._("A claim code was made."))
        return self._show_once(
            self.env._("Claim code of %s", self.name),
            code,
            self.env._(
                "Type serial number %(serial)s and this code at the machine until %(until)s. It "
                "works once and is not shown again. A board that was here before stops working as "
                "soon as the new one has claimed.",
                serial=self.serial,
                until=format_datetime(self.env, until, dt_format="short"),
            ),
        )

    def action_rotate_credential(self):
        """Give the machine a new secret and show it, this once; the earlier one is thrown out."""
        self._check_access_manager()
        if not self.sudo().bridge_credential_ids:
            raise UserError(
                self.env._("%s has no credential yet. Make a claim code instead.", self.name)
            )
        secret = self.env["wine.bridge.credential"]._issue(self)[self]
        self.sudo().message_post(body=self.env._("A new secret was issued."))
        return self._show_once(
            self.env._("New secret of %s", self.name),
            secret,
            self.env._(
                "Bring it to the machine now: the earlier secret stops working within 2 seconds, "
                "and this one is not shown again."
            ),
        )

    def action_revoke_credential(self):
        """End the credential; who is connected by it is thrown out."""
        self._check_access_manager()
        self.sudo().bridge_credential_ids._revoke()
        claims = self.env["wine.bridge.claim"].sudo()
        claims.search([("machine_id", "=", self.id), ("state", "=", "open")])._end()
        self.sudo().message_post(body=self.env._("The credential was revoked."))
        return True

    def _check_access_manager(self):
        self.ensure_one()
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group(
            "wine_vending.group_wine_region_manager"
        ):
            raise AccessError(
                self.env._("Who speaks for a machine is decided by its regional administrator.")
            )

    def _show_once(self, title, secret, text):
        """A dialog whose content is stored nowhere."""
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "wine.bridge.shown",
            "view_mode": "form",
            "target": "new",
            "context": {"default_secret": secret, "default_text": text, "dialog_size": "medium"},
        }

    def _bridge_next_epoch(self):
        """A new board begins a new journal; the first board of all begins the first one."""
        self.ensure_one()
        spoken = self.env["wine.bridge.journal"].sudo()
        used = spoken.search_count([("machine_id", "=", self.id)], limit=1)
        if used or self.sudo().bridge_credential_ids:
            self.sudo().bridge_epoch += 1 + self.bridge_epoch_margin
            self.sudo().bridge_epoch_margin = 0
