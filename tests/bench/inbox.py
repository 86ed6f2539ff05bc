# SPDX-License-Identifier: LGPL-3.0-or-later
"""Vends on their way through the inbox: stored at the door, then projected, as the bridge does."""

import json
from datetime import datetime, timezone
from itertools import count
from uuid import uuid4

from tests.bench.common import stopwatch
from tests.bench.test_posting import facts

EPOCH = 9
NUMBERS = count(1)


def store_vends(house, size, chance):
    """``size`` finished sales of all machines, stored and committed."""
    from odoo.addons.wine_device_bridge.core.topics import Topics
    from odoo.addons.wine_device_bridge.process.link import Publish
    from odoo.addons.wine_device_bridge.process.store import Batch, Known

    with house.env() as env:
        env.cr.execute("UPDATE wine_machine SET bridge_epoch = %s", [EPOCH])
        uuids = {machine.id: machine.uuid for machine in env["wine.machine"].search([])}
        known = {uuid: Known(row, EPOCH) for row, uuid in uuids.items()}
        publishes = []
        for fact in facts(env, size, chance):
            now = datetime.now(timezone.utc)
            content = {
                "id": str(uuid4()), "epoch": EPOCH, "seq": next(NUMBERS), "boot": str(uuid4()),
                "ts": now.isoformat(), "ts_q": "synced", "hist": False, "type": "vend.local",
                "data": fact.data,
            }  # fmt: skip
            topic = f"wine/v1/bench/{uuids[fact.machine_id]}/up/evt"
            payload = json.dumps(content).encode()
            publishes.append(Publish(topic, payload, 1, 1, now.replace(tzinfo=None), 1))
        stored = Batch(env.cr, Topics("wine/v1", "bench"), known).store(publishes)
    assert stored.stored == size, stored


def project(house, size, chance):
    """Milliseconds a vend of one round of ``size``, committed: inbox to shares."""
    store_vends(house, size, chance)
    with house.env() as env:
        events = env["wine.bridge.event"].with_context(tracking_disable=True, lang="en_US")
        with stopwatch() as seconds:
            outcome = events._project_round(size)
            env.flush_all()
            env.cr.commit()
        assert outcome.taken == size
    return 1000 * seconds() / size
