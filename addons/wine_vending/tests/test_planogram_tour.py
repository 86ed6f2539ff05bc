# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import tagged

from .test_tour import TourCommon


@tagged("post_install", "-at_install")
class TestPlanogramTour(TourCommon):
    """A regional administrator copies a layout and schedules it, at the screen."""

    def test_copy_and_schedule(self):
        model = self.machine.model_id
        twin = self.make_machine(self.region, {"A1": self.soda}, name="Tour Twin", model=model)
        small = self.make_machine(self.region, {"A1": self.soda}, name="Tour Small", model=model)
        self.slot(small, "B1").unlink()
        self.start_tour(
            "/odoo/action-wine_vending.wine_planogram_action",
            "wine_planogram_copy_and_schedule",
            login="tour-manager",
        )
        self.env.invalidate_all()
        draft = twin.planogram_ids - twin.planogram_id
        self.assertEqual((draft.stage, draft.scheduled_by_id), ("scheduled", self.manager))
        self.assertEqual(str(draft.publish_at)[:10], "2098-12-31")
        self.assertEqual(draft.source_id, self.machine.planogram_id)
        self.assertEqual(len(draft.line_ids), 3)
        self.assertEqual(small.planogram_ids, small.planogram_id)
