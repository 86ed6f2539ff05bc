# SPDX-License-Identifier: LGPL-3.0-or-later
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .test_planogram_life import PlanogramCommon


@tagged("post_install", "-at_install")
class TestSchedule(PlanogramCommon):
    """Published at its time, with the rights of whoever said so; each on its own."""

    def setUp(self):
        super().setUp()
        self.soon = fields.Datetime.now() + timedelta(hours=1)

    @contextmanager
    def later(self, **delta):
        with freeze_time(self.soon + timedelta(**delta)), self.enter_registry_test_mode():
            yield

    def run_job(self, **delta):
        with self.later(**delta):
            self.env.ref("wine_vending.cron_publish_planograms").method_direct_trigger()
        self.env.invalidate_all()

    def scheduled(self, machine=None, at=None, **prices):
        draft = self.draft(machine, **prices)
        draft.with_user(self.manager)._schedule(at or self.soon)
        return draft

    def test_not_before_its_time_and_once(self):
        draft = self.scheduled(A1=130)
        self.assertEqual((draft.stage, draft.scheduled_by_id), ("scheduled", self.manager))
        self.run_job(minutes=-1)
        self.assertEqual(draft.state, "draft")
        self.run_job(minutes=1)
        self.assertEqual((draft.state, draft.published_by_id), ("published", self.manager))
        self.assertFalse(draft.publish_at)
        self.run_job(minutes=2)
        self.assertEqual((self.machine.wanted_version, self.price()), (2, 130))

    def test_progress_is_told(self):
        self.scheduled(A1=130)
        self.scheduled(A2=4)
        told = []
        with (
            self.later(minutes=1),
            patch.object(
                type(self.env["ir.cron"]),
                "_commit_progress",
                lambda _self, processed=0, *, remaining=None, deactivate=False: (
                    told.append((processed, remaining)) or 60.0
                ),
            ),
        ):
            self.env["wine.planogram"]._cron_publish_scheduled()
        self.assertEqual(told, [(0, 2), (1, None), (1, None)])

    def test_taken_off_the_schedule(self):
        draft = self.scheduled(A1=130)
        draft.with_user(self.manager).action_unschedule()
        draft.with_user(self.manager).action_unschedule()
        self.run_job(minutes=1)
        self.assertEqual((draft.state, draft.stage), ("draft", "draft"))

    def test_published_by_hand_before_its_time(self):
        draft = self.scheduled(A1=130)
        draft.action_publish()
        self.run_job(minutes=1)
        self.assertEqual(self.machine.wanted_version, 2)

    def test_published_by_hand_while_the_job_is_at_it(self):
        """The job has read the draft as due; meanwhile another one published it."""
        draft = self.scheduled(A1=130)
        with self.later(minutes=1):
            draft.action_publish()
            draft._publish_due_alone()
        self.assertEqual((self.machine.wanted_version, draft.publish_error), (2, False))

    def test_somebody_else_holds_the_draft(self):
        draft = self.scheduled(A1=130)
        nothing = self.env["wine.planogram"]
        with (
            self.later(minutes=1),
            patch.object(type(nothing), "try_lock_for_update", lambda self, **_kw: nothing),
        ):
            draft._publish_due_alone()
        self.assertEqual((draft.state, draft.publish_error), ("draft", False))

    def test_another_transaction_was_faster(self):
        """A failure of serialisation is no error of the draft: the next round publishes it."""
        draft = self.scheduled(A1=130)

        def fail(_self):
            raise SerializationFailure("could not serialize access")

        with patch.object(type(draft), "_publish", fail):
            self.run_job(minutes=1)
        self.assertEqual((draft.stage, draft.publish_error), ("scheduled", False))
        self.run_job(minutes=2)
        self.assertEqual(draft.state, "published")

    def test_one_that_fails_holds_up_nobody(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        bad, good = self.scheduled(A1=130), self.scheduled(other, A1=140)
        self.wine.sale_ok = True
        self.soda.active = False  # in slot A2 of the first machine only
        self.run_job(minutes=1)
        self.assertEqual((bad.state, bad.stage), ("draft", "failed"))
        self.assertIn("is archived", bad.publish_error)
        self.assertEqual(bad.activity_ids.user_id, self.manager)
        self.assertEqual(good.state, "published")
        self.run_job(minutes=2)
        self.assertEqual(len(bad.activity_ids), 1, "it is told once")
        self.soda.active = True
        bad.with_user(self.manager)._schedule(self.soon + timedelta(hours=1))
        self.assertFalse(bad.publish_error)
        self.run_job(hours=2)
        self.assertEqual(bad.state, "published")

    def test_an_unexpected_error_is_kept_as_well(self):
        bad, good = self.scheduled(A1=130), self.scheduled(A2=4)
        publish = type(bad)._publish

        def fail(records):
            if records == bad:
                raise ZeroDivisionError("by zero")
            return publish(records)

        with (
            patch.object(type(bad), "_publish", fail),
            mute_logger("odoo.addons.wine_vending.models.wine_planogram_schedule"),
        ):
            self.run_job(minutes=1)
        self.assertIn("by zero", bad.publish_error)
        self.assertEqual(good.state, "published")

    def test_two_of_one_machine_both_count(self):
        """Two mass changes scheduled from the same version: neither takes the other back."""
        self.scheduled(A1=130)
        self.scheduled(A2=4, at=self.soon + timedelta(minutes=1))
        self.run_job(minutes=2)
        self.assertEqual((self.price("A1"), self.price("A2")), (130, 4))
        self.assertEqual(self.machine.wanted_version, 3)

    def test_a_conflict_is_left_to_a_person(self):
        draft = self.scheduled(A1=130)
        self.draft(A1=110).action_publish()
        self.run_job(minutes=1)
        self.assertEqual((draft.stage, self.price()), ("failed", 110))
        self.assertIn("the same slots: A1", draft.publish_error)

    def test_within_the_limits_of_who_scheduled_it(self):
        draft = self.scheduled(A1=130)
        self.env["wine.price.limit"].create({"product_id": self.wine.id, "floor": 200})
        self.run_job(minutes=1)
        self.assertIn("below the lowest price", draft.publish_error)

    def test_whoever_was_relieved_publishes_nothing_any_more(self):
        draft = self.scheduled(A1=130)
        self.region.manager_ids = False
        self.run_job(minutes=1)
        self.assertEqual((draft.stage, self.price()), ("failed", 120))
        self.assertNotEqual(draft.activity_ids.user_id, self.manager)

    def test_whoever_left_publishes_nothing_any_more(self):
        draft = self.scheduled(A1=130)
        self.manager.active = False
        self.run_job(minutes=1)
        self.assertEqual(draft.stage, "failed")
        self.assertIn("works here no more", draft.publish_error)

    def test_only_what_could_be_published_now_is_scheduled(self):
        with self.assertRaisesRegex(UserError, "is over"):
            self.draft(A1=130)._schedule(fields.Datetime.now())
        self.env["wine.price.limit"].create({"product_id": self.wine.id, "ceiling": 125})
        with self.assertRaisesRegex(UserError, "above the highest price"):
            self.scheduled(A1=130)
        with self.assertRaises(UserError):
            self.machine.planogram_id._schedule(self.soon)
        foreign = self.make_machine(self.make_region("Farland", "FAR"), {"A1": self.soda})
        with self.assertRaises(AccessError):
            self.scheduled(foreign, A1=4)

    def test_the_clock_on_the_wall_there(self):
        self.region.tz = "Asia/Shanghai"
        draft = self.draft(A1=130)
        wizard = self.env["wine.planogram.schedule"].create(
            {"planogram_ids": draft.ids, "publish_at": "2099-01-01 22:30:00"}
        )
        self.assertIn("01/02/2099", wizard.local_text)
        self.assertIn("06:30", wizard.local_text)
        self.assertIn("Asia/Shanghai", wizard.local_text)
        wizard.action_schedule()
        self.assertEqual(draft.publish_local, wizard.local_text)
