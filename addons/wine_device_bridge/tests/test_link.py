# SPDX-License-Identifier: LGPL-3.0-or-later
import socket
import threading
from types import SimpleNamespace

import psycopg2

from odoo.sql_db import connection_info_for
from odoo.tests import BaseCase, TransactionCase, get_db_name, tagged

from ..process.link import Link
from ..process.settings import LINE, Settings, hold_line


class Listener:
    """Stands for the broker of the standard: retained messages do not come by shared filters."""

    def __init__(self):
        self.asked = []

    def subscribe(self, topics):
        self.asked += [topic for topic, _qos in topics if not topic.startswith("$share/")]

    def unsubscribe(self, _topics):
        """Goes without saying."""

    def publish(self, *_args, **_options):
        """Heard by nobody."""


@tagged("post_install", "-at_install")
class TestLink(BaseCase):
    """What a bridge asks of the broker when a connection is new."""

    def connect(self, link, session_present):
        listener = Listener()
        flags = SimpleNamespace(session_present=session_present)
        link._on_connect(listener, None, flags, SimpleNamespace(is_failure=False), None)
        return any(topic.endswith("/+/up/state") for topic in listener.asked)

    def test_one_among_several_asks_for_what_stands_when_it_begins(self):
        """The one before it may have died with a state that the broker believes to be stored."""
        link = Link(Settings(database="db", instance="b"))
        self.assertTrue(self.connect(link, session_present=True), "a process that begins")
        self.assertFalse(self.connect(link, session_present=True), "a line that was cut")
        self.assertTrue(self.connect(link, session_present=False), "a broker that forgot us")

    def test_a_bridge_alone_is_told_by_its_subscription(self):
        link = Link(Settings(database="db"))
        for session_present in (True, False, True):
            self.assertTrue(self.connect(link, session_present))

    def test_a_thread_that_died_is_seen(self):
        """Nobody would read from the broker any more, and it would look connected."""
        link = Link(Settings(database="db"))
        self.assertFalse(link.alive)
        link.client._thread = threading.Thread(target=lambda: None)
        self.assertFalse(link.alive)
        link.client._thread = threading.current_thread()
        self.assertTrue(link.alive)

    def test_a_small_message_waits_for_no_other_one(self):
        """TCP would keep it until what was sent before is acknowledged, for up to 40 ms."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(10)
            host, port = server.getsockname()
            link = Link(Settings(database="db", host=host, port=port))
            link.start()
            try:
                with server.accept()[0] as line:
                    self.assertTrue(line.recv(1), "it greets when its socket is set up")
                    ours = link.client.socket()
                    self.assertTrue(ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            finally:
                link.client.disconnect()
                link.client.loop_stop()


@tagged("post_install", "-at_install")
class TestLine(TransactionCase):
    """What PostgreSQL is told of the bridge's connections."""

    def test_a_connection_that_hangs_does_not_keep_its_locks(self):
        environ = {}
        hold_line(environ)
        _name, info = connection_info_for(get_db_name())
        connection = psycopg2.connect(**info, options=environ["PGOPTIONS"])
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s)", [list(LINE)]
                )
                told = dict(cursor.fetchall())
                cursor.execute("SELECT inet_client_addr() IS NULL")
                by_file = cursor.fetchone()[0]
        finally:
            connection.close()
        wanted = {name: 0 if by_file and name[:3] == "tcp" else LINE[name] for name in LINE}
        self.assertEqual(told, wanted)

    def test_what_the_operator_says_stands(self):
        for said in ("", "-c statement_timeout=1s"):
            environ = {"PGOPTIONS": said}
            hold_line(environ)
            self.assertEqual(environ["PGOPTIONS"], said)
