# SPDX-License-Identifier: LGPL-3.0-or-later
import json
from datetime import datetime, timedelta, timezone
from uuid import uuid4

from odoo.addons.wine_vending.tests.common import WineCommon

from ..core.topics import Topics
from ..process.link import Publish
from ..process.store import Batch, Known


class BridgeCommon(WineCommon):
    """Publishes as a broker hands them over, stored through the real door on the test's cursor."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.topics = Topics("wine/v1", "test")
        cls.seq = 0

    def envelope(self, kind="door", data=None, **values):
        type(self).seq += 1
        content = {
            "id": str(uuid4()),
            "epoch": 1,
            "seq": self.seq,
            "boot": str(uuid4()),
            "ts": datetime.now(timezone.utc).isoformat(),
            "ts_q": "synced",
            "hist": False,
            "type": kind,
            "data": {"state": "opened"} if data is None else data,
            **values,
        }
        return {key: value for key, value in content.items() if value is not None}

    def publish(self, content, channel="evt", machine=None, topic=None):
        uuid = (machine or self.machine).uuid
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        received = datetime.now(timezone.utc).replace(tzinfo=None)
        topic = topic or f"wine/v1/test/{uuid}/up/{channel}"
        return Publish(topic, payload, 1, 1, received, 1)

    def store(self, *publishes):
        self.env.flush_all()
        self.env.cr.execute("SELECT uuid, id, bridge_epoch FROM wine_machine")
        machines = {uuid: Known(row, epoch) for uuid, row, epoch in self.env.cr.fetchall()}
        result = Batch(self.env.cr, self.topics, machines).store(list(publishes))
        self.env.invalidate_all()
        return result

    def events(self, **domain):
        return self.env["wine.bridge.event"].search(
            [(key, "=", value) for key, value in domain.items()], order="id"
        )

    def sale(self, machine=None, **values):
        """Envelope of a vend.local."""
        machine = machine or self.machine
        return self.envelope("vend.local", self.local(machine, **values).data)

    def birth(self, **data):
        """Envelope of a birth."""
        said = {"fw": "1", "proto": 1, "caps": [], "next_seq": 1, "desired_version": 0, "slots": 3}
        return self.envelope("birth", {**said, **data}, seq=None)

    def project(self, *facts):
        if facts:
            return super().project(*facts)
        self.env["wine.bridge.event"]._project_round()
        self.env["wine.bridge.event"]._alarm()
        self.env.flush_all()
        self.env.invalidate_all()
        return None

    def ago(self, **delta):
        return (datetime.now(timezone.utc) - timedelta(**delta)).isoformat()
