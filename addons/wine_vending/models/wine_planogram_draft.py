# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..bulk import bulk_create
from ..core.money import from_minor
from ..core.planogram_diff import merge


class WinePlanogram(models.Model):
    """How drafts come to be: many at once, each with its whole layout."""

    _inherit = "wine.planogram"

    is_behind = fields.Boolean(compute="_compute_is_behind")

    @api.depends("state", "base_id", "machine_id.planogram_id")
    def _compute_is_behind(self):
        for planogram in self:
            base = planogram.base_id
            planogram.is_behind = (
                planogram.state == "draft"
                and bool(base)
                and base.machine_id == planogram.machine_id
                and base != planogram.machine_id.planogram_id
            )

    @api.model_create_multi
    def create(self, vals_list):
        planograms = super().create(vals_list)
        for planogram in planograms.sudo():  # where it was started from is not edited
            planogram.base_id = planogram.base_id or planogram.machine_id.planogram_id
        return planograms

    @api.model
    def _make_drafts(self, plans):
        """Drafts of many machines with their lines, a few statements whatever their number.

        The lines are not checked here: a draft may be started from a layout that breaks a limit of
        today, to be mended. Publishing checks.

        :param list[dict] plans: machine, lines (values as :meth:`_values` gives them), and where
            the content is another planogram's, source
        :return: the drafts, in order, in the caller's environment
        :raise AccessError: a machine that the user does not manage
        """
        self.check_access("create")
        drafts = self.sudo().create(
            [
                {
                    "machine_id": plan["machine"].id,
                    "base_id": plan["machine"].sudo().planogram_id.id,
                    "source_id": plan["source"].id if plan.get("source") else False,
                }
                for plan in plans
            ]
        )
        mine = drafts.with_env(self.env)
        mine.check_access("write")
        for draft, plan in zip(drafts, plans, strict=True):
            plan["draft"] = draft
        drafts._make_lines([(plan["draft"], plan["lines"]) for plan in plans])
        return mine

    def _make_lines(self, layouts):
        """Lines of [(draft, [values])], everything that follows from them given up front."""
        slots = self.env["wine.machine.slot"].browse(
            values["slot_id"] for _draft, lines in layouts for values in lines
        )
        places = {slot.id: (slot.row, slot.column) for slot in slots}
        bulk_create(
            self.env["wine.planogram.line"].sudo(),  # of drafts that the caller may write
            [
                {
                    **values,
                    "planogram_id": draft.id,
                    "machine_id": draft.machine_id.id,
                    "region_id": draft.region_id.id,
                    "slot_row": places[values["slot_id"]][0],
                    "slot_column": places[values["slot_id"]][1],
                }
                for draft, lines in layouts
                for values in lines
            ],
        )

    def _set_layout(self, layout):
        """Give a draft other lines: dict slot id → Lane."""
        self.ensure_one()
        self._check_draft()
        digits = self.currency_id.decimal_places
        self.line_ids.unlink()
        self._make_lines(
            [
                (
                    self,
                    [
                        {
                            "slot_id": slot,
                            "product_id": lane.product,
                            "price": float(from_minor(lane.price, digits)),
                            "capacity": lane.capacity,
                            "par": lane.par,
                            "enabled": lane.enabled,
                        }
                        for slot, lane in layout.items()
                    ],
                )
            ]
        )

    def action_catch_up(self):
        """Bring what was published meanwhile into the draft; its own changes stay."""
        self.ensure_one()
        self.check_access("write")
        self._check_draft()
        self.sudo()._catch_up()  # the version that it was started from is not edited
        return True

    def _catch_up(self):
        """Bring the draft's own changes onto what was published after it was started.

        Without this, a draft published by the schedule would silently take back whatever another
        publication changed meanwhile.

        :raise UserError: both changed the same slot; a person compares and decides
        """
        self.ensure_one()
        if not self.is_behind:
            return
        base, current = self.base_id, self.machine_id.planogram_id
        layout, conflicts = merge(
            base.line_ids._layout(), self.line_ids._layout(), current.line_ids._layout()
        )
        if conflicts:
            slots = self.env["wine.machine.slot"].browse(conflicts)
            raise UserError(
                self.env._(
                    "Version %(version)s of %(machine)s was published after this draft was started "
                    "and changed the same slots: %(slots)s. Compare the two, then publish or "
                    "schedule again.",
                    version=current.version,
                    machine=self.machine_id.name,
                    slots=", ".join(slots.mapped("code")),
                )
            )
        self._set_layout(layout)
        self.base_id = current
        self.message_post(
            body=self.env._(
                "The changes of this draft were brought onto version %s, published meanwhile.",
                current.version,
            )
        )

    def action_copy_to(self):
        """Choose machines and see what fits before anything is done."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Copy to machines"),
            "res_model": "wine.planogram.copy",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_source_id": self.id,
                "default_model_id": self.machine_id.model_id.id,
                "default_region_id": self.region_id.id,
            },
        }
