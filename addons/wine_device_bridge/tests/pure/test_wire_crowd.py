# SPDX-License-Identifier: LGPL-3.0-or-later
"""A bridge that does not read, and a real broker: the connection lives, and everything comes."""

import threading
import time

import paho.mqtt.client as mqtt
import pytest
from wine_device_bridge_core.wire import Wire

from fleet.tests.standin import Broker

MESSAGES, KEEPALIVE = 3000, 1


class Ear:
    """A client that takes in everything while it is not told to leave the socket alone."""

    def __init__(self, port):
        self.full, self.heard, self.lost = False, [], []
        self.ready = threading.Event()
        self.client = Wire(
            mqtt.CallbackAPIVersion.VERSION2,
            "ear",
            protocol=mqtt.MQTTv5,
            manual_ack=True,
            on_publishes=self._hear,
            on_taken=list,
            crowded=lambda: self.full,
        )
        self.client.on_connect = lambda client, *_details: client.subscribe("a/#", 1)
        self.client.on_subscribe = lambda *_details: self.ready.set()
        self.client.on_disconnect = lambda *details: self.lost.append(details)
        self.client.connect("127.0.0.1", port, keepalive=KEEPALIVE)
        self.client.loop_start()
        assert self.ready.wait(10)

    def _hear(self, messages):
        self.heard += [payload for _topic, payload, _mid, _qos in messages]
        self.client.acknowledge([mid for _topic, _payload, mid, _qos in messages])


@pytest.fixture
def ear(tmp_path):
    broker = Broker(tmp_path)
    broker.start()
    one = Ear(broker.port)
    one.port = broker.port
    yield one
    one.client.disconnect()
    one.client.loop_stop()
    broker.stop()


def speak(port):
    voice = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "voice", protocol=mqtt.MQTTv5)
    voice.max_queued_messages_set(0)
    voice.connect("127.0.0.1", port)
    voice.loop_start()
    said = [voice.publish("a/b", f"{number}".rjust(1000), 1) for number in range(MESSAGES)]
    said[-1].wait_for_publish(30)
    voice.disconnect()
    voice.loop_stop()


def test_who_does_not_read_for_longer_than_the_keep_alive_is_not_cut_off(ear):
    ear.full = True
    time.sleep(0.1)
    speak(ear.port)
    time.sleep(KEEPALIVE * 4)
    assert not ear.lost and len(ear.heard) < MESSAGES
    ear.full = False
    until = time.monotonic() + 30
    while len(ear.heard) < MESSAGES and time.monotonic() < until:
        time.sleep(0.05)
    assert [int(payload) for payload in ear.heard] == list(range(MESSAGES))
    assert not ear.lost
