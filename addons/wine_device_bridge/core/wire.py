# SPDX-License-Identifier: LGPL-3.0-or-later
"""paho's client with a shorter way for what comes by the thousand: publishes and their PUBACKs."""

import struct
import time

import paho.mqtt.client as mqtt

#: bytes asked of the socket at once, and how often before something else has its turn
CHUNK, TURNS = 64 * 1024, 16
#: seconds until a socket that is left alone is looked at again
PAUSE = 0.01
#: where the last read is no longer ago, what comes is gathered for so long (seconds): a broker that
#: sends each message at once would wake us, and take Python's lock from another thread, for each
DENSE, GATHER = 0.001, 0.001
#: numbers that a message may have
HIGHEST = 65_535
CONNECTION_LOST = mqtt.MQTTErrorCode.MQTT_ERR_CONN_LOST
PROTOCOL = mqtt.MQTTErrorCode.MQTT_ERR_PROTOCOL
FINE = mqtt.MQTTErrorCode.MQTT_ERR_SUCCESS
_ACK = struct.Struct("!BBH")
_NUMBER = struct.Struct("!H")


class Malformed(Exception):
    """The broker sent something that is no MQTT."""


class Wire(mqtt.Client):
    """Reads the socket by the buffer, and writes PUBACKs and publishes by the hundred.

    paho asks the socket for one byte, then for another: five system calls and 60 µs for each
    message, and each of them hands Python's lock to another thread. Here a publish costs 2 µs. All
    else (connecting, subscribing, pings, publishes of QoS 2) goes paho's own way.

    :param on_publishes: called with [(topic, payload, mid, qos)], both bytes, on paho's thread
    :param on_taken: called with the mids that the broker has taken; returns those that
        :meth:`send` did not give
    :param crowded: asked before each read; while it says yes the socket is left alone, so that the
        broker waits, and a silence that is ours is not taken for the broker's death
    :param flying: asked whether a mid of :meth:`send` is on its way still
    """

    def __init__(
        self, *args, on_publishes, on_taken, crowded=bool, flying=lambda _mid: False, **options
    ):
        super().__init__(*args, **options)
        self._on_publishes, self._on_taken, self._crowded = on_publishes, on_taken, crowded
        self._flying = flying
        self._rest, self._read_from, self._read_at = b"", None, 0.0

    # === READING === #

    def loop_read(self, max_packets=1):
        """Take what is there; replaces paho's packet by packet."""
        if self._sock is None:
            return mqtt.MQTTErrorCode.MQTT_ERR_NO_CONN
        if self._sock is not self._read_from:
            self._rest, self._read_from = b"", self._sock
        if time.monotonic() - self._read_at < DENSE:
            time.sleep(GATHER)
        for _turn in range(TURNS):
            if self._crowded():
                self._pause()
                break
            try:
                chunk = self._sock_recv(CHUNK)
            except BlockingIOError:
                break
            except OSError:
                chunk = b""
            code = self._feed(chunk) if chunk else CONNECTION_LOST
            if code > 0:
                return self._loop_rc_handle(code)
            if self._sock is not self._read_from:
                break
        self._read_at = time.monotonic()
        return FINE

    def _pause(self):
        """Leave the socket alone for a moment; an answer to a ping may lie in what is not read."""
        time.sleep(PAUSE)
        with self._msgtime_mutex:
            self._last_msg_in = mqtt.time_func()
            self._ping_t = 0

    def _feed(self, chunk):
        with self._msgtime_mutex:
            self._last_msg_in = mqtt.time_func()
        stream = self._rest + chunk if self._rest else chunk
        publishes, taken, begin, code = [], {}, 0, FINE
        try:
            while found := frame(stream, begin):
                start, end = found
                command = stream[begin]
                begin = end
                if command & 0xF6 in (0x30, 0x32):
                    publishes.append(read_publish(command, stream[start:end]))
                elif command == 0x40 and end - start >= 2:
                    taken[_NUMBER.unpack_from(stream, start)[0]] = stream[start:end]
                else:  # in the order of arrival: a goodbye belongs behind what came before it
                    self._hand_over(publishes, taken)
                    publishes, taken = [], {}
                    code = self._by_paho(command, stream[start:end])
                    if code > 0:
                        break
        except Malformed:
            code = PROTOCOL
        self._rest = stream[begin:]
        self._hand_over(publishes, taken)
        return code

    def _hand_over(self, publishes, taken):
        if publishes:
            self._on_publishes(publishes)
        for mid in self._on_taken(taken) if taken else ():
            self._by_paho(0x40, taken[mid])

    def _by_paho(self, command, body):
        self._in_packet = {
            "command": command,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(body),
            "packet": bytearray(body),
            "to_process": 0,
            "pos": 0,
        }
        code = self._packet_handle()
        self._in_packet = {**self._in_packet, "command": 0, "have_remaining": 0}
        self._in_packet.update(remaining_length=0, packet=bytearray())
        return code

    # === WRITING === #

    def acknowledge(self, mids):
        """PUBACK all of these in one piece."""
        packet = b"".join([_ACK.pack(0x40, 2, mid) for mid in mids])
        if packet:
            self._packet_queue(mqtt.PUBACK, packet, 0, 0)

    def send(self, messages):
        """Publish (topic, payload) at QoS 1 in one piece; returns their mids, in the same order.

        These are the caller's to repeat after a lost connection; paho knows nothing of them.
        """
        mids = [self._mid_generate() for _message in messages]
        pairs = zip(mids, messages, strict=True)
        packet = b"".join([publish_packet(mid, *message) for mid, message in pairs])
        if packet:
            self._packet_queue(mqtt.PUBACK, packet, 0, 0)
        return mids

    def _mid_generate(self):
        """The next number that nothing is on its way with (MQTT 5 §2.2.1): after 65,535 comes 1."""
        for _number in range(HIGHEST):
            mid = super()._mid_generate()
            if not (mid in self._out_messages or self._flying(mid)):
                break
        return mid


def frame(stream, begin):
    """(start, end) of the body of the packet that begins here; None where it is not whole yet.

    :raise Malformed: its length is none
    """
    length, shift, position, size = 0, 0, begin + 1, len(stream)
    while position < size:
        byte = stream[position]
        position += 1
        length |= (byte & 127) << shift
        if byte < 128:
            return (position, position + length) if position + length <= size else None
        shift += 7
        if shift > 21:
            raise Malformed
    return None


def read_publish(command, body):
    """(topic, payload, mid, qos) of a publish of QoS 0 or 1; its properties are left aside.

    :raise Malformed: the lengths do not fit
    """
    qos = (command >> 1) & 3
    size = len(body)
    position = 2 + _NUMBER.unpack_from(body)[0] if size >= 2 else size
    topic, mid = body[2:position], 0
    if qos and position + 2 <= size:
        mid = _NUMBER.unpack_from(body, position)[0]
        position += 2
    properties = frame(body, position - 1)
    if position >= size or not properties or (qos and not mid):
        raise Malformed
    return topic, body[properties[1] :], mid, qos


def publish_packet(mid, topic, payload):
    """One publish at QoS 1 without properties, as MQTT 5 writes it."""
    name = topic.encode()
    length = 2 + len(name) + 2 + 1 + len(payload)
    head = bytearray(b"\x32")
    while True:
        length, low = length >> 7, length & 127
        head.append(low | 128 if length else low)
        if not length:
            break
    return b"".join(
        (head, _NUMBER.pack(len(name)), name, _NUMBER.pack(mid), b"\0", payload),
    )
