# SPDX-License-Identifier: LGPL-3.0-or-later
import threading
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

from psycopg2.errors import NumericValueOutOfRange

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..core.fairness import FairQueue
from ..core.received import Received
from ..core.tell import Teller
from ..process import ingest, outbox, store
from ..process.settings import Settings
from .common import BridgeCommon


class Link:
    """What stands between a worker and the broker; remembers what the broker was told."""

    connected = True

    def __init__(self, topics):
        self.topics, self.inbox = topics, FairQueue(topics.base)
        self.told, self.owed = [], {}
        self.teller = SimpleNamespace(owe=self.owe, tell=lambda busy=False: None)

    def acknowledge(self, publishes):
        self.told += publishes

    def owe(self, key, journal, rejected=()):
        self.owed[key] = journal.acknowledgement(key[1], rejected)


@tagged("post_install", "-at_install")
class TestIngest(BridgeCommon):
    """The worker, on the test's cursor: what one message spoils holds up no other one."""

    def setUp(self):
        super().setUp()
        self.link = Link(self.topics)
        stopping, stored = threading.Event(), threading.Event()
        self.worker = ingest.Ingest(self.link, Settings(database="x"), stopping, stored)

    @contextmanager
    def cursor(self):
        """As a connection of the worker: its end undoes what was not committed."""
        with self.env.cr.savepoint(), patch.object(self.env.cr, "commit", lambda: None):
            yield self.env.cr

    def take(self, *publishes):
        self.env.flush_all()
        execute = self.env.cr.execute

        def plain(query, *args, **options):
            if "ISOLATION" not in str(query):
                execute(query, *args, **options)

        connected = SimpleNamespace(cursor=self.cursor)
        with (
            patch.object(ingest, "connect", lambda _name: connected),
            patch.object(self.env.cr, "execute", plain),
            mute_logger(ingest.__name__, "odoo.sql_db"),
        ):
            self.worker._safely(list(publishes))
        self.env.invalidate_all()

    @contextmanager
    def spoiled(self, spoil, error=NumericValueOutOfRange):
        """The database does not bear messages with this number."""
        row = store.Batch._row

        def raising(batch, uuid, known, item, publish):
            if item.seq == spoil:
                raise error("out of range")
            return row(batch, uuid, known, item, publish)

        with patch.object(store.Batch, "_row", raising):
            yield

    def test_what_the_database_does_not_bear_stands_alone_in_quarantine(self):
        events = [self.envelope(seq=seq) for seq in range(1, 8)]
        with self.spoiled(4):
            self.take(*[self.publish(event) for event in events])
        self.assertEqual(self.events(state="new").mapped("seq"), [1, 2, 3, 5, 6, 7])
        refused = self.events(state="quarantined")
        self.assertEqual(refused.code, "schema")
        self.assertIn("NumericValueOutOfRange", refused.result)
        self.assertEqual(len(self.link.told), 7, "nothing holds up what comes behind it")
        ack = self.link.owed[self.machine.uuid, 1]
        self.assertEqual((ack["ack_seq"], ack["missing"]), (7, []))

    def test_what_not_even_quarantine_bears_is_left_to_the_machine(self):
        events = [self.envelope(seq=seq) for seq in range(1, 4)]
        text = store.Batch._text_of

        def raising(batch, refused, publish):
            if refused.seq == 2:
                raise ValueError("a NUL")
            return text(batch, refused, publish)

        with self.spoiled(2, ValueError), patch.object(store.Batch, "_text_of", raising):
            self.take(*[self.publish(event) for event in events])
        self.assertEqual(self.events(state="new").mapped("seq"), [1, 3])
        self.assertEqual(len(self.link.told), 3)
        self.assertEqual(self.link.owed[self.machine.uuid, 1]["missing"], [2])

    def test_what_a_busy_moment_left_owed_is_told_when_nothing_more_comes(self):
        """The last machines of a storm wait for no other machine's message to hear of theirs."""
        sent = []

        def send(messages):
            sent.extend(topic for topic, _body in messages)
            self.worker.stopping.set()
            return range(len(sent) - len(messages), len(sent))

        self.link.client = SimpleNamespace(send=send)
        teller = self.link.teller = Teller(self.link)
        teller.owe((self.machine.uuid, 1), Received(1, []))
        teller.tell(busy=True)
        self.worker.stopping.clear()
        teller.owe((self.machine.uuid, 2), Received(2, []))
        teller.taken([0])
        self.assertEqual(len(sent), 1, "too soon after the last one: gathered")
        late = threading.Timer(5, self.worker.stopping.set)
        late.start()
        self.addCleanup(late.cancel)
        self.worker.run()
        self.assertEqual(len(sent), 2)

    def test_a_sender_of_commands_survives_what_nobody_expects(self):
        """Nobody would start it anew, and with the last of them all commands would stay."""
        sender = outbox.Outbox(self.link, Settings(database="x"), threading.Event(), None)
        calls = []

        def flush():
            calls.append(1)
            if len(calls) == 1:
                raise LookupError("the registry is being made")
            sender.stopping.set()
            return 0

        sender.flush = flush
        with mute_logger(outbox.__name__), patch.object(sender.stopping, "wait", lambda _s: None):
            sender.woken.wait = lambda _seconds: None
            sender._send()
        self.assertEqual(len(calls), 2)
