# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from .wine_share_statement import SUM_OF
from .wine_share_withdrawal import TO_DECIDE

ICONS = {
    "held": "fa-clock-o",
    "available": "fa-check",
    "settling": "fa-paper-plane-o",
    "paid": "fa-check-circle",
}
WITHDRAWAL_ICONS = {
    "draft": "fa-pencil",
    "submitted": "fa-hourglass-half",
    "in_review": "fa-hourglass-half",
    "approved": "fa-paper-plane-o",
    "paid": "fa-check-circle",
    "rejected": "fa-times",
    "cancelled": "fa-undo",
}


class WineShareAccount(models.Model):
    """What the partner asks first: how much is mine, and when?"""

    _inherit = "wine.share.account"

    @api.model
    def _of_partner(self, partner):
        """Accounts, as superuser, that everybody of this partner's company may see."""
        return self.sudo().search(
            [
                ("kind", "=", "party"),
                ("partner_id.commercial_partner_id", "=", partner.commercial_partner_id.id),
            ],
            order="company_id, currency_id, id",
        )

    def _coming(self):
        """What is held, by the day on which it becomes available.

        :return: list of (date or None, reason code, amount); without a date last
        """
        self.ensure_one()
        rows = self.env["wine.share.entry"]._read_group(
            [("account_id", "=", self.id), ("state", "=", "held")],
            ["hold_until:day", "held_for"],
            ["amount:sum"],
        )
        coming = {}
        for day, reason, amount in rows:
            if reason == "window" and not self.verified:
                reason = "unverified"  # the window alone does not free it
            key = (fields.Date.to_date(day) if reason == "window" else None, reason)
            coming[key] = coming.get(key, 0.0) + amount
        return sorted(
            ((day, why, self.currency_id.round(sum_)) for (day, why), sum_ in coming.items()),
            key=lambda row: (row[0] is None, row[0] or fields.Date.today(), row[1]),
        )

    def _under_way(self):
        """The withdrawal that is being looked at: there is one at a time."""
        return self.withdrawal_ids.filtered(lambda one: one.state in TO_DECIDE)[:1]

    def _portal_amount(self, amount):
        """An amount as a form field shows it: digits and a point."""
        return f"{amount:.{self.currency_id.decimal_places}f}"

    def _since_statement(self):
        """Sums of what is on no statement yet: dict earned, reversed, other, and their count."""
        self.ensure_one()
        sums = dict.fromkeys(("earned", "reversed", "other"), 0.0)
        rows = self.env["wine.share.entry"]._read_group(
            [("account_id", "=", self.id), ("statement_id", "=", False)],
            ["kind"],
            ["amount:sum", "__count"],
        )
        for kind, amount, _count in rows:
            sums[SUM_OF[kind]] += amount
        return {name: self.currency_id.round(amount) for name, amount in sums.items()}


class WineShareEntry(models.Model):
    """An entry in the words of its partner."""

    _inherit = "wine.share.entry"

    def _words_of_state(self):
        """Whether the amount is the partner's, and when it will be."""
        self.ensure_one()
        if self.state != "held":
            return {
                "available": self.env._("yours"),
                "settling": self.env._("on its way"),
                "paid": self.env._("settled"),
            }[self.state]
        if self.held_for == "window" and self.account_id.verified:
            lang = self.env["res.lang"]._lang_get(self.env.lang or "en_US")
            return self.env._("held until %s", self.hold_until.strftime(lang.date_format))
        return {
            "case": self.env._("held: a case about this sale is open"),
            "dispute": self.env._("held: we look into your objection"),
        }.get(self.held_for) or self.env._("held until we have verified you")

    def _icon_of_state(self):
        return ICONS[self.state]

    def _what(self):
        """The product, or what else the amount is for."""
        self.ensure_one()
        if self.product_id:
            return self.product_id.with_context(display_default_code=False).display_name
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]

    def _where(self):
        """The machine, or else the channel, by which the sale was made."""
        self.ensure_one()
        if self.machine_id:
            return self.machine_id.name
        return dict(self._fields["channel"]._description_selection(self.env)).get(self.channel, "")

    def _taken_back(self):
        """Entries that take this one back."""
        self.ensure_one()
        return self.search([("reverses_id", "=", self.id), ("kind", "=", "reversal")], order="id")

    def _steps_for_partner(self):
        """What happened at the vend, step by step, without what concerns the consumer alone.

        :return: list of dict kind, title, at (Datetime), who
        """
        self.ensure_one()
        return [
            {
                "kind": step["kind"],
                "title": step["title"],
                "at": fields.Datetime.to_datetime(step["at"] or None),
                "who": step["who"],
            }
            for step in self.vend_id.timeline or ()
            if step["kind"] != "person"
        ]


class WineShareWithdrawal(models.Model):
    """A withdrawal in the words of its partner."""

    _inherit = "wine.share.withdrawal"

    def _words_of_state(self):
        self.ensure_one()
        return {
            "draft": self.env._("being prepared"),
            "submitted": self.env._("being looked at"),
            "in_review": self.env._("being looked at"),
            "approved": self.env._("on its way to the bank"),
            "paid": self.env._("paid"),
            "rejected": self.env._("not approved"),
            "cancelled": self.env._("taken back"),
        }[self.state]

    def _icon_of_state(self):
        return WITHDRAWAL_ICONS[self.state]

    def _way(self):
        """Steps of the way to the bank: list of dict title, at, is (done, now, next), icon."""
        self.ensure_one()
        env, ended = self.env, self.state in ("rejected", "cancelled")
        done = {"submitted": 1, "in_review": 1, "approved": 2, "paid": 4}.get(self.state, 1)
        steps = [(env._("Applied for, the amount set aside"), self.submitted_at)]
        if ended:
            steps.append((self._words_of_state().capitalize(), self.decided_at))
            return [
                {"title": title, "at": at, "is": "done", "icon": icon}
                for (title, at), icon in zip(steps, ("fa-check", "fa-times"), strict=True)
            ]
        steps += [
            (env._("Looked at"), self.decided_at if done > 1 else None),
            (env._("On its way to the bank"), None),
            (env._("Paid"), self.paid_at),
        ]
        marks = ["done" if n < done else "now" if n == done else "next" for n in range(4)]
        icons = {"done": "fa-check", "now": "fa-hourglass-half", "next": "fa-circle-o"}
        return [
            {"title": title, "at": at, "is": mark, "icon": icons[mark]}
            for (title, at), mark in zip(steps, marks, strict=True)
        ]


class ResPartnerBank(models.Model):
    """A bank account as a page shows it to those who know it."""

    _inherit = "res.partner.bank"

    def _wine_masked(self):
        """The last four characters of the number, and the bank; empty for none."""
        if not self:
            return ""
        number = self.sanitized_acc_number or ""
        return " ".join(filter(None, (f"···· {number[-4:]}", self.bank_id.name)))
