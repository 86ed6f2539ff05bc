# SPDX-License-Identifier: LGPL-3.0-or-later
"""An event that is refused by itself: told with its code, kept by itself, mended by itself (§3)."""

import json

from odoo.tests import tagged

from ..core import envelope
from .test_quarantine import QuarantineCommon


@tagged("post_install", "-at_install")
class TestRefusedParts(QuarantineCommon):
    """Fifty sales in one message, and one that nobody can read: forty-nine are in the books."""

    def setUp(self):
        super().setUp()
        type(self).seq = 0  # one acknowledgement names 200 missing numbers at most

    def written(self, content, levels=0, pad=0):
        """An event as a device writes it, so deep, or so much larger."""
        text = json.dumps({**content, "pad": "x" * pad} if pad else content)
        if not levels:
            return text
        return f'{text[:-1]}, "deep": {"[" * levels}{"]" * levels}}}'

    def sent(self, *texts):
        """What the machine is told: (result, its evt_ack)."""
        result = self.store(self.publish(f"[{','.join(texts)}]".encode()))
        key = self.machine.uuid, 1
        rejected = result.rejected.get(key, ())
        return result, result.journals[key].acknowledgement(1, rejected)

    def check_neighbours(self, code, **spoilt):
        sales = [self.sale() for _number in range(5)]
        bad = sales[2]
        result, ack = self.sent(
            *[self.written(one, **(spoilt if one is bad else {})) for one in sales]
        )
        self.assertEqual((result.stored, result.quarantined), (4, 1))
        self.assertEqual(ack["rejected"], [{"seq": bad["seq"], "code": code}])
        self.assertFalse(set(ack["missing"]) & {sale["seq"] for sale in sales})
        self.assertEqual(ack["ack_seq"], sales[-1]["seq"])
        refused = self.events(state="quarantined", code=code)[-1].with_user(self.admin)
        self.assertEqual(refused.part, 3)
        self.assertIn(bad["id"], refused.payload)
        self.assertNotIn(sales[1]["id"], refused.payload)
        # a person mends it: this very sale, and no other number
        moved = {**bad, "seq": bad["seq"] + 1000}
        self.assertFalse(self.guide(refused, moved).fine)
        guide = self.guide(refused, bad)
        self.assertTrue(guide.fine, guide.verdict)
        guide.action_take_in()
        self.project()
        self.assertEqual([len(self.vends(sale).order_ids) for sale in sales], [1] * 5)

    def test_deep(self):
        self.check_neighbours("schema", levels=12)

    def test_so_deep_that_no_reader_follows(self):
        self.check_neighbours("schema", levels=9000)

    def test_large(self):
        self.check_neighbours("too_large", pad=33 * 1024)

    def test_one_alone_is_told_as_well(self):
        for code, spoilt in (("too_large", {"pad": 50_000}), ("schema", {"levels": 5000})):
            bad = self.envelope()
            result = self.store(self.publish(self.written(bad, **spoilt).encode()))
            self.assertEqual(result.rejected[self.machine.uuid, 1], [(bad["seq"], code)])

    def test_a_message_that_is_cut_off_at_the_link(self):
        """What is not read is not told, and comes again: nothing of it is taken for stored."""
        events = [self.envelope() for _number in range(400)]
        whole = f"[{','.join(map(json.dumps, events))}]".encode()[: envelope.READ_LIMIT]
        result = self.store(self.publish(whole))
        self.assertEqual((result.quarantined, result.rejected), (1, {}))
        ack = result.journals[self.machine.uuid, 1].acknowledgement(1)
        self.assertEqual(ack["ack_seq"], events[result.stored - 1]["seq"])
        result, ack = self.sent(*map(json.dumps, events[result.stored :]))
        self.assertEqual(ack["ack_seq"], events[-1]["seq"])
        self.assertFalse(set(ack["missing"]) & {event["seq"] for event in events})

    def test_a_token_in_a_broken_one_is_masked(self):
        data = {"request_id": self.envelope()["id"], "kind": "member", "token": "4711-secret"}
        asked = self.written(self.envelope("auth.request", data), levels=5000)
        self.sent(asked, json.dumps(self.envelope()))
        refused = self.events(state="quarantined")[-1]
        self.assertIn('"token"', refused.payload)
        self.assertNotIn("4711", refused.payload)

    def test_large_ones_that_a_person_can_read(self):
        """What is not too large as it came is not so by the spaces that it is shown with."""
        content = {**self.sale(), "epoch": 2, "pad": [[["x"]] * 20] * 180}
        text = json.dumps(content, separators=(",", ":"))
        self.assertLess(len(text), envelope.MAX_BYTES)
        refused = self.refuse(text.encode())
        self.assertEqual(refused.code, "unknown_epoch")
        self.machine.bridge_epoch = 2
        self.assertEqual(refused.action_judge_again()["params"]["message"], "1 taken in.")
