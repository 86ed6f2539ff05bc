# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the field app reads and what its entries do to a visit."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.business_time import business_date

#: as many machines' slots a phone takes along for visits that nobody planned
TAKEN_ALONG = 40


class WineVisit(models.Model):
    _inherit = "wine.visit"

    entry_ids = fields.One2many("wine.visit.entry", "visit_id", "Entries of the phone")
    refused_count = fields.Integer("Entries to decide", compute="_compute_refused_count")

    def _compute_refused_count(self):
        for visit in self:
            visit.refused_count = len(
                visit.sudo().entry_ids.filtered(lambda e: e.state == "refused")
            )

    # === ENTRIES === #

    def _check_visitor(self, user):
        """:raise UserError: somebody else visits, or has visited"""
        self.ensure_one()
        if self.user_id and self.user_id != user:
            raise UserError(
                self.env._(
                    "%(visit)s is of %(user)s.", visit=self.display_name, user=self.user_id.name
                )
                if self.state != "done"
                else self.env._(
                    "%(visit)s was done by %(user)s.",
                    visit=self.display_name,
                    user=self.user_id.name,
                )
            )

    def _take_entry(self, entry):
        """Do what an entry of the phone says; a repeat changes nothing."""
        self.ensure_one()
        if self.state == "cancelled" and entry.kind != "cash":
            raise UserError(self.env._("%s was called off.", self.display_name))
        if not self.user_id:
            self.user_id = entry.user_id
        getattr(self, f"_take_{entry.kind}_entry")(entry, entry.payload or {})

    def _take_start_entry(self, entry, _payload):
        if self.state == "planned":
            self._set_state("started", started_at=entry.moment)
        elif not self.started_at or self.started_at > entry.moment:
            self.started_at = entry.moment

    def _take_restock_entry(self, entry, payload):
        rows = payload.get("rows")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UserError(self.env._("The slots of this entry cannot be read."))
        if not rows:
            return
        self._take_restock(rows, "phone", entry.moment, by=entry.user_id.name)
        if self.state == "planned":
            self._set_state("started", started_at=entry.moment)

    def _take_cash_entry(self, entry, payload):
        self.env["wine.cash.collection"]._take(
            [
                {
                    "machine_id": self.machine_id.id,
                    "visit_id": self.id,
                    "uuid": entry.uuid,
                    "user_id": entry.user_id.id,
                    "moment": entry.moment,
                    "counted_coins": payload.get("coins"),
                    "counted_notes": payload.get("notes"),
                    "meter": payload.get("meter"),
                    "source": "phone",
                }
            ]
        )

    def _take_done_entry(self, entry, payload):
        temperature = payload.get("temperature")
        if temperature is not None and not -60 <= _number(temperature) <= 90:
            raise UserError(self.env._("%s °C is no temperature of a machine.", temperature))
        self.write(
            {
                "cleaned": bool(payload.get("cleaned")),
                "has_temperature": temperature is not None,
                "temperature": _number(temperature) if temperature is not None else 0,
                "note": payload.get("note") and str(payload["note"])[:2000],
                "date": business_date(entry.moment, self.region_id.tz),
                "done_at": entry.moment,
                "started_at": self.started_at or entry.moment,
            }
        )
        self._set_state("done")

    def _reopen(self):
        """A visit called off that took place all the same."""
        self.filtered(lambda visit: visit.state == "cancelled").state = "started"

    # === WHAT THE PHONE TAKES ALONG === #

    @api.model
    def _field_route(self):
        """Today's stops of the present user, in driving order, with everything needed offline.

        :return: dict that JSON can hold: ``user``, ``today``, ``stops``, ``machines``
        """
        today = fields.Date.context_today(self)
        visits = self.search(
            [
                ("state", "in", ("planned", "started", "done")),
                ("date", "<=", today + timedelta(days=1)),
                ("date", ">=", today - timedelta(days=7)),
                "|",
                ("state", "!=", "done"),
                ("date", ">=", today - timedelta(days=1)),
                ("user_id", "in", (self.env.uid, False)),
            ],
            order="date, batch_id, sequence, id",
            limit=80,
        )
        days = {region: region._business_today() for region in visits.region_id.sudo()}
        visits = visits.filtered(lambda visit: visit._is_of_today(days[visit.region_id]))
        Machine = self.env["wine.machine"]
        reach = Machine.search([("state", "!=", "retired")], limit=TAKEN_ALONG + 1)
        others = reach if len(reach) <= TAKEN_ALONG else Machine
        machines = visits.machine_id | others
        return {
            "user": {"id": self.env.uid, "name": self.env.user.name},
            "today": fields.Date.to_string(today),
            "taken": fields.Datetime.to_string(fields.Datetime.now()),
            "stops": [visit._field_stop() for visit in visits],
            "machines": machines._field_machines(),
        }

    def _is_of_today(self, today):
        """Whether a phone shows it on this business day of its region."""
        if self.state == "done":
            return self.date == today
        return self.date <= today or self.state == "started"

    def _field_stop(self):
        self.ensure_one()
        return {
            "uuid": self.uuid,
            "machine": self.machine_id.id,
            "date": fields.Date.to_string(self.date),
            "sequence": self.sequence,
            "state": self.state,
            "mine": self.user_id == self.env.user,
            "reason": self.reason or "",
            "route": self.batch_id.sudo().name or "",
            "planned": {line.slot_id.id: line.planned for line in self.line_ids}
            if self.line_ids
            else None,
        }


