# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import WineCommon


@tagged("post_install", "-at_install")
class TestRegion(WineCommon):
    """Making a region makes what it needs to trade, once."""

    def test_a_region_can_trade_at_once(self):
        region = self.make_region("Harbour", "HARB-1")
        self.assertEqual(region.warehouse_id.code, "HARB1")
        config = region.pos_config_id
        self.assertEqual(config.wine_region_id, region)
        self.assertEqual(config.picking_type_id.warehouse_id, region.warehouse_id)
        self.assertEqual(
            set(config.payment_method_ids.mapped("wine_kind")),
            {"cash", "card", "qr", "wallet", "voucher"},
        )

    def test_cash_is_the_regions_own_and_the_rest_the_companys(self):
        one, two = self.make_region("One", "ONE"), self.make_region("Two", "TWO")
        first, second = one._payment_methods(), two._payment_methods()
        self.assertNotEqual(first["cash"], second["cash"])
        self.assertNotEqual(
            first["cash"].journal_id.default_account_id,
            second["cash"].journal_id.default_account_id,
        )
        for kind in ("card", "qr", "wallet", "voucher"):
            self.assertEqual(first[kind], second[kind])

    def test_setting_up_again_makes_nothing(self):
        config, warehouse = self.region.pos_config_id, self.region.warehouse_id
        self.region._set_up_trade()
        self.assertEqual((self.region.pos_config_id, self.region.warehouse_id), (config, warehouse))

    def test_a_given_warehouse_is_linked(self):
        warehouse = self.env["stock.warehouse"].create({"name": "Given", "code": "GIVEN"})
        region = self.make_region("Linked", "LNK", warehouse_id=warehouse.id)
        self.assertEqual(region.warehouse_id, warehouse)
        self.assertEqual(region.pos_config_id.warehouse_id, warehouse)

    def test_codes_that_shorten_to_the_same_warehouse_code(self):
        one, two = self.make_region("A", "LONGCODE-1"), self.make_region("B", "LONGCODE-2")
        self.assertNotEqual(one.warehouse_id.code, two.warehouse_id.code)

    def test_the_tree(self):
        area = self.make_region("Area", "AREA", parent_id=self.region.id)
        district = self.make_region("District", "DIST", parent_id=area.id)
        self.assertEqual(district.complete_name, "Testland / Area / District")
        found = self.env["wine.region"].search([("id", "child_of", self.region.id)])
        self.assertEqual(found & (area | district), area | district)
        with self.assertRaises(UserError):
            self.region.parent_id = district

    def test_a_point_of_sale_serves_one_region(self):
        with self.assertRaises(ValidationError):
            self.make_region("Thief", "THF", pos_config_id=self.region.pos_config_id.id)

    def test_the_tree_lies_in_one_company(self):
        other = self.env["res.company"].create({"name": "Other company"})
        self.env["account.chart.template"].try_loading("generic_coa", other, install_demo=False)
        with self.assertRaises(ValidationError):
            self.env["wine.region"].with_company(other).create(
                {
                    "name": "X",
                    "code": "X",
                    "company_id": other.id,
                    "parent_id": self.region.id,
                    "tz": "UTC",
                }
            )
