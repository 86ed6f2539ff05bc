# SPDX-License-Identifier: LGPL-3.0-or-later
"""Creating many records in one INSERT, for the hot path.

``create()`` spends most of its time per value and record: a currency looked up for each amount, a
cache written that nobody reads. Here the values are given ready for the database, all records
having the same fields. What the ORM promises is kept: defaults, computed and related stored fields,
fields of other models that depend on the new records. Python constraints are not run: the caller's
values hold them by construction.

Where another addon has extended ``create()`` of the model, that extension may do anything; the
records are then created by ``create()``, slower and right.
"""

from psycopg2.extras import Json, execute_values

from odoo import fields

#: addons whose extensions of ``create`` are done by the caller's values; see OrderWriter
KNOWN = ("base", "mail", "point_of_sale", "portal", "pos_online_payment", "wine_vending")
LOG = ("create_uid", "create_date", "write_uid", "write_date")


def bulk_create(model, vals_list):
    """Create records like ``model.create(vals_list)``.

    :param model: empty recordset, with the rights to create (usually superuser)
    :param list[dict] vals_list: the same keys in each; stored column fields and ``Command.set`` of
        many2many fields only; amounts rounded, texts not translated
    :return: the records, in order
    """
    if not vals_list:
        return model
    if _extended(model):
        return model.create(vals_list)
    plan = Plan(model, vals_list[0])
    ids = plan.insert(vals_list)
    records = model.browse(ids)
    plan.link(records, vals_list)
    plan.settle(records)
    return records


def _extended(model):
    """Whether an addon that we do not know has its own ``create`` for this model."""
    for cls in type(model).mro():
        if "create" not in vars(cls) or not cls.__module__.startswith("odoo.addons."):
            continue
        if cls.__module__.split(".")[2] not in KNOWN:
            return True
    return False


class Plan:
    """Which columns are written, with what, and what must be computed afterwards."""

    def __init__(self, model, sample):
        self.model = model
        self.env = model.env
        given = [model._fields[name] for name in sample]
        self.columns = [field for field in given if field.column_type]
        self.sets = [field for field in given if field.type == "many2many"]
        missing = [
            field
            for field in model._fields.values()
            if field.store and field.name not in sample and field.name not in (*LOG, "id")
        ]
        self.computed = [field for field in missing if field.compute]
        self.fixed, self.varying = self._defaults(
            [field for field in missing if field.default and field.column_type]
        )

    def _defaults(self, with_default):
        """Defaults that are the same for every record, and fields whose default differs."""
        names = [field.name for field in with_default if not field.compute]
        first, second = self.model.default_get(names), self.model.default_get(names)
        fixed = {name: value for name, value in first.items() if second.get(name) == value}
        return fixed, [name for name in first if name not in fixed]

    def insert(self, vals_list):
        """One INSERT; returns ids in the order of the values."""
        now, uid = fields.Datetime.now(), self.env.uid
        extra = dict(self.fixed)
        if self.model._log_access:
            extra.update(create_uid=uid, create_date=now, write_uid=uid, write_date=now)
        by_name = self.model._fields
        names = [field.name for field in self.columns]
        constant = tuple(_column(by_name[name], value) for name, value in extra.items())
        rows = [
            (
                *(_column(field, vals[field.name]) for field in self.columns),
                *constant,
                *(
                    _column(by_name[name], self.model.default_get([name])[name])
                    for name in self.varying
                ),
            )
            for vals in vals_list
        ]
        columns = ", ".join(f'"{name}"' for name in (*names, *extra, *self.varying))
        self.env.flush_all()
        taken = execute_values(
            self.env.cr._obj,
            f'INSERT INTO "{self.model._table}" ({columns}) VALUES %s RETURNING id',  # noqa: S608
            rows,
            page_size=len(rows),
            fetch=True,
        )
        return [row[0] for row in taken]

    def link(self, records, vals_list):
        """Rows of the many2many relations."""
        for field in self.sets:
            pairs = [
                (record_id, linked)
                for record_id, vals in zip(records._ids, vals_list, strict=True)
                for _set, _zero, ids in vals[field.name]
                for linked in ids
            ]
            if pairs:
                execute_values(
                    self.env.cr._obj,
                    f'INSERT INTO "{field.relation}" ("{field.column1}", "{field.column2}") '  # noqa: S608
                    "VALUES %s",
                    pairs,
                    page_size=len(pairs),
                )

    def settle(self, records):
        """Forget inverse fields that are out of date; compute what follows from the new records."""
        for field in self.columns:
            if field.type == "many2one":
                for inverse in self.model.pool.field_inverses[field]:
                    self.env[field.comodel_name].invalidate_model([inverse.name], flush=False)
        for field in self.computed:
            self.env.add_to_compute(field, records)
        given = (*self.columns, *self.sets)
        with self.env.protecting([field for field in given if field.compute], records):
            records.modified([field.name for field in given], create=True)


def _column(field, value):
    """A value as psycopg2 takes it: False of anything but a boolean is NULL."""
    if value is False and field.type != "boolean":
        return None
    return Json(value) if field.type == "json" else value
