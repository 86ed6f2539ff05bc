# SPDX-License-Identifier: LGPL-3.0-or-later
"""A message that is refused by itself at the HTTPS door takes nobody along (§3, §10)."""

import json

from odoo.tests import tagged

from .test_door import DoorCommon


@tagged("post_install", "-at_install")
class TestDoorParts(DoorCommon):
    """The same answers as over MQTT."""

    def test_a_neighbour_that_no_reader_follows(self):
        """So deep or broken that the body is not read at once: the others are stored."""
        good = [json.dumps(self.envelope(seq=seq)) for seq in range(1, 6)]
        good[1] = good[1].replace('{"state": "opened"}', '{"x":' * 3000 + "1" + "}" * 3000)
        good[3] = good[3].replace('"epoch": 1', '"epoch": 1,,')
        answer = self.told(f'{{"evt": [{", ".join(good)}], "desired_version": 3}}'.encode())
        self.assertEqual(self.stored().mapped("seq"), [1.0, 3.0, 5.0])
        ack = answer["evt_ack"][0]
        self.assertEqual((ack["ack_seq"], ack["missing"]), (5, []))
        wanted = [{"seq": seq, "code": "schema"} for seq in (2, 4)]
        self.assertEqual(ack["rejected"], wanted)

    def test_large_neighbours_are_told_with_their_code(self):
        events = [self.envelope(seq=seq) for seq in range(1, 6)]
        events[1]["pad"], events[3]["pad"] = "x" * 33 * 1024, "x" * 90 * 1024
        ack = self.told({"evt": events})["evt_ack"][0]
        self.assertEqual(self.stored().mapped("seq"), [1.0, 3.0, 5.0])
        wanted = [{"seq": seq, "code": "too_large"} for seq in (2, 4)]
        self.assertEqual(ack["rejected"], wanted)

    def test_a_body_that_was_cut_off_judges_nobody(self):
        """What is missing of it may be good: the machine sends it again."""
        whole = json.dumps({"evt": [self.envelope(seq=seq) for seq in (1, 2)]})
        for cut in (whole[:-1], whole[:-3], whole[:-60], whole[:30]):
            self.assertEqual(self.knock(cut.encode()).status_code, 400)
        self.assertEqual((self.stored().ids, self.refused().mapped("code")), ([], ["schema"] * 4))
        self.assertEqual(self.told(whole.encode())["evt_ack"][0]["ack_seq"], 2)
