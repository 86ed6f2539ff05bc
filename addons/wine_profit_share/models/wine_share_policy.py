# SPDX-License-Identifier: LGPL-3.0-or-later
from dataclasses import replace
from datetime import timedelta

from odoo import Command, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..core.rules import Policy
from ..core.scope import PolicyBook, Scope

STATES = [("draft", "Draft"), ("active", "Active"), ("retired", "Retired")]
CHANNELS = [("machine", "Machines"), ("website", "Website"), ("shop", "Shop")]
#: where and to what a policy applies; the same through all of its versions
SCOPE_FIELDS = (
    "company_id",
    "region_id",
    "site_id",
    "machine_id",
    "product_categ_id",
    "product_id",
    "channel",
)
#: what makes a version what it is; fixed once it is in force
FIXED_FIELDS = {
    *SCOPE_FIELDS,
    "name",
    "version",
    "origin_id",
    "state",
    "date_from",
    "date_to",
    "hold_days",
    "cellar_on",
    "line_ids",
}
#: only code of this addon holds this object; a context that comes from outside cannot
_LIFECYCLE = object()


class WineSharePolicy(models.Model):
    """How the sales of a place, of goods, of a channel are shared: one version of it.

    Whoever answers for a region **drafts** a policy: a chain of lines, each taking its part of
    what the lines before it left, the last receiver (the residual) the rest. What-if shows
    what the draft would have made of the last weeks. Activated, it is in force from its date
    on and never edited again: **a new version** takes over at a date of its own, the old one
    stays in force for every business date before, however late a sale of those days arrives. A
    policy that shall end without a successor is **retired** at the end of the day; sales fall
    to the next wider policy then.

    Of the policies that apply to a sale the most particular one shares it (core/scope.py). Regional
    administrators set those of their regions within the platform's limits (``wine.share.limit``).

    The hardest path: a sale of the day before the change, heard of a week after it, and refunded.
    """

    _name = "wine.share.policy"
    _description = "Share policy"
    _inherit = ["mail.thread", "wine.reach"]
    _order = "name, version desc, id"

    name = fields.Char(required=True, tracking=True)
    version = fields.Integer(default=1, required=True, readonly=True, copy=False)
    origin_id = fields.Many2one(
        "wine.share.policy", "First version", readonly=True, copy=False, index=True
    )
    version_ids = fields.One2many("wine.share.policy", "origin_id", "Versions")
    state = fields.Selection(
        STATES, default="draft", required=True, readonly=True, copy=False, index=True, tracking=True
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        compute="_compute_company",
        store=True,
        readonly=False,
        precompute=True,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date(
        "In force from",
        default=lambda self: fields.Date.context_today(self) + timedelta(days=1),
        copy=False,
        tracking=True,
        help="Business date; the first that it shares.",
    )
    date_to = fields.Date(
        "Until", readonly=True, copy=False, tracking=True, help="Its last business date."
    )
    region_id = fields.Many2one(
        "wine.region",
        index=True,
        compute="_compute_region",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="With the regions below it; empty for the whole company.",
    )
    site_id = fields.Many2one("wine.site", index="btree_not_null", tracking=True)
    machine_id = fields.Many2one("wine.machine", index="btree_not_null", tracking=True)
    product_categ_id = fields.Many2one(
        "product.category", "Product category", help="With the categories below it."
    )
    product_id = fields.Many2one("product.product")
    channel = fields.Selection(CHANNELS, help="Empty for every channel.")
    hold_days = fields.Integer(
        "Refund window (days)",
        default=7,
        tracking=True,
        help="So long after the sale a share is held, for the sale may be refunded.",
    )
    cellar_on = fields.Selection(
        [("in", "when it is put into the cellar"), ("out", "when it is taken out")],
        "Cellar wine shares",
        default="in",
        required=True,
    )
    line_ids = fields.One2many(
        "wine.share.policy.line",
        "policy_id",
        "Lines",
        copy=True,
        default=lambda self: [
            Command.create({"role": "platform", "value": "residual", "sequence": 1000})
        ],
    )
    note = fields.Text(help="Why it is as it is; shown to those who may read the policy.")

    _version_once = models.UniqueIndex(
        "(origin_id, version) WHERE origin_id IS NOT NULL", "There is such a version already."
    )
    _one_draft = models.UniqueIndex(
        "(origin_id) WHERE state = 'draft' AND origin_id IS NOT NULL",
        "The next version of this policy is drafted already. Change that one.",
    )
    _one_open = models.UniqueIndex(
        "(company_id, COALESCE(region_id, 0), COALESCE(site_id, 0), COALESCE(machine_id, 0), "
        "COALESCE(product_categ_id, 0), COALESCE(product_id, 0), COALESCE(channel, '')) "
        "WHERE state = 'active' AND date_to IS NULL",
        "Another policy is in force for the same place, goods and channel. Make a new version of "
        "it.",
    )
    _goods = models.Constraint(
        "CHECK(product_id IS NULL OR product_categ_id IS NULL)",
        "A policy is for a product or for a category. Leave one of the two empty.",
    )
    _dates = models.Constraint(
        "CHECK(state = 'draft' OR date_from IS NOT NULL)",
        "A policy is in force from a date on. Enter it.",
    )
    _hold = models.Constraint(
        "CHECK(hold_days BETWEEN 0 AND 365)", "The refund window lies between 0 and 365 days."
    )

    # === COMPUTE === #

    @api.depends("name", "version")
    def _compute_display_name(self):
        for policy in self:
            policy.display_name = f"{policy.name} v{policy.version}" if policy.name else ""

    @api.depends("region_id.company_id", "site_id.company_id", "machine_id.company_id")
    def _compute_company(self):
        for policy in self:
            place = policy.machine_id or policy.site_id or policy.region_id
            policy.company_id = place.company_id or policy.company_id or self.env.company

    @api.depends("site_id", "machine_id")
    def _compute_region(self):
        for policy in self:
            place = policy.machine_id or policy.site_id
            policy.region_id = place.region_id or policy.region_id

    # === CONSTRAINS === #

    @api.constrains("company_id", "region_id", "site_id", "machine_id")
    def _check_place(self):
        for policy in self:
            place = policy.machine_id or policy.site_id or policy.region_id
            astray = bool(place) and place.company_id != policy.company_id
            for part, wider in (
                (policy.machine_id.site_id, policy.site_id),
                (policy.machine_id.region_id, policy.region_id),
                (policy.site_id.region_id, policy.region_id),
            ):
                astray |= bool(part and wider and not self._lies_in(part, wider))
            if astray:
                raise ValidationError(
                    self.env._(
                        "%(policy)s: %(place)s does not lie in the site, region or company that is "
                        "named with it. Name the narrowest place alone.",
                        policy=policy.name,
                        place=place.display_name,
                    )
                )

    @staticmethod
    def _lies_in(part, whole):
        """Whether a site is the other, a region the other or below it."""
        if part._name == "wine.region":
            return part.parent_path.startswith(whole.parent_path)
        return part == whole

    @api.constrains(*SCOPE_FIELDS, "origin_id")
    def _check_same_scope(self):
        for policy in self:
            first = policy.origin_id
            if first and any(first[name] != policy[name] for name in SCOPE_FIELDS):
                raise ValidationError(
                    self.env._(
                        "A new version of %s applies where and to what the first one does. Make "
                        "another policy for another place or other goods.",
                        first.name,
                    )
                )

    # === BOOK === #

    @api.model
    def _book(self, company):
        """Every version that is or was in force in a company; kept until one is activated.

        :return: :class:`core.scope.PolicyBook`
        """
        return self._book_of(company.id)

    @api.model
    @tools.ormcache("company_id")
    def _book_of(self, company_id):
        policies = self.sudo().search(  # binding, seen or not
            [("company_id", "=", company_id), ("state", "!=", "draft")]
        )
        return PolicyBook([policy._scope() for policy in policies])

    def _book_with(self, since):
        """The book as if this draft had taken over on a day, its other versions gone from then on.

        :return: :class:`core.scope.PolicyBook`
        """
        self.ensure_one()
        others = self._book(self.company_id).scopes
        versions = set(self.sudo().origin_id.version_ids.ids)
        ours = [scope for scope in others if scope.policy.id in versions - {self.id}]
        earlier = [
            replace(scope, date_to=min(scope.date_to or since, since - timedelta(days=1)))
            for scope in ours
            if scope.date_from < since
        ]
        others = [scope for scope in others if scope.policy.id not in versions]
        return PolicyBook([*others, *earlier, self._scope(date_from=since, date_to=None)])

    def _scope(self, **values):
        """This version for the book."""
        self.ensure_one()
        return Scope(
            **{
                "policy": self._pure(),
                "date_from": self.date_from,
                "date_to": self.date_to or None,
                "region": self.region_id.id or None,
                "site": self.site_id.id or None,
                "machine": self.machine_id.id or None,
                "product": self.product_id.id or None,
                "category": self.product_categ_id.id or None,
                "channel": self.channel or None,
                "families": {line.id: line.origin_id.id or line.id for line in self.line_ids},
                **values,
            }
        )

    def _pure(self):
        """As the engine takes it."""
        self.ensure_one()
        return Policy(
            id=self.id,
            name=self.name,
            version=self.version,
            currency=self.currency_id.name,
            digits=self.currency_id.decimal_places,
            rules=tuple(line._rule() for line in self.line_ids.sorted()),
            hold_days=self.hold_days,
            cellar_on=self.cellar_on,
        )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        policies = super().create(vals_list)
        for policy in policies:
            if not policy.origin_id:
                policy.sudo().with_context(wine_lifecycle=_LIFECYCLE).origin_id = policy
        return policies

    def write(self, vals):
        self._check_editable(vals)
        result = super().write(vals)
        if not self.env.su and set(SCOPE_FIELDS).intersection(vals):
            self.check_access("write")  # Odoo asks before, not what a record is changed into
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        self._check_editable(FIXED_FIELDS)

    def _touch_lines(self):
        """Lines of these policies change: not while another transaction puts one in force.

        The policy's row is written, not only read: without that, a line could be edited in the
        moment in which the limits were asked of what it was before.
        """
        self._check_editable({"line_ids"})
        if self.ids:
            self.env.execute_query(
                SQL(
                    "UPDATE wine_share_policy SET write_date = write_date WHERE id IN %s "
                    "RETURNING id",
                    tuple(self.ids),
                )
            )

    def _check_editable(self, names):
        """:raise UserError: a version that is or was in force would be changed"""
        if self.env.context.get("wine_lifecycle") is _LIFECYCLE:
            return
        fixed = self.filtered(lambda policy: policy.state != "draft")
        if fixed and FIXED_FIELDS.intersection(names):
            raise UserError(
                self.env._(
                    "%s is in force or was, and sales were shared by it: it is not edited. Make a "
                    "new version, which takes over at its date.",
                    fixed[0].display_name,
                )
            )
