# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whether a message keeps the published contract (docs/protocol/schemas), compiled once.

``protocol.json`` beside this file is a copy that ``python3.11 -m tools.schemas`` makes.
"""

import json
from functools import cache
from pathlib import Path

import jsonschema_rs

BUNDLE = Path(__file__).with_name("protocol.json")
#: channels whose schema goes by the type: folder of the known types, schema of all others
TYPED = {"evt": ("events", "event"), "cmd": ("commands", "command")}
#: of readings only the envelope is held against the contract: a bad one is dropped by itself (§2)
LENIENT = {"tele": "envelope"}
#: stands in texts for what was sent, which may be a token
MASK = "the value"


def fault(channel, content):
    """The first thing in which a message breaks the contract, in words; None where it keeps it.

    Unknown types and fields keep it. Never raises for what :func:`json.loads` returns.

    :param str channel: last part of the topic; ``platform`` for the platform's own state
    :param content: decoded message; of an array of events each by itself
    """
    try:
        validator = _validator(_name(channel, content))
        if validator.is_valid(content):
            return None
        error = next(validator.iter_errors(content))
    except ValueError as unreadable:  # half a character, or nested beyond reason
        return f"it cannot be read: {type(unreadable).__name__}"
    where = ".".join(map(str, error.instance_path))
    return f"{where or 'message'}: {error.message}"[:300]


def faults(channel, content, most=20):
    """Everything in which a message breaks the contract, as a person mends it.

    :return: [(path of the field as a tuple, rule: file and keyword of the schema, words)]
    """
    name = _name(channel, content)
    found = []
    try:
        for error in _validator(name).iter_errors(content):
            rule = "/".join(map(str, error.schema_path))
            found.append((tuple(error.instance_path), f"{name}: {rule}", error.message))
            if len(found) == most:
                break
    except ValueError as unreadable:
        found.append(((), name, f"it cannot be read: {type(unreadable).__name__}"))
    return found


def schema_for(channel, kind=None):
    """Path of the schema of a channel, or of one type on it, below docs/protocol/schemas."""
    folder, other = TYPED.get(channel, (None, channel))
    if folder and isinstance(kind, str):
        path = f"{folder}/{kind}.schema.json"
        if path in schemas():
            return path
    return f"{LENIENT.get(other, other)}.schema.json"


def _name(channel, content):
    kind = content.get("type") if isinstance(content, dict) else None
    return schema_for("platform_state" if channel == "platform" else channel, kind)


@cache
def schemas():
    """All schemas by path."""
    return json.loads(BUNDLE.read_text(encoding="utf-8"))


@cache
def _registry():
    return jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas().values()])


@cache
def _validator(path):
    return jsonschema_rs.Draft202012Validator(
        schemas()[path], registry=_registry(), validate_formats=True, mask=MASK
    )
