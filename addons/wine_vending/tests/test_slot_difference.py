# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged

from .test_planogram_life import PlanogramCommon


@tagged("post_install", "-at_install")
class TestSlotDifference(PlanogramCommon):
    """Wanted against reported, slot by slot, with the right "since"."""

    def setUp(self):
        super().setUp()
        self.report(1)

    def since(self, kind, code=""):
        return str(self.differences()[kind, code].since)

    def test_nothing_differs(self):
        self.assertFalse(self.differences())
        self.assertEqual(self.machine.difference_count, 0)

    def test_what_differs_until_it_is_applied(self):
        draft = self.draft(A1=130)
        line = {line.slot_id.code: line for line in draft.line_ids}
        line["A2"].product_id = self.wine
        line["B1"].write({"par": 4})
        draft.line_ids = [
            Command.create(
                {
                    "slot_id": self.slot(self.machine, "B2").id,
                    "product_id": self.soda.id,
                    "price": 3,
                }
            )
        ]
        draft.action_publish()
        rows = self.differences()
        self.assertEqual(
            set(rows),
            {
                ("not_applied", ""),
                ("price", "A1"),
                ("product", "A2"),
                ("capacity", "B1"),
                ("layout", "B2"),
            },
        )
        self.assertIn("130.00", rows["price", "A1"].wanted_text)
        self.assertIn("120.00", rows["price", "A1"].reported_text)
        self.assertIn("T-SODA", rows["product", "A2"].reported_text)
        self.assertEqual(rows["layout", "B2"].reported_text, "not on sale")
        self.assertIn("par 4", rows["capacity", "B1"].wanted_text)
        self.assertEqual(rows["not_applied", ""].reported_text, "version 1")
        self.report(2)
        self.assertFalse(self.differences())

    def test_since_is_when_it_began(self):
        with freeze_time("2027-03-01 10:00:00"):
            self.draft(A1=130).action_publish()
        with freeze_time("2027-03-01 11:00:00"):
            self.draft(A1=140, A2=4).action_publish()
        self.assertEqual(self.since("price", "A1"), "2027-03-01 10:00:00")
        self.assertEqual(self.since("price", "A2"), "2027-03-01 11:00:00")
        self.assertEqual(self.since("not_applied"), "2027-03-01 10:00:00")
        self.assertIn("140.00", self.differences()["price", "A1"].wanted_text)
        self.report(2)
        self.assertEqual(
            set(self.differences()), {("not_applied", ""), ("price", "A1"), ("price", "A2")}
        )
        self.assertEqual(self.since("price", "A1"), "2027-03-01 10:00:00")

    def test_published_back_to_what_the_machine_has(self):
        """Another version, the same content: it is behind, no slot differs."""
        self.draft(A1=130).action_publish()
        self.draft(A1=120).action_publish()
        self.assertEqual(set(self.differences()), {("not_applied", "")})

    def test_a_version_that_nobody_knows(self):
        self.report(99)
        rows = self.differences()
        self.assertEqual(set(rows), {("not_applied", "")})
        self.assertEqual(rows["not_applied", ""].reported_text, "version 99")

    def test_errors_of_the_machine(self):
        with freeze_time("2027-03-01 10:00:00"):
            self.report(1, ("A1", "motor"), ("Q9", "unknown_slot"))
        with freeze_time("2027-03-01 12:00:00"):
            self.report(1, ("A1", "motor"), ("A1", "price_label"))
        rows = self.machine.difference_ids.filtered(lambda row: row.kind == "error")
        self.assertEqual(
            {(row.slot_code, row.code, str(row.since)) for row in rows},
            {
                ("A1", "motor", "2027-03-01 10:00:00"),
                ("A1", "price_label", "2027-03-01 12:00:00"),
            },
        )
        self.assertEqual(rows.slot_id, self.slot(self.machine, "A1"))
        with freeze_time("2027-03-01 13:00:00"):
            self.report(1)
        self.assertFalse(self.differences())

    def test_errors_of_any_shape(self):
        for errors in (5, "A1", [7], [{"slot": ["x"], "code": None}], [{}], None, False):
            fact = self.report(1, errors=errors)
            self.assertIn(fact.result.partition(":")[0], ("done", "failed"), errors)
        long = [{"slot": "A" * 500, "code": "c" * 5000}] * 1000
        self.report(1, errors=long)
        self.assertEqual(len(self.machine.reported_errors), 1)

    def test_a_slot_out_of_order(self):
        self.project(self.fact(self.machine, "slot.state", {"slot": "A1", "state": "jammed"}))
        self.assertEqual(set(self.differences()), {("slot", "A1")})
        self.project(self.fact(self.machine, "slot.state", {"slot": "A1", "state": "empty"}))
        self.assertFalse(self.differences(), "an empty slot is no difference of the planogram")

    def test_an_empty_slot_out_of_order_matters_to_nobody(self):
        self.project(self.fact(self.machine, "slot.state", {"slot": "B3", "state": "jammed"}))
        self.assertFalse(self.differences())

    def test_a_sale_compares_nothing(self):
        with patch.object(type(self.machine), "_sync_differences", autospec=True) as synced:
            self.project(self.local(self.machine))
        self.assertFalse([call for call in synced.call_args_list if call.args[0]])

    def test_retired_machines_differ_no_more(self):
        self.draft(A1=130).action_publish()
        self.assertTrue(self.differences())
        self.machine.slot_ids.qty = 0
        self.machine.action_suspend()
        self.assertTrue(self.differences())
        self.machine.action_retire()
        self.assertFalse(self.machine.difference_ids)

    def test_they_move_with_the_machine(self):
        self.draft(A1=130).action_publish()
        region = self.make_region("Elsewhere", "ELS")
        site = self.env["wine.site"].create({"name": "There", "region_id": region.id})
        self.env["wine.price.limit"].create({"region_id": region.id, "floor": 4})
        self.assertFalse(self.differences("limit"))
        self.machine._move_to(site)
        self.env.flush_all()
        self.assertEqual(self.machine.difference_ids.region_id, region)
        self.assertEqual(set(self.differences("limit")), {("limit", "A2")})

    def test_vends_at_another_price_are_the_evidence(self):
        """The machine sells by the version that it has; what does not fit is flagged."""
        with freeze_time(fields.Datetime.now()):
            self.draft(A1=130).action_publish()
        self.project(self.local(self.machine, price="99.00"))
        row = self.differences()["price", "A1"]
        self.assertEqual(row.vend_count, 1)
        vends = self.env["wine.vend"].search(row.action_view_vends()["domain"])
        self.assertEqual(vends.mapped("flag"), ["price"])

    def test_presets(self):
        """The filters that people need daily, as the screen asks them."""
        with freeze_time(fields.Datetime.now() - timedelta(hours=2)):
            self.draft(A1=130).action_publish()
        self.draft(A2=4, A1=130).action_publish()
        below = self.make_region("Testland East", "TSTE", parent_id=self.region.id)
        east = self.make_machine(below, {"A1": self.wine}, name="East")
        far = self.make_machine(self.make_region("Farland", "FAR"), {"A1": self.wine}, name="Far")
        admin = new_test_user(self.env, "plano-both", "wine_vending.group_wine_admin")
        self.region.manager_ids += admin
        rows = self.env["wine.slot.difference"].with_user(admin)
        ours = [("machine_id", "in", (self.machine + east + far).ids)]
        old = rows.search([("since", "<", "now -1H"), *ours])
        self.assertEqual(
            {(r.kind, r.slot_code) for r in old}, {("not_applied", ""), ("price", "A1")}
        )
        mine = rows.search([("is_mine", "=", True), *ours])
        self.assertEqual(mine.machine_id, self.machine + east)
        self.assertEqual(rows.search(ours).filtered("is_mine"), mine)

    def test_send_again(self):
        self.draft(A1=130).action_publish()
        rows = self.machine.difference_ids.with_user(self.manager)
        with patch.object(type(self.machine), "_publish_desired", autospec=True) as told:
            rows.action_resend()
        self.assertEqual(told.call_args.args[0], self.machine)

    def test_only_who_runs_the_region_sends_again(self):
        self.draft(A1=130).action_publish()
        staff = new_test_user(self.env, "plano-staff", "wine_vending.group_wine_service")
        self.region.staff_ids = staff
        rows = self.machine.difference_ids.with_user(staff)
        rows.read(["wanted_text", "reported_text", "since"])
        with self.assertRaises(AccessError):
            rows.action_resend()

    def test_the_line_on_the_form(self):
        self.assertIn("version 1, applied", self.machine.planogram_line)
        self.draft(A1=130).action_publish()
        self.assertIn("still has 1", self.machine.planogram_line)

    def test_a_thousand_slots_in_one_statement(self):
        """Publishing many machines costs no query per slot."""
        model = self.make_model(name="Wide", rows=20, columns=25)
        plan = {f"{chr(65 + row)}{col + 1}": self.wine for row in range(20) for col in range(25)}
        machines = self.make_machine(self.region, plan, qty=1, model=model, name="Wide 1")
        machines += self.make_machine(self.region, plan, qty=1, model=model, name="Wide 2")
        self.env.flush_all()
        with self.assertQueryCount(40):
            machines._refresh_differences()
        self.assertEqual(machines.difference_ids.mapped("kind"), ["not_applied"] * 2)
