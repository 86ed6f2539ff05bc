# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import Command, api, fields, models
from odoo.addons.wine_vending.core.money import from_minor, to_minor
from odoo.exceptions import UserError

from ..core.rules import PLATFORM
from ..models.wine_share_policy_line import ROLE
from ..models.wine_share_rent import _policy_of
from ..models.wine_share_trial import Trial

#: orders that are read at once
BATCH = 1000
LONGEST = 366
#: states of an order whose lines were sold
SOLD = ("paid", "done", "invoiced")
KINDS = [("party", "Party"), ("role", "Role"), ("machine", "Machine"), ("detail", "Detail")]


class WineShareWhatif(models.TransientModel):
    """A policy run over the real sales of the last days, beside what they were shared by.

    Only sales that the policy would share count, with what has been refunded of them since. What
    they gave is read from the ledger; sales from before the ledger are reckoned by the policies of
    their day, and counted apart. Nothing is written: the same code that posts sales shares them by
    a book in which the draft has taken over (``Trial``).
    """

    _name = "wine.share.whatif"
    _inherit = ["wine.guide"]
    _description = "What a share policy would have given"

    policy_id = fields.Many2one("wine.share.policy", required=True, readonly=True)
    company_id = fields.Many2one(related="policy_id.company_id")
    currency_id = fields.Many2one(related="policy_id.currency_id")
    days = fields.Integer("Last days", default=30, required=True)
    date_from = fields.Date("From", compute="_compute_dates", store=True)
    date_to = fields.Date("To", compute="_compute_dates", store=True)
    done = fields.Boolean(readonly=True)
    line_ids = fields.One2many("wine.share.whatif.line", "whatif_id", "Figures", readonly=True)
    party_ids = fields.One2many(
        "wine.share.whatif.line", "whatif_id", "Parties", domain=[("kind", "=", "party")]
    )
    role_ids = fields.One2many(
        "wine.share.whatif.line", "whatif_id", "Roles", domain=[("kind", "=", "role")]
    )
    machine_ids = fields.One2many(
        "wine.share.whatif.line", "whatif_id", "Machines", domain=[("kind", "=", "machine")]
    )
    sale_count = fields.Integer("Sales", readonly=True)
    reckoned_count = fields.Integer("Sales before the ledger", readonly=True)
    net = fields.Monetary("Sold, net of tax", readonly=True)
    platform_present = fields.Monetary("Platform, as it was", readonly=True)
    platform_draft = fields.Monetary("Platform, by this policy", readonly=True)
    platform_change = fields.Monetary("Change", compute="_compute_platform_change")

    _window = models.Constraint(
        f"CHECK(days BETWEEN 1 AND {LONGEST})", "Choose between 1 and 366 days."
    )

    @api.depends("days")
    def _compute_dates(self):
        today = fields.Date.context_today(self)
        for whatif in self:
            whatif.date_to = today
            whatif.date_from = today - timedelta(days=max(whatif.days, 1) - 1)

    @api.depends("platform_present", "platform_draft")
    def _compute_platform_change(self):
        for whatif in self:
            whatif.platform_change = whatif.platform_draft - whatif.platform_present

    @api.depends("policy_id")
    def _compute_display_name(self):
        for whatif in self:
            whatif.display_name = self.env._("What if: %s", whatif.policy_id.display_name)

    # === ACTIONS === #

    def action_run(self):
        """Reckon, and show it."""
        self.ensure_one()
        self.check_access("write")
        self._check_scope()
        whatif = self.sudo()  # sales of the policy's scope, which this user may read
        if not whatif.policy_id.line_ids.filtered(lambda line: line.value == "residual"):
            raise UserError(
                self.env._(
                    "%s leaves the rest to nobody. Add that line first.", self.policy_id.name
                )
            )
        whatif._run()
        return self._reopen()

    def _check_scope(self):
        """Who reads a policy from above does not read the sales of all that it binds."""
        if not self.env.user.has_group("wine_vending.group_wine_finance"):
            self.policy_id.check_access("write")
        self.policy_id.check_access("read")

    def action_view_details(self):
        """Every party at every machine, to be turned about and taken into a spreadsheet."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_profit_share.wine_share_whatif_line_action"
        )
        action["domain"] = [("whatif_id", "=", self.id), ("kind", "=", "detail")]
        return action

    def _reopen(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_profit_share.wine_share_whatif_action"
        )
        action["res_id"] = self.id
        return action

    # === RECKONING === #

    def _run(self):
        present, draft, sold = self._reckon()
        for figures in (present, draft):
            for key in [key for key, minor in figures.items() if not minor]:
                del figures[key]
        self.line_ids.unlink()
        digits = self.currency_id.decimal_places
        own = self.company_id.partner_id.commercial_partner_id.id
        self.write(
            {
                "done": True,
                "sale_count": sold["count"],
                "reckoned_count": sold["reckoned"],
                "net": from_minor(sum(sold["net"].values()), digits),
                "platform_present": from_minor(_sum_of(present, own), digits),
                "platform_draft": from_minor(_sum_of(draft, own), digits),
                "line_ids": [
                    Command.create(vals) for vals in self._line_values(present, draft, sold)
                ],
            }
        )

    def _reckon(self):
        """(present, draft, sold): figures by (partner, role, machine), and what was sold."""
        company, policy = self.company_id, self.policy_id
        book = policy._book_with(self._first_day())
        lines = list(self._sale_lines())
        trial = Trial(self.env, company, lines, book)
        inside = trial.keep(lambda _line, by: by and by.id == policy.id)
        places = {line.source: line.machine_id for line in lines}
        shown = {line.source for line, _by in trial.lines if line.date >= self.date_from}
        net = {source: 0 for source in shown}
        draft = self._add_up(trial.amounts(), places, shown)
        for line in lines:
            source = line.reverses or line.source
            if source in shown:
                net[source] += trial.exchange.own(line.net, line)
        present = self._from_ledger(shown)
        known = self.env["wine.share.entry"]._known(shown)
        if shown - known:
            before = Trial(self.env, company, lines, policy._book(company))
            before.keep(lambda line, _by: line.source in inside)
            for key, minor in self._add_up(before.amounts(), places, shown - known).items():
                present[key] += minor
        self._add_rents(present, draft, book)
        sold = defaultdict(int)
        for source, minor in net.items():
            sold[places[source]] += minor
        return present, draft, {"net": sold, "count": len(shown), "reckoned": len(shown - known)}

    def _first_day(self):
        """Tiers begin at the first of the month: the sales before the window count for them."""
        tiered = any(line.value == "tiered" for line in self.policy_id.line_ids)
        return self.date_from.replace(day=1) if tiered else self.date_from

    def _add_up(self, amounts, places, sources):
        """Figures by (partner, role, machine) of these sources."""
        own = self.company_id.partner_id.commercial_partner_id.id
        figures = defaultdict(int)
        for (source, partner, role), minor in amounts.items():
            if source in sources:
                figures[partner if partner != PLATFORM else own, role, places[source]] += minor
        return figures

    def _from_ledger(self, sources):
        """What these sales gave, less what was taken back of it since."""
        self.env["wine.share.entry"].flush_model()
        digits = self.currency_id.decimal_places
        self.env.cr.execute(
            """
            WITH sold AS (
                SELECT id FROM wine_share_entry WHERE source = ANY(%s) AND kind = 'sale'
            )
            SELECT partner_id, role, machine_id, sum(amount)
              FROM wine_share_entry
             WHERE role != 'pool'
               AND (id IN (SELECT id FROM sold) OR reverses_id IN (SELECT id FROM sold))
             GROUP BY partner_id, role, machine_id
            """,
            [list(sources)],
        )
        figures = defaultdict(int)
        for partner, role, machine, amount in self.env.cr.fetchall():
            figures[partner, role, machine] += to_minor(amount, digits)
        return figures

    def _add_rents(self, present, draft, book):
        """Rent of the days of the window, where this policy would pay it."""
        policy = self.policy_id.with_env(self.env)
        digits = self.currency_id.decimal_places

        def within(day, *where):
            if not self.date_from <= day <= self.date_to:
                return False
            by = _policy_of(book, day, *where)
            return by is not None and by.id == policy.id

        month = self.date_from.replace(day=1)
        while month <= self.date_to:
            for figures, by in ((draft, book), (present, policy._book(self.company_id))):
                for vals in policy._rents(self.company_id, month, by, within):
                    key = vals["partner_id"], vals["role"], vals["machine_id"]
                    figures[key] += to_minor(vals["amount"], digits)
            month += relativedelta(months=1)

    # === SALES === #

    def _sale_lines(self):
        """Sale lines of the window and what was refunded of them, in the order of posting."""
        sold = set()
        for batch in self._batches():
            for line in batch:
                if line.reverses:
                    if line.reverses in sold:
                        yield line
                elif self._first_day() <= line.date <= self.date_to:
                    sold.add(line.source)
                    yield line

    def _batches(self):
        """Lines of the machines' orders, then those of the tills and the website."""
        policy = self.policy_id
        recent = ("company_id", "=", self.company_id.id), ("state", "in", SOLD)
        since = ("wine_business_date", ">=", self._first_day())
        domain = [*recent, ("wine_vend_id", "!=", False), since]
        if policy.machine_id:
            domain.append(("wine_machine_id", "=", policy.machine_id.id))
        elif policy.region_id:
            domain.append(("wine_region_id", "child_of", policy.region_id.id))
        orders = self.env["pos.order"].search(domain, order="id")
        for start in range(0, len(orders), BATCH):
            yield orders[start : start + BATCH]._wine_sale_lines()
            self.env.invalidate_all()  # what was read of so many orders
        others = [("company_id", "=", self.company_id.id), ("date", ">=", self._first_day())]
        yield self.env["wine.sale.line"].search(others, order="id")._sale_lines()

    # === RESULT === #

    def _line_values(self, present, draft, sold):
        """Values of the result: by party, by role, by machine, and each figure."""
        keys = sorted(set(present) | set(draft), key=str)
        own = self.company_id.partner_id.commercial_partner_id.id
        yield from self._grouped("party", keys, present, draft, lambda key: {"partner_id": key[0]})
        yield from self._grouped("role", keys, present, draft, lambda key: {"role": key[1]})
        parties = [key for key in keys if key[0] != own]
        machines = list(
            self._grouped("machine", parties, present, draft, lambda key: {"machine_id": key[2]})
        )
        for vals in machines:
            minor = sold["net"].get(vals["machine_id"], 0)
            vals["net"] = from_minor(minor, self.currency_id.decimal_places)
        yield from machines
        yield from self._grouped(
            "detail",
            keys,
            present,
            draft,
            lambda key: {"partner_id": key[0], "role": key[1], "machine_id": key[2]},
        )

    def _grouped(self, kind, keys, present, draft, values):
        """Rows of one grouping, the greatest first."""
        digits = self.currency_id.decimal_places
        rows = {}
        for key in keys:
            vals = values(key)
            row = rows.setdefault(tuple(vals.values()), [vals, 0, 0])
            row[1] += present.get(key, 0)
            row[2] += draft.get(key, 0)
        for vals, before, after in sorted(rows.values(), key=lambda row: -max(row[1:])):
            yield {
                **vals,
                "kind": kind,
                "present": from_minor(before, digits),
                "draft": from_minor(after, digits),
            }


