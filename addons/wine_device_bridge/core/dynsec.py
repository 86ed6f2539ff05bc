# SPDX-License-Identifier: LGPL-3.0-or-later
"""What mosquitto's dynamic-security plugin is told: accounts, roles, rules (docs/protocol §9).

Pure, and needs nothing else of this addon: the tools that prepare a broker read this file alone.

A machine has an account, named by its UUID, and a role of its own, named by its part of the topics,
which are written out: the plugin of mosquitto 2.0 fills no user names into topics. The account is
bound to the client id, the UUID again, so that nobody takes over the session of another machine.
"""

import json
from uuid import UUID

CONTROL = "$CONTROL/dynamic-security/v1"
RESPONSE = f"{CONTROL}/response"
BRIDGE_ROLE = "wine-bridge"
#: name of the shared subscription of several bridges
SHARE = "bridge"
#: what a machine says, each on a topic of its own below ``up`` (topics.py has the same)
CHANNELS = ("birth", "state", "evt", "ack", "reported", "tele")
#: commands in one message; the broker writes its file after each command
MOST = 100
#: accounts, and roles with their rules, in one answer
PAGE, ROLES = 500, 100
#: an answer that means that things are as they shall be
FINE = {
    "createRole": "Role already exists",
    "createClient": "Client already exists",
    "disableClient": "Client not found",
    "deleteClient": "Client not found",
    "deleteRole": "Role not found",
}
DEFAULTS = {
    "publishClientSend": False,
    "publishClientReceive": False,
    "subscribe": False,
    "unsubscribe": True,
}


class Fault(Exception):
    """The broker refuses a command; the text names command and account, never a secret."""


# === RULES === #


def machine_acls(base, machine):
    """A machine writes only its own channels, reads only its own ``down``.

    Each channel by its name: what it retained on topics of its own making would stay for ever.
    """
    down, state = f"{base}/{machine}/down/#", f"{base}/platform/state"
    return [
        *(_allow("publishClientSend", f"{base}/{machine}/up/{channel}") for channel in CHANNELS),
        _allow("publishClientReceive", down),
        _allow("subscribePattern", down),
        _allow("publishClientReceive", state),
        _allow("subscribeLiteral", state),
    ]


def bridge_acls(base):
    """The bridge alone writes ``down``, reads ``up``, and tells the broker who may speak."""
    up, state = f"{base}/+/up/#", f"{base}/platform/state"
    return [
        _allow("subscribePattern", up),
        _allow("subscribePattern", f"$share/{SHARE}/{up}"),
        _allow("publishClientReceive", up),
        _allow("publishClientSend", f"{base}/+/down/#"),
        _allow("publishClientSend", state),
        _allow("publishClientReceive", state),
        _allow("subscribeLiteral", state),
        _allow("publishClientSend", CONTROL),
        _allow("publishClientReceive", RESPONSE),
        _allow("subscribeLiteral", RESPONSE),
    ]


def _allow(kind, topic):
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}


def role_name(base, machine):
    """Role of a machine; another tenant of the same broker has other ones."""
    return f"{base}/{machine}"


# === COMMANDS === #


def admit(base, machine, version, secret):
    """Let a machine in with exactly this secret; who is connected as it is thrown out first.

    Repeating it is harmless but for the throwing out. The account is closed while it changes, and
    carries the version of its credential, so that a broker with an old file is found out.
    """
    role = {"rolename": role_name(base, machine)}
    return [
        {"command": "createRole", **role},
        {"command": "modifyRole", **role, "acls": machine_acls(base, machine)},
        {"command": "createClient", "username": machine},
        {"command": "disableClient", "username": machine},
        {
            "command": "modifyClient",
            "username": machine,
            "clientid": machine,
            "textname": str(version),
            "password": secret,
            "roles": [{**role, "priority": 0}],
        },
        {"command": "enableClient", "username": machine},
    ]


def refuse(machine):
    """Close the account for now; who is connected is thrown out."""
    return [{"command": "disableClient", "username": machine}]


def remove(base, machine):
    """Nothing is left of the account; who is connected is thrown out."""
    return [
        {"command": "disableClient", "username": machine},
        {"command": "deleteClient", "username": machine},
        {"command": "deleteRole", "rolename": role_name(base, machine)},
    ]


