# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.tests import BaseCase, tagged


def _below(cls):
    for child in cls.__subclasses__():
        yield child
        yield from _below(child)


@tagged("post_install", "-at_install")
class TestPortalNames(BaseCase):
    """Odoo makes one class of all that extends the portal: a name there belongs to one of them."""

    def test_no_name_is_taken_twice(self):
        owners = defaultdict(set)
        for cls in _below(CustomerPortal):
            if cls.__module__.startswith("odoo.addons."):
                for name, value in vars(cls).items():
                    if callable(value) and not name.startswith("__"):
                        owners[name].add(cls)
        self.assertIn("_share_listing", owners)
        for name, classes in owners.items():
            for one in classes:
                if ".wine_" in one.__module__ and not hasattr(CustomerPortal, name):
                    for other in classes:
                        related = issubclass(one, other) or issubclass(other, one)
                        self.assertTrue(related, f"{name} is of {one} and of {other}")
