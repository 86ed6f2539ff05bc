# SPDX-License-Identifier: LGPL-3.0-or-later
from uuid import uuid4

from odoo.tests import tagged

from .test_tour import TourCommon


@tagged("post_install", "-at_install")
class TestComplaintTourPhone(TourCommon):
    """A consumer in front of the machine."""

    browser_size = "390x844"
    touch_enabled = True

    def test_consumer(self):
        vend = self.project(self.local(self.machine, pay="card", sensor="absent"))
        self.start_tour(f"/wine/help/{self.machine.uuid}", "wine_complaint_of_a_consumer")
        self.env.invalidate_all()
        complaint = vend.complaint_ids
        self.assertEqual((complaint.state, complaint.channel), ("refunded", "web"))
        self.assertEqual(vend.order_ids.filtered("is_refund").amount_total, -120.0)


@tagged("post_install", "-at_install")
class TestComplaintTour(TourCommon):
    """The regional administrator decides, at a desk."""

    def test_decided(self):
        vend = self.project(self.local(self.machine, pay="card"))
        complaint = self.env["wine.complaint"]._file(
            {
                "uuid": str(uuid4()),
                "channel": "web",
                "kind": "nothing",
                "machine_id": self.machine.id,
                "email": "ann@example.com",
                "happened_at": vend.moment,
                "slot_code": "A1",
                "amount_claimed": 120.0,
            }
        )
        self.start_tour("/odoo/wine-complaints", "wine_complaint_decided", login="tour-manager")
        self.env.invalidate_all()
        self.assertEqual((complaint.state, complaint.resolution), ("resolved", "refund"))
        self.assertEqual(complaint.decided_by_id, self.manager)
        self.assertEqual(vend.state, "refunded")
