# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core import counters
from ..core.money import from_minor, to_minor

SOURCES = [("meter", "Meter"), ("eva_dts", "Audit file"), ("phone", "Staff")]
KINDS = [
    ("first", "First reading"),
    ("delta", "Counted on"),
    ("rollover", "Overflowed"),
    ("reset", "Initialised anew"),
    ("swap", "Board replaced"),
    ("backwards", "Went backwards"),
]
VERDICTS = [("first", "First"), ("equal", "Agrees"), ("gap", "Gap")]
#: how near a reading a sale may be counted on either side of it, by source of the reading
NEAR = {
    "meter": timedelta(minutes=2),
    "phone": timedelta(minutes=10),
    "eva_dts": timedelta(minutes=10),
}
#: a late event never explains a gap that is older
REMEMBER = timedelta(days=60)
#: what a comparison writes; everything else of a reading is a fact
RESULTS = {
    "previous_id",
    "kind",
    "verdict",
    "delta_count",
    "delta_value",
    "ours_count",
    "ours_value",
    "count_gap",
    "value_gap",
    "slot_gaps",
    "compared_at",
}


class WineCounterSnapshot(models.Model):
    """Counters of a machine at one moment, and whether the sales in between explain them.

    A machine counts every vend since it was initialised. Two readings of the same kind, the meter
    by the machine or by staff, or the audit file of its board, are compared: the counters moved on
    by as much as we sold, or there is a **gap**. An overflow is reckoned with; after an
    initialisation or a swap of the board the new counters say what was sold at least. A gap is a
    case that names the vends around it. Sales that arrive late are compared again by a scheduled
    action, and a case that they explain is closed. A reading that itself arrives late is put in
    its place, and the next one is compared anew.

    Readings are facts: nobody edits them and nobody deletes them. Counters of slots are kept as one
    value, ``{code: [count, value in minor units]}``, for a machine has sixty of them a day.
    """

    _name = "wine.counter.snapshot"
    _description = "Counter reading"
    _inherit = ["wine.reach"]
    _order = "moment desc, id desc"

    identity = fields.Char(required=True, readonly=True)
    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="restrict"
    )
    region_id = fields.Many2one("wine.region", required=True, readonly=True, index=True)
    company_id = fields.Many2one(related="region_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    source = fields.Selection(SOURCES, required=True, readonly=True)
    stream = fields.Char(compute="_compute_stream", store=True, precompute=True)
    moment = fields.Datetime("Read at", required=True, readonly=True)
    received_at = fields.Datetime(
        "Received", readonly=True, default=lambda self: fields.Datetime.now()
    )
    clock_trusted = fields.Boolean(
        "Machine's clock used",
        readonly=True,
        default=True,
        help="Where a machine's clock cannot be trusted, the time is that of receipt.",
    )
    user_id = fields.Many2one("res.users", "Read by", readonly=True)
    device_epoch = fields.Integer("Epoch of the machine", readonly=True)
    device_seq = fields.Float("Number at the machine", digits=(16, 0), readonly=True)
    board = fields.Char("Control board", readonly=True)
    initialised = fields.Char("Initialised at", readonly=True, help="As the machine writes it.")
    count = fields.Float("Vends", digits=(16, 0), readonly=True)
    value = fields.Monetary("Sales", readonly=True)
    cash_value = fields.Monetary("of it cash", readonly=True)
    cashless_value = fields.Monetary("of it cashless", readonly=True)
    slots = fields.Json("Counters of slots", readonly=True)
    file = fields.Binary(readonly=True, attachment=True)
    file_name = fields.Char(readonly=True)
    kept = fields.Text("Blocks not used", readonly=True)
    remarks = fields.Text(readonly=True)
    # the comparison with the reading before
    previous_id = fields.Many2one("wine.counter.snapshot", "Reading before", readonly=True)
    kind = fields.Selection(KINDS, "Counters", readonly=True)
    verdict = fields.Selection(VERDICTS, "Compared", readonly=True, index=True)
    delta_count = fields.Float("Vends since", digits=(16, 0), readonly=True)
    delta_value = fields.Monetary("Sales since", readonly=True)
    ours_count = fields.Float("Vends known", digits=(16, 0), readonly=True)
    ours_value = fields.Monetary("Sales known", readonly=True)
    count_gap = fields.Float("Gap (vends)", digits=(16, 0), readonly=True)
    value_gap = fields.Monetary("Gap (money)", readonly=True)
    slot_gaps = fields.Json(readonly=True)
    compared_at = fields.Datetime("Compared at", readonly=True)
    case_ids = fields.One2many("wine.case", "snapshot_id", "Cases", readonly=True)
    slot_table = fields.Html(compute="_compute_slot_table", sanitize=False)

    _identity_unique = models.UniqueIndex(
        "(machine_id, identity)", "This reading is already known."
    )
    _to_compare = models.Index("(id) WHERE compared_at IS NULL")
    _in_order = models.Index("(machine_id, stream, moment, id)")

    # === COMPUTE === #

    @api.depends("source")
    def _compute_stream(self):
        for reading in self:
            reading.stream = "file" if reading.source == "eva_dts" else "meter"

    @api.depends("machine_id.name", "moment")
    def _compute_display_name(self):
        for reading in self:
            moment = fields.Datetime.to_string(reading.moment) or ""
            reading.display_name = f"{reading.machine_id.name} {moment[:16]}"

    # === CRUD === #

    def write(self, vals):
        if vals.keys() - RESULTS:
            raise UserError(self.env._("What a machine counted is not edited."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What a machine counted is not deleted."))

    # === TAKING IN === #

    @api.model
    def _take(self, vals_list, compare=True):
        """Keep readings and compare them; one that is known changes nothing.

        :param list[dict] vals_list: values of readings; ``identity`` and ``machine_id`` name them
        :param bool compare: now; else the scheduled action is asked to do it
        :return: the readings, new and known, in the order of ``vals_list``
        """
        Reading = self.sudo()
        machines = [vals["machine_id"] for vals in vals_list]
        identities = [vals["identity"] for vals in vals_list]
        found = Reading.search([("machine_id", "in", machines), ("identity", "in", identities)])
        known = {(r.machine_id.id, r.identity): r for r in found}
        fresh = {}
        for vals in vals_list:
            key = (vals["machine_id"], vals["identity"])
            if key not in known:
                machine = self.env["wine.machine"].browse(vals["machine_id"])
                fresh[key] = {"region_id": machine.region_id.id, **vals}
        created = Reading.create(list(fresh.values()))
        known.update({(r.machine_id.id, r.identity): r for r in created})
        for machine, readings in created.grouped("machine_id").items():
            newest = max(readings.mapped("moment"))
            if not machine.counter_read_at or machine.counter_read_at < newest:
                machine.sudo().counter_read_at = newest
        if compare:
            (created | created._next())._compare()
        elif created:
            self.env.ref("wine_vending.cron_compare_counters")._trigger()
        return self.browse([known[vals["machine_id"], vals["identity"]].id for vals in vals_list])

    def _before(self):
        """The reading of the same kind before this one."""
        self.ensure_one()
        return self.search(
            [
                ("machine_id", "=", self.machine_id.id),
                ("stream", "=", self.stream),
                ("id", "!=", self.id),
                "|",
                ("moment", "<", self.moment),
                "&",
                ("moment", "=", self.moment),
                ("id", "<", self.id),
            ],
            order="moment desc, id desc",
            limit=1,
        )

    def _next(self):
        """The readings right after these ones, of the same kind each."""
        following = self.browse()
        for reading in self:
            following |= self.search(
                [
                    ("machine_id", "=", reading.machine_id.id),
                    ("stream", "=", reading.stream),
                    ("moment", ">", reading.moment),
                ],
                order="moment, id",
                limit=1,
            )
        return following

    def _reading(self):
        """This reading for the core: counters in minor units, of our slots alone."""
        digits = self.currency_id.decimal_places
        ours = set(self.machine_id.slot_ids.mapped("code"))
        return counters.Reading(
            int(self.count),
            to_minor(self.value, digits),
            {
                code: (int(count), int(value))
                for code, (count, value) in (self.slots or {}).items()
                if code in ours
            },
            self.device_epoch,
            self.board or "",
            self.initialised or "",
        )

    # === COMPARING === #

    def _compare(self):
        """Compare each with the one before it and with the sales in between."""
        for reading in self.sorted(lambda r: (r.moment, r.id)):
            before = reading._before()
            stepped, found = counters.explain(
                before._reading() if before else None,
                reading._reading(),
                reading._sales_since(before) if before else [],
            )
            reading._conclude(before, stepped, found)

    def _conclude(self, before, stepped, found):
        digits = self.currency_id.decimal_places
        backwards = stepped.kind == counters.BACKWARDS
        if stepped.kind == counters.FIRST:
            verdict = "first"
        else:
            verdict = "gap" if backwards or not found.explained else "equal"
        self.write(
            {
                "previous_id": before.id,
                "kind": stepped.kind,
                "verdict": verdict,
                "delta_count": stepped.count,
                "delta_value": from_minor(stepped.value, digits),
                "ours_count": found.ours_count,
                "ours_value": from_minor(found.ours_value, digits),
                "count_gap": found.count_gap,
                "value_gap": from_minor(found.value_gap, digits),
                "slot_gaps": {code: list(gap) for code, gap in sorted(found.slots.items())},
                "compared_at": fields.Datetime.now(),
            }
        )
        self._tell()

    def _sales_since(self, before):
        """Vends between two readings and near them, as the core takes them."""
        digits = self.currency_id.decimal_places
        return [
            counters.Sale(
                slot,
                int(count),
                to_minor(value, digits),
                inside=_after(vend, before) and not _after(vend, self),
                near=_near(vend, before) or _near(vend, self),
            )
            for slot, count, value, *vend in self._vends_since(before)
        ]

    def _vends_since(self, before):
        """[(slot, bottles, value, moment, epoch, seq)] with room for clocks that were wrong."""
        room = timedelta(days=2)
        free = self.source != "eva_dts"  # an audit file counts free vends apart
        self.env["wine.vend"].flush_model()
        return self.env.execute_query(
            SQL(
                """SELECT slot_code, qty_done,
                          CASE WHEN pay_kind = 'free' THEN 0
                               WHEN amount_captured > 0 THEN amount_captured
                               ELSE amount_total END,
                          moment, device_epoch, device_seq
                     FROM wine_vend
                    WHERE machine_id = %s AND qty_done > 0 AND pay_kind <> 'test'
                      AND (%s OR pay_kind <> 'free') AND moment BETWEEN %s AND %s""",
                self.machine_id.id,
                free,
                before.moment - room,
                self.moment + room,
            )
        )

    @api.model
    def _cron_compare_again(self):
        """Compare again what sales that arrived late may explain, or may not agree with."""
        since = fields.Datetime.now() - REMEMBER
        machines = self.env["wine.machine"].sudo().search([("counter_stale", "=", True)])
        domain = [("moment", ">", since), ("previous_id", "!=", False)]
        new = self.search([("compared_at", "=", False)])
        (new | new._next())._compare()
        open_ones = self.search([*domain, ("verdict", "=", "gap"), ("case_ids.state", "=", "open")])
        stale = self.search([*domain, ("machine_id", "in", machines.ids)])
        (open_ones | stale)._compare()
        machines.counter_stale = False


def _position(record):
    """(epoch, number) by which the device orders what it does, or None."""
    return (record.device_epoch, record.device_seq) if record.device_epoch else None


def _after(vend, reading):
    """Whether a vend (moment, epoch, seq) came after a reading: by numbers, else by clocks."""
    moment, epoch, seq = vend
    place = _position(reading)
    if place and epoch:
        return (epoch, float(seq)) > place
    return moment > reading.moment


def _near(vend, reading):
    """Whether clocks cannot tell on which side of a reading a vend was counted."""
    moment, epoch, _seq = vend
    if epoch and _position(reading):
        return False
    return abs(moment - reading.moment) <= NEAR[reading.source]
