# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

#: a sale lies before a collection by the machine's own numbers where both have one, else by time
BEFORE = """CASE WHEN {c}.device_epoch > 0 AND {v}.device_epoch > 0
                 THEN ({v}.device_epoch, {v}.device_seq) <= ({c}.device_epoch, {c}.device_seq)
                 ELSE {v}.moment <= {c}.moment END"""


class AccountMove(models.Model):
    _inherit = "account.move"

    wine_collection_id = fields.Many2one(
        "wine.cash.collection", "Cash collection", readonly=True, index="btree_not_null", copy=False
    )


class WineCashCollection(models.Model):
    """The books of collections: claim sales, post entries, take in late sales."""

    _inherit = "wine.cash.collection"

    def _claim(self):
        """Take the sales that lie before this collection and that no earlier one has.

        Where a newer collection was reported first, it gives up what is not its own.
        """
        self.ensure_one()
        found = self._sales_before()
        newer = found.wine_collection_id
        for collection in newer:
            own = found.filtered(lambda p, c=collection: p.wine_collection_id == c)
            collection._take_late(own, back=True)
        found.wine_collection_id = self
        machine = self.machine_id
        machine.invalidate_recordset(["cash_in_machine", "cash_percent"])
        before = machine.cash_float
        after = self.float_left if self.left_known else before
        if self.kind == "float":
            after = before + self.counted
        self._write_flow(
            {
                "claimed_at": fields.Datetime.now(),
                "sales": self.currency_id.round(sum(found.mapped("amount"))),
                "float_before": before,
                "float_after": after,
                "change_region_id": machine.region_id.id,
            }
        )
        machine.cash_float = after
        self._remember_on_machine()

    def _sales_before(self):
        """Cash payments that this collection took: free ones, and those of the next newer one."""
        Payment = self.env["pos.payment"].sudo()
        if self.kind != "collection":
            return Payment
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                f"""SELECT payment.id FROM wine_cash_collection col
                      JOIN pos_payment payment ON payment.wine_cash_machine_id = col.machine_id
                      JOIN pos_order ord ON ord.id = payment.pos_order_id
                      JOIN wine_vend vend ON vend.id = ord.wine_vend_id
                     WHERE col.id = %s AND {BEFORE.format(c="col", v="vend")}
                       AND (payment.wine_collection_id IS NULL
                            OR payment.wine_collection_id = %s)
                  ORDER BY payment.id""",  # noqa: S608
                self.id,
                self._next_newer().id or 0,
            )
        )
        return Payment.browse([row[0] for row in rows])

    def _next_newer(self):
        """The first collection after this one that has claimed its sales already."""
        return self.search(
            [
                ("machine_id", "=", self.machine_id.id),
                ("kind", "=", "collection"),
                ("claimed_at", "!=", False),
                ("state", "!=", "corrected"),
                ("moment", ">", self.moment),
                ("id", "!=", self.id),
            ],
            order="moment, id",
            limit=1,
        )

    def _remember_on_machine(self):
        """The newest collection of a machine: what is reported later but lies before it is late."""
        machine = self.machine_id
        if self.kind != "collection" or (machine.cash_collected_at or self.moment) > self.moment:
            return
        values = {"cash_collected_at": self.moment}
        if self.device_epoch:
            values.update(cash_epoch=self.device_epoch, cash_seq=self.device_seq)
        machine.write(values)

    def _amounts_by_region(self, payments):
        """{region: cash of these payments}: a machine that moved may hold cash of two regions."""
        sums = {}
        for payment in payments:
            region = payment.pos_order_id.wine_region_id or self.region_id
            sums[region] = sums.get(region, 0.0) + payment.amount
        return sums

    def _post_books(self):
        """The one entry of a collection, or of change that was put in."""
        self.ensure_one()
        if self.kind == "float":
            return self._book(
                self.env._("Change put into %s", self.machine_id.name),
                safe=-self.counted,
                machines={self._change_region(): self.counted},
            )
        machines = {r: -a for r, a in self._amounts_by_region(self.payment_ids).items()}
        kept = self.float_after - self.float_before
        region = self._change_region()
        machines[region] = machines.get(region, 0.0) + kept
        return self._book(
            self.env._("Cash from %s", self.machine_id.name),
            safe=self.safe_counted if self.checked_at else self.counted,
            machines=machines,
            after=self.difference,
        )

    def _change_region(self):
        """The region whose account the change was on when this collection altered it.

        Not always that of the collection: a machine may have moved before its cash was reported.
        """
        return self.change_region_id or self.region_id

    def _book(self, label, *, safe=0.0, machines=None, before=0.0, after=0.0):
        """Post one entry: money into the safe and out of the machines, and what that misses.

        :param float safe: what the safe gains
        :param dict machines: region → what its machines gain (negative: give)
        :param float before: the difference that is in the books already; ``after`` the new one
        :return: the posted ``account.move``, empty where nothing moves
        """
        journal = self.region_id.sudo().safe_journal_id
        amounts = [(journal.default_account_id, safe)]
        amounts += [(region._cash_account(), sum_) for region, sum_ in (machines or {}).items()]
        amounts += [
            (journal.profit_account_id, max(before, 0.0) - max(after, 0.0)),
            (journal.loss_account_id, max(-after, 0.0) - max(-before, 0.0)),
        ]
        return self.region_id._book_cash(
            amounts,
            label,
            self.business_date,
            f"{self.name}: {label}",
            wine_collection_id=self.id,
        )

    # === SALES THAT ARRIVE LATE === #

    @api.model
    def _cron_settle_late(self):
        """Give sales that arrived late to the collection that had taken their money."""
        self._settle_late()

    @api.model
    def _settle_late(self, machines=None):
        """Each late sale goes to the first collection after it; one entry per collection.

        :param machines: only those of these machines
        """
        self.env.flush_all()
        scope = SQL("")
        if machines is not None:
            scope = SQL("AND payment.wine_cash_machine_id IN %s", tuple(machines.ids))
        rows = self.env.execute_query(
            SQL(
                f"""SELECT payment.id, (
                        SELECT col.id FROM wine_cash_collection col
                         WHERE col.machine_id = payment.wine_cash_machine_id
                           AND col.kind = 'collection' AND col.claimed_at IS NOT NULL
                           AND col.state <> 'corrected' AND {BEFORE.format(c="col", v="vend")}
                      ORDER BY col.moment, col.id LIMIT 1)
                      FROM pos_payment payment
                      JOIN pos_order ord ON ord.id = payment.pos_order_id
                      JOIN wine_vend vend ON vend.id = ord.wine_vend_id
                     WHERE payment.wine_cash_late AND payment.wine_collection_id IS NULL %s
                  ORDER BY payment.id""",  # noqa: S608
                scope,
            )
        )
        Payment = self.env["pos.payment"].sudo()
        by_collection = {}
        for payment, collection in rows:
            by_collection.setdefault(collection, []).append(payment)
        Payment.browse(by_collection.pop(None, [])).wine_cash_late = False
        for collection, payments in by_collection.items():
            self.browse(collection)._take_late(Payment.browse(payments))

    def _take_late(self, payments, back=False):
        """Money that seemed too much belongs to sales that were reported only now.

        :param bool back: the other way round: an older collection claims what this one has
        """
        self.ensure_one()
        sign = -1 if back else 1
        if not back:
            payments.wine_collection_id = self
            self.machine_id.invalidate_recordset(["cash_in_machine", "cash_percent"])
        amount = self.currency_id.round(sign * sum(payments.mapped("amount")))
        if self.state != "posted":  # not in the books yet: it is as if it had been known
            self._write_flow({"sales": self.currency_id.round(self.sales + amount)})
            return
        before = self.difference
        self._write_flow({"late": self.currency_id.round(self.late + amount)})
        self._book(
            self.env._("Sales of %s reported late", self.machine_id.name),
            machines={r: -sign * a for r, a in self._amounts_by_region(payments).items()},
            before=before,
            after=self.difference,
        )
        self._look_at_difference()
