# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who may do what: the table, Odoo's own models, and every way up or sideways that we know of."""

from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import get_public_method
from odoo.tests import tagged

from .access import EVERYWHERE, ROLES, AccessCommon
from .access_odoo import Furniture
from .access_rpc import RpcCommon

LOOK = {"service": "r", "region_manager": "r", "finance": "r", "admin": "r"}
#: model → role → letters: read, write, create, unlink; a role that is missing has nothing
MATRIX = {
    "wine.region": {**LOOK, "region_manager": "rw", "admin": "rwcu"},
    "wine.site": {**LOOK, "region_manager": "rwc", "admin": "rwcu"},
    "wine.machine.model": {**LOOK, "admin": "rwcu"},
    "wine.machine": {**LOOK, "region_manager": "rwc", "admin": "rwcu"},
    "wine.machine.fault": LOOK,
    "wine.machine.slot": {**LOOK, "region_manager": "rwc", "admin": "rwcu"},
    "wine.planogram": {**LOOK, "region_manager": "rwcu", "admin": "rwcu"},
    "wine.planogram.line": {**LOOK, "region_manager": "rwcu", "admin": "rwcu"},
    "wine.slot.difference": LOOK,
    "wine.price.limit": {"region_manager": "r", "finance": "r", "admin": "rwcu"},
    "wine.vend": LOOK,
    "wine.forecast": LOOK,
    "wine.sale.line": {"region_manager": "r", "finance": "r", "admin": "r"},
    "wine.slot.stockout": LOOK,
    "wine.route.shortage": LOOK,
    "wine.machine.reading": LOOK,
    "wine.machine.reading.hour": LOOK,
    "wine.machine.climate": LOOK,
    "wine.machine.outage": LOOK,
    "wine.machine.placement": LOOK,
    "wine.machine.alert": {**LOOK, "region_manager": "rw", "admin": "rw"},
    "wine.alert.rule": {**LOOK, "region_manager": "rwcu", "admin": "rwcu"},
    "wine.report.sales": {"region_manager": "r", "finance": "r", "admin": "r"},
    "wine.report.machine.day": {"region_manager": "r", "finance": "r", "admin": "r"},
    "wine.report.due": {"admin": "r"},
    "wine.case": {"service": "r", "region_manager": "rw", "finance": "rw", "admin": "rw"},
    "wine.complaint": {
        "service": "rc",
        "region_manager": "rwc",
        "finance": "rwc",
        "admin": "rwc",
    },
    "wine.counter.snapshot": LOOK,
    "wine.cash.collection": {
        "service": "r",
        **dict.fromkeys(("region_manager", "finance", "admin"), "rwcu"),
    },
    "wine.visit": {**LOOK, "region_manager": "rwc", "admin": "rwc"},
    "wine.visit.entry": LOOK,
    "wine.visit.line": {**LOOK, "region_manager": "rwc", "admin": "rwc"},
}
HARMLESS = {
    "wine.machine.placement": {"note": "Other"},
    "wine.region": {"min_age": 20},
    "wine.site": {"city": "Elsewhere"},
    "wine.machine.model": {"name": "Other"},
    "wine.machine": {"name": "Other"},
    "wine.machine.fault": {"text": "Other"},
    "wine.machine.slot": {"capacity": 12},
    "wine.planogram": {"line_ids": []},
    "wine.planogram.line": {"price": 5.0},
    "wine.slot.difference": {"wanted": "x"},
    "wine.price.limit": {"note": "Other"},
    "wine.vend": {"motor_code": "x"},
    "wine.forecast": {"rate_per_day": 9.0},
    "wine.sale.line": {"gross": 9.0},
    "wine.slot.stockout": {"lost_units": 9.0},
    "wine.route.shortage": {"missing": 0},
    "wine.machine.reading": {"value": 9.0},
    "wine.machine.reading.hour": {"average": 9.0},
    "wine.machine.climate": {"temperature": 9.0},
    "wine.machine.outage": {"started_at": "2026-01-01"},
    "wine.machine.alert": {"user_id": False},
    "wine.alert.rule": {"delay_minutes": 9},
    "wine.report.sales": {"gross": 1},
    "wine.report.machine.day": {"gross": 1},
    "wine.report.due": {"business_date": "2026-01-02"},
    "wine.case": {"deadline": "2030-01-01"},
    "wine.complaint": {"deadline": "2030-01-01"},
    "wine.cash.collection": {"reason": "Other"},
    "wine.counter.snapshot": {"compared_at": "2026-01-01"},
    "wine.visit": {"reason": "Other"},
    "wine.visit.line": {"planned": 3},
    "wine.visit.entry": {"text": "Other"},
}
#: Odoo's own models that carry what machines of a region sold
SALES = ("pos.order", "pos.order.line", "pos.payment", "pos.session", "pos.config")
#: methods that anyone may call from outside, beside Odoo's own; each guards itself
PUBLIC = {
    "wine.region": {"action_new_staff", "action_view_machines"},
    "wine.today": {"figures"},
    "wine.machine": {
        "map_points",
        "action_view_fill",
        "action_need_assign",
        "action_need_plan",
        "action_need_snooze",
        "action_need_wake",
        "action_commission",
        "action_activate",
        "action_suspend",
        "action_retire",
        "action_new_planogram",
        "action_view_vends",
        "action_view_cases",
        "action_view_planograms",
        "action_view_orders",
        "action_view_stock",
        "action_view_complaints",
        "action_help_qr",
        "action_move",
        "action_view_alerts",
        "action_view_outages",
        "action_view_readings",
        "action_view_maintenance",
        "watch_chart",
        "action_view_visits",
        "action_view_collections",
        "action_request_cash",
        "action_view_counters",
        "action_request_counters",
        "action_upload_audit",
        "action_view_differences",
    },
    "wine.planogram": {
        "action_publish",
        "action_schedule",
        "action_unschedule",
        "action_catch_up",
        "action_roll_back",
        "action_copy_to",
    },
    "wine.planogram.schedule": {"action_schedule"},
    "wine.planogram.rollback": {"action_confirm"},
    "wine.machine.move": {"action_move"},
    "wine.need.answer": {"action_assign", "action_snooze"},
    "wine.route.plan": {
        "action_open_mine",
        "action_create_route",
        "action_refresh",
        "action_propose",
    },
    "wine.route.shortage": {"action_buy"},
    "stock.picking.batch": {
        "action_wine_optimise",
        "action_wine_add_stops",
        "action_wine_pick_list",
    },
    "wine.staff.new": {"action_create"},
    "wine.rollout": {"action_apply"},
    "wine.planogram.copy": {"action_apply"},
    "wine.price.change": {"action_apply"},
    "wine.price.limit": {"action_view_breaches"},
    "wine.slot.difference": {"action_resend", "action_open_machine", "action_view_vends"},
    "wine.machine.alert": {
        "action_acknowledge",
        "action_snooze_hour",
        "action_snooze_day",
        "action_close",
        "action_view_request",
    },
    "wine.vend": {"action_refund", "action_view_orders", "action_view_complaints"},
    "wine.complaint": {
        "action_assess",
        "action_give_back",
        "action_reject",
        "action_explain",
        "action_reopen",
        "action_view_vend",
        "action_view_case",
    },
    "wine.case": {"action_came_out", "action_did_not", "action_close"},
    "pos.session": {"action_wine_close"},
    "wine.visit": {"action_cancel"},
    "wine.counter.snapshot": {"action_view_vends", "action_compare_again"},
    "wine.counter.upload": {"action_take"},
    "wine.visit.entry": {"action_take_in", "action_put_aside"},
    "wine.cash.collection": {
        "action_post",
        "action_check",
        "action_correct",
        "action_view_moves",
        "action_view_sales",
    },
}
PRIVATE = {
    "wine.report.sales": ("_mark", "_refresh", "_rebuild", "_compute_days"),
    "wine.report.machine.day": ("_compute_days", "_cron_mark"),
    "wine.vend": (
        "_update_state",
        "_write_flow",
        "_post",
        "_reserve",
        "_authorise",
        "_refund",
        "_decide",
        "_capture_payment",
        "_void_payment",
        "_refund_payment",
        "_cron_expire",
    ),
    "wine.machine": ("_project", "_send", "_publish_desired", "_set_lifecycle", "_demo_finish"),
    "wine.counter.snapshot": ("_take", "_compare", "_cron_compare_again"),
    "wine.visit": ("_set_state", "_take_restock", "_take_entry", "_field_route", "_reopen"),
    "wine.visit.entry": ("_sync", "_process"),
    "wine.cash.collection": (
        "_take",
        "_set_state",
        "_write_flow",
        "_post",
        "_book",
        "_settle_late",
    ),
    "wine.case": ("_open_case", "_open_cases", "_close", "_decide_vend"),
    "wine.region": ("_set_up_trade", "_payment_methods"),
    "pos.session": ("_wine_open", "_wine_close", "_wine_flush_stock", "_wine_announce_closing"),
    "pos.order": ("_wine_posted", "_wine_reversed"),
    "wine.sale.line": ("_announce", "_keep"),
    "sale.order": ("_wine_settle",),
}


