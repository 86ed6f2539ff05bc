# SPDX-License-Identifier: LGPL-3.0-or-later
import json

import pytest
from wine_device_bridge_core import dynsec, password, topics

BASE = "wine/v1/house"
A, B = "0190f2a4-0000-7000-8000-00000000000a", "0190f2a4-0000-7000-8000-00000000000b"


def fits(pattern, topic):
    """Whether a topic lies under a filter, by the rules of MQTT."""
    wanted, given = pattern.split("/"), topic.split("/")
    for place, part in enumerate(wanted):
        if part == "#":
            return True
        if place >= len(given) or part not in ("+", given[place]):
            return False
    return len(wanted) == len(given)


def may(acls, kind, topic):
    return any(acl["acltype"] == kind and fits(acl["topic"], topic) for acl in acls)


@pytest.mark.parametrize("channel", ["birth", "state", "evt", "tele", "ack", "reported"])
def test_a_machine_writes_its_own_and_nobody_elses(channel):
    acls = dynsec.machine_acls(BASE, A)
    assert may(acls, "publishClientSend", f"{BASE}/{A}/up/{channel}")
    assert not may(acls, "publishClientSend", f"{BASE}/{B}/up/{channel}")
    assert not may(acls, "publishClientSend", f"{BASE}/{A}/down/{channel}")
    assert not may(acls, "publishClientSend", f"wine/v1/other/{A}/up/{channel}")
    assert not may(acls, "publishClientSend", f"{BASE}/{A}/up/{channel}/more")


def test_a_machine_leaves_nothing_beside_its_channels():
    """Retained, it would lie at the broker for ever, as many messages as the machine likes."""
    acls = dynsec.machine_acls(BASE, A)
    for topic in ("up", "up/", "up/junk", "up/1", "up/cmd"):
        assert not may(acls, "publishClientSend", f"{BASE}/{A}/{topic}")
    assert {*dynsec.CHANNELS} == {*topics.UP, topics.TELEMETRY}


def test_a_machine_hears_its_own_and_the_platform():
    acls = dynsec.machine_acls(BASE, A)
    for heard in (f"{BASE}/{A}/down/cmd", f"{BASE}/platform/state"):
        assert may(acls, "publishClientReceive", heard)
    for unheard in (f"{BASE}/{B}/down/cmd", f"{BASE}/{A}/up/evt", "$SYS/broker/uptime"):
        assert not may(acls, "publishClientReceive", unheard)
    assert not may(acls, "publishClientSend", f"{BASE}/platform/state")


def test_a_machine_does_not_reach_the_control_topic():
    for acl in dynsec.machine_acls(BASE, A):
        assert not acl["topic"].startswith(("$", "#", "+"))


def test_the_bridge_writes_no_up():
    acls = dynsec.bridge_acls(BASE)
    assert may(acls, "publishClientSend", f"{BASE}/{A}/down/cmd")
    assert may(acls, "publishClientSend", dynsec.CONTROL)
    assert not may(acls, "publishClientSend", f"{BASE}/{A}/up/evt")
    assert may(acls, "publishClientReceive", f"{BASE}/{A}/up/evt")


def test_an_account_is_bound_to_its_client_id_and_closed_while_it_changes():
    commands = dynsec.admit(BASE, A, 3, "hush")
    names = [command["command"] for command in commands]
    assert names.index("disableClient") < names.index("modifyClient") < names.index("enableClient")
    changed = commands[names.index("modifyClient")]
    assert changed["clientid"] == A and changed["password"] == "hush"
    assert changed["textname"] == "3"
    assert changed["roles"] == [{"rolename": f"{BASE}/{A}", "priority": 0}]


def test_messages_are_cut_and_every_command_is_marked_once():
    commands = dynsec.refuse(A) * (2 * dynsec.MOST + 1)
    parts = dynsec.messages(commands, "m")
    assert [len(marks) for _text, marks in parts] == [dynsec.MOST, dynsec.MOST, 1]
    marks = [mark for _text, names in parts for mark in names]
    assert len(set(marks)) == len(commands)
    sent = [c["correlationData"] for text, _m in parts for c in json.loads(text)["commands"]]
    assert sent == marks


