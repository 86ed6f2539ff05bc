# SPDX-License-Identifier: LGPL-3.0-or-later
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .test_share_policy import HOST, REST, PolicyCommon


class LimitCommon(PolicyCommon):
    """One regional administrator, a region above, one below, a foreign one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env, "share-manager", "wine_vending.group_wine_region_manager"
        )
        cls.admin = new_test_user(cls.env, "share-admin", "wine_vending.group_wine_admin")
        cls.region.manager_ids = cls.manager
        cls.below = cls.make_region("Testland East", "TSTE", parent_id=cls.region.id)
        cls.foreign = cls.make_region("Farland", "FAR")
        cls.env["wine.share.limit"].search([]).active = False  # those of the demo
        cls.env.flush_all()
        cls.limit = cls.env["wine.share.limit"].create(
            {"max_percent": 10, "least_platform_percent": 50, "company_id": cls.company.id}
        )

    def rpc(self, model, method, *args, user=None, context=None, **kwargs):
        """As from outside: through the door of RPC, with the context that the caller likes."""
        self.env.invalidate_all()
        records = self.env(user=user or self.manager, context=context or {})[model]
        return call_kw(records, method, list(args), kwargs)

    def mine(self, *lines, **values):
        """A draft that the regional administrator made from outside."""
        values = {
            "name": "Mine",
            "region_id": self.region.id,
            "date_from": "2020-01-01",
            "line_ids": [Command.create(line) for line in (*lines, REST)],
            **values,
        }
        (draft_id,) = self.rpc("wine.share.policy", "create", [values])
        return self.env["wine.share.policy"].browse(draft_id)

    def activate(self, policy, **kwargs):
        return self.rpc("wine.share.policy", "action_activate", policy.ids, **kwargs)

    def denied(self, error, what):
        with (
            mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model"),
            self.assertRaises(error) as caught,
            self.env.cr.savepoint(),
        ):
            what()
        return str(caught.exception)


@tagged("post_install", "-at_install")
class TestShareLimit(LimitCommon):
    """What a regional administrator puts in force lies within the limits, however it is asked."""

    def test_within(self):
        draft = self.mine(HOST, {"role": "operator", "percent": 10})
        self.activate(draft)
        self.assertEqual(draft.state, "active")

    def test_beyond(self):
        draft = self.mine({**HOST, "percent": 10.01})
        text = self.denied(UserError, lambda: self.activate(draft))
        self.assertIn("Site host: 10.01 % together; the platform allows 10 % at most", text)
        self.assertIn("10.01 %", draft.with_user(self.manager).problem_text)
        self.activate(draft, user=self.admin)
        self.assertEqual(draft.state, "active", "the platform may go beyond")

    def test_nothing_without_a_limit(self):
        self.limit.active = False
        text = self.denied(UserError, lambda: self.activate(self.mine(HOST)))
        self.assertIn("has not stated what its regions may promise", text)

    def test_the_platforms_part(self):
        for lines in (
            [{**HOST, "value": "unit", "amount": 0.01}],
            [{**HOST, "percent": 10, "base": "gross"}],
            [{**HOST, "percent": 10, "has_minimum": True, "minimum": 0.01}],
        ):
            self.limit.max_amount = 1
            draft = self.mine(*lines)
            text = self.denied(UserError, lambda draft=draft: self.activate(draft))
            self.assertIn("The platform is sure of 0 % of a sale only", text)
        own = {"role": "platform", "percent": 50, "sequence": 1}
        self.activate(self.mine(own, {**HOST, "value": "unit", "amount": 0.01}))

    def test_a_stricter_limit_of_a_region_below_binds_as_well(self):
        self.limit.copy(
            {
                "region_id": self.below.id,
                "role": "host",
                "allowed": False,
                "least_platform_percent": 0,
            }
        )
        site = self.env["wine.site"].create({"name": "East", "region_id": self.below.id})
        site.host_partner_id = self.host
        text = self.denied(UserError, lambda: self.activate(self.mine(HOST)))
        self.assertIn("Site host: the platform allows no share", text)
        own_site = self.machine.site_id
        self.activate(self.mine(HOST, site_id=own_site.id, name="Of one site"))

    def test_changing_lines_after_the_look_is_looked_at_again(self):
        draft = self.mine(HOST)
        line = draft.line_ids.filtered(lambda line: line.role == "host")
        self.rpc("wine.share.policy.line", "write", line.ids, {"bp": 5000})
        self.denied(UserError, lambda: self.activate(draft))

    def test_the_next_version_is_bound_as_well(self):
        first = self.mine(HOST)
        self.activate(first)
        action = self.rpc("wine.share.policy", "action_new_version", first.ids)
        second = first.browse(action["res_id"])
        host = second.line_ids.filtered(lambda line: line.role == "host")
        commands = [Command.update(host.id, {"percent": 30})]
        self.rpc("wine.share.policy", "write", second.ids, {"line_ids": commands})
        self.denied(UserError, lambda: self.activate(second))
        self.assertFalse(first.date_to)

    def test_limits_are_written_by_the_platform_alone(self):
        self.assertTrue(self.rpc("wine.share.limit", "read", self.limit.ids, ["max_percent"]))
        for what in (
            lambda: self.rpc("wine.share.limit", "write", self.limit.ids, {"max_percent": 99}),
            lambda: self.rpc("wine.share.limit", "unlink", self.limit.ids),
            lambda: self.rpc("wine.share.limit", "create", [{"region_id": self.region.id}]),
        ):
            self.denied(AccessError, what)

    def test_limits_that_make_no_sense(self):
        for values in (
            {"max_percent": 101},
            {"role": "host", "least_platform_percent": 5},
            {"region_id": False},
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.env["wine.share.limit"].create(
                    {"region_id": self.region.id, **values}
                ).flush_recordset()


@tagged("post_install", "-at_install")
class TestShareReach(LimitCommon):
    """And concerns only what lies in the own regions."""

    def test_only_own_regions(self):
        foreign = self.make_machine(self.foreign, {"A1": self.wine})
        for values in (
            {"region_id": False},
            {"region_id": self.foreign.id},
            {"region_id": self.above.id},
            {"region_id": False, "site_id": foreign.site_id.id},
            {"region_id": False, "machine_id": foreign.id},
            {"region_id": False, "machine_id": self.machine.id},
        ):
            with self.subTest(values=values):
                self.denied(AccessError, lambda values=values: self.mine(HOST, **values))
        self.mine(HOST, region_id=self.below.id)

    def test_defaults_of_the_caller_open_nothing(self):
        values = {"name": "Mine", "line_ids": [Command.create(REST)]}
        for context in (
            {"default_region_id": self.foreign.id},
            {"default_region_id": False},
            {},
        ):
            self.denied(
                AccessError,
                lambda context=context: self.rpc(
                    "wine.share.policy", "create", [values], context=context
                ),
            )
        context = {"default_state": "active", "default_version": 9, "default_origin_id": 1}
        (made,) = self.rpc(
            "wine.share.policy",
            "create",
            [{**values, "region_id": self.region.id}],
            context=context,
        )
        made = self.env["wine.share.policy"].browse(made)
        self.assertEqual((made.state, made.version, made.origin_id), ("draft", 1, made))

    def test_fields_that_follow_are_not_written(self):
        draft = self.mine(HOST)
        line = draft.line_ids[0]
        for model, ids, values in (
            ("wine.share.policy", draft.ids, {"state": "active"}),
            ("wine.share.policy", draft.ids, {"version": 5}),
            ("wine.share.policy", draft.ids, {"date_to": "2030-01-01"}),
            ("wine.share.policy", draft.ids, {"origin_id": draft.id}),
            ("wine.share.policy.line", line.ids, {"origin_id": line.id}),
        ):
            with self.subTest(values=values):
                self.denied(
                    AccessError,
                    lambda model=model, ids=ids, values=values: self.rpc(
                        model, "write", ids, values
                    ),
                )

    def test_a_draft_does_not_climb_out(self):
        draft = self.mine(HOST)
        foreign = self.make_machine(self.foreign, {"A1": self.wine})
        for values in (
            {"region_id": self.foreign.id},
            {"region_id": self.above.id},
            {"region_id": False},
            {"machine_id": foreign.id},
            {"region_id": False, "site_id": self.machine.site_id.id},
        ):
            with self.subTest(values=values):
                self.denied(
                    AccessError,
                    lambda values=values: self.rpc("wine.share.policy", "write", draft.ids, values),
                )
        self.assertEqual(draft.region_id, self.region)

    def refuse_all(self, policy):
        """Whatever a regional administrator tries with a policy that is not below."""
        mine = self.mine(HOST)
        line = policy.line_ids[0]
        new = {"policy_id": policy.id, "role": "operator", "percent": 99}
        link = {"line_ids": [Command.link(line.id)]}
        into = {"line_ids": [Command.update(line.id, {"percent": 9})]}
        whatif = self.env["wine.share.whatif"].create({"policy_id": policy.id})
        whatif.flush_recordset()
        self.env.cr.execute(
            "UPDATE wine_share_whatif SET create_uid = %s WHERE id = %s",
            [self.manager.id, whatif.id],
        )
        whatif.invalidate_recordset()
        for model, method, *arguments in (
            ("wine.share.policy", "write", policy.ids, {"name": "x"}),
            ("wine.share.policy", "action_activate", policy.ids),
            ("wine.share.policy", "action_new_version", policy.ids),
            ("wine.share.policy", "action_retire", policy.ids),
            ("wine.share.policy", "action_take_back", policy.ids),
            ("wine.share.policy", "copy", policy.ids),
            ("wine.share.policy", "unlink", policy.ids),
            ("wine.share.policy.line", "create", [new]),
            ("wine.share.policy.line", "write", line.ids, {"bp": 1}),
            ("wine.share.policy.line", "unlink", line.ids),
            ("wine.share.policy", "write", mine.ids, link),
            ("wine.share.policy", "write", mine.ids, into),
            ("wine.share.whatif", "action_run", whatif.ids),
        ):
            with self.subTest(method=method):
                self.denied(UserError, lambda: self.rpc(model, method, *arguments))  # noqa: B023
        self.assertEqual(len(policy.line_ids), 2)

    def test_foreign_drafts_are_not_seen(self):
        theirs = self.draft(HOST, region_id=self.above.id, name="Above")
        every = self.draft(HOST, region_id=False, name="Everywhere")
        for policy in (theirs, every):
            self.denied(
                UserError,
                lambda policy=policy: self.rpc("wine.share.policy", "read", policy.ids, ["name"]),
            )
            self.denied(
                UserError,
                lambda policy=policy: self.rpc("wine.share.policy", "action_what_if", policy.ids),
            )
            self.denied(
                UserError,
                lambda policy=policy: self.rpc(
                    "wine.share.whatif", "create", [{"policy_id": policy.id}]
                ),
            )
            self.refuse_all(policy)
            self.assertEqual(policy.state, "draft")

    def test_what_binds_from_above_is_read_and_no_more(self):
        theirs = self.draft(HOST, region_id=self.above.id, name="Above")
        every = self.draft(HOST, region_id=False, product_id=self.wine.id, name="Everywhere")
        place = self.draft(
            HOST, region_id=False, machine_id=self.make_machine(self.above, {"A1": self.wine}).id
        )
        beside = self.draft(HOST, region_id=self.foreign.id, name="Beside")
        for policy in (place, beside):
            policy.line_ids[0].write(
                {"role": "partner", "partner_id": self.env.company.partner_id.id}
            )
        for policy in (theirs, every, place, beside):
            policy.action_activate()
        for policy in (theirs, every):
            rows = self.rpc("wine.share.policy", "read", policy.ids, ["name", "chain"])
            self.assertEqual(rows[0]["name"], policy.name)
            self.assertTrue(
                self.rpc("wine.share.policy.line", "read", policy.line_ids.ids, ["role"])
            )
            self.refuse_all(policy)
            self.assertEqual(policy.state, "active")
        for policy in (place, beside):
            self.denied(
                AccessError,
                lambda policy=policy: self.rpc("wine.share.policy", "read", policy.ids, ["name"]),
            )
            self.refuse_all(policy)

    def test_others_see_nothing(self):
        draft = self.mine(HOST)
        for role, group in (
            ("staff", "wine_vending.group_wine_service"),
            ("portal", "base.group_portal"),
            ("internal", "base.group_user"),
        ):
            user = new_test_user(self.env, f"share-{role}", group)
            self.region.staff_ids = user if role == "staff" else False
            for model in ("wine.share.policy", "wine.share.limit", "wine.share.whatif"):
                self.denied(
                    AccessError,
                    lambda user=user, model=model: self.rpc(model, "search_read", [], user=user),
                )
            self.denied(AccessError, lambda user=user: self.activate(draft, user=user))

    def test_finance_reads_and_changes_nothing(self):
        finance = new_test_user(self.env, "share-finance", "wine_vending.group_wine_finance")
        draft = self.mine(HOST)
        self.assertTrue(self.rpc("wine.share.policy", "read", draft.ids, ["chain"], user=finance))
        for method in (
            "action_activate",
            "action_retire",
            "action_take_back",
            "action_new_version",
        ):
            self.denied(
                AccessError,
                lambda method=method: self.rpc(
                    "wine.share.policy", method, draft.ids, user=finance
                ),
            )
