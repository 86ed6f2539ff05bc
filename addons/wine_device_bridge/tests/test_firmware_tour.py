# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import HttpCase, new_test_user, tagged

from .test_firmware_campaign import CampaignCommon


@tagged("post_install", "-at_install")
class TestFirmwareTour(CampaignCommon, HttpCase):
    """The platform administrator at the screen: two waves, failures, another try, the end."""

    session = None  # here it is that of HTTP, not the trading day

    def test_a_campaign_from_new_to_closed(self):
        self.make_firmware("6.1.0")
        new_test_user(
            self.env, "fw-tour", "wine_vending.group_wine_admin", name="Tour Administrator"
        )  # fmt: skip
        self.start_tour(
            "/odoo/action-wine_device_bridge.wine_firmware_campaign_action",
            "wine_firmware_campaign_start",
            login="fw-tour",
        )
        self.env.invalidate_all()
        campaign = self.env["wine.firmware.campaign"].search([("region_id", "=", self.place.id)])
        self.assertEqual((campaign.state, len(campaign.install_ids)), ("running", 20))
        campaign.stop_least = 2
        self.run_campaign(campaign)
        self.assertEqual(self.states(campaign), {"sent": 2, "pending": 18})
        self.break_down(campaign.install_ids.filtered(lambda one: one.state == "sent"))
        self.run_campaign(campaign)
        self.start_tour(
            f"/odoo/action-wine_device_bridge.wine_firmware_campaign_action/{campaign.id}",
            "wine_firmware_campaign_stopped",
            login="fw-tour",
        )
        self.env.invalidate_all()
        self.assertEqual(campaign.state, "done")
        self.assertEqual(self.states(campaign), {"failed": 1, "skipped": 19})
