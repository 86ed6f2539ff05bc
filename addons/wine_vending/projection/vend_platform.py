# SPDX-License-Identifier: LGPL-3.0-or-later
"""A vend that the platform authorised, as the machine reports it (docs/protocol §6)."""

from ..core import vend_flow
from ..core.told import _lt
from . import vend_decided
from .batch import handles, is_count, position


@handles("vend.accepted")
def accepted(batch, fact):
    """The motor will move. Where we have given up meanwhile, ask the machine to stop."""
    fold = _fold(batch, fact)
    if fold is None:
        return
    if _is_late(fact, fold):
        fold.advance(
            "voided",
            reject_code="expired",
            payment_state="void_pending",
            ended_at=fact.received,
        )
    elif fold.advance("accepted", accepted_at=fact.moment):
        return
    if fold.state == "voided":
        fold.record._send_cancel()


def _is_late(fact, fold):
    """Whether the machine accepted what had ended, before anybody here has noticed the end."""
    expires = fold.get("expires_at")
    return fold.state == "authorised" and bool(expires) and fact.moment > expires


@handles("vend.rejected")
def rejected(batch, fact):
    """The machine will not deliver: nothing was taken. A motor that had moved says otherwise."""
    fold = _fold(batch, fact)
    if fold is None or fact.data["code"] == "duplicate":
        return
    code = fact.data["code"]
    if fold.get("decided_at"):
        vend_decided.heard(batch, fact, fold, "failed")
        return
    if fold.state == "unknown" and not (fold.get("outcome") or fold.get("started_at")):
        fold.advance("failed")  # nobody had heard of it any more, and its motor never moved
    if fold.advance("voided", reject_code=code, ended_at=fact.moment, payment_state="voided"):
        batch.voids.append(fold)
    elif fold.state != "voided":
        _refused_what_it_began(batch, fact, fold)


@handles("vend.started")
def started(batch, fact):
    fold = _fold(batch, fact)
    if fold is None or fold.advance("dispensing", started_at=fact.moment):
        return
    if fold.state == "unknown" and not fold.get("started_at"):
        fold.values["started_at"] = fact.moment


@handles("vend.result")
def result(batch, fact):
    """What came out. A result that is known already changes nothing."""
    fold = _fold(batch, fact)
    if fold is None:
        return
    outcome = fact.data["outcome"]
    if outcome not in vend_flow.RESULTS:
        raise ValueError(_lt("the outcome %(said)r is not known", said=str(outcome)))
    if not is_count(fact.data.get("qty") or 0) or not is_count(fact.data.get("ml") or 0):
        raise ValueError(_lt("quantity or volume is no plain number"))
    if fold.get("decided_at"):
        vend_decided.heard(batch, fact, fold, outcome)
        return
    if fold.get("outcome"):
        _again(batch, fact, fold)
        return
    fold.values.update(_evidence(batch, fact))
    if fold.state == "voided" and fold.get("payment_state") != "void_pending":
        _after_the_money_went(batch, fact, fold)
    elif fold.state == "voided" and outcome == "failed":
        fold.values["outcome"] = outcome
    else:
        OUTCOME[outcome](batch, fact, fold)


def _fold(batch, fact):
    fold = batch.vends.get(fact.data["vend_id"])
    if fold is not None and fold.record is not None:
        if fold.record.machine_id.id == fact.machine_id:
            return fold
    if fact.type == "vend.result":
        batch.case(
            "orphan",
            fact,
            _lt(
                "The machine reports a result (%(outcome)s) for vend %(vend)s, which is not known "
                "here.",
                outcome=fact.data.get("outcome"),
                vend=fact.data["vend_id"],
            ),
            reference=str(fact.data["vend_id"]),
        )
    fact.result = "orphan"
    return None


