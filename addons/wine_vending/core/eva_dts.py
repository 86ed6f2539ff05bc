# SPDX-License-Identifier: LGPL-3.0-or-later
"""Audit files of vending machines: EVA Data Transfer Standard (EVA-DTS), versions 5 and 6.

A file is a list of blocks, a line each: ``PA2*412*41200``. Blocks that we use are read, blocks that
we do not know are kept as they are, lines that cannot be read are named by number. ``G85`` holds
the CRC-16 (polynomial 8005h, reflected, start 0) of all from ``ST`` to the line before it with CR
LF ends; files from two makers bear that out. The number of blocks in ``SE`` is not to be relied on:
one of these makers counts otherwise.

:func:`parse` raises nothing but :class:`EvaError`. Amounts are integer units of the last decimal
place that ``ID4`` states.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from .told import Told, _lt

#: bytes; the largest files of real machines have a few ten thousand
LARGEST = 1_000_000
LONGEST_LINE = 2_000
#: no counter of the standard has more digits
DIGITS = 12
_TAG = re.compile(r"([A-Z]{1,3}\d{1,3}|[A-Z]{2,3})(?:\*(.*))?\Z", re.DOTALL)
_NUMBER = re.compile(rf"\d{{1,{DIGITS}}}\Z", re.ASCII)
#: ways of paying in PA7: cash, cashless 1 and 2, token
CASH, CASHLESS, TOKEN = "CA", ("DA", "DB"), "TA"


class EvaError(ValueError):
    """The file is no audit file; what it was raised with says why, for the reader to translate."""


class _BadField(Exception):
    """A field of a block that we know cannot be read."""


@dataclass(frozen=True, slots=True)
class Line:
    """A block as it stands in the file; ``number`` counts lines from 1."""

    number: int
    tag: str
    fields: tuple


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that cannot be read, and why."""

    number: int
    text: str
    why: Told


@dataclass(slots=True)
class Product:
    """Counters of one selection since initialisation; ``paid`` is {kind: (count, value)}."""

    code: str
    price: int | None = None
    name: str = ""
    count: int = 0
    value: int = 0
    tests: int = 0
    free: int = 0
    paid: dict = field(default_factory=dict)


@dataclass(slots=True)
class Audit:
    """What a file says. ``checksum`` is ``right``, ``wrong`` or ``missing``."""

    serial: str = ""
    model: str = ""
    board: str = ""
    decimals: int | None = None
    currency: str = ""
    moment: datetime | None = None
    initialised: str = ""
    count: int | None = None
    value: int | None = None
    cash: tuple | None = None
    cashless: tuple | None = None
    tests: int = 0
    free: int = 0
    products: dict = field(default_factory=dict)
    unknown: list = field(default_factory=list)
    broken: list = field(default_factory=list)
    remarks: list = field(default_factory=list)
    checksum: str = "missing"

    @property
    def usable(self):
        """Whether all of it may be taken in; else none of it."""
        return not self.broken and self.checksum != "wrong" and self.count is not None

    def total(self):
        """(count, value) since initialisation."""
        return self.count or 0, self.value or 0


def crc16(data: bytes) -> int:
    """CRC-16 of the standard (known as CRC-16/ARC)."""
    crc = 0
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def _crc_of_byte(byte):
    for _bit in range(8):
        byte = (byte >> 1) ^ 0xA001 if byte & 1 else byte >> 1
    return byte


_CRC_TABLE = tuple(_crc_of_byte(byte) for byte in range(256))


def parse(raw: bytes) -> Audit:
    """Read an audit file.

    :raise EvaError: it is empty, too large, or holds no block of an audit at all
    """
    lines = _lines(raw)
    reader = _Reader()
    for number, text in lines:
        reader.take(number, text)
    audit = reader.finish()
    if not reader.known:
        raise EvaError(
            _lt("it holds no block of an EVA-DTS audit; choose the file that the reader saved")
        )
    audit.checksum = _checksum(lines, audit)
    return audit


