# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from .test_planogram_life import PlanogramCommon


class RolloutCommon(PlanogramCommon):
    """Machines of all sorts in the region of the manager, and one that is not theirs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.twin = cls.make_machine(cls.region, {"A1": cls.soda}, name="Twin")
        cls.narrow = cls.make_machine(
            cls.region,
            {"A1": cls.soda},
            qty=1,
            name="Narrow",
            model=cls.make_model(slot_capacity=4),
        )
        cls.small = cls.make_machine(
            cls.region, {"A1": cls.soda}, name="Small", model=cls.make_model(rows=1)
        )
        cls.foreign = cls.make_machine(
            cls.make_region("Farland", "FAR"), {"A1": cls.wine}, name="Foreign"
        )

    def rows(self, wizard):
        return {line.machine_id.name: (line.fits, line.text) for line in wizard.line_ids}

    def layout(self, machine):
        return {
            line.slot_id.code: (line.product_id, line.price, line.par)
            for line in machine.planogram_id.line_ids
        }


@tagged("post_install", "-at_install")
class TestPlanogramCopy(RolloutCommon):
    """What fits is seen before anything is done; what does not fit is left as it is."""

    def wizard(self, **values):
        model = self.env["wine.planogram.copy"].with_user(self.manager)
        form = Form(model.with_context(default_source_id=self.machine.planogram_id.id))
        for name, value in values.items():
            setattr(form, name, value)
        return form.save()

    def test_half_do_not_fit(self):
        wizard = self.wizard()
        rows = self.rows(wizard)
        self.assertEqual(set(rows), {"Twin", "Narrow", "Small"})
        self.assertEqual({name for name, (fits, _text) in rows.items() if fits}, {"Twin"})
        self.assertIn("holds 4 bottles at most", rows["Narrow"][1])
        self.assertIn("Small has no slot B1", rows["Small"][1])
        self.assertIn("3 slots change", rows["Twin"][1])
        self.assertEqual((wizard.fit_count, wizard.unfit_count), (1, 2))
        self.assertFalse(self.twin.planogram_ids.filtered(lambda p: p.state == "draft"))

    def test_only_what_fits_is_done(self):
        wizard = self.wizard(when="now")
        wizard.action_apply()
        self.assertEqual(self.layout(self.twin), self.layout(self.machine))
        self.assertEqual(self.twin.planogram_id.source_id, self.machine.planogram_id)
        self.assertEqual(self.twin.planogram_id.published_by_id, self.manager)
        self.assertEqual((self.narrow.wanted_version, self.small.wanted_version), (1, 1))
        self.assertEqual(self.slot(self.twin, "B1").product_id, self.wine)

    def test_a_tick_that_was_not_given_does_not_help(self):
        wizard = self.wizard(when="now")
        wizard.line_ids.write({"fits": True, "include": True})
        with self.assertRaisesRegex(UserError, "holds 4 bottles"), self.env.cr.savepoint():
            wizard.action_apply()
        self.env.invalidate_all()
        self.assertEqual(self.twin.wanted_version, 1, "all or nothing")

    def test_not_to_a_machine_out_of_reach(self):
        wizard = self.wizard(when="now")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            wizard.line_ids = [
                Command.clear(),
                Command.create({"machine_id": self.foreign.id, "include": True, "fits": True}),
            ]
            wizard.action_apply()
        with self.assertRaises(AccessError):
            self.env["wine.planogram"].with_user(self.manager)._make_drafts(
                [{"machine": self.foreign, "lines": []}]
            )
        self.env.invalidate_all()
        self.assertEqual(self.foreign.planogram_ids, self.foreign.planogram_id)

    def test_smaller_lanes_take_less(self):
        wizard = self.wizard(fit_lanes=True)
        self.assertTrue(self.rows(wizard)["Narrow"][0])
        wizard.action_apply()
        draft = self.narrow.planogram_ids.filtered(lambda p: p.state == "draft")
        self.assertEqual(set(draft.line_ids.mapped("par")), {4})
        self.assertEqual(set(draft.line_ids.mapped("capacity")), {4})

    def test_their_own_prices(self):
        self.wizard(keep_prices=True, when="now").action_apply()
        self.assertEqual(self.price("A2", self.twin), 3.5)
        self.assertEqual(self.price("A1", self.twin), 120)
        self.draft(self.twin, A1=99).action_publish()
        self.wizard(keep_prices=True, when="now").action_apply()
        self.assertEqual(self.price("B1", self.twin), 99, "the wine costs 99 there")

    def test_a_price_limit_of_the_other_region(self):
        below = self.make_region("Testland East", "TSTE", parent_id=self.region.id)
        east = self.make_machine(below, {"A1": self.soda}, name="East")
        self.env["wine.price.limit"].create(
            {"region_id": below.id, "product_id": self.wine.id, "floor": 150}
        )
        rows = self.rows(self.wizard())
        self.assertIn("below the lowest price", rows["East"][1])
        self.assertTrue(rows["Twin"][0])
        self.assertFalse(east.planogram_ids - east.planogram_id)

    def test_scheduled(self):
        at = fields.Datetime.now() + timedelta(days=1)
        wizard = self.wizard(when="later", publish_at=at)
        self.assertIn("UTC", wizard.local_text)
        action = wizard.action_apply()
        draft = self.env["wine.planogram"].search(action["domain"])
        self.assertEqual((draft.machine_id, draft.stage), (self.twin, "scheduled"))
        self.assertEqual(draft.scheduled_by_id, self.manager)

    def test_many_machines_cost_no_query_each(self):
        model = self.twin.model_id
        fleet = self.env["wine.machine"].create(
            [
                {
                    "name": f"Fleet {number}",
                    "serial": f"FLEET-{number}",
                    "model_id": model.id,
                    "site_id": self.twin.site_id.id,
                }
                for number in range(40)
            ]
        )
        self.env.flush_all()
        wizard = self.env["wine.planogram.copy"].create(
            {"source_id": self.machine.planogram_id.id, "machine_ids": fleet.ids, "when": "draft"}
        )
        wizard._preview()
        self.assertEqual(wizard.fit_count, 40)
        counts = []
        for size in (20, 40):
            wizard.line_ids[:size].include = True
            wizard.line_ids[size:].include = False
            with self.env.cr.savepoint() as savepoint:
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                wizard.action_apply()
                self.env.flush_all()
                counts.append(self.env.cr.sql_log_count - before)
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertLess(counts[1] - counts[0], 20 * 5, counts)


@tagged("post_install", "-at_install")
class TestPriceChange(RolloutCommon):
    """Another price in many machines, as new versions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.publish_planogram(cls.twin, {"A1": cls.wine, "A2": cls.wine, "B1": cls.soda}, A2=130)

    def wizard(self, **values):
        form = Form(self.env["wine.price.change"].with_user(self.manager))
        form.product_ids.add(values.pop("product", self.wine))
        for name, value in values.items():
            setattr(form, name, value)
        return form.save()

    def test_preview(self):
        rows = self.rows(self.wizard(value=125))
        self.assertEqual(set(rows), {"Testmachine", "Twin"})
        self.assertIn("A1", rows["Twin"][1])
        self.assertIn("120.00", rows["Twin"][1])
        self.assertIn("125.00", rows["Twin"][1])

    def test_only_where_it_costs(self):
        wizard = self.wizard(value=125, only_price=120, when="now")
        wizard.action_apply()
        self.assertEqual((self.price("A1", self.twin), self.price("A2", self.twin)), (125, 130))
        self.assertEqual((self.price("A1"), self.price("B1"), self.price("A2")), (125, 125, 3.5))
        self.assertEqual(self.machine.wanted_version, 2)

    def test_percent_and_rounding(self):
        self.wizard(mode="percent", value=5, step="0.50", when="now").action_apply()
        self.assertEqual((self.price("A1", self.twin), self.price("A2", self.twin)), (126, 136.5))

    def test_nothing_asked_nothing_shown(self):
        self.assertFalse(self.wizard().line_ids)
        self.assertFalse(self.wizard(value=120, only_price=120).line_ids, "no price changes")
        with self.assertRaisesRegex(UserError, "Tick at least one"):
            self.wizard().action_apply()

    def test_beyond_a_limit(self):
        self.env["wine.price.limit"].create({"product_id": self.wine.id, "ceiling": 124})
        wizard = self.wizard(value=125)
        self.assertEqual((wizard.fit_count, wizard.unfit_count), (0, 2))
        self.assertIn("above the highest price", self.rows(wizard)["Twin"][1])

    def test_two_products_scheduled_for_the_same_hour(self):
        """Each brings its own change, whichever goes first."""
        at = fields.Datetime.now() + timedelta(hours=1)
        self.wizard(value=125, when="later", publish_at=at).action_apply()
        self.wizard(product=self.soda, value=4, when="later", publish_at=at).action_apply()
        late = at + timedelta(minutes=1)
        with (
            freeze_time(late),
            self.enter_registry_test_mode(),
        ):
            self.env.ref("wine_vending.cron_publish_planograms").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual((self.price("A1"), self.price("A2")), (125, 4))
        self.assertEqual((self.price("A1", self.twin), self.price("B1", self.twin)), (125, 4))