def test_what_is_there_already_is_fine():
    commands = dynsec.admit(BASE, A, 3, "hush")
    given = [{"command": command["command"]} for command in commands]
    given[0]["error"], given[2]["error"] = "Role already exists", "Client already exists"
    dynsec.check(commands, given)
    dynsec.check(dynsec.remove(BASE, A), [{"error": e} for e in ("Client not found",) * 2] + [{}])


def test_a_refusal_names_command_and_account_and_no_secret():
    commands = dynsec.admit(BASE, A, 3, "hush")
    given = [{"error": "Internal error"} if "password" in c else {} for c in commands]
    with pytest.raises(dynsec.Fault) as caught:
        dynsec.check(commands, given)
    assert A in str(caught.value) and "modifyClient" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "payload", [b"", b"\xff", b"[]", b"{}", b'{"responses":[1]}', b'{"responses":[{}]}', b"null"]
)
def test_answers_that_are_none(payload):
    assert dynsec.answers(payload) == {}


def test_other_tenants_of_the_broker_are_none_of_ours():
    names = [f"{BASE}/{A}", f"wine/v1/other/{B}", f"{BASE}/x", "admin"]
    roles = {"data": {"roles": [{"rolename": name, "acls": []} for name in names]}}
    assert set(dynsec.machines_of_roles(BASE, roles)) == {A}
    assert dynsec.machines_of_roles(BASE, {}) == {}


def test_a_role_with_the_rules_of_an_earlier_version_is_found_out():
    acls = dynsec.machine_acls(BASE, A)
    answer = {"data": {"roles": [{"rolename": f"{BASE}/{A}", "acls": acls[::-1]}]}}
    assert dynsec.machines_of_roles(BASE, answer) == {A: True}
    for other in (acls[1:], [*acls, {**acls[0], "topic": f"{BASE}/{A}/up/#"}], [], None):
        answer["data"]["roles"][0]["acls"] = other
        assert dynsec.machines_of_roles(BASE, answer) == {A: False}


@pytest.mark.parametrize(
    ("stand", "there", "so"),
    [
        ("on:3", {A: "on:3"}, True),
        ("on:3", {A: "on:2"}, False),  # the file of yesterday
        ("on:3", {A: "off"}, False),
        ("on:3", {}, False),
        ("off:3", {A: "on:3"}, False),
        ("off:3", {A: "off"}, True),
        ("off:3", {}, True),
        ("gone:3", {A: "off"}, False),
        ("gone:3", {B: "on:1"}, True),
    ],
)
def test_what_a_broker_has_is_compared(stand, there, so):
    assert dynsec.is_so(stand, A, there, {A}) is so


def test_an_account_without_its_role_is_not_so():
    assert not dynsec.is_so("on:3", A, {A: "on:3"}, set())


def test_accounts_as_the_broker_lists_them():
    listed = [
        {"username": A, "textname": "3", "roles": []},
        {"username": B, "textname": "3", "disabled": True},
        {"username": "wine-bridge"},
    ]
    there = dynsec.accounts({"data": {"clients": listed}})
    assert (there[A], there[B]) == ("on:3", "off")
    assert dynsec.accounts({"error": "x"}) == {}


def test_the_file_holds_hashes_and_the_same_rules():
    lines = {A: (4, password.hashed("hush"))}
    content = dynsec.document(BASE, lines, {"wine-bridge": password.hashed("loud")})
    text = json.dumps(content)
    assert "hush" not in text and "loud" not in text
    roles = {role["rolename"]: role["acls"] for role in content["roles"]}
    assert roles[f"{BASE}/{A}"] == dynsec.machine_acls(BASE, A)
    machine = next(client for client in content["clients"] if client["username"] == A)
    assert machine["clientid"] == A and machine["textname"] == "4"
    line = f"$7${machine['iterations']}${machine['salt']}${machine['password']}"
    assert password.matches("hush", line)
    assert not content["defaultACLAccess"]["publishClientReceive"]
