# SPDX-License-Identifier: LGPL-3.0-or-later
import json

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.money import from_minor, to_minor
from .wine_slot_difference import IN_USE

#: what is wanted of each slot and what the machine says of it; one row per slot in use
LANES = """
    machine AS (
        SELECT machine.id, machine.region_id, machine.reported_version,
               machine.reported_errors, wanted.id AS wanted_id, wanted.version AS wanted_version,
               reported.id AS reported_id
          FROM wine_machine machine
          JOIN wine_planogram wanted ON wanted.id = machine.planogram_id
     LEFT JOIN wine_planogram reported
            ON reported.machine_id = machine.id AND reported.version = machine.reported_version
           AND reported.version > 0
         WHERE machine.id IN %(machines)s AND machine.state IN %(in_use)s AND machine.active
    ), lane AS (
        SELECT machine.id AS machine_id, slot.id AS slot_id, slot.code AS slot_code, slot.state,
               machine.reported_id <> machine.wanted_id AS compare,
               wanted.product_id, reported.product_id AS other_product_id,
               wanted.price, reported.price AS other_price,
               wanted.capacity || '/' || wanted.par AS room,
               reported.capacity || '/' || reported.par AS other_room,
               COALESCE(wanted.enabled, FALSE) AS enabled,
               COALESCE(reported.enabled, FALSE) AS other_enabled
          FROM machine
          JOIN wine_machine_slot slot ON slot.machine_id = machine.id
     LEFT JOIN wine_planogram_line wanted
            ON wanted.slot_id = slot.id AND wanted.planogram_id = machine.wanted_id
     LEFT JOIN wine_planogram_line reported
            ON reported.slot_id = slot.id AND reported.planogram_id = machine.reported_id
    )"""
FOUND = """
    found (machine_id, slot_id, slot_code, product_id, kind, code, wanted, reported, limit_id) AS (
        SELECT id, NULL::int, '', NULL::int, 'not_applied', '',
               wanted_version::text, COALESCE(reported_version, 0)::text, NULL::int
          FROM machine WHERE wanted_version IS DISTINCT FROM COALESCE(reported_version, 0)
        UNION ALL
        SELECT machine_id, slot_id, slot_code, product_id, 'price', '', price::text,
               other_price::text, NULL
          FROM lane WHERE compare AND price <> other_price
        UNION ALL
        SELECT machine_id, slot_id, slot_code, product_id, 'product', '', product_id::text,
               other_product_id::text, NULL
          FROM lane WHERE compare AND product_id <> other_product_id
        UNION ALL
        SELECT machine_id, slot_id, slot_code, product_id, 'layout', '',
               CASE WHEN enabled THEN 'on' ELSE 'off' END,
               CASE WHEN other_enabled THEN 'on' ELSE 'off' END, NULL
          FROM lane WHERE compare AND enabled <> other_enabled
        UNION ALL
        SELECT machine_id, slot_id, slot_code, product_id, 'capacity', '', room, other_room, NULL
          FROM lane WHERE compare AND room <> other_room
        UNION ALL
        SELECT machine_id, slot_id, slot_code, product_id, 'slot', '', 'ok', state, NULL
          FROM lane WHERE enabled AND state IN ('jammed', 'disabled')
        UNION ALL
        SELECT DISTINCT machine.id, slot.id, error.slot, slot.product_id, 'error', error.code, NULL,
               error.code, NULL::int
          FROM machine
    CROSS JOIN LATERAL jsonb_to_recordset(machine.reported_errors) AS error (slot text, code text)
     LEFT JOIN wine_machine_slot slot
            ON slot.machine_id = machine.id AND slot.code = error.slot
    )"""
#: slots beyond a limit, found by :meth:`_beyond_limits`
GIVEN = """
    found AS (
        SELECT * FROM jsonb_to_recordset(%(given)s::jsonb) AS given (
            machine_id int, slot_id int, slot_code text, product_id int, kind text, code text,
            wanted text, reported text, limit_id int)
    )"""
