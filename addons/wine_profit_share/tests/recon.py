# SPDX-License-Identifier: LGPL-3.0-or-later
"""Kit of the tests of reconciliation: a day long over, and hands that reach past the ORM."""

from datetime import timedelta

from odoo import fields

from .common import ShareCommon


class ReconCommon(ShareCommon):
    """Sales of yesterday in the company of the tests, shared by one policy."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_policy(
            "Testland",
            [
                {"role": "host", "value": "percent", "percent": 8.0, "base": "net"},
                {"role": "operator", "value": "percent", "percent": 12.5, "base": "net"},
                {"role": "platform", "value": "residual"},
            ],
            region_id=cls.region.id,
        )
        cls.day = fields.Date.today() - timedelta(days=1)
        cls.noon = fields.Datetime.to_datetime(cls.day) + timedelta(hours=12)
        cls.Day = cls.env["wine.share.reconciliation"]

    def sell_then(self, count=1, when=None, **data):
        """Vends of yesterday noon."""
        return self.sell(count, when=when or self.noon, **data)

    def finish(self):
        """Close the session and accrue what was shared, as the night does."""
        session = self.close()
        session.wine_business_date = self.day
        self.accrue()
        self.env.flush_all()
        return session

    def accrue(self):
        """Book what was shared on that day, as the scheduled action does."""
        self.env["wine.share.accrual"]._accrue(self.company, self.company.currency_id, self.day)

    def run_day(self, date=None):
        """Reconcile; returns the day of the test's region."""
        days = self.Day._reconcile(self.company, date or self.day)
        self.env.invalidate_all()
        return days.filtered(lambda day: day.region_id == self.region)

    def open_kinds(self, day):
        """Kinds of the open differences of a day."""
        lines = day.difference_ids.filtered(lambda line: line.state == "open")
        return sorted(lines.mapped("kind"))

    def by_sql(self, query, *args):
        """What nobody may do: change the books behind the back of all guards."""
        self.env.flush_all()
        self.env.cr.execute(query, args)
        self.assertEqual(self.env.cr.rowcount, 1, "it changed something else")
        self.env.invalidate_all()
