# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a visit does to the books: goods in, goods out, bad goods, and what does not add up."""

from collections import defaultdict

from odoo import Command, fields, models
from odoo.exceptions import UserError

from ..core.facts import BadFact, PhoneCount
from ..core.told import _lt
from ..core.witness import TOGETHER, by_lane


class WineCase(models.Model):
    _inherit = "wine.case"

    kind = fields.Selection(
        selection_add=[("visit", "Visit: reports differ")], ondelete={"visit": "cascade"}
    )
    visit_id = fields.Many2one("wine.visit", readonly=True, index="btree_not_null")


class WineVisit(models.Model):
    _inherit = "wine.visit"

    case_ids = fields.One2many("wine.case", "visit_id", "Cases", readonly=True)

    # === THE TWO WITNESSES === #

    def _take_restock(self, rows, source="phone", moment=None, by=""):
        """Take in what was moved in this visit; the first report is booked, the next compared.

        :param list[dict] rows: as in ``restock.done`` of the protocol; from a phone ``before`` may
            be None (not counted) and ``bad_reason`` is one of ``BAD_REASONS``
        :param str source: ``phone``; a machine's own report comes by ``wine.machine._project``
        :param datetime moment: naive UTC, when it was counted
        :return: ``done`` or ``duplicate``
        :raise UserError: the rows cannot be used, or the visit was called off
        """
        from ..projection import Batch

        self.ensure_one()
        if source != "phone":
            raise ValueError("a machine's report comes as a fact")
        if self.state == "cancelled":
            raise UserError(
                self.env._("%s was called off; what was filled was not booked.", self.display_name)
            )
        now = fields.Datetime.now()
        moment = min(moment or now, now).replace(microsecond=0)
        if not self.restock_source:
            self.sudo()._claim_told_by_machine(moment)
        fact = PhoneCount(
            self.machine_id.id,
            "restock.done",
            {"visit_id": self.uuid, "by": by, "slots": rows},
            moment=moment,
            received=now,
            reference=self.uuid,
        )
        try:
            Batch(self.sudo().env, [fact]).take(fact)
        except BadFact as error:
            raise UserError(
                self.env._(
                    "%(visit)s: the report cannot be used: %(why)s.",
                    visit=self.display_name,
                    why=error,
                )
            ) from error
        self.invalidate_recordset()
        return fact.result

    def _claim_told_by_machine(self, moment):
        """What a machine told before it knew of this visit is this visit's; nothing moves twice."""
        self.ensure_one()
        told = self.search(
            [
                ("machine_id", "=", self.machine_id.id),
                ("restock_source", "=", "machine"),
                ("compared_source", "=", False),
                ("user_id", "=", False),
                ("batch_id", "=", False),
                ("restock_at", ">=", moment - TOGETHER),
                ("restock_at", "<=", moment + TOGETHER),
                ("id", "!=", self.id),
            ]
        ).sorted(lambda visit: abs(visit.restock_at - moment))[:1]
        if not told:
            return
        told.lock_for_update()
        planned = by_lane(self.line_ids)
        for line in told.line_ids:
            own = planned.get((line.slot_id, line.product_id))
            line.write({"visit_id": self.id, "planned": own.planned if own else 0})
            if own:
                own.unlink()
        self.write(
            {
                "restock_source": "machine",
                "restock_at": told.restock_at,
                "restock_clock_trusted": told.restock_clock_trusted,
            }
        )
        told.case_ids.write({"visit_id": self.id, "reference": self.uuid})
        self.env["wine.cash.collection"].search([("visit_id", "=", told.id)]).visit_id = self
        self.picking_id.filtered(lambda p: p.state not in ("done", "cancel")).action_cancel()
        told.invalidate_recordset()
        told.unlink()

    def _book_restock(self, rows, source, moment, scraps, clock_trusted=True):
        """Book the first report: lines, goods, and a case where the count differs.

        :param list[Row] rows: of the projection, ``expected`` filled in
        :param bool clock_trusted: False where ``moment`` is the time of receipt
        :param list scraps: values of ``stock.scrap``, made with those of the whole batch
        """
        self.ensure_one()
        lines = by_lane(self.line_ids)
        blank = {"expected": 0, "before": 0, "filled": 0, "removed": 0, "bad": 0, "after": 0}
        unnamed = self.env["product.product"]  # a slot that was planned for whatever it sells
        commands = []
        for row in rows:
            values = {name: getattr(row, name) for name in blank}
            values.update(product_id=row.product.id, bad_reason=row.bad and row.bad_reason)
            line = lines.pop((row.slot, row.product), None) or lines.pop((row.slot, unnamed), None)
            commands.append(
                Command.update(line.id, values)
                if line
                else Command.create({"slot_id": row.slot.id, **values})
            )
        values = {
            "line_ids": commands,
            "restock_source": source,
            "restock_at": moment,
            "restock_clock_trusted": clock_trusted,
        }
        self.with_context(tracking_disable=True).write(values)
        if source == "machine" and self.state != "done":
            self._set_state("done", started_at=self.started_at or moment, done_at=moment)
        self._move_goods(rows)
        scraps += [self._scrap_values(row) for row in rows if row.bad]
        self._review_differences()

    def _restock_compared(self, source, gaps):
        """Note that the other witness was heard; a difference is a question for a person."""
        self.compared_source = source
        if gaps:
            self._ask(
                "visit",
                _lt(
                    "%(visit)s: the two reports of the same visit differ, booked against second "
                    "(found + filled − taken out − bad = now): %(gaps)s. The first one stands in "
                    "the books; count again and correct the stock.",
                    visit=self.display_name,
                    gaps="; ".join(gaps),
                ),
            )

    # === GOODS === #

    def _move_goods(self, rows):
        """Move what was filled and taken out, once."""
        warehouse = self.region_id.warehouse_id
        filled, removed = defaultdict(float), defaultdict(float)
        for row in rows:
            filled[row.product] += row.filled
            removed[row.product] += row.removed
        left = self._move_prekit(filled)
        into = {product: qty for product, qty in left.items() if qty > 0}
        for product, qty in left.items():
            removed[product] += max(-qty, 0)
        out = {product: qty for product, qty in removed.items() if qty > 0}
        store, machine = warehouse.lot_stock_id, self.machine_id.location_id
        for source, target, goods in ((store, machine, into), (machine, store, out)):
            if goods:
                self.env["stock.picking"]._wine_make_done(
                    warehouse.int_type_id, source, target, goods, origin=self.display_name
                )

    def _move_prekit(self, filled):
        """Validate what was packed with what was really filled.

        What lies in the pre-kit and was not filled stays in the warehouse. A pre-kit that somebody
        has validated already has moved everything that was packed.

        :param dict filled: product → bottles
        :return: dict product → bottles still to move; negative where too many were moved
        """
        left, picking = dict(filled), self.picking_id.sudo()
        if not picking or picking.state == "cancel":
            return left
        if picking.state == "done":
            for move in picking.move_ids.filtered(lambda move: move.state == "done"):
                left[move.product_id] = left.get(move.product_id, 0) - move.quantity
            return left
        if picking.state == "draft":
            picking.action_confirm()
        for move in picking.move_ids.filtered(lambda move: move.state not in ("done", "cancel")):
            product = move.product_id
            # a lot is chosen when it is reserved: what was not reserved moves beside the pre-kit
            most = move.product_uom_qty if product.tracking == "none" else move.quantity
            taken = min(left.get(product, 0), most)
            left[product] = left.get(product, 0) - taken
            move.quantity = taken
            move.picked = bool(taken)
        if any(move.picked for move in picking.move_ids):
            picking.with_context(cancel_backorder=True)._action_done()
        else:
            picking.action_cancel()
        return left

    def _scrap_values(self, row):
        from ..projection.restock import scrap_values

        tag = row.bad_reason and self.env.ref(
            f"wine_vending.scrap_reason_{row.bad_reason}", raise_if_not_found=False
        )
        return scrap_values(
            self.machine_id,
            row.product,
            row.bad,
            origin=self.display_name,
            scrap_reason_tag_ids=[Command.set(tag.ids if tag else [])],
        )

    # === DIFFERENCES === #

    def _review_differences(self):
        """One open case while the count differs from what we expected; none when explained."""
        for visit in self:
            gaps = [
                f"{line.slot_id.code} {line.difference:+d}"
                for line in visit.line_ids
                if line.difference
            ]
            case = visit.case_ids.filtered(lambda c: c.kind == "count" and c.state == "open")
            if not gaps:
                case.sudo()._close(self.env._("Explained by sales that arrived late"))
                continue
            text = _lt(
                "%(visit)s: the count differs from our counter: %(gaps)s (slot, bottles more or "
                "fewer). Sales that the machine has not sent yet may explain it.",
                visit=visit.display_name,
                gaps=", ".join(gaps),
            )
            if case:
                case.sudo().write({"text_source": str(text), "told": text.to_json()})
            else:
                visit._ask("count", text)

    def _ask(self, kind, text):
        """One question per visit and kind."""
        self.ensure_one()
        case = self.env["wine.case"]._open_cases(
            [
                {
                    "kind": kind,
                    "region_id": self.region_id.id,
                    "machine_id": self.machine_id.id,
                    "currency_id": self.region_id.currency_id.id,
                    "reference": self.uuid,
                    "visit_id": self.id,
                    "text": text,
                }
            ]
        )
        self.invalidate_recordset(["case_ids"])
        return case


class WineVisitLine(models.Model):
    _inherit = "wine.visit.line"

    def _explain(self, late):
        """Sales arrived that a count had already seen: they were missing in what we expected.

        :param dict late: slot → [(moment, bottles)]
        """
        slots = self.env["wine.machine.slot"].union(*late)
        lines = self.search(
            [
                ("slot_id", "in", slots.ids),
                (
                    "visit_id.restock_at",
                    ">=",
                    min(when for rows in late.values() for when, _q in rows),
                ),
            ]
        ).sorted(lambda line: line.visit_id.restock_at)
        changed = self.browse()
        for slot, rows in late.items():
            for when, qty in rows:
                line = next(
                    (
                        line
                        for line in lines
                        if line.slot_id == slot and line.visit_id.restock_at >= when
                    ),
                    None,
                )
                if line:
                    line.expected -= qty
                    changed |= line
        changed.visit_id._review_differences()
