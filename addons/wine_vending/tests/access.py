# SPDX-License-Identifier: LGPL-3.0-or-later
"""Kit of the access tests: one user of each kind, three regions with the same furniture in each."""

from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from lxml import etree

from odoo import Command, fields, models
from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import WineCommon

GROUPS = {
    "service": "wine_vending.group_wine_service",
    "region_manager": "wine_vending.group_wine_region_manager",
    "finance": "wine_vending.group_wine_finance",
    "admin": "wine_vending.group_wine_admin",
    "internal": "base.group_user",
    "portal": "base.group_portal",
}
ROLES = (*GROUPS, "public")
#: these see every region
EVERYWHERE = ("finance", "admin")
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
DENIALS = (
    "odoo.addons.base.models.ir_model",
    "odoo.addons.base.models.ir_rule",
    "odoo.models",
    "odoo.orm.models",
)


class Undo(Exception):
    """Take back what was only tried."""


@dataclass
class World:
    """One region and what is in it."""

    region: models.Model
    machine: models.Model
    vend: models.Model
    case: models.Model
    draft: models.Model
    visit: models.Model
    #: one record of each further model, see ``AccessCommon.furniture``
    more: tuple = ()

    @property
    def reports(self):
        """One row of each report, and one that waits to be computed."""
        env, ours = self.machine.env, [("machine_id", "=", self.machine.id)]
        if not env["wine.report.due"].search_count(ours):
            env["wine.report.sales"]._mark([(self.machine.id, self.vend.business_date)])
        names = ("wine.report.sales", "wine.report.machine.day", "wine.report.due")
        return [env[name].search(ours, limit=1) for name in names]

    @property
    def records(self):
        """dict model → one record of this region."""
        order = self.vend.order_ids[:1]
        found = (
            self.region,
            self.machine,
            self.machine.site_id,
            self.machine.slot_ids[:1],
            self.vend,
            self.case,
            self.draft,
            self.draft.line_ids[:1],
            self.machine.fault_ids[:1],
            self.vend.complaint_ids[:1],
            self.visit,
            self.visit.line_ids[:1],
            *self.more,
            *self.reports,
            order,
            order.lines,
            order.payment_ids,
            order.session_id,
            order.config_id,
        )
        return {record._name: record for record in found}


def models_of(env, module):
    """Names of the stored models that an addon brings."""
    return {
        name
        for name, model in env.registry.items()
        if name.startswith("wine.")
        and model._original_module == module
        and not model._abstract
        and not model._transient  # their rules: ``TestGuides``
    }


