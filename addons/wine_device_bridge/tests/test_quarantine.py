# SPDX-License-Identifier: LGPL-3.0-or-later
"""Quarantine: read, corrected, judged again, put aside; money once, the original for ever."""

import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..core import quarantine
from .common import BridgeCommon

KEPT = ("payload", "topic", "code", "result", "received_at", "moment", "machine_id", "part")


class QuarantineCommon(BridgeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = new_test_user(cls.env, "settler", "wine_vending.group_wine_admin")
        cls.manager = new_test_user(cls.env, "regional", "wine_vending.group_wine_region_manager")
        cls.region.manager_ids = cls.manager

    def refuse(self, content, **publish):
        """Store what is refused; returns it as the platform administrator sees it."""
        before = self.env["wine.bridge.event"].search([], limit=1).id or 0
        self.store(self.publish(content, **publish))
        event = self.env["wine.bridge.event"].search(
            [("id", ">", before), ("code", "!=", False)], order="id desc", limit=1
        )
        self.assertEqual(event.state, "quarantined")
        return event.with_user(self.admin)

    def bad_sale(self):
        """A sale whose price came as a text: (what came, the mended one, the refused row)."""
        good = self.sale()
        bad = json.loads(json.dumps(good))
        bad["data"]["price"] = "twelve"
        return bad, good, self.refuse(bad)

    def guide(self, event, content, reason="price was a text"):
        text = content if isinstance(content, str) else json.dumps(content)
        guide = (
            self.env["wine.bridge.correction"]
            .with_user(self.admin)
            .with_context(active_ids=event.ids)
            .create({"text": text, "reason": reason})
        )
        self.assertEqual(guide.event_id, event)
        return guide

    def vends(self, good):
        return self.env["wine.vend"].search([("uuid", "=", good["data"]["vend_id"])])


@tagged("post_install", "-at_install")
class TestCorrection(QuarantineCommon):
    def test_a_corrected_sale_is_in_the_books_once(self):
        bad, good, refused = self.bad_sale()
        before = refused.sudo().read(KEPT)[0]
        guide = self.guide(refused, good)
        self.assertTrue(guide.fine, guide.verdict)
        taken = self.env["wine.bridge.event"].browse(guide.action_take_in()["res_id"])
        self.assertEqual((taken.event_id, int(taken.seq)), (good["id"], good["seq"]))
        self.assertEqual((taken.corrects_id, taken.state), (refused.sudo(), "new"))
        self.assertEqual(taken.received_at, refused.received_at)
        self.assertEqual(refused.read(KEPT)[0], before)
        self.assertEqual((refused.state, refused.settled_by_id), ("corrected", self.admin))
        self.assertEqual(refused.settled_reason, "price was a text")
        self.assertTrue(refused.settled_at)
        self.assertEqual(refused.taken_id.id, taken.id)
        self.project()
        vend = self.vends(good)
        self.assertEqual(len(vend), 1)
        self.assertEqual(len(vend.order_ids), 1)
        # the machine sends the bad one again, and then the good one: nothing is sold twice
        self.store(self.publish(bad), self.publish(good))
        self.project()
        self.assertEqual(taken.duplicates, 1)
        self.assertEqual(self.vends(good).order_ids, vend.order_ids)
        self.assertIn("1 refused messages were taken in", self.machine.message_ids[0].body)

    def test_a_second_correction_finds_it_settled(self):
        _bad, good, refused = self.bad_sale()
        first, second = self.guide(refused, good), self.guide(refused, good)
        first.action_take_in()
        with self.assertRaisesRegex(UserError, "not in quarantine any more.*settler"):
            second.action_take_in()
        self.assertEqual(
            self.env["wine.bridge.event"].search_count([("event_id", "=", good["id"])]), 1
        )

    def test_the_machine_was_faster_with_the_same(self):
        _bad, good, refused = self.bad_sale()
        self.store(self.publish(good))
        self.project()
        stored = self.env["wine.bridge.event"].search([("event_id", "=", good["id"])])
        taken = self.guide(refused, good).action_take_in()["res_id"]
        self.assertEqual(taken, stored.id)
        self.assertEqual((refused.state, refused.taken_id.id), ("corrected", stored.id))
        self.assertEqual(len(self.vends(good)), 1)

    def test_the_machine_was_faster_with_another(self):
        _bad, good, refused = self.bad_sale()
        other = {**good, "data": {**good["data"], "qty": 2}}
        self.store(self.publish(other))
        guide = self.guide(refused, good)
        self.assertFalse(guide.fine)
        with self.assertRaisesRegex(UserError, "stands under this identity"):
            guide.action_take_in()
        self.assertEqual(refused.state, "quarantined")

    def test_what_makes_it_that_message_stays(self):
        _bad, good, refused = self.bad_sale()
        for change in ({"seq": good["seq"] + 1}, {"epoch": 2}, {"id": good["boot"]}):
            guide = self.guide(refused, {**good, **change})
            self.assertFalse(guide.fine)
            with self.assertRaises(UserError):
                guide.action_take_in()
        self.assertEqual(refused.state, "quarantined")

    def test_nothing_is_stored_that_the_door_refuses(self):
        bad, good, refused = self.bad_sale()
        for text in (json.dumps(bad), "{", json.dumps([good, good]), "[]", '"x"'):
            guide = self.guide(refused, text)
            self.assertFalse(guide.fine, text)
            with self.assertRaises(UserError):
                guide.action_take_in()
        with self.assertRaisesRegex(UserError, "Say why"):
            self.guide(refused, good, reason="  ").action_take_in()
        self.assertFalse(self.env["wine.bridge.event"].search([("event_id", "=", good["id"])]))

    def test_of_an_array_the_one_that_is_meant(self):
        good = [self.sale() for _number in range(3)]
        sent = json.loads(json.dumps(good))
        sent[1]["data"]["qty"] = "none"
        refused = self.refuse(sent)
        guide = self.guide(refused, good[1])
        self.assertEqual(refused.part, 2)
        opened = guide.with_context(active_ids=refused.ids).default_get(["text"])
        self.assertEqual(json.loads(opened["text"]), sent[1])
        guide.action_take_in()
        self.project()
        self.assertEqual([len(self.vends(one)) for one in good], [1, 1, 1])

    def test_broken_bytes_are_written_anew(self):
        good = self.sale()
        refused = self.refuse(json.dumps(good).encode()[:-20])
        self.assertIn("no readable JSON", refused.fault_html)
        self.guide(refused, good).action_take_in()
        self.project()
        self.assertEqual(len(self.vends(good)), 1)

    def test_the_fault_is_marked_and_texts_of_devices_are_no_markup(self):
        bad = self.sale()
        bad["data"]["price"] = "<script>alert(1)</script>"
        refused = self.refuse(bad)
        self.assertIn("data.price", refused.fault_html)
        self.assertIn("vend.local.schema.json", refused.fault_html)
        self.assertIn("&lt;script&gt;", refused.fault_html)
        self.assertNotIn("<script>", refused.fault_html)

    def test_a_correction_is_the_platforms(self):
        _bad, good, refused = self.bad_sale()
        for method in ("action_correct", "action_judge_again", "action_dismiss"):
            with self.assertRaises(AccessError):
                getattr(refused.with_user(self.manager), method)()
        with self.assertRaises(AccessError):
            refused.with_user(self.manager)._take_in(json.dumps(good), "x")
        self.assertTrue(refused.with_user(self.manager).fault_html)  # their own they read


@tagged("post_install", "-at_install")
class TestJudgedAgain(QuarantineCommon):
    def test_an_epoch_that_was_mended(self):
        sent = [self.sale() for _number in range(3)]
        refused = self.env["wine.bridge.event"].with_user(self.admin)
        for content in sent:
            content["epoch"] = 2
            refused |= self.refuse(content)
        self.assertEqual(set(refused.mapped("code")), {"unknown_epoch"})
        answer = refused.action_judge_again()
        self.assertIn("3 still refused", answer["params"]["message"])
        self.assertIn("Epoch 2 was never given", answer["params"]["message"])
        self.machine.bridge_epoch = 2
        answer = refused.action_judge_again()
        self.assertEqual(answer["params"]["message"], "3 taken in.")
        self.project()
        self.assertEqual([len(self.vends(content)) for content in sent], [1, 1, 1])
        journal = self.env["wine.bridge.journal"].search(
            [("machine_id", "=", self.machine.id), ("epoch", "=", 2)]
        )
        self.assertEqual(int(journal.highest), sent[-1]["seq"])
        again = refused.action_judge_again()
        self.assertIn("3 still refused", again["params"]["message"])

    def test_the_same_refused_twice_is_one_event(self):
        content = {**self.sale(), "epoch": 2}
        first, second = self.refuse(content), self.refuse(content)
        self.machine.bridge_epoch = 2
        (first | second).action_judge_again()
        self.assertEqual(first.taken_id, second.taken_id)
        self.project()
        self.assertEqual(len(self.vends(content).order_ids), 1)

    def test_a_machine_that_is_known_by_now(self):
        content = self.sale()
        uuid = "0d9f7c0e-4a56-4b53-8a51-6c2f3d2b7a99"
        topic = f"wine/v1/test/{uuid}/up/evt"
        refused = self.refuse(content, topic=topic)
        self.assertEqual((refused.code, refused.machine_id.id), ("foreign_machine", False))
        self.assertIn("no machine", refused.action_judge_again()["params"]["message"])
        machine = self.make_machine(self.region, {"A1": self.wine}, name="Late")
        machine.sudo().uuid = uuid
        self.assertIn("1 taken in", refused.action_judge_again()["params"]["message"])
        self.assertEqual(refused.taken_id.machine_id, machine)


@tagged("post_install", "-at_install")
class TestConflict(QuarantineCommon):
    def test_side_by_side_and_put_aside(self):
        first = self.sale()
        second = {**first, "data": {**first["data"], "qty": 2}}
        self.store(self.publish(first))
        refused = self.refuse(second)
        self.project()
        self.assertEqual(refused.code, "identity_conflict")
        rows = [line for line in refused.compare_html.split("<tr") if "≠" in line]
        self.assertEqual(len(rows), 1, refused.compare_html)
        self.assertIn("data.qty", rows[0])
        self.assertEqual(refused.case_id.state, "open")
        self.assertIn("1 still refused", refused.action_judge_again()["params"]["message"])
        guide = (
            self.env["wine.bridge.dismissal"]
            .with_user(self.admin)
            .with_context(active_ids=refused.ids)
            .create({})
        )
        with self.assertRaisesRegex(UserError, "Say why"):
            guide.action_dismiss()
        guide.reason = "clone of a board"
        guide.action_dismiss()
        self.assertEqual((refused.state, refused.settled_reason), ("dismissed", "clone of a board"))
        self.assertEqual(refused.case_id.state, "decided")
        with self.assertRaises(UserError):
            refused._dismiss("again")
        self.project()
        self.assertEqual(refused.state, "dismissed")

    def test_what_was_said_is_put_together_again(self):
        """Beside itself nothing differs: what the table shows as different is different."""
        content = self.sale()
        self.store(self.publish(content))
        event = self.env["wine.bridge.event"].search([("event_id", "=", content["id"])])
        rows = quarantine.compared(event._told(), quarantine.comparable(content))
        self.assertFalse([row for row in rows if row[3]])
