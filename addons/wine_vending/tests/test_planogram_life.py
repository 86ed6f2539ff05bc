# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from .common import WineCommon

MANAGER = "wine_vending.group_wine_region_manager"


class PlanogramCommon(WineCommon):
    """A regional administrator, drafts and reports in one line each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "plano-manager", MANAGER, name="Mona Manager")
        cls.region.manager_ids = cls.manager
        cls.env["wine.price.limit"].search([]).active = False  # of the demo, or a user's

    def draft(self, machine=None, **prices):
        """The standing layout with other prices, by slot code."""
        machine = machine or self.machine
        lines = [line._values() for line in machine.planogram_id.line_ids]
        by_id = {slot.id: slot.code for slot in machine.slot_ids}
        for values in lines:
            values["price"] = prices.get(by_id[values["slot_id"]], values["price"])
        return self.env["wine.planogram"]._make_drafts([{"machine": machine, "lines": lines}])

    def report(self, version, *errors, machine=None, ago=0, **data):
        """The machine says what it has applied, ``ago`` minutes before it is heard."""
        moment = fields.Datetime.now() - timedelta(minutes=ago)
        rows = [{"slot": slot, "code": code} for slot, code in errors]
        fact = self.fact(
            machine or self.machine,
            "machine.reported",
            {"version": version, "sha256": "", "fw": "1", "errors": rows, **data},
            moment=moment,
        )
        self.project(fact)
        return fact

    def price(self, code="A1", machine=None):
        return self.slot(machine or self.machine, code).price

    def differences(self, *kinds, machine=None):
        """{(kind, slot): row}"""
        rows = (machine or self.machine).difference_ids
        return {(row.kind, row.slot_code): row for row in rows if not kinds or row.kind in kinds}


@tagged("post_install", "-at_install")
class TestPlanogramLife(PlanogramCommon):
    """Who published what and when, what the machine says of it, and the way back."""

    def test_first_report_of_a_machine_that_has_nothing(self):
        self.assertFalse(self.machine.reported_at)
        self.assertEqual(self.report(0).result, "done")
        self.assertTrue(self.machine.reported_at)

    def test_stages(self):
        draft = self.draft(A1=130)
        self.assertEqual(draft.stage, "draft")
        draft.with_user(self.manager).action_publish()
        self.assertEqual((draft.stage, draft.published_by_id), ("waiting", self.manager))
        self.report(2)
        self.assertEqual(draft.stage, "applied")
        self.assertTrue(draft.applied_at)
        self.draft(A1=140).action_publish()
        self.assertEqual(draft.stage, "superseded")
        self.assertTrue(draft.applied_at and draft.superseded_at)

    def test_applied_since_the_first_report_of_it(self):
        with freeze_time("2026-03-01 10:00:00"):
            self.report(1)
        first = self.machine.planogram_id.applied_at
        with freeze_time("2026-03-02 10:00:00"):
            self.report(1)
        self.assertEqual(self.machine.planogram_id.applied_at, first)
        self.assertEqual(str(first), "2026-03-01 10:00:00")

    def test_an_old_report_that_arrives_late(self):
        self.draft(A1=130).action_publish()
        self.report(2)
        self.report(1, ("B1", "motor"), ago=120)
        self.assertEqual(self.machine.reported_version, 2)
        self.assertFalse(self.differences(), "errors of a version that is long gone")
        first = self.machine.planogram_ids.filtered(lambda p: p.version == 1)
        self.assertTrue(first.applied_at, "that it was applied once is still worth knowing")

    def test_both_reports_in_one_batch_the_older_one_last(self):
        self.draft(A1=130).action_publish()
        now = fields.Datetime.now()
        facts = [
            self.fact(
                self.machine,
                "machine.reported",
                {"version": version, "errors": []},
                moment=now - timedelta(minutes=ago),
            )
            for version, ago in ((2, 1), (1, 9))
        ]
        self.project(*facts)
        self.assertEqual(self.machine.reported_version, 2)
        self.assertEqual(
            [bool(p.applied_at) for p in self.machine.planogram_ids.sorted("version")],
            [True, True],
        )

    def test_a_new_board_has_nothing_applied(self):
        self.report(1)
        self.assertFalse(self.differences())
        self.report(0)
        self.assertEqual(self.machine.reported_version, 0)
        self.assertIn(("not_applied", ""), self.differences())
        self.assertEqual(self.machine.planogram_id.stage, "waiting")

    def test_many_drafts_of_one_machine_at_once(self):
        drafts = self.draft(A1=130) + self.draft(A1=140)
        drafts.action_publish()
        self.assertEqual(drafts.mapped("version"), [2, 3])
        self.assertEqual(drafts.mapped("state"), ["superseded", "published"])
        self.assertEqual((self.machine.planogram_id, self.price()), (drafts[1], 140))

    def test_one_bad_draft_holds_all_of_one_publication(self):
        """A button does all or nothing; only the schedule goes one by one."""
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        good, empty = (
            self.draft(A1=130),
            self.env["wine.planogram"].create({"machine_id": other.id}),
        )
        with self.assertRaises(UserError), self.env.cr.savepoint():
            (good + empty).action_publish()
        self.env.invalidate_all()
        self.assertEqual((good.state, self.price()), ("draft", 120))

    def test_a_draft_does_not_move_to_another_machine_with_its_slots(self):
        other = self.make_machine(self.region, {"A1": self.soda}, name="Other")
        draft = self.draft(A1=130)
        draft.machine_id = other
        with self.assertRaisesRegex(UserError, "not a slot of Other"):
            draft.action_publish()
        with self.assertRaises(UserError):
            self.machine.planogram_id.machine_id = other

    def test_what_was_decided_is_not_edited(self):
        draft = self.draft(A1=130).with_user(self.manager)
        for name, value in (
            ("state", "published"),
            ("version", 9),
            ("base_id", False),
            ("publish_at", fields.Datetime.now()),
            ("scheduled_by_id", self.env.uid),
            ("applied_at", fields.Datetime.now()),
        ):
            with self.subTest(field=name), self.assertRaises(AccessError):
                draft.write({name: value})


@tagged("post_install", "-at_install")
class TestPlanogramChanges(PlanogramCommon):
    """A draft says what it would change; another publication in between is not taken back."""

    def test_changes_of_a_draft(self):
        draft = self.draft(A1=130)
        draft.line_ids.filtered(lambda line: line.slot_id.code == "A2").product_id = self.wine
        self.assertEqual((draft.change_count, draft.compared_id), (2, self.machine.planogram_id))
        self.assertIn("120.00", draft.change_html)
        self.assertIn("130.00", draft.change_html)
        self.assertIn("T-SODA", draft.change_html)
        self.assertNotIn("B1", draft.change_html)

    def test_changes_of_what_stands_are_against_its_predecessor(self):
        draft = self.draft(A1=130)
        draft.action_publish()
        self.assertEqual(draft.compared_id.version, 1)
        self.assertEqual(draft.change_count, 1)

    def test_a_name_is_no_markup(self):
        self.wine.name = "<script>alert(1)</script>"
        self.assertNotIn("<script>", self.draft(A1=130).change_html)

    def test_bring_up_to_date(self):
        draft = self.draft(A1=130)
        self.assertFalse(draft.is_behind)
        self.draft(A2=4).action_publish()
        self.assertTrue(draft.is_behind)
        self.assertEqual(draft.change_count, 2, "as it is, it would take 4.00 back")
        draft.with_user(self.manager).action_catch_up()
        self.assertEqual((draft.change_count, draft.is_behind), (1, False))
        draft.action_publish()
        self.assertEqual((self.price("A1"), self.price("A2")), (130, 4))

    def test_the_same_slot_is_for_a_person(self):
        draft = self.draft(A1=130)
        self.draft(A1=110).action_publish()
        with self.assertRaisesRegex(UserError, "the same slots: A1"):
            draft.action_catch_up()


@tagged("post_install", "-at_install")
class TestRollBack(PlanogramCommon):
    """One button; a new version, nothing rewritten."""

    def setUp(self):
        super().setUp()
        self.first = self.machine.planogram_id
        self.draft(A1=10).action_publish()  # a slip of the finger

    def wizard(self, version, **values):
        return (
            self.env["wine.planogram.rollback"]
            .with_user(self.manager)
            .create({"planogram_id": version.id, **values})
        )

    def test_it_says_what_will_change_and_does_it(self):
        wizard = self.wizard(self.first)
        self.assertEqual(wizard.change_count, 1)
        self.assertIn("10.00", wizard.change_html)
        self.assertIn("120.00", wizard.change_html)
        wizard.action_confirm()
        new = self.machine.planogram_id
        self.assertEqual((new.version, new.source_id, self.price()), (3, self.first, 120))
        self.assertEqual(self.first.state, "superseded")
        self.assertEqual(self.machine.planogram_ids.sorted("version").mapped("version"), [1, 2, 3])

    def test_a_newer_one_is_scheduled(self):
        """Going back in haste is not undone at six by what was scheduled before."""
        later = self.draft(A1=11)
        later._schedule(fields.Datetime.now() + timedelta(hours=1))
        wizard = self.wizard(self.first)
        self.assertEqual(wizard.scheduled_ids, later)
        wizard.action_confirm()
        self.assertFalse(later.publish_at)
        with (
            freeze_time(fields.Datetime.now() + timedelta(hours=2)),
            self.enter_registry_test_mode(),
        ):
            self.env.ref("wine_vending.cron_publish_planograms").method_direct_trigger()
        self.assertEqual(self.price(), 120)

    def test_a_newer_one_stays_scheduled_and_brings_its_own_change_only(self):
        later = self.draft(B1=99)
        later._schedule(fields.Datetime.now() + timedelta(hours=1))
        self.wizard(self.first, cancel_scheduled=False).action_confirm()
        with (
            freeze_time(fields.Datetime.now() + timedelta(hours=2)),
            self.enter_registry_test_mode(),
        ):
            self.env.ref("wine_vending.cron_publish_planograms").method_direct_trigger()
        self.assertEqual((later.state, self.price("A1"), self.price("B1")), ("published", 120, 99))

    def test_nothing_to_go_back_to(self):
        with self.assertRaisesRegex(UserError, "nothing to go back to"):
            self.machine.planogram_id.action_roll_back()
        self.wizard(self.first).action_confirm()
        with self.assertRaisesRegex(UserError, "already"):
            self.first._roll_back()

    def test_not_below_the_limits_of_today(self):
        self.env["wine.price.limit"].create({"product_id": self.wine.id, "floor": 125})
        with self.assertRaisesRegex(UserError, "below the lowest price"):
            self.wizard(self.first).action_confirm()

    def test_not_in_another_region(self):
        foreign = self.make_machine(self.make_region("Farland", "FAR"), {"A1": self.wine})
        old = foreign.planogram_id
        self.draft(foreign, A1=5).action_publish()
        with self.assertRaises(AccessError):
            old.with_user(self.manager)._roll_back()
