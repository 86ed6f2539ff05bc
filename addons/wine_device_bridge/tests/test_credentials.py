# SPDX-License-Identifier: LGPL-3.0-or-later
import contextlib
import io
import tempfile
from pathlib import Path

from odoo.cli.command import find_command
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

    def test_a_file_by_the_command_and_no_new_secret(self):
        Credential = self.env["wine.bridge.credential"]
        secret = Credential._issue(self.machine)[self.machine]
        before = Credential.search([]).mapped(lambda one: (one.version, one.secret_hash))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "passwd"
            path.write_text("wine-bridge:$7$x\n")
            self.command("--keep", "--passwd", str(path))
            lines = dict(line.split(":", 1) for line in path.read_text().splitlines())
            self.assertTrue(matches(secret, lines[self.machine.uuid]))
            self.assertEqual(
                Credential.search([]).mapped(lambda one: (one.version, one.secret_hash)), before
            )
            self.command("--passwd", str(path))
            self.assertNotIn(lines[self.machine.uuid], path.read_text())

    def command(self, *arguments):
        command = find_command("wine_bridge_credentials")()
        command.issue(self.env, command.parse(["-d", self.env.cr.dbname, *arguments])[0])

    def test_what_the_command_cannot_do_without_new_secrets(self):
        for arguments in (["--keep"], ["--keep", "--fleet", "f"], ["--keep", "--rotate"]):
            said = io.StringIO()
            with self.subTest(arguments), contextlib.redirect_stderr(said):
                with self.assertRaises(SystemExit):
                    self.command(*arguments)
                self.assertIn("--keep", said.getvalue())
