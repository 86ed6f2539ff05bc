# SPDX-License-Identifier: LGPL-3.0-or-later
from dataclasses import dataclass

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..core import vend_flow
from ..core.money import to_minor
from ..core.told import _lt
from .wine_vend_actions import told_to_wait
from .wine_vend_order import UNPAID_KINDS, Posting


@dataclass(frozen=True, slots=True)
class GivingBack:
    """One refund as it is about to be made: how much, in which units, by which way."""

    amount: float
    units: int
    price: float
    kind: str
    before: int  #: minor units that went back earlier; the refund's identity is made of it


class WineVend(models.Model):
    """What goes back to the consumer, and who may say so.

    A refund has one identity, made from the vend and from what had gone back of it before. Whoever
    asks for it (the machine's own word, the complaint page, a retry, a colleague) asks for the same
    refund as long as nothing has gone back meanwhile; and as the vend is locked while that is
    decided, they ask one after the other.
    """

    _inherit = "wine.vend"

    def _hold(self):
        """Lock these vends to the end of the transaction and read them anew.

        Who comes second waits; where the first changed the vend, PostgreSQL refuses (40001) and
        Odoo runs the request again, which then sees what was done.
        """
        self.flush_recordset()
        if self.ids:
            self.env.execute_query(
                SQL(
                    "SELECT id FROM wine_vend WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
                    tuple(self.ids),
                )
            )
            self.invalidate_recordset(flush=False)

    # === REFUNDS === #

    def _refund_kind(self):
        """How money goes back: as it came, but for cash, which a machine cannot hand out later.

        The consumer gets a voucher over the amount; a case says who has to hand it out.
        """
        return "voucher" if self.pay_kind == "cash" else self.pay_kind

    def _money_left(self):
        """What was taken for this vend and has not gone back, in its currency."""
        self.ensure_one()
        return self.currency_id.round(self.amount_captured - self.amount_refunded)

    def _refund(self, *, goods_returned=False, amount=None, kind=None):
        """Give money of sold vends back, now. Doing it again gives back what is left: nothing.

        :param bool goods_returned: the bottles are (still) in the machine
        :param float amount: of each vend; all that is left where it is not given
        :param str kind: pay kind by which it goes back; as it came where it is not given
        :return: the vends of which money went back
        :raise UserError: more than is left was asked for
        """
        self._hold()
        sold = self.filtered(lambda vend: vend.state == "captured")
        givings = {vend: vend._giving_back(amount, kind) for vend in sold}
        self._post([vend._refund_posting(one, goods_returned) for vend, one in givings.items()])
        for vend, giving in givings.items():
            if goods_returned:
                vend.slot_id._take_back(vend, min(vend.qty_done, giving.units))
            vend._gave_back(giving)
        sold.complaint_ids._follow_vends()
        return sold

    def _giving_back(self, amount, kind):
        left = self._money_left()
        amount = left if amount is None else self.currency_id.round(amount)
        if amount > left or (amount <= 0 and self.pay_kind not in UNPAID_KINDS):
            raise UserError(
                self.env._(
                    "Of %(vend)s at most %(left)s can go back, and more than nothing; %(amount)s "
                    "was asked for.",
                    vend=self.name,
                    left=self.currency_id.format(left),
                    amount=self.currency_id.format(amount),
                )
            )
        units, price = self._units_of(amount)
        before = to_minor(self.amount_refunded, self.currency_id.decimal_places)
        return GivingBack(amount, units, price, kind or self._refund_kind(), before)

    def _units_of(self, amount):
        """(units, unit price) of an amount: whole bottles where it pays for such, else one."""
        qty, price = self._captured_part()
        if not price:
            return qty, price
        units = round(amount / price)
        if units and not self.currency_id.compare_amounts(units * price, amount):
            return units, price
        return 1, amount

    def _refund_posting(self, giving, goods_returned):
        sale = self.order_ids.filtered(lambda order: not order.is_refund)[:1]
        return Posting(
            self,
            -giving.units,
            giving.price,
            giving.kind,
            goods_returned,
            reverses=sale,
            before=giving.before,
        )

    def _gave_back(self, giving):
        """Write down what went back, and have it handed out where no payment side does."""
        total = self.currency_id.round(self.amount_refunded + giving.amount)
        if giving.kind == self._refund_kind():
            self._refund_payment(giving.amount)
        if giving.kind == "voucher" and self.pay_kind != "voucher":
            self._owe_voucher(giving.amount, giving.before)
        if self.currency_id.compare_amounts(total, self.amount_captured) < 0:
            self.write({"amount_refunded": total})
            return
        self._update_state(vend_flow.REFUNDED, amount_refunded=total, payment_state="refunded")

    def _owe_voucher(self, amount, before=0):
        """Somebody has to hand a voucher out; asked once for each refund."""
        self.env["wine.case"]._open_cases(
            [
                {
                    "kind": "owed",
                    "vend_id": self.id,
                    "machine_id": self.machine_id.id,
                    "region_id": self.region_id.id,
                    "currency_id": self.currency_id.id,
                    "reference": f"{self.uuid}/{before}" if before else self.uuid,
                    "text": _lt(
                        "%(amount)s of vend %(vend)s went back as a voucher. Hand it to the "
                        "consumer.",
                        amount=self.currency_id.format(amount),
                        vend=self.name,
                    ),
                    "amount": amount,
                }
            ]
        )

    def action_refund(self):
        """Give the money back for a bottle that nobody got, as a person decides."""
        self._check_decider()
        for vend in self:
            if vend.state != "captured":
                raise UserError(
                    self.env._("%s was not sold, so there is nothing to refund.", vend.name)
                )
        with told_to_wait(self.env):
            self.sudo()._refund(goods_returned=False)
        return True

    def _check_decider(self):
        """Whoever runs the region where it happened decides over its money; finance over all.

        :raise AccessError: the user is neither
        """
        self.check_access("read")
        if self.env.user.has_group("wine_vending.group_wine_finance"):
            return
        for vend in self:
            if not vend.region_id.has_access("write"):
                raise AccessError(
                    self.env._(
                        "The money of %s is decided by its regional administrator or by finance. "
                        "Ask one of them.",
                        vend.machine_id.sudo().name,
                    )
                )

    # === AN OUTCOME THAT A PERSON KNOWS === #

    def _decide(self, came_out):
        """A person settles an unknown outcome.

        :param bool came_out: the bottle came out (a sale) or it did not (money back)
        """
        self._hold()
        for vend in self.filtered(lambda vend: vend.state == "unknown"):
            vend.write({"decided_at": fields.Datetime.now(), "told_outcome": vend.outcome})
            if came_out:
                vend._settle_success()
            else:
                vend._settle_failure()
        self.complaint_ids._follow_vends()

    def _settle_success(self):
        self.ensure_one()
        self.write({"qty_done": self.qty, "ml_done": self.ml, "outcome": "success"})
        self._update_state(vend_flow.DISPENSED)
        qty, price = self._captured_part()
        self._post([self._sale_posting()])
        self._capture_payment()
        self._update_state(
            vend_flow.CAPTURED, amount_captured=qty * price, payment_state="captured"
        )
        if not self.ml:  # a pour takes no bottle out of its slot
            self.slot_id._take_back(self, -qty)

    def _settle_failure(self):
        self.ensure_one()
        self.outcome = "failed"
        self._update_state(vend_flow.FAILED)
        if self.origin == "platform":
            self._void_payment()
            self._update_state(vend_flow.VOIDED, payment_state="voided")
            return
        kind = self._refund_kind()
        sale = self._post([self._held_money_postings(self.qty)])
        self._post([Posting(self, -self.qty, self.price, kind, goods=False, reverses=sale)])
        self._refund_payment(self.amount_total)
        if self.pay_kind == "cash":
            self._owe_voucher(self.amount_total)
        self._update_state(
            vend_flow.REFUNDED, amount_refunded=self.amount_total, payment_state="refunded"
        )