def _lines(raw):
    """[(number, text)] of what is not blank; any line ends, UTF-8 or else Latin-1."""
    if not isinstance(raw, (bytes, bytearray)) or not raw.strip():
        raise EvaError(_lt("it is empty"))
    if len(raw) > LARGEST:
        raise EvaError(
            _lt(
                "it has %(size)s bytes; no audit file is larger than %(most)s",
                size=len(raw),
                most=LARGEST,
            )
        )
    try:
        text = bytes(raw).decode("utf-8-sig")
    except UnicodeDecodeError:
        text = bytes(raw).decode("latin-1")
    plain = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [(number, line) for number, line in enumerate(plain, 1) if line.strip("\x1a \t")]


def _checksum(lines, audit):
    """Compare ``G85`` with what the lines from ``ST`` to it come to."""
    start = next((i for i, (_n, text) in enumerate(lines) if text.startswith("ST*")), None)
    end = next((i for i, (_n, text) in enumerate(lines) if text.startswith("G85")), None)
    if start is None or end is None or end < start:
        return "missing"
    told = lines[end][1].partition("*")[2].strip().upper()
    texts = [text for _number, text in lines[start:end]]
    for encoding in ("utf-8", "latin-1"):
        try:
            data = "".join(f"{text}\r\n" for text in texts).encode(encoding)
        except UnicodeEncodeError:
            continue
        if told.lstrip("0") == f"{crc16(data):X}".lstrip("0"):
            return "right"
    audit.remarks.append(
        _lt("line %s: the checksum does not fit; read the machine again", lines[end][0])
    )
    return "wrong"


class _Reader:
    """Folds the blocks of one file; each handler takes the fields of its block."""

    def __init__(self):
        self.audit = Audit()
        self.product = None
        self.known = 0

    def take(self, number, text):
        match = _TAG.match(text.rstrip(" \t\x1a"))
        if len(text) > LONGEST_LINE or "\x00" in text or not match:
            self.audit.broken.append(
                Broken(number, _shown(text), _lt("it is no block of the standard"))
            )
            return
        tag, rest = match.groups()
        line = Line(number, tag, tuple((rest or "").split("*")) if rest is not None else ())
        handler = _HANDLERS.get(tag)
        if not handler:
            self.audit.unknown.append(line)
            return
        self.known += 1
        try:
            handler(self, line)
        except _BadField as error:
            self.audit.broken.append(Broken(number, _shown(text), error.args[0]))

    def finish(self):
        """Totals from the products where the file has no VA1."""
        audit = self.audit
        if audit.count is None and audit.products:
            audit.count = sum(product.count for product in audit.products.values())
            audit.value = sum(product.value for product in audit.products.values())
            audit.remarks.append(_lt("it has no total (VA1); the selections were added up"))
        elif audit.count is None:
            audit.remarks.append(_lt("it has neither a total (VA1) nor selections (PA1, PA2)"))
        return audit

    # === BLOCKS === #

    def header(self, line):
        """DXS, ST, SE, DXE, G85, LS, LE, SD1: the frame; loops are flat to us."""

    def identity(self, line):
        """ID1: serial, model."""
        self.audit.serial, self.audit.model = _text(line, 0), _text(line, 1)

    def currency(self, line):
        """ID4: decimal places, numeric and ISO code of the currency."""
        decimals = _number(line, 0)
        if decimals is not None and decimals > 6:
            raise _BadField(_lt("%s decimal places are more than any currency has", decimals))
        self.audit.decimals = decimals
        self.audit.currency = _text(line, 2).upper() or _text(line, 1)

    def clock(self, line):
        """ID5: date and time of the machine when it was read."""
        self.audit.moment = _moment(_text(line, 0), _text(line, 1))
        if self.audit.moment is None:
            self.audit.remarks.append(_lt("line %s: the date cannot be read", line.number))

    def control_board(self, line):
        """CB1: the board that counts."""
        self.audit.board = _text(line, 0)

    def total(self, line):
        """VA1: value and number of all paid vends since initialisation."""
        self.audit.value, self.audit.count = _need(line, 0), _need(line, 1)

    def tests(self, line):
        """VA2: value and number of test vends."""
        self.audit.tests = _number(line, 1) or 0

    def free(self, line):
        """VA3: value and number of free vends."""
        self.audit.free = _number(line, 1) or 0

    def cash(self, line):
        """CA2: value and number of cash vends."""
        self.audit.cash = (_number(line, 1) or 0, _number(line, 0) or 0)

    def cashless(self, line):
        """DA2, DB2: value and number of cashless vends, both devices together."""
        count, value = self.audit.cashless or (0, 0)
        self.audit.cashless = (count + (_number(line, 1) or 0), value + (_number(line, 0) or 0))

    def selection(self, line):
        """PA1: a selection begins; the same one again goes on where it was."""
        code = _text(line, 0)
        if not code:
            raise _BadField(_lt("the selection has no number"))
        product = self.audit.products.get(code)
        if product:
            self.audit.remarks.append(
                _lt("line %(line)s: selection %(code)s is there twice", line=line.number, code=code)
            )
        self.product = product or Product(code)
        self.product.price = _number(line, 1)
        self.product.name = _text(line, 2)
        self.audit.products[code] = self.product

    def sold(self, line):
        """PA2: number and value of paid vends of the selection."""
        product = self._selection()
        product.count, product.value = _need(line, 0), _number(line, 1) or 0

    def selection_tests(self, line):
        """PA3: test vends of the selection."""
        self._selection().tests = _number(line, 0) or 0

    def selection_free(self, line):
        """PA4: free vends of the selection."""
        self._selection().free = _number(line, 0) or 0

    def payment(self, line):
        """PA7: number and value by way of paying and price list, added up by way."""
        product = self.audit.products.get(_text(line, 0)) or self._selection()
        kind = _text(line, 1)
        count, value = product.paid.get(kind, (0, 0))
        product.paid[kind] = (count + (_number(line, 4) or 0), value + (_number(line, 5) or 0))

    def initialised(self, line):
        """EA4: when the counters were last set to zero, and by whom."""
        self.audit.initialised = "*".join(line.fields[:2])

    def _selection(self):
        if self.product is None:
            raise _BadField(_lt("it belongs to a selection, but no PA1 stands before it"))
        return self.product


