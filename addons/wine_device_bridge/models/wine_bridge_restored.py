# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models

from ..core.password import derived, hashed, read_keys

#: how many boards, secrets and planograms one machine may have had between backup and restore
BEYOND = 100
#: how far above the last known number a machine is asked for what it still holds
ABOVE = 1_000_000


class WineMachine(models.Model):
    """After a database came back from a backup, while machines went on selling.

    The machines are ahead of it: of their numbers, perhaps of their epochs, secrets and planograms.
    What they have not been acknowledged comes by itself. For the rest the database must not hand
    out again what was handed out already, nor refuse it: epochs up to a margin are believed, and
    the next epoch, version of a secret and version of a planogram lie beyond it. Each machine is
    asked for what it still holds of the time in between, and for its counters, so that what nobody
    holds any more can be reckoned: see :class:`wine.bridge.gap`, which opens the cases.
    """

    _inherit = "wine.machine"

    bridge_restored_at = fields.Datetime("Restored from a backup", readonly=True, copy=False)
    bridge_epoch_margin = fields.Integer(
        "Epochs beyond the known one", readonly=True, required=True, default=0, copy=False
    )

    @api.model
    def _bridge_restored(self, accounts=None, keys=None):
        """Bring a restored database and its machines together; the caller commits.

        To be done before the bridge starts again: else it would make the broker as it was at the
        time of the backup. Doing it twice does no harm.

        :param dict accounts: user name → ``off`` or ``on:version``, as the broker knows them; None
            where the broker lost them too
        :param dict keys: fingerprint → key, see ``core.password.read_keys``
        :return: {what was found: sorted serial numbers, or user names of unknown machines}
        """
        now = fields.Datetime.now()
        known = [("uuid", "!=", False)]
        machines = self.sudo().with_context(active_test=False).search(known)
        fresh = machines.filtered(lambda machine: not machine.bridge_epoch_margin)
        fresh.write({"bridge_epoch_margin": BEYOND})
        machines.write({"bridge_restored_at": now})
        told = {} if accounts is None else machines._adopt_accounts(accounts, keys or {})
        self.env["wine.bridge.command"].sudo().search(
            [("channel", "=", "cmd"), ("state", "in", ("queued", "sent"))]
        ).write({"state": "expired", "code": "restored"})
        speaking = machines.filtered(lambda one: one.state in ("commissioned", "active"))
        speaking._ask_after_restore(now)
        open_vends = self.env["wine.vend"].search(
            [("state", "in", ("reserved", "authorised", "accepted", "dispensing"))]
        )
        told["open vends"] = sorted(open_vends.mapped("uuid"))
        return told

    def _adopt_accounts(self, accounts, keys):
        """What the broker knows better: later secrets, later suspensions, later revocations."""
        told = {"adopted": [], "suspended": [], "revoked": [], "not adopted": []}
        credentials = self.env["wine.bridge.credential"].sudo()
        for credential in credentials.search([("state", "=", "active")]):
            machine = credential.machine_id
            known = accounts.get(machine.uuid)
            if not credential.stand.startswith("on:"):
                continue
            if known is None:
                if (credential.applied or "").startswith("on:"):
                    credential._revoke()
                    told["revoked"].append(machine.serial)
            elif known == "off":
                if machine.state == "active":
                    machine.action_suspend()
                    told["suspended"].append(machine.serial)
            elif known != credential.stand:
                done = credential._adopt(int(known.partition(":")[2] or 0), keys)
                told["adopted" if done else "not adopted"].append(machine.serial)
        told["unknown"] = sorted(
            name for name in accounts if name not in set(self.mapped("uuid")) and "-" in name[8:9]
        )
        return {what: sorted(names) for what, names in told.items()}

    def _ask_after_restore(self, now):
        """Say again what you hold above the last number that we know, and what you count."""
        newest = {}
        for journal in (
            self.env["wine.bridge.journal"]
            .sudo()
            .search([("machine_id", "in", self.ids)], order="epoch")
        ):
            newest[journal.machine_id] = journal
        for machine, journal in newest.items():
            known = int(journal.highest)
            asked = {"epoch": journal.epoch, "from_seq": known + 1, "to_seq": known + ABOVE}
            machine._send("event.resend", asked, now + timedelta(days=7))
            machine._send("counter.request", {}, now + timedelta(days=7))

    def _bridge_beyond(self):
        """By how much the next version must lie above the known one."""
        return BEYOND if self.sudo().bridge_restored_at else 0

    @api.model
    def _cron_adopt_epochs(self):
        """A machine that speaks in a later epoch than a restored database knew is in that one."""
        self.env.cr.execute(
            """UPDATE wine_machine machine
                  SET bridge_epoch_margin = bridge_epoch_margin - (spoken.epoch - bridge_epoch),
                      bridge_epoch = spoken.epoch
                 FROM (SELECT machine_id, max(epoch) AS epoch FROM wine_bridge_journal
                        GROUP BY machine_id) spoken
                WHERE spoken.machine_id = machine.id AND spoken.epoch > machine.bridge_epoch
                  AND machine.bridge_epoch_margin > 0"""
        )
        self.invalidate_model(["bridge_epoch", "bridge_epoch_margin"])

    def _lock_versions(self):
        """The next planogram lies above whatever the machine was given since the backup."""
        versions = super()._lock_versions()
        for machine in self.filtered("bridge_restored_at"):
            last = machine.planogram_ids.filtered("published_at").sorted("published_at")[-1:]
            if last and last.published_at <= machine.bridge_restored_at:
                beyond = max(versions[machine.id] + BEYOND, machine.reported_version or 0)
                versions[machine.id] = beyond
        return versions


class WineBridgeCredential(models.Model):
    _inherit = "wine.bridge.credential"

    def _adopt(self, version, keys):
        """Take over a later version that the broker has; False where it cannot be told.

        Only a secret that follows from a key can be known without having been kept.
        """
        self.ensure_one()
        name, key = (self.key_name, keys.get(self.key_name)) if self.key_name else (None, None)
        if not key and keys:
            name, key = next(iter(keys.items()))
        if not key or version <= self.version:
            return False
        secret = derived(key, self.machine_id.uuid, version)
        self.write(
            {
                "version": version,
                "key_name": name,
                "secret_hash": hashed(secret),
                "issued_at": self.machine_id.bridge_restored_at,
            }
        )
        self.applied = self.stand
        return True

    @api.model
    def _restore_keys(self, text):
        """The keys in ``WINE_BROKER_KEY``; see ``core.password.read_keys``."""
        return read_keys(text)
