# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which moment, and which business day, a fact of a machine belongs to (docs/protocol §2)."""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

OLDEST = timedelta(days=45)
AHEAD = timedelta(minutes=5)


def business_moment(device_time, quality, received):
    """Choose between the device's clock and ours.

    :param datetime|None device_time: aware time of the device
    :param str quality: ``synced``, ``drifted`` or ``unset``
    :param datetime received: aware time of receipt
    :return: (aware UTC datetime, True where the device's clock was trusted)
    """
    received = received.astimezone(timezone.utc)
    if quality == "synced" and device_time is not None:
        moment = device_time.astimezone(timezone.utc)
        if received - OLDEST <= moment <= received + AHEAD:
            return moment, True
    return received, False


def business_date(moment: datetime, tz: str) -> date:
    """The business day of a moment in the time zone of its region; naive moments are UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(ZoneInfo(tz or "UTC")).date()
