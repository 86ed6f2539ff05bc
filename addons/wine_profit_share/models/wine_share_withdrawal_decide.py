# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from .wine_share_release import HOLDING
from .wine_share_withdrawal import TO_DECIDE


class WineShareWithdrawal(models.Model):
    """Saying yes or no to a withdrawal: what hinders everybody, and who may not."""

    _inherit = "wine.share.withdrawal"

    next_step_id = fields.Many2one("wine.share.review.step", compute="_compute_progress")
    progress = fields.Char("Review", compute="_compute_progress")
    refunds_since = fields.Monetary(
        compute="_compute_refunds_since",
        help="Money given back to consumers since the application that nothing else covers.",
    )
    obstacle = fields.Char("What hinders it", compute="_compute_mine")
    objection = fields.Char("Why not you", compute="_compute_mine")
    can_approve = fields.Boolean(compute="_compute_mine")

    available = fields.Monetary("Available besides", related="account_id.available")
    bank_change_ids = fields.One2many(related="partner_bank_id.wine_change_ids")
    verification_ids = fields.One2many(related="account_id.verification_ids")

    # === COMPUTE === #

    @api.depends("step_ids", "review_ids", "state")
    def _compute_progress(self):
        for one in self:
            one.next_step_id = one._next_step()
            needed = sum(one.sudo().step_ids.mapped("count"))
            one.progress = (
                self.env._("%(done)s of %(needed)s", done=one.approvals, needed=needed)
                if needed
                else False
            )

    @api.depends("state", "account_id")
    def _compute_refunds_since(self):
        for one in self:
            short = -one.account_id.available if one.state in TO_DECIDE else 0
            one.refunds_since = max(short, 0)

    @api.depends("state", "review_ids", "partner_bank_id", "account_id")
    @api.depends_context("uid", "lang")
    def _compute_mine(self):
        for one in self:
            to_decide = one.state in TO_DECIDE
            one.obstacle = to_decide and one._obstacle()
            one.objection = to_decide and one._objection(self.env.user)
            one.can_approve = to_decide and not one.obstacle and not one.objection

    def _next_step(self):
        """The step that waits for somebody; none when all have been passed."""
        self.ensure_one()
        yes = self.review_ids.filtered(lambda review: review.decision == "approve")
        for step in self.sudo().step_ids.sorted(lambda s: (s.amount_from, s.sequence, s.id)):
            if len(yes.filtered(lambda review, step=step: review.step_id == step)) < step.count:
                return step
        return self.env["wine.share.review.step"]

    # === WHAT HINDERS EVERYBODY === #

    def _obstacle(self):
        """Why nobody can approve this now, as a sentence; None when somebody can."""
        self.ensure_one()
        account, bank = self.sudo().account_id, self.sudo().partner_bank_id
        if not account.verified:
            return self.env._(
                "The verification of %s was withdrawn. Verify it again, or reject.",
                account.partner_id.name,
            )
        if bank._wine_print() != self.bank_print:
            return self.env._(
                "Bank account %s is not what it was at the application. Reject it; the partner "
                "applies again.",
                self.bank_number,
            )
        contested = self._contested()
        if contested:
            return self.env._(
                "Sales of it in an open case or dispute: %s. Decide those first, or reject.",
                len(contested),
            )
        if self.currency_id.compare_amounts(self.amount, self.refunds_since) <= 0:
            return self.env._("Refunds since the application leave nothing to pay. Reject it.")
        return bank.with_env(self.env)._wine_payout_obstacle(self.company_id)

    def _contested(self):
        """Entries of this withdrawal of which somebody says that they are wrong."""
        return (
            self.env["wine.share.entry"]
            .sudo()
            .search(
                [
                    ("id", "in", self.sudo().entry_ids.ids),
                    "|",
                    ("dispute_case_id.state", "=", "open"),
                    (
                        "vend_id.case_ids",
                        "any",
                        [("state", "=", "open"), ("kind", "in", HOLDING)],
                    ),
                ]
            )
        )

    # === WHO MAY NOT === #

    def _objection(self, user):
        """Why this user may not approve, as a sentence; None when there is nothing against it."""
        self.ensure_one()
        step = self._next_step()
        if user not in step._people():
            return self.env._(
                "%(step)s is decided by %(who)s.",
                step=step.name,
                who=step.group_id.name or ", ".join(step.user_ids.mapped("name")),
            )
        if user == self.user_id:
            return self.env._("You applied for it. Somebody else decides.")
        if user in self.review_ids.filtered(lambda r: r.decision == "approve").user_id:
            return self.env._("You have approved it already. The next step is somebody else's.")
        if self._stands_for(user):
            return self.env._("You belong to %s. Somebody else decides.", self.partner_id.name)
        return self._objection_to_hands(user)

    def _objection_to_hands(self, user):
        """Who had a hand in the account, the money or the partner shortly before."""
        company, bank = self.company_id, self.sudo().partner_bank_id
        if user in bank._wine_makers(company):
            return self.env._(
                "You entered, changed or checked bank account %s. Somebody else decides.",
                bank.acc_number,
            )
        since = self.submitted_at - timedelta(days=company.sudo().share_verify_gap)
        if user in self.account_id._verified_by(since):
            return self.env._(
                "You verified %s shortly before. Somebody else decides.", self.partner_id.name
            )
        if user in self._hand_written():
            return self.env._("You credited this account by hand. Somebody else decides.")
        if user in self.account_id._came_back_by(since):
            return self.env._(
                "You said that money paid to this account came back. Somebody else decides."
            )
        return None

    def _stands_for(self, user):
        """Whether a user belongs to the partner, or holds the bank account itself."""
        own = user.sudo().partner_id
        family = own | own.commercial_partner_id
        partner = self.sudo().partner_id
        if partner.commercial_partner_id in family | family.commercial_partner_id:
            return True
        number = self.sudo().partner_bank_id.sanitized_acc_number
        return number in family.bank_ids.mapped("sanitized_acc_number")

    def _hand_written(self):
        """Users who credited this account by an adjustment that has not been paid out wholly."""
        ledger = self.env["wine.share.entry"].sudo()
        unpaid = ledger.search(
            [
                ("account_id", "=", self.account_id.id),
                ("kind", "in", ("adjustment", "split")),
                ("amount", ">", 0),
                ("state", "!=", "paid"),
            ]
        )
        return unpaid._hands()

    # === APPROVE === #

    def action_approve(self, reason=None):
        """Say yes, for the step that waits; the last one hands the money to the books.

        :raise AccessError: not finance; :raise UserError: what hinders it, or why not this user
        """
        self.check_access("write")
        self._check_finance()
        for one in self.sudo():
            one._lock_row()
            one._check_undecided()
            hindered = one._obstacle() or one._objection(self.env.user)
            if hindered:
                raise UserError(self.env._("%(name)s: %(why)s", name=one.name, why=hindered))
            one._note("approve", reason, one._next_step())
            one._write_flow({"approvals": one.approvals + 1})
            if one._next_step():
                one._set_state("in_review")
            else:
                one._approve_finally()
            one._announce()

    def _approve_finally(self):
        """All have said yes: set off what was given back since, and settle."""
        self.account_id._lock()
        self._take_set_off()
        self._check_whole()
        self._set_state("approved", decided_at=fields.Datetime.now())
        settlement = self.env["wine.share.settlement"].sudo()._from_withdrawal(self)
        self._write_flow({"settlement_id": settlement.id})
        self._tell("mail_withdrawal_approved")

    def _take_set_off(self):
        """Take what makes the account negative into this withdrawal.

        :raise UserError: nothing would be left to pay
        """
        ledger = self.env["wine.share.entry"].sudo()
        ledger._set_free_reversals(self.account_id)
        owed = ledger.search([("account_id", "=", self.account_id.id), ("state", "=", "available")])
        short = self.currency_id.round(-sum(owed.mapped("amount")))
        if self.currency_id.compare_amounts(short, 0) <= 0:
            return
        if self.currency_id.compare_amounts(self.amount, short) <= 0:
            raise UserError(
                self.env._(
                    "Refunds since the application leave nothing to pay of %s. Reject it.",
                    self.name,
                )
            )
        owed._set_state("settling")
        self._write_flow(
            {"entry_ids": [Command.link(entry.id) for entry in owed], "set_off": short}
        )

    def _check_undecided(self):
        if self.state in TO_DECIDE:
            return
        last = self.review_ids[-1:]
        raise UserError(
            self.env._(
                "%(name)s is decided already: %(state)s, by %(user)s. Look at it again.",
                name=self.name,
                state=self._state_name(),
                user=last.user_id.name or "-",
            )
        )
