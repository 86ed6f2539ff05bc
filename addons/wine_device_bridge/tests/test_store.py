# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

from odoo.tests import tagged

from ..core import received
from .common import BridgeCommon


@tagged("post_install", "-at_install")
class TestStore(BridgeCommon):
    """The door: stored once, whatever comes twice; refused with a code, never lost."""

    def journal(self, epoch=1):
        return self.env["wine.bridge.journal"].search(
            [("machine_id", "=", self.machine.id), ("epoch", "=", epoch)]
        )

    def test_stored_as_it_came(self):
        event = self.envelope(data={"state": "opened", "by": "key"})
        result = self.store(self.publish(event))
        self.assertEqual((result.stored, result.duplicates, result.quarantined), (1, 0, 0))
        row = self.events(event_id=event["id"])
        self.assertEqual((row.machine_id, row.type, row.seq), (self.machine, "door", event["seq"]))
        self.assertEqual(row.data, {"state": "opened", "by": "key"})
        self.assertEqual(row.state, "new")
        self.assertTrue(row.clock_trusted)

    def test_an_array_of_events(self):
        events = [self.envelope() for _i in range(50)]
        result = self.store(self.publish(events))
        self.assertEqual(result.stored, 50)
        too_many = self.store(self.publish([self.envelope() for _i in range(51)]))
        self.assertEqual((too_many.stored, too_many.quarantined), (51, 0))

    def test_the_same_again_is_counted(self):
        event = self.envelope()
        self.store(self.publish(event))
        late = dict(event, hist=True)
        result = self.store(self.publish(event), self.publish([late]))
        self.assertEqual((result.stored, result.duplicates, result.quarantined), (0, 2, 0))
        self.assertEqual(self.events(event_id=event["id"]).duplicates, 2)
        ack = result.journals[self.machine.uuid, 1].acknowledgement(1)
        self.assertEqual(ack["ack_seq"], event["seq"], "a duplicate is acknowledged again")

    def test_twice_in_one_batch(self):
        event = self.envelope()
        result = self.store(self.publish(event), self.publish(event))
        self.assertEqual((result.stored, result.duplicates), (1, 1))

    def test_the_same_identity_with_other_content(self):
        event = self.envelope()
        self.store(self.publish(event))
        result = self.store(self.publish(dict(event, data={"state": "closed"})))
        self.assertEqual((result.stored, result.quarantined), (0, 1))
        self.assertEqual(
            result.rejected[self.machine.uuid, 1], [(event["seq"], "identity_conflict")]
        )
        self.assertEqual(self.events(event_id=event["id"]).data, {"state": "opened"})
        self.project()
        quarantined = self.events(state="quarantined", machine_id=self.machine.id)
        self.assertEqual(quarantined.case_id.kind, "conflict")

    def test_the_same_number_under_another_id(self):
        event = self.envelope()
        self.store(self.publish(event))
        result = self.store(self.publish(dict(event, id=str(uuid4()))))
        self.assertEqual((result.stored, result.quarantined), (0, 1))

    def test_the_same_identity_of_two_machines(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        event = self.envelope()
        result = self.store(
            self.publish(event), self.publish(dict(event, id=str(uuid4())), machine=other)
        )
        self.assertEqual(result.stored, 2, "numbers count per machine")
        stolen = self.store(self.publish(event, machine=other))
        self.assertEqual((stolen.stored, stolen.quarantined), (0, 1), "ids are for ever")

    def test_gaps_are_named_and_filled(self):
        one, two, three = (self.envelope() for _i in range(3))
        result = self.store(self.publish(one), self.publish(three))
        ack = result.journals[self.machine.uuid, 1].acknowledgement(1)
        self.assertEqual(ack["ack_seq"], three["seq"])
        self.assertEqual(ack["missing"][-1], two["seq"])
        result = self.store(self.publish(two))
        ack = result.journals[self.machine.uuid, 1].acknowledgement(1)
        self.assertNotIn(two["seq"], ack["missing"])
        self.assertEqual(self.journal().highest, three["seq"])

    def test_a_machine_that_leaves_out_every_second_one(self):
        """Its journal stays small, nothing that is missing is acknowledged, and it can be mended"""
        with patch.object(received, "MOST_GAPS", 5):
            events = {seq: self.envelope(seq=seq) for seq in range(1, 41)}
            odd = [events[seq] for seq in range(1, 41, 2)]
            result = self.store(*[self.publish(odd[n : n + 10]) for n in (0, 10)])
            self.assertEqual(result.stored, 20)
            self.assertEqual(len(self.journal().gaps), 5)
            ack = result.journals[self.machine.uuid, 1].acknowledgement(1)
            covered = set(range(1, ack["ack_seq"] + 1)) - set(ack["missing"])
            self.assertLessEqual(covered, set(range(1, 41, 2)))
            result = self.store(self.publish(list(events.values())))
            self.assertEqual((result.stored, result.duplicates), (20, 20))
            self.assertEqual((self.journal().highest, self.journal().gaps), (40, []))

    def test_a_message_id_that_was_used_before_leaves_no_gap(self):
        """The device may delete what is refused: its number must not be asked for for ever."""
        first = self.envelope(seq=1)
        second, third = self.envelope(seq=2, id=first["id"]), self.envelope(seq=3)
        for sent in ([first, second], [third]):
            result = self.store(self.publish(sent))
        journal = result.journals[self.machine.uuid, 1]
        self.assertEqual((journal.highest, journal.gaps), (3, []))
        self.assertEqual(self.events(state="quarantined").code, "identity_conflict")
        self.assertEqual(self.events(state="new").mapped("seq"), [1, 3])

    def test_a_refused_event_does_not_hold_up_the_others(self):
        good, bad = self.envelope(), self.envelope(data=None)
        bad["data"] = "no object"
        result = self.store(self.publish([good, bad]))
        self.assertEqual((result.stored, result.quarantined), (1, 1))
        ack = result.journals[self.machine.uuid, 1].acknowledgement(
            1, result.rejected[self.machine.uuid, 1]
        )
        self.assertEqual(ack["rejected"], [{"seq": bad["seq"], "code": "schema"}])
        self.assertEqual(ack["ack_seq"], bad["seq"])
        self.assertNotIn(bad["seq"], ack["missing"])

    def test_what_is_refused(self):
        cases = {
            b"\xff\xfe": "schema",
            b"[]": "schema",
            b"7": "schema",
            b"{" * 100: "schema",
            b'{"a":' * 20 + b"1" + b"}" * 20: "schema",
            b" " * 40000: "too_large",
        }
        for payload, code in cases.items():
            with self.subTest(payload=payload[:20]):
                result = self.store(self.publish(payload))
                self.assertEqual(result.quarantined, 1)
                newest = self.events(state="quarantined")[-1]
                self.assertEqual(newest.code, code)
        for values in (
            {"id": "x"},
            {"epoch": 0},
            {"epoch": True},
            {"seq": -1},
            {"seq": None},
            {"ts": "yesterday"},
            {"ts_q": "sure"},
            {"type": ""},
            {"data": []},
            {"boot": 5},
            {"data": {"a": "\0"}},
            {"data": {"a": "\ud800"}},
            {"corr": {}},
        ):
            with self.subTest(values=values):
                self.assertEqual(self.store(self.publish(self.envelope(**values))).quarantined, 1)

    def test_a_number_without_end_is_refused(self):
        text = b'{"id":"%s","epoch":1,"seq":9,"ts_q":"unset","type":"x","data":{"a":1e999}}'
        result = self.store(self.publish(text % str(uuid4()).encode()))
        self.assertEqual(result.quarantined, 1)

    def test_foreign_machines(self):
        named = dict(self.envelope(), machine=str(uuid4()))
        result = self.store(
            self.publish(named),
            self.publish(self.envelope(), topic=f"wine/v1/test/{uuid4()}/up/evt"),
            self.publish(self.envelope(), topic="wine/v1/test/NOT-A-UUID/up/evt"),
            self.publish(self.envelope(), topic="elsewhere"),
        )
        self.assertEqual((result.stored, result.quarantined), (0, 4))
        codes = set(self.events(state="quarantined").mapped("code"))
        self.assertEqual(codes, {"foreign_machine"})

    def test_an_epoch_that_was_never_given(self):
        event = self.envelope(epoch=2)
        result = self.store(self.publish(event))
        self.assertEqual(result.rejected[self.machine.uuid, 2], [(event["seq"], "unknown_epoch")])
        self.assertFalse(self.journal(2))

    def test_a_swapped_board_begins_anew(self):
        old = self.envelope()
        self.store(self.publish(old))
        self.machine.bridge_epoch = 2
        new = self.envelope(epoch=2, seq=old["seq"])
        late = self.envelope()
        result = self.store(self.publish(new), self.publish(late))
        self.assertEqual(result.stored, 2, "the old board may still deliver what it kept")
        self.assertEqual(self.journal(2).highest, old["seq"])

    def test_birth_is_answered_with_what_is_stored(self):
        event = self.envelope()
        self.store(self.publish(event))
        birth = self.birth(next_seq=event["seq"] + 1)
        result = self.store(self.publish(birth, channel="birth"))
        ack = result.journals[self.machine.uuid, 1].acknowledgement(1)
        self.assertEqual(ack["ack_seq"], event["seq"])

    def test_business_time(self):
        received_at = "received_at"
        cases = (
            (self.ago(hours=3), "synced", True),
            (self.ago(hours=3), "drifted", False),
            (self.ago(days=46), "synced", False),
            (self.ago(minutes=-10), "synced", False),
            (self.ago(minutes=-3), "synced", True),
            ("2019-01-01T00:00:00+02:00", "synced", False),
        )
        for ts, quality, trusted in cases:
            with self.subTest(ts=ts, quality=quality):
                event = self.envelope(ts=ts, ts_q=quality)
                self.store(self.publish(event))
                row = self.events(event_id=event["id"])
                self.assertEqual(row.clock_trusted, trusted)
                expected = row.device_time if trusted else row[received_at]
                self.assertLess(abs(row.moment - expected), timedelta(seconds=1))

    def test_an_unset_clock_needs_no_time(self):
        event = self.envelope(ts=None, ts_q="unset")
        self.assertEqual(self.store(self.publish(event)).stored, 1)

    def test_arrays_are_for_events_only(self):
        result = self.store(self.publish([self.envelope()], channel="state"))
        self.assertEqual(result.quarantined, 1)

    def test_of_an_array_only_what_is_refused_is_kept(self):
        """A message full of rubbish must not be kept once for each piece of it."""
        rubbish = [{"pad": "x" * 600, "n": number} for number in range(49)]
        result = self.store(self.publish([self.envelope(), *rubbish]))
        self.assertEqual((result.stored, result.quarantined), (1, 49))
        self.assertEqual({uuid for uuid, _refused in result.refused}, {self.machine.uuid})
        rows = self.events(state="quarantined", machine_id=self.machine.id)
        self.assertLess(max(len(row.payload) for row in rows), 700)
        self.assertIn('"n": 48', rows.filtered(lambda row: row.part == 50).payload)
