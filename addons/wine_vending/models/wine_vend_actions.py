# SPDX-License-Identifier: LGPL-3.0-or-later
from contextlib import contextmanager
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import vend_flow
from ..core.business_time import business_date
from ..core.facts import RetryLater
from ..core.money import part_of
from ..core.told import _lt
from .wine_vend_order import UNPAID_KINDS, Posting

#: a machine answers within this time or never (seconds)
AUTHORISE_SECONDS = 60
#: how long a late success may still find the authorised money (minutes)
VOID_AFTER_MINUTES = 15
#: what a machine began and never ended is decided by a person after this time (hours)
UNHEARD_HOURS = 24


@contextmanager
def told_to_wait(env):
    """For what a person does: a day that is being closed is a matter of a moment, and said so."""
    try:
        yield
    except RetryLater as error:
        raise UserError(
            env._("The day of this region is just being closed. Try again in a moment.")
        ) from error


class WineVend(models.Model):
    """What the platform does with vends: authorise, let expire, settle."""

    _inherit = "wine.vend"

    # === A VEND THAT THE PLATFORM AUTHORISES === #

    @api.model
    def _reserve(self, slot, pay_kind, *, qty=1, partner=None, pay_ref=None):
        """Hold one slot's goods for a payment that is on its way.

        :param slot: ``wine.machine.slot``; :param str pay_kind: see ``PAY_KINDS``
        :return: the reserved vend
        :raise UserError: the machine cannot sell this now; the text says why
        """
        machine, product = slot.machine_id, slot.product_id
        self._check_can_sell(slot, qty)
        now = fields.Datetime.now()
        free = pay_kind in UNPAID_KINDS
        price = 0 if free else slot.price
        vend = self.sudo().create(
            {
                "name": self._next_names(1)[0],
                "origin": "platform",
                "state": "draft",
                "machine_id": machine.id,
                "slot_id": slot.id,
                "slot_code": slot.code,
                "region_id": machine.region_id.id,
                "site_id": machine.site_id.id,
                "company_id": machine.company_id.id,
                "currency_id": machine.currency_id.id,
                "product_id": product.id,
                "partner_id": partner.id if partner else False,
                "qty": qty,
                "price": price,
                "amount_total": price * qty,
                "price_version": machine.planogram_id.version,
                "pay_kind": pay_kind,
                "pay_ref": pay_ref,
                "moment": now,
                "business_date": business_date(now, machine.region_id.tz),
            }
        )
        offered = vend._price_offers().get(vend.id)
        if offered is not None:
            vend.write({"price": offered, "amount_total": offered * qty})
        return vend._update_state(vend_flow.RESERVED)

    def _check_can_sell(self, slot, qty):
        machine = slot.machine_id
        problem = None
        if machine.state != "active":
            problem = self.env._("it is not active")
        elif machine.connection_state != "online":
            problem = self.env._("it is offline; try again when it is back")
        elif not slot.product_id or not slot.enabled or slot.state in ("jammed", "disabled"):
            problem = self.env._("this slot does not sell; choose another")
        elif slot.qty < qty:
            problem = self.env._("this slot is empty; choose another")
        if problem:
            raise UserError(
                self.env._(
                    "%(machine)s cannot sell from slot %(slot)s now: %(problem)s.",
                    machine=machine.name,
                    slot=slot.code,
                    problem=problem,
                )
            )

    def _authorise(self, *, age_checked=False, seconds=AUTHORISE_SECONDS):
        """The money is authorised: tell the machine to deliver, within ``seconds``."""
        now = fields.Datetime.now()
        expires = now + timedelta(seconds=seconds)
        for vend in self._update_state(
            vend_flow.AUTHORISED,
            authorised_at=now,
            expires_at=expires,
            payment_state="authorised",
        ):
            vend.machine_id._send("vend.authorize", vend._authorise_args(age_checked), expires)

    def _authorise_args(self, age_checked):
        """Arguments of ``vend.authorize`` (docs/protocol §6)."""
        self.ensure_one()
        digits = self.currency_id.decimal_places
        volume = {"ml": self.ml} if self.ml else {"qty": self.qty}
        return {
            "vend_id": self.uuid,
            "slot": self.slot_code,
            "sku": self.product_id.default_code,
            **volume,
            "price": f"{self.price:.{digits}f}",
            "currency": self.currency_id.name,
            "price_version": self.price_version,
            "age_checked": age_checked,
            "expires_at": self.expires_at.isoformat() + "Z",
        }

    @api.model
    def _cron_expire(self):
        """Void what no machine answered in time, and let go of money that nobody claimed."""
        now = fields.Datetime.now()
        late = self.search([("state", "=", "authorised"), ("expires_at", "<", now)])
        late._expire()
        self._give_to_people(now - timedelta(hours=UNHEARD_HOURS))
        unclaimed = self.search(
            [
                ("payment_state", "=", "void_pending"),
                ("ended_at", "<", now - timedelta(minutes=VOID_AFTER_MINUTES)),
            ]
        )
        unclaimed._void_payment()
        unclaimed.payment_state = "voided"

    def _expire(self):
        """No answer by ``expires_at``: voided on our side; the money is let go a little later."""
        for vend in self._update_state(
            vend_flow.VOIDED,
            reject_code="expired",
            payment_state="void_pending",
            ended_at=fields.Datetime.now(),
        ):
            vend._send_cancel()

    @api.model
    def _give_to_people(self, since):
        """What a machine took on before ``since`` and never ended: its board may be gone.

        A case is opened as where the machine does not know itself; a word of it that comes after
        all still counts, so no outcome is written down.
        """
        begun = (vend_flow.ACCEPTED, vend_flow.DISPENSING)
        unheard = self.search([("state", "in", begun), ("expires_at", "<", since)])
        moved = unheard._update_state(vend_flow.UNKNOWN)
        self.env["wine.case"]._open_cases(
            [
                {
                    "kind": "unknown",
                    "vend_id": vend.id,
                    "machine_id": vend.machine_id.id,
                    "region_id": vend.region_id.id,
                    "currency_id": vend.currency_id.id,
                    "reference": vend.uuid,
                    "amount": vend.amount_total,
                    "text": _lt(
                        "Vend %(vend)s from slot %(slot)s was begun and never ended: the machine "
                        "has said nothing of it since. The payment is authorised and not "
                        "captured. Look at the slot or ask the consumer, then decide.",
                        vend=vend.uuid,
                        slot=vend.slot_code,
                    ),
                }
                for vend in moved
            ]
        )

    def _send_cancel(self):
        """Ask the machine not to deliver; it obeys only while its motor has not moved."""
        self.ensure_one()
        expires = fields.Datetime.now() + timedelta(minutes=5)
        self.machine_id._send("vend.cancel", {"vend_id": self.uuid}, expires)

    # === SETTLING === #

    def _captured_part(self):
        """(units, unit price) of what came out of one vend.

        A pour that stopped early is one unit at the part of its price that was poured.
        """
        self.ensure_one()
        if self.pay_kind in UNPAID_KINDS:
            return max(self.qty_done, 1), 0.0
        if self.ml and self.ml_done < self.ml:
            digits = self.currency_id.decimal_places
            return 1, float(part_of(self.amount_total, self.ml_done, self.ml, digits))
        return self.qty_done or self.qty, self.price

    def _sale_posting(self):
        qty, price = self._captured_part()
        return Posting(self, qty, price, self.pay_kind)

    def _held_money_postings(self, undelivered):
        """Money that a machine took for ``undelivered`` bottles: the sale without goods."""
        return Posting(self, undelivered, self.price, self.pay_kind, goods=False)

    # === VIEWS === #

    def action_view_orders(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wine_vending.pos_order_action")
        action["domain"] = [("wine_vend_id", "=", self.id)]
        return action