class WineMachine(models.Model):
    _inherit = "wine.machine"

    visit_ids = fields.One2many("wine.visit", "machine_id", "Visits")
    visit_count = fields.Integer("Number of visits", compute="_compute_visit_count")

    def _compute_visit_count(self):
        counts = dict(
            self.env["wine.visit"]._read_group(
                [("machine_id", "in", self.ids)], ["machine_id"], ["__count"]
            )
        )
        for machine in self:
            machine.visit_count = counts.get(machine, 0)

    def action_view_visits(self):
        return self._action_of("wine_vending.wine_visit_action")

    def _field_machines(self):
        """{id: what a phone shows of a machine}, slots in the order of the rows."""
        slots = defaultdict(list)
        for slot in self.slot_ids.sorted(lambda slot: (slot.row, slot.column)):
            if slot.product_id or slot.qty:
                slots[slot.machine_id].append(slot._field_slot())
        return {machine.id: machine._field_machine(slots[machine]) for machine in self}

    def _field_machine(self, slots):
        site = self.site_id
        address = [site.street, site.street2, f"{site.zip or ''} {site.city or ''}".strip()]
        return {
            "name": self.name,
            "serial": self.serial,
            "site": site.name,
            "address": ", ".join(part for part in address if part),
            "position": [site.latitude, site.longitude]
            if site.latitude or site.longitude
            else None,
            "access": [site.access_from, site.access_to],
            "access_note": site.access_note or "",
            "temperature": self.temperature if self.temperature_at else None,
            "temperature_at": fields.Datetime.to_string(self.temperature_at)
            if self.temperature_at
            else None,
            "band": [self.temp_min, self.temp_max],
            "online": self.connection_state == "online",
            "cash": self.currency_id.round(self.cash_in_machine),
            "currency": {
                "symbol": self.currency_id.symbol,
                "digits": self.currency_id.decimal_places,
                "before": self.currency_id.position == "before",
            },
            "slots": slots,
        }


class WineMachineSlot(models.Model):
    _inherit = "wine.machine.slot"

    def _field_slot(self):
        product = self.product_id
        wanted = min(self.order_up_to or self.par or 0, self.capacity)
        return {
            "id": self.id,
            "code": self.code,
            "row": self.row,
            "sku": product.default_code or "",
            "name": product.name or "",
            "qty": max(self.qty, 0),
            "capacity": self.capacity,
            "state": self.state,
            "fill": max(0, wanted - max(self.qty, 0)) if self.enabled else 0,
        }


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