class AccessCommon(WineCommon):
    """``own`` is the region of the users, ``below`` lies below it, ``foreign`` beside it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls.make_world(cls.region, cls.machine)
        below = cls.make_region("Testland East", "TSTE", parent_id=cls.region.id)
        cls.below = cls.make_world(below)
        cls.foreign = cls.make_world(cls.make_region("Farland", "FAR"))
        cls.users = {
            role: new_test_user(cls.env, f"access-{role}", group) for role, group in GROUPS.items()
        }
        cls.users["public"] = cls.env.ref("base.public_user")
        cls.region.manager_ids = cls.users["region_manager"]
        cls.region.staff_ids = cls.users["service"]
        cls.env.flush_all()

    @classmethod
    def make_world(cls, region, machine=None):
        plan = {"A1": cls.wine, "A2": cls.soda}
        machine = machine or cls.make_machine(region, plan, name=f"Machine of {region.code}")
        sold, unsure = cls.local(machine, pay="card"), cls.local(machine, outcome="unknown")
        cls.env["wine.machine"]._project(
            [sold, unsure, cls.fact(machine, "fault.raised", {"code": "E1"})]
        )
        cls.env.invalidate_all()
        vend, case = (
            cls.env["wine.vend"].search([("uuid", "=", fact.data["vend_id"])])
            for fact in (sold, unsure)
        )
        cls.env["wine.complaint"].create({"vend_id": vend.id, "kind": "wrong"})
        machine.action_new_planogram()
        draft = machine.planogram_ids.filtered(lambda planogram: planogram.state == "draft")
        visit = cls.env["wine.visit"].create(
            {
                "machine_id": machine.id,
                "line_ids": [Command.create({"slot_id": cls.slot(machine, "A1").id})],
            }
        )
        return World(region, machine, vend, case.case_ids, draft, visit, cls.furniture(machine))

    @classmethod
    def furniture(cls, machine):
        """One record of each further model, in the region of ``machine``."""
        cls.env["wine.report.sales"]._refresh()
        return (
            cls.env["wine.forecast"].search(
                [("machine_id", "=", machine.id), ("product_id", "=", cls.wine.id)]
            )
            or cls.env["wine.forecast"].create(
                {"machine_id": machine.id, "product_id": cls.wine.id, "rate_per_day": 1.0}
            ),
            shortage := cls.env["wine.route.shortage"].create(cls.shortage_values(machine)),
            shortage.batch_id,
            cls.env["wine.slot.stockout"].create(cls.stockout_values(machine)),
            cls.env["wine.sale.line"].create(cls.sale_line_values(machine)),
            cls.env["wine.cash.collection"].create({"machine_id": machine.id}),
            cls.env["wine.counter.snapshot"].create(cls.reading_values(machine)),
            cls.env["wine.machine.placement"].create(cls.placement_values(machine)),
            cls.env["wine.visit.entry"].create(cls.entry_values(machine.visit_ids[:1])),
            *cls.watch(machine),
            machine.difference_ids[:1],
            cls.env["wine.price.limit"].create(
                {"region_id": machine.region_id.id, "ceiling": 1000.0}
            ),
        )

    @classmethod
    def placement_values(cls, machine):
        """A stay that is over; the present one would be another."""
        return {
            "machine_id": machine.id,
            "region_id": machine.region_id.id,
            "site_id": machine.site_id.id,
            "since": "2020-01-01",
            "until": "2020-01-02",
        }

    @classmethod
    def entry_values(cls, visit):
        """Of an entry of the field app."""
        return {
            "uuid": str(uuid4()),
            "kind": "start",
            "visit_id": visit.id,
            "user_id": cls.env.uid,
            "moment": "2026-01-01",
            "state": "refused",
        }

    @classmethod
    def watch(cls, machine):
        """Readings, an alert, its rule and an outage."""
        now = fields.Datetime.now()
        cls.env["wine.machine"]._take_readings([(machine.id, "temperature", now, 12.0)])
        of_machine = [("machine_id", "=", machine.id)]
        hour = {"machine_id": machine.id, "kind": "temperature", "hour": "2026-01-01"}
        values = {"machine_id": machine.id, "region_id": machine.region_id.id}
        return (
            cls.env["wine.machine.reading"].search(of_machine, limit=1),
            cls.env["wine.machine.climate"].search(of_machine),
            cls.env["wine.machine.reading.hour"].create(hour),
            cls.env["wine.machine.outage"].create({**values, "kind": "offline", "started_at": now}),
            cls.env["wine.machine.alert"].create(
                {**values, "kind": "door", "first_seen": now, "last_seen": now}
            ),
            cls.env["wine.alert.rule"].create({"kind": "door", "region_id": machine.region_id.id}),
        )

    @classmethod
    def shortage_values(cls, machine):
        refill_type = machine.region_id.warehouse_id._wine_refill_type()
        route = cls.env["stock.picking.batch"].create(
            {
                "wine_is_route": True,
                "wine_region_id": machine.region_id.id,
                "picking_type_id": refill_type.id,
            }
        )
        return {"batch_id": route.id, "region_id": machine.region_id.id, "product_id": cls.wine.id}

    @classmethod
    def reading_values(cls, machine):
        return {
            "identity": str(uuid4()),
            "machine_id": machine.id,
            "region_id": machine.region_id.id,
            "source": "meter",
            "moment": "2026-01-01",
        }

    @classmethod
    def sale_line_values(cls, machine):
        return {
            "source": str(uuid4()),
            "order_ref": "sale.order:0",
            "channel": "website",
            "kind": "sale",
            "date": "2026-01-01",
            "region_id": machine.region_id.id,
            "company_id": machine.region_id.company_id.id,
            "currency_id": machine.currency_id.id,
            "product_id": cls.wine.id,
            "data": {"source": "made for the table of rights"},
        }

    @classmethod
    def stockout_values(cls, machine):
        return {
            "slot_id": machine.slot_ids[:1].id,
            "machine_id": machine.id,
            "region_id": machine.region_id.id,
            "product_id": cls.wine.id,
            "currency_id": machine.currency_id.id,
            "started_at": "2026-01-01",
            "ended_at": "2026-01-02",
        }

    def check_views(self, records):
        """What a user may read opens: no field of a view needs more than the view itself."""
        for record in records:
            for role in ROLES:
                mine = self.seen_by(role, record)
                self.forget()
                if not mine.has_access("read"):
                    continue
                for kind in ("form", "list", "kanban"):
                    with self.subTest(model=record._name, role=role, view=kind):
                        arch = etree.fromstring(mine.get_view(view_type=kind)["arch"])
                        names = arch.xpath("//field[not(ancestor::field)]/@name")
                        self.forget()
                        mine.web_read({name: {} for name in names})

    def setUp(self):
        super().setUp()
        quiet = mute_logger(*DENIALS)
        quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)

    def seen_by(self, role, record):
        """The record as a user of this kind holds it."""
        return record.with_user(self.users[role])

    def env_of(self, role):
        return self.env(user=self.users[role], su=False)

    def attempt(self, action):
        """Whether ``action()`` is allowed; what it does is taken back."""
        self.forget()
        try:
            with self.env.cr.savepoint():
                action()
                self.env.flush_all()
                raise Undo
        except Undo:
            return True
        except AccessError:
            return False
        finally:
            self.env.invalidate_all()

    def forget(self):
        """A call from outside begins with an empty cache; what is in it is read unchecked."""
        self.env.flush_all()
        self.env.invalidate_all()

    @contextmanager
    def refused(self, *errors):
        """The block must be refused; by default with an AccessError."""
        self.forget()
        try:
            with self.env.cr.savepoint():
                yield
                self.env.flush_all()
        except (AccessError, *errors):
            self.env.invalidate_all()
        else:
            self.fail("it was allowed")

    def fresh(self, model, world):
        """Values of a new record of ``model`` in the region of ``world``."""
        free = world.machine.slot_ids.filtered(lambda slot: slot.code == "B3")
        return {
            "wine.region": {"name": "New", "code": f"N{uuid4().hex[:6]}"},
            "wine.site": {"name": "New", "region_id": world.region.id},
            "wine.machine.model": {"name": "New", "maker": "New"},
            "wine.machine": {
                "name": "New",
                "serial": str(uuid4()),
                "model_id": world.machine.model_id.id,
                "site_id": world.machine.site_id.id,
            },
            "wine.machine.fault": {
                "machine_id": world.machine.id,
                "code": "E2",
                "raised_at": "2026-01-01",
            },
            "wine.machine.slot": {"machine_id": world.machine.id, "code": "Z9"},
            "wine.planogram": {"machine_id": world.machine.id},
            "wine.planogram.line": {
                "planogram_id": world.draft.id,
                "slot_id": free.id,
                "product_id": self.wine.id,
                "price": 1.0,
            },
            "wine.vend": {
                "machine_id": world.machine.id,
                "region_id": world.region.id,
                "company_id": world.region.company_id.id,
                "product_id": self.wine.id,
                "currency_id": world.region.currency_id.id,
                "pay_kind": "cash",
                "moment": "2026-01-01",
                "business_date": "2026-01-01",
            },
            "wine.case": {"kind": "count", "region_id": world.region.id},
            "wine.slot.difference": {
                "machine_id": world.machine.id,
                "kind": "price",
                "slot_code": "Z9",
                "since": "2026-01-01",
            },
            "wine.price.limit": {
                "region_id": world.region.id,
                "product_id": self.soda.id,
                "floor": 1.0,
            },
            "wine.complaint": {"kind": "nothing", "machine_id": world.machine.id},
            "wine.report.sales": {
                "machine_id": world.machine.id,
                "region_id": world.region.id,
                "product_id": self.wine.id,
                "pay_kind": "cash",
                "business_date": "2026-01-01",
            },
            "wine.report.machine.day": {
                "machine_id": world.machine.id,
                "region_id": world.region.id,
                "business_date": "2026-01-01",
            },
            "wine.report.due": {"machine_id": world.machine.id, "business_date": "2026-01-01"},
            "wine.visit": {"machine_id": world.machine.id},
            "wine.cash.collection": {"machine_id": world.machine.id},
            "wine.counter.snapshot": self.reading_values(world.machine),
            "wine.visit.entry": self.entry_values(world.visit),
            "wine.visit.line": {"visit_id": world.visit.id, "slot_id": free.id},
            "wine.machine.placement": self.placement_values(world.machine),
            "wine.forecast": {"machine_id": world.machine.id, "product_id": self.soda.id},
            "wine.slot.stockout": self.stockout_values(world.machine),
            "wine.sale.line": self.sale_line_values(world.machine),
            "wine.route.shortage": {"region_id": world.region.id, "product_id": self.soda.id},
            "wine.machine.reading": {"machine_id": world.machine.id, "kind": "power", "value": 1},
            "wine.machine.climate": {"machine_id": world.machine.id},
            "wine.machine.reading.hour": {"machine_id": world.machine.id, "kind": "power"},
            "wine.machine.outage": {"machine_id": world.machine.id, "kind": "suspended"},
            "wine.machine.alert": {"machine_id": world.machine.id, "kind": "stock"},
            "wine.alert.rule": {"kind": "stock", "region_id": world.region.id},
        }.get(model)

    # === THE MATRIX === #

    def check_matrix(self, module, matrix, own, foreign, harmless, fresh):
        """Every kind of user × model × operation: asked and done, at home and abroad.

        :param dict matrix: model → role → letters of ``OPERATIONS``; a missing role has none
        :param own: function(model) → a record of the users' region; likewise ``foreign``
        :param harmless: function(model) → values that may be written on such a record
        :param fresh: function(model, foreign: bool) → values of a new one
        """
        self.assertEqual(models_of(self.env, module), set(matrix), "models and table differ")
        for model, rights in matrix.items():
            for role in ROLES:
                letters = rights.get(role, "")
                for letter, operation in OPERATIONS.items():
                    expected = letter in letters
                    with self.subTest(model=model, role=role, operation=operation):
                        self.assertIs(
                            self.env[model].with_user(self.users[role]).has_access(operation),
                            expected,
                            "by the table of access rights",
                        )
                        doer = Doer(self, model, role, harmless, fresh)
                        self.assertIs(doer.does(operation, own(model), False), expected, "at home")
                        if foreign(model):
                            abroad = expected and role in EVERYWHERE
                            self.assertIs(
                                doer.does(operation, foreign(model), True), abroad, "abroad"
                            )


class Doer:  # pylint: disable=method-required-super
    """Does an operation on a record as one kind of user; nothing of it stays."""

    def __init__(self, test, model, role, harmless, fresh):
        self.test, self.model, self.role = test, model, role
        self.harmless, self.fresh = harmless, fresh

    def does(self, operation, record, abroad):
        """Whether it was allowed; ``has_access`` and ``check_access`` must say the same."""
        test, mine = self.test, self.test.seen_by(self.role, record)
        allowed = test.attempt(lambda: getattr(self, operation)(mine, abroad))
        if operation != "create":
            test.assertIs(mine.has_access(operation), allowed, "has_access says otherwise")
            test.assertIs(test.attempt(lambda: mine.check_access(operation)), allowed)
        if operation == "read" and test.attempt(lambda: mine.browse().check_access("read")):
            found = mine.with_context(active_test=False).search([("id", "=", record.id)])
            test.assertIs(bool(found), allowed, "search says otherwise")
        return allowed

    def read(self, mine, _abroad):
        mine.read(["display_name"])

    def write(self, mine, _abroad):
        mine.write(self.harmless(self.model))

    def create(self, mine, abroad):
        mine.browse().create(self.fresh(self.model, abroad))

    def unlink(self, mine, abroad):
        victim = mine
        if mine.has_access("unlink"):
            victim = mine.browse(mine.sudo().create(self.fresh(self.model, abroad)).id)
        victim.unlink()
