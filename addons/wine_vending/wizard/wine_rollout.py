# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

WHEN = [("draft", "Leave as drafts"), ("now", "Publish now"), ("later", "Publish later")]


class WineRollout(models.AbstractModel):
    """The same change to many machines: see first what fits where, then do it, all or nothing.

    A wizard says which machines are meant and what each would hold (:meth:`_plans`). Its preview
    lists every machine with what would change, or why it cannot. What is done is worked out anew
    from the machines that were left ticked, with the rights and limits of whoever does it.
    """

    _name = "wine.rollout"
    _description = "A change to many machines"

    region_id = fields.Many2one("wine.region", help="With the regions below it; empty for all.")
    model_id = fields.Many2one("wine.machine.model", "Machine model", help="Empty for all.")
    machine_ids = fields.Many2many(
        "wine.machine", string="Only these machines", domain="[('state', '!=', 'retired')]"
    )
    when = fields.Selection(WHEN, required=True, default="draft")
    publish_at = fields.Datetime("Publish at")
    local_text = fields.Char("There", compute="_compute_local_text")
    fit_count = fields.Integer("Machines that fit", compute="_compute_fit_count")
    unfit_count = fields.Integer("Machines that do not", compute="_compute_fit_count")

    @api.depends("publish_at", "line_ids.include")
    def _compute_local_text(self):
        for wizard in self:
            machines = wizard.line_ids.filtered("include").machine_id
            regions = {region.tz: region for region in machines.region_id}
            wizard.local_text = ", ".join(
                filter(None, (r._local_text(wizard.publish_at) for r in regions.values()))
            )

    @api.depends("line_ids.fits")
    def _compute_fit_count(self):
        for wizard in self:
            fit = wizard.line_ids.filtered("fits")
            wizard.fit_count = len(fit)
            wizard.unfit_count = len(wizard.line_ids - fit)

    # === PREVIEW === #

    def _preview(self):
        """Replace the list of machines by what the wizard says now."""
        self.line_ids = [fields.Command.clear()] + [
            fields.Command.create(values) for values in self._preview_rows(self._targets())
        ]

    def _targets(self):
        """Machines that are meant and that the user manages."""
        domain = [("state", "!=", "retired"), *self._target_domain()]
        if self.region_id:
            domain.append(("region_id", "child_of", self.region_id.ids))
        if self.model_id:
            domain.append(("model_id", "=", self.model_id.id))
        if self.machine_ids:
            domain.append(("id", "in", self.machine_ids.ids))
        return self.env["wine.machine"].search(domain)._filtered_access("write")

    def _target_domain(self):
        """More conditions of a wizard."""
        return []

    def _preview_rows(self, machines):
        plans = self._plans(machines)
        refusals = self._plan_refusals(plans)
        rows = [
            {
                "machine_id": plan["machine"].id,
                "fits": not refusals[plan["machine"]],
                "include": not refusals[plan["machine"]],
                "text": "\n".join(refusals[plan["machine"]][:3]) or plan["text"],
            }
            for plan in plans
        ]
        return sorted(rows, key=lambda row: not row["fits"])

    @api.model
    def _plan_refusals(self, plans):
        """dict machine → sentences that say why it cannot hold what is planned; one pass."""
        refusals = {plan["machine"]: list(plan.get("refusals", ())) for plan in plans}
        slots = self.env["wine.machine.slot"].browse(
            line["slot_id"] for plan in plans for line in plan["lines"]
        )
        by_id = {slot.id: slot for slot in slots}
        product = self.env["product.product"].browse
        lanes = [
            (
                by_id[line["slot_id"]],
                product(line["product_id"]),
                line["price"],
                max(line["par"], line["capacity"]),
                line["enabled"],
            )
            for plan in plans
            for line in plan["lines"]
        ]
        for slot, text in self.env["wine.planogram.line"]._lane_refusals(lanes):
            refusals[slot.machine_id].append(text)
        return refusals

    def _plans(self, machines):
        """What each machine would hold.

        :return: list of dict: machine, lines (values of planogram lines), text (what changes),
            and where known refusals (sentences), source
        """
        raise NotImplementedError

    # === DOING === #

    def action_apply(self):
        """Make the drafts of the ticked machines; publish or schedule them.

        :raise UserError: nothing is ticked, or a machine that no longer fits; nothing is done then
        """
        self.ensure_one()
        machines = self.line_ids.filtered("include").machine_id & self._targets()
        if not machines:
            raise UserError(self.env._("Tick at least one machine that fits."))
        if self.when == "later" and not self.publish_at:
            raise UserError(self.env._("Say when it shall be published."))
        plans = self._plans(machines)
        refusals = [text for texts in self._plan_refusals(plans).values() for text in texts]
        if refusals:
            raise UserError(self.env["wine.planogram.line"]._refusal_text(refusals))
        drafts = self.env["wine.planogram"]._make_drafts(plans)
        if self.when == "now":
            drafts.action_publish()
        elif self.when == "later":
            drafts._schedule(self.publish_at)
        return self._show(drafts)

    def _show(self, planograms):
        action = self.env["ir.actions.act_window"]._for_xml_id("wine_vending.wine_planogram_action")
        action["domain"] = [("id", "in", planograms.ids)]
        return action


class WineRolloutLine(models.TransientModel):
    """One machine of a preview."""

    _name = "wine.rollout.line"
    _description = "Machine of a change to many"
    _inherit = ["wine.guide"]

    copy_id = fields.Many2one("wine.planogram.copy", ondelete="cascade")
    price_change_id = fields.Many2one("wine.price.change", ondelete="cascade")
    machine_id = fields.Many2one("wine.machine", required=True, ondelete="cascade")
    include = fields.Boolean("Do it")
    fits = fields.Boolean()
    text = fields.Text("What changes, or why not")
