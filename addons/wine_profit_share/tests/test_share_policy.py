# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ShareCommon

HOST = {"role": "host", "percent": 8}
REST = {"role": "platform", "value": "residual", "sequence": 99}


class PolicyCommon(ShareCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()

    def draft(self, *lines, **values):
        """A draft of the test's region, in force from long ago unless told otherwise."""
        return self.env["wine.share.policy"].create(
            {
                "name": "Harbour",
                "region_id": self.region.id,
                "date_from": "2020-01-01",
                "line_ids": [Command.create(line) for line in (*lines, REST)],
                **values,
            }
        )

    def active(self, *lines, **values):
        policy = self.draft(*lines, **values)
        policy.action_activate()
        return policy

    def next_version(self, policy, **values):
        """The next version of a policy, drafted."""
        draft = policy.browse(policy.action_new_version()["res_id"])
        draft.write(values)
        return draft

    def book(self):
        return self.env["wine.share.policy"]._book(self.company)

    def policy_on(self, day, machine=None, product=None, channel="machine"):
        machine, product = machine or self.machine, product or self.wine
        found = self.book().policy_for(
            day,
            tuple(map(int, machine.region_id.parent_path.strip("/").split("/"))),
            machine.site_id.id,
            machine.id,
            product.id,
            tuple(map(int, product.categ_id.parent_path.strip("/").split("/"))),
            channel,
        )
        return self.env["wine.share.policy"].browse(found and found.id)

    def days_from_today(self, days):
        return self.today + timedelta(days=days)

    def refused(self, policy, *parts):
        """Activation fails with a sentence that holds all parts."""
        with self.assertRaises(UserError) as caught:
            policy.action_activate()
        for part in parts:
            self.assertIn(part, str(caught.exception))
        self.assertEqual(policy.state, "draft")


@tagged("post_install", "-at_install")
class TestSharePolicyLife(PolicyCommon):
    """Draft, in force, taken over, taken back, retired; and what never changes again."""

    def test_a_version_takes_over_on_its_day_and_late_sales_go_by_the_old_one(self):
        first = self.active({**HOST, "percent": 10})
        second = self.next_version(first, date_from=self.days_from_today(-2))
        second.line_ids.filtered(lambda line: line.role == "host").percent = 20
        second.action_activate()
        self.assertEqual(first.date_to, self.days_from_today(-3))
        (today,) = self.sell(price="100.00")
        (late,) = self.sell(price="100.00", when=self.days_ago(3))
        by_vend = {entry.vend_id: entry for entry in self.entries(("role", "=", "host"))}
        self.assertEqual(by_vend[today].policy_id, second)
        self.assertEqual(by_vend[late].policy_id, first)
        for vend, percent in ((today, 20), (late, 10)):
            entry = by_vend[vend]
            self.assertEqual(entry.amount, round(entry.base_amount * percent / 100, 2))
        self.assertIn("Harbour v1", by_vend[late].sentence)
        self.refund(late)
        taken_back = self.entries(("reverses_id", "=", by_vend[late].id))
        self.assertEqual(taken_back.amount, -by_vend[late].amount, "by the rates of its sale")
        self.assertEqual(taken_back.policy_id, first)

    def test_a_third_version(self):
        first = self.active(HOST)
        second = self.next_version(first, date_from=self.days_from_today(2))
        second.action_activate()
        third = self.next_version(second, date_from=self.days_from_today(4))
        third.action_activate()
        wanted = {1: first, 2: second, 3: second, 4: third, 400: third}
        for days, policy in wanted.items():
            self.assertEqual(self.policy_on(self.days_from_today(days)), policy, days)
        self.assertEqual([first.version, second.version, third.version], [1, 2, 3])
        self.assertEqual(first.version_ids, first | second | third)

    def test_what_is_shared_stays_as_it_is(self):
        first = self.active(HOST)
        self.sell()
        second = self.next_version(first, date_from=self.today)
        self.refused(second, "are shared there already", "It can be in force from")
        self.assertFalse(first.date_to, "a refused version ends nothing")
        second.date_from = self.days_from_today(1)
        second.action_activate()
        self.assertEqual(first.date_to, self.today)

    def test_what_is_shared_elsewhere_is_no_hindrance(self):
        self.active(HOST)
        self.sell()
        other = self.make_machine(self.make_region("Elsewhere", "ELS"), {"A1": self.wine})
        other.site_id.host_partner_id = self.host
        self.draft(HOST, region_id=other.region_id.id).action_activate()
        self.refused(
            self.draft(HOST, product_id=self.wine.id, name="Wine"), "are shared there already"
        )
        self.draft(HOST, product_id=self.soda.id, name="Soda").action_activate()

    def test_sales_without_a_policy_are_shared_as_well(self):
        self.sell()
        self.refused(self.draft(HOST), "are shared there already")

    def test_a_later_version_is_not_overtaken(self):
        first = self.active(HOST)
        second = self.next_version(first, date_from=self.days_from_today(9))
        second.action_activate()
        third = self.next_version(second, date_from=self.days_from_today(5))
        self.refused(third, "Harbour v2 takes over on")
        third.date_from = self.days_from_today(9)
        self.refused(third, "Harbour v2 takes over on")

    def test_one_next_version_at_a_time(self):
        first = self.active(HOST)
        self.assertEqual(self.next_version(first), self.next_version(first))
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.next_version(first).copy({"origin_id": first.id, "version": 7}).flush_recordset()

    def test_lines_are_known_through_versions(self):
        first = self.active({**HOST, "sequence": 5}, {"role": "supplier", "percent": 3})
        second = self.next_version(first)
        second.line_ids.filtered(lambda line: line.role == "supplier").unlink()
        second.line_ids = [Command.create({"role": "operator", "percent": 1})]
        second.date_from = self.days_from_today(1)
        second.action_activate()
        third = self.next_version(second)
        origins = {line.role: line.origin_id for line in third.line_ids}
        firsts = {line.role: line for line in first.line_ids}
        self.assertEqual(origins["host"], firsts["host"])
        self.assertEqual(origins["platform"], firsts["platform"])
        self.assertEqual(origins["operator"].policy_id, second, "it began there")
        families = self.book().families
        for line in second.line_ids:
            self.assertEqual(families[line.id], line.origin_id.id)

    def test_planned_is_taken_back(self):
        first = self.active(HOST)
        second = self.next_version(first, date_from=self.days_from_today(3))
        second.action_activate()
        self.assertEqual((first.phase, second.phase), ("running", "planned"))
        second.action_take_back()
        self.assertEqual((second.state, first.date_to), ("draft", False))
        self.assertEqual(self.policy_on(self.days_from_today(9)), first)
        second.hold_days = 3

    def test_what_shared_is_not_taken_back(self):
        first = self.active(HOST)
        self.sell()
        with self.assertRaisesRegex(UserError, "Sales were shared by Harbour v1"):
            first.action_take_back()

    def test_retired_at_the_end_of_the_day(self):
        wide = self.active(HOST, region_id=self.above.id, name="Wide")
        first = self.active(HOST)
        first.action_retire()
        self.assertEqual(first.phase, "running", "it still shares today")
        self.assertEqual(self.policy_on(self.today), first)
        self.assertEqual(self.policy_on(self.days_from_today(1)), wide)
        first.with_context(mail_notrack=True)._set_state("active", date_to=self.days_from_today(-5))
        self.env["wine.share.policy"]._cron_retire()
        self.assertEqual((first.state, first.phase, wide.state), ("retired", "over", "active"))
        self.assertEqual(self.policy_on(self.days_from_today(-5)), first, "for late sales")
        again = self.next_version(first, date_from=self.days_from_today(2))
        again.action_activate()
        self.assertEqual(first.date_to, self.days_from_today(-5))
        self.assertEqual(self.policy_on(self.days_from_today(1)), wide)
        self.assertEqual(self.policy_on(self.days_from_today(2)), again)

    def test_planned_is_not_retired(self):
        policy = self.active(HOST, date_from=self.days_from_today(3))
        with self.assertRaisesRegex(UserError, "Take it back instead"):
            policy.action_retire()

    def test_in_force_is_not_edited(self):
        policy = self.active({**HOST, "value": "tiered", "tier_ids": [Command.create({"bp": 1})]})
        line, tier = policy.line_ids[0], policy.line_ids.tier_ids
        for what in (
            lambda: policy.write({"hold_days": 1}),
            lambda: policy.write({"name": "Other"}),
            lambda: policy.write({"date_from": "2021-01-01"}),
            lambda: policy.write({"state": "draft"}),
            lambda: policy.write({"line_ids": [Command.clear()]}),
            lambda: policy.write({"line_ids": [Command.update(line.id, {"bp": 9})]}),
            lambda: line.write({"bp": 9}),
            lambda: line.write({"tier_ids": [Command.create({"turnover": 5, "bp": 9})]}),
            lambda: tier.write({"bp": 9}),
            lambda: tier.unlink(),
            lambda: line.unlink(),
            lambda: line.copy({"policy_id": policy.id}),
            lambda: policy.unlink(),
        ):
            with self.assertRaisesRegex(UserError, "it is not edited"), self.env.cr.savepoint():
                what()
        policy.note = "What it was about may be told later."

    def test_context_opens_nothing(self):
        policy = self.active(HOST)
        for value in (True, 1, "lifecycle", object()):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                policy.with_context(wine_lifecycle=value).hold_days = 1

    def test_lines_are_not_moved(self):
        one, other = self.draft(HOST), self.draft(HOST, name="Other")
        with self.assertRaisesRegex(UserError, "not moved to another"), self.env.cr.savepoint():
            one.line_ids[0].policy_id = other
        tiers = [Command.create({"bp": 1})]
        both = self.draft(*[{**HOST, "value": "tiered", "tier_ids": tiers}] * 2, name="Tiers")
        with self.assertRaisesRegex(UserError, "not moved to another"), self.env.cr.savepoint():
            both.line_ids[0].tier_ids.line_id = both.line_ids[1]

    def test_drafts_are_edited_and_deleted(self):
        draft = self.draft(HOST)
        draft.line_ids[0].percent = 12.34
        self.assertEqual(draft.line_ids[0].bp, 1234)
        self.assertFalse(self.policy_on(self.today), "a draft shares nothing")
        draft.unlink()

    def test_a_version_has_the_scope_of_the_first(self):
        second = self.next_version(self.active(HOST))
        for values in ({"region_id": self.above.id}, {"channel": "shop"}):
            with self.assertRaisesRegex(ValidationError, "another policy for another place"):
                second.write(values)

    def test_the_book_is_read_again(self):
        self.assertFalse(self.policy_on(self.today))
        policy = self.active(HOST)
        self.assertEqual(self.policy_on(self.today), policy)
        self.assertIs(self.book(), self.book(), "and kept")

    def test_searched_by_phase(self):
        over = self.active(HOST, date_from="2020-01-01")
        running = self.next_version(over, date_from="2021-01-01")
        running.action_activate()
        planned = self.next_version(running, date_from=self.days_from_today(1))
        planned.action_activate()
        draft = self.next_version(planned)
        every = {"over": over, "running": running, "planned": planned, "draft": draft}
        for phase, policy in every.items():
            with self.subTest(phase=phase):
                self.assertEqual(policy.phase, phase)
                found = policy.search([("phase", "=", phase), ("id", "in", over.version_ids.ids)])
                self.assertEqual(found, policy)


@tagged("post_install", "-at_install")
class TestSharePolicyChecks(PolicyCommon):
    """Each sentence names the line or the policy, what is wrong and what to do."""

    def test_saving_refuses_what_can_never_be_right(self):
        for lines, part in (
            ([{"role": "host", "value": "residual"}], "both get the rest"),
            ([{**HOST, "percent": 80}, {"role": "operator", "percent": 21}], "promise 101 %"),
            ([{"role": "partner", "percent": 8}], "Line 1 (Named partner): no partner is named"),
            ([{**HOST, "value": "tiered"}], "has to begin at 0"),
            ([{**HOST, "value": "unit"}], "it gives no amount"),
        ):
            with self.subTest(part=part), self.assertRaises(ValidationError) as refused:
                self.draft(*lines)
            self.assertIn(part, str(refused.exception))
        with self.assertRaisesRegex(ValidationError, "No line gets the rest"):
            self.env["wine.share.policy"].create({"name": "N", "line_ids": [Command.create(HOST)]})

    def test_an_edit_that_is_wrong_in_between_is_let_through(self):
        draft = self.draft(HOST)
        rest = draft.line_ids.filtered(lambda line: line.value == "residual")
        draft.line_ids = [
            Command.create({"role": "operator", "value": "residual"}),
            Command.update(rest.id, {"value": "percent", "percent": 30}),
        ]
        rest = draft.line_ids.filtered(lambda line: line.value == "residual")
        self.assertEqual(rest.role, "operator")

    def test_a_chain_broken_by_its_lines_is_not_put_in_force(self):
        draft = self.draft(HOST)
        draft.line_ids.filtered(lambda line: line.value == "residual").unlink()
        self.refused(draft, "Harbour v1 cannot be put in force", "No line gets the rest")
        self.assertIn("No line gets the rest", draft.problem_text)

    def test_overlap(self):
        first = self.active(HOST)
        self.refused(self.draft(HOST, name="Twin"), "Harbour v1 is in force for the same place")
        self.draft(HOST, name="Of wine", product_id=self.wine.id).action_activate()
        self.draft(HOST, name="Of the shop's", channel="machine").action_activate()
        first.action_retire()
        twin = self.draft(HOST, name="Twin", date_from=self.today)
        self.refused(twin, "Harbour v1 is in force for the same place")
        twin.date_from = self.days_from_today(1)
        twin.action_activate()

    def test_overlap_that_races_is_stopped_by_the_database(self):
        self.active(HOST)
        twin = self.draft(HOST, name="Twin")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            twin._set_state("active")

    def test_a_role_that_nobody_fills(self):
        self.machine.site_id.host_partner_id = False
        self.refused(self.draft(HOST), "“Site host: 8 % of net of tax”: nobody fills this role")
        self.machine.site_id.host_partner_id = self.host
        bare = self.make_machine(self.region, {"A1": self.wine}).site_id
        draft = self.draft(HOST)
        self.assertIn(bare.name, draft.warning_text)
        self.assertFalse(draft.problem_text)
        draft.action_activate()

    def test_other_roles_that_nobody_fills(self):
        self.region.operator_partner_id = False
        self.above.operator_partner_id = False
        self.machine.site_id.salesperson_id = False
        self.wine.seller_ids.unlink()
        for role, values in (
            ("operator", {}),
            ("operator_above", {}),
            ("salesperson", {}),
            ("supplier", {"product_id": self.wine.id}),
            ("host", {"channel": "website"}),
        ):
            with self.subTest(role=role):
                self.refused(self.draft({"role": role, "percent": 1}, **values), "nobody fills")
        self.machine.salesperson_id = self.salesperson
        self.active({"role": "salesperson", "percent": 1})

    def test_a_named_partner_who_was_archived(self):
        self.host.active = False
        line = {"role": "partner", "partner_id": self.host.id, "percent": 1}
        self.refused(self.draft(line), "nobody fills")

    def test_each_operator_above_counts_for_the_sum(self):
        top = self.make_region("Top", "TOP", operator_partner_id=self.supplier.id)
        self.above.parent_id = top
        with self.assertRaisesRegex(ValidationError, "promise 102 %"):
            self.draft({"role": "operator_above", "percent": 51})
        self.above.operator_partner_id = self.supplier
        self.draft({"role": "operator_above", "percent": 51})

    def test_rent_is_for_a_place(self):
        line = {"role": "host", "value": "rent", "amount": 100}
        self.refused(self.draft(line, product_id=self.wine.id), "State the rent in the policy")

    def test_places_that_do_not_lie_in_each_other(self):
        other = self.make_region("Elsewhere", "ELS")
        machine = self.make_machine(other, {"A1": self.wine})
        for values in (
            {"site_id": machine.site_id.id},
            {"machine_id": machine.id},
            {"site_id": machine.site_id.id, "machine_id": self.machine.id, "region_id": False},
        ):
            with self.assertRaisesRegex(ValidationError, "Name the narrowest place alone"):
                self.draft(HOST, **values)

    def test_the_region_follows_the_place(self):
        draft = self.env["wine.share.policy"].create(
            {"name": "M", "machine_id": self.machine.id, "line_ids": [Command.create(REST)]}
        )
        self.assertEqual(draft.region_id, self.region)
        self.assertEqual(draft.company_id, self.company)

    def test_a_policy_rests_while_its_machine_stands_elsewhere(self):
        policy = self.active(HOST, machine_id=self.machine.id)
        self.assertEqual(self.policy_on(self.today), policy)
        other = self.make_region("Elsewhere", "ELS")
        found = self.book().policy_for(
            self.today, (other.id,), None, self.machine.id, self.wine.id, (), "machine"
        )
        self.assertIsNone(found)

    def test_a_date_is_needed(self):
        self.refused(self.draft(HOST, date_from=False), "No date is entered")

    def test_a_draft_begins_tomorrow_and_leaves_the_rest_to_the_platform(self):
        draft = self.env["wine.share.policy"].create({"name": "New"})
        self.assertGreater(draft.date_from, date.today() - timedelta(days=1))
        self.assertEqual(draft.line_ids.mapped("summary"), ["Platform: the rest"])

    def test_summaries(self):
        tiers = [
            Command.create({"turnover": start, "bp": bp}) for start, bp in ((0, 600), (500, 850))
        ]
        draft = self.draft(
            {"role": "host", "value": "tiered", "tier_ids": tiers},
            {"role": "supplier", "value": "litre", "amount": 1.5},
            {
                "role": "operator",
                "percent": 12.5,
                "base": "margin",
                "has_maximum": True,
                "maximum": 9,
            },
        )
        self.assertEqual(
            draft.chain.replace("\xa0", " "),
            "Site host: 6 → 8.5 % of net of tax · Supplier: $ 1.50 per litre · "
            "Operator of the region: 12.5 % of margin, at most $ 9.00 · Platform: the rest",
        )
