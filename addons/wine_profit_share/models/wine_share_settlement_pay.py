# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import SUPERUSER_ID, Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .wine_share_moves import _FLOW


class WineShareSettlement(models.Model):
    """Approval: the payment or the bill, and the write-off of what was accrued against it."""

    _inherit = "wine.share.settlement"

    obstacle = fields.Char(compute="_compute_obstacle")

    def action_approve(self):
        """Approve and pay. Asks who may; nobody approves money to an account of their own making.

        :raise UserError: the bank account, the books or the platform do not allow it
        """
        self._check_finance()
        for settlement in self.sudo():
            settlement._check_approver(self.env.user)
            settlement._approve()
        return True

    def _check_approver(self, user):
        """:raise UserError: the user belongs to the partner, or had a hand in what is paid"""
        self.ensure_one()
        why = self._objection(user)
        if why:
            raise UserError(why)

    def _objection(self, user):
        """Why this user may not approve, as a sentence; None when there is nothing against it."""
        bank, since = self.partner_bank_id, self._hands_since()
        if user.partner_id.commercial_partner_id == self.partner_id.commercial_partner_id:
            return self.env._("%s belongs to your own partner. Ask a colleague.", self.name)
        if bank and user in bank._wine_makers(self.company_id):
            return self.env._(
                "You made or changed the bank account of %s. Ask a colleague to approve.",
                self.name,
            )
        if user in self.entry_ids._hands():
            return self.env._(
                "You credited by hand what %s pays. Ask a colleague to approve.", self.name
            )
        if user in self.account_id._came_back_by(since):
            return self.env._(
                "You said that money paid to this account came back. Somebody else decides."
            )
        if user in self.account_id._verified_by(since):
            return self.env._(
                "You verified %s shortly before. Somebody else decides.", self.partner_id.name
            )
        if user == self.create_uid and not (self.automatic or self.withdrawal_id):
            return self.env._("You made settlement %s. Ask a colleague to approve.", self.name)
        return None

    def _hands_since(self):
        """From when on it counts who had a hand in an account."""
        return self.create_date - timedelta(days=self.company_id.sudo().share_verify_gap)

    def _needs_person(self):
        """Why this is not paid without a person, as a sentence; None when it may be."""
        self.ensure_one()
        if self.entry_ids._hands().filtered(lambda user: user.id != SUPERUSER_ID):
            return self.env._("It pays what was credited by hand. A person approves it.")
        if self.partner_bank_id._wine_single_handed(self.company_id):
            return self.env._(
                "One person alone entered and checked bank account %s. A person approves it.",
                self.partner_bank_id.acc_number,
            )
        if self.account_id._came_back_by(self._hands_since()):
            return self.env._("Money paid to this account came back. A person approves it.")
        return None

    def _approve(self):
        """Book it. Safe to call again: what is approved already is left alone."""
        for settlement in self.sudo():
            settlement._hold()
            if settlement.state != "draft":
                continue
            settlement._check_payable()
            settlement._accrue_rest()
            settlement = settlement.with_company(settlement.company_id).with_context(
                tracking_disable=True, wine_flow=_FLOW
            )
            if settlement.method == "bill":
                settlement._make_bill()
            else:
                settlement._make_payment()
            waiting = settlement.platform_id and settlement.platform_id.code != "bank"
            settlement._set_state(
                "approved",
                approved_by_id=self.env.uid,
                approved_at=fields.Datetime.now(),
                payout_state="waiting" if waiting else "none",
            )
            settlement._follow()

    def _check_payable(self):
        """:raise UserError: there is no bank account to pay to, or the platform does not take it"""
        self.ensure_one()
        if not self.account_id.verified:
            raise UserError(
                self.env._(
                    "The verification of %s was withdrawn. Verify it again, or take the "
                    "settlement back.",
                    self.partner_id.name,
                )
            )
        why = self._bank_obstacle()
        if why:
            raise UserError(why)
        self.platform_id._check_payouts(self)

    def _bank_obstacle(self):
        """Why the partner's bank account cannot be paid to now: a sentence, or None."""
        self.ensure_one()
        if self.method != "payment" or not self._is_by_bank():
            return None
        if self._pay_journal().type != "bank":
            return None
        if not self.partner_bank_id:
            return self.env._("%s has no bank account. Add one.", self.partner_id.name)
        return self.partner_bank_id._wine_payout_obstacle(self.company_id)

    @api.depends("state", "partner_bank_id", "method")
    def _compute_obstacle(self):
        for settlement in self:
            waits = settlement.state == "draft"
            settlement.obstacle = waits and settlement.sudo()._bank_obstacle()

    def _is_by_bank(self):
        return not self.platform_id or self.platform_id.code == "bank"

    def _pay_journal(self):
        terms = self.terms_id
        chosen = terms.payment_method_line_id.journal_id or terms.journal_id
        return chosen or self.company_id._share_needs("wine_share_pay_journal_id")

    def _accrue_rest(self):
        """What is settled must be in the books first; usually it is there since its day."""
        Accrual = self.env["wine.share.accrual"]
        waiting = self.entry_ids.filtered(lambda entry: not entry.accrual_id)
        for day in sorted(set(waiting.mapped("date"))):
            Accrual._accrue(self.company_id, self.currency_id, day, account=self.account_id)

    # === PAYMENT === #

    def _make_payment(self):
        """Payment of the net; what is withheld and the fee are lines of it; written off."""
        payment = self.env["account.payment"].create(self._payment_values())
        payment.move_id.wine_share_settlement_id = self
        payment.action_post()
        self.payment_id = payment
        owed = self.company_id.wine_share_payable_account_id
        self._write_off(payment.move_id.line_ids.filtered(lambda line: line.account_id == owed))

    def _payment_values(self):
        method = self.terms_id.payment_method_line_id
        return {
            **({"payment_method_line_id": method.id} if method else {}),
            "payment_type": "outbound",
            "partner_type": "supplier",
            "company_id": self.company_id.id,
            "journal_id": self._pay_journal().id,
            "partner_id": self.partner_id.id,
            "partner_bank_id": self.partner_bank_id.id,
            "amount": self.net,
            "currency_id": self.currency_id.id,
            "date": fields.Date.context_today(self),
            "memo": self.name,
            "destination_account_id": self.company_id._share_needs(
                "wine_share_payable_account_id"
            ).id,
            "wine_share_settlement_id": self.id,
            "write_off_line_vals": self._kept_lines(),
        }

    def _kept_lines(self):
        """Lines of what does not reach the partner: withheld taxes and the fee."""
        lines = [
            self._kept_line(
                tax["name"],
                tax["account_id"]
                or self.company_id._share_needs("wine_share_withholding_account_id").id,
                tax["amount"],
                tax_tag_ids=[Command.set(tax["tag_ids"])],
            )
            for tax in self.terms_id._taxes_of(self.account_id, self.gross)
        ]
        if self.fees:
            account = self.company_id._share_needs("wine_share_fee_account_id")
            lines.append(self._kept_line(self.env._("Payout fee"), account.id, -self.fees))
        return [line for line in lines if line["amount_currency"]]

    def _kept_line(self, name, account_id, amount, **values):
        company = self.company_id
        balance = self.currency_id._convert(
            amount, company.currency_id, company, fields.Date.context_today(self)
        )
        return {
            "name": f"{self.name}: {name}",
            "account_id": account_id,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "amount_currency": self.currency_id.round(amount),
            "balance": balance,
            **values,
        }

    # === SELF-BILLING === #

    def _make_bill(self):
        """The bill takes the place of what was accrued; both meet on the clearing account.

        Odoo allows no payable account in a line of a bill, hence the entry between the two.
        """
        clearing = self.company_id._share_needs("wine_share_clearing_account_id")
        bill = self.env["account.move"].create(self._bill_values(clearing))
        if self.currency_id.compare_amounts(bill.amount_total, self.net):
            raise UserError(
                self.env._(
                    "The bill of %(name)s comes to %(bill)s, the settlement to %(net)s: the taxes "
                    "of its terms round otherwise. Look at the taxes of %(terms)s.",
                    name=self.name,
                    bill=self.currency_id.format(bill.amount_total),
                    net=self.currency_id.format(self.net),
                    terms=self.terms_id.display_name,
                )
            )
        bill._post(soft=False)
        self.bill_id = bill
        self.move_id = self._clearing_move(clearing)
        owed = self.company_id.wine_share_payable_account_id
        self._write_off(self.move_id.line_ids.filtered(lambda line: line.account_id == owed))
        both = (bill.line_ids + self.move_id.line_ids).filtered(
            lambda line: line.account_id == clearing
        )
        both.reconcile()

    def _bill_values(self, clearing):
        today = fields.Date.context_today(self)
        lines = [
            {
                "name": self.env._(
                    "Shares of sales from %(first)s to %(last)s",
                    first=self.date_from,
                    last=self.date_to,
                ),
                "account_id": clearing.id,
                "quantity": 1,
                "price_unit": self.gross,
                "tax_ids": [Command.set(self.terms_id.tax_ids.ids)],
            }
        ]
        if self.fees:
            lines.append(
                {
                    "name": self.env._("Payout fee"),
                    "account_id": self.company_id._share_needs("wine_share_fee_account_id").id,
                    "quantity": 1,
                    "price_unit": -self.fees,
                    "tax_ids": [Command.clear()],
                }
            )
        return {
            "move_type": "in_invoice",
            "journal_id": self.company_id._share_needs("wine_share_bill_journal_id").id,
            "partner_id": self.partner_id.id,
            "partner_bank_id": self.partner_bank_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": today,
            "date": today,
            "ref": self.name,
            "fiscal_position_id": False,
            "wine_share_settlement_id": self.id,
            "invoice_line_ids": [Command.create(line) for line in lines],
        }

    def _clearing_move(self, clearing):
        """What is payable moves to the clearing account, where the bill takes it up."""
        owed = self.company_id._share_needs("wine_share_payable_account_id")
        today = fields.Date.context_today(self)
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.company_id._share_needs("wine_share_journal_id").id,
                "date": today,
                "ref": self.env._("%s: billed", self.name),
                "wine_share_settlement_id": self.id,
                "line_ids": [
                    Command.create(self._kept_line(self.env._("billed"), account.id, amount))
                    for account, amount in ((owed, self.gross), (clearing, -self.gross))
                ],
            }
        )
        move._post(soft=False)
        return move

    # === WRITE-OFF === #

    def _write_off(self, lines):
        """Reconcile the settlement with what is open for this partner, the oldest first."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM account_move_line
                    WHERE account_id = %s AND partner_id = %s AND company_id = %s
                      AND currency_id = %s AND parent_state = 'posted' AND NOT reconciled
                 ORDER BY date, id""",
                lines.account_id.id,
                self.partner_id.id,
                self.company_id.id,
                self.currency_id.id,
            )
        )
        ids = [row[0] for row in rows if row[0] not in lines.ids]
        (self.env["account.move.line"].browse(ids) + lines).reconcile()