class WineShareWhatifLine(models.TransientModel):
    """One figure beside the other."""

    _name = "wine.share.whatif.line"
    _description = "Figure of a what-if"

    whatif_id = fields.Many2one("wine.share.whatif", required=True, ondelete="cascade", index=True)
    currency_id = fields.Many2one(related="whatif_id.currency_id", store=True)
    kind = fields.Selection(KINDS, required=True)
    partner_id = fields.Many2one("res.partner")
    role = fields.Selection(ROLE)
    machine_id = fields.Many2one("wine.machine")
    name = fields.Char(compute="_compute_name")
    net = fields.Monetary("Sold, net of tax")
    present = fields.Monetary("As it was")
    draft = fields.Monetary("By this policy")
    change = fields.Monetary(compute="_compute_change", store=True)
    change_percent = fields.Float(
        "Change (%)", digits=(16, 1), compute="_compute_change", store=True
    )

    @api.depends("kind", "partner_id", "role", "machine_id")
    @api.depends_context("lang")
    def _compute_name(self):
        roles = dict(self._fields["role"]._description_selection(self.env))
        for line in self:
            # named to whoever may see the policy; the partner need not be of the own region
            names = line.sudo()
            line.name = {
                "party": names.partner_id.display_name,
                "role": roles.get(line.role),
                "machine": names.machine_id.name or self.env._("No machine"),
            }.get(line.kind)

    @api.depends("present", "draft")
    def _compute_change(self):
        for line in self:
            line.change = line.draft - line.present
            line.change_percent = 100 * line.change / line.present if line.present else 0.0


class WineSharePolicy(models.Model):
    _inherit = "wine.share.policy"

    def action_what_if(self):
        """What this version would have made of the last weeks' sales."""
        self.ensure_one()
        self.check_access("read")
        whatif = self.env["wine.share.whatif"].sudo().create({"policy_id": self.id})
        return whatif.with_env(self.env).action_run()


def _sum_of(figures, partner):
    return sum(minor for (one, _role, _machine), minor in figures.items() if one == partner)
