# SPDX-License-Identifier: LGPL-3.0-or-later
"""The line of Odoo's that is left out of a bridge's log."""

import inspect

from odoo import sql_db
from odoo.addons.wine_device_bridge.core.outage import EACH_ATTEMPT, ODOO
from odoo.tests.common import BaseCase, tagged


@tagged("post_install", "-at_install")
class TestOutage(BaseCase):
    def test_odoo_says_so_at_each_attempt_to_connect(self):
        """In these words and by this logger: where they change, the filter must follow."""
        self.assertIn(f"_logger.info('{EACH_ATTEMPT}')", inspect.getsource(sql_db.ConnectionPool))
        self.assertEqual(sql_db._logger.name, ODOO)
