# SPDX-License-Identifier: LGPL-3.0-or-later
"""People read words; the names of the protocol stand beside them."""

from odoo.tests import Form, new_test_user, tagged

from ..core import schema
from ..core.commands import KINDS
from ..models.words import COMMANDS, MESSAGES
from .common import BridgeCommon


def names(folder):
    """Types of the published contract, by the files of their schemas."""
    suffix = ".schema.json"
    return {
        path.removeprefix(folder).removesuffix(suffix)
        for path in schema.schemas()
        if path.startswith(folder)
    }


@tagged("post_install", "-at_install")
class TestWords(BridgeCommon):
    def test_every_type_of_the_contract_has_words(self):
        self.assertEqual(set(COMMANDS), names("commands/") | {"shadow.desired"})
        channels = {"birth", "state", "ack", "reported"}
        self.assertEqual(set(MESSAGES), names("events/") | channels)
        self.assertLessEqual(set(KINDS), set(COMMANDS))
        for words in (COMMANDS, MESSAGES):
            self.assertFalse([name for name, said in words.items() if "." in str(said._source)])
            said = [text._source for text in words.values()]
            self.assertEqual(len(said), len(set(said)), "two types under one name")

    def test_a_command(self):
        command = self.machine._queue_command("door.unlock", {}, self.machine.write_date)
        self.assertEqual(command.display_name, "Unlock the door")
        self.assertEqual(command.protocol_name, "door.unlock")
        found = self.env["wine.bridge.command"].search([("type", "=", "door.unlock")])
        self.assertIn(command, found)
        guide = Form(self.env["wine.command.new"].with_context(default_machine_id=self.machine.id))
        guide.kind = "machine.reboot"
        self.assertIn("starts anew", guide.what)

    def test_what_a_machine_may_not_be_told_is_said_in_words(self):
        person = new_test_user(self.env, "worded", "wine_vending.group_wine_service")
        self.region.staff_ids = person
        with self.assertRaisesRegex(Exception, "Send messages again is for the platform"):
            self.machine.with_user(person)._check_may_command("event.resend")
        with self.assertRaisesRegex(Exception, "^x.y is not told by hand"):
            self.machine._check_may_command("x.y")

    def test_a_message(self):
        door, unknown = self.envelope(), self.envelope("coffee.ready", {})
        self.store(self.publish(door), self.publish(unknown))
        found = {event.event_id: event for event in self.events(machine_id=self.machine.id)}
        event = found[door["id"]]
        self.assertEqual((event.type_text, event.type), ("Door", "door"))
        self.assertIn("Door", event.display_name)
        self.assertEqual(found[unknown["id"]].type_text, "coffee.ready")
        row = next(row for row in self.machine.bridge_tail()["messages"] if row["id"] == event.id)
        self.assertEqual((row["label"], row["type"]), ("Door", "door"))

    def test_a_refused_message_says_what_it_would_have_been(self):
        sale = self.sale()
        sale["data"]["price"] = "twelve"
        last = self.events()[-1:].id
        self.store(self.publish(sale), self.publish(b"{"), self.publish(b'{"type": 5}'))
        said = {event.type_text for event in self.events() if event.id > last}
        self.assertEqual(said, {"Sale at the machine", "Unreadable message"})
        rows = self.machine.bridge_tail()["messages"]
        self.assertEqual({row["label"] for row in rows if row["id"] > last}, said)
        codes = {row["code_text"] for row in rows if row["id"] > last}
        self.assertEqual(codes, {"Not as the protocol says"})

    def test_what_it_says_is_read_line_by_line(self):
        door = self.envelope(data={"state": "opened", "by": "key"})
        self.store(self.publish(door))
        event = self.env["wine.bridge.event"].search([("event_id", "=", door["id"])])
        lines = ["{", '  "by": "key",', '  "state": "opened"', "}"]
        self.assertEqual(event.data_text.splitlines(), lines)
        clock = dict(event._fields["time_quality"]._description_selection(self.env))
        self.assertEqual(clock[event.time_quality], "Right")

    def test_search_by_words_and_by_name(self):
        door, sale = self.envelope(), self.sale()
        self.store(self.publish(door), self.publish(sale))
        ids = [door["id"], sale["id"]]
        Event = self.env["wine.bridge.event"]
        for text, expected in (
            ("sale at", sale["id"]),
            ("vend.local", sale["id"]),
            ("Doo", door["id"]),
        ):
            found = Event.search([("event_id", "in", ids), ("type_text", "ilike", text)])
            self.assertEqual(found.mapped("event_id"), [expected], text)
        others = Event.search([("event_id", "in", ids), ("type_text", "not ilike", "sale")])
        self.assertEqual(others.mapped("event_id"), [door["id"]])
