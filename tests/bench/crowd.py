# SPDX-License-Identifier: LGPL-3.0-or-later
"""Many machines for the benchmarks: made in the database, spoken for over one connection."""

import json
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from uuid import uuid4

import paho.mqtt.client as mqtt

from tools.env import mosquitto

USER, PASSWORD = "wine-crowd", "a crowd speaks"
#: publishes that the broker has not yet taken, at most
WINDOW = 1000
#: what everybody sells, for how much, and how many there are in a slot
SKU, PRICE, CURRENCY, FULL = "W-BENCH", 128, "USD", 100_000


def admit(broker, tenant):
    """One account that may speak for every machine, which no real broker gives."""
    base = f"wine/v1/{tenant}"
    with broker.passwd.open("a") as passwd:
        passwd.write(mosquitto.passwd_line(USER, PASSWORD))
    with (broker.home / "acl").open("a") as acl:
        acl.write(
            f"\nuser {USER}\ntopic write {base}/+/up/#\ntopic read {base}/+/down/#\n"
            f"topic read {base}/platform/state\n"
        )
    mosquitto.own(broker.home)
    broker.reload()
    time.sleep(0.3)


def machines(env, count, begin=0):
    """So many machines of the demo's first site, at work and full of one wine; their UUIDs."""
    env = env(context=dict(env.context, tracking_disable=True))
    site = env["wine.site"].search([], limit=1)
    assert site.company_id.currency_id.name == CURRENCY
    wine = _wine(env)
    values = {"model_id": _model(env).id, "site_id": site.id}
    numbers = range(begin, begin + count)
    made = env["wine.machine"].create(
        [{**values, "name": f"Bench {n}", "serial": f"BENCH-{n}"} for n in numbers]
    )
    env["wine.planogram"].create(
        [
            {
                "machine_id": machine.id,
                "line_ids": [
                    (0, 0, {"slot_id": machine.slot_ids.id, "product_id": wine.id, "price": PRICE})
                ],
            }
            for machine in made
        ]
    ).action_publish()
    env.flush_all()
    env.cr.execute("UPDATE wine_machine SET state = 'active' WHERE id = ANY(%s)", [made.ids])
    env.cr.execute(
        "UPDATE wine_machine_slot SET qty = %s WHERE machine_id = ANY(%s)", [FULL, made.ids]
    )
    # they have their planograms already
    env.cr.execute("DELETE FROM wine_bridge_command WHERE machine_id = ANY(%s)", [made.ids])
    return made.mapped("uuid")


def _model(env):
    """One slot that does not run empty."""
    models = env["wine.machine.model"]
    values = {"name": "Bench", "maker": "Bench", "rows": 1, "columns": 1, "slot_capacity": FULL}
    return models.search([("name", "=", "Bench")], limit=1) or models.create(values)


def _wine(env):
    products = env["product.product"]
    return products.search([("default_code", "=", SKU)], limit=1) or products.create(
        {
            "name": "Bench",
            "default_code": SKU,
            "is_storable": True,
            "list_price": PRICE,
            "standard_price": PRICE / 2,
            "categ_id": env.ref("wine_vending.categ_drinks").id,
        }
    )


class Speaker:
    """What machines say: events with numbers of their own, as the schemas want them."""

    def __init__(self, uuids, tenant):
        self.uuids, self.base = list(uuids), f"wine/v1/{tenant}"
        self.seqs = dict.fromkeys(self.uuids, 0)
        self.boot = str(uuid4())

    def envelope(self, uuid, kind, data, **more):
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        head = {"id": str(uuid4()), "epoch": 1, "boot": self.boot, "ts": now, "ts_q": "synced"}
        return {**head, "hist": False, "type": kind, "data": data, **more}

    def event(self, uuid):
        """The next event of a machine: a door, or a sale that was paid in cash."""
        self.seqs[uuid] += 1
        seq = self.seqs[uuid]
        kind, data = "door", {"state": "opened" if seq % 2 else "closed", "by": "bench"}
        if seq % 4:
            kind, data = "vend.local", self._sale()
        return self.envelope(uuid, kind, data, seq=seq)

    @staticmethod
    def _sale():
        return {
            "vend_id": str(uuid4()),
            "slot": "A1",
            "sku": SKU,
            "qty": 1,
            "price": f"{PRICE}.00",
            "currency": CURRENCY,
            "pay": "cash",
            "price_version": 1,
            "outcome": "success",
            "sensor": "confirmed",
        }

    def publish(self, uuid, count=1):
        """(topic, payload) of one publish with so many events."""
        events = [self.event(uuid) for _number in range(count)]
        said = events if count > 1 else events[0]
        return self.topic(uuid), json.dumps(said, separators=(",", ":")).encode()

    def topic(self, uuid, channel="evt"):
        return f"{self.base}/{uuid}/up/{channel}"


class Voice:
    """One connection that publishes for all of them, as fast as the broker takes it."""

    def __init__(self, broker, wire):
        """:param wire: the class of the bridge's own client, which is quick"""
        self.taken = threading.Condition()
        self.flying, self.heard = 0, None
        self.client = wire(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=f"crowd-{uuid4().hex[:8]}",
            protocol=mqtt.MQTTv5,
            on_publishes=lambda messages: self.heard and self.heard(messages),
            on_taken=self._taken,
        )
        ready = threading.Event()
        self.client.on_connect = lambda *_details: ready.set()
        self.client.username_pw_set(USER, PASSWORD)
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        assert ready.wait(10), "the crowd is not let in"

    def _taken(self, mids):
        with self.taken:
            self.flying -= len(mids)
            self.taken.notify_all()
        return ()

    def listen(self, topic, heard):
        """Call ``heard`` with lists of (topic, payload, mid, qos)."""
        self.heard = heard
        done = threading.Event()
        self.client.on_subscribe = lambda *_details: done.set()
        self.client.subscribe(topic, 0)
        assert done.wait(10)

    def say(self, messages):
        """Publish; waits where too much is on its way."""
        for begin in range(0, len(messages), 100):
            part = messages[begin : begin + 100]
            with self.taken:
                assert self.taken.wait_for(lambda: self.flying < WINDOW, 60)
                self.flying += len(part)
            self.client.send(part)

    def retain(self, topic, payload):
        """Publish one retained message and wait until the broker has it."""
        with self.taken:
            self.flying += 1
        self.client.publish(topic, payload, 1, retain=True)
        self.finish()

    def finish(self):
        """Wait until the broker has everything."""
        with self.taken:
            assert self.taken.wait_for(lambda: not self.flying, 60)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def wait_online(house, tenant, seconds=90):
    """Until a bridge has said that the platform is online: it has subscribed by then."""
    states = []
    with voice(house.broker) as ear:
        ear.listen(f"wine/v1/{tenant}/platform/state", states.extend)
        assert house.until(lambda: states and b'"online"' in states[-1][1], seconds)
    time.sleep(0.2)


@contextmanager
def voice(broker):
    """A :class:`Voice` for a ``with`` block."""
    from odoo.addons.wine_device_bridge.core.wire import Wire

    one = Voice(broker, Wire)
    try:
        yield one
    finally:
        one.close()