#: rows that no longer hold go, new ones come, those that stay keep their beginning
SYNC = """
    gone AS (
        DELETE FROM wine_slot_difference old
         WHERE old.machine_id IN %(machines)s AND (old.kind = 'limit') = %(limits)s
           AND NOT EXISTS (
               SELECT FROM found WHERE found.machine_id = old.machine_id
                  AND found.slot_code = old.slot_code AND found.kind = old.kind
                  AND found.code = old.code)
    )
    INSERT INTO wine_slot_difference AS old (
        machine_id, region_id, slot_id, slot_code, slot_row, slot_column, product_id, kind, code,
        wanted, reported, limit_id, since, create_uid, create_date, write_uid, write_date)
    SELECT found.machine_id, machine.region_id, found.slot_id, found.slot_code, slot.row,
           slot."column", found.product_id, found.kind, found.code, found.wanted, found.reported,
           found.limit_id, %(now)s, %(uid)s, %(now)s, %(uid)s, %(now)s
      FROM found
      JOIN wine_machine machine ON machine.id = found.machine_id
 LEFT JOIN wine_machine_slot slot ON slot.id = found.slot_id
        ON CONFLICT (machine_id, slot_code, kind, code) DO UPDATE
           SET wanted = EXCLUDED.wanted, reported = EXCLUDED.reported, slot_id = EXCLUDED.slot_id,
               product_id = EXCLUDED.product_id, limit_id = EXCLUDED.limit_id,
               write_date = EXCLUDED.write_date
         WHERE (old.wanted, old.reported, old.slot_id, old.product_id, old.limit_id)
               IS DISTINCT FROM (EXCLUDED.wanted, EXCLUDED.reported, EXCLUDED.slot_id,
                                 EXCLUDED.product_id, EXCLUDED.limit_id)"""


class WineMachine(models.Model):
    """How the differences follow publications, reports and limits."""

    _inherit = "wine.machine"

    def _refresh_differences(self):
        """After a publication or a change of life: planogram, errors, slots and limits."""
        self._refresh_reported()
        self._refresh_limits(machines=self)

    def _refresh_reported(self):
        """After a report, or a slot out of order: what the machines say against what is wanted."""
        self._sync_differences(f"{LANES}, {FOUND}", limits=False)

    @api.model
    def _refresh_limits(self, regions=None, machines=None):
        """After a limit or a cost changed: published prices against the limits of today."""
        if machines is None:
            machines = self.search(
                [("region_id", "in", regions.ids), ("planogram_id", "!=", False)]
            )
        given = machines._beyond_limits()
        machines._sync_differences(GIVEN, limits=True, given=json.dumps(given))

    def _sync_differences(self, found, **values):
        if not self:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                f"WITH {found}, {SYNC}",
                machines=self._ids,
                in_use=IN_USE,
                now=fields.Datetime.now(),
                uid=self.env.uid,
                **values,
            )
        )
        self.env["wine.slot.difference"].invalidate_model(flush=False)
        self.invalidate_recordset(["difference_ids", "difference_count"], flush=False)

    def _beyond_limits(self):
        """Slots on sale whose published price lies beyond a limit, as rows of ``GIVEN``."""
        if not self or not self.env["wine.price.limit"].sudo().search_count([], limit=1):
            return []
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT slot.id, slot.machine_id, slot.code, slot.product_id, slot.price,
                          machine.region_id
                     FROM wine_machine_slot slot
                     JOIN wine_machine machine ON machine.id = slot.machine_id
                    WHERE machine.id IN %s AND machine.state IN %s AND machine.active
                      AND slot.enabled AND slot.product_id IS NOT NULL""",
                self._ids,
                IN_USE,
            )
        )
        region, product = self.env["wine.region"].browse, self.env["product.product"].browse
        bounds = self.env["wine.price.limit"]._bounds(
            (region(row[5]), product(row[3])) for row in rows
        )
        digits = {r.id: r.currency_id.decimal_places for r in region({row[5] for row in rows})}
        found = []
        for slot, machine, code, goods, price, area in rows:
            broken = bounds[area, goods].broken(to_minor(price, digits[area]))
            if broken:
                end, bound = broken
                amount = from_minor(bound.amount, digits[area])
                found.append(
                    {
                        "machine_id": machine,
                        "slot_id": slot,
                        "slot_code": code,
                        "product_id": goods,
                        "kind": "limit",
                        "code": "",
                        "wanted": f"{'>' if end == 'floor' else '<'}{amount}",
                        "reported": str(price),
                        "limit_id": bound.limit.id,
                    }
                )
        return found

    def _lifecycle_changed(self):
        result = super()._lifecycle_changed()
        self.sudo()._refresh_differences()  # they follow from facts, whoever acts
        return result

    @api.model
    def _cron_refresh_limits(self):
        """Once a day: costs and taxes change without a word to the limits."""
        regions = self.env["wine.region"].search([("machine_ids", "!=", False)])
        self.env["ir.cron"]._commit_progress(remaining=len(regions))
        for region in regions:
            self._refresh_limits(region)
            self.env["ir.cron"]._commit_progress(1)
