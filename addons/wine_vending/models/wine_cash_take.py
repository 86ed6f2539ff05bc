# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..core.told import _lt
from ..core.witness import TOGETHER

PASSED = ("kind", "machine_id", "visit_id", "user_id", "moment", "uuid", "source", "bag", "reason")


class WineCashCollection(models.Model):
    """What happens to a collection: reported, compared, counted, booked."""

    _inherit = "wine.cash.collection"

    # === REPORTS === #

    @api.model
    def _take(self, vals_list):
        """Book cash that was taken out of machines; the same report again changes nothing.

        :param list[dict] vals_list: ``machine_id``, ``uuid`` (identity of the report), ``moment``
            (naive UTC), ``source`` (``phone`` | ``machine``); optional ``visit_id``, ``user_id`` or
            ``collector`` (a name), ``counted_coins`` and ``counted_notes`` (both None: a sealed bag
            that nobody has counted), ``meter``, ``bag``, ``left`` (change that stays), ``kind``
            (``collection`` | ``float``), ``reason``, ``position`` (epoch, number at the machine),
            ``clock_trusted`` (False: ``moment`` is the time of receipt)
        :return: the collections, in the order of ``vals_list``; a second report of the same
            collection is compared with the first and returns it
        :raise UserError: an amount is negative or no number
        """
        Collection = self.sudo()
        Collection._lock_machines({vals["machine_id"] for vals in vals_list})
        known = Collection._known({vals["uuid"] for vals in vals_list})
        taken = []
        for vals in vals_list:
            collection = known.get(vals["uuid"])
            if not collection:
                collection = Collection._take_one(vals)
                known[vals["uuid"]] = collection
            taken.append(collection.id)
        return self.browse(taken)

    def _lock_machines(self, ids):
        """One collection per machine at a time; a second one finds what the first one wrote."""
        self.env.execute_query(
            SQL(
                "SELECT id FROM wine_machine WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
                tuple(ids) or (0,),
            )
        )

    def _known(self, uuids):
        found = self.search(
            ["|", ("uuid", "in", list(uuids)), ("compared_uuid", "in", list(uuids))]
        )
        known = {collection.uuid: collection for collection in found}
        known.update({c.compared_uuid: c for c in found if c.compared_uuid})
        return known

    def _take_one(self, vals):
        coins, notes = self._amount(vals, "counted_coins"), self._amount(vals, "counted_notes")
        first = self._told_before(vals)
        if first:
            first._second_report(vals, coins, notes)
            return first
        left, meter = self._amount(vals, "left"), self._amount(vals, "meter")
        epoch, seq = vals.get("position") or (0, 0)
        collection = self.create(
            {
                **{name: vals[name] for name in PASSED if vals.get(name)},
                "reported_by": vals.get("collector"),
                "counted_coins": coins or 0.0,
                "counted_notes": notes or 0.0,
                "left_known": left is not None,
                "float_left": left or 0.0,
                "meter_known": meter is not None,
                "meter": meter or 0.0,
                "clock_trusted": vals.get("clock_trusted", True),
                "device_epoch": epoch,
                "device_seq": seq,
            }
        )
        self._settle_late(collection.machine_id)
        collection._claim()
        if coins is not None or notes is not None:
            collection._counted()
        return collection

    def _amount(self, vals, name):
        """An amount as float, None where it is not given."""
        value = vals.get(name)
        if value is None or value is False:
            return None
        try:
            amount = float(str(value))
        except ValueError:
            amount = -1.0
        if not 0 <= amount < 1e12:
            raise UserError(
                self.env._(
                    "%(field)s: %(value)s is no amount of money. Write the sum that was counted.",
                    field=name,
                    value=value,
                )
            )
        machine = self.env["wine.machine"].browse(vals["machine_id"])
        return machine.currency_id.round(amount)

    def _told_before(self, vals):
        """The collection that the other witness has reported already, or none."""
        if vals.get("kind", "collection") != "collection":
            return self.browse()
        near = self.search(
            [
                ("machine_id", "=", vals["machine_id"]),
                ("kind", "=", "collection"),
                ("source", "in", ("phone", "machine")),
                ("source", "!=", vals["source"]),
                ("compared_uuid", "=", False),
                ("state", "!=", "corrected"),
            ],
            order="moment desc, id desc",
            limit=20,
        )
        visit = vals.get("visit_id")
        same = near.filtered(lambda c: visit and c.visit_id.id == visit)
        loose = near.filtered(
            lambda c: not (visit and c.visit_id) and abs(c.moment - vals["moment"]) <= TOGETHER
        )
        return same[:1] or loose.sorted(lambda c: abs(c.moment - vals["moment"]))[:1]

    def _second_report(self, vals, coins, notes):
        """The other witness: fills in what the first did not know, else is compared with it."""
        self.ensure_one()
        counted = (coins or 0.0) + (notes or 0.0)
        known = {
            "compared_uuid": vals["uuid"],
            "compared_source": vals["source"],
            "compared_counted": counted,
            "compared_at": vals["moment"],
        }
        meter = self._amount(vals, "meter")
        if meter is not None and not self.meter_known:
            known.update(meter=meter, meter_known=True)
        for name, value in (
            ("visit_id", vals.get("visit_id")),
            ("user_id", vals.get("user_id")),
            ("reported_by", vals.get("collector")),
            ("bag", vals.get("bag")),
        ):
            if value and not self[name]:
                known[name] = value
        told = coins is not None or notes is not None
        if told and self.state == "draft":
            known.update(counted_coins=coins or 0.0, counted_notes=notes or 0.0)
        was_draft = self.state == "draft"
        self._write_flow(known)
        if told and was_draft:
            self._counted()
        elif told and self.currency_id.compare_amounts(counted, self.counted):
            self._open_case(
                "two",
                _lt(
                    "%(name)s, %(machine)s: %(first)s was reported and booked, the other report "
                    "says %(second)s. Ask who counted, and correct the collection where it is "
                    "wrong.",
                    name=self.name,
                    machine=self.machine_id.name,
                    first=self._money(self.counted),
                    second=self._money(counted),
                ),
                abs(counted - self.counted),
            )

    # === COUNTED AND BOOKED === #

    def _counted(self):
        """The contents are known: book, unless the region waits for the count in the safe."""
        self._set_state("counted")
        for collection in self:
            if collection.kind == "float" or not collection.region_id.cash_needs_check:
                collection._post()

    def _post(self):
        """Into the books, once."""
        for collection in self._set_state("posted"):
            if collection.corrects_id:
                collection.corrects_id._take_back()
            collection._post_books()
            collection._look_at_difference()

    def action_post(self):
        """Book what a person has entered."""
        self.check_access("write")
        for collection in self.sudo().filtered(lambda c: c.state == "draft"):
            if collection.source != "manual":
                raise UserError(
                    self.env._(
                        "%s is a sealed bag that nobody has counted. Enter what the safe counts.",
                        collection.name,
                    )
                )
            collection._lock_machines(collection.machine_id.ids)
            if collection.corrects_id:
                collection.corrects_id._check_change_still_here()
                collection._inherit_claims()
            else:
                self._settle_late(collection.machine_id)
                collection._claim()
            collection._set_state("counted")
            if collection.is_off and not collection.reason:
                raise UserError(
                    self.env._(
                        "%(name)s differs by %(difference)s from what should be there "
                        "(%(expected)s). Count again, or write the reason.",
                        name=collection.name,
                        difference=collection._money(collection.difference),
                        expected=collection._money(collection.expected),
                    )
                )
            collection._counted()
        return True

    def action_check(self):
        """Finance has counted the bag again: book that, or the difference to what was booked."""
        self._check_treasury()
        for collection in self.sudo():
            if collection.kind != "collection" or collection.checked_at:
                continue
            if collection.state not in ("draft", "counted", "posted") or not collection.claimed_at:
                raise UserError(self.env._("%s is not in a bag yet.", collection.name))
            if self.env.user in (collection.user_id | collection.create_uid):
                raise UserError(
                    self.env._(
                        "You brought %s yourself. Let another person count it.", collection.name
                    )
                )
            if not collection.safe_counted and not collection.reason:
                raise UserError(
                    self.env._(
                        "%s: enter what you counted. Where there is nothing in it, write the "
                        "reason first.",
                        collection.name,
                    )
                )
            collection._check_again()
        return True

    def _check_again(self):
        """The count of the safe stands; the books follow it by an entry of their own."""
        self.ensure_one()
        before, first_state = self.difference, self.state
        values = {"checked_at": fields.Datetime.now(), "checked_by_id": self.env.uid}
        if first_state == "draft":
            values["counted_notes"] = self.safe_counted
        self._write_flow(values)
        if first_state != "posted":
            self._set_state("counted")
            self._post()
            return
        self._book(
            self.env._("Counted again in the safe"),
            safe=self.safe_counted - self.counted,
            before=before,
            after=self.difference,
        )
        self._look_at_difference()

    # === DIFFERENCES === #

    def _look_at_difference(self):
        """A case where the difference is above the tolerance; closed again once it is explained."""
        self.ensure_one()
        if not self.is_off:
            self._close_cases(self.env._("Explained: the difference is now within the tolerance"))
            return
        self._open_case(
            "difference",
            _lt(
                "%(name)s, %(machine)s, taken by %(who)s: found %(found)s, should be %(expected)s, "
                "difference %(difference)s.",
                name=self.name,
                machine=self.machine_id.name,
                who=self.collector or _lt("unknown"),
                found=self._money(self.expected + self.late + self.difference),
                expected=self._money(self.expected + self.late),
                difference=self._money(self.difference),
            ),
            abs(self.difference),
        )

    def _open_case(self, what, text, amount):
        """One open case per question; it says what is known now."""
        case = self.env["wine.case"]._open_case(
            "cash",
            region=self.region_id,
            machine=self.machine_id,
            reference=f"{self.uuid}/{what}",
            text=text,
            amount=amount,
        )
        case.sudo().write(
            {
                "collection_id": self.id,
                "amount": amount,
                "text_source": str(text),
                "told": text.to_json(),
            }
        )

    def _close_cases(self, words):
        """The question of the difference, or every question once the collection is corrected."""
        self.case_ids.filtered(
            lambda case: (
                case.state == "open"
                and (self.state == "corrected" or case.reference == f"{self.uuid}/difference")
            )
        )._close(words)

    def _money(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    # === VIEWS === #

    def action_view_moves(self):
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("account.action_move_journal_line")
        return {**action, "domain": [("id", "in", self.sudo().move_ids.ids)], "context": {}}

    def action_view_sales(self):
        """The vends whose cash this collection took."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("wine_vending.wine_vend_action")
        orders = self.sudo().payment_ids.pos_order_id
        return {**action, "domain": [("id", "in", orders.wine_vend_id.ids)], "context": {}}


class WineCase(models.Model):
    _inherit = "wine.case"

    kind = fields.Selection(
        selection_add=[("cash", "Cash differs"), ("counter", "Counters differ from sales")],
        ondelete={"cash": "cascade", "counter": "cascade"},
    )
    collection_id = fields.Many2one(
        "wine.cash.collection", "Cash collection", readonly=True, index="btree_not_null"
    )
