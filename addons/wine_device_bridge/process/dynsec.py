# SPDX-License-Identifier: LGPL-3.0-or-later
"""The control topic of mosquitto's dynamic-security plugin: a connection of its own."""

import itertools
import logging
import threading
import time
import uuid

import paho.mqtt.client as mqtt

from ..core import dynsec

_logger = logging.getLogger(__name__)
#: seconds that each command may take: the broker writes its whole file after it
EACH = 1.0


class Unreachable(Exception):
    """The broker did not answer; nothing is known about what it did."""


class Control:
    """Sends commands and waits for the answer to each.

    :param settings: ``host``, ``port``, ``user``, ``password``, ``ca`` and ``tenant`` of the bridge
    """

    def __init__(self, settings, timeout=5.0):
        self.settings = settings
        self.timeout = timeout
        #: connections so far; who has seen another number looks at the broker again
        self.session = 0
        self._numbers = itertools.count()
        self._given, self._awaited = {}, frozenset()
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self.client = self._client()

    def _client(self):
        settings = self.settings
        name = f"wine-bridge-access-{settings.tenant}-{uuid.uuid4().hex[:8]}"
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)
        client.username_pw_set(settings.user, settings.password)
        if settings.ca:
            client.tls_set(settings.ca)
        client.reconnect_delay_set(1, 5)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def start(self):
        """Begin to connect, and go on trying."""
        self.client.connect_async(self.settings.host, self.settings.port, keepalive=30)
        self.client.loop_start()

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()

    @property
    def ready(self):
        """Whether commands can be sent now."""
        return self._ready.is_set()

    def wait(self, seconds):
        """Whether it is ready within so many seconds."""
        return self._ready.wait(seconds)

    def ask(self, commands):
        """Answers to commands, in their order.

        :raise Unreachable: no connection, or not all answers in time
        """
        if not self.ready:
            raise Unreachable("the bridge is not connected to the broker's control topic")
        found = []
        for text, marks in dynsec.messages(commands, f"{next(self._numbers)}"):
            with self._changed:
                self._given, self._awaited = {}, frozenset(marks)
            self.client.publish(dynsec.CONTROL, text, 1)
            found += self._answers(marks)
        return found

    def _answers(self, marks):
        deadline = time.monotonic() + self.timeout + EACH * len(marks)
        with self._changed:
            while not all(mark in self._given for mark in marks):
                left = deadline - time.monotonic()
                if left <= 0 or not self.ready:
                    raise Unreachable("the broker did not answer on its control topic")
                self._changed.wait(left)
            return [self._given.pop(mark) for mark in marks]

    # paho calls these on its own thread

    def _on_connect(self, client, _userdata, _flags, reason, _properties):
        if reason.is_failure:
            _logger.error("the broker refuses the bridge at the control topic: %s", reason)
            return
        client.subscribe(dynsec.RESPONSE, 1)

    def _on_subscribe(self, _client, _userdata, _mid, reasons, _properties):
        if any(reason.is_failure for reason in reasons):
            _logger.error(
                "the broker gives the bridge no access to %s: is the plugin loaded, and has the "
                "bridge's account the role %s?",
                dynsec.RESPONSE,
                dynsec.BRIDGE_ROLE,
            )
            return
        self.session += 1
        self._ready.set()

    def _on_disconnect(self, _client, _userdata, _flags, _reason, _properties):
        self._ready.clear()
        with self._changed:
            self._changed.notify_all()

    def _on_message(self, _client, _userdata, message):
        answers = dynsec.answers(message.payload)
        with self._changed:
            # what was not awaited long enough comes late, and is of no use to anybody
            self._given |= {mark: one for mark, one in answers.items() if mark in self._awaited}
            self._changed.notify_all()