def public_methods(env, module):
    """dict model → names without underscore that an addon adds to it."""
    found = {}
    for model in env.registry.values():
        for cls in model.mro():
            if not cls.__module__.startswith(f"odoo.addons.{module}."):
                continue
            above = model.mro()[model.mro().index(cls) + 1 :]
            names = {
                name
                for name, value in vars(cls).items()
                if callable(value)
                and not name.startswith("_")
                and not isinstance(value, type)
                and not any(name in vars(other) for other in above)
            }
            if names:
                found.setdefault(model._name, set()).update(names)
    return found


@tagged("post_install", "-at_install")
class TestAccessMatrix(AccessCommon):
    """The table of rights, asked and done."""

    def test_matrix(self):
        self.check_matrix(
            "wine_vending",
            MATRIX,
            own=lambda model: self.own.records.get(model) or self.machine.model_id,
            foreign=lambda model: self.foreign.records.get(model),
            harmless=HARMLESS.get,
            fresh=lambda model, abroad: self.fresh(model, self.foreign if abroad else self.own),
        )

    def test_below_is_own(self):
        for role in ("service", "region_manager"):
            for model, record in self.below.records.items():
                if "r" in MATRIX.get(model, {}).get(role, ""):
                    with self.subTest(role=role, model=model):
                        self.assertTrue(self.seen_by(role, record).has_access("read"))

    def test_who_is_relieved_sees_nothing_any_more(self):
        """At once: Odoo keeps record rules ready with the regions of their user filled in."""
        for role, field in (("region_manager", "manager_ids"), ("service", "staff_ids")):
            mine = self.seen_by(role, self.own.machine)
            self.assertTrue(mine.has_access("read"))
            self.region[field] = False
            self.assertFalse(mine.has_access("read"), "after a change of the region")
            self.region[field] = self.users[role]
            self.assertTrue(mine.has_access("read"))
        self.users["region_manager"].wine_region_ids = self.below.region
        self.users["service"].wine_service_region_ids = self.below.region
        for role in ("region_manager", "service"):
            mine = self.seen_by(role, self.own.machine)
            self.assertFalse(mine.has_access("read"), "after a change of the user")

    def test_staff_of_another_region_may_look_and_not_touch(self):
        """Who manages one region and helps out in another one is no administrator there."""
        self.foreign.region.staff_ids = self.users["region_manager"]
        for model, record in self.foreign.records.items():
            if "region_manager" not in MATRIX.get(model, {}):
                continue
            mine = self.seen_by("region_manager", record)
            with self.subTest(model=model):
                self.assertTrue(mine.has_access("read"))
                self.assertFalse(mine.has_access("write"))
                if "c" in MATRIX[model]["region_manager"] and "c" not in MATRIX[model]["service"]:
                    values = self.fresh(model, self.foreign)
                    self.assertFalse(self.attempt(lambda m=mine, v=values: m.create(v)))
        with self.refused():
            self.seen_by("region_manager", self.foreign.vend).action_refund()

    def test_every_form_opens(self):
        """What a user may read opens: no field of a form needs more than the form itself."""
        for model in [*MATRIX, *SALES]:
            record = self.own.records.get(model) or self.machine.model_id
            for role in ROLES:
                mine = self.seen_by(role, record)
                if not self.attempt(lambda m=mine: m.check_access("read")):
                    continue
                for kind in ("form", "list", "kanban"):
                    with self.subTest(model=model, role=role, view=kind):
                        self.forget()
                        arch = etree.fromstring(mine.get_view(view_type=kind)["arch"])
                        names = arch.xpath("//field[not(ancestor::field)]/@name")
                        mine.web_read({name: {} for name in names})


