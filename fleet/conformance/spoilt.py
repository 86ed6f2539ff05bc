# SPDX-License-Identifier: LGPL-3.0-or-later
"""Trials of a platform with events that are too large or too deep, and with too many (§3)."""

import json


class Spoilt:
    """The trials; `device` is the `as_device.Device` that they are a part of."""

    def __init__(self, device):
        self.device, self.check = device, device.check

    def large(self):
        """33 KiB: told by its code, alone and among others; the same number can still be used."""
        device = self.device
        event, mark = device.event(), len(device.acks)
        device._say("evt", json.dumps(event | {"pad": "x" * 33 * 1024}).encode())
        device.refusal("3.too_large", "too_large", event["seq"], mark)
        mark = len(device.acks)
        device._say("evt", event)
        told = device.covered(event["seq"], mark) or device.code(event["seq"], mark)
        self.check("3.too_large", told, "the same number, smaller: not told")
        self._beside("3.too_large", "too_large", lambda bad: bad | {"pad": "x" * 33 * 1024})

    def deep(self):
        """More than 8 levels, and more than a reader can follow: refused, and nobody beside it."""
        for levels in (9, 400, 5000):
            self._beside("3.too_deep", "schema", lambda bad, at=levels: _nested(bad, at))

    def _beside(self, rule, wanted, spoil):
        """A spoilt event between two good ones: told with its code, the others are stored."""
        device = self.device
        first, bad, last = device.event(), device.event(), device.event()
        mark = len(device.acks)
        texts = [part if isinstance(part, str) else json.dumps(part)
                 for part in (first, spoil(bad), last)]  # fmt: skip
        device._say("evt", f"[{','.join(texts)}]".encode())
        device.refusal(rule, wanted, bad["seq"], mark)
        late = [one["seq"] for one in (first, last) if not device.covered(one["seq"], mark)]
        self.check("3.neighbours", not late, f"not confirmed beside {rule}: {late}")

    def long(self):
        """60 events at once: each is stored, or told to be missing, and none is given up."""
        device = self.device
        events, mark = [device.event() for _ in range(60)], len(device.acks)
        device._say("evt", events)
        device.covered(device.seq, mark, device.quiet)
        for again in events:
            if not device.covered(again["seq"], mark, 0):
                device._say("evt", again)
        late = [one["seq"] for one in events if not device.covered(one["seq"], mark)]
        codes = [entry for ack in device.acks[mark:] for entry in ack["rejected"]]
        self.check("3.too_long", not late and not codes, f"not confirmed {late}, rejected {codes}")


def _nested(event, levels):
    """The text of an event with so many levels in its data."""
    inner = '{"x":' * levels + "1" + "}" * levels
    return json.dumps(event | {"data": {}}).replace('"data": {}', f'"data": {inner}')
