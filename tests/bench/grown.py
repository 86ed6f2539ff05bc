# SPDX-License-Identifier: LGPL-3.0-or-later
"""A database with years behind it: what a few batches of vends have written, many times over.

Real batches are projected first. Every row that they wrote (inbox, vends, orders, lines, taxes,
payments, shares, sessions) is then copied in SQL, each time some hours earlier, with identities of
its own and pointing at its own copies, until there are as many orders as wanted.
"""

import psycopg2

#: in the order in which they point at each other; column → expression of the copy (k: which copy)
TABLES = {
    "wine_bridge_event": {"epoch": "8", "seq": "t.seq + k * 100000"},
    "pos_session": {"state": "'closed'", "name": "t.name || '-' || k"},
    "wine_vend": {"device_epoch": "8", "device_seq": "t.device_seq + k * 100000"},
    "pos_order": {"state": "'done'", "wine_stock_state": "'done'"},
    "pos_order_line": {},
    "account_tax_pos_order_line_rel": {},
    "pos_payment": {},
    "wine_share_entry": {},
}
EARLIER = 17  # hours between two copies
AT_ONCE = 25  # copies in one statement


class Grown:
    """Copies of what lies in the database above ``floors`` (table → highest id before)."""

    def __init__(self, database, floors):
        """:param dict floors: as :func:`floors` told before the template was projected"""
        from odoo.sql_db import connection_info_for

        _name, info = connection_info_for(database)
        self.connection = psycopg2.connect(**info)
        self.connection.autocommit = True
        self.copies = 0
        self.ranges = {
            table: self._row(
                f"SELECT min(id), max(id) FROM {table} WHERE id > %s",  # noqa: S608
                floors[table],
            )
            for table in TABLES
            if table in floors
        }
        self.template = self._row(
            "SELECT count(*) FROM pos_order WHERE id BETWEEN %s AND %s", *self.ranges["pos_order"]
        )[0]
        self.pointers = self._pointers()
        self.tops = {
            table: self._row(f"SELECT max(id) FROM {table}")[0]  # noqa: S608
            for table in self.ranges
        }

    def close(self):
        self.connection.close()

    def orders(self):
        return self._row("SELECT count(*) FROM pos_order")[0]

    def grow(self, orders):
        """Until there are so many orders, then let the planner know; returns how many there are."""
        missing = orders - self.orders()
        copies = -(-missing // self.template)
        if copies > 0:
            keys = self._drop_keys()
            try:
                self._copy(copies)
            finally:
                self._make_keys(keys)
        for table in TABLES:
            self._do(f"VACUUM ANALYZE {table}")
        return self.orders()

    def _copy(self, copies):
        for table in self.ranges:
            self.tops[table] = self._row(f"SELECT max(id) FROM {table}")[0]  # noqa: S608
        for first in range(1, copies + 1, AT_ONCE):
            last = min(first + AT_ONCE - 1, copies)
            for table, special in TABLES.items():
                self._copy_table(table, special, first, last)
        self.copies += copies
        for table, (low, high) in self.ranges.items():
            top = self.tops[table] + copies * (high - low + 1)
            self._do(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {top})")  # noqa: S608

    def _copy_table(self, table, special, first, last):
        columns = self._columns(table)
        unique = self._unique_texts(table)
        values = [
            special.get(name) or self._value(table, name, kind, name in unique)
            for name, kind in columns
        ]
        names = ", ".join(f'"{name}"' for name, _kind in columns)
        low, high, key = self._template_rows(table)
        self._do(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} "  # noqa: S608
            f"FROM {table} t, generate_series({first + self.copies}, {last + self.copies}) k "
            f"WHERE t.{key} BETWEEN {low} AND {high}"
        )

    def _template_rows(self, table):
        if table in self.ranges:
            return (*self.ranges[table], "id")
        column, target = next(iter(self.pointers[table].items()))
        return (*self.ranges[target], column)

    def _value(self, table, name, kind, unique):
        column = f't."{name}"'
        target = table if name == "id" else self.pointers.get(table, {}).get(name)
        if target:
            low, high = self.ranges[target]
            begin = self.tops[target] + 1
            moved = f"{begin} + (k - {self.copies + 1}) * {high - low + 1} + {column} - {low}"
            return f"CASE WHEN {column} BETWEEN {low} AND {high} THEN {moved} ELSE {column} END"
        if unique:
            return f"md5({column} || k)::uuid::text"
        if kind.startswith("timestamp"):
            return f"{column} - k * interval '{EARLIER} hours'"
        if kind == "date":
            return f"{column} - (k * {EARLIER} / 24)"
        return column

    # === WHAT THE DATABASE SAYS OF ITSELF === #

    def _columns(self, table):
        return self._rows(
            """SELECT column_name, data_type FROM information_schema.columns
                WHERE table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position""",
            table,
        )

    def _unique_texts(self, table):
        return {
            name
            for (name,) in self._rows(
                """SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid
                      AND attnum = ANY(indkey)
                    WHERE indrelid = %s::regclass AND indisunique AND atttypid = 'varchar'::regtype
                      AND indpred IS NULL AND attname IN ('uuid', 'event_id', 'source')""",
                table,
            )
        }

    def _pointers(self):
        """table → {column: table that it points at}, among those that are copied."""
        found = {}
        for table, column, target in self._rows(
            """SELECT conrelid::regclass::text, attname, confrelid::regclass::text
                 FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid
                  AND attnum = conkey[1] WHERE contype = 'f' AND cardinality(conkey) = 1
                  AND conrelid = ANY(%s::regclass[]) AND confrelid = ANY(%s::regclass[])
                ORDER BY confrelid::regclass::text DESC""",
            list(TABLES),
            list(self.ranges),
        ):
            found.setdefault(table, {})[column] = target
        return found

    def _drop_keys(self):
        """Foreign keys of these tables go while rows are copied: checking them takes most time."""
        keys = self._rows(
            """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
                 FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])""",
            list(TABLES),
        )
        for table, name, _definition in keys:
            self._do(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        return keys

    def _make_keys(self, keys):
        """They come back, and hold for all that is written from now on."""
        for table, name, definition in keys:
            valid = definition.replace(" NOT VALID", "")
            self._do(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {valid} NOT VALID')

    def _do(self, sql):
        with self.connection.cursor() as cr:
            cr.execute(sql)

    def _rows(self, sql, *values):
        with self.connection.cursor() as cr:
            cr.execute(sql, values)
            return cr.fetchall()

    def _row(self, sql, *values):
        return self._rows(sql, *values)[0]


def floors(house):
    """Highest id of each table before the template is projected."""
    tables = [table for table in TABLES if not table.endswith("_rel")]
    return {
        table: house.query(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0]  # noqa: S608
        for table in tables
    }
