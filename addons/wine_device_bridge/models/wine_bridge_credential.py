# SPDX-License-Identifier: LGPL-3.0-or-later
import os

from odoo import api, fields, models

from ..core.password import derived, hashed, new_secret, read_keys

#: states of a machine in which it may speak
SPEAKING = ("commissioned", "active")


class WineBridgeCredential(models.Model):
    """A machine's access to the broker: a name, a version, and the hash of its secret.

    The secret itself is shown once, when it is issued, and kept nowhere. Issuing again raises the
    version; the earlier secret stops being valid. **Stand** is what shall be true at the broker:
    *on* in a version, *off* while the machine is suspended, *gone* once revoked or retired. The
    bridge makes it true within 2 seconds, throws out who is connected on the old terms, and notes
    in **applied** what it did. Hardest path: rotated, revoked and claimed anew while the broker is
    away; only the last stand is applied, for no list of steps is kept.
    """

    _name = "wine.bridge.credential"
    _description = "Credential of a machine"
    _order = "machine_id"
    _rec_name = "username"

    machine_id = fields.Many2one("wine.machine", required=True, readonly=True, ondelete="cascade")
    username = fields.Char(related="machine_id.uuid")
    version = fields.Integer(readonly=True, default=1)
    secret_hash = fields.Char("Hash of the secret", readonly=True, groups="base.group_system")
    key_name = fields.Char("Key it follows from", readonly=True, groups="base.group_system")
    state = fields.Selection(
        [("active", "Active"), ("revoked", "Revoked")],
        readonly=True,
        default="active",
        required=True,
    )
    issued_at = fields.Datetime("Issued", readonly=True)
    stand = fields.Char("Shall be", compute="_compute_stand", store=True)
    applied = fields.Char("Is at the broker", readonly=True)
    applied_at = fields.Datetime("Told the broker", readonly=True)
    fault = fields.Char("Not applied because", readonly=True)
    retry_at = fields.Datetime("Tried again from", readonly=True)

    _machine_unique = models.Constraint(
        "UNIQUE(machine_id)", "A machine has one credential; issue it again instead."
    )
    _waiting = models.Index("(id) WHERE stand IS DISTINCT FROM applied")

    @api.depends("state", "version", "machine_id.state")
    def _compute_stand(self):
        for credential in self:
            machine = credential.machine_id.sudo()
            wish = "off"
            if credential.state == "revoked" or machine.state == "retired":
                wish = "gone"
            elif machine.state in SPEAKING:
                wish = "on"
            credential.stand = f"{wish}:{credential.version}"

    @api.model
    def _issue(self, machines):
        """Give machines a new secret each.

        :return: dict machine → secret, the only time that it is seen
        :raise ValueError: ``WINE_BROKER_KEY`` is no key
        """
        existing = {
            cred.machine_id: cred
            for cred in self.sudo().search([("machine_id", "in", machines.ids)])
        }
        key_name, key = next(iter(read_keys(os.environ.get("WINE_BROKER_KEY")).items()), (False, 0))
        secrets = {}
        for machine in machines:
            credential = existing.get(machine)
            version = credential._next_version() if credential else 1 + machine._bridge_beyond()
            secret = derived(key, machine.uuid, version) if key_name else new_secret()
            secrets[machine] = secret
            values = {
                "version": version,
                "secret_hash": hashed(secret),
                "key_name": key_name,
                "state": "active",
                "issued_at": fields.Datetime.now(),
                "fault": False,
                "retry_at": False,
            }
            if credential:
                credential.write(values)
            else:
                self.sudo().create({"machine_id": machine.id, **values})
        self.browse(credential.id for credential in existing.values())._thrown_out()
        return secrets

    def _next_version(self):
        """A version that was never given, not even in what a restored backup does not know."""
        known = self.issued_at and self.machine_id.bridge_restored_at
        before = known and self.issued_at <= self.machine_id.bridge_restored_at
        return self.version + 1 + (self.machine_id._bridge_beyond() if before else 0)

    def _revoke(self):
        """End credentials for good; the next one is a new version. Repeating changes nothing."""
        self._thrown_out()
        self.sudo().filtered(lambda credential: credential.state == "active").write(
            {"state": "revoked", "secret_hash": False, "fault": False, "retry_at": False}
        )

    def _thrown_out(self):
        """Who is connected on the old terms goes, with some brokers without a last will."""
        self.sudo().machine_id._bridge_connection("offline")

    def _password_lines(self):
        """{username: hashed secret} of machines that may connect."""
        return {
            credential.username: credential.secret_hash
            for credential in self.sudo()
            if credential.state == "active" and credential.machine_id.state in SPEAKING
        }
