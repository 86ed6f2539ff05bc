# SPDX-License-Identifier: LGPL-3.0-or-later
"""What EMQX asks the database, answered by the database; and what the bridge asks EMQX."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

from odoo.tests import tagged

from ..core import dynsec, topics
from ..models.wine_bridge_emqx import AUTHENTICATION, AUTHORIZATION
from ..process.access import AccessSettings, Change
from ..process.brokers import EmqxPostgres
from .common import BridgeCommon


class EmqxCommon(BridgeCommon):
    def ask(self, template, **values):
        """A query of EMQX: it makes its placeholders parameters of a prepared statement."""
        self.env.flush_all()
        for name in values:
            template = template.replace(f"${{{name}}}", f"%({name})s")
        self.env.cr.execute(template, values)
        return self.env.cr.dictfetchall()

    def lets_in(self, username, password, clientid=None):
        """As EMQX checks it: PBKDF2 with SHA-512, 20000 times, 64 bytes, hexadecimal."""
        rows = self.ask(AUTHENTICATION, username=username, clientid=clientid or username)
        if not rows:
            return False
        salt = rows[0]["salt"].encode()
        key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 20000, 64)
        return key.hex() == rows[0]["password_hash"] and not rows[0]["is_superuser"]

    def issue(self):
        return self.env["wine.bridge.credential"]._issue(self.machine)[self.machine]


@tagged("post_install", "-at_install")
class TestEmqx(EmqxCommon):
    """Two views, and nothing else to tell EMQX."""

    def test_who_comes_in(self):
        secret, uuid = self.issue(), self.machine.uuid
        self.assertTrue(self.lets_in(uuid, secret))
        self.assertFalse(self.lets_in(uuid, secret + "x"))
        self.assertFalse(self.lets_in(uuid, secret, clientid="another"))
        self.assertFalse(self.lets_in("' OR true --", secret))

    def test_a_rotation_a_suspension_and_a_revocation(self):
        first, uuid = self.issue(), self.machine.uuid
        second = self.issue()
        self.assertFalse(self.lets_in(uuid, first))
        self.machine.action_suspend()
        self.assertFalse(self.lets_in(uuid, second))
        self.machine.action_activate()
        self.assertTrue(self.lets_in(uuid, second))
        self.env["wine.bridge.credential"].search([])._revoke()
        self.assertFalse(self.lets_in(uuid, second))

    def test_a_hash_of_another_kind_harms_nobody(self):
        secret = self.issue()
        other = self.machine.copy({"serial": "old-plate", "name": "Old"})
        other.action_commission()
        self.env["wine.bridge.credential"]._issue(other)
        credential = self.env["wine.bridge.credential"].search([("machine_id", "=", other.id)])
        for line in ("$7$101$/////////w==$AAAA", "$7$20000$/////////w==$AAAA", "$6$x$y", False):
            credential.secret_hash = line
            with self.subTest(line=line):
                self.assertFalse(self.lets_in(other.uuid, "x"))
                self.assertTrue(self.lets_in(self.machine.uuid, secret))

    def test_what_a_machine_may(self):
        self.issue()
        self.env["ir.config_parameter"].set_param("wine_device_bridge.base", "wine/v1/t")
        rows = self.ask(AUTHORIZATION, username=self.machine.uuid)
        start = f"wine/v1/t/{self.machine.uuid}"
        self.assertEqual(
            {(row["permission"], row["action"], row["topic"], row["retain"]) for row in rows},
            {
                *(("allow", "publish", f"{start}/up/{one}", 0) for one in dynsec.CHANNELS),
                *(("allow", "publish", f"{start}/up/{one}", 1) for one in topics.RETAINED),
                ("allow", "subscribe", f"{start}/down/#", 0),
                ("allow", "subscribe", "wine/v1/t/platform/state", 0),
            },
        )
        self.machine.action_suspend()
        self.assertFalse(self.ask(AUTHORIZATION, username=self.machine.uuid))

    def test_the_topics_begin_with_the_database_by_itself(self):
        self.issue()
        rows = self.ask(AUTHORIZATION, username=self.machine.uuid)
        base = f"wine/v1/{self.env.cr.dbname}/"
        self.assertTrue(rows and all(row["topic"].startswith(base) for row in rows))


@tagged("post_install", "-at_install")
class TestEmqxAfterAnUpdate(EmqxCommon):
    """An update of the addon makes the views as they are in it; EMQX goes on reading them."""

    #: a role that every PostgreSQL has; EMQX has one of its own
    ROLE = "pg_monitor"
    VIEWS = ("wine_bridge_emqx_user", "wine_bridge_emqx_acl")

    def setUp(self):
        super().setUp()
        for view in self.VIEWS:
            self.env.cr.execute(f"GRANT SELECT ON {view} TO {self.ROLE}")

    def assertReadable(self):
        self.env.cr.execute(
            "SELECT bool_and(has_table_privilege(%s, view, 'SELECT')) FROM unnest(%s) view",
            [self.ROLE, list(self.VIEWS)],
        )
        self.assertTrue(self.env.cr.fetchone()[0], "EMQX may not read who may speak any more")
        self.env.cr.execute(
            "SELECT has_table_privilege('public', 'wine_bridge_emqx_acl', 'SELECT')"
        )
        self.assertFalse(self.env.cr.fetchone()[0], "everybody may read the views")

    def views(self):
        self.env.cr.execute(
            "SELECT oid, relname FROM pg_class WHERE relname = ANY(%s) ORDER BY oid",
            [list(self.VIEWS)],
        )
        return self.env.cr.fetchall()

    def test_the_views_stay_with_their_grants(self):
        before = self.views()
        self.env["wine.bridge.emqx"].init()
        self.assertEqual(self.views(), before)
        self.assertReadable()

    def test_views_of_other_columns_hand_their_grants_on(self):
        self.env.cr.execute(
            """DROP VIEW wine_bridge_emqx_acl;
               CREATE VIEW wine_bridge_emqx_acl AS SELECT 'of an earlier version' AS username"""
        )
        self.env.cr.execute(f"GRANT SELECT ON wine_bridge_emqx_acl TO {self.ROLE}")
        self.env["wine.bridge.emqx"].init()
        self.assertReadable()
        secret = self.issue()
        self.assertTrue(self.lets_in(self.machine.uuid, secret))
        self.assertTrue(self.ask(AUTHORIZATION, username=self.machine.uuid))

    def test_they_are_made_where_there_are_none(self):
        self.env.cr.execute("DROP VIEW wine_bridge_emqx_acl, wine_bridge_emqx_user")
        self.env["wine.bridge.emqx"].init()
        self.assertEqual(len(self.views()), 2)


class Api(BaseHTTPRequestHandler):
    """The one call of EMQX's API that the bridge makes."""

    def do_DELETE(self):  # noqa: N802 - the name is the library's
        self.server.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_args):
        """Silent."""


@tagged("post_install", "-at_install")
class TestEmqxKick(BridgeCommon):
    """Whoever is connected on the old terms is thrown out by EMQX's API."""

    def setUp(self):
        super().setUp()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.server.asked, self.server.status = [], 204
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        port = self.server.server_address[1]
        access = AccessSettings(
            emqx_api=f"http://127.0.0.1:{port}/", emqx_key="key", emqx_secret="hush"
        )
        self.adapter = EmqxPostgres(SimpleNamespace(), access)

    def apply(self):
        change = Change(7, self.machine.uuid, "off:1", 1, None)
        return self.adapter.apply(self.env.cr, [change])[7]

    def test_thrown_out(self):
        self.assertIsNone(self.apply())
        path, authorization = self.server.asked[0]
        self.assertEqual(path, f"/api/v5/clients/{self.machine.uuid}")
        self.assertEqual(authorization, "Basic a2V5Omh1c2g=")

    def test_who_is_not_connected_is_fine(self):
        self.server.status = 404
        self.assertIsNone(self.apply())

    def test_a_refusal_and_silence_are_faults(self):
        self.server.status = 401
        self.assertIn("401", self.apply())
        self.adapter.api = "http://127.0.0.1:9"
        self.assertIn("does not answer", self.apply())