@tagged("post_install", "-at_install")
class TestAccessSales(AccessCommon):
    """Odoo's own models: a regional administrator sees the own machines and the shops."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shop = cls.env["pos.config"].create({"name": "Shop"})
        cls.shop_session = cls.env["pos.session"].create(
            {"config_id": cls.shop.id, "user_id": cls.env.uid}
        )

    def records(self, world):
        order = world.vend.order_ids
        return (order, order.lines, order.payment_ids, order.session_id, order.config_id)

    def test_orders_sessions_and_points_of_sale(self):
        sees = {
            "region_manager": (True, True, False),
            **dict.fromkeys(EVERYWHERE, (True, True, True)),
        }
        for role in ROLES:
            expected = sees.get(role, (False, False, False))
            for world, wanted in zip((self.own, self.below, self.foreign), expected, strict=True):
                for record in self.records(world):
                    with self.subTest(role=role, model=record._name, region=world.region.code):
                        mine = self.seen_by(role, record)
                        self.assertIs(mine.has_access("read"), wanted)
                        self.assertIs(self.attempt(lambda m=mine: m.read(["id"])), wanted)
                        if wanted or role == "region_manager":
                            found = mine.search([("id", "in", record.ids)])
                            self.assertEqual(bool(found), wanted)

    def test_shops_are_for_everyone_at_the_till(self):
        for role in ("region_manager", "finance", "admin"):
            for record in (self.shop, self.shop_session):
                with self.subTest(role=role, model=record._name):
                    self.assertTrue(self.seen_by(role, record).has_access("read"))

    def test_finance_looks_only(self):
        for record in self.records(self.own):
            for operation in ("write", "create", "unlink"):
                self.assertFalse(self.seen_by("finance", record).has_access(operation))

    def test_the_sales_report(self):
        mine = self.env_of("region_manager")["report.pos.order"]
        self.env.flush_all()
        configs = mine.search([]).config_id.ids
        self.assertIn(self.own.vend.order_ids.config_id.id, configs)
        self.assertNotIn(self.foreign.vend.order_ids.config_id.id, configs)
        everything = self.env_of("admin")["report.pos.order"].search([]).config_id.ids
        self.assertIn(self.foreign.vend.order_ids.config_id.id, everything)

    def test_cash_of_sessions(self):
        session = self.foreign.vend.order_ids.session_id
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": session.cash_journal_id.id,
                "pos_session_id": session.id,
                "amount": 10,
                "payment_ref": "Cash",
                "date": "2026-01-01",
            }
        )
        self.assertFalse(self.seen_by("region_manager", line).has_access("read"))
        for role in EVERYWHERE:
            self.assertTrue(self.seen_by(role, line).has_access("read"), role)

    def test_invoices_of_machine_orders(self):
        invoices = {}
        for world in (self.own, self.foreign):
            order = world.vend.order_ids
            move = self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.env.user.partner_id.id,
                    "invoice_line_ids": [Command.create({"name": "x", "price_unit": 1})],
                }
            )
            order.account_move = move
            invoices[world.region.code] = move
        self.env.flush_all()
        for record in (lambda move: move, lambda move: move.line_ids):
            own, foreign = record(invoices["TST"]), record(invoices["FAR"])
            self.assertTrue(self.seen_by("region_manager", own).has_access("read"))
            self.assertFalse(self.seen_by("region_manager", foreign).has_access("read"))
            for role in EVERYWHERE:
                self.assertTrue(self.seen_by(role, foreign).has_access("read"), role)

    def test_warehouse_staff_see_no_foreign_orders(self):
        """Odoo lets warehouse staff read POS orders; of machines only those of their regions."""
        service = self.users["service"]
        service.group_ids = [Command.link(self.env.ref("stock.group_stock_user").id)]
        orders = self.seen_by("service", self.own.vend.order_ids | self.foreign.vend.order_ids)
        self.assertFalse(orders.search([("id", "in", orders.ids)]) & self.foreign.vend.order_ids)

    def test_nothing_is_sold_through_a_foreign_session(self):
        foreign = self.foreign.vend.order_ids.session_id
        Order = self.env_of("region_manager")["pos.order"]
        values = {
            "session_id": foreign.id,
            "company_id": foreign.company_id.id,
            "amount_total": 1,
            "amount_tax": 0,
            "amount_paid": 1,
            "amount_return": 0,
            "state": "paid",
        }
        with self.refused():
            Order.create(values)
        for record in self.records(self.foreign):
            with self.refused():
                self.seen_by("region_manager", record).write({"company_id": False})


@tagged("post_install", "-at_install")
class TestAccessClimbing(AccessCommon):
    """Out of the own region, up to more rights: each way is closed."""

    def setUp(self):
        super().setUp()
        self.me = self.users["region_manager"]
        self.mine = self.env_of("region_manager")
        self.abroad = {
            model: record.with_user(self.me) for model, record in self.foreign.records.items()
        }

    # === LOOKING === #

    def test_direct_ids(self):
        export = Command.link(self.env.ref("base.group_allow_export").id)
        for role in ("region_manager", "service"):
            self.users[role].group_ids = [export]
            for model, record in self.foreign.records.items():
                mine = self.env_of(role)[model].browse(record.id)
                with self.subTest(role=role, model=model):
                    with self.refused():
                        mine.read()
                    with self.refused():
                        mine.web_read({"display_name": {}})
                    with self.refused():
                        mine.export_data(["id", "display_name"])
                    self.assertFalse(mine.exists() and mine.has_access("read"))

    def test_lists_and_groups(self):
        for model in (*MATRIX, *SALES):
            foreign = self.foreign.records.get(model)
            if not foreign or not self.mine[model].has_access("read"):
                continue
            with self.subTest(model=model):
                mine = self.mine[model].with_context(active_test=False)
                found = mine.web_search_read([], {"id": {}}, limit=None)["records"]
                self.assertNotIn(foreign.id, [row["id"] for row in found])
                self.assertFalse(mine.search_count([("id", "=", foreign.id)]))
                self.assertFalse(mine.name_search(foreign.display_name, [("id", "=", foreign.id)]))
                rows = mine.formatted_read_group([("id", "=", foreign.id)], ["id"], ["__count"])
                self.assertFalse(rows)
                self.assertFalse(mine.search_read([("id", "=", foreign.id)], ["id"]))

    def test_sums_by_region(self):
        rows = self.mine["wine.vend"].formatted_read_group(
            [], ["region_id"], ["amount_captured:sum"]
        )
        seen = {row["region_id"][0] for row in rows}
        self.assertLessEqual(seen, {self.own.region.id, self.below.region.id})
        rows = self.mine["wine.vend"].web_read_group([], ["machine_id"], ["__count"])["groups"]
        self.assertNotIn(self.foreign.machine.id, [row["machine_id"][0] for row in rows])

    def test_searching_through_relations(self):
        """A domain over relations finds nothing that its comodel hides."""
        name = self.foreign.machine.name
        ways = [
            ("res.users", [("wine_region_ids.machine_ids.name", "=", name)]),
            ("res.users", [("wine_service_region_ids.site_ids.machine_ids.name", "=", name)]),
            ("wine.region", [("child_ids.machine_ids.name", "=", name)]),
            ("wine.region", [("parent_id.child_ids.machine_ids.name", "=", name)]),
            (
                "wine.machine.model",
                [
                    ("id", "in", self.foreign.machine.model_id.ids),
                    ("create_uid.wine_region_ids.code", "=", "FAR"),
                ],
            ),
            ("stock.location", [("wine_machine_id.name", "=", name)]),
            (
                "product.product",
                [("id", "=", self.wine.id), ("create_uid.wine_region_ids.code", "=", "FAR")],
            ),
            ("pos.order", [("wine_machine_id.name", "=", name)]),
            ("pos.payment", [("session_id.wine_region_id.code", "=", "FAR")]),
            ("wine.case", [("vend_id.region_id.code", "=", "FAR")]),
        ]
        self.foreign.region.manager_ids = self.env.user
        for model, domain in ways:
            with self.subTest(model=model, domain=domain):
                self.assertFalse(self.mine[model].search(domain))

    def test_export_over_relations(self):
        """The region above is named; what is in it is not."""
        self.region.parent_id = self.foreign.region
        self.users["region_manager"].group_ids = [
            Command.link(self.env.ref("base.group_allow_export").id)
        ]
        mine = self.region.with_user(self.me)
        for path in ("parent_id/machine_ids/name", "parent_id/code", "parent_id/manager_ids/login"):
            with self.subTest(path=path):
                try:
                    rows = mine.export_data([path])["datas"]
                except AccessError:
                    continue
                self.assertFalse([cell for row in rows for cell in row if cell])

    def test_papers_and_talk_of_foreign_machines(self):
        machine = self.foreign.machine
        note = machine.message_post(body="Key under the mat")
        paper = self.env["ir.attachment"].create(
            {"name": "plan", "raw": b"x", "res_model": "wine.machine", "res_id": machine.id}
        )
        task = machine.activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.users["admin"].id
        )
        for role in ("region_manager", "service"):
            for record in (note, paper, task):
                with self.subTest(role=role, model=record._name):
                    self.assertFalse(self.seen_by(role, record).has_access("read"))
            with self.refused():
                self.seen_by(role, machine).message_post(body="hello")
            partner = self.users[role].partner_id
            self.assertFalse(self.seen_by(role, machine).message_subscribe(partner.ids))
            with self.refused():
                self.env_of(role)["ir.attachment"].create(
                    {"name": "x", "res_model": "wine.machine", "res_id": machine.id}
                )

    # === TOUCHING === #

    def test_nothing_moves_into_a_foreign_region(self):
        site, machine, slot = self.machine.site_id, self.machine, self.slot(self.machine, "A1")
        draft, line, case = self.own.draft, self.own.draft.line_ids[:1], self.own.case
        away = self.foreign
        attempts = [
            (site, {"region_id": away.region.id}),
            (site, {"machine_ids": [Command.link(away.machine.id)]}),
            (machine, {"site_id": away.machine.site_id.id}),
            (machine, {"site_id": away.machine.site_id.id, "region_id": away.region.id}),
            (machine, {"slot_ids": [Command.link(away.machine.slot_ids[0].id)]}),
            (slot, {"machine_id": away.machine.id}),
            (draft, {"machine_id": away.machine.id}),
            (line, {"planogram_id": away.draft.id, "slot_id": away.machine.slot_ids[0].id}),
            (case, {"vend_id": away.case.vend_id.id}),
            (case, {"region_id": away.region.id}),
            (self.region, {"parent_id": away.region.id}),
            (self.region, {"child_ids": [Command.link(away.region.id)]}),
            (self.region, {"machine_ids": [Command.link(away.machine.id)]}),
            (self.region, {"site_ids": [Command.link(away.machine.site_id.id)]}),
            (self.region, {"pos_config_id": away.region.pos_config_id.id}),
        ]
        for record, values in attempts:
            with self.subTest(model=record._name, values=values), self.refused():
                record.with_user(self.me).write(values)

    def test_nothing_is_made_in_a_foreign_region(self):
        for model, rights in MATRIX.items():
            if "c" in rights.get("region_manager", ""):
                with self.subTest(model=model), self.refused():
                    self.mine[model].create(self.fresh(model, self.foreign))
        with self.refused():
            self.mine["wine.site"].create(
                {
                    "name": "Trojan",
                    "region_id": self.region.id,
                    "machine_ids": [Command.link(self.foreign.machine.id)],
                }
            )

    def test_nobody_appoints_oneself(self):
        manager = self.env.ref("wine_vending.group_wine_admin")
        for role in ("region_manager", "service", "finance", "internal"):
            user = self.users[role]
            for values in (
                {"wine_region_ids": [Command.link(self.foreign.region.id)]},
                {"wine_service_region_ids": [Command.link(self.foreign.region.id)]},
                {"group_ids": [Command.link(manager.id)]},
            ):
                with self.subTest(role=role, values=values), self.refused():
                    user.with_user(user).write(values)
            for values in (
                {"manager_ids": [Command.link(user.id)]},
                {"staff_ids": [Command.link(user.id)]},
            ):
                with self.subTest(role=role, values=values), self.refused():
                    self.seen_by(role, self.foreign.region).write(values)
            with self.subTest(role=role), self.refused():
                manager.with_user(user).write({"user_ids": [Command.link(user.id)]})

    def test_the_platform_decides_who_runs_a_region(self):
        for values in (
            {"manager_ids": [Command.link(self.users["service"].id)]},
            {"operator_partner_id": self.me.partner_id.id},
            {"parent_id": False},
            {"code": "MINE"},
            {"pos_config_id": False},
        ):
            with self.subTest(values=values), self.refused():
                self.region.with_user(self.me).write(values)
        staff = self.region.with_user(self.me)
        staff.write({"staff_ids": [Command.set(self.users["service"].ids)], "min_age": 21})
        self.region.with_user(self.users["admin"]).parent_id = self.foreign.region

    def test_buttons_abroad(self):
        """Whatever acts on a record; what is of no record answers by the rights of the reader."""
        of_nobody = {"action_view_machines", "action_view_orders", "map_points"}
        needs = {"watch_chart": (24,)}
        records = {
            **self.foreign.records,
            "stock.picking.batch": Furniture(self, self.foreign).batch(),
        }
        for role in ("region_manager", "service"):
            for model, names in PUBLIC.items():
                if self.env[model]._transient or self.env[model]._abstract:
                    continue  # a guide is its maker's own; what it does is tested where it is made
                for name in names - of_nobody:
                    if name.startswith("action_view_"):
                        continue
                    with self.subTest(role=role, model=model, button=name), self.refused():
                        getattr(self.seen_by(role, records[model]), name)(*needs.get(name, ()))

    def test_buttons_at_home(self):
        """A button that a view hides is refused by its method, too."""
        may = {
            ("wine.machine", "action_suspend"): {"region_manager", "admin"},
            ("wine.planogram", "action_publish"): {"region_manager", "admin"},
            ("wine.machine", "action_new_planogram"): {"region_manager", "admin"},
            ("wine.vend", "action_refund"): {"region_manager", "finance", "admin"},
            ("wine.case", "action_came_out"): {"region_manager", "finance", "admin"},
            ("wine.case", "action_did_not"): {"region_manager", "finance", "admin"},
            ("pos.session", "action_wine_close"): {"region_manager", "admin"},
            ("wine.visit", "action_cancel"): {"region_manager", "admin"},
            ("wine.machine", "action_need_wake"): {"region_manager", "admin"},
            ("wine.machine", "action_need_snooze"): {"region_manager", "admin"},
            ("stock.picking.batch", "action_wine_optimise"): {"region_manager", "admin"},
            ("wine.route.shortage", "action_buy"): {"region_manager", "admin"},
            ("wine.visit.entry", "action_take_in"): {"region_manager", "admin"},
            ("wine.visit.entry", "action_put_aside"): {"region_manager", "admin"},
            ("wine.cash.collection", "action_post"): {"region_manager", "finance", "admin"},
            ("wine.machine", "action_request_cash"): {"region_manager", "admin"},
            ("wine.machine", "action_request_counters"): {"region_manager", "admin"},
            ("wine.counter.snapshot", "action_compare_again"): {"region_manager", "admin"},
        }
        for (model, button), roles in may.items():
            record = self.own.records[model]
            if button == "action_new_planogram":
                self.own.draft.unlink()
            for role in ROLES:
                mine = self.seen_by(role, record)
                with self.subTest(model=model, button=button, role=role):
                    self.assertIs(
                        self.attempt(lambda m=mine, b=button: getattr(m, b)()), role in roles
                    )

    def test_what_follows_from_facts_is_not_edited(self):
        """A screen shows these fields readonly; from outside they are refused as well."""
        slot, published = self.slot(self.machine, "A1"), self.machine.planogram_id
        for record, values in (
            (slot, {"price": 0.01}),
            (slot, {"qty": 99}),
            (published, {"state": "draft"}),
            (published, {"version": 99}),
            (self.machine, {"location_id": self.region.warehouse_id.lot_stock_id.id}),
            (self.machine, {"planogram_id": self.own.draft.id}),
            (self.machine, {"slot_ids": [Command.update(slot.id, {"qty": 99})]}),
            (self.own.case, {"amount": 0}),
            (self.own.case, {"state": "decided"}),
            (self.own.case, {"decided_by_id": self.users["admin"].id}),
        ):
            for role in ("region_manager", "admin"):
                with self.subTest(role=role, values=values), self.refused():
                    self.seen_by(role, record).write(values)
        for role in ("region_manager", "admin"):
            with self.refused():
                self.env_of(role)["wine.planogram"].create(
                    {"machine_id": self.machine.id, "state": "published", "version": 9}
                )

    def test_a_published_planogram_never_changes(self):
        line = self.machine.planogram_id.line_ids[:1]
        free = self.slot(self.machine, "B3")
        for role in ("region_manager", "admin"):
            mine = self.seen_by(role, line)
            with self.subTest(role=role):
                with self.refused(UserError):
                    mine.write({"price": 1.0})
                with self.refused(UserError):
                    mine.unlink()
                with self.refused(UserError):
                    self.seen_by(role, self.own.draft.line_ids[:1]).write(
                        {"planogram_id": line.planogram_id.id, "slot_id": free.id}
                    )

    def test_a_foreign_vend_is_not_decided_by_an_own_case(self):
        """Neither by rewriting the case nor by a case that already names it."""
        foreign = self.foreign.case.vend_id
        with self.refused():
            self.own.case.with_user(self.me).write({"vend_id": foreign.id})
        self.own.case.vend_id = foreign
        with self.refused():
            self.own.case.with_user(self.me).action_came_out()
        self.assertEqual(foreign.state, "unknown")

    def test_no_context_opens_a_state(self):
        everything = {
            "wine_flow": True,
            "wine_lifecycle": True,
            "wine_batch": True,
            "su": True,
            "install_mode": True,
        }
        for role in ("region_manager", "admin", "service", "finance"):
            vend = self.seen_by(role, self.own.vend).with_context(**everything)
            with self.subTest(role=role), self.refused(AccessError, UserError):
                vend.write({"state": "refunded"})
        machine = self.machine.with_user(self.me).with_context(**everything)
        with self.refused(UserError):
            machine.write({"state": "retired"})


@tagged("post_install", "-at_install")
class TestAccessRpc(RpcCommon):
    """What can be called from outside, called from outside."""

    def test_every_public_method_is_known(self):
        """A new method without underscore can be called by anyone: guard it, then name it here."""
        found = public_methods(self.env, "wine_vending")
        self.maxDiff = None
        self.assertEqual(found, PUBLIC)

    def test_private_methods(self):
        key = self.key_of("admin")
        for model, names in PRIVATE.items():
            record = self.own.records.get(model, self.env[model])
            for name in names:
                with self.subTest(model=model, method=name):
                    self.assertTrue(hasattr(type(record), name), "no such method any more")
                    with self.refused():
                        get_public_method(record, name)
        for model, name in (
            ("wine.vend", "_update_state"),
            ("wine.vend", "_post"),
            ("wine.machine", "_project"),
        ):
            record = self.own.records[model]
            with self.subTest(model=model, method=name):
                self.assertEqual(self.rpc("admin", model, name, [record.ids, "x"]), "AccessError")
                answer = self.json2(key, model, name, ids=record.ids)
                self.assertEqual(answer.status_code, 403, answer.text)

    def test_a_state_is_not_written_from_outside(self):
        for role in ("region_manager", "admin"):
            context = {"wine_flow": True, "wine_lifecycle": True}
            answer = self.rpc(
                role,
                "wine.vend",
                "write",
                [self.own.vend.ids, {"state": "refunded"}],
                context=context,
            )
            self.assertIn(answer, ("AccessError", "UserError"))
            answer = self.rpc(
                role,
                "wine.machine",
                "write",
                [self.machine.ids, {"state": "retired"}],
                context=context,
            )
            self.assertEqual(answer, "UserError")
        answer = self.json2(
            self.key_of("region_manager"),
            "wine.vend",
            "write",
            ids=self.own.vend.ids,
            vals={"state": "refunded"},
            context={"wine_flow": True},
        )
        self.assertEqual(answer.status_code, 403, answer.text)
        self.env.invalidate_all()
        self.assertEqual(self.own.vend.state, "captured")
        self.assertEqual(self.machine.state, "active")

    def test_foreign_records_from_outside(self):
        key = self.key_of("region_manager")
        self.assertEqual(
            self.rpc("region_manager", "wine.machine", "read", [self.foreign.machine.ids]),
            "AccessError",
        )
        self.assertEqual(
            self.rpc(
                "region_manager", "wine.machine", "action_suspend", [self.foreign.machine.ids]
            ),
            "AccessError",
        )
        found = self.json2(key, "wine.vend", "search_read", domain=[], fields=["region_id"]).json()
        self.assertTrue(found)
        regions = {row["region_id"][0] for row in found}
        self.assertLessEqual(regions, {self.own.region.id, self.below.region.id})
        answer = self.json2(key, "wine.vend", "action_refund", ids=self.foreign.vend.ids)
        self.assertEqual(answer.status_code, 403, answer.text)

    def test_portal_from_outside(self):
        for model in MATRIX:
            self.assertEqual(self.rpc("portal", model, "search_read", [[]]), "AccessError", model)
