# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.addons.wine_vending.models.wine_told import read_told
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..core.policy_check import problems
from .wine_share_policy import SCOPE_FIELDS

#: names that a sentence lists before it only counts
NAMED = 3


class WineSharePolicy(models.Model):
    """What keeps a draft from being put in force, and what its author should know.

    Saving refuses a chain that can never be right: no or two residuals, more than 100 %, a partner
    missing. The rest is listed on the draft and refused at activation, for it depends on the date,
    on other policies and on who fills the roles on that day.
    """

    _inherit = "wine.share.policy"

    problem_text = fields.Html("To mend", compute="_compute_problem_text", sanitize=False)
    warning_text = fields.Html("To know", compute="_compute_problem_text", sanitize=False)

    @api.depends(
        *SCOPE_FIELDS, "state", "date_from", "hold_days", "line_ids", "line_ids.write_date"
    )
    @api.depends_context("uid", "lang")
    def _compute_problem_text(self):
        for policy in self:
            draft = policy._origin if policy.state == "draft" else self.browse()
            policy.problem_text = _listed(draft._problems() if draft else [])
            policy.warning_text = _listed(draft._warnings() if draft else [])

    @api.constrains("line_ids")
    def _check_lines(self):
        for policy in self.filtered("line_ids"):
            found = policy._chain_problems()
            if found:
                raise ValidationError(
                    self.env._("%(policy)s: %(what)s", policy=policy.name, what="\n".join(found))
                )

    # === PROBLEMS === #

    def _problems(self):
        """Why this draft cannot be put in force by the present user.

        :return: list of str
        """
        self.ensure_one()
        policy = self.sudo()  # what binds counts, seen or not
        return [
            *policy._chain_problems(),
            *policy._goods_problems(),
            *policy._overlap_problems(),
            *policy._shared_problems(),
            *policy._role_findings()[0],
            *self.env["wine.share.limit"]._refusals(self),
        ]

    def _warnings(self):
        """What the author should know although it keeps nothing from happening."""
        self.ensure_one()
        return self.sudo()._role_findings()[1]

    def _told(self, sentences):
        return [read_told(self.env, sentence) for sentence in sentences]

    def _chain_problems(self):
        rules = [line._rule() for line in self.line_ids.sorted()]
        return self._told(problems(rules, self._operators_above()))

    def _goods_problems(self):
        """Rent is for a place."""
        rents = self.line_ids.filtered(lambda line: line.value == "rent")
        if rents and (self.product_id or self.product_categ_id or self.channel):
            yield self.env._(
                "%s pays rent, which is for a place and not for goods or a channel. State the rent "
                "in the policy of the place.",
                self.name,
            )

    def _overlap_problems(self):
        """Another policy of the same place, goods and channel, or a later version."""
        same = [
            (name, "=", self[name] if name == "channel" else self[name].id) for name in SCOPE_FIELDS
        ]
        others = self.search([*same, ("state", "!=", "draft"), ("id", "!=", self.id)])
        for other in others.filtered(lambda other: other.origin_id != self.origin_id):
            if not other.date_to or not self.date_from or other.date_to >= self.date_from:
                yield self.env._(
                    "%(other)s is in force for the same place, goods and channel from %(since)s. "
                    "Make a new version of it instead, or retire it first.",
                    other=other.display_name,
                    since=format_date(self.env, other.date_from),
                )
        later = others.filtered(
            lambda other: (
                other.origin_id == self.origin_id
                and self.date_from
                and other.date_from >= self.date_from
            )
        )
        if later:
            last = max(later, key=lambda other: other.date_from)
            yield self.env._(
                "%(other)s takes over on %(date)s. Choose a later date.",
                other=last.display_name,
                date=format_date(self.env, last.date_from),
            )

    def _shared_problems(self):
        """Business dates that are shared already stay as they are."""
        if not self.date_from:
            yield self.env._("No date is entered. Enter the first day that it shall share.")
            return
        last = self._last_shared()
        if last and last >= self.date_from:
            yield self.env._(
                "Sales up to %(last)s are shared there already and stay as they are. It can be in "
                "force from %(next)s.",
                last=format_date(self.env, last),
                next=format_date(self.env, last + timedelta(days=1)),
            )

    def _last_shared(self):
        """The last business date on which something was shared where this policy applies."""
        entries = self.env["wine.share.entry"].sudo()
        latest = entries.search(
            [("kind", "in", ("sale", "rent")), *self._entry_domain()], order="date desc", limit=1
        )
        return latest.date

    def _entry_domain(self):
        """Of entries of the place, the goods and the channel of this policy."""
        domain = [("company_id", "=", self.company_id.id)]
        if self.region_id:
            domain.append(("region_id", "child_of", self.region_id.id))
        if self.product_categ_id:
            domain.append(("product_id.categ_id", "child_of", self.product_categ_id.id))
        for name in ("site_id", "machine_id", "product_id"):
            if self[name]:
                domain.append((name, "=", self[name].id))
        if self.channel:
            domain.append(("channel", "=", self.channel))
        return domain

    # === ROLES === #

    def _regions(self):
        """Regions whose sales this policy may share."""
        if self.machine_id or self.site_id:
            return (self.machine_id or self.site_id).region_id
        domain = [("company_id", "=", self.company_id.id)]
        if self.region_id:
            domain.append(("id", "child_of", self.region_id.id))
        return self.env["wine.region"].search(domain)

    def _operators_above(self):
        """How many operators above its own a region of this policy has at most."""
        return max((len(region._share_operators_above()) for region in self._regions()), default=0)

    def _sites(self):
        if self.machine_id or self.site_id:
            return self.machine_id.site_id or self.site_id
        return self.env["wine.site"].search([("region_id", "in", self._regions().ids)])

    def _role_findings(self):
        """Roles that nobody fills: (problems, warnings)."""
        wrong, known = [], []
        for line in self.line_ids.sorted():
            lacking, filled = line._role_gaps()
            if not lacking:
                continue
            names = self._named(lacking)
            if filled:
                known.append(self._gap_warning(line, names))
            else:
                wrong.append(self._gap_problem(line, names))
        return wrong, known

    def _gap_problem(self, line, names):
        return self.env._(
            "Line “%(line)s”: nobody fills this role anywhere where the policy applies "
            "(%(names)s). Enter who does, or take the line out.",
            line=line.summary,
            names=names,
        )

    def _gap_warning(self, line, names):
        return self.env._(
            "Line “%(line)s”: nobody fills this role for %(names)s. Its part falls to who gets the "
            "rest there.",
            line=line.summary,
            names=names,
        )

    def _named(self, things):
        """Names of the first few, and how many more there are."""
        if isinstance(things, str):
            return things
        names = ", ".join(thing.display_name for thing in things[:NAMED])
        more = len(things) - NAMED
        return (
            self.env._("%(names)s and %(more)s more", names=names, more=more) if more > 0 else names
        )

    def _refuse_problems(self):
        """:raise UserError: this draft cannot be put in force, and why"""
        found = self._problems()
        if found:
            raise UserError(
                self.env._(
                    "%(policy)s cannot be put in force.\n%(why)s",
                    policy=self.display_name,
                    why="\n".join(f"• {what}" for what in found),
                )
            )


