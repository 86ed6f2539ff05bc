# SPDX-License-Identifier: LGPL-3.0-or-later
from types import SimpleNamespace

from odoo.tests import BaseCase, tagged

from ..process.link import Link
from ..process.settings import Settings


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
