# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

#: a bridge that has said nothing for so long (seconds) is down
SILENT = 30
#: type of the notification on the bus
TYPE = "wine_bridge"
#: how long a bridge is remembered that said goodbye, and one that did not
KEEP_STOPPED, KEEP_SILENT = "1 hour", "7 days"


class WineBridgeProcess(models.Model):
    """A bridge process as it last spoke of itself.

    It writes its row every 5 seconds: **running**, and at the end **stopped**, which is a goodbye.
    Running and silent for 30 seconds is **silent**: killed, hung or cut off from the database.
    A process that takes another's name takes its row. All times are the database's, so that no
    clock of a host can call a bridge dead. Hardest path: killed and never started again under that
    name; the row says so for a week and is then forgotten.
    """

    _name = "wine.bridge.process"
    _inherit = ["bus.listener.mixin"]
    _description = "Bridge process"
    _log_access = False
    _order = "name"

    name = fields.Char(required=True, readonly=True)
    role = fields.Selection(
        [("bridge", "Bridge"), ("projector", "Projector")], readonly=True, default="bridge"
    )
    host = fields.Char(readonly=True)
    pid = fields.Integer("Process", readonly=True)
    version = fields.Char(readonly=True)
    state = fields.Selection(
        [("running", "Running"), ("stopped", "Stopped")], readonly=True, default="running"
    )
    started_at = fields.Datetime("Started", readonly=True)
    seen_at = fields.Datetime("Last heard of", readonly=True)
    connected = fields.Boolean("Connected to the broker", readonly=True)
    connection_at = fields.Datetime("Connected or not since", readonly=True)
    figures = fields.Json(readonly=True)

    _name_unique = models.Constraint("UNIQUE(name)", "This bridge has a row already.")

    @api.model
    def _beat(self, who, counted):
        """Note what a bridge says of itself; the caller commits.

        :param dict who: ``name``, ``role``, ``host``, ``pid``, ``version``, ``state``,
            ``started_at`` (naive UTC), ``connected`` and ``figures`` (``core.metrics`` snapshot)
        :param dict counted: what it counted since it last spoke, by column of the samples
        :return: pid of another process under this name that spoke within 10 s, else None
        """
        values = {**who, "figures": fields.Json().convert_to_column(who["figures"], self)}
        columns = [*values, "seen_at", "connection_at"]
        now = SQL("(now() AT TIME ZONE 'UTC')")
        row = self.env.execute_query(
            SQL(
                """WITH before AS (SELECT pid, host, seen_at FROM wine_bridge_process
                                    WHERE name = %(name)s)
                   INSERT INTO wine_bridge_process AS old (%(columns)s) VALUES (%(values)s)
                   ON CONFLICT (name) DO UPDATE SET (%(columns)s) = (%(excluded)s)
                   RETURNING id, (SELECT pid FROM before
                                   WHERE (pid, host) IS DISTINCT FROM (%(pid)s, %(host)s)
                                     AND seen_at > %(now)s - interval '10 seconds')""",
                name=who["name"],
                pid=who["pid"],
                host=who["host"],
                now=now,
                columns=SQL(", ").join(map(SQL.identifier, columns)),
                values=SQL(", ").join([*(SQL("%s", value) for value in values.values()), now, now]),
                excluded=SQL(", ").join(
                    [
                        *(SQL("excluded.%s", SQL.identifier(name)) for name in columns[:-1]),
                        SQL(
                            "CASE WHEN old.connected = excluded.connected"
                            " THEN old.connection_at ELSE excluded.connection_at END"
                        ),
                    ]
                ),
            )
        )
        process_id, other = row[0]
        self.env["wine.bridge.sample"]._add(process_id, counted)
        self._announce()
        return other

    def _announce(self):
        """Wake the bridge page of whoever looks at it."""
        group = self.env.ref("wine_vending.group_wine_admin").sudo()
        self.env["bus.bus"].sudo()._sendone((group, TYPE), TYPE, {})

    @api.autovacuum
    def _gc_gone(self):
        """Forget bridges that are long gone."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """DELETE FROM wine_bridge_process
                    WHERE seen_at < (now() AT TIME ZONE 'UTC')
                          - CASE state WHEN 'stopped' THEN %s::interval ELSE %s::interval END""",
                KEEP_STOPPED,
                KEEP_SILENT,
            )
        )
        self.invalidate_model()


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """The platform administrator hears that a bridge has spoken; nobody else may ask to."""
        channels = super()._build_bus_channel_list(channels)
        if self.env.user.has_group("wine_vending.group_wine_admin"):
            channels.append((self.env.ref("wine_vending.group_wine_admin").sudo(), TYPE))
        return channels
