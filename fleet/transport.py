# SPDX-License-Identifier: LGPL-3.0-or-later
"""The line of one machine to the broker: MQTT 5 by paho, driven from outside by one selector loop.

A new client is made for each session; what was not acknowledged is the journal's business, so
nothing is kept here. docs/protocol §1 and §4.
"""

import logging
import select
import socket
import ssl
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

SESSION_EXPIRY = 7 * 24 * 3600  # seconds, docs/protocol §4
DOWN = ("cmd", "desired", "evt_ack")
log = logging.getLogger(__name__)


class Link:
    """States: down, connecting, up. The owner gets `on_up()`, `on_down()`, `on_message()`."""

    def __init__(self, config, machine, selector, owner):
        self.config, self.machine = config, machine
        self.selector, self.owner = selector, owner
        self.client, self.state, self.early = None, "down", []
        self.last = None

    # from the owner

    def connect(self, will):
        """Open a session with a last will (a Message). OSError where the broker is not there."""
        self.state, self.early, self.last = "connecting", [], None
        self.client = self._client(will)
        broker = self.config.broker
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_EXPIRY
        try:
            self.client.connect(
                broker.host, broker.port, keepalive=60, clean_start=False, properties=properties
            )
        except OSError:
            self.state = "down"
            raise

    def _client(self, will):
        version = mqtt.CallbackAPIVersion.VERSION2
        client = mqtt.Client(version, self.machine.uuid, protocol=mqtt.MQTTv5)
        client.connect_timeout = 5.0
        client.username_pw_set(self.machine.username, self.machine.password)
        client.will_set(self._topic(will.suffix), will.payload, will.qos, will.retain)
        if self.config.broker.tls:
            context = ssl.create_default_context(cafile=self.config.broker.ca)
            client.tls_set_context(context)
        client.on_connect, client.on_subscribe = self._connected, self._subscribed
        client.on_message, client.on_disconnect = self._message, self._disconnected
        client.on_socket_open, client.on_socket_close = self._opened, self._closed
        client.on_socket_register_write = self._want_write
        client.on_socket_unregister_write = self._no_write
        return client

    def _topic(self, suffix):
        return self.config.topic(self.machine.uuid, suffix)

    def publish(self, message):
        """Hand a Message to the session; False where there is none."""
        if self.state != "up":
            return False
        self.last = self.client.publish(
            self._topic(message.suffix), message.payload, message.qos, message.retain
        )
        return True

    def drop(self):
        """Lose the line without a word: the broker will speak the last will."""
        client, self.client, self.state = self.client, None, "down"
        sock = client.socket() if client else None
        if sock:
            self._closed(client, None, sock)
            sock.close()

    def leave(self):
        """Say goodbye: the last will stays unsaid, so say before that the machine goes."""
        client = self.client
        if client and self.state == "up":
            _flush(client, 2.0)
            self._heard(client, 0.2)
            client.disconnect()
            _flush(client, 1.0)
        self.drop()

    def _heard(self, client, seconds):
        """Wait until the broker has the last word: a socket closed on unread data loses it."""
        end = time.monotonic() + seconds
        while self.last and not self.last.is_published() and client.socket():
            left = end - time.monotonic()
            poll = select.poll()  # unlike select it takes any number of open files
            poll.register(client.socket(), select.POLLIN)
            if left <= 0 or not poll.poll(left * 1000):
                return
            client.loop_read()

    # from the loop

    def turn(self, _now):
        """Nothing is waited for but the socket, which the loop watches."""

    def wake(self, _now):
        """Never by time: the loop wakes it."""
        return float("inf")

    def ready(self, readable, writable):
        """The socket can be read or written."""
        if readable and self.client:
            self._read()
        if writable and self.client and self.client.want_write():
            self.client.loop_write()

    def _read(self):
        client = self.client
        sock = client.socket()
        client.loop_read()
        while self.client is client and getattr(sock, "pending", int)() and client.socket():
            client.loop_read()

    def misc(self):
        """Keepalive; to be called about once a second."""
        if self.client:
            self.client.loop_misc()

    # from paho

    def _connected(self, client, _userdata, _flags, reason, _properties):
        if reason.is_failure:
            log.warning("%s: broker refuses the connection: %s", self.machine.serial, reason)
            return
        client.subscribe([(self._topic(f"down/{name}"), 1) for name in DOWN])

    def _subscribed(self, client, _userdata, _mid, reasons, _properties):
        if any(reason.is_failure for reason in reasons):
            log.warning("%s: broker refuses a subscription", self.machine.serial)
        if client is self.client:
            self.state = "up"
            self.owner.on_up()
            for suffix, payload in self.early:
                self.owner.on_message(suffix, payload)

    def _message(self, client, _userdata, message):
        """What a standing session delivers before the birth is told waits for it."""
        suffix = message.topic.rsplit("/", 1)[-1]
        if client is self.client and self.state == "connecting":
            self.early.append((suffix, message.payload))
        elif client is self.client:
            self.owner.on_message(suffix, message.payload)

    def _disconnected(self, client, _userdata, _flags, _reason, _properties):
        if client is self.client:
            self.client, self.state = None, "down"
            self.owner.on_down()

    def _opened(self, _client, _userdata, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # answers are small and awaited
        self.selector.add(sock, self)

    def _closed(self, _client, _userdata, sock):
        self.selector.remove(sock)

    def _want_write(self, _client, _userdata, sock):
        self.selector.watch(sock, True)

    def _no_write(self, _client, _userdata, sock):
        self.selector.watch(sock, False)


def _flush(client, seconds):
    end = time.monotonic() + seconds
    while client.want_write() and client.socket() and time.monotonic() < end:
        if client.loop_write() != mqtt.MQTT_ERR_SUCCESS:
            return
