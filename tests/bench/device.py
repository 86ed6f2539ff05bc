# SPDX-License-Identifier: LGPL-3.0-or-later
"""Machines by the ten thousand in one process: as much MQTT 5 as a machine needs, on asyncio."""

import asyncio
import json
import struct

from tests.bench import crowd

#: connections that are being opened at the same time; seconds until a machine says it again
AT_ONCE, PATIENCE = 500, 30
KEEP_ALIVE, SESSION = 300, 7 * 24 * 3600


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack("!H", len(raw)) + raw


def packet(kind, body):
    """One packet with its length."""
    length, head = len(body), bytearray([kind])
    while True:
        length, low = length >> 7, length & 127
        head.append(low | 128 if length else low)
        if not length:
            return bytes(head) + body


def connect(uuid, will):
    """CONNECT with a session that lasts and a will that is retained, QoS 1."""
    flags = 0b1110_1100
    session = b"\x05\x11" + struct.pack("!I", SESSION)
    topic, payload = will
    head = text("MQTT") + bytes([5, flags]) + struct.pack("!H", KEEP_ALIVE) + session
    body = text(uuid) + b"\0" + text(topic) + text(payload) + text(crowd.USER)
    return packet(0x10, head + body + text(crowd.PASSWORD))


def subscribe(topic):
    return packet(0x82, b"\0\x01\0" + text(topic) + b"\x01")


def publish(mid, topic, payload):
    return packet(0x32, text(topic) + struct.pack("!H", mid) + b"\0" + payload)


async def read(reader):
    """(kind, body) of the next packet."""
    kind = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return kind, await reader.readexactly(length)


class Device:
    """One machine that comes back: connects, says what it has, waits until it is covered."""

    def __init__(self, broker, uuid, messages, last):
        self.broker, self.uuid, self.messages, self.last = broker, uuid, messages, last
        self.covered, self.again = asyncio.Event(), 0

    async def run(self, gate):
        base = self.messages[0][0].rsplit("/up/", 1)[0]
        async with gate:
            reader, writer = await asyncio.open_connection(self.broker.host, self.broker.port)
            writer.write(connect(self.uuid, (f"{base}/up/state", b'{"state":"offline"}')))
            kind, body = await read(reader)
            assert kind == 0x20 and body[1] == 0, f"{self.uuid} is not let in: {body!r}"
            writer.write(subscribe(f"{base}/down/evt_ack"))
        listening = asyncio.create_task(self._listen(reader, writer))
        for mid, (topic, payload) in enumerate(self.messages, 2):
            writer.write(publish(mid, topic, payload))
        while not await self._answered():
            self.again += 1
            writer.write(publish(100 + self.again, *self.messages[-1]))
        listening.cancel()
        writer.write(b"\xe0\x00")
        writer.close()
        return self.again

    async def _answered(self):
        try:
            await asyncio.wait_for(self.covered.wait(), PATIENCE)
        except asyncio.TimeoutError:
            return False
        return True

    async def _listen(self, reader, writer):
        while True:
            kind, body = await read(reader)
            if kind & 0xF0 != 0x30:
                continue
            end = 2 + struct.unpack_from("!H", body)[0]
            if kind & 0x06:
                writer.write(b"\x40\x02" + body[end : end + 2])
                end += 2
            said = json.loads(body[end + 1 + body[end] :])
            if said["ack_seq"] >= self.last and not said["missing"]:
                self.covered.set()


async def storm(broker, journals, last, seconds):
    """Everybody at once. Returns how many arrays were said again.

    :param dict journals: machine → [(topic, payload)]
    :param int last: number of each machine's last event
    """
    gate = asyncio.Semaphore(AT_ONCE)
    devices = [Device(broker, uuid, messages, last) for uuid, messages in journals.items()]
    tasks = asyncio.gather(*(device.run(gate) for device in devices))
    return sum(await asyncio.wait_for(tasks, seconds))
