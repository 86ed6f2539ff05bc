# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from psycopg2 import OperationalError

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..process import kept


@tagged("post_install", "-at_install")
class TestKept(TransactionCase):
    """Connections of their own: the session stays, the transaction does not, and a dead one goes.

    Hardest path: PostgreSQL was started anew, or a firewall forgot the line, between two uses.
    """

    def setUp(self):
        super().setUp()
        pool = kept.Kept()
        self.addCleanup(pool.close_all)
        patcher = patch.object(kept, "_pool", pool)
        patcher.start()
        self.addCleanup(patcher.stop)

    def one(self, query):
        """The value of a query, by a cursor of its own; and who answered."""
        with kept.connect(self.env.cr.dbname).cursor() as cr:
            cr.execute(f"SELECT pg_backend_pid(), ({query})")
            return cr.fetchone()

    def test_the_session_stays(self):
        with kept.connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("CREATE TEMP TABLE wine_kept ON COMMIT DELETE ROWS AS SELECT 7 AS seven")
            cr.commit()  # pylint: disable=invalid-commit
        first, seven = self.one("SELECT count(seven) FROM wine_kept")
        again, _seven = self.one("SELECT count(seven) FROM wine_kept")
        self.assertEqual((first, seven), (again, 0))

    def test_what_was_not_committed_does_not(self):
        with self.assertRaises(ValueError), kept.connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("SET LOCAL application_name = 'left behind'")
            cr.execute("INSERT INTO ir_config_parameter (key, value) VALUES ('wine.kept', 'x')")
            raise ValueError
        _who, found = self.one("SELECT count(*) FROM ir_config_parameter WHERE key = 'wine.kept'")
        self.assertEqual(found, 0)
        self.assertNotEqual(self.one("current_setting('application_name')")[1], "left behind")
        self.assertEqual(self.one("current_setting('transaction_isolation')")[1], "repeatable read")

    def test_two_at_once_have_one_each(self):
        with kept.connect(self.env.cr.dbname).cursor() as first:
            first.execute("SELECT pg_backend_pid()")
            self.assertNotEqual(first.fetchone()[0], self.one("1")[0])

    def test_one_that_died_while_it_rested_is_replaced_silently(self):
        died, _one = self.one("1")
        self.env.cr.execute("SELECT pg_terminate_backend(%s, 5000)", [died])
        with patch.object(kept, "QUIET", -1):
            alive, _one = self.one("1")
        self.assertNotEqual(alive, died)

    @mute_logger("odoo.sql_db")
    def test_one_that_died_just_now_fails_once(self):
        died, _one = self.one("1")
        self.env.cr.execute("SELECT pg_terminate_backend(%s, 5000)", [died])
        with self.assertRaises(OperationalError):
            self.one("1")
        self.assertNotEqual(self.one("1")[0], died)
