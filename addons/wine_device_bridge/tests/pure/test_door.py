# SPDX-License-Identifier: LGPL-3.0-or-later
"""Bodies of the HTTPS door: whatever comes, it is read, or refused in words."""

import gzip
import json
import math
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wine_device_bridge_core import door, envelope
from wine_device_bridge_core.received import Received

MACHINE = "0190f2a4-0000-4000-8000-00000000000a"


def channels(raw):
    return [channel for channel, _payload in door.read(raw).messages]


class TestRead:
    def test_channels_in_their_order(self):
        raw = b'{"ack": {}, "evt": [{}, {}], "state": {}, "birth": {}, "what": 1, "tele": null}'
        assert channels(raw) == ["birth", "state", "evt", "evt", "ack"]

    def test_the_bytes_are_those_of_mqtt(self):
        event = {"id": "x", "data": {"text": "Grüner", "price": "12.50", "n": [1, 2.5, True]}}
        ((_channel, payload),) = door.read(json.dumps({"evt": event}).encode()).messages
        assert envelope.digest(json.loads(payload)) == envelope.digest(event)

    @pytest.mark.parametrize(
        ("value", "version"),
        [("17", 17), ("0", 0), ("true", None), ('"17"', None), ("1.0", None), ("null", None)],
    )
    def test_the_version_that_the_machine_has(self, value, version):
        assert door.read(b'{"desired_version": %s}' % value.encode()).desired_version == version

    @pytest.mark.parametrize("raw", [b"", b"[]", b"7", b"{", b"\xff", b"[" * 100_000, b"{}{}"])
    def test_no_body(self, raw):
        with pytest.raises(door.Unreadable):
            door.read(raw)

    def test_too_many(self):
        whole = json.dumps({"evt": [{}] * door.MOST_MESSAGES}).encode()
        assert len(door.read(whole).messages) == door.MOST_MESSAGES
        with pytest.raises(door.TooLarge):
            door.read(json.dumps({"evt": [{}] * door.MOST_MESSAGES, "state": {}}).encode())

    def test_what_no_message_may_hold_is_refused_alone(self):
        """A number without end, half a character: their neighbours are read."""
        raw = b'{"evt": [{"a": NaN}, {"a": %s}, {"a": "\\ud800"}, {"a": 1}]}' % (b"9" * 100_000)
        assert len(door.read(raw).messages) == 4
        for _channel, payload in door.read(raw).messages:
            (item,) = envelope.read(MACHINE, "evt", payload)
            assert item.code == "schema"

    @given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    @settings(max_examples=500, deadline=None)
    def test_any_bytes(self, raw):
        try:
            found = door.read(raw)
        except (door.Unreadable, door.TooLarge):
            return
        for channel, payload in found.messages:
            envelope.read(MACHINE, channel, payload)

    json_values = st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )

    @given(st.dictionaries(st.sampled_from(door.CHANNELS), json_values))
    @settings(max_examples=300, deadline=None)
    def test_any_json_in_any_channel(self, content):
        raw = json.dumps(content).encode()
        for channel, payload in door.read(raw).messages:
            for item in envelope.read(MACHINE, channel, payload):
                assert isinstance(item, envelope.Refused)


class TestOpened:
    @pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
    def test_as_it_is(self, encoding):
        assert door.opened(b"{}", encoding) == b"{}"

    @pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
    def test_packed(self, encoding):
        assert door.opened(gzip.compress(b'{"a":1}'), encoding) == b'{"a":1}'

    def test_to_the_last_byte(self):
        most = b" " * door.MOST_OPENED
        assert door.opened(gzip.compress(most), "gzip") == most
        with pytest.raises(door.TooLarge):
            door.opened(gzip.compress(most + b" "), "gzip")

    def test_a_bomb_is_not_unpacked(self):
        bomb = gzip.compress(b"0" * 200_000_000)
        assert len(bomb) < door.MOST_BYTES
        with pytest.raises(door.TooLarge):
            door.opened(bomb, "gzip")

    @given(st.binary(max_size=300))
    @settings(max_examples=300, deadline=None)
    def test_any_bytes(self, raw):
        with pytest.raises(door.Unreadable):
            door.opened(b"\x00" + raw, "gzip")

    @pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "\0", "x" * 10_000])
    def test_unknown(self, encoding):
        with pytest.raises(door.Unreadable, match="is not known"):
            door.opened(b"{}", encoding)


class TestAcknowledgements:
    def test_of_each_epoch_and_of_nobody_else(self):
        result = SimpleNamespace(
            journals={
                (MACHINE, 2): Received(4),
                (MACHINE, 1): Received(9),
                ("other", 1): Received(),
            },
            rejected={(MACHINE, 1): [(9, "schema")], (MACHINE, 7): [(3, "unknown_epoch")]},
        )
        found = door.acknowledgements(result, MACHINE)
        assert [(ack["epoch"], ack["ack_seq"]) for ack in found] == [(1, 9), (2, 4), (7, 0)]
        assert found[0]["rejected"] == [{"seq": 9, "code": "schema"}]
        assert found[2]["rejected"] == [{"seq": 3, "code": "unknown_epoch"}]


class TestPace:
    def test_a_burst_and_then_the_rate(self):
        left, wait = door.may_afford(500, 0, 500, 50, 500)
        assert (left, wait) == (0, 0)
        left, wait = door.may_afford(left, 1, 100, 50, 500)
        assert (left, wait) == (50, 1)
        assert door.may_afford(left, 1, 100, 50, 500) == (0, 0)

    def test_never_more_than_the_burst(self):
        assert door.may_afford(0, 1e9, 500, 50, 500) == (0, 0)

    def test_what_is_larger_than_the_burst_leaves_a_debt(self):
        assert door.may_afford(0, 1e9, 900, 50, 500) == (-400, 0)
        assert math.isclose(door.may_afford(-400, 1, 1, 50, 500)[1], 351 / 50)
        assert math.isclose(door.may_afford(499, 0, 900, 50, 500)[1], 1 / 50)

    @pytest.mark.parametrize(
        ("body", "cost"),
        [
            (b"{}", 1),
            (b'{"evt":[1,2,3]}', 3),
            (b'{"evt":["' + b"x" * 5000 + b'"]}', 4),
            (b" " * 9000 + b"{}", 8),
        ],
    )
    def test_what_a_body_costs(self, body, cost):
        assert door.read(body).cost == cost

    def test_a_clock_that_goes_back_gives_nothing(self):
        assert door.may_afford(10, -100, 11, 50, 500)[0] == 10


class TestNeighbourhood:
    @pytest.mark.parametrize(
        ("address", "name"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
            ("", "unknown"),
            (None, "unknown"),
            ("x'; DROP", "unknown"),
        ],
    )
    def test_whom_it_is_counted_against(self, address, name):
        assert door.neighbourhood(address) == name
