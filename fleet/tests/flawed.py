# SPDX-License-Identifier: LGPL-3.0-or-later
"""Devices that break one rule each, made of a good one: what leaves it, or what reaches it."""

import json
import uuid

from fleet.device import Message


def outgoing(change, suffix=None, kind=None):
    """A flaw of what the device says: `change(message, count)` alters envelopes in place.

    It may return raw text instead. `suffix` (`evt`, `birth`…) and the type `kind` narrow it.
    """

    def install(machine):
        publish, count = machine.link.publish, [0]

        def flawed(message):
            if suffix not in (None, message.suffix.removeprefix("up/")):
                return publish(message)
            document = json.loads(message.payload)
            raw = None
            for one in document if isinstance(document, list) else [document]:
                if kind in (None, one.get("type")):
                    count[0] += 1
                    raw = change(one, count[0])
            payload = json.dumps(document) if raw is None else raw
            return publish(Message(message.suffix, payload, message.qos, message.retain))

        machine.link.publish = flawed

    return install


def posted(**changes):
    """A flaw of how messages are published: another suffix, QoS or retain, for one suffix."""
    on = changes.pop("on")

    def install(machine):
        publish = machine.link.publish

        def flawed(message):
            if message.suffix != f"up/{on}":
                return publish(message)
            how = {"suffix": message.suffix, "qos": message.qos, "retain": message.retain}
            return publish(Message(payload=message.payload, **(how | changes)))

        machine.link.publish = flawed

    return install


def incoming(change):
    """A flaw of what the device understands: `change(device, suffix, document)`.

    It returns the document that the device takes instead, or None for nothing.
    """

    def install(machine):
        device = machine.device
        receive = device.receive

        def flawed(suffix, payload, now):
            try:
                document = json.loads(payload)
            except ValueError:
                document = None
            if isinstance(document, dict):
                document = change(device, suffix, document)
                payload = None if document is None else json.dumps(document)
            if payload is not None:
                receive(suffix, payload, now)

        device.receive = flawed

    return install


def setting(change):
    """A flaw of the machine itself."""
    return change


def put(**values):
    """Set fields of an envelope."""
    return lambda message, _count: message.update(values)


def put_data(**values):
    """Set fields of its data."""
    return lambda message, _count: message["data"].update(values)


def lose(*fields):
    """Take fields out of an envelope."""

    def change(message, _count):
        for field in fields:
            message.pop(field, None)

    return change


def fresh_id(message, _count):
    """Another id each time that it is sent."""
    head = message["id"][:-12]
    message["id"] = head + uuid.uuid4().hex[-12:]


def command(kind, **changes):
    """Take a command as if it said something else; `args_` prefixes arguments."""

    def change(_device, suffix, document):
        if suffix == "cmd" and document.get("type") == kind:
            for key, value in changes.items():
                if key.startswith("args_"):
                    document["args"][key.removeprefix("args_")] = value
                else:
                    document[key] = value
        return document

    return incoming(change)


def deaf(suffix, where=lambda document: True):
    """Hear nothing of a kind."""
    return incoming(
        lambda _device, at, document: None if at == suffix and where(document) else document
    )
