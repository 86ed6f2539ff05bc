# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .wine_firmware_install import IMPATIENT, OPEN, RANK

#: another try may help: no line, no time, something else in hand
PASSING = ("download_failed", "download_late", "busy", None)
#: minutes before the next try, times the number of those before
PATIENCE = 10


class WineFirmwareInstall(models.Model):
    """What machines say of their update, in any order and any number of times."""

    _inherit = "wine.firmware.install"

    @api.model
    def _follow_acks(self, events):
        """Acknowledgements, stored messages of the channel ``ack``; old news change nothing."""
        told = {}
        for event in events:
            data = event.data or {}
            if isinstance(data.get("cmd"), str):
                told.setdefault(data["cmd"], []).append(event)
        installs = self.sudo().search([("command_uuid", "in", list(told))]) if told else self
        for install in installs:
            for event in told[install.command_uuid]:
                if event.machine_id == install.machine_id:
                    install._follow_ack(event.data, event.moment)

    def _follow_ack(self, data, moment):
        status = data.get("status")
        over = self.state not in OPEN and self.code not in IMPATIENT
        if over or self.state == "answered":
            return
        code = str(data["code"])[:64] if data.get("code") else None
        detail = str(data["detail"])[:500] if data.get("detail") else False
        if status in ("received", "in_progress"):
            if self.state in OPEN and RANK[status] > RANK[self.state]:
                received = self.received_at or fields.Datetime.now()
                self.write({"state": status, "received_at": received, "detail": detail})
        elif status == "succeeded":
            self._answered(code, moment)
        elif status in ("failed", "rejected", "expired"):
            self._refused(status, code, detail, moment)

    def _answered(self, code, moment):
        """It says that it succeeded; it is believed once it shows the version."""
        minutes = self.campaign_id.confirm_minutes
        wanted, shown = self.firmware_id.version, {}
        if code == "already" and self.machine_id.firmware == wanted:  # no restart, no birth
            shown = {"shown_version": wanted, "shown_at": moment}
        self.write(
            {
                **shown,
                "state": "answered",
                "answered_at": moment,
                "ended_at": False,
                "code": False,
                "due_at": fields.Datetime.now() + timedelta(minutes=minutes),
            }
        )
        self._weigh()

    def _refused(self, status, code, detail, moment):
        """It says that it failed: another try where that may help, else the end."""
        passing = code in PASSING and not (status == "rejected" and code is None)
        halted = self.campaign_id.state == "stopped" and code == "download_failed"
        if self.state in OPEN and passing:
            if halted or self.attempts < self.campaign_id.max_attempts:
                wait = timedelta(minutes=PATIENCE * self.attempts)
                attempts = self.attempts - 1 if halted else self.attempts
                wait = fields.Datetime.now() + wait
                return self._again(wait, attempts=attempts, code=code, detail=detail)
        self.answered_at = moment
        if code == "rolled_back":
            return self._end("rolled_back", code, detail)
        return self._end("rejected" if status == "rejected" else "failed", code or status, detail)

    @api.model
    def _follow_versions(self, shown):
        """Versions that births and reports show.

        :param shown: [(machine id, version, moment)] in the order in which they came
        """
        if not shown:
            return
        installs = {one.machine_id.id: one for one in self._newest({row[0] for row in shown})}
        for machine_id, version, moment in shown:
            install = installs.get(machine_id)
            if install and (not install.shown_at or moment >= install.shown_at):
                if install.state in OPEN or version != install.shown_version:
                    install.write({"shown_version": version, "shown_at": moment})
                    install._weigh()

    def _newest(self, machine_ids):
        """The last update that was sent to each of these machines, one query for all."""
        self.flush_model(["machine_id", "attempts"])
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (machine_id) id FROM wine_firmware_install
                    WHERE machine_id = ANY(%s) AND attempts > 0 ORDER BY machine_id, id DESC""",
                list(machine_ids),
            )
        )
        return self.sudo().browse(row[0] for row in rows)

    def _weigh(self):
        """Whether what a machine says and what it shows agree; idempotent."""
        self.ensure_one()
        wanted, shown = self.firmware_id.version, self.shown_version
        if not shown or not self.answered_at:
            return
        late = self.shown_at >= self.answered_at
        if shown == wanted and (self.state == "answered" or self.code == "not_confirmed"):
            self._end("succeeded")
        elif self.state == "succeeded" and late and shown == self.from_version:
            self._end("rolled_back", "late", self.env._("It runs %s again.", shown))

    def _settle(self, now):
        """Time is up for these: ask again, give up, or decide by what was shown."""
        for install in self:
            if install.state == "answered":
                install._not_confirmed()
            elif install.machine_id.connection_state != "online":
                install.write({"state": "pending", "due_at": False})
            elif install.renewals >= install.campaign_id.max_attempts:
                install._end("failed", "no_answer", self.env._("It is online and says nothing."))
            else:
                values = {"state": "pending", "renewals": install.renewals + 1, "due_at": now}
                install.write(values)

    def _not_confirmed(self):
        """It said that it succeeded and does not show it."""
        shown = self.shown_at and self.shown_at >= self.answered_at and self.shown_version
        if shown and shown == self.from_version:
            return self._end("rolled_back", "old_version", self.env._("It still runs %s.", shown))
        text = self.env._("It shows %s.", shown) if shown else self.env._("It has shown nothing.")
        return self._end("failed", "not_confirmed", text)


class WineBridgeCommand(models.Model):
    _inherit = "wine.bridge.command"

    @api.model
    def _apply_acks(self, events):
        result = super()._apply_acks(events)
        self.env["wine.firmware.install"]._follow_acks(events)
        return result

    def _renew(self, args, expires):
        """Send a command again under its identity: its time was over, or its answer got lost."""
        self.ensure_one()
        self.write({"state": "queued", "args": args, "expires_at": expires})
        self.env.cr.execute("SELECT pg_notify('wine_bridge_outbox', '')")


class WineMachine(models.Model):
    _inherit = "wine.machine"

    firmware_install_ids = fields.One2many(
        "wine.firmware.install", "machine_id", "Firmware updates", copy=False
    )

    @api.model
    def _after_facts(self, facts):
        """Births and reports show which version runs."""
        result = super()._after_facts(facts)
        shown = [
            (fact.machine_id, str(fact.data["fw"]), fact.moment)
            for fact in facts
            if fact.type in ("machine.birth", "machine.reported")
            and fact.result == "done"
            and fact.data.get("fw")
        ]
        self.env["wine.firmware.install"]._follow_versions(shown)
        return result

    def action_view_firmware(self):
        """Updates of this machine."""
        return self._action_of("wine_device_bridge.wine_firmware_install_action")
