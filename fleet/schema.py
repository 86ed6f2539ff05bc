# SPDX-License-Identifier: LGPL-3.0-or-later
"""What is said, held against the published contract (docs/protocol/schemas), both ways.

`protocol.json` beside this file is a copy that `python3.11 -m tools.schemas` makes.
"""

import json
from functools import cache
from pathlib import Path

import jsonschema_rs

BUNDLE = Path(__file__).with_name("protocol.json")
# channels whose schema goes by the type: folder of the known types, schema of all others
TYPED = {"evt": ("events", "event"), "cmd": ("commands", "command")}
OTHERS = {"platform": "platform_state"}


def faults(channel, message):
    """Everything in which a message breaks the contract, in words; of an array, event by event.

    `channel` is the last part of the topic, `platform` for the platform's own state. Unknown types
    and fields break nothing.
    """
    if channel == "evt" and isinstance(message, list):
        wrong = [] if 1 <= len(message) <= 50 else [f"{len(message)} events: 1 to 50 go together"]
        return wrong + [fault for event in message for fault in faults(channel, event)]
    kind = message.get("type") if isinstance(message, dict) else None
    try:
        errors = list(_validator(path(channel, kind)).iter_errors(message))
    except ValueError as unreadable:  # half a character, or nested beyond reason
        return [f"it cannot be read: {type(unreadable).__name__}"]
    return [f"{'.'.join(map(str, error.instance_path)) or 'message'}: {error.message}"
            for error in errors]  # fmt: skip


def sound(channel, message):
    """Whether one message, an object, keeps the contract: the quick question."""
    try:
        return _validator(path(channel, message.get("type"))).is_valid(message)
    except ValueError:
        return False


def path(channel, kind=None):
    """Path of the schema of a channel, or of one type on it, below docs/protocol/schemas."""
    folder, other = TYPED.get(channel, (None, OTHERS.get(channel, channel)))
    if folder and isinstance(kind, str) and f"{folder}/{kind}.schema.json" in schemas():
        return f"{folder}/{kind}.schema.json"
    return f"{other}.schema.json"


def types(channel):
    """The types that a channel knows."""
    folder = TYPED[channel][0] + "/"
    names = (name for name in schemas() if name.startswith(folder))
    return sorted(name.removeprefix(folder).removesuffix(".schema.json") for name in names)


@cache
def schemas():
    """All schemas by path."""
    return json.loads(BUNDLE.read_text(encoding="utf-8"))


@cache
def _registry():
    return jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas().values()])


@cache
def _validator(name):
    return jsonschema_rs.Draft202012Validator(
        schemas()[name], registry=_registry(), validate_formats=True, mask="the value"
    )
