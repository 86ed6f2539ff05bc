# SPDX-License-Identifier: LGPL-3.0-or-later
"""What must become of rubbish, and the receiving end of a bridge in this process.

:class:`Expected` asks the reader, which is pure, what each message is; where it ends up is then
counted in the database and must be the same, message by message.
"""

import threading
from collections import Counter
from datetime import datetime, timezone

CODES = {"schema", "too_large", "identity_conflict", "unknown_epoch", "foreign_machine"}
#: of these the reader alone decides; the others depend on what is stored
READ = ("schema", "too_large", "foreign_machine")
UNSTORABLE = "the platform cannot store it%"


class Expected:
    """What was sent, by what must come of it.

    :ivar messages: publishes that are no readings; ``readings``: those that are
    :ivar items: code → how often; ``good``: what the reader lets through
    """

    def __init__(self, topics, machines):
        """:param machines: UUID → ``Known``"""
        from odoo.addons.wine_device_bridge.core import envelope
        from odoo.addons.wine_device_bridge.process.link import Publish
        from odoo.addons.wine_device_bridge.process.telemetry import rows_of

        self.topics, self.machines = topics, machines
        self.read, self.rows_of = envelope.read, rows_of
        self.publish, self.limit = Publish, envelope.READ_LIMIT
        self.messages = self.readings = self.unreadable = self.spoilt = 0
        self.items = Counter()

    def add(self, topic, payload, spoilt=True):
        """Note one message that reaches the bridge."""
        self.spoilt += spoilt
        payload = payload[: self.limit]
        if self.topics.is_telemetry(topic):
            self.readings += 1
            publish = self.publish(topic, payload, 1, 1, _now(), 1)
            self.unreadable += self.rows_of(self.topics, self.machines, [publish])[1]
            return
        self.messages += 1
        where = self.topics.parse_up(topic)
        if not where or where[0] not in self.machines:
            self.items["foreign_machine"] += 1
            return
        for item in self.read(*where, payload):
            self.items[getattr(item, "code", "good")] += 1

    def agree(self, found):
        """Nothing is left out, and each has the code that the reader gave it.

        :param found: :class:`Found`
        """
        assert found.codes.keys() <= CODES
        told = {code: found.codes[code] for code in READ}
        assert told == {code: self.items[code] for code in READ}, (told, self.items)
        later = found.codes["identity_conflict"] + found.codes["unknown_epoch"] + found.unstorable
        assert found.stored + found.duplicates + later == self.items["good"], (vars(found), self)

    def __repr__(self):
        return (
            f"{self.messages} messages and {self.readings} readings, {self.spoilt} of them spoilt: "
            f"{dict(self.items)}, {self.unreadable} unreadable readings"
        )


class Found:
    """What the database has of the messages after row ``since``."""

    def __init__(self, house, since):
        self.since = since
        rows = house.query(
            """SELECT state = 'quarantined', COALESCE(code, ''), result LIKE %s,
                      count(*)::int, COALESCE(sum(duplicates), 0)::int
                 FROM wine_bridge_event WHERE id > %s GROUP BY 1, 2, 3""",
            UNSTORABLE,
            since,
        )
        self.codes, self.stored, self.duplicates, self.unstorable = Counter(), 0, 0, 0
        for refused, code, unstorable, count, again in rows:
            if refused and unstorable:
                self.unstorable += count
            elif refused:
                self.codes[code] += count
            else:
                self.stored += count
                self.duplicates += again

    @property
    def all(self):
        """Items of messages that are accounted for."""
        return self.stored + self.duplicates + self.unstorable + sum(self.codes.values())


def newest(house):
    """The row after which everything is ours."""
    return house.query("SELECT COALESCE(max(id), 0) FROM wine_bridge_event")[0][0]


def machines_of(house):
    """UUID → ``Known``."""
    from odoo.addons.wine_device_bridge.process.store import read_machines
    from odoo.sql_db import db_connect

    with db_connect(house.name).cursor() as cr:
        return read_machines(cr)


class Receiver:
    """The bridge from its socket to its tables, without the socket: link, ingest, readings."""

    def __init__(self, house):
        from odoo.addons.wine_device_bridge.process.ingest import Ingest
        from odoo.addons.wine_device_bridge.process.link import Link
        from odoo.addons.wine_device_bridge.process.settings import Settings
        from odoo.addons.wine_device_bridge.process.telemetry import Telemetry

        self.machines = machines_of(house)
        settings = Settings(house.name, tenant=house.name, rate=0, linger=0)
        self.link, self.taken = Link(settings), []
        self.link.client.acknowledge = self.taken.extend
        self.ingest = Ingest(self.link, settings, threading.Event(), threading.Event())
        self.telemetry = Telemetry(self.link, settings, threading.Event())
        self.put = 0

    def hear(self, messages):
        """Take in [(topic, payload)] as the socket gives them: names are bytes."""
        frames = []
        for topic, payload in messages:
            self.put += 1
            name = topic.encode("utf-8", "surrogatepass")
            frames.append((name, payload, 1 + self.put % 65_535, 1))
        self.link._on_publishes(frames)
        while not self.link.inbox.empty():
            self.ingest._work()
        self.telemetry.drain()

    def as_heard(self, topic):
        """A topic as the link reads it."""
        return topic.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")

    def answers(self):
        """What each machine would be told, as JSON."""
        owed = self.link.teller.owed
        return [self.link.teller._message(key, what)[1] for key, what in owed.items()]


def _now():
    return datetime.now(timezone.utc).replace(tzinfo=None)
