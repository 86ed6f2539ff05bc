# SPDX-License-Identifier: LGPL-3.0-or-later
import tempfile
from pathlib import Path

from odoo.tests import tagged

from ..core.passwd_file import write_passwords
from ..core.password import hashed, matches
from .common import BridgeCommon


@tagged("post_install", "-at_install")
class TestCredentials(BridgeCommon):
    """A secret is seen once and kept as a hash; issuing again ends the earlier one."""

    def test_issue(self):
        Credential = self.env["wine.bridge.credential"]
        first = Credential._issue(self.machine)[self.machine]
        credential = Credential.search([("machine_id", "=", self.machine.id)])
        self.assertTrue(matches(first, credential.secret_hash))
        self.assertNotIn(first, credential.secret_hash)
        second = Credential._issue(self.machine)[self.machine]
        self.assertEqual(credential.version, 2)
        self.assertFalse(matches(first, credential.secret_hash))
        self.assertTrue(matches(second, credential.secret_hash))

    def test_only_machines_that_may_connect_have_a_line(self):
        Credential = self.env["wine.bridge.credential"]
        Credential._issue(self.machine)
        credential = Credential.search([("machine_id", "=", self.machine.id)])
        self.assertIn(self.machine.uuid, credential._password_lines())
        self.machine.action_suspend()
        self.assertFalse(credential._password_lines())

    def test_the_password_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "passwd"
            path.write_text("wine-bridge:$7$x\nold-machine:$7$y\n")
            write_passwords(path, {"m1": "$7$z"})
            self.assertEqual(path.read_text().splitlines(), ["wine-bridge:$7$x", "m1:$7$z"])
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_hashes_are_salted(self):
        self.assertNotEqual(hashed("a"), hashed("a"))
        self.assertFalse(matches("b", hashed("a")))
