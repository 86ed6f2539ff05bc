# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, datetime, timedelta
from unittest.mock import patch
from uuid import uuid4

from freezegun import freeze_time

from odoo.tests import tagged

from .common import BridgeCommon

NOW = "2026-10-26 09:00:00"  # a Monday; clocks in Berlin went back the night before
RECEIVED = datetime(2026, 10, 26, 9)
COUNTED = {"coins": "10.00", "notes": "20.00"}


@tagged("post_install", "-at_install")
class TestBusinessTime(BridgeCommon):
    """Which moment counts (protocol §2), from the wire to every record that a message makes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(NOW))
        cls.berlin = cls.make_region("Berlin", "BER", tz="Europe/Berlin")
        cls.far = cls.make_machine(cls.berlin, {"A1": cls.wine, "A2": cls.soda}, name="Berlin 1")

    def tell(self, *contents, machine=None, channel="evt"):
        self.store(*(self.publish(one, channel, machine=machine or self.far) for one in contents))
        self.project()

    def sold(self, ts=None, ts_q="synced", machine=None):
        """Vend of a sale told with this clock."""
        machine = machine or self.far
        event = self.sale(machine) | {"ts": ts, "ts_q": ts_q}
        self.tell(event, machine=machine)
        row = self.events(event_id=event["id"])
        self.assertEqual(row.state, "done", row.result)
        return self.env["wine.vend"].search([("uuid", "=", event["data"]["vend_id"])])

    def assert_time(self, vend, moment, trusted, day):
        order = vend.order_ids
        self.assertEqual((vend.moment, vend.clock_trusted), (moment, trusted))
        self.assertEqual((vend.business_date, vend.received_at), (day, RECEIVED))
        self.assertEqual((order.date_order, order.wine_business_date), (moment, day))
        self.assertEqual((order.wine_clock_trusted, order.wine_device_time), (
            trusted, vend.device_time
        ))  # fmt: skip
        self.assertEqual(order.payment_ids.payment_date, moment)

    def test_a_good_clock_counts_and_so_does_its_day(self):
        cases = {
            "2026-10-26T08:00:00Z": (datetime(2026, 10, 26, 8), date(2026, 10, 26)),
            "2026-10-25T23:30:00+01:00": (datetime(2026, 10, 25, 22, 30), date(2026, 10, 25)),
            "2026-10-25T23:30:00Z": (datetime(2026, 10, 25, 23, 30), date(2026, 10, 26)),
            # the night in which the clock goes back: the same wall time twice
            "2026-10-25T02:30:00+02:00": (datetime(2026, 10, 25, 0, 30), date(2026, 10, 25)),
            "2026-10-25T02:30:00+01:00": (datetime(2026, 10, 25, 1, 30), date(2026, 10, 25)),
            # summer time still: midnight is at 22:00 UTC
            "2026-10-23T21:59:59Z": (datetime(2026, 10, 23, 21, 59, 59), date(2026, 10, 23)),
            "2026-10-23T22:00:00Z": (datetime(2026, 10, 23, 22), date(2026, 10, 24)),
            # the ends of what is believed
            "2026-09-11T09:00:00Z": (datetime(2026, 9, 11, 9), date(2026, 9, 11)),
            "2026-10-26T09:05:00Z": (datetime(2026, 10, 26, 9, 5), date(2026, 10, 26)),
        }
        for ts, (moment, day) in cases.items():
            with self.subTest(ts=ts):
                vend = self.sold(ts)
                self.assert_time(vend, moment, True, day)
                self.assertEqual(vend.device_time, moment)

    def test_a_bad_clock_is_kept_and_not_used(self):
        cases = [
            ("1999-12-31T23:59:59Z", "synced"),
            ("2041-01-01T00:00:00Z", "synced"),
            ("2026-09-11T08:59:59Z", "synced"),
            ("2026-10-26T09:05:01Z", "synced"),
            ("2026-10-26T08:59:00Z", "drifted"),
            ("2026-10-01T08:59:00Z", "unset"),
        ]
        for ts, quality in cases:
            with self.subTest(ts=ts, quality=quality):
                vend = self.sold(ts, quality)
                self.assert_time(vend, RECEIVED, False, date(2026, 10, 26))
                said = datetime.fromisoformat(ts).replace(tzinfo=None)
                self.assertEqual(vend.device_time, said, "evidence")

    def test_every_kind_of_record_says_so(self):
        count = [{"slot": "A1", "sku": "T-RED", "before": 0, "filled": 4, "removed": 0, "bad": 0,
                  "after": 4}]  # fmt: skip
        for quality, trusted in (("synced", True), ("drifted", False)):
            with self.subTest(quality=quality):
                machine = self.make_machine(self.berlin, {"A1": self.wine}, name=quality)
                clock = {"ts": "2026-10-25T07:00:00Z", "ts_q": quality}
                visit = str(uuid4())
                self.tell(
                    self.envelope(
                        "cash.collected",
                        {"by": "x", "counted": COUNTED, "meter": "30.00"},
                        **clock,
                    ),
                    self.envelope(
                        "restock.done", {"visit_id": visit, "by": "x", "slots": count}, **clock
                    ),
                    self.envelope(
                        "counter.snapshot",
                        {"total": {"count": 1, "value": "3.50"}, "slots": [], "source": "meter"},
                        **clock,
                    ),
                    self.envelope("door", {"state": "opened"}, **clock),
                    machine=machine,
                )
                moment = datetime(2026, 10, 25, 7) if trusted else RECEIVED
                here = [("machine_id", "=", machine.id)]
                cash = self.env["wine.cash.collection"].search(here)
                self.assertEqual((cash.moment, cash.clock_trusted), (moment, trusted))
                stop = self.env["wine.visit"].search(here)
                self.assertEqual((stop.restock_at, stop.restock_clock_trusted), (moment, trusted))
                counter = self.env["wine.counter.snapshot"].search(here)
                self.assertEqual((counter.moment, counter.clock_trusted), (moment, trusted))
                door = self.env["wine.machine.reading"].search([*here, ("kind", "=", "door")])
                self.assertEqual((door.at, door.clock_trusted), (moment, trusted))

    def test_a_late_sale_of_a_closed_day(self):
        """It posts into the day that is open and keeps its own date; the closed day stays."""
        with freeze_time("2026-10-24 10:00:00"):
            before = self.sold("2026-10-24T09:00:00Z")
            session = before.order_ids.session_id
            self.assertEqual(session.wine_business_date, date(2026, 10, 24))
        session._wine_announce_closing()
        session._wine_close()
        booked = sum(session.order_ids.mapped("amount_total"))
        late = self.sold("2026-10-24T15:00:00+02:00")
        self.assert_time(late, datetime(2026, 10, 24, 13), True, date(2026, 10, 24))
        self.assertNotEqual(late.order_ids.session_id, session)
        self.assertEqual(late.order_ids.session_id.state, "opened")
        self.assertEqual(late.order_ids.session_id.wine_business_date, date(2026, 10, 26))
        self.assertEqual((session.state, sum(session.order_ids.mapped("amount_total"))), (
            "closed", booked
        ))  # fmt: skip

    def test_a_late_collection_of_a_closed_period(self):
        """A locked month stays locked: the entry has the first open day, the record its own."""
        company = self.far.company_id
        with patch.object(type(company), "_validate_locks"):  # demo data is not reconciled
            company.fiscalyear_lock_date = date(2026, 9, 30)
        event = self.envelope(
            "cash.collected",
            {"by": "x", "counted": COUNTED, "meter": "0.00"},
            ts="2026-09-29T10:00:00Z",
        )
        self.tell(event)
        cash = self.env["wine.cash.collection"].search([("machine_id", "=", self.far.id)])
        self.assertEqual((cash.state, cash.business_date), ("posted", date(2026, 9, 29)))
        self.assertTrue(cash.move_ids)
        self.assertTrue(all(move.date > company.fiscalyear_lock_date for move in cash.move_ids))

    def test_the_order_of_the_machine_stands_over_its_clock(self):
        """A clock that jumps back: what happened later by number is later, whatever it says."""
        opened = self.envelope("door", {"state": "opened"}, ts="2026-10-26T08:00:00Z")
        closed = self.envelope("door", {"state": "closed"}, ts="2026-10-20T08:00:00Z")
        self.tell(opened, closed)
        self.assertEqual(self.far.door_state, "closed")

    def test_late_by_the_journal_is_no_reason_to_doubt(self):
        event = self.sale(self.far) | {"ts": "2026-10-20T08:00:00Z", "hist": True}
        self.tell(event)
        row = self.events(event_id=event["id"])
        self.assertEqual((row.late, row.clock_trusted), (True, True))
        self.assertEqual(row.moment, RECEIVED - timedelta(days=6, hours=1))
