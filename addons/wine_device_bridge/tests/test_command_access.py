# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who may tell which machine what; and every way around it that comes to mind."""

from odoo.addons.wine_vending.tests.access import ROLES, AccessCommon
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..core.commands import KINDS

FOR_STAFF = {kind for kind in KINDS if kind != "event.resend"}
#: role → what it may tell machines of its own region, and of a foreign one
MAY = {
    "service": (FOR_STAFF, set()),
    "region_manager": (FOR_STAFF, set()),
    "finance": (set(), set()),
    "admin": (set(KINDS), set(KINDS)),
    "internal": (set(), set()),
    "portal": (set(), set()),
    "public": (set(), set()),
}


@tagged("post_install", "-at_install")
class TestCommandAccess(AccessCommon):
    """The matrix, then climbing out of it."""

    def tells(self, user, machine, kind):
        """Whether this user gets a command queued by the dialog; it is taken back."""

        def send():
            guide = self.env["wine.command.new"].with_user(user)
            guide.create({"machine_id": machine.id, "kind": kind}).action_send()

        return self.attempt(send)

    def test_matrix(self):
        self.assertEqual(set(MAY), set(ROLES))
        for role, (own, foreign) in MAY.items():
            for kind in KINDS:
                with self.subTest(role=role, kind=kind):
                    user = self.users[role]
                    self.assertIs(self.tells(user, self.machine, kind), kind in own)
                    self.assertIs(self.tells(user, self.foreign.machine, kind), kind in foreign)

    def test_the_dialog_tells_nothing_of_a_foreign_machine(self):
        """Opened for it and never saved: whether it is online, and how often its board changed."""
        spec = {"is_offline": {}, "epoch": {}}
        foreign = self.foreign.machine.id
        for role in ("service", "region_manager"):
            guide = self.env_of(role)["wine.command.new"]
            shown = guide.onchange({"machine_id": self.machine.id}, ["machine_id"], spec)
            self.assertEqual(shown["value"]["epoch"], self.machine.bridge_epoch)
            for ask in (
                lambda g=guide: g.onchange({"machine_id": foreign}, ["machine_id"], spec),
                lambda g=guide: g.with_context(default_machine_id=foreign).onchange({}, [], spec),
                lambda g=guide: g.new({"machine_id": foreign}).epoch,
            ):
                with self.refused():
                    ask()

    def test_below_the_region(self):
        for role in ("service", "region_manager"):
            with self.subTest(role=role):
                self.assertTrue(self.tells(self.users[role], self.below.machine, "door.unlock"))

    def test_a_machine_with_staff_of_its_own(self):
        """The staff of the region does not see it, and does not open its door."""
        own = new_test_user(self.env, "own-staff", "wine_vending.group_wine_service")
        self.machine.staff_ids = own
        self.assertTrue(self.tells(own, self.machine, "door.unlock"))
        self.assertFalse(self.tells(own, self.below.machine, "door.unlock"))
        self.assertFalse(self.tells(self.users["service"], self.machine, "door.unlock"))

    def test_finance_who_services_one_region_opens_no_other_door(self):
        """Finance sees every machine; that is not to say that it may open it."""
        both = new_test_user(
            self.env, "both", "wine_vending.group_wine_service,wine_vending.group_wine_finance"
        )
        self.region.staff_ids |= both
        self.assertTrue(self.foreign.machine.with_user(both).has_access("read"))
        self.assertTrue(self.tells(both, self.machine, "door.unlock"))
        self.assertFalse(self.tells(both, self.foreign.machine, "door.unlock"))

    def test_the_button_is_there_for_those_who_may(self):
        for role, (own, _foreign) in MAY.items():
            if role in ("internal", "portal", "public"):
                continue
            machine = self.machine.with_user(self.users[role])
            with self.subTest(role=role):
                self.assertIs(machine.bridge_may_command, bool(own))

    def test_the_dialog_offers_what_is_allowed(self):
        for role in ("service", "region_manager", "admin"):
            guide = self.env["wine.command.new"].with_user(self.users[role])
            self.assertEqual({kind for kind, _name in guide._selection_kind()}, MAY[role][0])

    # === CLIMBING OUT === #

    def test_by_the_dialog_of_somebody_else(self):
        foreign = new_test_user(self.env, "far", "wine_vending.group_wine_service")
        self.foreign.region.staff_ids = foreign
        guide = self.env["wine.command.new"].with_user(foreign)
        guide = guide.create({"machine_id": self.foreign.machine.id, "kind": "door.unlock"})
        self.assertFalse(self.attempt(guide.with_user(self.users["service"]).action_send))

    def test_by_changing_the_machine_of_ones_own_dialog(self):
        service = self.users["service"]
        guide = self.env["wine.command.new"].with_user(service)
        guide = guide.create({"machine_id": self.machine.id, "kind": "door.unlock"})

        def switch():
            guide.write({"machine_id": self.foreign.machine.id})
            guide.action_send()

        self.assertFalse(self.attempt(switch))
        self.assertFalse(
            self.attempt(
                lambda: (
                    self.env["wine.command.new"]
                    .with_user(service)
                    .with_context(default_machine_id=self.foreign.machine.id)
                    .create({"kind": "door.unlock"})
                    .action_send()
                )
            )
        )

    def test_by_the_message_itself(self):
        Command = self.env["wine.bridge.command"]
        for role in ROLES:
            mine = Command.with_user(self.users[role])
            values = {"machine_id": self.machine.id, "type": "door.unlock"}
            with self.subTest(role=role):
                self.assertFalse(self.attempt(lambda m=mine, v=values: m.create(v)))
                self.assertFalse(self.attempt(lambda m=mine, v=values: m.sudo(False).create(v)))

    def test_by_taking_back_what_others_asked_for(self):
        command, _new = self.foreign.machine._order_command("machine.lock")
        for role in ROLES:
            mine = command.with_user(self.users[role])
            with self.subTest(role=role):
                self.assertIs(self.attempt(mine.action_cancel), role == "admin")
        own, _new = self.machine._order_command("event.resend", {"epoch": 1})
        self.assertFalse(self.attempt(own.with_user(self.users["service"]).action_cancel))
        lock, _new = self.machine._order_command("machine.lock")
        self.assertTrue(self.attempt(lock.with_user(self.users["service"]).action_cancel))

    def test_by_the_buttons_of_cash_and_counters(self):
        foreign = self.foreign.machine
        for role in ("service", "region_manager", "finance", "internal"):
            machine = foreign.with_user(self.users[role])
            with self.subTest(role=role):
                self.assertFalse(self.attempt(machine.action_request_cash))
                self.assertFalse(self.attempt(machine.action_request_counters))

    def test_by_selling_where_selling_was_stopped(self):
        """Who suspended a machine is not undone by a command."""
        self.machine.action_suspend()
        for role in ("service", "region_manager", "admin"):
            with self.subTest(role=role), self.assertRaisesRegex(UserError, "not active"):
                self.tells(self.users[role], self.machine, "machine.unlock")

    def test_a_person_without_region_tells_nobody(self):
        nobody = new_test_user(self.env, "nobody", "wine_vending.group_wine_service")
        with self.assertRaises(AccessError):
            self.machine.with_user(nobody)._check_may_command("door.unlock")
