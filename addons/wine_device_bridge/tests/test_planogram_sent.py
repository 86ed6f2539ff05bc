# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import tagged

from ..core import schema
from .common import BridgeCommon


@tagged("post_install", "-at_install")
class TestPlanogramSent(BridgeCommon):
    """A version is published, sent, applied: each with its own moment."""

    def test_sent_and_applied(self):
        planogram = self.publish_planogram(self.machine, {"A1": self.wine})
        older = self.machine.planogram_ids - planogram
        commands = self.env["wine.bridge.command"].search(
            [("machine_id", "=", self.machine.id), ("channel", "=", "desired")], order="id desc"
        )
        self.assertEqual(commands[0].args["version"], planogram.version)
        self.assertIsNone(schema.fault("desired", commands[0].args))
        self.assertFalse(planogram.sent_at)
        commands[0].write({"state": "sent", "sent_at": "2026-03-01 10:00:00"})
        planogram.invalidate_recordset(["sent_at"])
        self.assertEqual(str(planogram.sent_at), "2026-03-01 10:00:00")
        self.assertFalse(older.sent_at, "it was never sent: the newer one took its place")

    def test_a_report_on_the_wire_is_applied_and_compared(self):
        self.publish_planogram(self.machine, {"A1": self.wine}, A1=99)
        content = self.envelope(
            "reported",
            {"version": 1, "sha256": "0" * 64, "fw": "2", "errors": [{"slot": "A1", "code": "e1"}]},
            seq=None,
        )
        self.store(self.publish(content, channel="reported"))
        self.project()
        kinds = {(row.kind, row.slot_code) for row in self.machine.difference_ids}
        self.assertIn(("error", "A1"), kinds)
        self.assertIn(("price", "A1"), kinds)
        self.assertIn(("not_applied", ""), kinds)
        self.assertEqual(self.machine.reported_sha256, "0" * 64)
