# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who may see what machines say and are told; nobody sees a secret, nobody writes a message."""

import json
from uuid import uuid4

from odoo.addons.wine_vending.tests.access import ROLES, AccessCommon
from odoo.addons.wine_vending.tests.test_access import public_methods
from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .firmware import FirmwareAccess

CAMPAIGNS = {"service": "r", "region_manager": "rwcu", "finance": "r", "admin": "rwcu"}
#: model → role → letters: read, write, create, unlink; a role that is missing has nothing
MATRIX = {
    "wine.bridge.event": {"region_manager": "r", "admin": "r"},
    "wine.bridge.journal": {"region_manager": "r", "admin": "r"},
    "wine.bridge.command": {
        "service": "r",
        "region_manager": "r",
        "finance": "r",
        "admin": "r",
    },
    "wine.bridge.auth": {
        "service": "r",
        "region_manager": "r",
        "finance": "r",
        "admin": "r",
    },
    "wine.bridge.gap": {"service": "r", "region_manager": "r", "finance": "r", "admin": "r"},
    "wine.bridge.credential": {"admin": "r"},
    "wine.bridge.claim": {"region_manager": "r", "admin": "r"},
    "wine.bridge.process": {"admin": "r"},
    "wine.bridge.sample": {"admin": "r"},
    "wine.bridge.disturbance": {"region_manager": "r", "admin": "r"},
    "wine.bridge.door": {"region_manager": "r", "admin": "r"},
    "wine.bridge.knock": {"admin": "r"},
    "wine.bridge.door.count": {"admin": "r"},
    "wine.firmware": {"service": "r", "region_manager": "r", "finance": "r", "admin": "rwc"},
    "wine.firmware.campaign": CAMPAIGNS,
    "wine.firmware.wave": CAMPAIGNS,
    "wine.firmware.install": {
        "service": "r",
        "region_manager": "r",
        "finance": "r",
        "admin": "r",
    },
}
HARMLESS = {
    "wine.bridge.event": {"attempts": 1},
    "wine.bridge.journal": {"highest": 9},
    "wine.bridge.command": {"code": "x"},
    "wine.bridge.auth": {"text": "x"},
    "wine.bridge.gap": {"missing": 0},
    "wine.bridge.credential": {"version": 9},
    "wine.bridge.claim": {"wrong": 9},
    "wine.bridge.process": {"host": "x"},
    "wine.bridge.sample": {"stored": 9},
    "wine.bridge.disturbance": {"times": 9},
    "wine.bridge.door": {"posts": 9},
    "wine.bridge.knock": {"wrong": 9},
    "wine.bridge.door.count": {"posts": 9},
    "wine.firmware": {"notes": "x"},
    "wine.firmware.campaign": {"max_parallel": 9},
    "wine.firmware.wave": {"soak_hours": 9},
    "wine.firmware.install": {"detail": "x"},
}
DOOR_MINUTE = {"minute": "2026-01-01", "status": 200, "slot": 0}
GAP = {"epoch": 77, "first": 3, "last": 4, "missing": 2, "since": "2026-01-01"}
PUBLIC = {
    "wine.bridge.event": {
        "action_correct",
        "action_dismiss",
        "action_judge_again",
        "action_replay",
    },
    "wine.bridge.correction": {"action_take_in"},
    "wine.bridge.dismissal": {"action_dismiss"},
    "wine.bridge.disturbance": {"action_view_machine"},
    "wine.bridge.health": {"new_token", "page"},
    "wine.bridge.command": {"action_cancel"},
    "wine.command.new": {"action_send"},
    "wine.machine": {
        "action_claim_code",
        "action_command",
        "action_revoke_credential",
        "action_rotate_credential",
        "action_view_bridge_asked",
        "action_view_bridge_commands",
        "action_view_bridge_events",
        "action_view_firmware",
        "action_view_bridge_tail",
        "bridge_tail",
    },
    "wine.firmware": {"action_release", "action_sign", "action_view_machines", "action_withdraw"},
    "wine.firmware.campaign": {
        "action_close",
        "action_pause",
        "action_resume",
        "action_roll_back",
        "action_start",
        "action_stop",
        "action_view_installs",
    },
    "wine.firmware.install": {"action_exclude", "action_retry"},
}
PRIVATE = {
    "wine.bridge.credential": ("_issue", "_password_lines", "_revoke"),
    "wine.bridge.claim": ("_make", "_redeem", "_locked", "_count_wrong", "_end"),
    "wine.bridge.command": ("_apply_acks", "_follow", "_cron_expire", "_cron_prune"),
    "wine.bridge.auth": ("_decide", "_conclude", "_deny_overdue", "_deny_failed"),
    "wine.bridge.event": (
        "_take_in",
        "_settle",
        "_dismiss",
        "_project_round",
        "_project_isolated",
        "_take",
        "_use",
        "_alarm",
    ),
    "wine.bridge.door": (
        "_admit",
        "_account",
        "_take",
        "_quarantine",
        "_pace",
        "_charge",
        "_refuse",
        "_cron_silent",
    ),
    "wine.bridge.knock": ("_wait", "_count"),
    "wine.bridge.door.count": ("_count", "_cron_fold"),
    "wine.machine": (
        "_send",
        "_publish_desired",
        "_publish_changed",
        "_queue_shadows",
        "_settings_changed",
        "_cron_publish_due",
        "_told_of",
        "_desired",
        "_lock_command",
        "_lock_again",
        "_after_facts",
        "_order_command",
        "_queue_command",
        "_auth_request",
        "_auth_answers",
        "_bridge_connection",
    ),
    "wine.bridge.process": ("_beat", "_announce"),
    "wine.bridge.health": ("_state", "_figures", "_processes", "_cron_watch"),
    "wine.bridge.gap": ("_cron_watch", "_decide", "_ask", "_give_up", "_fill"),
    "wine.firmware": ("_measure", "_stored"),
    "wine.firmware.campaign": ("_to", "_stop", "_close", "_enrol", "_round", "_cron_run"),
    "wine.firmware.install": ("_tell", "_end", "_again", "_link", "_by_link", "_follow_acks"),
}


