# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import WineCommon


@tagged("post_install", "-at_install")
class TestProduct(WineCommon):
    """What the label says must be possible."""

    def test_impossible_labels(self):
        for values in ({"wine_abv": 140}, {"wine_volume_ml": -1}, {"wine_vintage": 20}):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.wine.write(values)

    def test_non_vintage(self):
        self.wine.write({"wine_vintage": 0, "wine_abv": 12.5, "wine_volume_ml": 750})
        self.assertEqual(self.wine.wine_volume_ml, 750)
