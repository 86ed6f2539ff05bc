# SPDX-License-Identifier: LGPL-3.0-or-later
"""From what shall be to what is: the bridge's rounds over credentials, with a real file."""

import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from ..core.password import matches
from ..process.access import Access, AccessSettings, from_environment
from .common import BridgeCommon

LOGGER = "odoo.addons.wine_device_bridge.process.access"


@tagged("post_install", "-at_install")
class TestApplied(BridgeCommon):
    """Nothing is applied twice, nothing is forgotten, one fault holds up nobody for ever."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "passwd"
        self.path.write_text("wine-bridge:$7$own\nforgotten:$7$x\n")
        self.env.cr.execute("UPDATE wine_bridge_credential SET applied = stand")
        self.env.invalidate_all()
        self.Credential = self.env["wine.bridge.credential"]
        self.access = self.worker(self.path)

    def worker(self, path):
        settings = SimpleNamespace(database=self.env.cr.dbname, user="wine-bridge")
        wanted = AccessSettings("password_file", passwd=str(path))
        return Access(settings, wanted, threading.Event())

    def apply(self, access=None):
        self.env.flush_all()
        done = (access or self.access).apply(self.env.cr)
        self.env.invalidate_all()
        return done

    def lines(self):
        return dict(line.split(":", 1) for line in self.path.read_text().splitlines())

    def credential(self):
        return self.Credential.search([("machine_id", "=", self.machine.id)])

    def later(self):
        """The lock command has had its second."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE wine_bridge_command SET create_date = create_date - interval '2 seconds'"
        )

    def test_once(self):
        secret = self.Credential._issue(self.machine)[self.machine]
        self.assertEqual(self.apply(), 1)
        self.assertEqual(self.apply(), 0)
        lines = self.lines()
        self.assertTrue(matches(secret, lines[self.machine.uuid]))
        self.assertEqual(lines["wine-bridge"], "$7$own")
        self.assertNotIn("forgotten", lines)
        self.assertEqual(self.credential().applied, "on:1")
        self.assertTrue(self.credential().applied_at)

    def test_only_the_last_of_several_steps_counts(self):
        self.Credential._issue(self.machine)
        self.apply()
        self.Credential._issue(self.machine)
        self.credential()._revoke()
        last = self.Credential._issue(self.machine)[self.machine]
        self.assertEqual(self.apply(), 1)
        self.assertTrue(matches(last, self.lines()[self.machine.uuid]))
        self.assertEqual(self.credential().applied, "on:3")

    def test_a_suspended_machine_hears_first_that_it_shall_stop(self):
        self.Credential._issue(self.machine)
        self.apply()
        self.machine.action_suspend()
        self.assertEqual(self.apply(), 0)
        self.assertIn(self.machine.uuid, self.lines())
        self.later()
        self.assertEqual(self.apply(), 1)
        self.assertNotIn(self.machine.uuid, self.lines())

    def test_a_machine_that_has_heard_it_is_refused_at_once(self):
        self.Credential._issue(self.machine)
        self.apply()
        self.machine.action_suspend()
        self.machine.bridge_command_ids.filtered(lambda c: c.type == "machine.lock").write(
            {"state": "succeeded"}
        )
        self.assertEqual(self.apply(), 1)

    def test_a_revoked_one_is_refused_at_once_whatever_it_heard(self):
        self.Credential._issue(self.machine)
        self.apply()
        self.machine.action_suspend()
        self.credential()._revoke()
        self.assertEqual(self.apply(), 1)
        self.assertNotIn(self.machine.uuid, self.lines())

    def test_a_fault_is_noted_and_tried_again(self):
        self.Credential._issue(self.machine)
        nowhere = self.worker(self.path.parent / "none" / "passwd")
        with mute_logger(LOGGER):
            self.assertEqual(self.apply(nowhere), 0)
        credential = self.credential()
        self.assertIn("No such file", credential.fault)
        self.assertFalse(credential.applied)
        self.assertEqual(self.apply(), 0, "tried again too early")
        credential.retry_at = False
        self.assertEqual(self.apply(), 1)
        self.assertFalse(self.credential().fault)


@tagged("post_install", "-at_install")
class TestAccessSettings(BaseCase):
    """What is missing is said before anything starts; secrets are not printed."""

    def test_what_is_needed(self):
        key = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
        api = {"WINE_EMQX_API": "http://emqx", "WINE_EMQX_KEY": "k", "WINE_EMQX_SECRET": "hush"}
        good = {
            "": {},
            "password_file": {"WINE_BROKER_PASSWD": "/x"},
            "mosquitto_dynsec": {"WINE_BROKER_KEY": key},
            "emqx_postgres": api,
        }
        for adapter, environ in good.items():
            environ = {**environ, "WINE_BROKER_ACCESS": adapter}
            with self.subTest(adapter=adapter):
                found = from_environment(environ)
                self.assertEqual(found.adapter, adapter)
                self.assertNotIn("hush", repr(found))
                self.assertNotIn("AAAA", repr(found))
            for name in set(environ) - {"WINE_BROKER_ACCESS"}:
                with self.subTest(missing=name), self.assertRaisesRegex(ValueError, name):
                    from_environment({**environ, name: ""})

    def test_a_kind_that_is_none(self):
        with self.assertRaisesRegex(ValueError, "mosquitto_dynsec"):
            from_environment({"WINE_BROKER_ACCESS": "magic"})
