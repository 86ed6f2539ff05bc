# SPDX-License-Identifier: LGPL-3.0-or-later
"""Topics of the device protocol (docs/protocol §1)."""

import re

UP = ("birth", "state", "evt", "ack", "reported")
RETAINED = ("state", "reported")
#: may get lost: neither kept at the broker nor acknowledged
TELEMETRY = "tele"
COMMAND, DESIRED, EVENT_ACK = "cmd", "desired", "evt_ack"
#: several bridges share what machines say (MQTT 5 §4.8.2): each message goes to one of them
SHARED = "$share/bridge/"
#: as this platform writes UUIDs: lower case, with hyphens
_UUID = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"


class Topics:
    """Topic names of one tenant.

    :param str root: such as ``wine/v1``; :param str tenant: one Odoo database
    """

    def __init__(self, root, tenant):
        self.base = f"{root}/{tenant}"
        channels = "|".join((*UP, TELEMETRY))
        self._up = re.compile(f"{re.escape(self.base)}/({_UUID})/up/({channels})")

    def subscriptions(self, shared=False):
        """[(topic filter, QoS)] of everything that devices say.

        :param shared: with all other bridges, each message to one of them
        """
        begin = f"{SHARED if shared else ''}{self.base}/+/up"
        kept = [(f"{begin}/{channel}", 1) for channel in UP]
        return [*kept, (f"{begin}/{TELEMETRY}", 0)]

    def standing(self):
        """Topic filters of what devices say once and the broker retains."""
        return [f"{self.base}/+/up/{channel}" for channel in RETAINED]

    def is_telemetry(self, topic):
        """Whether it goes the light way; any topic may be asked."""
        return topic.endswith(f"/up/{TELEMETRY}") and topic.startswith(f"{self.base}/")

    def down(self, machine, channel):
        return f"{self.base}/{machine}/down/{channel}"

    def platform_state(self):
        return f"{self.base}/platform/state"

    def parse_up(self, topic):
        """(machine UUID, channel) of a device's topic, or None where it is none."""
        found = self._up.fullmatch(topic)
        return found.groups() if found else None
