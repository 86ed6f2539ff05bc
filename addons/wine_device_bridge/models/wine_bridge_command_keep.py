# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .wine_bridge_command import FINAL

PARAMETER, DAYS = "wine_device_bridge.keep_commands_days", 180
BATCH = 2000
#: a command that was begun in time may be answered so much later (hours)
BEGUN_HOURS = 1
#: ends what is past its time, saying how far it had come
EXPIRE = """
    UPDATE wine_bridge_command command
       SET state = 'expired',
           code = CASE old.state WHEN 'queued' THEN 'not_sent' WHEN 'sent' THEN 'no_answer'
                                 ELSE 'no_result' END
      FROM (SELECT id, state FROM wine_bridge_command
             WHERE state IN ('queued', 'sent', 'received', 'in_progress')
               AND expires_at < %(now)s
               AND (state <> 'in_progress' OR expires_at < %(begun)s)
             ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED) old
     WHERE command.id = old.id
 RETURNING command.id, command.user_id IS NOT NULL, command.machine_id"""


def expiry(now):
    """Arguments of :data:`EXPIRE`; ``now`` is naive UTC."""
    return {"now": now, "begun": now - timedelta(hours=BEGUN_HOURS)}


class WineBridgeCommand(models.Model):
    """How long commands hold, and how long they are kept."""

    _inherit = "wine.bridge.command"

    @api.model
    def _cron_expire(self):
        """Commands whose time is over without a last word; the bridge does so every second."""
        self.env.flush_all()
        rows = self.env.execute_query(SQL(EXPIRE, **expiry(fields.Datetime.now())))
        self.invalidate_model(["state", "code"])
        self.browse(row[0] for row in rows if row[1])._show()
        return len(rows)

    @api.model
    def _cron_prune(self):
        """Forget what is long over, but for what a case is about and the newest planogram sent."""
        days = int(self.env["ir.config_parameter"].sudo().get_param(PARAMETER) or DAYS)
        cron = self.env["ir.cron"]
        while old := self._long_over(fields.Datetime.now() - timedelta(days=days)):
            old.unlink()
            if not cron._commit_progress(len(old)):
                break

    def _long_over(self, before):
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT command.id FROM wine_bridge_command command
                    WHERE command.create_date < %s
                      AND (command.state IN %s OR command.channel = 'desired'
                           AND command.state = 'sent')
                      AND NOT EXISTS (SELECT 1 FROM wine_case one
                                       WHERE one.reference = command.uuid)
                      AND NOT EXISTS (SELECT 1 FROM wine_vend vend
                                        JOIN wine_case one ON one.vend_id = vend.id
                                       WHERE vend.uuid = command.args->>'vend_id')
                      AND (command.channel <> 'desired' OR EXISTS (
                            SELECT 1 FROM wine_bridge_command newer
                             WHERE newer.machine_id = command.machine_id
                               AND newer.channel = 'desired' AND newer.id > command.id
                               AND newer.state = 'sent'))
                    ORDER BY command.id LIMIT %s""",
                before,
                FINAL,
                BATCH,
            )
        )
        return self.browse(row[0] for row in rows)
