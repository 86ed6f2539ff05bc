# SPDX-License-Identifier: LGPL-3.0-or-later
"""The short way against paho's own, which reads packet by packet."""

import struct

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from wine_device_bridge_core import wire as module
from wine_device_bridge_core.wire import PROTOCOL, Malformed, Wire, frame, publish_packet

topics = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=80
)
publishes = st.tuples(topics, st.binary(max_size=400), st.integers(0, 1), st.booleans())


class Socket:
    """Gives what a broker sent in pieces of the given sizes; takes what is sent."""

    def __init__(self, stream, sizes):
        self.stream, self.sizes, self.sent = stream, iter(sizes), b""
        self.closed = False

    def recv(self, most):
        size = min(next(self.sizes, most), most)
        piece, self.stream = self.stream[:size], self.stream[size:]
        if not piece:
            raise BlockingIOError
        return piece

    def send(self, data):
        self.sent += data
        return len(data)

    def close(self):
        self.closed = True


def wire(stream=b"", sizes=(), crowded=bool, **options):
    """A client that is connected to such a socket, and the list that it hands publishes to."""
    heard, taken = [], []

    def take(mids):
        taken.extend(mids)
        return [mid for mid in mids if mid > 1000]

    client = Wire(
        mqtt.CallbackAPIVersion.VERSION2,
        "x",
        protocol=mqtt.MQTTv5,
        manual_ack=True,
        on_publishes=heard.extend,
        on_taken=take,
        crowded=crowded,
        **options,
    )
    client._sock = Socket(stream, sizes)
    return client, heard, taken


