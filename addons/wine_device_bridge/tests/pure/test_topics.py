# SPDX-License-Identifier: LGPL-3.0-or-later
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wine_device_bridge_core.topics import COMMAND, DESIRED, EVENT_ACK, TELEMETRY, UP, Topics

TOPICS = Topics("wine/v1", "company")
MACHINE = "0191f0aa-7c11-7000-8000-000000000001"


def matches(pattern, topic):
    """Whether an MQTT topic filter (with + alone) takes a topic."""
    wanted, given_ = pattern.split("/"), topic.split("/")
    pairs = zip(wanted, given_, strict=False)
    return len(wanted) == len(given_) and all(one in ("+", other) for one, other in pairs)


@given(st.uuids(), st.sampled_from(UP))
def test_what_a_device_says_is_subscribed_and_understood(uuid, channel):
    topic = f"wine/v1/company/{uuid}/up/{channel}"
    assert TOPICS.parse_up(topic) == (str(uuid), channel)
    assert sum(matches(pattern, topic) for pattern, _qos in TOPICS.subscriptions()) == 1


@given(st.uuids(), st.sampled_from((COMMAND, DESIRED, EVENT_ACK)))
def test_the_bridge_does_not_hear_itself(uuid, channel):
    topic = TOPICS.down(str(uuid), channel)
    assert TOPICS.parse_up(topic) is None
    assert not any(matches(pattern, topic) for pattern, _qos in TOPICS.subscriptions())


@given(st.text())
def test_any_topic_is_read_or_none(topic):
    assert TOPICS.parse_up(topic) is None


@given(st.lists(st.sampled_from(["wine", "v1", "company", "", "up", "evt", MACHINE, "+", "#"])))
def test_almost_a_topic(parts):
    topic = "/".join(parts)
    parsed = TOPICS.parse_up(topic)
    assert parsed == ((MACHINE, "evt") if topic == f"wine/v1/company/{MACHINE}/up/evt" else None)


@pytest.mark.parametrize(
    "topic",
    [
        f"wine/v1/other/{MACHINE}/up/evt",
        f"wine/v1/company/{MACHINE.upper()}/up/evt",
        f"wine/v1/company/{MACHINE.replace('-', '')}/up/evt",
        f"wine/v1/company/{{{MACHINE}}}/up/evt",
        f"wine/v1/company/{MACHINE}/up/evt/more",
        f"wine/v1/company/{MACHINE}/down/evt",
        f"x/wine/v1/company/{MACHINE}/up/evt",
    ],
)
def test_what_is_not_for_us(topic):
    assert TOPICS.parse_up(topic) is None


def test_names_of_the_contract():
    uuid = str(uuid4())
    assert TOPICS.down(uuid, EVENT_ACK) == f"wine/v1/company/{uuid}/down/evt_ack"
    assert TOPICS.platform_state() == "wine/v1/company/platform/state"
    assert all(qos == 1 for pattern, qos in TOPICS.subscriptions() if not pattern.endswith("tele"))


def test_telemetry_goes_the_light_way():
    topic = f"wine/v1/company/{MACHINE}/up/{TELEMETRY}"
    assert TOPICS.parse_up(topic) == (MACHINE, TELEMETRY)
    assert TOPICS.is_telemetry(topic)
    assert [qos for pattern, qos in TOPICS.subscriptions() if matches(pattern, topic)] == [0]
    assert not TOPICS.is_telemetry(f"wine/v1/company/{MACHINE}/up/evt")
    assert not TOPICS.is_telemetry(f"wine/v1/other/{MACHINE}/up/{TELEMETRY}")


@given(st.sampled_from((*UP, TELEMETRY)))
def test_several_bridges_share_the_same_topics(channel):
    alone = TOPICS.subscriptions()
    assert [(f"$share/bridge/{topic}", qos) for topic, qos in alone] == TOPICS.subscriptions(True)
    assert any(topic.endswith(f"/up/{channel}") for topic, _qos in alone)


def test_what_is_retained_is_part_of_what_is_subscribed():
    assert {topic for topic in TOPICS.standing()} < {
        topic for topic, _qos in TOPICS.subscriptions()
    }
