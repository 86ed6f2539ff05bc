# SPDX-License-Identifier: LGPL-3.0-or-later
import hashlib
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ..core import eva_dts
from ..core.business_time import AHEAD, OLDEST
from ..core.money import from_minor, to_minor
from ..core.told import Told, _lt
from .wine_told import read_told

#: so many vends are named in a case; the button shows all of them
NAMED = 10
SUSPECT = ("unknown", "failed", "voided", "refunded", "partial")


class WineCounterSnapshot(models.Model):
    """What people see of a comparison: cases, the vends around a gap, a table of slots."""

    _inherit = "wine.counter.snapshot"

    # === CASES === #

    def _tell(self):
        """Open a case for a gap, say anew what is known, close it when it is explained."""
        reference = f"counter-{self.id}"
        if self.verdict != "gap":
            self.case_ids.filtered(lambda case: case.state == "open")._close(
                self.env._("Explained by sales that arrived later")
            )
            return
        text, amount = self._gap_text(), abs(self.value_gap)
        decided = self.case_ids.filtered(lambda case: case.state == "decided")
        if decided and decided.sorted("id")[-1:].text_source == str(text):
            return  # a person has decided on exactly this
        case = self.env["wine.case"]._open_case(
            "counter",
            region=self.region_id,
            machine=self.machine_id,
            reference=reference,
            text=text,
            amount=amount,
        )
        case.sudo().write(
            {
                "snapshot_id": self.id,
                "amount": amount,
                "text_source": str(text),
                "told": text.to_json(),
            }
        )

    def _gap_text(self):
        what = {
            "machine": self.machine_id.name,
            "start": fields.Datetime.to_string(self.previous_id.moment),
            "end": fields.Datetime.to_string(self.moment),
        }
        if self.kind == "backwards":
            return _lt(
                "%(machine)s: its counters went backwards between %(start)s and %(end)s UTC, from "
                "%(before)s to %(after)s vends. That is neither an overflow nor an initialisation: "
                "look whether the reading is of this machine.",
                **what,
                before=int(self.previous_id.count),
                after=int(self.count),
            )
        return _lt(
            "%(machine)s, between %(start)s and %(end)s UTC: the machine counted %(count)s vends "
            "(%(value)s), we know %(ours)s (%(ours_value)s): %(gap)s vends and %(value_gap)s are "
            "unexplained%(slots)s. Vends around it: %(vends)s.",
            **what,
            count=int(self.delta_count),
            value=self._money(self.delta_value),
            ours=int(self.ours_count),
            ours_value=self._money(self.ours_value),
            gap=f"{int(self.count_gap):+d}",
            value_gap=self._money(self.value_gap),
            slots=self._gap_slots(),
            vends=self._named_vends(),
        )

    def _gap_slots(self):
        gaps = self.slot_gaps or {}
        if not gaps:
            return ""
        listed = ", ".join(f"{code} {int(count):+d}" for code, (count, _v) in gaps.items())
        return _lt(" (slots: %s)", listed)

    def _named_vends(self):
        """The vends that may explain a gap: those in doubt first, then those of its slots."""
        vends = self._vends_around()
        slots = self.slot_gaps or {}
        ordered = vends.sorted(
            lambda v: (v.state not in SUSPECT, v.slot_code not in slots, v.moment, v.id)
        )
        listed = [
            f"{vend.name} {vend.slot_code} {vend.moment:%m-%d %H:%M} {vend.state}"
            for vend in ordered[:NAMED]
        ]
        more = len(vends) - NAMED
        words = ", ".join(listed) + (f" … +{more}" if more > 0 else "")
        return words or _lt("none")

    def _vends_around(self):
        """Vends between the two readings, and shortly before and after."""
        room = timedelta(minutes=10)
        return self.env["wine.vend"].search(self._around(room))

    def _around(self, room):
        start = self.previous_id.moment or self.moment
        return [
            ("machine_id", "=", self.machine_id.id),
            ("moment", ">=", start - room),
            ("moment", "<=", self.moment + room),
        ]

    def _money(self, amount):
        return self._format(amount, self.currency_id)

    def _format(self, amount, currency):
        return formatLang(self.env, float(amount), currency_obj=currency)

    def action_view_vends(self):
        """The vends around a gap."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("wine_vending.wine_vend_action")
        return {**action, "domain": self._around(timedelta(minutes=10)), "context": {}}

    def action_compare_again(self):
        """Compare now, without waiting for the scheduled action."""
        self.machine_id.check_access("write")
        self.sudo()._compare()
        return True

    # === THE TABLE OF SLOTS === #

    @api.depends("slots", "slot_gaps", "previous_id")
    def _compute_slot_table(self):
        for reading in self:
            reading.slot_table = self.env["ir.qweb"]._render(
                "wine_vending.counter_slot_table", {"rows": reading._slot_rows()}
            )

    def _slot_rows(self):
        digits = self.currency_id.decimal_places
        before = self.previous_id.slots or {}
        rows = []
        for code, (count, value) in sorted((self.slots or {}).items()):
            gap = (self.slot_gaps or {}).get(code)
            rows.append(
                {
                    "code": code,
                    "count": int(count),
                    "value": self._money(from_minor(int(value), digits)),
                    "since": int(count) - int(before[code][0]) if code in before else None,
                    "gap": f"{int(gap[0]):+d}" if gap else "",
                    "value_gap": self._money(from_minor(int(gap[1]), digits)) if gap else "",
                }
            )
        return rows


class WineMachine(models.Model):
    """Readings of a machine: asked for, uploaded, sent."""

    _inherit = "wine.machine"

    counter_read_at = fields.Datetime("Counters last read", readonly=True, copy=False)
    counter_stale = fields.Boolean(readonly=True, copy=False)
    audit_serial = fields.Char(
        "Serial number in audit files",
        copy=False,
        help="What its audit files say (ID1), where that is not the serial number on the plate.",
    )
    counter_gap_count = fields.Integer("Open gaps", compute="_compute_counter_gap_count")

    _audit_serial_unique = models.UniqueIndex(
        "(audit_serial) WHERE audit_serial IS NOT NULL",
        "Another machine has this serial number in its audit files.",
    )

    def _compute_counter_gap_count(self):
        counts = dict(
            self.env["wine.case"]._read_group(
                [
                    ("machine_id", "in", self.ids),
                    ("kind", "=", "counter"),
                    ("state", "=", "open"),
                ],
                ["machine_id"],
                ["__count"],
            )
        )
        for machine in self:
            machine.counter_gap_count = counts.get(machine, 0)

    def action_view_counters(self):
        return self._action_of("wine_vending.wine_counter_snapshot_action")

    def action_request_counters(self):
        """Ask the machine for its counters; it answers by ``counter.snapshot``."""
        return self._request("counter.request")

    def action_upload_audit(self):
        """Choose an audit file, look at what it says, take it in."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_vending.wine_counter_upload_action"
        )
        return {**action, "context": {"default_machine_id": self.id}}

    def _read_audit(self, raw):
        """Read an audit file of this machine.

        :param bytes raw: the file
        :return: (``eva_dts.Audit`` or None, list of what forbids taking it in)
        """
        self.ensure_one()
        try:
            audit = eva_dts.parse(raw)
        except eva_dts.EvaError as error:
            return None, [error.args[0]]
        problems = [
            _lt("line %(line)s, “%(text)s”: %(why)s", line=b.number, text=b.text, why=b.why)
            for b in audit.broken[:50]
        ]
        if audit.checksum == "wrong":
            problems += [r for r in audit.remarks if isinstance(r, Told) and "checksum" in r.source]
        if audit.count is None:
            problems.append(_lt("it has neither a total (VA1) nor selections (PA1, PA2)"))
        return audit, problems + self._foreign(audit)

    def _foreign(self, audit):
        """Why this is not a file of this machine, as a list."""
        wanted = (self.audit_serial or self.serial or "").strip()
        problems = []
        if audit.serial.casefold() != wanted.casefold():
            problems.append(
                _lt(
                    "it is of the machine with serial number %(found)s; %(machine)s has "
                    "%(wanted)s. Choose its own file, or write the number into “Serial number in "
                    "audit files” of the machine.",
                    found=audit.serial or "–",
                    machine=self.name,
                    wanted=wanted,
                )
            )
        currency = audit.currency
        if currency and currency.isalpha() and currency != self.currency_id.name:
            problems.append(
                _lt(
                    "it counts in %(found)s; the machine's company keeps %(wanted)s",
                    found=currency,
                    wanted=self.currency_id.name,
                )
            )
        return problems

    def _take_audit(self, raw, name, received=None, **values):
        """Take a whole audit file in, or none of it.

        :param bytes raw: the file; the same one again changes nothing
        :return: the ``wine.counter.snapshot``
        :raise UserError: it is damaged or not of this machine; the text names every line
        """
        audit, problems = self._read_audit(raw)
        if problems:
            told = "\n".join(read_told(self.env, problem) for problem in problems)
            raise UserError(self.env._("%(file)s was not taken in:\n%(why)s", file=name, why=told))
        vals = self._audit_vals(audit, received or fields.Datetime.now())
        digest = hashlib.sha256(raw).hexdigest()
        return self.env["wine.counter.snapshot"]._take(
            [{**vals, "identity": f"file-{digest}", **values}]
        )

    def _audit_vals(self, audit, received):
        digits = self.currency_id.decimal_places
        places = digits if audit.decimals is None else audit.decimals

        def money(units):
            return from_minor(units, places)

        moment, remarks = self._audit_moment(audit, received), list(audit.remarks)
        return {
            "machine_id": self.id,
            "source": "eva_dts",
            "moment": moment,
            "board": audit.board,
            "initialised": audit.initialised,
            "count": audit.count,
            "value": money(audit.value),
            "cash_value": money(audit.cash[1]) if audit.cash else 0,
            "cashless_value": money(audit.cashless[1]) if audit.cashless else 0,
            "slots": {
                product.code: [product.count, to_minor(money(product.value), digits)]
                for product in audit.products.values()
            },
            "kept": "\n".join("*".join((line.tag, *line.fields)) for line in audit.unknown),
            "remarks": "\n".join(read_told(self.env, remark) for remark in remarks),
        }

    def _audit_moment(self, audit, received):
        """The machine's clock where it can be trusted (as for events), else when it arrived."""
        if audit.moment is None:
            return received
        moment = self.region_id._to_utc(audit.moment)
        return moment if received - OLDEST <= moment <= received + AHEAD else received


class WineCase(models.Model):
    _inherit = "wine.case"

    snapshot_id = fields.Many2one(
        "wine.counter.snapshot", "Counter reading", readonly=True, index="btree_not_null"
    )
