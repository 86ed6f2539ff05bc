# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL, format_amount, format_datetime

KINDS = [
    ("not_applied", "Not applied"),
    ("price", "Price"),
    ("product", "Product"),
    ("layout", "On sale or not"),
    ("capacity", "Capacity"),
    ("error", "Error of the machine"),
    ("slot", "Slot out of order"),
    ("limit", "Beyond a price limit"),
]
#: machines that are to follow their planogram
IN_USE = ("commissioned", "active", "suspended")


class WineSlotDifference(models.Model):
    """Where a machine is not as it shall be: what is wanted, what it reports, since when.

    Kept, not computed at reading: a difference begins when it is first seen and ends, and goes,
    when machine and planogram agree again; "since" stays although the wanted value changes once
    more. What is compared: the lines of the published planogram with the lines of the version that
    the machine reports, its errors, the state of its slots; and the published prices with the
    limits of today. A machine behind its planogram has one line that says so, and one for each
    slot that differs.

    Nobody edits it. All machines of a publication are compared in one statement.
    """

    _name = "wine.slot.difference"
    _description = "Difference between planogram and machine"
    _order = "machine_id, since, slot_row, slot_column, id"

    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one(related="machine_id.region_id", store=True, index=True)
    currency_id = fields.Many2one(related="machine_id.currency_id")
    slot_id = fields.Many2one(
        "wine.machine.slot", "Lane", readonly=True, index=True, ondelete="cascade"
    )
    slot_code = fields.Char("Slot", required=True, readonly=True, default="")
    slot_row = fields.Integer(related="slot_id.row", store=True)
    slot_column = fields.Integer(related="slot_id.column", store=True)
    product_id = fields.Many2one("product.product", "Wanted product", readonly=True, index=True)
    kind = fields.Selection(KINDS, required=True, readonly=True, index=True)
    code = fields.Char("Error code", required=True, readonly=True, default="")
    wanted = fields.Char("Wanted value", readonly=True, help="As stored, for no reader.")
    reported = fields.Char("Reported value", readonly=True, help="As stored, for no reader.")
    limit_id = fields.Many2one("wine.price.limit", readonly=True, index=True, ondelete="set null")
    since = fields.Datetime(required=True, readonly=True, index=True)
    wanted_text = fields.Char("Wanted", compute="_compute_texts")
    reported_text = fields.Char("Reported", compute="_compute_texts")
    is_mine = fields.Boolean("In my region", compute="_compute_is_mine", search="_search_is_mine")
    wanted_version = fields.Integer(related="machine_id.wanted_version")
    reported_version = fields.Integer(related="machine_id.reported_version")
    vend_count = fields.Integer(
        "Sold otherwise",
        compute="_compute_vend_count",
        help="Vends of this slot since then at another price, product or version than planned.",
    )

    _key = models.UniqueIndex("(machine_id, slot_code, kind, code)")

    @api.depends("machine_id.name", "slot_code", "kind")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for row in self:
            row.display_name = f"{row.machine_id.name} {row.slot_code}: {labels.get(row.kind, '')}"

    @api.depends("kind", "wanted", "reported", "code")
    def _compute_texts(self):
        for row in self:
            row.wanted_text = row._text(row.wanted)
            row.reported_text = row._text(row.reported)

    def _text(self, value):
        """A stored value in the reader's words, with its unit."""
        if value is None or value is False:
            return self.env._("nothing") if self.kind in ("product", "layout") else ""
        return getattr(self, f"_text_{self.kind}")(value)

    def _text_not_applied(self, value):
        return self.env._("version %s", value) if int(value) else self.env._("no version yet")

    def _text_price(self, value):
        return format_amount(self.env, float(value), self.currency_id)

    def _text_product(self, value):
        return self.env["product.product"].browse(int(value)).display_name

    def _text_layout(self, value):
        return self.env._("on sale") if value == "on" else self.env._("not on sale")

    def _text_capacity(self, value):
        capacity, par = value.split("/")
        return self.env._("capacity %(capacity)s, par %(par)s bottles", capacity=capacity, par=par)

    def _text_error(self, value):
        return value

    def _text_slot(self, value):
        states = dict(
            self.env["wine.machine.slot"]._fields["state"]._description_selection(self.env)
        )
        return states.get(value, value)

    def _text_limit(self, value):
        amount = self._text_price(value.lstrip("<>"))
        if value[0] == ">":
            return self.env._("at least %s", amount)
        return self.env._("at most %s", amount) if value[0] == "<" else amount

    def _compute_is_mine(self):
        mine = self.filtered_domain(self._search_is_mine("in", [True]))
        for row in self:
            row.is_mine = row in mine

    @api.model
    def _search_is_mine(self, operator, value):
        """In a region that the reader runs or serves, or below it."""
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        user = self.env.user
        regions = user.wine_region_ids | user.wine_service_region_ids
        return [("region_id", "child_of", regions.ids)]

    def _compute_vend_count(self):
        self.env["wine.vend"].flush_model(["slot_id", "flag", "moment"])
        rows = self.env.execute_query(
            SQL(
                """SELECT row.id, count(*)
                     FROM wine_slot_difference row
                     JOIN wine_vend vend ON vend.slot_id = row.slot_id
                      AND vend.flag IS NOT NULL AND vend.moment >= row.since
                    WHERE row.id IN %s
                    GROUP BY row.id""",
                self._ids or (0,),
            )
        )
        counts = dict(rows)
        for row in self:
            row.vend_count = counts.get(row.id, 0)

    def _vend_domain(self):
        return [
            ("slot_id", "=", self.slot_id.id),
            ("flag", "!=", False),
            ("moment", ">=", self.since),
        ]

    # === ACTIONS === #

    def action_resend(self):
        """Send the published planograms of these machines once more; harmless if repeated."""
        machines = self.machine_id
        machines.check_access("write")
        machines.sudo()._publish_desired()  # the outbox is the bridge's
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Sent again to %s machines. They leave the list when they report it.",
                    len(machines),
                ),
            },
        }

    def action_open_machine(self):
        self.ensure_one()
        return self.machine_id.get_formview_action()

    def action_view_vends(self):
        """The vends that are evidence of the difference."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wine_vending.wine_vend_action")
        action["domain"] = self._vend_domain()
        action["context"] = {}
        return action


class WineMachine(models.Model):
    """What differs, kept up to date for any number of machines in one statement."""

    _inherit = "wine.machine"

    reported_at = fields.Datetime("Applied version reported", copy=False, readonly=True)
    reported_sha256 = fields.Char("Digest of the applied version", copy=False, readonly=True)
    reported_errors = fields.Json(copy=False, readonly=True)
    difference_ids = fields.One2many("wine.slot.difference", "machine_id", "What differs")
    difference_count = fields.Integer("Differences", compute="_compute_difference_count")
    planogram_line = fields.Char("Planogram now", compute="_compute_planogram_line")

    def _compute_difference_count(self):
        counts = dict(
            self.env["wine.slot.difference"]._read_group(
                [("machine_id", "in", self.ids)], ["machine_id"], ["__count"]
            )
        )
        for machine in self:
            machine.difference_count = counts.get(machine, 0)

    @api.depends("planogram_id.applied_at", "planogram_id.published_at", "reported_version")
    def _compute_planogram_line(self):
        for machine in self:
            machine.planogram_line = machine._planogram_words()

    def action_view_differences(self):
        return self._action_of("wine_vending.wine_slot_difference_action")

    def _planogram_words(self):
        """One line: which version is wanted, since when, whether the machine has it."""
        wanted = self.planogram_id
        if not wanted:
            return self.env._("none published yet")
        values = {
            "wanted": wanted.version,
            "applied": self.reported_version,
            "published": format_datetime(self.env, wanted.published_at, dt_format="short"),
        }
        if self.in_sync:
            when = wanted.applied_at or wanted.published_at
            values["when"] = format_datetime(self.env, when, dt_format="short")
            return self.env._("version %(wanted)s, applied %(when)s", **values)
        if not self.reported_version:
            return self.env._(
                "version %(wanted)s, published %(published)s, never applied yet", **values
            )
        return self.env._(
            "version %(wanted)s, published %(published)s; the machine still has %(applied)s",
            **values,
        )
