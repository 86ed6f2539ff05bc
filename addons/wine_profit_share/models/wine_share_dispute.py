# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ..core.told import _lt

#: days in which a partner is answered
ANSWER_DAYS = 5
#: kinds of entries about which there is something to be said
DISPUTABLE = ("sale", "reversal", "rent", "adjustment")


class WineShareEntry(models.Model):
    """A partner says that a line is not right; finance answers."""

    _inherit = "wine.share.entry"

    def _dispute(self, text):
        """Open the case of a disputed line; what is not on its way yet is held until it is decided.

        The caller has made sure that the line is the asking partner's own.

        :param str text: what the partner says, as written
        :return: the case
        :raise UserError: it is disputed already, or there is nothing to dispute
        """
        self.ensure_one()
        entry = self.sudo()
        entry._check_disputable()
        case = self.env["wine.case"]._open_cases(
            [
                {
                    "kind": "share_dispute",
                    "reference": f"share.entry/{entry.id}",
                    "region_id": entry.region_id.id,
                    "machine_id": entry.machine_id.id,
                    "vend_id": entry.vend_id.id,
                    "currency_id": entry.currency_id.id,
                    "amount": entry.amount,
                    "deadline": fields.Date.add(fields.Date.context_today(self), days=ANSWER_DAYS),
                    "text": _lt(
                        "%(partner)s does not agree with %(amount)s of %(date)s (%(why)s): "
                        "“%(text)s”",
                        partner=entry.partner_id.name,
                        amount=entry.currency_id.format(entry.amount),
                        date=fields.Date.to_string(entry.date),
                        why=entry._told(),
                        text=text,
                    ),
                }
            ]
        )
        values = {"dispute_case_id": case.id}
        if entry.state == "available" and entry.amount > 0:
            entry._set_state("held", held_for="dispute", **values)
        elif entry.state == "available":  # what is owed counts until it is decided otherwise
            entry._write_flow(values)
        else:
            entry._write_flow(
                {**values, **({"held_for": "dispute"} if entry.state == "held" else {})}
            )
        return case

    def _check_disputable(self):
        if self.account_kind != "party" or self.kind not in DISPUTABLE:
            raise UserError(
                self.env._("This line only moves an amount within the account. Dispute its source.")
            )
        if self.dispute_case_id.state == "open":
            raise UserError(
                self.env._("This line is being looked at: %s.", self.dispute_case_id.name)
            )


class WineCase(models.Model):
    """A dispute is answered by finance: the line stands, or is corrected by an adjustment."""

    _inherit = "wine.case"

    share_entry_ids = fields.One2many(
        "wine.share.entry", "dispute_case_id", "Disputed", readonly=True
    )

    def action_answer_dispute(self):
        """The screen on which finance answers the partner."""
        self.ensure_one()
        self._check_dispute_decider()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Answer %s", self.name),
            "res_model": "wine.share.answer",
            "view_mode": "form",
            "target": "new",
            "context": {"default_case_id": self.id},
        }

    def action_close(self):
        """A dispute is not closed without an answer to the partner."""
        asked = self.filtered(lambda case: case.kind == "share_dispute" and case.state == "open")
        if asked:
            raise UserError(
                self.env._(
                    "A partner waits for an answer to %s. Answer the dispute.", asked[0].name
                )
            )
        return super().action_close()

    def _close(self, words):
        if any(case.kind == "share_dispute" and case.state == "open" for case in self):
            self._check_dispute_decider()
        return super()._close(words)

    def _check_dispute_decider(self):
        """:raise AccessError: not finance, or somebody of the partner's own company"""
        if self.env.su:
            return
        user = self.env.user
        if not user.has_group("wine_vending.group_wine_finance"):
            raise AccessError(self.env._("Disputes of shares are decided by finance. Ask there."))
        if user.partner_id.commercial_partner_id in self.sudo().share_entry_ids.partner_id:
            raise AccessError(
                self.env._("You belong to the partner who disputes this. Ask a colleague.")
            )
