# SPDX-License-Identifier: LGPL-3.0-or-later
"""Everything about a run that can be turned: speed, limits of the device, and chaos."""

from dataclasses import dataclass


@dataclass
class Options:
    """Rates are shares of attempts (0 to 1) unless they say otherwise; times are seconds.

    The defaults are those of a well-behaved device without chaos, for scripted tests.
    """

    seed: int = 1
    speed: float = 1.0  # simulated hours pass this many times faster
    fsync: bool = False  # survive a power cut too, not only the death of the process
    # the device's own limits, docs/protocol §4
    rate: float = 5.0  # events per second; 0 means no limit
    batch: int = 50  # events in one message
    window: int = 200  # events sent and not yet acknowledged
    start_spread: float = 300.0  # longest delay before a backlog is replayed
    hello: float = 3.0  # longest wait for the answer to a birth
    ack_timeout: float = 30.0  # then an event is sent again
    dispense: float = 2.0  # how long the motor takes
    think: float = 0.0  # between an authorisation and its acceptance
    tele: float = 60.0  # between readings; 0 means none, config.tele_s of the shadow wins
    poll: float = 2.0  # between posts of a machine that has nothing to say, at the HTTPS door;
    # while a question is open 0.25, §10
    connect_rate: float = 200.0  # connections that the whole fleet opens per second
    # chaos
    fail_rate: float = 0.0  # nothing came out
    jam_rate: float = 0.0  # nothing came out and the slot is blocked
    unknown_rate: float = 0.0  # the sensor cannot say
    keep_rate: float = 0.0  # of failed local sales, those whose money is not given back
    duplicate_rate: float = 0.0  # of event messages, those sent twice
    drift: float = 0.0  # greatest clock error, seconds per hour
    unset_rate: float = 0.0  # of power-ups, those that do not know the time
    firmware_fail_rate: float = 0.0  # of updates, those that cannot be written
    firmware_rollback_rate: float = 0.0  # of updates, those that run for a moment and are undone
    # consumers and field staff, used by `live`
    sales: float = 12.0  # purchases per machine and simulated hour
    pair_rate: float = 0.03  # of purchases, those of two bottles
    auth_rate: float = 0.0  # of visits, those that ask the platform (members, pickups)
    choose_rate: float = 1.0  # of offers, those whose person chooses a slot and asks again
    offline_rate: float = 0.0  # lost connections per machine and simulated hour
    offline_hours: float = 0.5  # mean length of a lost connection, simulated hours
    jam_hours: float = 0.5  # mean time until somebody frees a jam, simulated hours
    cooling_rate: float = 0.0  # compressors that fail, per machine and simulated hour
    cooling_hours: float = 3.0  # mean time until somebody repairs one, simulated hours
    door_rate: float = 0.0  # doors that somebody leaves open, per machine and simulated hour
    restock: bool = False  # a field person fills machines that run low
    restock_below: float = 0.4  # of par, the level at which the person comes
