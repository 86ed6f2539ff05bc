# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import datetime, timedelta

from odoo.tests import tagged

from .common import WineCommon


@tagged("post_install", "-at_install")
class TestDeviceFacts(WineCommon):
    """What a machine says of itself."""

    def say(self, kind, **data):
        fact = self.fact(self.machine, kind, data)
        self.project(fact)
        return fact

    def test_birth_state_and_last_will(self):
        self.machine.connection_state = "never"
        self.say("machine.birth", fw="2.4.1", caps=["age", "lift"], next_seq=1, slots=60)
        self.assertEqual(self.machine.connection_state, "online")
        self.assertEqual(self.machine.firmware, "2.4.1")
        self.assertEqual(self.machine.capabilities, "age, lift")
        self.assertTrue(self.machine.last_seen)
        self.say("machine.state", state="offline")
        self.assertEqual(self.machine.connection_state, "offline")
        self.assertTrue(self.say("machine.state", state="asleep").result.startswith("failed"))

    def heard(self, kind, received, **data):
        """One word on the connection, and what is known after it."""
        self.project(self.fact(self.machine, kind, data, received=received))
        self.env.flush_all()
        self.env.invalidate_all()
        return self.machine.connection_state

    def test_what_was_heard_last_counts_whichever_carrier_is_faster(self):
        """Two carriers: the will of the old connection is handed over behind the new birth."""
        now = datetime(2026, 11, 20, 12, 0, 0, 500_000)
        soon = timedelta(milliseconds=3)
        birth = {"fw": "1", "caps": [], "next_seq": 1, "slots": 3}
        self.assertEqual(self.heard("machine.birth", now, **birth), "online")
        self.assertEqual(self.heard("machine.state", now - soon, state="offline"), "online")
        self.assertFalse(self.machine.outage_ids.filtered(lambda one: one.kind == "offline"))
        self.assertEqual(self.heard("machine.state", now + soon, state="offline"), "offline")
        self.assertEqual(self.heard("machine.birth", now, **birth), "offline")
        facts = [
            self.fact(self.machine, "machine.birth", birth, received=now + 3 * soon),
            self.fact(self.machine, "machine.state", {"state": "offline"}, received=now + 2 * soon),
        ]
        self.project(*facts)
        self.assertEqual(self.machine.connection_state, "online", "within one batch")

    def test_a_server_clock_that_was_set_back_stops_nothing(self):
        now = datetime(2026, 11, 20, 12, 0)
        birth = {"fw": "1", "caps": [], "next_seq": 1, "slots": 3}
        self.heard("machine.birth", now, **birth)
        back = now - timedelta(hours=1)
        self.assertEqual(self.heard("machine.state", back, state="offline"), "offline")
        self.assertEqual(
            self.heard("machine.birth", back + timedelta(seconds=1), **birth), "online"
        )

    def test_reported_version(self):
        self.assertFalse(self.machine.in_sync)
        self.say("machine.reported", version=1, sha256="", fw="3.0", errors=[])
        self.assertTrue(self.machine.in_sync)
        self.publish_planogram(self.machine, {"A1": self.soda})
        self.assertFalse(self.machine.in_sync)

    def test_slot_state(self):
        self.say("slot.state", slot="A1", state="jammed")
        slot = self.slot(self.machine, "A1")
        self.assertEqual((slot.state, slot.qty), ("jammed", 10))
        fact = self.say("slot.state", slot="A1", state="ok", qty=7)
        self.env.invalidate_all()
        self.assertEqual((slot.state, slot.qty), ("ok", 7))
        self.assertTrue(self.env["wine.case"].search([("reference", "=", fact.reference)]))

    def test_faults_are_raised_once_and_cleared(self):
        self.say("fault.raised", code="E17", severity="critical", slot="A1", text="Motor stuck")
        self.say("fault.raised", code="E17", severity="critical", slot="A1", text="Motor stuck")
        self.say("fault.raised", code="E17", severity="warning")
        self.assertEqual(self.machine.fault_count, 2)
        self.say("fault.cleared", code="E17", slot="A1")
        self.assertEqual(self.machine.fault_ids.slot_code, False)

    def test_door(self):
        self.say("door", state="opened")
        self.assertEqual(self.machine.door_state, "opened")
        self.assertIn("ajar", self.say("door", state="ajar").result)

    def test_what_nobody_handles_is_said_to_be_so(self):
        self.assertEqual(self.say("x.new", any=1).result, "unhandled")

    def test_nonsense_is_refused_alone(self):
        """Fields of another shape than agreed spoil their own fact only."""
        nonsense = [
            self.fact(self.machine, "restock.done", {"slots": 5}),
            self.fact(self.machine, "restock.done", {"slots": [7]}),
            self.fact(self.machine, "slot.state", {"slot": ["A1"], "state": {}}),
            self.fact(self.machine, "slot.state", {"slot": "A1", "state": "ok", "qty": 10**12}),
            self.fact(self.machine, "machine.reported", {"version": "two"}),
            self.fact(self.machine, "vend.result", {"vend_id": {}, "outcome": "success"}),
            self.local(self.machine, qty=10**12),
            self.local(self.machine, price_version=10**12),
            self.local(self.machine, slot="A1", vend_id=7),
            self.fact(self.machine, "vend.local", {}),
        ]
        good = self.local(self.machine)
        self.project(*nonsense, good)
        self.assertEqual(good.result, "done")
        for fact in nonsense:
            self.assertTrue(fact.result.startswith(("failed", "orphan")), (fact.type, fact.result))
        self.assertEqual(self.slot(self.machine, "A1").qty, 9)
