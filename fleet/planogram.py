# SPDX-License-Identifier: LGPL-3.0-or-later
"""The wanted shadow, docs/protocol §8: checked as a whole, so that it is applied whole or not."""

from decimal import Decimal, InvalidOperation

from fleet.errors import BadDesired

REQUIRED = ("slot", "sku", "price", "currency", "capacity")


def checked(document, capacity=None):
    """The document itself when all of it can be applied; raises BadDesired with every error.

    `capacity` is the number of slots that the machine has, None for no limit.
    """
    lines = document.get("planogram") if isinstance(document, dict) else None
    version = document.get("version") if isinstance(document, dict) else None
    if not isinstance(lines, list) or type(version) is not int or version < 1:
        raise BadDesired([{"slot": None, "code": "malformed"}])
    errors = [error for line in lines if (error := _line_error(line))]
    errors += _document_errors(lines, capacity)
    if errors:
        raise BadDesired(errors)
    return document


def _document_errors(lines, capacity):
    seen, errors = set(), []
    for line in lines:
        slot = line.get("slot") if isinstance(line, dict) else None
        if isinstance(slot, str) and slot in seen:
            errors.append({"slot": slot, "code": "slot_twice"})
        seen.add(slot if isinstance(slot, str) else None)
    if capacity is not None and len(lines) > capacity:
        errors.append({"slot": None, "code": "too_many_slots"})
    return errors


def _line_error(line):
    if not isinstance(line, dict):
        return {"slot": None, "code": "malformed"}
    slot = line.get("slot") if isinstance(line.get("slot"), str) else None
    if slot is None or any(line.get(key) is None for key in REQUIRED):
        return {"slot": slot, "code": "missing_field"}
    if not _is_price(line["price"]):
        return {"slot": slot, "code": "bad_price"}
    if type(line["capacity"]) is not int or line["capacity"] < 0:
        return {"slot": slot, "code": "bad_capacity"}
    if not isinstance(line["currency"], str) or len(line["currency"]) != 3:
        return {"slot": slot, "code": "bad_currency"}
    if not isinstance(line["sku"], str) or type(line.get("par") or 0) is not int:
        return {"slot": slot, "code": "malformed"}
    return None


def _is_price(value):
    try:
        price = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return False
    return price is not None and price.is_finite() and price >= 0


def by_slot(document):
    """Lines of a document by slot code; empty without a document."""
    return {line["slot"]: line for line in (document or {}).get("planogram", [])}


def find(document, sku, price=None):
    """Slot code that holds the product, preferring one at that price; None where there is none."""
    found = [line for line in by_slot(document).values() if line["sku"] == sku]
    if price is not None:
        found.sort(key=lambda line: Decimal(line["price"]) != Decimal(price))
    return found[0]["slot"] if found else None