def closed_by_default():
    """Nobody may do anything that no role allows."""
    acls = [{"acltype": kind, "allow": allow} for kind, allow in DEFAULTS.items()]
    return [{"command": "setDefaultACLAccess", "acls": acls}]


def ask_accounts(offset):
    """Ask for a page of accounts, as they are."""
    return [{"command": "listClients", "verbose": True, "count": PAGE, "offset": offset}]


def ask_roles(offset):
    """Ask for a page of roles with their rules."""
    return [{"command": "listRoles", "verbose": True, "count": ROLES, "offset": offset}]


def messages(commands, mark):
    """JSON texts to publish on ``CONTROL``, and the marks that their answers carry.

    :param str mark: begins the mark of each command, so that answers are told apart
    :return: [(text, [mark of each command])]
    """
    parts = []
    for start in range(0, len(commands), MOST):
        marks = [f"{mark}.{start + n}" for n in range(len(commands[start : start + MOST]))]
        marked = [
            {**command, "correlationData": name}
            for command, name in zip(commands[start : start + MOST], marks, strict=True)
        ]
        parts.append((json.dumps({"commands": marked}), marks))
    return parts


def answers(payload):
    """Answers in a response, by mark: {mark: answer}. Empty where it is none of ours."""
    try:
        found = json.loads(payload)["responses"]
        return {one["correlationData"]: one for one in found if "correlationData" in one}
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        return {}


def check(commands, given):
    """:raise Fault: the broker did not do one of the commands.

    :param list given: the answers, in the order of the commands
    """
    for command, answer in zip(commands, given, strict=True):
        error = answer.get("error")
        if error and error != FINE.get(command["command"]):
            who = command.get("username") or command.get("rolename") or "all"
            raise Fault(f"{command['command']} of {who}: {error}")


def accounts(answer):
    """Accounts in an answer: {user name: ``off`` where it is closed, else ``on:version``}."""
    found = (answer.get("data") or {}).get("clients") or []
    return {
        item["username"]: "off" if item.get("disabled") else f"on:{item.get('textname')}"
        for item in found
    }


def roles_in(answer):
    """How many roles an answer lists."""
    return len((answer.get("data") or {}).get("roles") or [])


def machines_of_roles(base, answer):
    """Machines of this tenant that have a role: {UUID: whether its rules are those of today}."""
    start, found = f"{base}/", {}
    for role in (answer.get("data") or {}).get("roles") or []:
        machine = role["rolename"].removeprefix(start)
        if role_name(base, machine) == role["rolename"] and _is_machine(machine):
            found[machine] = _rules(role.get("acls")) == _rules(machine_acls(base, machine))
    return found


def _rules(acls):
    return {(acl["acltype"], acl["topic"], acl["allow"]) for acl in acls or []}


def is_so(stand, machine, there, roles):
    """Whether the broker has an account as it was applied.

    :param str stand: ``on:version``, ``off:version`` or ``gone:version``
    :param dict there: see ``accounts``; :param set roles: machines whose role is as it shall be
    """
    wish = stand.partition(":")[0]
    if wish == "gone":
        return machine not in there
    if wish == "off":
        return there.get(machine, "off") == "off"
    return there.get(machine) == stand and machine in roles


def _is_machine(name):
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


# === THE FILE === #


def document(base, accounts, bridges):
    """The plugin's file with these accounts, for a broker that starts anew.

    :param dict accounts: machine UUID → (version, ``$7$`` line of its secret)
    :param dict bridges: user name → ``$7$`` line
    """
    machines = sorted(accounts.items())
    return {
        "defaultACLAccess": DEFAULTS,
        "clients": [
            *(_account(name, line, BRIDGE_ROLE) for name, line in sorted(bridges.items())),
            *(
                _account(name, line, role_name(base, name), clientid=name, textname=str(version))
                for name, (version, line) in machines
            ),
        ],
        "groups": [],
        "roles": [
            {"rolename": BRIDGE_ROLE, "acls": bridge_acls(base)},
            *(
                {"rolename": role_name(base, name), "acls": machine_acls(base, name)}
                for name, _rest in machines
            ),
        ],
    }


def _account(name, line, role, **more):
    _empty, _kind, iterations, salt, key = line.split("$")
    return {
        "username": name,
        **more,
        "roles": [{"rolename": role, "priority": 0}],
        "password": key,
        "salt": salt,
        "iterations": int(iterations),
    }
