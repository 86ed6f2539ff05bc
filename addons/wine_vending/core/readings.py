# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a machine measures: kinds, units and what is plausible (docs/protocol §2, up/tele)."""

#: kind → (unit, lowest, highest) that a sensor of a machine can mean
KINDS = {
    "temperature": ("°C", -40.0, 80.0),
    "humidity": ("% RH", 0.0, 100.0),
    "signal": ("dBm", -140.0, 0.0),
    "voltage": ("V", 0.0, 500.0),
    "power": ("W", 0.0, 10_000.0),
}
#: written by the platform from door events: 1 opened, 0 closed
DOOR = "door"


def readable(data):
    """The readings in the data of a telemetry message.

    Fields that are no reading are ignored; a reading that is no finite number, or one that no
    sensor of a machine can mean, is dropped.

    :return: ([(kind, value)], number of readings dropped)
    """
    good, bad = [], 0
    for kind, (_unit, lowest, highest) in KINDS.items():
        if kind not in data:
            continue
        value = data[kind]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and lowest <= value <= highest:  # no float first: an integer may be too large
            good.append((kind, float(value)))
        else:
            bad += 1
    return good, bad
