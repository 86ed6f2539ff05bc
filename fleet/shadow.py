# SPDX-License-Identifier: LGPL-3.0-or-later
"""Wanted and reported, docs/protocol §8: a whole version or none."""

from fleet import planogram
from fleet.errors import BadDesired


class Shadow:
    """The planogram side of a device: applies `desired`, says `reported`."""

    def __init__(self, device):
        self.device = device
        self.errors = []
        self._read = (None, {})

    @property
    def document(self):
        """The applied document, or None."""
        return self.device.state.desired

    def lines(self):
        """Lines of the applied planogram by slot code."""
        if self._read[0] is not self.document:
            self._read = (self.document, planogram.by_slot(self.document))
        return self._read[1]

    def line(self, slot):
        """The line of one slot, or None."""
        return self.lines().get(slot)

    def setting(self, key, default):
        """A number of the applied `config`; the default where there is none."""
        config = (self.document or {}).get("config")
        value = config.get(key) if isinstance(config, dict) else None
        return float(value if type(value) in (int, float) else default)

    def tele_seconds(self):
        """Seconds between readings."""
        return max(self.setting("tele_s", self.device.options.tele), 1.0)

    def temperatures(self):
        """The band in which readings lie, °C."""
        return self.setting("temp_min", 8.0), self.setting("temp_max", 12.0)

    def dampest(self):
        """Humidity that the inside is held to, % RH; None for no limit."""
        limit = self.setting("humidity_max", -1.0)
        return limit if limit >= 0 else None

    def receive(self, document, now):
        """A wanted shadow arrived: apply it whole when it is newer and good, then report.

        Another digest under the same version: the settings were changed.
        """
        version = document.get("version")
        if type(version) is int and version < self.device.state.version:
            return
        known = (self.device.state.version, (self.document or {}).get("sha256"))
        if (version, document.get("sha256")) != known:
            self._apply(document, now)
        self.report(now)

    def _apply(self, document, now):
        try:
            planogram.checked(document)
        except BadDesired as refusal:
            self.errors = refusal.errors
            return
        changes = self._slots(planogram.by_slot(document))
        self.device.commit({"set": {"desired": document}, "slot": changes})
        self.device.measure_within(self.tele_seconds(), now)
        self.errors = [
            {"slot": slot, "code": "other_sku_loaded"} for slot in sorted(self.mismatched())
        ]

    def _slots(self, lines):
        """New slots with their first stock; slots that are no longer wanted go."""
        slots = self.device.state.slots
        changes = {slot: None for slot in slots if slot not in lines}
        for code, line in lines.items():
            if code not in slots:
                changes[code] = {"qty": self._first_stock(line), "sku": line["sku"]}
                changes[code]["state"] = "ok"
            elif not slots[code]["qty"]:
                changes[code] = {"sku": line["sku"]}
        return changes

    def _first_stock(self, line):
        """Bottles at the start: as provisioned, on a board that never had a planogram."""
        if self.device.state.desired is not None:
            return 0
        stock = self.device.config.stock
        return int(line.get("par") or 0) if stock is None else int(stock.get(line["slot"], 0))

    def mismatched(self):
        """Slots in which bottles of another product than the planned one stand."""
        slots = self.device.state.slots
        return {code for code, line in self.lines().items() if slots[code]["sku"] != line["sku"]}

    def report(self, now):
        """Say what is applied and what was wrong with what was wanted."""
        state = self.device.state
        data = {"version": state.version, "sha256": (self.document or {}).get("sha256")}
        data |= {"fw": state.fw, "errors": self.errors[:100]}
        self.device.send("reported", "reported", now, data, retain=True)
