# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

#: system parameter: where map tiles come from; empty means that nothing is asked for outside
TILES = "wine_vending.map_tiles"
TILES_BY = "wine_vending.map_attribution"


class WineMachine(models.Model):
    """Machines on a map: a point each, with what tells which of them need a look."""

    _inherit = "wine.machine"

    @api.model
    def map_points(self, domain):
        """Machines of a search that stand at a known place, read with the user's rights.

        Three queries, however many machines.

        :param list domain: on machines
        :return: dict of ``points`` (id, name, place, ``look``: retired, draft, suspended, alarm,
            offline, low or ok; text of the last sale in UTC, filled in %) and ``unplaced``: how
            many machines of the search stand nowhere
        """
        machines = self.search_fetch(
            domain, ["name", "site_id", "region_id", "state", "connection_state", "last_vend_at"]
        )
        machines.site_id.fetch(["name", "latitude", "longitude"])
        fill, alarms = machines._map_fill(), machines._map_alarms()
        points = [
            machine._map_point(fill.get(machine.id), machine.id in alarms)
            for machine in machines
            if machine.site_id.latitude or machine.site_id.longitude
        ]
        return {
            "points": points,
            "unplaced": len(machines) - len(points),
            **self._map_tiles(),
        }

    def _map_tiles(self):
        parameters = self.env["ir.config_parameter"].sudo()  # an address, no secret
        return {
            "tiles": parameters.get_param(TILES, ""),
            "attribution": parameters.get_param(TILES_BY, ""),
        }

    def _map_fill(self):
        """dict machine id → (filled in %, planned slots that are empty)."""
        rows = self.env["wine.machine.slot"]._read_group(
            [("machine_id", "in", self.ids), ("product_id", "!=", False)],
            ["machine_id"],
            ["qty:sum", "capacity:sum"],
        )
        return {
            machine.id: round(100 * max(qty, 0) / room) if room else 0
            for machine, qty, room in rows
        }

    def _map_alarms(self):
        rows = self.env["wine.machine.alert"]._read_group(
            [
                ("machine_id", "in", self.ids),
                ("state", "!=", "closed"),
                ("severity", "in", ("warning", "critical")),
            ],
            ["machine_id"],
        )
        return {machine.id for (machine,) in rows}

    def _map_point(self, fill, alarm):
        self.ensure_one()
        site = self.site_id
        return {
            "id": self.id,
            "name": self.name,
            "site": site.name,
            "region": self.region_id.display_name,
            "lat": site.latitude,
            "lng": site.longitude,
            "look": self._map_look(fill, alarm),
            "fill": fill or 0,
            "sold": fields.Datetime.to_string(self.last_vend_at) or "",
        }

    def _map_look(self, fill, alarm):
        """The one word that decides shape, letter and colour; the gravest first."""
        if self.state in ("retired", "draft", "suspended"):
            return self.state
        if alarm:
            return "alarm"
        if self.connection_state != "online":
            return "offline"
        return "low" if fill is not None and fill < 25 else "ok"
