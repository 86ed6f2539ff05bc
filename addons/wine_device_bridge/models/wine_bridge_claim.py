# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from datetime import timedelta

from odoo import api, fields, models

from ..core import claim

_logger = logging.getLogger(__name__)
#: checked where there is no claim, so that an answer says nothing by the time that it takes
_NOBODY = claim.hashed("00000-00000")


class WineBridgeClaim(models.Model):
    """A code that turns a board into a machine, once and within a day.

    Made and shown to the region's administrator, typed at the machine by whoever mounts the board:
    **open** → **used**, or **over** when its time is, a newer one was made, or too many wrong ones
    were tried. The code itself is kept nowhere. Hardest path: two boards with the same code at
    once; the row is locked, the second one finds it used.
    """

    _name = "wine.bridge.claim"
    _description = "Claim of a machine"
    _order = "id desc"
    _rec_name = "machine_id"

    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one(related="machine_id.region_id")
    code_hash = fields.Char("Hash of the code", readonly=True, groups="base.group_system")
    state = fields.Selection(
        [("open", "Open"), ("used", "Claimed"), ("over", "Over")],
        required=True,
        readonly=True,
        default="open",
    )
    expires_at = fields.Datetime("Holds until", required=True, readonly=True)
    used_at = fields.Datetime("Claimed", readonly=True)
    epoch = fields.Integer("Epoch given", readonly=True)
    wrong = fields.Integer("Wrong codes", readonly=True)

    _one_open = models.UniqueIndex(
        "(machine_id) WHERE state = 'open'", "This machine has an open claim code already."
    )

    @api.model
    def _make(self, machine):
        """A new code for a machine, the only time that it is seen; an earlier one is over.

        :return: (code, when it ends: naive UTC)
        """
        machine.ensure_one()
        Claim = self.sudo()
        Claim.search([("machine_id", "=", machine.id), ("state", "=", "open")])._end()
        code, until = claim.new_code(), fields.Datetime.now() + timedelta(hours=claim.HOURS)
        Claim.create(
            {"machine_id": machine.id, "code_hash": claim.hashed(code), "expires_at": until}
        )
        return code, until

    def _end(self):
        self.write({"state": "over", "code_hash": False})
        self.flush_recordset()

    @api.model
    def _redeem(self, serial, typed):
        """Take a code and hand out the credential of the machine with this serial number.

        :return: (machine, epoch, version, secret), or None where serial number or code is wrong
        """
        found = self.sudo()._locked(serial)
        if not claim.matches(typed, found.code_hash if found else _NOBODY) or not found:
            if found:
                found._count_wrong()
            return None
        machine = found.machine_id
        machine._bridge_next_epoch()
        secret = self.env["wine.bridge.credential"]._issue(machine)[machine]
        credential = machine.bridge_credential_ids
        found.write(
            {
                "state": "used",
                "used_at": fields.Datetime.now(),
                "epoch": machine.bridge_epoch,
                "code_hash": False,
            }
        )
        machine.sudo().message_post(
            body=self.env._(
                "A board has claimed this machine: epoch %(epoch)s, credential %(version)s.",
                epoch=machine.bridge_epoch,
                version=credential.version,
            )
        )
        return machine, machine.bridge_epoch, credential.version, secret

    def _locked(self, serial):
        """The open claim of a serial number, locked until the end of the transaction."""
        self.flush_model()
        self.env.cr.execute(
            """SELECT open.id FROM wine_bridge_claim open
                 JOIN wine_machine machine ON machine.id = open.machine_id
                WHERE machine.serial = %s AND machine.state NOT IN ('draft', 'retired')
                  AND open.state = 'open' AND open.expires_at > %s
                  FOR UPDATE OF open""",
            [str(serial or "")[:200], fields.Datetime.now()],
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    def _count_wrong(self):
        self.wrong += 1
        _logger.warning("wrong claim code for machine %s", self.machine_id.uuid)
        if self.wrong >= claim.MOST_WRONG:
            self._end()

    @api.autovacuum
    def _gc_over(self):
        """A code whose time is over is no longer open."""
        self.search([("state", "=", "open"), ("expires_at", "<", fields.Datetime.now())])._end()