class BridgeAccess(FirmwareAccess, AccessCommon):
    """A message, a command, a journal and a credential of each region's machine."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.talk = {world.region.code: cls.make_talk(world) for world in (cls.own, cls.foreign)}
        cls.env.flush_all()

    @classmethod
    def make_talk(cls, world):
        machine = world.machine
        machine.action_suspend()
        cls.env["wine.bridge.credential"]._issue(machine)
        cls.env["wine.bridge.claim"]._make(machine)
        values = {"machine_id": machine.id}
        made = [
            cls.env["wine.bridge.event"].create(
                {
                    **values,
                    "channel": "evt",
                    "type": "door",
                    "state": "failed",
                    "received_at": "2026-01-01",
                    "moment": "2026-01-01",
                }
            ),
            cls.env["wine.bridge.journal"].create({**values, "epoch": 77, "highest": 5}),
            cls.env["wine.bridge.gap"].create({**values, **GAP}),
            cls.env["wine.bridge.command"].search([("machine_id", "=", machine.id)], limit=1),
            cls.env["wine.bridge.auth"].create(
                {
                    **values,
                    "request_id": f"request of {machine.name}",
                    "kind": "member",
                    "token": "SECRET-TOKEN",
                    "received_at": "2026-01-01",
                }
            ),
            cls.env["wine.bridge.credential"].search([("machine_id", "=", machine.id)]),
            cls.env["wine.bridge.claim"].search([("machine_id", "=", machine.id)]),
            cls.env["wine.bridge.disturbance"].create({**values, "kind": "flood"}),
            cls.env["wine.bridge.door"].create({**values, "tokens": 1, "posts": 1}),
            cls.env["wine.bridge.knock"].create({"who": f"machine {machine.uuid}", "wrong": 1}),
        ]
        cls.make_process(made)
        made += cls.make_updates(world)
        return {record._name: record for record in made}

    @classmethod
    def make_process(cls, made):
        """Bridges belong to no region: the one that is there is the same for all."""
        process = cls.env["wine.bridge.process"].search([("name", "=", "access")])
        process = process or cls.env["wine.bridge.process"].create({"name": "access"})
        sample = cls.env["wine.bridge.sample"].search([("process_id", "=", process.id)])
        made.append(process)
        made.append(
            sample
            or cls.env["wine.bridge.sample"].create(
                {"process_id": process.id, "minute": "2026-01-01"}
            )
        )
        Count = cls.env["wine.bridge.door.count"]
        made.append(Count.search([], limit=1) or Count.create(DOOR_MINUTE))

    def values(self, model, foreign):
        machine = (self.foreign if foreign else self.own).machine
        return {
            "wine.bridge.event": {"machine_id": machine.id, "channel": "evt", "type": "x"},
            "wine.bridge.journal": {"machine_id": machine.id, "epoch": 78},
            "wine.bridge.gap": {"machine_id": machine.id, **GAP},
            "wine.bridge.command": {"machine_id": machine.id, "type": "machine.reboot"},
            "wine.bridge.auth": {
                "machine_id": machine.id,
                "request_id": "another",
                "received_at": "2026-01-01",
            },
            "wine.bridge.credential": {"machine_id": machine.id},
            "wine.bridge.claim": {"machine_id": machine.id, "expires_at": "2030-01-01"},
            "wine.bridge.process": {"name": "another"},
            "wine.bridge.sample": {
                "process_id": self.talk["TST"]["wine.bridge.process"].id,
                "minute": "2026-01-02",
            },
            "wine.bridge.disturbance": {"machine_id": machine.id, "kind": "copied"},
            "wine.bridge.door": {"machine_id": machine.id},
            "wine.bridge.knock": {"who": f"address {machine.id}"},
            "wine.bridge.door.count": {**DOOR_MINUTE, "slot": machine.id},
            **self.fresh_updates(machine.region_id),
        }[model]


@tagged("post_install", "-at_install")
class TestBridgeAccess(BridgeAccess):
    """The table of rights, and what hides behind it."""

    def test_matrix(self):
        self.check_matrix(
            "wine_device_bridge",
            MATRIX,
            own=self.talk["TST"].get,
            foreign=self.talk["FAR"].get,
            harmless=HARMLESS.get,
            fresh=self.values,
        )

    def test_every_form_opens(self):
        """The machine's form, too, to which the bridge adds what is on its way."""
        records = [*self.talk["TST"].values(), self.machine]
        self.check_views(records)

    def test_foreign_talk_is_not_found(self):
        for role in ("region_manager", "service"):
            for model, record in self.talk["FAR"].items():
                if "r" not in MATRIX[model].get(role, ""):
                    continue
                with self.subTest(role=role, model=model):
                    mine = self.env_of(role)[model]
                    self.assertFalse(mine.search([("id", "=", record.id)]))
                    self.assertFalse(mine.search([("region_id", "=", self.foreign.region.id)]))
                    machine = "machine_id" if "machine_id" in mine else "region_id.machine_ids"
                    self.assertFalse(
                        mine.search([(f"{machine}.name", "=", self.foreign.machine.name)])
                    )
                    self.assertFalse(
                        mine.formatted_read_group([("id", "=", record.id)], [], ["__count"])[0][
                            "__count"
                        ]
                    )
                    with self.refused():
                        mine.browse(record.id).read(["region_id"])

    def test_nobody_gives_a_machine_the_name_of_a_foreign_account(self):
        """The broker knows machines by their UUID; another tenant of it may have this one."""
        foreign, mine = str(uuid4()), self.env_of("region_manager")["wine.machine"]
        for how in ({"uuid": foreign}, {}):
            values = {**self.fresh("wine.machine", self.own), **how}
            made = mine.with_context(default_uuid=foreign).create(values)
            self.assertNotEqual(made.uuid, foreign)
        with self.refused():
            made.uuid = foreign
        self.seen_by("admin", made).uuid = foreign
        self.assertEqual(made.uuid, foreign)

    def test_messages_of_no_machine_are_for_the_platform(self):
        stray = self.env["wine.bridge.event"].create(
            {"channel": "evt", "state": "quarantined", "payload": "{"}
        )
        self.assertFalse(self.seen_by("region_manager", stray).has_access("read"))
        self.assertTrue(self.seen_by("admin", stray).has_access("read"))

    def test_only_the_platform_takes_messages_in_again(self):
        for role in ROLES:
            for code in ("TST", "FAR"):
                event = self.seen_by(role, self.talk[code]["wine.bridge.event"])
                with self.subTest(role=role, region=code):
                    self.assertIs(self.attempt(lambda e=event: e.action_replay()), role == "admin")

    def test_no_hash_below_the_system(self):
        """Not read, not searched by, not grouped by, not exported, not sorted by."""
        credential = self.talk["TST"]["wine.bridge.credential"]
        first = credential.secret_hash[:12]
        for role in ("region_manager", "finance", "service", "admin"):
            mine = self.seen_by(role, credential)
            attempts = [
                lambda m=mine: m.read(["secret_hash"]),
                lambda m=mine: m.secret_hash,
                lambda m=mine: m.web_read({"secret_hash": {}}),
                lambda m=mine: m.search([("secret_hash", "=like", f"{first}%")]),
                lambda m=mine: m.search([], order="secret_hash"),
                lambda m=mine: m.formatted_read_group([], ["secret_hash"], ["__count"]),
                lambda m=mine: m.write({"secret_hash": "x"}),
            ]
            for number, attempt in enumerate(attempts):
                with self.subTest(role=role, attempt=number):
                    self.assertFalse(self.attempt(attempt))
        self.assertNotIn("secret_hash", self.seen_by("admin", credential).fields_get())
        rows = self.seen_by("admin", credential).read()
        self.assertNotIn("secret_hash", rows[0])
        system = new_test_user(
            self.env, "access-system", "wine_vending.group_wine_admin,base.group_system"
        )
        self.assertTrue(credential.with_user(system).secret_hash)