def packet(topic, payload, qos, mid, user_property=False):
    """A publish as paho writes it."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "y", protocol=mqtt.MQTTv5)
    written = []
    client._packet_queue = lambda _command, data, *_rest, **_more: written.append(bytes(data))
    properties = None
    if user_property:
        properties = Properties(PacketTypes.PUBLISH)
        properties.UserProperty = ("k", "v" * 200)
    client._sock = object()
    client._send_publish(mid, topic.encode(), payload, qos, False, False, None, properties)
    client._sock = None
    return written[0]


@given(st.lists(publishes, max_size=20), st.lists(st.integers(1, 300), max_size=60))
def test_whatever_the_pieces_the_same_messages_come_out(sent, sizes):
    stream = b"".join(
        packet(topic, payload, qos, number + 1, more)
        for number, (topic, payload, qos, more) in enumerate(sent)
    )
    client, heard, _taken = wire(stream, sizes)
    for _turn in range(len(sizes) + 2):
        assert client.loop_read() == 0
    assert heard == [
        (topic.encode(), payload, number + 1 if qos else 0, qos)
        for number, (topic, payload, qos, _more) in enumerate(sent)
    ]


@given(topics, st.binary(max_size=20_000), st.integers(1, 65535))
def test_a_publish_is_written_as_paho_writes_it(topic, payload, mid):
    assert publish_packet(mid, topic, payload) == packet(topic, payload, 1, mid)


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), max_size=10))
def test_rubbish_ends_the_connection_and_nothing_else(stream, sizes):
    client, _heard, _taken = wire(bytes([0x32]) + stream, sizes)
    for _turn in range(12):
        if client._sock is None:
            break
        client.loop_read()


@pytest.mark.parametrize("body", [b"", b"\0", b"\0\x09abc", b"\0\x01a\0", b"\0\x01a\0\x07"])
def test_a_publish_whose_lengths_do_not_fit(body):
    client, heard, _taken = wire(bytes([0x32, len(body)]) + body)
    assert client._feed(client._sock.recv(100)) == PROTOCOL
    assert not heard


def test_a_length_that_never_ends():
    with pytest.raises(Malformed):
        frame(b"\x30\xff\xff\xff\xff\x01", 0)
    assert frame(b"\x30\xff\xff", 0) is None


def test_acknowledgements_leave_in_one_piece_and_in_order():
    client, _heard, _taken = wire()
    client.acknowledge([1, 500, 65535])
    client.acknowledge([])
    assert [bytes(one["packet"]) for one in client._out_packet] == [
        b"\x40\x02\x00\x01\x40\x02\x01\xf4\x40\x02\xff\xff"
    ] or client._sock.sent == b"\x40\x02\x00\x01\x40\x02\x01\xf4\x40\x02\xff\xff"


def test_pubacks_go_to_whom_they_belong():
    acks = b"".join(struct.pack("!BBH", 0x40, 2, mid) for mid in (7, 8, 2000))
    client, _heard, taken = wire(acks + b"\x40\x03\x00\x09\x10")
    foreign = []
    client._handle_pubackcomp = lambda _kind: foreign.append(bytes(client._in_packet["packet"]))
    client.loop_read()
    assert taken == [7, 8, 2000, 9]
    assert foreign == [b"\x07\xd0"]


def test_what_came_before_a_goodbye_is_handed_over_before_it():
    client, heard, _taken = wire(packet("a", b"1", 1, 5) + b"\xe0\x00")
    order = []
    client._on_publishes = lambda messages: order.extend(messages)
    client.on_disconnect = lambda *_details: order.append("gone")
    client.loop_read()
    assert [one if one == "gone" else one[2] for one in order] == [5, "gone"]


def test_a_new_socket_begins_with_a_new_packet():
    whole = packet("a", b"payload", 1, 5)
    client, heard, _taken = wire(whole[:-3])
    client.loop_read()
    client._sock = Socket(whole, ())
    client.loop_read()
    assert [one[2] for one in heard] == [5]


def test_a_closed_connection_is_noticed():
    client, _heard, _taken = wire()
    client._sock.recv = lambda _most: b""
    assert client.loop_read() == mqtt.MQTTErrorCode.MQTT_ERR_CONN_LOST
    assert client._sock is None


# === WHEN TOO MUCH WAITS === #


def test_the_socket_is_left_alone_while_there_is_a_crowd():
    """A broker may send more than the Receive Maximum; what it sends then stays where it is."""
    full = [True]
    packet = publish_packet(7, "a", b"1")
    client, heard, _taken = wire(packet * 3, crowded=lambda: full[0])
    assert client.loop_read() == 0
    assert not heard and client._sock.stream == packet * 3
    full[0] = False
    client.loop_read()
    assert [mid for _topic, _payload, mid, _qos in heard] == [7] * 3


def test_a_crowd_is_seen_between_two_reads():
    packet = publish_packet(7, "a", b"1")
    client, heard, _taken = wire(packet * 9, [len(packet)] * 9, crowded=lambda: len(heard) >= 4)
    client.loop_read()
    assert len(heard) == 4


def test_a_silence_of_ours_is_not_the_death_of_the_broker():
    """A ping is unanswered because the answer was not read; its time begins again."""
    client, _heard, _taken = wire(b"", crowded=lambda: True)
    client._ping_t = client._last_msg_in = mqtt.time_func() - 10_000
    client.loop_read()
    assert not client._ping_t and mqtt.time_func() - client._last_msg_in < 5
    assert not client._sock.closed


def test_who_speaks_after_a_silence_is_heard_at_once_and_a_stream_is_gathered(monkeypatch):
    slept, now = [], [100.0]
    monkeypatch.setattr(module.time, "sleep", slept.append)
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    client, heard, _taken = wire(packet("a", b"1", 1, 5) * 3, sizes=[13, 0] * 3)
    client.loop_read()
    assert len(heard) == 1 and not slept
    now[0] += module.DENSE / 2
    client.loop_read()
    assert slept == [module.GATHER]
    now[0] += module.DENSE * 2
    client.loop_read()
    assert slept == [module.GATHER]


def test_a_number_on_its_way_is_given_to_no_other_message():
    """After 65,535 messages the numbers begin anew, and a PUBACK must be of one message only."""
    flying = {1, 3}
    client, *_rest = wire(flying=flying.__contains__)
    paho = client.publish("a", b"slow", 1).mid  # has 2 and keeps it: the broker does not answer
    assert paho == 2
    client._last_mid = 65_534
    assert client.send([("t", b"x")] * 3) == [65_535, 4, 5]
    client._last_mid = 0
    assert client.publish("a", b"", 1).mid == 4


def test_where_every_number_is_on_its_way_one_is_given_all_the_same():
    client, *_rest = wire(flying=lambda _mid: True)
    assert client.send([("t", b"x")])
