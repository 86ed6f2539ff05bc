# SPDX-License-Identifier: LGPL-3.0-or-later
"""What mosquitto's dynamic-security plugin is told: accounts, roles, rules (docs/protocol §9).

Pure, and needs nothing else of this addon: the tools that prepare a broker read this file alone.

A machine has an account and a role of its own, both named by its UUID, with its topics written out:
the plugin of mosquitto 2.0 fills no user names into topics. The account is bound to the client id,
the UUID again, so that nobody takes over the session of another machine.
"""

import json
from uuid import UUID

CONTROL = "$CONTROL/dynamic-security/v1"
RESPONSE = f"{CONTROL}/response"
BRIDGE_ROLE = "wine-bridge"
#: name of the shared subscription of several bridges
SHARE = "bridge"
#: commands in one message; the broker writes its file after each command
MOST = 100
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
    """A machine writes only below its own ``up``, reads only its own ``down``."""
    down, state = f"{base}/{machine}/down/#", f"{base}/platform/state"
    return [
        _allow("publishClientSend", f"{base}/{machine}/up/#"),
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


# === COMMANDS === #


def admit(base, machine, secret):
    """Let a machine in with exactly this secret; who is connected as it is thrown out first.

    Repeating it is harmless but for the throwing out. The account is closed while it changes.
    """
    role = {"rolename": machine}
    return [
        {"command": "createRole", **role},
        {"command": "modifyRole", **role, "acls": machine_acls(base, machine)},
        {"command": "createClient", "username": machine},
        {"command": "disableClient", "username": machine},
        {
            "command": "modifyClient",
            "username": machine,
            "clientid": machine,
            "password": secret,
            "roles": [{**role, "priority": 0}],
        },
        {"command": "enableClient", "username": machine},
    ]


def refuse(machine):
    """Close the account for now; who is connected is thrown out."""
    return [{"command": "disableClient", "username": machine}]


def remove(machine):
    """Nothing is left of the account; who is connected is thrown out."""
    return [
        {"command": "disableClient", "username": machine},
        {"command": "deleteClient", "username": machine},
        {"command": "deleteRole", "rolename": machine},
    ]


def closed_by_default():
    """Nobody may do anything that no role allows."""
    acls = [{"acltype": kind, "allow": allow} for kind, allow in DEFAULTS.items()]
    return [{"command": "setDefaultACLAccess", "acls": acls}]


def list_accounts():
    """Ask for all accounts by name."""
    return [{"command": "listClients", "verbose": False, "count": -1, "offset": 0}]


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
        return {answer["correlationData"]: answer for answer in found if "correlationData" in answer}
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


def strangers(answer, known):
    """Accounts of machines that the platform does not know; other accounts are none of ours.

    :param dict answer: of ``list_accounts``; :param known: UUIDs
    """
    names = account_names(answer)
    return sorted(name for name in names - set(known) if _is_machine(name))


def account_names(answer):
    """Names in the answer to ``list_accounts``; a set."""
    found = (answer.get("data") or {}).get("clients") or []
    return {item["username"] if isinstance(item, dict) else item for item in found}


def _is_machine(name):
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


# === THE FILE === #


def document(base, accounts, bridges):
    """The plugin's file with these accounts, for a broker that starts anew.

    :param dict accounts: machine UUID → ``$7$`` line of its secret
    :param dict bridges: user name → ``$7$`` line
    """
    machines = sorted(accounts.items())
    return {
        "defaultACLAccess": DEFAULTS,
        "clients": [
            *(_account(name, line, BRIDGE_ROLE) for name, line in sorted(bridges.items())),
            *({**_account(name, line, name), "clientid": name} for name, line in machines),
        ],
        "groups": [],
        "roles": [
            {"rolename": BRIDGE_ROLE, "acls": bridge_acls(base)},
            *({"rolename": name, "acls": machine_acls(base, name)} for name, _line in machines),
        ],
    }


def _account(name, line, role):
    _empty, _kind, iterations, salt, key = line.split("$")
    return {
        "username": name,
        "roles": [{"rolename": role, "priority": 0}],
        "password": key,
        "salt": salt,
        "iterations": int(iterations),
    }