class WineSharePolicyLine(models.Model):
    _inherit = "wine.share.policy.line"

    def _role_gaps(self):
        """Where nobody fills the role of this line: (what lacks one, whether others have)."""
        find = getattr(self, f"_gaps_of_{self.role}", None)
        elsewhere = self.policy_id.channel in ("website", "shop")
        if elsewhere and self.role in ("host", "salesperson"):
            return self.env._("the website and the shop have no site"), False
        return find() if find else ([], True)

    def _gaps_of_operator(self):
        regions = self.policy_id._regions()
        regions = regions.filtered("site_ids") or regions  # where something is sold
        lacking = regions.filtered(lambda region: not region.operator_partner_id)
        return lacking, len(lacking) < len(regions)

    def _gaps_of_operator_above(self):
        regions = self.policy_id._regions()
        regions = regions.filtered("site_ids") or regions
        lacking = regions.filtered(lambda region: not region._share_operators_above())
        return (lacking, False) if lacking == regions else ([], True)

    def _gaps_of_host(self):
        sites = self.policy_id._sites()
        lacking = sites.filtered(lambda site: not site.host_partner_id)
        return lacking, len(lacking) < len(sites)

    def _gaps_of_salesperson(self):
        machines = self.policy_id.machine_id or self.policy_id._sites().machine_ids
        lacking = machines.filtered(lambda m: not (m.salesperson_id or m.site_id.salesperson_id))
        return lacking, len(lacking) < len(machines)

    def _gaps_of_supplier(self):
        policy = self.policy_id
        product = policy.product_id
        return (product, False) if product and not product.seller_ids else ([], True)

    def _gaps_of_referrer(self):
        if self.policy_id.channel == "machine":
            return self.env._("sales whose customer the machine does not know"), True
        return [], True

    def _gaps_of_partner(self):
        return (self.partner_id, False) if not self.partner_id.active else ([], True)


class WineRegion(models.Model):
    _inherit = "wine.region"

    def _share_operators_above(self):
        """Operators of the regions above this one, each once, the nearest first."""
        self.ensure_one()
        found, above = self.env["res.partner"], self.parent_id
        while above:
            found |= above.operator_partner_id
            above = above.parent_id
        return found


def _listed(sentences):
    if not sentences:
        return False
    items = Markup().join(Markup("<li>%s</li>") % sentence for sentence in sentences)
    return Markup('<ul class="mb-0">%s</ul>') % items
