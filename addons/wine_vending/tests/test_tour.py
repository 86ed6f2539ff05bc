# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import HttpCase, new_test_user, tagged

from .common import WineCommon


class TourCommon(WineCommon, HttpCase):
    """People at their screens: a region with a machine that has just sold something."""

    session = None  # here it is that of HTTP, not the trading day

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine.name = "Tour Machine"
        foreign = cls.make_region("Farland", "FAR")
        cls.make_machine(foreign, {"A1": cls.wine}, name="Foreign Machine")
        cls.manager = new_test_user(
            cls.env, "tour-manager", "wine_vending.group_wine_region_manager", name="Tour Manager"
        )
        cls.admin = new_test_user(
            cls.env, "tour-admin", "wine_vending.group_wine_admin", name="Tour Admin"
        )
        cls.region.manager_ids = cls.manager


@tagged("post_install", "-at_install")
class TestTour(TourCommon):
    """At the width of a desk."""

    def test_regional_administrator(self):
        vend = self.project(self.local(self.machine))
        self.assertEqual(vend.state, "captured")
        self.start_tour("/odoo", "wine_regional_administrator", login="tour-manager")

    def test_platform_administrator(self):
        self.start_tour("/odoo", "wine_platform_administrator", login="tour-admin")
        self.env.invalidate_all()
        self.assertEqual(self.machine.planogram_id.version, 2)
        self.assertEqual(self.machine.wanted_version, 2)
        self.assertEqual(self.slot(self.machine, "A1").price, 135.5)
        self.assertEqual(
            self.machine.planogram_ids.sorted("version").mapped("state"),
            ["superseded", "published"],
        )

    def test_case_of_unknown_outcome(self):
        vend = self.project(self.local(self.machine, outcome="unknown", pay="card"))
        self.start_tour("/odoo", "wine_case_of_unknown_outcome", login="tour-manager")
        self.env.invalidate_all()
        self.assertEqual((vend.state, vend.case_ids.state), ("refunded", "decided"))
        self.assertEqual(vend.case_ids.decided_by_id, self.manager)
        self.assertEqual(sum(vend.order_ids.mapped("amount_total")), 0)

    def test_today_to_the_machine(self):
        self.project(self.local(self.machine))
        self.start_tour("/odoo", "wine_today", login="tour-admin")

    def test_map_to_the_machine(self):
        self.machine.site_id.write({"latitude": 30.2, "longitude": -85.6})
        self.start_tour("/odoo/wine-map", "wine_map", login="tour-manager")


@tagged("post_install", "-at_install")
class TestTourPhone(TourCommon):
    """At the width of a phone, by touch."""

    browser_size = "390x844"
    touch_enabled = True

    def test_regional_administrator(self):
        self.project(self.local(self.machine))
        self.start_tour("/odoo", "wine_regional_administrator", login="tour-manager")
