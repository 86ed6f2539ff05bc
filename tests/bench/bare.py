# SPDX-License-Identifier: LGPL-3.0-or-later
"""The least that storing messages durably costs: paho → execute_values → commit → ack.

A program of its own, as the bridge is one: no schema, no identity, no duplicates, no journal, no
``evt_ack``, one index. ``python -m tests.bench.bare HOST PORT USER PASSWORD FILTER DSN``.
"""

import queue
import sys
import time
from datetime import datetime, timezone

import paho.mqtt.client as mqtt
import psycopg2
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from psycopg2.extras import execute_values

BATCH, LINGER = 1000, 0.02
CLIENT = "wine-bare"
TABLE = """CREATE TABLE IF NOT EXISTS bench_bare (id serial PRIMARY KEY, topic varchar NOT NULL,
    payload text NOT NULL, received_at timestamp NOT NULL)"""


def connect(host, port, user, password, topics):
    """A client with a session that lasts, and the queue that its messages go to."""
    inbox = queue.Queue()
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, CLIENT, protocol=mqtt.MQTTv5, manual_ack=True
    )
    client.username_pw_set(user, password)
    client.on_connect = lambda one, *_details: one.subscribe(topics, 1)
    client.on_message = lambda _client, _data, message: inbox.put(
        (message, datetime.now(timezone.utc).replace(tzinfo=None))
    )
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval, properties.ReceiveMaximum = 3600, 2000
    client.connect(host, int(port), clean_start=False, properties=properties)
    return client, inbox


def take(inbox):
    """A batch, gathered for a moment."""
    batch, until = [inbox.get()], time.monotonic() + LINGER
    while len(batch) < BATCH:
        try:
            batch.append(inbox.get(timeout=max(0, until - time.monotonic())))
        except queue.Empty:
            break
    return batch


def main(host, port, user, password, topics, dsn):
    """Until killed."""
    database = psycopg2.connect(dsn)
    client, inbox = connect(host, port, user, password, topics)
    client.loop_start()
    while True:
        batch = take(inbox)
        with database, database.cursor() as cursor:
            execute_values(
                cursor,
                "INSERT INTO bench_bare (topic, payload, received_at) VALUES %s",
                [(message.topic, message.payload.decode(), at) for message, at in batch],
                page_size=BATCH,
            )
        for message, _at in batch:
            client.ack(message.mid, message.qos)


if __name__ == "__main__":
    main(*sys.argv[1:])