def _evidence(batch, fact):
    data = fact.data
    sensor = data.get("sensor")
    return {
        "sensor": sensor if sensor in ("confirmed", "absent", "none", "fault") else False,
        "motor_code": str(data["motor_code"]) if data.get("motor_code") else False,
        "device_time": fact.device_time,
        "clock_trusted": fact.clock_trusted,
        "received_at": fact.received,
        **position(fact),
        "moment": fact.moment,
        "business_date": batch.business_date(fact),
        "ended_at": fact.moment,
    }


def _again(batch, fact, fold):
    if fold.get("outcome") == fact.data["outcome"]:
        fact.result = "duplicate"
    else:
        batch.contradiction(fact, fold)


def _refused_what_it_began(batch, fact, fold):
    """The machine refuses a vend after its motor moved or its outcome was told."""
    text = _lt(
        "The machine refuses vend %(vend)s (%(code)s), which it had begun or ended before. The "
        "first report stays in the books.",
        vend=fold.uuid,
        code=str(fact.data["code"]),
    )
    batch.case("conflict", fact, text, fold=fold, amount=fold.get("amount_total"))


def _after_the_money_went(batch, fact, fold):
    """A bottle came out and the authorised money is gone: a person must look."""
    outcome = fact.data["outcome"]
    fold.values["outcome"] = outcome
    nothing = not fact.data.get("qty") and not fact.data.get("ml")
    if outcome == "failed" or (outcome == "partial" and nothing):
        return
    _slot, counter = batch.slot(fact, fold.get("slot_code"))
    fold.values["qty_done"] = int(fact.data.get("qty") or 0)
    counter.sell(fold.values["qty_done"], fact.position, fact.moment)
    batch.case(
        "late",
        fact,
        _lt(
            "Vend %(vend)s ended after its payment had been let go: %(outcome)s. Ask the consumer "
            "for the amount, or write it off.",
            vend=fold.uuid,
            outcome=outcome,
        ),
        fold=fold,
        amount=fold.get("amount_total"),
    )


# === OUTCOMES === #


def _delivered(batch, fact, fold):
    """Success or partial: capture what came out."""
    outcome = fact.data["outcome"]
    qty = int(fact.data.get("qty") or 0)
    ml = int(fact.data.get("ml") or 0)
    if not qty and not ml and outcome == "partial":
        _failed(batch, fact, fold)
        return
    _slot, counter = batch.slot(fact, fold.get("slot_code"))
    counter.sell(qty, fact.position, fact.moment)
    counter.report(fact.data.get("slot_state") or "", fact.position)
    fold.advance(
        vend_flow.RESULTS[outcome],
        outcome=outcome,
        qty_done=min(qty, fold.get("qty")) or fold.get("qty"),
        ml_done=ml,
    )
    batch.sales.append((fold, None))
    fold.advance("captured", payment_state="captured", amount_captured=_captured(fold))
    batch.machine_values[fact.machine_id]["last_vend_at"] = fact.moment


def _captured(fold):
    """Amount of what came out, as the posting will compute it."""
    return vend_decided.worth(fold, fold.get("qty_done"), fold.get("ml_done") or 0)


def _failed(batch, fact, fold):
    """Nothing came out: void before capture, nobody waits for a person."""
    _slot, counter = batch.slot(fact, fold.get("slot_code"))
    counter.report(fact.data.get("slot_state") or "", fact.position)
    fold.advance("failed", outcome="failed")
    if fold.advance("voided", payment_state="voided"):
        batch.voids.append(fold)


def _unknown(batch, fact, fold):
    fold.advance("unknown", payment_state="authorised")
    fold.values["outcome"] = "unknown"  # its own word now, where people had been asked before
    batch.case(
        "unknown",
        fact,
        _lt(
            "Vend %(vend)s from slot %(slot)s: the machine does not know whether the bottle came "
            "out. The payment is authorised and not captured. Look at the slot or ask the "
            "consumer, then decide.",
            vend=fold.uuid,
            slot=fold.get("slot_code"),
        ),
        fold=fold,
        amount=fold.get("amount_total"),
    )


OUTCOME = {
    "success": _delivered,
    "partial": _delivered,
    "failed": _failed,
    "unknown": _unknown,
}
