# SPDX-License-Identifier: LGPL-3.0-or-later
import base64
from datetime import timedelta
from uuid import uuid4

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models.wine_cash_machine import WineMachine
from . import eva
from .common import WineCommon


class CounterCommon(WineCommon):
    """A machine whose counters are kept here as its board would keep them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = fields.Datetime.now()
        cls.machine.serial = f"SN-{uuid4()}"

    def setUp(self):
        super().setUp()
        self.meter = {"A1": [0, 0], "A2": [0, 0], "B1": [0, 0]}

    def ago(self, **delta):
        return self.now - timedelta(**delta)

    def sell(self, hours, slot="A1", counted=True, position=None, known=True, **data):
        """One vend so many hours ago; the machine counts it, and we hear of it."""
        fact = self.local(self.machine, slot, when=self.ago(hours=hours), **data)
        fact.position = position
        if counted:
            self.meter[slot][0] += 1
            self.meter[slot][1] += round(self.slot(self.machine, slot).price * 100)
        return self.project(fact) if known else fact

    def counters(self, hours, position=None, **data):
        """A ``counter.snapshot`` with the present counters."""
        slots = [
            {"slot": code, "price": "1.00", "count": count, "value": f"{value / 100:.2f}"}
            for code, (count, value) in self.meter.items()
        ]
        total = {
            "count": sum(count for count, _value in self.meter.values()),
            "value": f"{sum(value for _count, value in self.meter.values()) / 100:.2f}",
        }
        values = {"total": total, "slots": slots, "source": "meter", **data}
        fact = self.fact(self.machine, "counter.snapshot", values, moment=self.ago(hours=hours))
        fact.position = position
        return fact

    def read_now(self, hours, **values):
        """The reading that came of it, compared."""
        fact = self.counters(hours, **values)
        self.project(fact)
        self.assertEqual(fact.result, "done")
        self.cron()
        return self.reading(fact)

    def reading(self, fact):
        return self.env["wine.counter.snapshot"].search([("identity", "=", fact.reference)])

    def cron(self):
        self.env["wine.counter.snapshot"]._cron_compare_again()
        self.env.invalidate_all()

    def cases(self, reading):
        return reading.case_ids.filtered(lambda case: case.state == "open")


@tagged("post_install", "-at_install")
class TestCounterSnapshot(CounterCommon):
    """Counters of machines against the orders, in whatever order both arrive."""

    def test_what_we_sold_explains_the_counters(self):
        self.sell(30)
        first = self.read_now(24)
        self.assertEqual((first.kind, first.verdict, first.count), ("first", "first", 1))
        self.sell(20)
        self.sell(10, "A2", pay="card")
        second = self.read_now(1)
        self.assertEqual((second.previous_id, second.kind), (first, "delta"))
        self.assertEqual((second.delta_count, second.ours_count), (2, 2))
        self.assertEqual((second.delta_value, second.ours_value), (123.5, 123.5))
        self.assertEqual(second.verdict, "equal")
        self.assertFalse(second.case_ids)

    def test_test_vends_and_failures_are_not_counted(self):
        self.read_now(24)
        self.sell(20, counted=False, outcome="failed", refunded=True)
        self.sell(19, counted=False, outcome="failed", refunded=False)
        self.project(self.fact(self.machine, "test.vend", {"slot": "A1", "qty": 1, "by": "x"}))
        self.meter["A2"][0] += 1  # a free one: a vend without value
        self.project(self.local(self.machine, "A2", pay="free", price="0", when=self.ago(hours=5)))
        self.assertEqual(self.read_now(1).verdict, "equal")

    def test_a_vend_that_we_never_heard_of(self):
        self.sell(30)
        self.read_now(24)
        self.sell(20)
        doubtful = self.sell(15, "A2", counted=False, outcome="failed", refunded=False)
        lost = self.sell(10, known=False)
        gap = self.read_now(1)
        self.assertEqual((gap.verdict, gap.count_gap, gap.value_gap), ("gap", 1, 120.0))
        self.assertEqual(gap.slot_gaps, {"A1": [1, 12000]})
        case = self.cases(gap)
        self.assertEqual(
            (case.kind, case.amount, case.machine_id), ("counter", 120.0, self.machine)
        )
        self.assertIn("A1 +1", case.text)
        self.assertIn(doubtful.name, case.text)
        around = self.env["wine.vend"].search(gap.action_view_vends()["domain"])
        self.assertEqual(len(around), 2, "those between the readings")
        self.project(lost)  # it was in the machine's journal
        self.assertTrue(self.machine.counter_stale)
        self.cron()
        self.assertEqual((gap.verdict, case.state), ("equal", "decided"))
        self.assertIn("Explained", case.decision)
        self.assertFalse(self.machine.counter_stale)

    def test_a_vend_that_the_machine_never_counted(self):
        self.read_now(24)
        self.sell(20, counted=False)
        gap = self.read_now(1)
        self.assertEqual((gap.count_gap, gap.value_gap), (-1, -120.0))

    def test_a_late_vend_opens_a_gap_as_well(self):
        """Explained before; now we know one vend more than the machine counted."""
        self.read_now(24)
        later = self.read_now(1)
        self.assertEqual(later.verdict, "equal")
        self.sell(10, counted=False)
        self.cron()
        self.assertEqual((later.verdict, later.count_gap), ("gap", -1))
        self.assertEqual(len(self.cases(later)), 1)

    def test_a_case_that_a_person_closed_stays_closed(self):
        self.read_now(24)
        self.sell(20, counted=False)
        gap = self.read_now(1)
        self.cases(gap).action_close()
        gap._compare()
        self.assertFalse(self.cases(gap))
        self.sell(15, counted=False)
        gap._compare()
        self.assertEqual(len(self.cases(gap)), 1, "another gap is another question")

    def test_the_same_reading_again(self):
        fact = self.counters(24)
        self.project(fact)
        reading = self.reading(fact)
        self.meter["A1"] = [99, 99]
        again = self.counters(24)
        again.reference = fact.reference
        self.project(again)
        self.assertEqual(self.reading(fact), reading)
        self.assertEqual(reading.count, 0)

    def test_a_reading_that_arrives_late_is_put_in_its_place(self):
        self.read_now(48)
        self.sell(40)
        middle = self.counters(24)
        self.sell(10, known=False)
        last = self.read_now(1)
        self.assertEqual((last.count_gap, last.delta_count), (1, 2))
        self.project(middle)
        self.cron()
        between = self.reading(middle)
        self.assertEqual((between.verdict, last.previous_id), ("equal", between))
        self.assertEqual((last.delta_count, last.count_gap), (1, 1), "the gap is nearer now")

    def test_the_machines_numbers_beat_its_clock(self):
        """Vends and readings in the order of the journal, although the clock was set back."""
        self.read_now(24, position=(1, 10))
        self.sell(30, position=(1, 11))  # by the clock before the reading
        second = self.read_now(1, position=(1, 12))
        self.sell(2, position=(1, 13))
        self.assertEqual((second.ours_count, second.verdict), (1, "equal"))
        self.cron()
        self.assertEqual(second.verdict, "equal")

    def test_vends_in_flight(self):
        """Without numbers, a vend within two minutes may be on either side of a reading."""
        self.read_now(24)
        self.sell(1, counted=False)
        self.assertEqual(self.read_now(1).verdict, "equal", "not counted yet")
        self.meter["A1"] = [1, 12000]
        self.assertEqual(self.read_now(0).verdict, "equal", "and counted by the next one")

    def test_reset_and_swap(self):
        self.meter["A1"] = [500, 6_000_000]
        self.read_now(48, position=(1, 1))
        self.meter["A1"] = [0, 0]
        self.sell(40)
        reset = self.read_now(24, position=(1, 5))
        self.assertEqual((reset.kind, reset.verdict, reset.delta_count), ("reset", "equal", 1))
        self.meter["A1"] = [0, 0]
        self.sell(20)
        swap = self.read_now(10, position=(2, 1))
        self.assertEqual((swap.kind, swap.delta_count, swap.verdict), ("swap", 1, "equal"))
        self.meter["A1"] = [301, 3_612_000]
        self.sell(8)
        used = self.read_now(5, position=(3, 1))
        self.assertEqual((used.kind, used.count_gap), ("swap", 301), "a board that had sold before")
        self.sell(4)
        kept = self.read_now(3, position=(4, 1))
        self.assertEqual((kept.kind, kept.delta_count, kept.verdict), ("swap", 1, "equal"))

    def test_sales_unknown_to_us_after_a_reset(self):
        self.meter["A1"] = [500, 6_000_000]
        self.read_now(48)
        self.meter["A1"] = [3, 36_000]
        reset = self.read_now(24)
        self.assertEqual((reset.kind, reset.verdict, reset.count_gap), ("reset", "gap", 3))

    def test_overflow(self):
        self.meter["A1"] = [999_999, 99_999_000]
        self.read_now(48)
        self.sell(40)
        self.meter["A1"] = [0, 11_000]
        over = self.read_now(24)
        self.assertEqual((over.kind, over.delta_count, over.verdict), ("rollover", 1, "equal"))

    def test_backwards(self):
        self.meter["A1"] = [500, 6_000_000]
        self.read_now(48)
        self.meter["A1"] = [490, 5_900_000]
        back = self.read_now(24)
        self.assertEqual((back.kind, back.verdict), ("backwards", "gap"))
        self.assertIn("500", self.cases(back).text)

    def test_readings_that_cannot_be_used(self):
        for broken in (
            {"source": "guess"},
            {"total": {"count": -1, "value": "0"}},
            {"total": {"count": True, "value": "0"}},
            {"total": {"count": 1, "value": 1.5}},
            {"total": {"count": 1, "value": "0.001"}},
            {"slots": [{"slot": "A1"}]},
            {"slots": None},
            {"file": "no audit"},
        ):
            fact, good = self.counters(3, **broken), self.counters(2)
            self.project(fact, good)
            self.assertIn("failed", fact.result, broken)
            self.assertEqual(good.result, "done")

    def test_readings_are_facts(self):
        reading = self.read_now(24)
        with self.assertRaises(UserError):
            reading.count = 5
        with self.assertRaises(UserError):
            reading.unlink()
        user = new_test_user(self.env, "counter-admin", "wine_vending.group_wine_admin")
        with self.assertRaises(AccessError):
            reading.with_user(user).write({"verdict": "equal"})

    def test_the_form_shows_the_slots(self):
        self.sell(30)
        self.read_now(24)
        self.sell(20, known=False)
        table = self.read_now(1).slot_table
        self.assertIn("A1", table)
        self.assertIn("+1", table)

    def test_asking_the_machine(self):
        sent = []

        def send(machine, command, args, expires):
            sent.append((machine, command))
            return "id"

        self.patch(type(self.machine), "_send", send)
        # a wing that carries commands has a door of its own before this one
        self.patch(type(self.machine), "_request", WineMachine._request)
        self.machine.action_request_counters()
        self.machine.action_request_cash()
        self.assertEqual(sent, [(self.machine, "counter.request"), (self.machine, "cash.request")])


@tagged("post_install", "-at_install")
class TestAuditFile(CounterCommon):
    """EVA-DTS files, uploaded or sent: all of one or none of it."""

    def audit(self, slots, **more):
        return eva.audit(slots, serial=more.pop("serial", self.machine.serial), **more)

    def upload(self, raw, user=None, name="audit.dts"):
        Upload = self.env["wine.counter.upload"]
        if user:
            Upload = Upload.with_user(user)
        return Upload.create(
            {"machine_id": self.machine.id, "file": base64.b64encode(raw), "file_name": name}
        )

    def take(self, raw, **values):
        action = self.upload(raw, **values).action_take()
        return self.env["wine.counter.snapshot"].browse(action["res_id"])

    def test_upload(self):
        driver = new_test_user(self.env, "audit-driver", "wine_vending.group_wine_service")
        self.region.staff_ids = driver
        raw = self.audit({"A1": (12000, 7, 84000), "99": (100, 1, 100)})
        upload = self.upload(raw, user=driver)
        self.assertTrue(upload.ready)
        self.env.invalidate_all()
        self.assertTrue(upload.with_context(bin_size=True).ready, "a form is given sizes of files")
        self.assertIn(
            "1</t> of them slots" if "</t>" in upload.preview else "1 of them", upload.preview
        )
        self.assertIn("XX9", upload.preview)
        self.assertFalse(
            self.env["wine.counter.snapshot"].search(
                [("source", "=", "eva_dts"), ("machine_id", "=", self.machine.id)]
            ),
            "looking changes nothing",
        )
        reading = self.take(raw, user=driver)
        self.assertEqual((reading.count, reading.value), (8, 841.0))
        self.assertEqual(reading.slots, {"A1": [7, 84000], "99": [1, 100]})
        self.assertEqual(
            (reading.source, reading.user_id, reading.board), ("eva_dts", driver, "BOARD1")
        )
        self.assertEqual(reading.kept, "XX9*what*ever")
        self.assertEqual(base64.b64decode(reading.file), raw)
        self.assertEqual(self.take(raw), reading, "the same file again")

    def test_compared_with_the_orders(self):
        first = self.take(self.audit({"A1": (12000, 7, 84000)}, clock=self.clock(24)))
        self.assertEqual(first.moment, self.ago(hours=24).replace(second=0, microsecond=0))
        self.sell(20)
        self.sell(10, pay="free", price="0.00")  # counted apart by such files
        second = self.take(self.audit({"A1": (12000, 9, 108000)}, clock=self.clock(1)))
        self.assertEqual((second.previous_id, second.delta_count, second.ours_count), (first, 2, 1))
        self.assertEqual((second.verdict, second.count_gap, second.value_gap), ("gap", 1, 120.0))
        self.read_now(2)
        self.assertEqual(second.previous_id, first, "the meter is another counter")

    def clock(self, hours):
        return f"{self.ago(hours=hours):%y%m%d*%H%M}"

    def test_a_clock_that_lies(self):
        reading = self.take(self.audit({"A1": (1, 1, 1)}, clock="100119*2301"))
        self.assertAlmostEqual(reading.moment, self.now, delta=timedelta(minutes=5))

    def test_the_clock_is_local(self):
        self.region.tz = "Asia/Shanghai"
        there = self.ago(hours=24) + timedelta(hours=8)
        reading = self.take(self.audit({"A1": (1, 1, 1)}, clock=f"{there:%y%m%d*%H%M}"))
        self.assertEqual(reading.moment, self.ago(hours=24).replace(second=0, microsecond=0))

    def test_a_new_board_and_a_new_beginning(self):
        self.take(self.audit({"A1": (12000, 500, 6000000)}, clock=self.clock(24)))
        swapped = self.take(
            self.audit({"A1": (12000, 900, 9000000)}, clock=self.clock(12), board="B2")
        )
        self.assertEqual(swapped.kind, "swap")
        fresh = self.take(
            self.audit(
                {"A1": (12000, 950, 9500000)}, clock=self.clock(1), board="B2", init="260101*0900"
            )
        )
        self.assertEqual(fresh.kind, "reset")

    def refused(self, raw, *words):
        upload = self.upload(raw)
        self.assertFalse(upload.ready)
        for word in words:
            self.assertIn(word, upload.preview)
        with self.assertRaises(UserError) as error:
            upload.action_take()
        for word in words:
            self.assertIn(word, str(error.exception))
        self.assertFalse(
            self.env["wine.counter.snapshot"].search([("machine_id", "=", self.machine.id)])
        )

    def test_a_file_of_another_machine(self):
        self.refused(
            self.audit({"A1": (1, 1, 1)}, serial="OTHER-7"), "OTHER-7", self.machine.serial
        )
        self.machine.audit_serial = "other-7"
        self.assertTrue(self.upload(self.audit({"A1": (1, 1, 1)}, serial="OTHER-7")).ready)

    def test_broken_files(self):
        good = self.audit({"A1": (12000, 7, 84000)})
        self.refused(good.replace(b"PA2*7*", b"PA2*8*"), "checksum")
        self.refused(good.replace(b"PA2*7*84000", b"PA2*seven*8\r\nwhat"), "PA2*seven", "what")
        self.refused(b"hello", "no block")
        self.refused(self.audit({"A1": (1, 1, 1)}, currency=(2, "978", "XTS")), "XTS")

    def test_decimals_of_the_file(self):
        reading = self.take(self.audit({"A1": (12000, 7, 84000)}, currency=(3, "", "")))
        self.assertEqual((reading.value, reading.slots["A1"]), (84.0, [7, 8400]))
        whole = self.take(self.audit({"A1": (120, 8, 840)}, currency=(0, "", "")))
        self.assertEqual((whole.value, whole.slots["A1"]), (840.0, [8, 84000]))

    def test_sent_by_the_machine(self):
        raw = self.audit({"A1": (12000, 7, 84000)})
        for number, text in enumerate((raw.decode(), base64.b64encode(raw).decode())):
            fact = self.counters(5 - number, source="eva_dts", file=text)
            self.project(fact)
            self.assertEqual(fact.result, "done")
            reading = self.reading(fact)
            self.assertEqual((reading.count, reading.board), (7, "BOARD1"))
            self.assertEqual(base64.b64decode(reading.file).decode(), raw.decode())
        torn = self.counters(1, source="eva_dts", file=raw[:-60].decode() + "\x00")
        self.project(torn)
        self.assertIn("failed", torn.result)
        self.assertFalse(self.reading(torn))

    def test_foreign_machines_are_out_of_reach(self):
        other = new_test_user(self.env, "audit-other", "wine_vending.group_wine_service")
        with self.assertRaises(AccessError):
            self.upload(self.audit({"A1": (1, 1, 1)}), user=other).action_take()
