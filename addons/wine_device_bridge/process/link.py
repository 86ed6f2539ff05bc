# SPDX-License-Identifier: LGPL-3.0-or-later
"""The link to the broker: MQTT 5, acknowledged by hand, never more than queued here."""

import json
import logging
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timezone

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ..core.dropping import DroppingQueue
from ..core.envelope import READ_LIMIT
from ..core.fairness import CONTROL, READINGS, Buckets, FairQueue, Limit
from ..core.metrics import metrics
from ..core.tell import Teller
from ..core.topics import Topics
from ..core.wire import Wire

_logger = logging.getLogger(__name__)
#: seconds that the broker keeps what comes while the bridge is away; for one among several not as
#: long, for what waits for it there waits in vain if it never comes back
SESSION_EXPIRY, SHARED_EXPIRY = 7 * 24 * 3600, 24 * 3600
#: readings that wait here at most; at 1,700 a second, half a minute of them
TELEMETRY_LIMIT, TELEMETRY_BYTES = 50_000, 64 * 1024 * 1024


@dataclass(slots=True)
class Publish:
    """One publish as received; ``received`` is naive UTC. ``session`` tells which connection."""

    topic: str
    payload: bytes
    mid: int
    qos: int
    received: datetime
    session: int
    done: bool = False


class Link:
    """Connects, queues what arrives, publishes; reconnects by itself.

    What was not acknowledged when a connection broke comes again after the next one, and only then:
    an acknowledgement for an earlier connection is therefore dropped. Acknowledgements leave in the
    order in which the messages came (MQTT 5 §4.6), although they are stored in another one: machine
    by machine in turn, and none faster than it may (:class:`FairQueue`).
    """

    def __init__(self, settings, leaving=False):
        """:param leaving: take only what waits in the session, for there will be no other one"""
        self.settings = settings
        self.leaving = leaving
        self.topics = Topics(settings.root, settings.tenant)
        limit = Limit(settings.rate, settings.burst)
        self.inbox = FairQueue(self.topics.base, limit, CONTROL if limit.rate else limit)
        self.telemetry = DroppingQueue(TELEMETRY_LIMIT, TELEMETRY_BYTES)
        self.readings = Buckets(READINGS if limit.rate else limit)
        self.session = 0
        self.was_connected = False
        self.stopped = False
        #: messages so far
        self.received = 0
        #: whether the broker had a session for this name when it was last connected to
        self.found = None
        self.lock = threading.Lock()
        self.unanswered = deque()
        self.teller = Teller(self)
        self.client = self._client()

    def _client(self):
        client = Wire(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=self.settings.client_id,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
            on_publishes=self._on_publishes,
            on_taken=self.teller.taken,
            crowded=self.inbox.crowded,
            flying=self.teller.is_flying,
        )
        if self.settings.user:
            client.username_pw_set(self.settings.user, self.settings.password)
        if self.settings.ca:
            client.tls_set(self.settings.ca)
        client.max_queued_messages_set(0)
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(1, 10)
        if not self.leaving:
            client.will_set(self.topics.platform_state(), self._state("offline"), 1, retain=True)
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        return client

    def start(self):
        """Begin to connect, and go on trying for as long as it takes."""
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SHARED_EXPIRY if self.shared else SESSION_EXPIRY
        properties.ReceiveMaximum = 2000
        self.client.connect_async(
            self.settings.host,
            self.settings.port,
            keepalive=30,
            clean_start=False,
            properties=properties,
        )
        self.client.loop_start()

    def stop(self, last=True):
        """Say goodbye; the session stays at the broker and collects what machines send.

        :param last: no other bridge is there, so the platform is offline
        """
        self.stopped = True
        if last:
            info = self.client.publish(
                self.topics.platform_state(), self._state("offline"), 1, retain=True
            )
            self._wait([info], 2)
        self._disconnect()

    def leave(self):
        """Go for good: the broker forgets the session."""
        properties = Properties(PacketTypes.DISCONNECT)
        properties.SessionExpiryInterval = 0
        self._disconnect(properties)

    def _disconnect(self, properties=None):
        self.client.disconnect(properties=properties)
        self.client.loop_stop()

    @property
    def shared(self):
        """Whether other bridges may be at work beside this one."""
        return bool(self.settings.instance)

    @property
    def alive(self):
        """Whether somebody still listens to the broker; paho forgets its thread where that ends."""
        thread = self.client._thread
        return thread is not None and thread.is_alive()

    @property
    def connected(self):
        return self.client.is_connected()

    def acknowledge(self, publishes):
        """PUBACK what is stored, as soon as all that came before it is."""
        for publish in publishes:
            publish.done = True
        mids, waiting = [], self.unanswered
        with self.lock:  # the session does not change between the look and the sending
            while waiting and waiting[0].done:
                publish = waiting.popleft()
                if publish.session == self.session:
                    mids.append(publish.mid)
            self.client.acknowledge(mids)

    def say(self, topic, payload, *, retain=False, expiry=None):
        """Publish a JSON document at QoS 1; returns paho's info of it.

        :param int expiry: seconds after which the broker drops it undelivered
        """
        properties = Properties(PacketTypes.PUBLISH)
        if expiry is not None:
            properties.MessageExpiryInterval = max(1, int(expiry))
        body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
        return self.client.publish(topic, body, 1, retain=retain, properties=properties)

    def delivered(self, infos, timeout):
        """Whether the broker has taken all of these within ``timeout`` seconds."""
        return self._wait(infos, timeout)

    def forget(self, infos):
        """Do not send these again by ourselves: by then they may be past their time."""
        with self.client._out_message_mutex:
            for info in infos:
                gone = self.client._out_messages.pop(info.mid, None)
                if gone is not None and self.client._inflight_messages > 0:
                    self.client._inflight_messages -= 1

    @staticmethod
    def _wait(infos, timeout):
        deadline = time.monotonic() + timeout
        for info in infos:
            try:
                info.wait_for_publish(max(0.0, deadline - time.monotonic()))
            except (ValueError, RuntimeError):
                return False
            if not info.is_published():
                return False
        return True

    @staticmethod
    def _state(state):
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return json.dumps({"state": state, "ts": now})

    # paho calls these on its own thread; an exception here would end that thread

    @staticmethod
    def _on_socket_open(_client, _userdata, sock):
        """A small message leaves at once; by default it waits for the answer to the one before."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(self, client, _userdata, flags, reason, _properties):
        if reason.is_failure:
            _logger.error("the broker refuses the bridge: %s", reason)
            return
        self._next_session()
        metrics.count("reconnects", int(self.was_connected))
        begun, self.was_connected = not self.was_connected, True
        _logger.info("connected to %s:%s", self.settings.host, self.settings.port)
        if self.leaving:
            client.unsubscribe([topic for topic, _qos in self._subscriptions()])
        else:
            client.subscribe(self._subscriptions())
            if self.shared and (begun or not flags.session_present):
                self._ask_for_retained(client)
            client.publish(self.topics.platform_state(), self._state("online"), 1, retain=True)
        self.teller.again()
        self.found = flags.session_present

    def _ask_for_retained(self, client):
        """What is retained does not come by a shared subscription (MQTT 5 §4.8.2): ask once.

        The other bridges may have it already; then it is a duplicate like any other. A bridge that
        begins asks in any case: the one before it may have died with states that it held back.
        """
        standing = self.topics.standing()
        client.subscribe([(topic, 1) for topic in standing])
        client.unsubscribe(standing)

    def _subscriptions(self):
        """What machines say; and where there are other bridges, what these say of the platform."""
        wanted = self.topics.subscriptions(self.shared)
        return [*wanted, (self.topics.platform_state(), 1)] if self.shared else wanted

    def _on_disconnect(self, _client, _userdata, _flags, reason, _properties):
        self._next_session()
        if reason.is_failure:
            metrics.count("reconnects")
            _logger.warning("connection lost: %s; trying again", reason)

    def _next_session(self):
        """What was received before now is not acknowledged any more: it comes again."""
        with self.lock:
            self.session += 1

    def _on_publishes(self, messages):
        received, released = datetime.now(timezone.utc).replace(tzinfo=None), []
        self.received += len(messages)
        for name, payload, mid, qos in messages:
            topic = name.decode("utf-8", "backslashreplace")
            publish = Publish(topic, payload[:READ_LIMIT], mid, qos, received, self.session)
            if qos:
                self.unanswered.append(publish)
            if self.topics.is_telemetry(topic):
                self._take_reading(publish)
            elif topic == self.topics.platform_state():
                self._hear_state(publish)
                released.append(publish)
            elif passed := self.inbox.put(publish):
                metrics.count("throttled", channel=topic.rpartition("/")[2])
                released += passed
        if released:
            self.acknowledge(released)

    def _hear_state(self, publish):
        """Another bridge has died, and its will says offline: the platform is not."""
        if b'"offline"' in publish.payload and not (self.stopped or self.leaving):
            topic = self.topics.platform_state()
            self.client.publish(topic, self._state("online"), 1, retain=True)

    def _take_reading(self, publish):
        """Readings are neither waited for nor missed: beyond its limit a machine's are dropped."""
        if self.readings.wait(publish.topic, 1 + len(publish.payload) // 1024):
            metrics.count("throttled", channel="tele")
        else:
            self.telemetry.put(publish, len(publish.payload))
        if publish.qos:
            self.acknowledge([publish])
