# SPDX-License-Identifier: LGPL-3.0-or-later
"""A sale begun and paid at the machine (docs/protocol §5, vend.local; §8 on prices)."""

from decimal import Decimal

from ..core.facts import BadFact
from ..core.money import parse_amount
from ..core.told import _lt
from ..core.vend_fold import VendFold
from ..models.wine_vend_order import UNPAID_KINDS
from . import vend_decided
from .batch import MOST, handles, is_count, position

PAY_KINDS = ("cash", "card", "qr", "wallet", "voucher", "free", "test")
OUTCOMES = ("success", "failed", "partial", "unknown")
SENSORS = ("confirmed", "absent", "none", "fault")


@handles("vend.local")
def vend_local(batch, fact):
    """Take in a finished sale; the same one twice is dropped, a contradiction is a case."""
    if not isinstance(fact.data["vend_id"], str) or not 0 < len(fact.data["vend_id"]) <= 100:
        raise BadFact(_lt("vend_id is no identity"))
    known = batch.vends.get(fact.data["vend_id"])
    if known:
        _check_same_machine(fact, known)
        _compare(batch, fact, known)
        return
    fold = VendFold(fact.data["vend_id"], "draft", values=_values(batch, fact))
    batch.vends[fold.uuid] = fold
    slot, counter = batch.slot(fact, fact.data.get("slot"))
    OUTCOME[fact.data["outcome"]](batch, fact, fold, counter)


@handles("test.vend")
def test_vend(batch, fact):
    """A technician's trial: kept as evidence, sells nothing.

    The bottle goes back into its slot; where it does not, the next count says so.
    """
    slot, _counter = batch.slot(fact, fact.data["slot"])
    if not slot.product_id:
        raise BadFact(_lt("the slot has no product, so nothing can have come out of it"))
    fact.data = {
        **fact.data,
        "vend_id": f"test-{fact.reference or fact.received.isoformat()}",
        "sku": slot.product_id.default_code,
        "price": "0",
        "currency": batch.machine(fact).currency_id.name,
        "pay": "test",
        "outcome": "success",
    }
    batch.products.setdefault(fact.data["sku"], slot.product_id)
    uuid = fact.data["vend_id"]
    fold = VendFold(uuid, "draft", values=_values(batch, fact))
    if batch.vends.setdefault(uuid, fold) is fold:
        fold.advance("voided", payment_state="none")


def _values(batch, fact):
    """What is known of the sale before its outcome is looked at."""
    data, machine = fact.data, batch.machine(fact)
    slot, _counter = batch.slot(fact, data.get("slot"))
    price, qty = parse_amount(data["price"]), int(data["qty"])
    _check(data, machine, price, qty)
    product, flag = _product(batch, fact, slot)
    sensor = data.get("sensor")
    return {
        "origin": "device",
        "machine_id": machine.id,
        "slot_id": slot.id,
        "slot_code": str(data.get("slot") or ""),
        "region_id": batch.region(fact).id,
        "site_id": batch.site(fact).id,
        "company_id": machine.company_id.id,
        "currency_id": machine.currency_id.id,
        "product_id": product.id,
        "qty": qty,
        "price": float(price),
        "amount_total": 0.0 if data["pay"] in UNPAID_KINDS else float(price * qty),
        "price_version": data.get("price_version") or 0,
        "pay_kind": data["pay"],
        "pay_ref": str(data["pay_ref"]) if data.get("pay_ref") else False,
        "outcome": data["outcome"],
        "sensor": sensor if sensor in SENSORS else False,
        "flag": flag or _price_flag(batch, slot, product, price, data),
        "moment": fact.moment,
        "business_date": batch.business_date(fact),
        "device_time": fact.device_time,
        "clock_trusted": fact.clock_trusted,
        "received_at": fact.received,
        **position(fact),
        "ended_at": fact.moment,
    }


def _check(data, machine, price, qty):
    if data["pay"] not in PAY_KINDS:
        raise BadFact(_lt("the way of paying %(said)r is not known", said=str(data["pay"])))
    _check_word(data)
    if data["currency"] != machine.currency_id.name:
        raise BadFact(
            _lt(
                "it was paid in %(paid)s, the machine's company keeps %(kept)s",
                paid=data["currency"],
                kept=machine.currency_id.name,
            )
        )
    if not is_count(data.get("price_version") or 0):
        raise BadFact(_lt("a number is larger than any machine counts"))
    _check_numbers(qty, price)
    if price != round(price, machine.currency_id.decimal_places):
        raise BadFact(
            _lt(
                "the price %(price)s is finer than the smallest coin of %(currency)s",
                price=price,
                currency=data["currency"],
            )
        )


def _check_word(data):
    if data["outcome"] not in OUTCOMES:
        raise BadFact(_lt("the outcome %(said)r is not known", said=str(data["outcome"])))


