# SPDX-License-Identifier: LGPL-3.0-or-later
"""The kit's own line to a broker: a thread listens, the trials ask and wait."""

import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions


@dataclass(frozen=True)
class Heard:
    """One message as the broker delivered it; `at` is of the monotonic clock, seconds."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    expiry: int | None
    at: float


class Line:
    """A client of the broker. `listener` is called with each Heard in the listening thread."""

    def __init__(self, broker, name, account=(None, None), listener=lambda heard: None):
        self.broker, self.listener = broker, listener
        self.changed, self.heard, self.reasons = threading.Condition(), [], {}
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        self.client.connect_timeout = 5.0
        if account[0]:
            self.client.username_pw_set(*account)
        if broker.tls:
            self.client.tls_set_context(ssl.create_default_context(cafile=broker.ca))
        self.client.on_connect = lambda _c, _u, _f, reason, _p: self._note("connect", reason)
        self.client.on_subscribe = lambda _c, _u, mid, reasons, _p: self._note(mid, reasons)
        self.client.on_publish = lambda _c, _u, mid, reason, _p: self._note(mid, reason)
        self.client.on_message = self._message

    def connect(self, seconds=5.0):
        """Open the line; the broker's reason code, None where it says nothing. OSError: no line."""
        self.client.connect(self.broker.host, self.broker.port, clean_start=True)
        self.client.loop_start()
        return self._reason("connect", seconds)

    def close(self):
        """Hang up."""
        self.client.disconnect()
        self.client.loop_stop()

    def subscribe(self, *topics):
        """Subscribe, without what was retained before; the broker's reason codes."""
        how = SubscribeOptions(qos=2, retainAsPublished=True, retainHandling=2)
        return self._subscribe(topics, how)

    def subscribe_retained(self, *topics):
        """Subscribe, and hear what is retained too."""
        return self._subscribe(topics, SubscribeOptions(qos=2, retainAsPublished=True))

    def _subscribe(self, topics, how):
        _code, mid = self.client.subscribe([(topic, how) for topic in topics])
        return self._reason(mid, 5.0) or []

    def say(self, topic, content, qos=1, retain=False, expiry=None):
        """Publish a document or raw bytes without waiting; the number of the message."""
        properties = Properties(PacketTypes.PUBLISH)
        if expiry is not None:
            properties.MessageExpiryInterval = max(int(expiry), 1)
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.client.publish(topic, payload, qos, retain, properties).mid

    def ask(self, topic, content, **how):
        """Publish and wait for the broker's reason code; None where it says nothing in 5 s."""
        return self._reason(self.say(topic, content, **how), 5.0)

    def wait(self, found, seconds):
        """The first true value of `found()` within the seconds; else its last one."""
        end = time.monotonic() + seconds
        with self.changed:
            while not (value := found()):
                left = end - time.monotonic()
                if left <= 0:
                    return value
                self.changed.wait(min(left, 0.1))
        return value

    def _reason(self, key, seconds):
        self.wait(lambda: key in self.reasons, seconds)
        return self.reasons.get(key)

    def _note(self, key, reason):
        with self.changed:
            self.reasons[key] = reason
            self.changed.notify_all()

    def _message(self, _client, _userdata, message):
        expiry = getattr(message.properties, "MessageExpiryInterval", None)
        heard = Heard(message.topic, message.payload, message.qos, message.retain, expiry,
                      time.monotonic())  # fmt: skip
        with self.changed:
            self.heard.append(heard)
            self.listener(heard)
            self.changed.notify_all()


def answers_plainly(broker, seconds=2.0):
    """Whether a word without TLS is answered at the broker's port. OSError: nobody there."""
    with socket.create_connection((broker.host, broker.port), seconds) as line:
        line.settimeout(seconds)
        line.sendall(b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x02hi")
        try:
            return line.recv(1) == b"\x20"  # CONNACK, whatever it says
        except OSError:
            return False
