# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.tests import tagged

from .common import BridgeCommon


@tagged("post_install", "-at_install")
class TestGap(BridgeCommon):
    """Events that did not come: asked for, waited for, told of, and forgotten when they come."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Gap = cls.env["wine.bridge.gap"]
        cls.long_ago = fields.Datetime.now() - timedelta(hours=2)
        cls.machine.write({"connection_state": "online", "connection_since": cls.long_ago})

    def doors(self, count):
        return [self.envelope() for _number in range(count)]

    def lose(self, events, *lost):
        """Store all but some; returns what was kept back."""
        base = events[0]["seq"]
        self.store(*(self.publish(event) for event in events if event["seq"] - base not in lost))
        return [event for event in events if event["seq"] - base in lost]

    def start(self):
        """Numbers of this test begin where the ones of the class are: fill what lies below."""
        type(self).seq = 0
        self.env["wine.bridge.journal"].search([("machine_id", "=", self.machine.id)]).unlink()
        self.env.cr.execute(
            "DELETE FROM wine_bridge_event WHERE machine_id = %s", [self.machine.id]
        )

    def setUp(self):
        super().setUp()
        self.start()
        self.bridge = True  # whether one is there that sends what waits

    def watch(self, minutes=0):
        with freeze_time(fields.Datetime.now() + timedelta(minutes=minutes)):
            self.Gap._cron_watch()
        if self.bridge:
            self.env["wine.bridge.command"].search([("state", "=", "queued")]).state = "sent"
        self.env.flush_all()
        return self.gaps()

    def gaps(self):
        return self.Gap.search([("machine_id", "=", self.machine.id)], order="id")

    def commands(self, kind="event.resend"):
        return self.env["wine.bridge.command"].search(
            [("machine_id", "=", self.machine.id), ("type", "=", kind)], order="id"
        )

    def test_asked_for_filled_and_forgotten(self):
        lost = self.lose(self.doors(9), 3, 4, 6)
        gap = self.watch()
        self.assertEqual((gap.first, gap.last, gap.missing, gap.state), (4, 7, 3, "open"))
        self.assertFalse(self.commands(), "the acknowledgement names them; that may be enough")
        self.watch(minutes=1.1)
        command = self.commands()
        self.assertEqual(command.args, {"epoch": 1, "from_seq": 4, "to_seq": 7})
        self.assertEqual((gap.state, gap.tries, gap.command), ("asked", 1, command.uuid))
        self.watch(minutes=1.5)
        self.assertEqual(len(self.commands()), 1, "not asked twice for nothing")
        self.store(*(self.publish(event) for event in lost))
        self.watch(minutes=2)
        self.assertEqual((gap.state, gap.missing), ("filled", 0))
        self.assertTrue(gap.ended_at)
        self.watch(minutes=30)
        self.assertEqual((len(self.commands()), len(self.gaps())), (1, 1))
        self.assertFalse(gap.case_id)

    def test_four_times_then_a_case_that_closes_by_itself(self):
        lost = self.lose(self.doors(3), 1)
        for minutes in (0, 1.1, 2.2, 3, 4.4, 6, 8.8, 12, 17.6, 60, 600):
            gap = self.watch(minutes)
        self.assertEqual((len(self.commands()), gap.tries, gap.state), (4, 4, "missing"))
        case = gap.case_id
        self.assertEqual(
            (case.kind, case.state, case.machine_id), ("missing", "open", self.machine)
        )
        self.assertIn("2 to 2 of epoch 1", case.text)
        self.assertEqual(len(self.commands("counter.request")), 1, "there is something to compare")
        self.store(self.publish(lost[0]))
        self.watch(700)
        self.assertEqual((gap.state, case.state), ("filled", "decided"))
        self.assertIn("have come", case.decision)

    def test_while_no_bridge_asks_the_machine_nothing_is_given_up(self):
        """It may hold the event still; an acknowledgement that covers it would delete it there."""
        lost = self.lose(self.doors(3), 1)
        self.watch()
        self.bridge = False
        for minutes in (1.1, 2.2, 4.4, 8.8, 17.6, 60, 120):
            gap = self.watch(minutes)
            self.assertEqual((gap.state, gap.tries), ("asked", 1))
            self.commands().filtered(lambda one: one.state == "queued").write(
                {"state": "expired", "code": "not_sent"}
            )
        result = self.store(self.publish(self.envelope()))
        ack = result.journals[self.machine.uuid, 1].acknowledgement(1)
        self.assertEqual(ack["missing"], [lost[0]["seq"]])
        self.bridge = True
        for minutes in (180, 181.1, 183.3, 187.7, 196, 210):
            gap = self.watch(minutes)
        self.assertEqual((gap.state, gap.tries), ("missing", 4))

    def test_a_case_that_a_person_closed_is_not_opened_again(self):
        self.lose(self.doors(3), 1)
        for minutes in (0, 1.1, 2.2, 4.4, 8.8, 17.6):
            gap = self.watch(minutes)
        gap.case_id.action_close()
        for minutes in (30, 90):
            self.watch(minutes)
        self.assertEqual(gap.case_id.state, "decided")
        mine = [("kind", "=", "missing"), ("machine_id", "=", self.machine.id)]
        self.assertEqual(len(self.env["wine.case"].search(mine)), 1)

    def test_a_machine_that_says_it_holds_none_is_believed(self):
        self.lose(self.doors(3), 1)
        self.watch()
        gap = self.watch(1.1)
        answer = {"cmd": gap.command, "status": "failed", "code": "not_held"}
        ack = self.envelope("ack", answer, seq=None)
        self.store(self.publish(ack, channel="ack"))
        self.project()
        self.watch(2.2)
        self.assertEqual((gap.state, gap.tries), ("missing", 1))

    def test_some_come_and_the_rest_is_asked_for_anew(self):
        lost = self.lose(self.doors(9), 2, 3, 4)
        self.watch()
        gap = self.watch(1.1)
        self.store(self.publish(lost[0]))
        self.watch(2.2)
        self.assertEqual((gap.state, gap.tries, gap.first, gap.missing), ("open", 0, 4, 2))
        self.watch(3.4)
        self.assertEqual(self.commands()[-1].args, {"epoch": 1, "from_seq": 4, "to_seq": 5})

    def test_a_later_gap_does_not_hide_behind_a_lost_one(self):
        self.lose(self.doors(3), 1)
        for minutes in (0, 1.1, 2.2, 4.4, 8.8, 17.6):
            self.watch(minutes)
        self.lose(self.doors(3), 1)
        self.watch(20)
        self.watch(21.1)
        first, second = self.gaps()
        self.assertEqual((first.state, second.state), ("missing", "asked"))
        self.assertEqual(self.commands()[-1].args, {"epoch": 1, "from_seq": 5, "to_seq": 5})

    def test_nobody_is_asked_while_away_or_while_the_journal_is_held_back(self):
        self.lose(self.doors(3), 1)
        self.machine.connection_state = "offline"
        for minutes in (0, 1.1, 600):
            gap = self.watch(minutes)
        self.assertEqual((gap.state, len(self.commands())), ("open", 0))
        back = fields.Datetime.now() + timedelta(minutes=600)
        self.machine.write({"connection_state": "online", "connection_since": back})
        self.watch(604)
        self.assertFalse(self.commands(), "it replays by itself, after its start delay")
        self.watch(606.1)
        self.assertEqual(len(self.commands()), 1)

    def test_an_earlier_epoch_is_told_of_and_not_asked_for(self):
        lost = self.lose(self.doors(3), 1)
        self.machine.bridge_epoch = 2
        self.watch()
        gap = self.watch(14)
        self.assertEqual(gap.state, "open")
        self.watch(16)
        self.assertEqual((gap.state, len(self.commands())), ("missing", 0))
        self.store(self.publish(lost[0]))
        self.watch(17)
        self.assertEqual((gap.state, gap.case_id.state), ("filled", "decided"))

    def test_a_journal_that_grows_at_this_moment_holds_up_no_other_one(self):
        """Giving up writes into a journal; a machine that sells all the time is met again."""
        other = self.make_machine(self.region, {"A1": self.wine}, name="Busy")
        other.write({"connection_state": "online", "connection_since": self.long_ago})
        self.lose(self.doors(3), 1)
        for seq in (1, 3):
            self.store(self.publish(self.envelope(seq=seq), machine=other))
        for minutes in (0, 1.1, 2.2, 4.4, 8.8):
            self.watch(minutes)
        Journal = type(self.env["wine.bridge.journal"])
        give_up, busy = Journal._give_up, [other]

        def conflict(model, machine, *args):
            if machine in busy:
                raise SerializationFailure("could not serialize access due to concurrent update")
            return give_up(model, machine, *args)

        gaps = self.gaps() | self.Gap.search([("machine_id", "=", other.id)])
        with patch.object(Journal, "_give_up", conflict):
            self.watch(17.6)
            self.assertEqual(gaps.mapped("state"), ["missing", "asked"])
            busy.clear()
            self.watch(18.6)
        self.assertEqual(gaps.mapped("state"), ["missing", "missing"])
        self.assertEqual(len(gaps.case_id), 2)

    def test_a_refused_event_is_no_gap(self):
        events = self.doors(3)
        events[1]["data"] = "no object"
        self.store(*(self.publish(event) for event in events))
        self.assertFalse(self.watch())

    def test_the_command_keeps_the_contract(self):
        self.lose(self.doors(3), 1)
        self.watch()
        self.watch(1.1)
        command = self.commands()
        message = {"id": command.uuid, "type": command.type, "args": command.args}
        self.assertEqual(set(message["args"]), {"epoch", "from_seq", "to_seq"})
        self.assertTrue(all(isinstance(value, int) for value in message["args"].values()))
        self.assertGreater(command.expires_at, fields.Datetime.now())
