# SPDX-License-Identifier: LGPL-3.0-or-later
import hashlib
import json
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..core import schema
from .common import BridgeCommon


@tagged("post_install", "-at_install")
class TestOutbox(BridgeCommon):
    """Commands live in the business transaction; what machines answer only moves them forward."""

    def commands(self, kind):
        return self.env["wine.bridge.command"].search(
            [("machine_id", "=", self.machine.id), ("type", "=", kind)]
        )

    def ack(self, command, status, **data):
        content = self.envelope("ack", {"cmd": command.uuid, "status": status, **data}, seq=None)
        self.store(self.publish(content, channel="ack"))
        self.project()
        return command.state

    def test_authorising_queues_the_command(self):
        vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "qr")
        vend._authorise()
        command = self.commands("vend.authorize")
        self.assertEqual(command.state, "queued")
        self.assertEqual(command.args["vend_id"], vend.uuid)
        message = {"id": command.uuid, "type": command.type, "args": command.args}
        message["exp"] = f"{command.expires_at.isoformat()}Z"
        self.assertIsNone(schema.fault("cmd", message))
        self.assertEqual(command.expires_at, vend.expires_at)

    def test_answers_only_move_forward(self):
        self.machine.action_suspend()
        command = self.commands("machine.lock")
        command.state = "sent"
        self.assertEqual(self.ack(command, "in_progress"), "in_progress")
        self.assertEqual(self.ack(command, "received"), "in_progress")
        self.assertEqual(self.ack(command, "succeeded", detail="locked"), "succeeded")
        self.assertEqual(self.ack(command, "failed"), "succeeded")
        self.assertEqual(command.detail, "locked")

    def test_what_a_machine_never_spoke_of_is_sent_again_when_it_comes_back(self):
        """The broker died with it, or had no room for it; the machine was away."""
        now = fields.Datetime.now()
        kinds = ("machine.lock", "cash.request", "counter.request", "log.request", "door.unlock")
        for kind in kinds:
            self.machine._send(kind, {}, now + timedelta(hours=1))
        lost, heard, late, waiting, fresh = (self.commands(kind) for kind in kinds)
        (lost | heard | late).write({"state": "sent", "sent_at": now - timedelta(minutes=9)})
        fresh.write({"state": "sent", "sent_at": now + timedelta(minutes=1)})
        late.expires_at = now - timedelta(minutes=1)
        self.env.flush_all()
        before = now - timedelta(hours=3)
        self.env.cr.execute(
            "UPDATE wine_bridge_command SET create_date = %s, write_date = %s WHERE id = %s",
            [before, before, lost.id],
        )
        self.assertEqual(self.ack(heard, "received"), "received")
        self.store(self.publish(self.birth(), channel="birth"))
        self.project()
        states = [one.state for one in (lost, heard, late, waiting, fresh)]
        self.assertEqual(states, ["queued", "received", "sent", "queued", "sent"])
        age = self.env["wine.bridge.figures"]._commands()["command_age"]
        self.assertLess(age, 60, "it waits since now, and no alarm is raised for it")
        self.assertEqual(self.ack(lost, "succeeded"), "succeeded", "it had it after all")

    def test_another_machine_cannot_answer(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        self.machine.action_suspend()
        command = self.commands("machine.lock")
        content = self.envelope("ack", {"cmd": command.uuid, "status": "succeeded"}, seq=None)
        self.store(self.publish(content, channel="ack", machine=other))
        self.project()
        self.assertEqual(command.state, "queued")

    def test_commands_expire(self):
        self.machine.action_suspend()
        command = self.commands("machine.lock")
        command.expires_at = fields.Datetime.now() - timedelta(minutes=1)
        self.env["wine.bridge.command"]._cron_expire()
        self.assertEqual(command.state, "expired")

    def test_desired(self):
        self.wine.wine_age_restricted = True
        document = self.machine._desired()
        self.assertEqual(document["version"], self.machine.planogram_id.version)
        line = next(line for line in document["planogram"] if line["slot"] == "A1")
        self.assertEqual((line["sku"], line["price"], line["age"]), ("T-RED", "120.00", 18))
        self.assertEqual(document["config"]["sales_hours"], ["00:00", "24:00"])
        rest = {key: document[key] for key in ("planogram", "offers", "config")}
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
        self.assertEqual(document["sha256"], hashlib.sha256(text.encode()).hexdigest())

    def test_only_the_newest_shadow_waits(self):
        self.publish_planogram(self.machine, {"A1": self.wine}, A1=1.0)
        self.publish_planogram(self.machine, {"A1": self.wine}, A1=2.0)
        queued = self.env["wine.bridge.command"].search(
            [
                ("machine_id", "=", self.machine.id),
                ("channel", "=", "desired"),
                ("state", "=", "queued"),
            ]
        )
        self.assertEqual(len(queued), 1)
        self.assertEqual(queued.args["planogram"][0]["price"], "2.00")
