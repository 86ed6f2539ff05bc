# SPDX-License-Identifier: LGPL-3.0-or-later
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core.placement import placement_at

STATES = [
    ("draft", "Not counted"),
    ("counted", "Counted"),
    ("posted", "Booked"),
    ("corrected", "Corrected"),
]
#: target → states from which it may be reached
STATE_FROM = {
    "counted": ("draft",),
    "posted": ("draft", "counted"),
    "corrected": ("posted",),
}
SOURCES = [("phone", "Phone"), ("machine", "Machine"), ("manual", "Back office")]
#: what was reported; frozen once it is in the books
FACTS = {
    "kind",
    "machine_id",
    "visit_id",
    "user_id",
    "moment",
    "bag",
    "counted_coins",
    "counted_notes",
    "float_left",
    "left_known",
}
#: only code of this addon holds this object; a context that comes from outside cannot
_FLOW = object()


class WineCashCollection(models.Model):
    """Cash taken out of a machine, or change put into it: who, when, how much, how much it missed.

    **draft** (a sealed bag that nobody has counted) → **counted** (waits for the count in the safe,
    where the region asks for one) → **booked** → perhaps **corrected** by another collection that
    names it. Two witnesses report, the phone and the machine's own ``cash.collected``: the first
    one is booked, the second one compared; a difference between them is a case.

    What should be in the bag is the sum of the cash sales that lie before its moment and that no
    earlier collection has: each such payment is claimed by the collection, for ever. A sale that
    the machine reports only afterwards but made before is claimed late, by an entry of its own: it
    explains money that seemed too much, instead of missing in the next bag.

    Booking is one entry: the safe gets what was counted, the machines of the region give what
    should be there, the difference goes to gain or loss. It carries the business date, or the first
    open day after a lock date. While the day's session is still open its sales are not in the
    ledger yet, so the account of the machines may be below zero until the session closes; what is
    in the machines is always: balance of the account + cash of open sessions.

    Nothing booked is edited. A correction takes the entries back and books anew.
    """

    _name = "wine.cash.collection"
    _description = "Cash collection"
    _inherit = ["mail.thread", "wine.reach"]
    _order = "moment desc, id desc"
    _check_company_auto = True

    name = fields.Char("Number", required=True, readonly=True, copy=False, default="/")
    uuid = fields.Char(
        "UUID", required=True, readonly=True, copy=False, default=lambda self: str(uuid4())
    )
    kind = fields.Selection(
        [("collection", "Cash taken out"), ("float", "Change put in")],
        required=True,
        default="collection",
    )
    state = fields.Selection(
        STATES,
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    machine_id = fields.Many2one("wine.machine", required=True, index=True, ondelete="restrict")
    region_id = fields.Many2one(
        "wine.region",
        required=True,
        index=True,
        compute="_compute_region",
        store=True,
        precompute=True,
        help="Taken from the machine once; a machine that moves leaves its collections.",
    )
    company_id = fields.Many2one(related="region_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    visit_id = fields.Many2one("wine.visit", index="btree_not_null", ondelete="restrict")
    user_id = fields.Many2one("res.users", index="btree_not_null")
    collector = fields.Char(
        "Collected by", compute="_compute_collector", store=True, readonly=True, index=True
    )
    reported_by = fields.Char("Name as reported", readonly=True, copy=False)
    moment = fields.Datetime(
        "Taken at", required=True, index=True, default=lambda self: fields.Datetime.now()
    )
    clock_trusted = fields.Boolean(
        "Machine's clock used",
        readonly=True,
        copy=False,
        default=True,
        help="Where a machine's clock cannot be trusted, the time is that of receipt.",
    )
    business_date = fields.Date(compute="_compute_business_date", store=True, precompute=True)
    device_epoch = fields.Integer("Epoch of the machine", readonly=True, copy=False)
    device_seq = fields.Float("Number at the machine", digits=(16, 0), readonly=True, copy=False)
    source = fields.Selection(SOURCES, required=True, readonly=True, default="manual")
    bag = fields.Char("Sealed bag", copy=False, index="btree_not_null")
    # what was found
    counted_coins = fields.Monetary("Coins")
    counted_notes = fields.Monetary("Notes")
    counted = fields.Monetary(compute="_compute_counted", store=True, help="Coins and notes.")
    left_known = fields.Boolean(
        "Change was counted", help="Else the change in the machine stays what it was."
    )
    float_left = fields.Monetary("Change left in the machine")
    # what should be there
    claimed_at = fields.Datetime(
        "Sales claimed at", readonly=True, copy=False, help="When the sales before it were summed."
    )
    sales = fields.Monetary("Cash sales", readonly=True, copy=False)
    float_before = fields.Monetary("Change before", readonly=True, copy=False)
    float_after = fields.Monetary("Change after", readonly=True, copy=False)
    change_region_id = fields.Many2one(
        "wine.region",
        readonly=True,
        copy=False,
        help="Where the machine stood when the change in it was counted anew.",
    )
    expected = fields.Monetary(
        compute="_compute_difference",
        store=True,
        help="Cash sales before it, less what was added to the change that stays.",
    )
    late = fields.Monetary(
        "Late sales",
        readonly=True,
        copy=False,
        help="Sales made before it that the machine reported only after it was booked.",
    )
    difference = fields.Monetary(
        compute="_compute_difference", store=True, help="Found, less what should be there."
    )
    is_off = fields.Boolean("Above the tolerance", compute="_compute_difference", store=True)
    meter = fields.Monetary("Machine's own meter", readonly=True, copy=False)
    meter_known = fields.Boolean(readonly=True, copy=False)
    meter_difference = fields.Monetary(
        "Meter against sales",
        compute="_compute_difference",
        store=True,
        help="The cash that the machine counted itself, less the cash sales that we know.",
    )
    reason = fields.Char("Reason for the difference", tracking=True)
    # the second witness
    compared_uuid = fields.Char(readonly=True, copy=False)
    compared_source = fields.Selection(SOURCES, "Compared with", readonly=True, copy=False)
    compared_counted = fields.Monetary("The other count", readonly=True, copy=False)
    compared_at = fields.Datetime("The other's time", readonly=True, copy=False)
    # counted again in the safe
    safe_counted = fields.Monetary(
        "Counted in the safe", copy=False, help="What was in the bag when the safe opened it."
    )
    safe_difference = fields.Monetary(
        "On the way to the safe", compute="_compute_difference", store=True
    )
    checked_by_id = fields.Many2one("res.users", "Counted again by", readonly=True, copy=False)
    checked_at = fields.Datetime("Counted again at", readonly=True, copy=False)
    # the books
    move_ids = fields.One2many("account.move", "wine_collection_id", "Entries", readonly=True)
    payment_ids = fields.One2many("pos.payment", "wine_collection_id", "Sales in it", readonly=True)
    case_ids = fields.One2many("wine.case", "collection_id", "Cases", readonly=True)
    case_count = fields.Integer("Open cases", compute="_compute_case_count")
    corrects_id = fields.Many2one(
        "wine.cash.collection", readonly=True, copy=False, index="btree_not_null"
    )
    corrected_by_ids = fields.One2many("wine.cash.collection", "corrects_id", "Corrected by")

    _uuid_unique = models.Constraint("UNIQUE(uuid)", "This collection is already known.")
    _compared_unique = models.UniqueIndex(
        "(compared_uuid) WHERE compared_uuid IS NOT NULL", "This report was already compared."
    )
    _bag_unique = models.UniqueIndex(
        "(company_id, bag) WHERE bag IS NOT NULL AND state <> 'corrected'",
        "Another collection has this bag number. Read the seal again.",
    )
    _one_correction = models.UniqueIndex(
        "(corrects_id) WHERE corrects_id IS NOT NULL AND state <> 'corrected'",
        "This collection is already being corrected.",
    )
    _by_machine = models.Index("(machine_id, moment)")
    _not_negative = models.Constraint(
        "CHECK(counted_coins >= 0 AND counted_notes >= 0 AND float_left >= 0)",
        "Counted amounts cannot be negative.",
    )

    # === COMPUTE === #

    @api.depends("machine_id")
    def _compute_region(self):
        """The region where the machine stood when the cash was taken, kept from then on."""
        moved = self.machine_id.filtered("moved_at").ids
        stays = self.env["wine.machine.placement"]._stays(moved) if moved else {}
        for collection in self:
            stay = placement_at(stays.get(collection.machine_id.id, ()), collection.moment)
            collection.region_id = (
                collection.region_id.id
                or (stay and stay.region_id)
                or collection.machine_id.region_id.id
            )

    @api.depends("user_id", "reported_by")
    def _compute_collector(self):
        for collection in self:
            collection.collector = collection.user_id.name or collection.reported_by

    @api.depends("moment", "region_id")
    def _compute_business_date(self):
        for collection in self:
            collection.business_date = collection.region_id._business_day(collection.moment)

    @api.depends("counted_coins", "counted_notes")
    def _compute_counted(self):
        for collection in self:
            collection.counted = collection.counted_coins + collection.counted_notes

    @api.depends(
        "kind",
        "state",
        "counted",
        "sales",
        "late",
        "float_before",
        "float_after",
        "safe_counted",
        "checked_at",
        "meter",
        "meter_known",
    )
    def _compute_difference(self):
        for collection in self:
            known = collection.kind == "collection" and collection.state in ("counted", "posted")
            checked = collection.checked_at
            rounded = collection.currency_id.round
            expected = collection.sales + collection.float_before - collection.float_after
            found = collection.safe_counted if checked else collection.counted
            collection.expected = rounded(expected) if collection.kind == "collection" else 0
            collection.difference = rounded(found - expected - collection.late) if known else 0
            collection.is_off = abs(collection.difference) > collection.region_id.cash_tolerance
            collection.safe_difference = (
                rounded(collection.safe_counted - collection.counted) if checked and known else 0
            )
            collection.meter_difference = (
                rounded(collection.meter - collection.sales - collection.late)
                if collection.meter_known and collection.kind == "collection"
                else 0
            )

    @api.depends("case_ids.state")
    def _compute_case_count(self):
        for collection in self:
            collection.case_count = len(collection.case_ids.filtered(lambda c: c.state == "open"))

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        collections = super().create(vals_list)
        numbers = self.env["ir.sequence"].sudo()
        for collection in collections.sudo():
            collection._write_flow({"name": numbers.next_by_code("wine.cash.collection")})
        return collections

    def write(self, vals):
        inside = self.env.context.get("wine_flow") is _FLOW
        if not inside and "state" in vals:
            raise UserError(self.env._("What is booked follows the buttons, not the state."))
        if not inside and vals.keys() & FACTS and any(c.claimed_at for c in self):
            raise UserError(
                self.env._(
                    "%s is booked and is not edited. Correct it: the entries are taken back and "
                    "booked anew.",
                    next(c.name for c in self if c.claimed_at),
                )
            )
        if not inside and "safe_counted" in vals and any(c.checked_at for c in self):
            raise UserError(self.env._("It has been counted again already. Correct it instead."))
        return super().write(vals)

    def _check_reach(self, vals_list):
        """What is computed is a figure of the ledger as well: nobody writes it."""
        result = super()._check_reach(vals_list)
        for name in set() if self.env.su else set().union(*vals_list):
            field = self._fields.get(name)
            if field and field.compute and field.readonly:
                raise AccessError(
                    self.env._("%s follows from the counts.", field._description_string(self.env))
                )
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_only_unbooked(self):
        for collection in self:
            if collection.claimed_at or collection.source != "manual":
                raise UserError(
                    self.env._(
                        "%s has happened and cannot be deleted. Correct it instead.",
                        collection.name,
                    )
                )

    def _set_state(self, target, **values):
        """Move on where the present state allows it; doing it again changes nothing.

        :return: the collections that moved
        """
        moving = self.filtered(lambda c: c.state in STATE_FROM[target])
        moving._write_flow({"state": target, **values})
        return moving

    def _write_flow(self, values):
        return self.with_context(wine_flow=_FLOW).write(values)

    def _check_treasury(self):
        """:raise AccessError: the user is neither finance nor platform administrator"""
        self.check_access("write")
        if not self.env.su and not self.env.user.has_groups(
            "wine_vending.group_wine_finance,wine_vending.group_wine_admin"
        ):
            raise AccessError(self.env._("The safe is counted by finance. Ask there."))
