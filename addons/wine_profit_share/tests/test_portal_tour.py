# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import tagged

from .portal import PortalCommon


class PortalTour(PortalCommon):
    """A partner and a supplier at the browser."""

    def check_partner(self):
        self.start_tour("/my", "wine_share_partner", login="portal-host")
        self.env.invalidate_all()
        self.assertEqual(self.own["withdrawal"].state, "cancelled")
        applied = self.env["wine.share.withdrawal"].search(
            [("account_id", "=", self.account.id), ("state", "=", "submitted")]
        )
        self.assertEqual((applied.amount, applied.user_id), (77.77, self.people["host"]))
        line = self.entries(("vend_id", "=", self.vend.id), ("partner_id", "=", self.host.id))
        self.assertIn("The price was higher that day", line.dispute_case_id.text)

    def check_supplier(self):
        self.env["wine.report.sales"]._refresh()
        self.start_tour("/my/goods", "wine_share_supplier", login="portal-supplier")


@tagged("post_install", "-at_install")
class TestPortalTour(PortalTour):
    """At a desk."""

    browser_size = "1366x768"

    def test_partner(self):
        self.check_partner()

    def test_supplier(self):
        self.check_supplier()


@tagged("post_install", "-at_install")
class TestPortalTourPhone(PortalTour):
    """On a phone, by touch."""

    browser_size = "390x844"
    touch_enabled = True

    def test_partner(self):
        self.check_partner()

    def test_supplier(self):
        self.check_supplier()
