# SPDX-License-Identifier: LGPL-3.0-or-later
"""Screens that change by themselves: who hears of which machines, and what is said."""

from odoo import models

from ..core import vend_flow

#: type of the notification on the bus
TYPE = "wine_machines"
#: more machines than these in one message are "many": screens read everything again
MANY = 200


class WineRegion(models.Model):
    """A region is a channel of the bus: its people hear of its machines and of those below.

    A message names machines and the kind of change, nothing else; a screen reads what it shows with
    the rights of its user. It goes to the region of the machine and to those above it, so that who
    manages an area listens to one channel; platform and finance listen to a channel of their group.
    """

    _name = "wine.region"
    _inherit = ["wine.region", "bus.listener.mixin"]

    def _tell(self, kind, machine_ids):
        """Tell those who listen to these regions which machines changed.

        :param str kind: ``sales`` or ``state``
        """
        ids = sorted(machine_ids)
        self._bus_send(
            TYPE, {"kind": kind, "ids": ids[:MANY], "many": len(ids) > MANY}, subchannel=TYPE
        )


class WineMachine(models.Model):
    _inherit = "wine.machine"

    def _announce(self, kind="state"):
        """Tell open screens that these machines changed, once the transaction is committed.

        One message per region, however many machines.

        :param str kind: ``sales`` (something was sold or given back) or ``state``
        """
        machines = self.sudo()
        by_region = {}
        for machine in machines:
            for region_id in map(int, machine.region_id.parent_path.split("/")[:-1]):
                by_region.setdefault(region_id, set()).add(machine.id)
        for region_id, ids in by_region.items():
            self.env["wine.region"].sudo().browse(region_id)._tell(kind, ids)
        if by_region:
            everywhere = self.env.ref("wine_vending.group_wine_finance").sudo()
            ids = sorted(machines.ids)
            self.env["bus.bus"].sudo()._sendone(
                (everywhere, TYPE), TYPE, {"kind": kind, "ids": ids[:MANY], "many": len(ids) > MANY}
            )

    def _lifecycle_changed(self):
        result = super()._lifecycle_changed()
        self._announce()
        return result


class WineVend(models.Model):
    _inherit = "wine.vend"

    def _update_state(self, target, **values):
        """What runs changes no figure, and a consumer waits for it: only ends are told."""
        moved = super()._update_state(target, **values)
        if target not in vend_flow.RUNNING:
            moved.machine_id._announce("sales")
        return moved


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Add the channels of one's own regions; a client cannot name one, nor another's.

        What a client sends is text, a channel of a region is a record: no text equals it.
        """
        channels = super()._build_bus_channel_list(channels)
        user = self.env.user
        if user.has_group("wine_vending.group_wine_finance"):
            channels.append((self.env.ref("wine_vending.group_wine_finance").sudo(), TYPE))
        elif user.has_group("wine_vending.group_wine_service"):
            mine = user.sudo()  # an own user may not read the regions where it has no rights
            regions = mine.wine_region_ids | mine.wine_service_region_ids
            channels.extend((region, TYPE) for region in regions)
        return channels
