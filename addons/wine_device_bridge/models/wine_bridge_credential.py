# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from ..core.password import hashed, new_secret


class WineBridgeCredential(models.Model):
    """A machine's access to the broker: a name, a version, and the hash of its secret.

    The secret itself is shown once, when it is issued, and kept nowhere. Issuing again raises the
    version; the earlier secret stops being valid.
    """

    _name = "wine.bridge.credential"
    _description = "Credential of a machine"
    _order = "machine_id"
    _rec_name = "username"

    machine_id = fields.Many2one("wine.machine", required=True, readonly=True, ondelete="cascade")
    username = fields.Char(related="machine_id.uuid")
    version = fields.Integer(readonly=True, default=1)
    secret_hash = fields.Char(readonly=True, groups="base.group_system")
    state = fields.Selection(
        [("active", "Active"), ("revoked", "Revoked")],
        readonly=True,
        default="active",
        required=True,
    )
    issued_at = fields.Datetime(readonly=True)

    _machine_unique = models.Constraint(
        "UNIQUE(machine_id)", "A machine has one credential; issue it again instead."
    )

    @api.model
    def _issue(self, machines):
        """Give machines a new secret each.

        :return: dict machine → secret, the only time that it is seen
        """
        existing = {
            cred.machine_id: cred
            for cred in self.sudo().search([("machine_id", "in", machines.ids)])
        }
        secrets = {}
        for machine in machines:
            secret = secrets[machine] = new_secret()
            values = {
                "secret_hash": hashed(secret),
                "state": "active",
                "issued_at": fields.Datetime.now(),
            }
            credential = existing.get(machine)
            if credential:
                credential.write({**values, "version": credential.version + 1})
            else:
                self.sudo().create({"machine_id": machine.id, **values})
        return secrets

    def _password_lines(self):
        """{username: hashed secret} of machines that may connect."""
        return {
            credential.username: credential.secret_hash
            for credential in self.sudo()
            if credential.state == "active"
            and credential.machine_id.state in ("commissioned", "active")
        }
