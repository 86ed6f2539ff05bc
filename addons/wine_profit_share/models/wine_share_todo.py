# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from .wine_share_withdrawal import TO_DECIDE

#: so many of each kind are decided on the screen itself; the list behind has them all
ROWS = 6
#: cases that finance decides, by the number that they are counted in
RECON = ("recon_order", "recon_payment", "recon_share", "recon_books", "share_orphan")


class WineShareTodo(models.AbstractModel):
    """What must finance decide or pay today? Read with the rights of the user.

    Every number is that of a list which opens behind it, and the first of each list are there to be
    decided in place: withdrawals to review, settlements to approve, disputes, differences, partners
    and bank accounts that nobody has checked and that hold money back.
    """

    _name = "wine.share.todo"
    _description = "To do of finance"

    @api.model
    def figures(self):
        """What "To do" shows.

        :return: dict of ``sections`` (each with key, title, count, total, rows, list behind),
            ``currency_id`` and ``at`` (UTC text)
        :raise AccessError: the user is not of finance
        """
        self.env["wine.share.withdrawal"].check_access("read")
        sections = [
            self._withdrawals(),
            self._settlements(),
            self._adjustments(),
            self._disputes(),
            self._differences(),
            self._partners(),
            self._banks(),
        ]
        return {
            "at": fields.Datetime.to_string(fields.Datetime.now()),
            "currency_id": self.env.company.currency_id.id,
            "sections": sections,
        }

    # === SECTIONS === #

    def _withdrawals(self):
        domain = [("state", "in", TO_DECIDE)]
        waiting = self.env["wine.share.withdrawal"].search(domain, order="submitted_at, id")
        rows = sorted(
            (self._withdrawal_row(one) for one in waiting[: 4 * ROWS]),
            key=lambda row: not row["approve"],
        )
        return self._section(
            "withdrawals",
            self.env._("Withdrawals to review"),
            self.env._("Nobody has applied for money. Partners apply in the portal."),
            "wine.share.withdrawal",
            domain,
            rows=rows[:ROWS],
            count=len(waiting),
            total=self._sum(waiting, "payout"),
        )

    def _withdrawal_row(self, one):
        notes = []
        if one.obstacle:
            notes.append({"tone": "warning", "text": one.obstacle})
        elif one.objection:
            notes.append({"tone": "muted", "text": one.objection})
        if one.refunds_since:
            notes.append(
                {
                    "tone": "warning",
                    "text": self.env._(
                        "Refunds since: %s will be set off.",
                        one._money(one.refunds_since, one.currency_id),
                    ),
                }
            )
        if not one._paid_before():
            notes.append(
                {"tone": "info", "text": self.env._("First payment to this bank account.")}
            )
        payout = one.amount - one.refunds_since
        return {
            **self._row(one, one.partner_id.display_name, one.amount, one.currency_id),
            "sub": self.env._(
                "%(name)s · to %(bank)s · applied by %(user)s · approvals %(progress)s",
                name=one.name,
                bank=one.bank_number,
                user=one.user_id.name,
                progress=one.progress,
            ),
            "since": fields.Datetime.to_string(one.submitted_at),
            "notes": notes,
            "approve": one.can_approve,
            "reject": True,
            "ask": self.env._(
                "Approve %(amount)s to bank account %(bank)s of %(partner)s?",
                amount=one._money(payout, one.currency_id),
                bank=one.bank_number,
                partner=one.partner_id.display_name,
            ),
        }

    def _settlements(self):
        domain = [("state", "=", "draft")]
        ready = self.env["wine.share.settlement"].search(domain, order="date, id")
        return self._section(
            "settlements",
            self.env._("Settlements ready"),
            self.env._("No settlement waits. They are made by the periods of the payout terms."),
            "wine.share.settlement",
            domain,
            rows=[self._settlement_row(one) for one in ready[:ROWS]],
            count=len(ready),
            total=self._sum(ready, "net"),
        )

    def _settlement_row(self, one):
        why = None
        try:
            one.sudo()._check_approver(self.env.user)
        except UserError as error:
            why = str(error)
        return {
            **self._row(one, one.partner_id.display_name, one.net, one.currency_id),
            "sub": self.env._(
                "%(name)s · to %(bank)s · ledger lines: %(count)s",
                name=one.name,
                bank=one.partner_bank_id.acc_number or self.env._("no bank account"),
                count=one.entry_count,
            ),
            "since": fields.Date.to_string(one.date),
            "notes": [{"tone": "muted", "text": why}] if why else [],
            "approve": not why,
            "dialog": {"label": self.env._("Cancel"), "method": "action_end"},
            "ask": self.env._(
                "Approve the settlement %(name)s of %(amount)s for %(partner)s?",
                name=one.name,
                amount=self.env["wine.share.withdrawal"]._money(one.net, one.currency_id),
                partner=one.partner_id.display_name,
            ),
        }

    def _adjustments(self):
        domain = [("state", "=", "waiting")]
        waiting = self.env["wine.share.adjustment"].search(domain, order="id")
        rows = []
        for one in waiting[:ROWS]:
            mine = self.env.user in (one.maker_id, one.sudo().create_uid)
            why = self.env._("You made it. A colleague checks it.")
            money = self.env["wine.share.withdrawal"]._money(one.amount, one.currency_id)
            rows.append(
                {
                    **self._row(one, one.partner_id.display_name, one.amount, one.currency_id),
                    "sub": f"{one.reason} · {one.maker_id.name}",
                    "since": fields.Datetime.to_string(one.create_date),
                    "notes": [{"tone": "muted", "text": why}] if mine else [],
                    "approve": not mine,
                    "reject": not mine,
                    "refuse": "action_refuse",
                    "ask": self.env._(
                        "Post %(amount)s to the account of %(partner)s?",
                        amount=money,
                        partner=one.partner_id.display_name,
                    ),
                }
            )
        return self._section(
            "adjustments",
            self.env._("Adjustments to check"),
            self.env._("No adjustment waits for a second person."),
            "wine.share.adjustment",
            domain,
            rows=rows,
            count=len(waiting),
            total=self._sum(waiting, "amount"),
        )

    def _disputes(self):
        return self._cases(
            "disputes",
            self.env._("Disputes"),
            self.env._("No partner disputes a line."),
            [("state", "=", "open"), ("kind", "=", "share_dispute")],
        )

    def _differences(self):
        kinds = [kind for kind, _name in self.env["wine.case"]._fields["kind"].selection]
        return self._cases(
            "differences",
            self.env._("Differences"),
            self.env._(
                "No difference waits for finance. Those of machines are with their regions."
            ),
            [
                ("state", "=", "open"),
                "|",
                ("kind", "in", [kind for kind in RECON if kind in kinds]),
                # others that are differences, such as cash, have one owner
                "&",
                ("user_id", "=", self.env.uid),
                ("difference_ids.state", "=", "open"),
            ],
        )

    def _cases(self, key, title, empty, domain):
        cases = self.env["wine.case"].search(domain, order="deadline, id")
        today = fields.Date.context_today(self)
        rows = []
        for case in cases[:ROWS]:
            due = case.deadline and format_date(self.env, case.deadline)
            late = case.deadline and case.deadline < today
            owner = case.user_id.name or self.env._("nobody's yet")
            rows.append(
                {
                    **self._row(case, case.text or case.name, case.amount, case.currency_id),
                    "sub": " · ".join(filter(None, [case.name, case.region_id.name, owner])),
                    "since": fields.Datetime.to_string(case.create_date),
                    "notes": [
                        {
                            "tone": "danger" if late else "muted",
                            "text": self.env._("Overdue since %s", due)
                            if late
                            else self.env._("Due %s", due),
                        }
                    ]
                    if due
                    else [],
                }
            )
        return self._section(
            key,
            title,
            empty,
            "wine.case",
            domain,
            rows=rows,
            count=len(cases),
            total=self._sum(cases, "amount"),
        )

    def _partners(self):
        """Partners whose money waits because nobody has looked at their documents."""
        ledger = self.env["wine.share.entry"]
        waiting = ledger._read_group(
            [
                ("account_id.kind", "=", "party"),
                ("account_id.verified", "=", False),
                ("state", "in", ("held", "available")),
            ],
            ["account_id"],
            ["amount:sum"],
            order="amount:sum desc",
        )
        domain = [("id", "in", [account.id for account, _sum in waiting])]
        rows = [
            {
                **self._row(account, account.partner_id.display_name, amount, account.currency_id),
                "sub": self.env._("held until somebody has seen the documents"),
                "dialog": {"label": self.env._("Verify"), "method": "action_open_verify"},
            }
            for account, amount in waiting[:ROWS]
        ]
        return self._section(
            "partners",
            self.env._("Partners to verify"),
            self.env._("Every partner that earns is verified."),
            "wine.share.account",
            domain,
            rows=rows,
            count=len(waiting),
            total=self._in_company(
                [(account.currency_id, account.company_id, amount) for account, amount in waiting]
            ),
        )

    def _banks(self):
        """Bank accounts of partners that share, which nobody has checked."""
        partners = self.env["wine.share.account"].search([("kind", "=", "party")]).partner_id
        domain = [
            ("partner_id", "in", (partners | partners.commercial_partner_id).ids),
            ("allow_out_payment", "=", False),
        ]
        banks = self.env["res.partner.bank"].search(domain, order="id desc")
        rows = [
            {
                **self._row(bank, bank.partner_id.display_name, 0, None),
                "sub": bank.display_name,
                "since": fields.Datetime.to_string(bank.wine_changed_at),
            }
            for bank in banks[:ROWS]
        ]
        return self._section(
            "banks",
            self.env._("Bank accounts to check"),
            self.env._("Every bank account of a partner is checked."),
            "res.partner.bank",
            domain,
            rows=rows,
            count=len(banks),
            total=None,
        )

    # === SMALL THINGS === #

    def _section(self, key, title, empty, model, domain, **values):
        return {
            "key": key,
            "title": title,
            "empty": empty,
            "model": model,
            "domain": [list(term) if isinstance(term, tuple) else term for term in domain],
            **values,
        }

    def _row(self, record, title, amount, currency):
        return {
            "id": record.id,
            "title": title,
            "sub": "",
            "amount": amount,
            "currency_id": currency.id if currency else False,
            "since": False,
            "notes": [],
            "approve": False,
            "reject": False,
        }

    def _sum(self, records, name):
        """Sum of a field in the currency of the user's company."""
        return self._in_company(
            [
                (one.currency_id, one.company_id if "company_id" in one else None, one[name])
                for one in records
            ]
        )

    def _in_company(self, amounts):
        company, today = self.env.company, fields.Date.context_today(self)
        total = sum(
            currency._convert(amount, company.currency_id, of_company or company, today)
            if currency
            else amount
            for currency, of_company, amount in amounts
        )
        return company.currency_id.round(total)


class WineShareWithdrawal(models.Model):
    _inherit = "wine.share.withdrawal"

    def _paid_before(self):
        """Whether this bank account has been paid to, by this company, as it is now."""
        self.ensure_one()
        before = self.sudo().search(
            [
                ("partner_bank_id", "=", self.partner_bank_id.id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "paid"),
            ]
        )
        return any(one.bank_print == self.bank_print for one in before)


class IrUiMenu(models.Model):
    """Who does nothing but finance begins with "To do"; the platform begins with "Today"."""

    _inherit = "ir.ui.menu"

    def _load_menus_blacklist(self):
        hidden = super()._load_menus_blacklist()
        if self.env.user.has_group("wine_vending.group_wine_region_manager"):
            first = self.env.ref("wine_profit_share.menu_share_todo_first", False)
            hidden += first.ids if first else []
        return hidden
