# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.alerting import Cause, is_trouble


class WineMachine(models.Model):
    """The cash in a machine: what it should hold by our books, and what it says itself."""

    _inherit = "wine.machine"

    cash_in_machine = fields.Monetary(
        "Cash in machine",
        compute="_compute_cash_in_machine",
        help="Cash sales that no collection has taken yet, and the change that was put in.",
    )
    cash_float = fields.Monetary("Change put in", readonly=True, copy=False)
    cash_collected_at = fields.Datetime("Cash last taken", readonly=True, copy=False)
    cash_epoch = fields.Integer(readonly=True, copy=False)
    cash_seq = fields.Float(digits=(16, 0), readonly=True, copy=False)
    cash_level_coins = fields.Monetary("Coins by its own count", readonly=True, copy=False)
    cash_level_notes = fields.Monetary("Notes by its own count", readonly=True, copy=False)
    cash_level_tubes = fields.Monetary("Change by its own count", readonly=True, copy=False)
    cash_level_at = fields.Datetime("Counted itself at", readonly=True, copy=False)
    cash_capacity = fields.Monetary(
        "Cash box holds",
        help="Roughly; for telling when the box must be emptied. 0: as its region says.",
    )
    cash_percent = fields.Integer("Cash box full (%)", compute="_compute_cash_in_machine")

    @api.depends("cash_float", "cash_capacity", "region_id.cash_box_full")
    def _compute_cash_in_machine(self):
        sums = self._uncollected()
        for machine in self:
            takings = sums.get(machine.id, 0.0)
            machine.cash_in_machine = takings + machine.cash_float
            room = machine.cash_capacity or machine.region_id.cash_box_full
            machine.cash_percent = round(100 * max(takings, 0) / room) if room else 0

    def _uncollected(self):
        """{machine id: cash sales that no collection has claimed}, in one query."""
        Payment = self.env["pos.payment"].sudo()
        Payment.flush_model(["wine_cash_machine_id", "wine_collection_id", "amount"])
        rows = self.env.execute_query(
            SQL(
                """SELECT wine_cash_machine_id, SUM(amount) FROM pos_payment
                    WHERE wine_cash_machine_id IN %s AND wine_collection_id IS NULL
                 GROUP BY wine_cash_machine_id""",
                tuple(self.ids) or (0,),
            )
        )
        return {machine: float(amount) for machine, amount in rows}

    def _full_cash_boxes(self):
        """Those of these machines whose cash box counts as full: the alert rule says at how much.

        One answer for whoever plans visits and for whoever watches alerts.
        """
        book = self.env["wine.alert.rule"].sudo()._book()
        places = self.env["wine.machine.alert"]._whereabouts(self.ids)
        return self.filtered(
            lambda machine: is_trouble(
                machine._cash_cause(), book.pick("cash", *places[machine.id])
            )
        )

    def _cash_cause(self):
        return Cause(self.id, "cash", value=float(self.cash_percent))

    def _is_cash_late(self, vend):
        """Whether the cash of a vend had been taken out when the machine reported it."""
        if self.cash_epoch and vend.device_epoch:
            return (vend.device_epoch, vend.device_seq) <= (self.cash_epoch, self.cash_seq)
        return bool(self.cash_collected_at) and vend.moment <= self.cash_collected_at

    def _moved(self, old):
        """The change in it goes along; cash sales are booked out of the region that sold."""
        result = super()._moved(old)
        if old != self.region_id:
            old._hand_over_change(self)
        return result

    def action_view_collections(self):
        return self._action_of(
            "wine_vending.wine_cash_collection_action",
            **({"default_machine_id": self.id} if len(self) == 1 else {}),
        )

    def action_request_cash(self):
        """Ask the machine how much cash it holds; it answers by ``cash.level``."""
        return self._request("cash.request")

    def _request(self, command):
        self.check_access("write")
        expires = fields.Datetime.now() + timedelta(hours=1)
        asked = [machine for machine in self if machine._send(command, {}, expires)]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if asked else "warning",
                "message": (
                    self.env._("Asked. The answer appears here when the machine has sent it.")
                    if asked
                    else self.env._("Nothing carries commands to machines here.")
                ),
            },
        }


class PosPayment(models.Model):
    """Cash that a machine took lies in it until a collection claims it."""

    _inherit = "pos.payment"

    wine_cash_machine_id = fields.Many2one(
        "wine.machine", "Cash in machine", readonly=True, ondelete="restrict"
    )
    wine_collection_id = fields.Many2one(
        "wine.cash.collection", "Collected by", readonly=True, index="btree_not_null"
    )
    wine_cash_late = fields.Boolean(
        readonly=True, help="Made before a collection that had been booked when it was reported."
    )

    _wine_in_machine = models.Index(
        "(wine_cash_machine_id) INCLUDE (amount) "
        "WHERE wine_cash_machine_id IS NOT NULL AND wine_collection_id IS NULL"
    )
    _wine_late = models.Index("(id) WHERE wine_cash_late AND wine_collection_id IS NULL")

    @api.model
    def _wine_fill_cash_machine(self):
        """Payments that are older than this get their machine; called at every update."""
        self.env.cr.execute(
            SQL(
                """UPDATE pos_payment payment SET wine_cash_machine_id = ord.wine_machine_id
                     FROM pos_order ord, pos_payment_method method
                    WHERE ord.id = payment.pos_order_id AND method.id = payment.payment_method_id
                      AND method.wine_kind = 'cash' AND ord.wine_machine_id IS NOT NULL
                      AND payment.wine_cash_machine_id IS NULL"""
            )
        )
