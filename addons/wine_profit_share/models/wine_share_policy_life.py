# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .wine_share_policy import _LIFECYCLE

PHASES = [
    ("draft", "Draft"),
    ("planned", "Planned"),
    ("running", "In force"),
    ("over", "Over"),
]


class WineSharePolicy(models.Model):
    """From draft to its end: activation, the next version that takes over, retirement.

    ::

        draft ──activate──▶ planned ──its date──▶ in force ──successor or retirement──▶ over
          ▲                    │
          └──────take back─────┘   (only while nothing was shared by it)
    """

    _inherit = "wine.share.policy"

    phase = fields.Selection(PHASES, compute="_compute_phase", search="_search_phase")
    is_last = fields.Boolean(compute="_compute_is_last", help="No later version is drafted.")

    @api.depends("state", "date_from", "date_to")
    def _compute_phase(self):
        today = fields.Date.context_today(self)
        for policy in self:
            if policy.state == "draft":
                policy.phase = "draft"
            elif policy.date_to and policy.date_to < today:
                policy.phase = "over"
            else:
                policy.phase = "planned" if policy.date_from > today else "running"

    @api.model
    def _search_phase(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        lives = Domain("state", "!=", "draft")
        ended = Domain("date_to", "!=", False) & Domain("date_to", "<", today)
        domains = {
            "draft": Domain("state", "=", "draft"),
            "over": lives & ended,
            "planned": lives & ~ended & Domain("date_from", ">", today),
            "running": lives & ~ended & Domain("date_from", "<=", today),
        }
        return Domain.OR(domains[phase] for phase in value if phase in domains)

    @api.depends("version_ids.version")
    def _compute_is_last(self):
        for policy in self:
            policy.is_last = policy == policy._last_version()

    def _last_version(self):
        return self.origin_id.version_ids.sorted("version")[-1:] or self

    # === ACTIONS === #

    def action_activate(self):
        """Put drafts in force from their date on; the version before ends the day before."""
        self.check_access("write")
        for policy in self.filtered(lambda policy: policy.state == "draft"):
            policy._refuse_problems()
            policy._take_over()
            policy._set_state("active")
        return True

    def action_new_version(self):
        """Draft the next version, or open the one that is drafted already."""
        self.ensure_one()
        self.check_access("write")
        last = self._last_version()
        if last.state != "draft":
            last = last._draft_next()
        return last.with_env(self.env).get_formview_action()

    def action_take_back(self):
        """Make a draft again of what is not in force yet."""
        self.check_access("write")
        for policy in self.filtered(lambda policy: policy.state == "active"):
            if policy.sudo()._used():
                raise UserError(
                    self.env._(
                        "Sales were shared by %s already. Make a new version instead.",
                        policy.display_name,
                    )
                )
            before = policy._before()
            end = policy.date_from - timedelta(days=1)
            policy._set_state("draft")
            if before.date_to == end:
                before._set_state("active", date_to=False)
        return True

    def action_retire(self):
        """Let a policy end today without a successor: from tomorrow the next wider one shares."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        for policy in self.filtered(lambda policy: policy.state == "active" and not policy.date_to):
            if policy.date_from > today:
                raise UserError(
                    self.env._("%s is not in force yet. Take it back instead.", policy.display_name)
                )
            policy._set_state("active", date_to=max(today, policy.sudo()._last_shared() or today))
        return True

    # === BUSINESS === #

    def _set_state(self, state, **values):
        """The one way in which a version moves on; the book is read again."""
        self.sudo().with_context(wine_lifecycle=_LIFECYCLE).write({"state": state, **values})
        self.env.flush_all()
        self.env.registry.clear_cache()

    def _before(self):
        """The version that is in force when this one takes over."""
        earlier = self.sudo().origin_id.version_ids.filtered(
            lambda other: other.version < self.version and other.state != "draft"
        )
        return earlier.sorted("version")[-1:]

    def _take_over(self):
        """End the version before, unless it ends before by itself."""
        before = self._before()
        end = self.date_from - timedelta(days=1)
        if before and (not before.date_to or before.date_to > end):
            before._set_state(before.state, date_to=end)

    def _draft_next(self):
        """A copy as the next version, each line known as the same line of the first version."""
        self.ensure_one()
        lines = self.sudo().line_ids.sorted()
        draft = self.sudo().copy(
            {"name": self.name, "version": self.version + 1, "origin_id": self.origin_id.id}
        )
        for line, old in zip(draft.line_ids.sorted(), lines, strict=True):
            line.origin_id = old.origin_id
        return draft

    def _used(self):
        return bool(
            self.env["wine.share.entry"]
            .sudo()
            .search_count([("policy_id", "in", self.ids)], limit=1)
        )

    @api.model
    def _cron_retire(self):
        """What has ended is shown as retired; it remains in the book for sales that come late."""
        today = fields.Date.today() - timedelta(days=1)  # the day is over in every time zone
        over = self.search([("state", "=", "active"), ("date_to", "<", today)])
        over.with_context(wine_lifecycle=_LIFECYCLE).write({"state": "retired"})
