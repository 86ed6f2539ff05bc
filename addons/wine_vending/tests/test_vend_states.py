# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..core import vend_flow
from .common import WineCommon

LOGGER = "odoo.addons.wine_vending.models.wine_vend"


@tagged("post_install", "-at_install")
class TestVendStates(WineCommon):
    """The one door to a state: guarded, idempotent, closed to bare writes."""

    def setUp(self):
        super().setUp()
        self.vend = self.env["wine.vend"]._reserve(self.slot(self.machine, "A1"), "qr")

    def test_a_bare_write_is_refused(self):
        with self.assertRaises(UserError):
            self.vend.state = "captured"

    def test_a_context_from_outside_opens_nothing(self):
        for key in (True, 1, "x", {}):
            with self.assertRaises(UserError):
                self.vend.with_context(wine_flow=key).write({"state": "captured"})

    def test_the_same_step_twice_moves_once(self):
        self.assertTrue(self.vend._update_state("authorised"))
        self.assertFalse(self.vend._update_state("authorised"))

    @mute_logger(LOGGER)
    def test_a_step_that_is_not_allowed_changes_nothing(self):
        self.assertFalse(self.vend._update_state("captured"))
        self.assertEqual(self.vend.state, "reserved")

    @mute_logger(LOGGER)
    def test_final_states_stay(self):
        self.vend._update_state("voided")
        for target in ("reserved", "authorised", "accepted", "dispensing", "captured"):
            self.assertFalse(self.vend._update_state(target), target)

    def test_every_state_of_the_field_is_in_the_flow(self):
        states = set(dict(self.env["wine.vend"]._fields["state"].selection))
        flow = set(vend_flow.ALLOWED) | {"draft"}
        self.assertEqual(states, flow)

    def test_a_vend_is_never_deleted(self):
        with self.assertRaises(UserError):
            self.vend.unlink()

    def test_references_are_unique(self):
        names = self.env["wine.vend"]._next_names(50)
        self.assertEqual(len(set(names)), 50)
        self.assertTrue(names[0].startswith("V0"))