def _check_numbers(qty, price):
    if qty > MOST:
        raise BadFact(_lt("a number is larger than any machine counts"))
    if qty <= 0 or price < 0:
        raise BadFact(_lt("the quantity is not positive, or the price is negative"))


def _product(batch, fact, slot):
    """The product by its reference, or else what the slot shall hold, with a remark."""
    product = batch.products.get(fact.data.get("sku"))
    if product:
        return product, None
    if slot.product_id:
        return slot.product_id, "product"
    raise BadFact(
        _lt(
            "no product has the internal reference %(sku)r; give it to the product, then take the "
            "message in again",
            sku=str(fact.data.get("sku")),
        )
    )


def _price_flag(batch, slot, product, price, data):
    """Whether the price is that of the planogram version by which the machine sold."""
    if data["pay"] in ("free", "test"):
        return False
    planned = batch.prices.get((slot.id, data.get("price_version")))
    if planned is None:
        return "version"
    if Decimal(str(planned[0])) != price:
        return "price"
    return "product" if planned[1] != product.id else False


def _check_same_machine(fact, known):
    """:raise BadFact: the number was used by another machine: neither a repetition nor its news"""
    record = known.record
    machine_id = known.values["machine_id"] if record is None else record.machine_id.id
    if machine_id != fact.machine_id:
        raise BadFact(
            _lt(
                "vend_id %(uuid)s was used by another machine: each sale has a number of its own. "
                "Book this one by hand, and look at how the machine makes its numbers.",
                uuid=known.uuid,
            )
        )


def _compare(batch, fact, known):
    ours = known.get("origin") == "device"
    if ours and known.get("decided_at"):
        _check_word(fact.data)
        _check_numbers(int(fact.data["qty"]), 0)
        vend_decided.heard(batch, fact, known, fact.data["outcome"])
    elif ours and known.get("outcome") == fact.data["outcome"]:
        fact.result = "duplicate"
    else:
        batch.contradiction(fact, known)


# === OUTCOMES === #


def _success(batch, fact, fold, counter):
    qty = int(fact.data["qty"])
    counter.sell(qty, fact.position, fact.moment)
    _sold(batch, fact, fold, qty)


def _partial(batch, fact, fold, counter):
    """``qty`` is what came out and what the kept money pays for; more was kept only by mistake."""
    _success(batch, fact, fold, counter)
    if fact.data.get("refunded") is False:
        batch.case(
            "owed",
            fact,
            _lt(
                "Vend %s delivered only a part and the machine says that it gave nothing back. "
                "Find out what the consumer paid.",
                fold.uuid,
            ),
            fold=fold,
        )


def _failed(batch, fact, fold, counter):
    fold.advance("failed")
    if fact.data.get("refunded") or fact.data["pay"] in ("free", "test"):
        fold.advance("voided", payment_state="none")
        return
    _give_back(batch, fact, fold)


def _unknown(batch, fact, fold, counter):
    fold.advance("unknown", payment_state="captured")
    if fact.data.get("refunded"):
        fold.values["payment_state"] = "none"
        fold.advance("failed")
        fold.advance("voided")
        return
    batch.case(
        "unknown",
        fact,
        _lt(
            "Vend %(vend)s from slot %(slot)s: the machine does not know whether the bottle came "
            "out, and holds the money. Look at the slot or ask the consumer, then decide.",
            vend=fold.uuid,
            slot=fact.data.get("slot"),
        ),
        fold=fold,
        amount=fold.values["amount_total"],
    )


def _sold(batch, fact, fold, qty):
    fold.advance("partial" if fact.data["outcome"] == "partial" else "dispensed")
    fold.advance(
        "captured",
        qty_done=qty,
        amount_captured=fold.values["amount_total"],
        payment_state="captured",
    )
    batch.sales.append((fold, None))
    batch.machine_values[fact.machine_id]["last_vend_at"] = fact.moment


def _give_back(batch, fact, fold):
    """The machine kept the money and no bottle came: sale and refund, without goods."""
    amount = fold.values["amount_total"]
    fold.advance("refunded", amount_refunded=amount, payment_state="refunded")
    if not amount:
        return
    batch.sales.append((fold, fold.values["qty"]))
    batch.refunds.append((fold, fold.values["qty"]))
    if fact.data["pay"] == "cash":
        batch.case(
            "owed",
            fact,
            _lt(
                "Vend %(vend)s took cash and delivered nothing. A voucher over the amount is "
                "booked; hand it to the consumer.",
                vend=fold.uuid,
            ),
            fold=fold,
            amount=amount,
        )


OUTCOME = {"success": _success, "partial": _partial, "failed": _failed, "unknown": _unknown}
