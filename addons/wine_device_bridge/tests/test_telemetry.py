# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch
from uuid import uuid4

from psycopg2 import OperationalError
from psycopg2.errors import SerializationFailure

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..core.dropping import DroppingQueue
from ..process.link import Link
from ..process.settings import Settings
from ..process.store import read_machines
from ..process.telemetry import Telemetry, rows_of
from .common import BridgeCommon


@tagged("post_install", "-at_install")
class TestTelemetry(BridgeCommon):
    """Readings on their light way: read or dropped, never in the way."""

    def tele(self, data, **values):
        return self.publish(self.envelope("tele", data, seq=None, **values), channel="tele")

    def rows(self, *publishes):
        self.env.flush_all()
        return rows_of(self.topics, read_machines(self.env.cr), publishes)

    def test_what_is_read_and_what_is_dropped(self):
        rows, bad = self.rows(
            self.tele({"temperature": 11.4, "humidity": 61, "lamp": "on", "pressure": [1]}),
            self.tele({"temperature": "warm", "humidity": True, "signal": -71}),
            self.tele({"temperature": 900}),
            self.tele({}),
            self.publish(b"{", channel="tele"),
            self.publish(b"[]", channel="tele"),
            self.tele({"temperature": 1.0}, epoch=7),
            self.publish(self.envelope("tele", {}), topic=f"wine/v1/test/{uuid4()}/up/tele"),
        )
        self.assertEqual(
            [(machine, kind, value) for machine, kind, _at, value, *_clock in rows],
            [
                (self.machine.id, "temperature", 11.4),
                (self.machine.id, "humidity", 61.0),
                (self.machine.id, "signal", -71.0),
            ],
        )
        self.assertEqual(bad, 7)

    def test_a_number_of_hundreds_of_digits_ends_nothing(self):
        """JSON allows it and no float holds it; the worker's end would be the bridge's."""
        huge = self.tele({"temperature": 10**400, "humidity": -(10**400), "signal": -70})
        rows, bad = self.rows(huge)
        self.assertEqual(([row[1] for row in rows], bad), (["signal"], 2))

    def test_what_nobody_expects_costs_readings_and_not_the_bridge(self):
        worker, queue = self.worker(self.tele({"temperature": 13.5}))
        with (
            patch.object(Telemetry, "_store", side_effect=LookupError("a new kind of trouble")),
            mute_logger("odoo.addons.wine_device_bridge.process.telemetry"),
        ):
            worker.drain()
        self.assertEqual((worker.totals["lost"], len(queue)), (1, 0))

    def test_an_unset_clock_counts_as_now(self):
        publish = self.tele({"temperature": 9}, ts=None, ts_q="unset")
        far = self.tele({"temperature": 9}, ts="2019-05-01T00:00:00Z")
        rows, _bad = self.rows(publish, far)
        self.assertEqual(rows[0][2], publish.received.replace(microsecond=0))
        self.assertEqual(rows[1][2], far.received.replace(microsecond=0))
        rows, _bad = self.rows(self.tele({"temperature": 9}, ts=self.ago(hours=5)))
        self.assertLess(rows[0][2], publish.received - timedelta(hours=4))

    def test_to_the_screen(self):
        worker, _queue = self.worker(self.tele({"temperature": 13.5, "humidity": 58}))
        worker.drain()
        self.env.invalidate_all()
        self.assertEqual((self.machine.temperature, self.machine.humidity), (13.5, 58))
        self.assertEqual(worker.totals, {"readings": 2, "unreadable": 0, "lost": 0})

    def test_the_link_parts_readings_from_events(self):
        link = Link(Settings(database="x", tenant="test"))
        for channel, qos in (("tele", 0), ("evt", 1), ("birth", 1)):
            topic = f"wine/v1/test/{self.machine.uuid}/up/{channel}"
            link._on_publishes([(topic.encode(), b"{}", 1, qos)])
        self.assertEqual((len(link.telemetry), link.inbox.qsize()), (1, 2))

    def worker(self, *publishes):
        queue = DroppingQueue(10)
        for publish in publishes:
            queue.put(publish)
        link = SimpleNamespace(telemetry=queue, topics=self.topics)
        settings = SimpleNamespace(database=self.env.cr.dbname)
        self.env.flush_all()
        self.registry_enter_test_mode()
        return Telemetry(link, settings, None), queue

    def test_conflicts_are_tried_again_and_a_dead_database_loses_readings(self):
        worker, queue = self.worker(self.tele({"temperature": 13.5}))
        failures = [SerializationFailure(), None]

        def once(*_args):
            failure = failures.pop(0)
            if failure:
                raise failure

        with patch.object(Telemetry, "_store", side_effect=once):
            worker.drain()
        self.assertEqual((worker.totals["lost"], failures, len(queue)), (0, [], 0))
        queue.put(self.tele({"temperature": 13.5}))
        with (
            patch.object(Telemetry, "_store", side_effect=OperationalError("gone")),
            mute_logger("odoo.addons.wine_device_bridge.process.telemetry"),
        ):
            worker.drain()
        self.assertEqual((worker.totals["lost"], len(queue)), (1, 0))

    def test_the_shadow_asks_for_what_the_wines_bear(self):
        wine = self.make_wine("T-COOL", 9, wine_storage_temp_min=9, wine_storage_temp_max=11)
        self.publish_planogram(self.machine, {"A1": wine})
        config = self.machine._desired()["config"]
        self.assertEqual((config["temp_min"], config["temp_max"]), (9, 11))
