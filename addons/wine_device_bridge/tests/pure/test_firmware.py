# SPDX-License-Identifier: LGPL-3.0-or-later
import base64
import io
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...core import firmware, rollout

PRIVATE = bytes(range(32))
#: semver.org §11, in rising order
RISING = (
    "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 "
    "1.0.0 1.0.1 1.2.0 1.10.0 2.0.0"
).split()


def test_precedence_of_versions():
    assert sorted(reversed(RISING), key=firmware.order) == RISING
    assert sorted(reversed(RISING), key=firmware.sort_text) == RISING
    assert firmware.order("1.0.0+tall") == firmware.order("1.0.0+small")


@pytest.mark.parametrize("text", ["", None, "1", "1.0", "v1.0.0", "01.0.0", "1.0.0\n", "1.0.0-"])
def test_what_is_no_version(text):
    assert firmware.order(text) is None


def test_a_signature_holds_for_one_version_one_image_one_key():
    public = firmware.public_of(PRIVATE)
    signature = firmware.sign(PRIVATE, "3.0.0", "a" * 64)
    assert firmware.believed(public, "3.0.0", "a" * 64, signature)
    assert not firmware.believed(public, "3.0.1", "a" * 64, signature)
    assert not firmware.believed(public, "3.0.0", "b" * 64, signature)
    assert not firmware.believed(firmware.public_of(bytes(32)), "3.0.0", "a" * 64, signature)


@given(st.text(), st.text(), st.one_of(st.none(), st.text()))
def test_nonsense_is_not_believed(version, sha256, signature):
    assert not firmware.believed(firmware.public_of(PRIVATE), version, sha256, signature)


def test_keys_from_the_environment(tmp_path):
    text = base64.b64encode(PRIVATE).decode()
    (tmp_path / "key").write_text(text + "\n")
    for given_key in (text, str(tmp_path / "key")):
        assert firmware.private_key({"WINE_FIRMWARE_KEY": given_key}) == PRIVATE
        public = firmware.public_key({"WINE_FIRMWARE_KEY": given_key})
        assert public == firmware.public_of(PRIVATE)
    only_public = {"WINE_FIRMWARE_PUBLIC_KEY": firmware.public_of(PRIVATE)}
    assert firmware.private_key(only_public) is None
    assert firmware.public_key(only_public) == firmware.public_of(PRIVATE)
    assert firmware.public_key({}) is None
    for wrong in ("short", "/nowhere/key", "not base64!"):
        with pytest.raises(firmware.KeyFault):
            firmware.private_key({"WINE_FIRMWARE_KEY": wrong})


def test_digest_reads_to_the_end():
    image = b"x" * (2 * firmware.PIECE + 1)
    assert firmware.digest(io.BytesIO(image))[1] == len(image)


# waves


def fleet(count):
    return [rollout.Candidate(n, f"machine-{n}", n % 4) for n in range(1, count + 1)]


SHARES = [
    rollout.Share("named", "machines", machines=frozenset({3, 4})),
    rollout.Share("north", "regions", regions=frozenset({0})),
    rollout.Share("ten", "percent", percent=10),
    rollout.Share("rest", "rest"),
]


@given(st.integers(1, 300), st.integers(), st.randoms())
def test_waves_are_stable_and_complete(count, seed, shuffle):
    machines = fleet(count)
    found = rollout.assign(seed, machines, SHARES)
    shuffle.shuffle(machines)
    assert rollout.assign(seed, machines, SHARES) == found
    assert set(found) == {one.id for one in machines}
    assert all(found[one.id] in ("named", "north") for one in machines if one.region == 0)


@pytest.mark.parametrize(("count", "first"), [(1, 1), (9, 1), (10, 1), (11, 2), (5000, 500)])
def test_a_share_rounds_up(count, first):
    found = rollout.assign("seed", fleet(count), SHARES[2:])
    assert sum(key == "ten" for key in found.values()) == first


def test_another_campaign_begins_with_others():
    one, two = (rollout.assign(seed, fleet(1000), SHARES[2:]) for seed in "ab")
    both = {n for n in one if one[n] == two[n] == "ten"}
    assert len(both) < 40, "about ten of a hundred"


def test_without_a_rest_some_are_in_no_wave():
    assert len(rollout.assign("seed", fleet(100), SHARES[2:3])) == 10


# nights


@pytest.mark.parametrize(
    ("now", "zone", "start", "end", "is_open", "edge"),
    [
        ("2026-03-10T01:59", "UTC", 2, 5, False, "2026-03-10T02:00"),
        ("2026-03-10T02:00", "UTC", 2, 5, True, "2026-03-10T05:00"),
        ("2026-03-10T05:00", "UTC", 2, 5, False, "2026-03-11T02:00"),
        ("2026-03-10T18:30", "Asia/Shanghai", 2, 5, True, "2026-03-10T21:00"),
        ("2026-03-10T23:30", "UTC", 23, 4.5, True, "2026-03-11T04:30"),
        ("2026-03-11T03:00", "UTC", 23, 4.5, True, "2026-03-11T04:30"),
        ("2026-03-11T12:00", "UTC", 23, 4.5, False, "2026-03-11T23:00"),
        ("2026-03-10T22:30", "UTC", 22, 24, True, "2026-03-11T00:00"),
        # the clock goes forward over 02:00 and back over 03:00
        ("2026-03-29T01:30", "Europe/Berlin", 2, 5, True, "2026-03-29T03:00"),
        ("2026-10-25T01:30", "Europe/Berlin", 2, 5, True, "2026-10-25T04:00"),
    ],
)
def test_window(now, zone, start, end, is_open, edge):
    found = rollout.window(datetime.fromisoformat(now), zone, start, end)
    assert found == (is_open, datetime.fromisoformat(edge))


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Chatham"]),
    st.integers(0, 95),
    st.integers(1, 96),
)
def test_an_edge_lies_ahead(now, zone, start, end):
    if start == end:
        return
    _open, edge = rollout.window(now, zone, start / 4, end / 4)
    assert edge > now and (edge - now).total_seconds() <= 26 * 3600


# when to stop


def test_too_many():
    assert not rollout.too_many(4, 4, 5, 10), "not enough have ended"
    assert rollout.too_many(1, 5, 5, 10)
    assert not rollout.too_many(1, 10, 5, 10), "exactly ten per cent is not more"
    assert rollout.too_many(2, 10, 5, 10)
    assert not rollout.too_many(0, 0, 0, 0)


def test_passed():
    assert rollout.passed(9, 10, 90) and not rollout.passed(8, 10, 90)
    assert rollout.passed(0, 0, 90) and rollout.passed(0, 5, 0)
    assert not rollout.passed(1, 2, 90)
