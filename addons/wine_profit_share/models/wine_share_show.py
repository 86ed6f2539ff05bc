# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError


class WineShareEntry(models.Model):
    """What a ledger line shows besides itself: the whole posting, and where it comes from."""

    _inherit = "wine.share.entry"

    posting_ids = fields.Many2many(
        "wine.share.entry", compute="_compute_posting_ids", string="All of this posting"
    )
    given_back = fields.Monetary("Taken back since", compute="_compute_given_back")

    @api.depends("source")
    def _compute_posting_ids(self):
        for entry in self:
            entry.posting_ids = self.search(
                [("source", "=", entry.source), ("kind", "=", entry.kind)], order="id"
            )

    @api.depends("amount")
    def _compute_given_back(self):
        rows = self._read_group(
            [("reverses_id", "in", self.ids), ("kind", "=", "reversal")],
            ["reverses_id"],
            ["amount:sum"],
        )
        sums = {first.id: amount for first, amount in rows}
        for entry in self:
            entry.given_back = sums.get(entry.id, 0)

    @api.depends("partner_id", "amount")
    def _compute_display_name(self):
        for entry in self:
            amount = entry.currency_id.format(entry.amount) if entry.currency_id else ""
            entry.display_name = f"{entry.sudo().partner_id.name or ''} {amount}"

    def action_open_source(self):
        """The vend, or the order of a shop or of the website, that this line comes from."""
        self.ensure_one()
        record = self._source_record()
        if not record:
            raise UserError(
                self.env._("This line comes from no sale: its sentence says what it is for.")
            )
        return {
            "type": "ir.actions.act_window",
            "name": record.display_name,
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
        }

    def _source_record(self):
        """The record behind the line, with the rights of the reader; none where there is none."""
        if self.vend_id:
            return self.vend_id
        model, _colon, identity = self.source.partition(":")
        if model == "pos.order.line":
            return self.env[model].search([("uuid", "=", identity)]).order_id
        if model == "sale.order.line" and identity.isdigit():
            return self.env[model].search([("id", "=", int(identity))]).order_id
        if model == "adjustment":
            return self.env["wine.share.adjustment"].search([("id", "=", int(identity))])
        return self.reverses_id

    def action_adjust(self):
        """A new adjustment that corrects this line."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct %s", self.display_name),
            "res_model": "wine.share.adjustment",
            "view_mode": "form",
            "context": {
                "default_account_id": self.account_id.id,
                "default_entry_id": self.id,
                "default_role": self.role,
                "default_region_id": self.region_id.id,
            },
        }

    @api.model
    def _action_of(self, name, domain, **context):
        """The ledger, narrowed down to one record."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_profit_share.wine_share_entry_action"
        )
        return {**action, "display_name": name, "domain": domain, "context": context}


class WineVend(models.Model):
    _inherit = "wine.vend"

    def action_view_shares(self):
        """Who earned by this vend, and why."""
        self.ensure_one()
        return self.env["wine.share.entry"]._action_of(
            self.env._("Shares of %s", self.name), [("vend_id", "=", self.id)]
        )


class WineMachine(models.Model):
    _inherit = "wine.machine"

    def action_view_shares(self):
        """Who earned by this machine."""
        self.ensure_one()
        return self.env["wine.share.entry"]._action_of(
            self.env._("Shares of %s", self.name),
            [("machine_id", "=", self.id)],
            search_default_parties=1,
        )


class WineSite(models.Model):
    _inherit = "wine.site"

    def action_view_shares(self):
        """Who earned at this site."""
        self.ensure_one()
        return self.env["wine.share.entry"]._action_of(
            self.env._("Shares of %s", self.name),
            [("site_id", "=", self.id)],
            search_default_parties=1,
        )


class ResPartner(models.Model):
    _inherit = "res.partner"

    share_account_count = fields.Integer(
        compute="_compute_share_account_count", groups="wine_vending.group_wine_finance"
    )

    def _compute_share_account_count(self):
        rows = self.env["wine.share.account"]._read_group(
            [("partner_id", "in", self.commercial_partner_id.ids), ("kind", "=", "party")],
            ["partner_id"],
            ["__count"],
        )
        counts = {partner.id: count for partner, count in rows}
        for partner in self:
            partner.share_account_count = counts.get(partner.commercial_partner_id.id, 0)

    def action_view_share_accounts(self):
        """What this partner has earned."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_profit_share.wine_share_account_action"
        )
        partner = self.commercial_partner_id
        return {**action, "domain": [("partner_id", "=", partner.id)], "context": {}}


class WineShareAccount(models.Model):
    _inherit = "wine.share.account"

    def action_view_entries(self):
        """The lines behind the balance."""
        self.ensure_one()
        return self.env["wine.share.entry"]._action_of(
            self.display_name, [("account_id", "=", self.id)]
        )

    def action_adjust(self):
        """A new adjustment of this account."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Adjust %s", self.display_name),
            "res_model": "wine.share.adjustment",
            "view_mode": "form",
            "context": {"default_account_id": self.id},
        }
