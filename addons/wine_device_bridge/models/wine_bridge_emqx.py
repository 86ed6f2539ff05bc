# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models
from odoo.tools.sql import drop_view_if_exists

from ..core.password import ITERATIONS

#: what EMQX is told to ask; docs/operations/access.md says where these go
AUTHENTICATION = (
    "SELECT password_hash, salt, is_superuser FROM wine_bridge_emqx_user "
    "WHERE username = ${username} AND username = ${clientid} LIMIT 1"
)
AUTHORIZATION = (
    "SELECT permission, action, topic, retain FROM wine_bridge_emqx_acl "
    "WHERE username = ${username}"
)


class WineBridgeEmqx(models.AbstractModel):
    """Two views that EMQX reads to know who may speak, and what.

    EMQX is given a role of PostgreSQL that may read the two views and nothing else. A machine that
    may not speak is not in them. Hashes are PBKDF2 with SHA-512, 64 bytes, as hexadecimal digits;
    the salt is printable (core/password.py), an old one that is not matches no secret. Topics begin
    with the system parameter ``wine_device_bridge.base``, else with ``wine/v1/`` and the database's
    name; what no row allows is denied by EMQX's ``no_match``.
    A machine writes its channels by name, and retains nothing but its state and its shadow.
    """

    _name = "wine.bridge.emqx"
    _description = "What EMQX reads"

    def init(self):
        """Make the views anew."""
        cr = self.env.cr
        drop_view_if_exists(cr, "wine_bridge_emqx_acl")
        drop_view_if_exists(cr, "wine_bridge_emqx_user")
        cr.execute(
            """CREATE VIEW wine_bridge_emqx_user AS
               SELECT machine.uuid AS username,
                      encode(decode(split_part(secret_hash, '$', 5), 'base64'), 'hex')
                          AS password_hash,
                      encode(decode(split_part(secret_hash, '$', 4), 'base64'), 'escape') AS salt,
                      false AS is_superuser
                 FROM wine_bridge_credential credential
                 JOIN wine_machine machine ON machine.id = credential.machine_id
                WHERE credential.stand LIKE 'on:%%' AND credential.state = 'active'
                  AND split_part(secret_hash, '$', 2) = '7'
                  AND split_part(secret_hash, '$', 3) = %s""",
            [str(ITERATIONS)],
        )
        cr.execute(
            """CREATE VIEW wine_bridge_emqx_acl AS
               SELECT account.username, 'allow' AS permission, rule.action, rule.retain,
                      topics.base || replace(rule.topic, '%u', account.username) AS topic
                 FROM wine_bridge_emqx_user account
                CROSS JOIN (SELECT coalesce((SELECT value FROM ir_config_parameter
                                              WHERE key = 'wine_device_bridge.base'),
                                            'wine/v1/' || current_database()) AS base) topics
                CROSS JOIN (VALUES ('publish', '/%u/up/birth', 0), ('publish', '/%u/up/evt', 0),
                                   ('publish', '/%u/up/ack', 0), ('publish', '/%u/up/tele', 0),
                                   ('publish', '/%u/up/state', 0), ('publish', '/%u/up/state', 1),
                                   ('publish', '/%u/up/reported', 0),
                                   ('publish', '/%u/up/reported', 1),
                                   ('subscribe', '/%u/down/#', 0),
                                   ('subscribe', '/platform/state', 0)
                      ) AS rule (action, topic, retain)"""
        )
