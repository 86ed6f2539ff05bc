# SPDX-License-Identifier: LGPL-3.0-or-later
from psycopg2.errors import InvalidTableDefinition

from odoo import models
from odoo.tools import SQL

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

#: the views, each after the one that it reads
VIEWS = {
    "wine_bridge_emqx_user": SQL(
        """
        SELECT machine.uuid AS username,
               encode(decode(split_part(secret_hash, '$', 5), 'base64'), 'hex')
                   AS password_hash,
               encode(decode(split_part(secret_hash, '$', 4), 'base64'), 'escape') AS salt,
               false AS is_superuser
          FROM wine_bridge_credential credential
          JOIN wine_machine machine ON machine.id = credential.machine_id
         WHERE credential.stand LIKE 'on:%%' AND credential.state = 'active'
           AND split_part(secret_hash, '$', 2) = '7'
           AND split_part(secret_hash, '$', 3) = %s
        """,
        str(ITERATIONS),
    ),
    "wine_bridge_emqx_acl": SQL(
        """
        SELECT account.username, 'allow' AS permission, rule.action, rule.retain,
               topics.base || replace(rule.topic, '{}', account.username) AS topic
          FROM wine_bridge_emqx_user account
         CROSS JOIN (SELECT coalesce((SELECT value FROM ir_config_parameter
                                       WHERE key = 'wine_device_bridge.base'),
                                     'wine/v1/' || current_database()) AS base) topics
         CROSS JOIN (VALUES ('publish', '/{}/up/birth', 0), ('publish', '/{}/up/evt', 0),
                            ('publish', '/{}/up/ack', 0), ('publish', '/{}/up/tele', 0),
                            ('publish', '/{}/up/state', 0), ('publish', '/{}/up/state', 1),
                            ('publish', '/{}/up/reported', 0),
                            ('publish', '/{}/up/reported', 1),
                            ('subscribe', '/{}/down/#', 0),
                            ('subscribe', '/platform/state', 0)
               ) AS rule (action, topic, retain)
        """
    ),
}


class WineBridgeEmqx(models.AbstractModel):
    """Two views that EMQX reads to know who may speak, and what.

    EMQX is given a role of PostgreSQL that may read the two views and nothing else. A machine that
    may not speak is not in them. Hashes are PBKDF2 with SHA-512, 64 bytes, as hexadecimal digits;
    the salt is printable (core/password.py), an old one that is not matches no secret. Topics begin
    with the system parameter ``wine_device_bridge.base``, else with ``wine/v1/`` and the database's
    name; what no row allows is denied by EMQX's ``no_match``.
    A machine writes its channels by name, and retains nothing but its state and its shadow.
    An update of the addon leaves the views where they are, and who may read them: while EMQX were
    refused, no machine could connect.
    """

    _name = "wine.bridge.emqx"
    _description = "What EMQX reads"

    def init(self):
        """Have the views as they are here; one of other columns is made anew, grants and all."""
        try:
            with self.env.cr.savepoint(flush=False):
                self._replace()
        except InvalidTableDefinition:
            grants = self._grants()
            self._drop()
            self._replace()
            self._grant(grants)

    def _replace(self):
        for name, query in VIEWS.items():
            view = SQL("CREATE OR REPLACE VIEW %s AS %s", SQL.identifier(name), query)
            self.env.cr.execute(view, log_exceptions=False)

    def _drop(self):
        for name in reversed(VIEWS):
            self.env.cr.execute(SQL("DROP VIEW IF EXISTS %s", SQL.identifier(name)))

    def _grants(self):
        """Who may read which view, beside its owner: [(view, role or None for everybody)]."""
        self.env.cr.execute(
            """SELECT view.relname, role.rolname
                 FROM pg_class view
                CROSS JOIN aclexplode(view.relacl) allowed
                 LEFT JOIN pg_roles role ON role.oid = allowed.grantee
                WHERE view.relname = ANY(%s) AND pg_table_is_visible(view.oid)
                  AND allowed.privilege_type = 'SELECT' AND allowed.grantee != view.relowner""",
            [list(VIEWS)],
        )
        return self.env.cr.fetchall()

    def _grant(self, grants):
        for view, role in grants:
            who = SQL.identifier(role) if role else SQL("PUBLIC")
            self.env.cr.execute(SQL("GRANT SELECT ON %s TO %s", SQL.identifier(view), who))
