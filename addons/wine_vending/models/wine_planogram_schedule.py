# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from psycopg2 import OperationalError

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

_logger = logging.getLogger(__name__)


class WinePlanogram(models.Model):
    """Publishing later.

    A draft with ``publish_at`` is published by a job when that moment has come, with the rights and
    within the limits of whoever scheduled it: who was relieved of the region meanwhile publishes
    nothing any more. Each one is on its own: what cannot be published keeps its error, gets an
    activity, and holds up nobody. It is not tried again until it is scheduled again.
    """

    _inherit = "wine.planogram"

    publish_at = fields.Datetime("Publish at", readonly=True, copy=False, index="btree_not_null")
    publish_local = fields.Char("Local time of the machine", compute="_compute_publish_local")
    publish_error = fields.Text("Not published because", readonly=True, copy=False)
    scheduled_by_id = fields.Many2one("res.users", "Scheduled by", readonly=True, copy=False)

    @api.depends("publish_at", "region_id.tz")
    def _compute_publish_local(self):
        for planogram in self:
            planogram.publish_local = planogram.region_id._local_text(planogram.publish_at)

    # === ACTIONS === #

    def action_schedule(self):
        """Ask when, for one draft or many."""
        self._check_draft()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Schedule publication"),
            "res_model": "wine.planogram.schedule",
            "view_mode": "form",
            "target": "new",
            "context": {"default_planogram_ids": self.ids},
        }

    def action_unschedule(self):
        """Drafts stay, nothing is published by itself; idempotent."""
        self.check_access("write")
        scheduled = self.filtered(lambda planogram: planogram.state == "draft")
        scheduled.sudo().write(  # the schedule is not edited, only set and taken back
            {"publish_at": False, "publish_error": False, "scheduled_by_id": False}
        )
        return True

    # === BUSINESS === #

    def _schedule(self, moment):
        """Publish drafts at a moment (naive UTC); replaces an earlier schedule.

        :raise UserError: the moment is over, or a draft that could not be published now
        """
        self.check_access("write")
        if moment <= fields.Datetime.now():
            raise UserError(self.env._("That moment is over. Choose a later one, or publish now."))
        self._check_publishable()
        self.sudo().write(  # the schedule is not edited, only set and taken back
            {"publish_at": moment, "publish_error": False, "scheduled_by_id": self.env.uid}
        )

    @api.model
    def _cron_publish_scheduled(self):
        """Publish the drafts whose moment has come, one transaction each."""
        due = self.sudo().search(self._due_domain(), order="publish_at, id")
        self.env["ir.cron"]._commit_progress(remaining=len(due))
        for planogram in due:
            planogram._publish_due_alone()
            if not self.env["ir.cron"]._commit_progress(1):
                break

    @api.model
    def _due_domain(self):
        return [
            ("state", "=", "draft"),
            ("publish_at", "<=", fields.Datetime.now()),
            ("publish_error", "=", False),
        ]

    def _publish_due_alone(self):
        """Publish one scheduled draft, or say on it why not; nothing is raised."""
        self.env.invalidate_all()
        try:
            with self.env.cr.savepoint():
                self._publish_due()
                self.env.flush_all()
        except OperationalError as error:
            # somebody else works on the machine at this very moment: the next round tries again
            self.env.invalidate_all()
            _logger.info("planogram %s waits for another transaction: %s", self.id, error)
        except UserError as error:
            self.env.invalidate_all()
            self._publication_failed(str(error))
        except Exception as error:
            self.env.invalidate_all()
            _logger.exception("scheduled planogram %s", self.id)
            self._publication_failed(
                self.env._("An unexpected error: %s. Ask the platform administrator.", error)
            )

    def _publish_due(self):
        """Publish if it still is to be published and nobody else is at it; idempotent."""
        if not self.try_lock_for_update() or not self.filtered_domain(self._due_domain()):
            return
        self._catch_up()
        scheduler = self.scheduled_by_id
        if not scheduler.active and scheduler.id != SUPERUSER_ID:
            raise UserError(
                self.env._(
                    "%s scheduled this and works here no more. Look at the draft, then publish or "
                    "schedule it again.",
                    scheduler.name,
                )
            )
        self.with_user(scheduler).action_publish()

    def _publication_failed(self, text):
        self.publish_error = text
        self.message_post(body=text)
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Scheduled planogram was not published"),
            note=text,
            user_id=self._who_to_ask().id,
        )

    def _who_to_ask(self):
        """Whoever scheduled it, while in charge; else who is in charge; else the platform."""
        regions = self.region_id.search([("id", "parent_of", self.region_id.ids)], order="id desc")
        managers = regions.manager_ids.filtered("active")
        scheduler = self.scheduled_by_id.filtered("active")
        everywhere = scheduler and scheduler.has_group("wine_vending.group_wine_admin")
        if everywhere or scheduler & managers:
            return scheduler
        return (
            self.region_id.manager_ids.filtered("active")[:1]
            or managers[:1]
            or self.env.ref("base.user_admin")
        )


class WineRegion(models.Model):
    _inherit = "wine.region"

    def _local_text(self, moment):
        """A moment (naive UTC) as the clock on the wall of the region shows it, with the zone."""
        if not moment or not self:
            return False
        text = format_datetime(self.env, moment, tz=self.tz)
        return f"{text} ({self.tz})"