_HANDLERS = {
    **dict.fromkeys(("DXS", "ST", "SE", "DXE", "G85", "LS", "LE"), _Reader.header),
    "ID1": _Reader.identity,
    "ID4": _Reader.currency,
    "ID5": _Reader.clock,
    "CB1": _Reader.control_board,
    "VA1": _Reader.total,
    "VA2": _Reader.tests,
    "VA3": _Reader.free,
    "CA2": _Reader.cash,
    **dict.fromkeys(("DA2", "DB2"), _Reader.cashless),
    "PA1": _Reader.selection,
    "PA2": _Reader.sold,
    "PA3": _Reader.selection_tests,
    "PA4": _Reader.selection_free,
    "PA7": _Reader.payment,
    "EA4": _Reader.initialised,
}


def _shown(text):
    """The beginning of a line, fit for a screen and a database."""
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:80]
    )


def _text(line, index):
    return line.fields[index].strip() if index < len(line.fields) else ""


def _number(line, index):
    """A counter; None where the field is empty."""
    text = _text(line, index)
    if not text:
        return None
    if not _NUMBER.match(text):
        raise _BadField(
            _lt(
                "field %(field)s of %(tag)s should be a number and is %(text)r",
                field=index + 1,
                tag=line.tag,
                text=text[:20],
            )
        )
    return int(text)


def _need(line, index):
    number = _number(line, index)
    if number is None:
        raise _BadField(_lt("field %(field)s of %(tag)s is empty", field=index + 1, tag=line.tag))
    return number


def _moment(date, time):
    """Naive local time of the machine; None where it is none."""
    digits = time if len(time) in (4, 6) else "0000"
    pattern = ("%y%m%d" if len(date) == 6 else "%Y%m%d") + (
        "%H%M%S" if len(digits) == 6 else "%H%M"
    )
    if not (date + digits).isascii() or not (date + digits).isdigit():
        return None
    try:
        return datetime.strptime(date + digits, pattern)
    except ValueError:
        return None
