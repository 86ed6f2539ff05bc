# SPDX-License-Identifier: LGPL-3.0-or-later
"""What `make run` prints when everything answers."""

import json

from .paths import ADDONS

FILE = ADDONS / "wine_vending" / "demo" / "logins.json"
ADMINISTRATOR = {
    "kind": "administrator",
    "login": "admin",
    "password": "admin",
    "where": "/odoo",
}


def read():
    """Return the demo logins: dicts with kind, login, password and where."""
    try:
        entries = json.loads(FILE.read_text(encoding="utf-8"))
        return [entry for entry in entries if isinstance(entry, dict)] or [ADMINISTRATOR]
    except (OSError, ValueError, TypeError):
        return [ADMINISTRATOR]


def table(address):
    """Return the lines of a table of all logins, with full addresses."""
    rows = [("who", "login", "password", "where")]
    for entry in read():
        where = str(entry.get("where", ""))
        where = address + where if where.startswith("/") else where
        rows.append((*(str(entry.get(key, "")) for key in ("kind", "login", "password")), where))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["  ".join((*map(str.ljust, row[:3], widths), row[3])).rstrip() for row in rows]
