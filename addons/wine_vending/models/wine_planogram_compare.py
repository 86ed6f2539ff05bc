# SPDX-License-Identifier: LGPL-3.0-or-later
from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_amount

from ..core.money import from_minor
from ..core.planogram_diff import diff

HEAD = Markup(
    '<table class="table table-sm mb-0"><thead><tr><th scope="col">{}</th><th scope="col">{}</th>'
    '<th scope="col">{}</th></tr></thead><tbody>{}</tbody></table>'
)
ROW = Markup('<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>')


class WinePlanogram(models.Model):
    """What a version changes, as a person reads it: slot by slot, before and after."""

    _inherit = "wine.planogram"

    change_count = fields.Integer("Slots that change", compute="_compute_changes")
    change_html = fields.Html("Changes", compute="_compute_changes", sanitize=False)
    compared_id = fields.Many2one(
        "wine.planogram",
        "Compared with",
        compute="_compute_changes",
        help="A published version is compared with the one before it, others with the one that "
        "stands.",
    )

    @api.depends(
        "state",
        "machine_id.planogram_id",
        "line_ids.slot_id",
        "line_ids.product_id",
        "line_ids.price",
        "line_ids.capacity",
        "line_ids.par",
        "line_ids.enabled",
    )
    def _compute_changes(self):
        for planogram in self:
            before = planogram._compare_with()
            changes = diff(before.line_ids._layout(), planogram.line_ids._layout())
            planogram.compared_id = before
            planogram.change_count = len(changes)
            planogram.change_html = planogram._changes_html(changes)

    def _compare_with(self):
        """The version that stands; for that one, its predecessor."""
        self.ensure_one()
        standing = self.machine_id.planogram_id
        if standing != self._origin:
            return standing
        return self.machine_id.planogram_ids.filtered(
            lambda other: 0 < other.version < self.version
        ).sorted("version")[-1:]

    def _changes_html(self, changes):
        """Table of changes (list of Change by slot id); empty where there are none."""
        if not changes:
            return False
        slots = {
            slot.id: slot
            for slot in self.env["wine.machine.slot"].browse(change.slot for change in changes)
        }
        changes = sorted(
            changes, key=lambda change: (slots[change.slot].row, slots[change.slot].column)
        )
        rows = Markup().join(
            ROW.format(
                slots[change.slot].code,
                self._lane_text(change.before, change.fields),
                self._lane_text(change.after, change.fields),
            )
            for change in changes
        )
        return HEAD.format(self.env._("Slot"), self.env._("Before"), self.env._("After"), rows)

    def _lane_text(self, lane, names):
        """What a reader needs of a lane: its product, and of the rest what differs."""
        if lane is None:
            return self.env._("empty")
        parts = [self.env["product.product"].browse(lane.product).display_name]
        if "price" in names:
            price = from_minor(lane.price, self.currency_id.decimal_places)
            parts.append(format_amount(self.env, float(price), self.currency_id))
        if "capacity" in names:
            parts.append(self.env._("capacity %s", lane.capacity))
        if "par" in names:
            parts.append(self.env._("par %s", lane.par))
        if "enabled" in names and (not lane.enabled or len(names) < 5):
            parts.append(self.env._("on sale") if lane.enabled else self.env._("switched off"))
        return " · ".join(parts)
