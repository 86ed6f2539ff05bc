# SPDX-License-Identifier: LGPL-3.0-or-later
"""The device protocol in pure Python: no Odoo, no broker, no database."""
