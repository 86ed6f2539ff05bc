# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models

#: columns of the table, each a number per region
COLUMNS = (
    "sales",
    "before",
    "vends",
    "online",
    "offline",
    "alarm",
    "stockouts",
    "lost",
    "cash_off",
    "cash",
    "cases_due",
    "cases",
)
#: cash is counted every few days: differences of so many days are looked at
CASH_DAYS = 7


class WineToday(models.AbstractModel):
    """How is the company doing now? The first screen of who runs it, read with the user's rights.

    Every number is that of a list which opens behind it. Sales are compared with the same weekday a
    week ago *up to the same time of day*: a morning is not measured against a whole day.
    """

    _name = "wine.today"
    _description = "Today"

    @api.model
    def figures(self):
        """What "Today" shows, for the regions that the user may see.

        :return: dict of ``total`` and ``regions`` (numbers by ``COLUMNS``), ``lists`` (what opens
            behind a column), ``currency_id`` and ``at`` (UTC text)
        :raise AccessError: the user may see no sales figures
        """
        self.env["wine.report.sales"].check_access("read")
        self.env["wine.report.sales"].sudo()._refresh()  # adds up what was sold, shows nothing
        regions = self.env["wine.region"].search([(1, "=", 1)], order="complete_name")
        numbers = {region.id: dict.fromkeys(COLUMNS, 0) for region in regions}
        today = {region: region._business_today() for region in regions}
        for part in (self._sales, self._machines, self._stockouts, self._cash, self._cases):
            part(numbers, today)
        rows = self._tree(regions, numbers)
        top = [row for row in rows if row["depth"] == 0]
        return {
            "at": fields.Datetime.to_string(fields.Datetime.now()),
            "currency_id": self.env.company.currency_id.id,
            "total": {name: sum(row[name] for row in top) for name in COLUMNS},
            "regions": rows,
            "lists": self._lists(min(today.values(), default=fields.Date.today())),
        }

    # === NUMBERS BY REGION === #

    def _sales(self, numbers, today):
        """Sales of the business day, and of the same weekday before up to this time of day."""
        if not today:
            return
        week = timedelta(days=7)
        clock = {
            region.id: fields.Datetime.context_timestamp(
                self.with_context(tz=region.tz), fields.Datetime.now()
            )
            for region in today
        }
        days = {day for now in today.values() for day in (now, now - week)}
        rows = self.env["wine.report.sales"]._read_group(
            [("business_date", "in", list(days))],
            ["region_id", "business_date:day", "hour"],
            ["gross:sum", "vends:sum"],
        )
        for region, day, hour, gross, vends in rows:
            if region not in today:
                continue
            row, now = numbers[region.id], clock[region.id]
            if fields.Date.to_date(day) == today[region]:
                row["sales"] += gross
                row["vends"] += vends
            elif fields.Date.to_date(day) == today[region] - week:
                row["before"] += gross * min(max(now.hour + now.minute / 60 - hour, 0), 1)

    def _machines(self, numbers, _today):
        active = [("state", "=", "active")]
        for region, state, count in self.env["wine.machine"]._read_group(
            active, ["region_id", "connection_state"], ["__count"]
        ):
            if region.id in numbers:
                numbers[region.id]["online" if state == "online" else "offline"] += count
        self._add(numbers, "wine.machine", self._alarm(), alarm="__count")

    def _stockouts(self, numbers, _today):
        where = [("ended_at", "=", False)]
        self._add(numbers, "wine.slot.stockout", where, stockouts="__count", lost="lost_amount:sum")

    def _cash(self, numbers, today):
        since = min(today.values(), default=fields.Date.today()) - timedelta(days=CASH_DAYS)
        self._add(
            numbers,
            "wine.cash.collection",
            self._cash_off(since),
            cash_off="__count",
            cash="difference:sum",
        )

    def _cases(self, numbers, _today):
        self._add(numbers, "wine.case", [("state", "=", "open")], cases="__count")
        self._add(numbers, "wine.case", self._due(), cases_due="__count")

    def _add(self, numbers, model, domain, **columns):
        """Add aggregates of a model to the columns of their regions."""
        rows = self.env[model]._read_group(domain, ["region_id"], list(columns.values()))
        for region, *values in rows:
            for name, value in zip(columns, values, strict=True):
                if region.id in numbers:
                    numbers[region.id][name] += value or 0

    # === WHAT THE NUMBERS COUNT === #

    def _alarm(self):
        now = fields.Datetime.now()
        grave = [
            ("state", "!=", "closed"),
            ("severity", "in", ("warning", "critical")),
            "|",
            ("snoozed_until", "=", False),
            ("snoozed_until", "<", now),
        ]
        return [("state", "=", "active"), ("alert_ids", "any", grave)]

    def _cash_off(self, since):
        return [
            ("kind", "=", "collection"),
            ("state", "in", ("counted", "posted")),
            ("business_date", ">", since),
            ("difference", "!=", 0),
        ]

    def _due(self):
        return [("state", "=", "open"), ("deadline", "<=", fields.Date.context_today(self))]

    def _lists(self, today):
        """dict column → (title, model, domain) of the list behind it."""
        machine, active = "wine.machine", ("state", "=", "active")
        stockouts = ("wine.slot.stockout", [("ended_at", "=", False)])
        cash = ("wine.cash.collection", self._cash_off(today - timedelta(days=CASH_DAYS)))
        sales = ("wine.report.sales", [("business_date", ">=", today)])
        last_week = [("business_date", "=", today - timedelta(days=7))]
        lists = {
            "sales": (self.env._("Sales today"), *sales),
            "vends": (self.env._("Sales today"), *sales),
            "before": (self.env._("Sales a week ago"), "wine.report.sales", last_week),
            "online": (
                self.env._("Machines online"),
                machine,
                [active, ("connection_state", "=", "online")],
            ),
            "offline": (
                self.env._("Machines offline"),
                machine,
                [active, ("connection_state", "!=", "online")],
            ),
            "alarm": (self.env._("Machines in alarm"), machine, self._alarm()),
            "stockouts": (self.env._("Sold out now"), *stockouts),
            "lost": (self.env._("Sold out now"), *stockouts),
            "cash_off": (self.env._("Cash differences"), *cash),
            "cash": (self.env._("Cash differences"), *cash),
            "cases_due": (self.env._("Cases due"), "wine.case", self._due()),
            "cases": (self.env._("Open cases"), "wine.case", [("state", "=", "open")]),
        }
        return {
            name: {"title": title, "model": model, "domain": self._plain(domain)}
            for name, (title, model, domain) in lists.items()
        }

    def _plain(self, domain):
        """The domain as JSON takes it: dates as text."""
        plain = []
        for term in domain:
            if isinstance(term, (list, tuple)):
                name, operator, value = term
                if operator == "any":
                    value = self._plain(value)
                elif hasattr(value, "year"):
                    value = str(value)[:19]
                term = [name, operator, value]
            plain.append(term)
        return plain

    # === THE TREE === #

    def _tree(self, regions, numbers):
        """Rows in the order of the tree, each with everything below it added up."""
        sums = defaultdict(lambda: dict.fromkeys(COLUMNS, 0))
        visible = set(regions.ids)
        above = {
            region.id: [
                int(part) for part in region.parent_path.split("/")[:-1] if int(part) in visible
            ]
            for region in regions
        }
        for region in regions:
            for upper in above[region.id]:
                for name in COLUMNS:
                    sums[upper][name] += numbers[region.id][name]
        children = {path[-2] for path in above.values() if len(path) > 1}
        return [
            {
                "id": region.id,
                "name": region.name,
                "depth": len(above[region.id]) - 1,
                "parents": above[region.id][:-1],
                "has_children": region.id in children,
                **sums[region.id],
            }
            for region in regions
        ]
