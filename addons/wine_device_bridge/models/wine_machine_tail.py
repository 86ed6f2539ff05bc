# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields, models
from odoo.addons.wine_vending.models.wine_machine_reading import UNITS
from odoo.exceptions import AccessError

from .words import COMMANDS, said

#: messages and commands that one look brings at most
MOST = 100
#: ids below the newest one known that are looked at again: transactions end in another order than
#: they began
OVERLAP = 2000
#: readings that the first look brings, and those looked at again: kinds of one moment come apart
MEASURED, MEASURED_AGAIN = timedelta(hours=1), timedelta(minutes=1)
FIELDS = (
    *("id", "received_at", "channel", "type", "epoch", "seq", "event_id", "state", "code"),
    *("result", "duplicates", "late", "corr", "data"),
)
COMMAND = ("id", "uuid", "type", "channel", "state", "create_date", "args", "code", "detail")


class WineMachine(models.Model):
    """The live tail: what a machine says and is told, as it is stored.

    Whoever looks asks every 2 seconds for what is new, by the index of machine and id; nobody who
    does not look costs anything, and the bridge knows nothing of it.
    """

    _inherit = "wine.machine"

    def action_view_bridge_tail(self):
        """Open the live tail of this machine."""
        self.ensure_one()
        self._check_tail()
        return {
            "type": "ir.actions.client",
            "tag": "wine_bridge_tail",
            "name": self.env._("Live messages"),
            "context": {"active_id": self.id},
            "params": {"machine_id": self.id},
        }

    def _check_tail(self):
        """:raise AccessError: the machine is not one of the user's, or they read no messages"""
        self.check_access("read")
        self.env["wine.bridge.event"].check_access("read")

    def bridge_tail(self, after=0, after_command=0, pending=(), measured=""):
        """What is new since the last look, and what became of what was pending then.

        :param int after: newest message known, 0 for none; ``after_command`` likewise
        :param pending: ids of messages that were not used yet, at most a hundred are looked at
        :param str measured: moment of the newest reading known, UTC
        :return: dict of ``machine``, ``messages``, ``commands``, ``readings``, ``journal``, ``now``
            (UTC text)
        :raise AccessError: see :meth:`_check_tail`
        """
        self.ensure_one()
        self._check_tail()
        mine = [("machine_id", "=", self.id)]
        Event = self.env["wine.bridge.event"]
        events = Event.search([*mine, *self._tail_since(int(after))], order="id desc", limit=MOST)
        waiting = [int(one) for one in list(pending)[:MOST]]
        if waiting:
            events |= Event.search([*mine, ("id", "in", waiting)])
        if not events and not self._is_own_region():
            raise AccessError(self.env._("Messages are read by the machine's administrators."))
        return {
            "machine": {"id": self.id, "name": self.name, "state": self.connection_state},
            "now": fields.Datetime.to_string(fields.Datetime.now()),
            "messages": self._tail_messages(events),
            "commands": self._tail_commands(after_command),
            "readings": self._tail_readings(measured),
            "journal": self._tail_journal(),
        }

    @staticmethod
    def _tail_since(after):
        """What is newer, and what was stored just now by a transaction that began earlier."""
        if not after:
            return []
        lately = fields.Datetime.now() - timedelta(seconds=20)
        return [
            *("|", ("id", ">", after), "&"),
            *(("id", ">", after - OVERLAP), ("received_at", ">", lately)),
        ]

    def _is_own_region(self):
        """Whether the user administers the region, so that no message means that there is none."""
        user = self.env.user
        if user.has_group("wine_vending.group_wine_admin"):
            return True
        own = (
            self.env["wine.region"]
            .sudo()
            .search([("id", "child_of", user.sudo().wine_region_ids.ids)])
        )
        return self.sudo().region_id in own

    @staticmethod
    def _tail_messages(events):
        """As the inbox names them: also a refused one says what it was to be, and why not."""
        codes = dict(events._fields["code"]._description_selection(events.env))
        return [
            {
                **_row(event, FIELDS),
                "label": event.type_text,
                "code_text": codes.get(event.code, ""),
                "result": event.result_text,
            }
            for event in events
        ]

    def _tail_commands(self, after):
        commands = self.env["wine.bridge.command"].search(
            [("machine_id", "=", self.id), ("id", ">", max(int(after) - OVERLAP, 0))],
            order="id desc",
            limit=MOST // 2,
        )
        return [
            {
                **_row(command, COMMAND),
                "label": said(self.env, COMMANDS, command.type),
                "code_text": command.code_text,
            }
            for command in commands
        ]

    def _tail_readings(self, measured):
        """What was measured lately, of one moment together (docs/protocol §1, ``tele``)."""
        since = fields.Datetime.now() - MEASURED
        if measured:
            since = max(since, fields.Datetime.to_datetime(measured) - MEASURED_AGAIN)
        mine = [("machine_id", "=", self.id), ("kind", "in", list(UNITS)), ("at", ">=", since)]
        moments = {}
        Reading = self.env["wine.machine.reading"]
        for reading in Reading.search(mine, order="at desc", limit=MOST):
            moments.setdefault(fields.Datetime.to_string(reading.at), {})[reading.kind] = round(
                reading.value, 1
            )
        return [{"at": at, "data": data} for at, data in moments.items()]

    def _tail_journal(self):
        """What the machine was last told that is stored: the content of ``evt_ack``."""
        journal = self.env["wine.bridge.journal"].search(
            [("machine_id", "=", self.id), ("epoch", "=", self.sudo().bridge_epoch)], limit=1
        )
        return {
            "epoch": self.sudo().bridge_epoch,
            "highest": int(journal.highest),
            "gaps": (journal.gaps or [])[:10],
        }


def _row(record, names):
    found = {}
    for name in names:
        value = record[name]
        if record._fields[name].type == "datetime":
            value = fields.Datetime.to_string(value)
        found[name] = value
    return found