@tagged("post_install", "-at_install")
class TestBridgeRpc(BridgeAccess, HttpCase):
    """From outside."""

    session = None  # here it is that of HTTP, not the trading day

    def rpc(self, model, method, args):
        with mute_logger("odoo.http"):
            answer = self.url_open(
                f"/web/dataset/call_kw/{model}/{method}",
                data=json.dumps(
                    {"params": {"model": model, "method": method, "args": args, "kwargs": {}}}
                ),
                headers={"Content-Type": "application/json"},
            ).json()
        return answer.get("error", {}).get("data", {}).get("name", "") or answer["result"]

    def test_every_public_method_is_known(self):
        self.assertEqual(public_methods(self.env, "wine_device_bridge"), PUBLIC)

    def test_private_methods(self):
        for model, names in PRIVATE.items():
            for name in names:
                with self.subTest(model=model, method=name), self.assertRaises(AccessError):
                    self.assertTrue(hasattr(self.env[model], name), "no such method any more")
                    get_public_method(self.env[model], name)

    def test_admin_from_outside(self):
        self.authenticate("access-admin", "access-admin")
        credential = self.talk["TST"]["wine.bridge.credential"]
        issue = self.rpc("wine.bridge.credential", "_issue", [self.machine.ids])
        self.assertEqual(issue, "odoo.exceptions.AccessError")
        read = self.rpc("wine.bridge.credential", "read", [credential.ids, ["secret_hash"]])
        self.assertEqual(read, "odoo.exceptions.AccessError")
        made = self.rpc(
            "wine.bridge.command",
            "create",
            [{"machine_id": self.machine.id, "type": "door.unlock"}],
        )
        self.assertEqual(made, "odoo.exceptions.AccessError")

    def test_manager_from_outside(self):
        self.authenticate("access-region_manager", "access-region_manager")
        event = self.talk["TST"]["wine.bridge.event"]
        replay = self.rpc("wine.bridge.event", "action_replay", [event.ids])
        self.assertEqual(replay, "odoo.exceptions.AccessError")
        done = self.rpc("wine.bridge.event", "write", [event.ids, {"state": "done"}])
        self.assertEqual(done, "odoo.exceptions.AccessError")


@tagged("post_install", "-at_install")
class TestBridgeEpoch(BridgeAccess):
    """What identifies a machine to the bridge is not edited by its administrator."""

    def test_the_epoch_is_not_edited(self):
        machine = self.machine.with_user(self.users["region_manager"])
        with self.refused():
            machine.write({"bridge_epoch": 5})
