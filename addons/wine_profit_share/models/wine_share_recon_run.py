# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.wine_vending.core.told import Told
from odoo.tools import SQL

from ..core import recon
from .wine_share_recon_case import CASE_KINDS

_logger = logging.getLogger(__name__)
#: side of the five → field that holds it, field that holds what came after closing
LATE = {
    "counter_amount": "late_counter",
    "order_amount": "late_order",
    "payment_amount": "late_payment",
    "share_amount": "late_share",
    "books_amount": "late_books",
    "order_count": "late_count",
}
#: days so far back are looked at; machines report no later (docs/protocol §2)
WINDOW = timedelta(days=60)
#: an open day that is older than this is compared once a day, not at every run
OLD = timedelta(days=7)
#: a closed day is looked at again so often, whether something seems to have come or not
SWEEP = timedelta(days=7)
SWEPT = 3
#: holders of this lock and a company-day compare it; others leave it alone
LOCK = 820_304_002


class WineShareReconciliation(models.Model):
    """Comparing days: which are due, what became of their differences, when they are closed."""

    _inherit = "wine.share.reconciliation"

    # === WHICH DAYS === #

    @api.model
    def _cron_reconcile(self):
        """Compare every day that is due, a company-day at a time; a failure holds up no other."""
        due, failed = self._due(), set()
        self.env["ir.cron"]._commit_progress(remaining=len(due))
        for company, date in due:
            try:
                with self.env.cr.savepoint():
                    self._reconcile(company, date)
            except Exception:
                _logger.exception("%s of %s could not be reconciled", date, company.name)
                failed.add(company)
            if company not in failed:
                company._wine_recon_reached(date)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _due(self):
        """[(company, date)] to be compared now, the oldest first."""
        regions = self.env["wine.region"].sudo().search([("pos_config_id", "!=", False)])
        companies = regions.company_id
        due = []
        for company in companies:
            dates = self._dates_first(company) | self._dates_again(company)
            dates |= self._dates_with_latecomers(company)
            due += [(company, date) for date in sorted(dates)]
        return due

    @api.model
    def _last_day(self, company):
        """The last business day that is over in every region of a company."""
        regions = self.env["wine.region"].sudo().search([("company_id", "=", company.id)])
        return min(region._business_today() for region in regions) - timedelta(days=1)

    @api.model
    def _dates_first(self, company):
        """Days that were never compared."""
        last = self._last_day(company)
        start = company.wine_recon_until
        if not start:
            [[first]] = self.env.execute_query(
                SQL(
                    "SELECT MIN(business_date) FROM wine_vend "
                    "WHERE company_id = %s AND business_date >= %s",
                    company.id,
                    last - WINDOW,
                )
            )
            start = (first or last) - timedelta(days=1)
        start = max(start, last - WINDOW)
        return {start + timedelta(days=n) for n in range(1, (last - start).days + 1)}

    @api.model
    def _dates_again(self, company):
        """Days that are not closed, and the closed ones that nobody looked at for longest."""
        now, today = fields.Datetime.now(), fields.Date.today()
        ours = [("company_id", "=", company.id), ("date", ">", today - WINDOW)]
        # an older open day once a day; a day with an open case until it is explained
        again = self.sudo().search(
            [
                *ours,
                ("closed_at", "=", False),
                "|",
                ("date", ">", today - OLD),
                ("checked_at", "<", now - timedelta(days=1)),
            ]
        )
        questioned = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("open_count", ">", 0),
                ("checked_at", "<", now - timedelta(hours=12)),
            ]
        )
        swept = self.sudo().search(
            [*ours, ("closed_at", "!=", False), ("checked_at", "<", now - SWEEP)],
            order="checked_at, id",
            limit=SWEPT,
        )
        return set((again | questioned | swept).mapped("date"))

    @api.model
    def _dates_with_latecomers(self, company):
        """Days of which something was reported in the last sessions, after they were compared."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """WITH late AS (
                       SELECT ord.wine_business_date AS date, MAX(ord.create_date) AS came
                         FROM pos_session session
                         JOIN pos_config config ON config.id = session.config_id
                         JOIN pos_order ord ON ord.session_id = session.id
                        WHERE session.wine_business_date >= %(since)s
                          AND config.company_id = %(company)s
                          AND ord.wine_business_date < session.wine_business_date
                        GROUP BY 1
                   )
                   SELECT late.date FROM late
                    WHERE late.date > %(first)s AND late.date <= %(until)s
                      AND late.came > COALESCE(
                          (SELECT MIN(day.checked_at) FROM wine_share_reconciliation day
                            WHERE day.company_id = %(company)s AND day.date = late.date),
                          '-infinity')""",
                since=fields.Date.today() - timedelta(days=3),
                first=fields.Date.today() - WINDOW,
                until=company.wine_recon_until or fields.Date.today(),
                company=company.id,
            )
        )
        return {row[0] for row in rows}

    # === ONE DAY === #

    @api.model
    def _reconcile(self, company, date):
        """Compare one business day of a company in all its regions; again changes nothing.

        :return: the days, one per region in which something happened
        """
        Day = self.sudo().with_company(company)
        Day.env.flush_all()
        [[mine]] = self.env.execute_query(
            SQL(
                "SELECT pg_try_advisory_xact_lock(%s, %s)",
                LOCK,
                company.id * 100_000 + date.toordinal() % 100_000,
            )
        )
        if not mine:
            return self.browse()
        figures, gaps = Day._figures(company, date), Day._gaps(company, date)
        days = Day._days_of(company, date, figures.keys() | {gap.region for gap in gaps})
        for day in days:
            day._take_figures(figures.get(day.region_id.id or 0, {}))
        days._take_gaps(gaps)
        days._conclude()
        days.checked_at = fields.Datetime.now()
        return days

    @api.model
    def _days_of(self, company, date, regions):
        """The days of a date: those that are there, and new ones for ``regions`` that have none."""
        days = self.search([("company_id", "=", company.id), ("date", "=", date)])
        known = {day.region_id.id or 0 for day in days}
        return days | self.create(
            [
                {"company_id": company.id, "region_id": region or False, "date": date}
                for region in sorted(regions - known)
            ]
        )

    def _take_figures(self, figures):
        """Write the day's numbers; those of a closed day stay, and what came since is late."""
        self.ensure_one()
        blank = dict.fromkeys(FIGURES, 0)
        now = {**blank, **figures}
        if self.closed_at:
            now = {late: float(now[name]) - self[name] for name, late in LATE.items()}
        values = {name: self._rounded(name, value) for name, value in now.items()}
        changed = {name: value for name, value in values.items() if self[name] != value}
        if changed:
            self.write(changed)

    def _rounded(self, name, value):
        if name == "kinds":
            return {kind: float(amount) for kind, amount in value.items()} if value else {}
        if self._fields[name].type == "integer":
            return int(value)
        return self.currency_id.round(float(value))

    # === ITS DIFFERENCES === #

    def _take_gaps(self, gaps):
        """Open what is new, keep what is known, close what is explained."""
        Difference = self.env["wine.share.difference"]
        known = {
            (line.kind, line.reconciliation_id.region_id.id or 0, line.subject): line
            for line in Difference.search([("reconciliation_id", "in", self.ids)])
        }
        bundled = {
            key[:2] for key, line in known.items() if key[2] == "many" and line.state != "explained"
        }
        own = {key for key, line in known.items() if key[2] != "many"}
        gaps = {(g.kind, g.region, g.subject): g for g in recon.bundle(gaps, own, bundled)}
        by_region = {day.region_id.id or 0: day for day in self}
        fresh = Difference.create(
            [
                by_region[key[1]]._difference_values(gap)
                for key, gap in gaps.items()
                if key not in known
            ]
        )
        changed = Difference.union(
            *(line for key, line in known.items() if key in gaps and line._follow(gaps[key]))
        )
        (fresh | changed)._open_cases()
        Difference.union(*(line for key, line in known.items() if key not in gaps))._explain()

    def _difference_values(self, gap):
        return {
            "reconciliation_id": self.id,
            "kind": gap.kind,
            "subject": gap.subject,
            "late": bool(self.closed_at),
            **self.env["wine.share.difference"]._values_of(gap),
        }

    # === CLOSING === #

    def _conclude(self):
        """State and counts of the days; a clean one is closed once latecomers had their time."""
        today = fields.Date.today()
        for day in self:
            open_ones = day.difference_ids.filtered(lambda line: line.state == "open")
            grace = timedelta(days=day.company_id.wine_recon_close_days)
            ripe = not (open_ones or day.books_waiting or day.accrual_waiting)
            values = {
                "open_count": len(open_ones),
                "open_amount": sum(abs(line.amount) for line in open_ones),
                "state": "open" if open_ones else "clean",
            }
            if day.closed_at:
                values["state"] = "closed"
            elif ripe and day.date + grace < today:
                values |= {"state": "closed", "closed_at": fields.Datetime.now()}
            day.write(values)


#: figures of a day as the statement gives them
FIGURES = (
    "counter_amount",
    "counter_known",
    "counter_readings",
    "order_amount",
    "order_net",
    "order_count",
    "payment_amount",
    "share_due",
    "share_amount",
    "books_amount",
    "books_waiting",
    "accrual_amount",
    "accrual_waiting",
    "kinds",
)


class WineShareDifference(models.Model):
    """From a difference that was found to its line and its case, and back."""

    _inherit = "wine.share.difference"

    @api.model
    def _values_of(self, gap):
        """What is known of a difference now."""
        model, ids = gap.documents or (False, ())
        return {
            "expected": float(gap.expected),
            "found": float(gap.found),
            "amount": float(gap.amount),
            "count": gap.count,
            "told": gap.told,
            "documents": {"field": model, "ids": list(ids)} if model else False,
            **gap.links,
        }

    def _follow(self, gap):
        """Take over what a known difference looks like now.

        :return: whether somebody has to look at it (again)
        """
        self.ensure_one()
        values = self._values_of(gap)
        digits = self.currency_id.compare_amounts
        same = not digits(values["expected"], self.expected) and not digits(
            values["found"], self.found
        )
        if self.state == "accepted" and same:
            return False
        reopened = self.state != "open"
        if reopened:
            values |= {"state": "open", "gone_at": False}
            values.setdefault("case_id", False)
        if same and not reopened:
            return False
        self.write(values)
        return True

    def _open_cases(self):
        """A case for each, with an owner; what has one of its own already keeps that one."""
        asking = self.filtered(lambda line: line.state == "open")
        linked = asking.filtered("case_id")
        # where a person has decided on exactly this, there is nothing more to ask
        linked.filtered(lambda line: line.case_id.state == "decided")._accept()
        wanting = asking - linked
        for line in linked.filtered(lambda line: not line.case_id.user_id):
            line.case_id.sudo().user_id = line._owner()
        vals_list = [line._case_values() for line in wanting]
        cases = {
            (case.kind, case.reference): case
            for case in self.env["wine.case"]._open_cases(vals_list)
        }
        for line, vals in zip(wanting, vals_list, strict=True):
            line.case_id = cases[vals["kind"], vals["reference"]]
        for line in asking.filtered(lambda line: line.case_id.kind in set(CASE_KINDS.values())):
            line.case_id.sudo().write(
                {
                    "told": line.told,
                    "text_source": str(Told.from_json(line.told)),
                    "amount": abs(line.amount),
                }
            )

    def _case_values(self):
        day = self.reconciliation_id
        return {
            "kind": self._case_kind(),
            "reference": f"recon-{self.id}",
            "region_id": day.region_id.id,
            "machine_id": self.machine_id.id,
            "vend_id": self.vend_id.id,
            "currency_id": self.currency_id.id,
            "amount": abs(self.amount),
            "user_id": self._owner().id,
        }

    def _case_kind(self):
        return CASE_KINDS.get(self.kind) or CASE_KINDS[self.kind.split("_")[0]]

    def _owner(self):
        """Who has to look: the region for its machines, finance for money and books."""
        if self._case_kind() == "recon_order":
            region = self.region_id
            while region:
                if region.manager_ids:
                    return region.manager_ids[0]
                region = region.parent_id
        return self.company_id._wine_recon_owner()

    def _explain(self):
        """The sides agree again: nothing is left to do."""
        gone = self.filtered(lambda line: line.state != "explained")
        gone.write({"state": "explained", "gone_at": fields.Datetime.now()})
        cases = gone.case_id.filtered(
            lambda case: case.state == "open" and case.kind in set(CASE_KINDS.values())
        )
        cases._close(self.env._("Explained: the sides agree again"))

    def _accept(self):
        """A person closed the case: that is how it stays, unless the amount changes."""
        self.filtered(lambda line: line.state == "open").sudo().state = "accepted"
