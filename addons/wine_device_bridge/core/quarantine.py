# SPDX-License-Identifier: LGPL-3.0-or-later
"""A refused message as a person reads and mends it: pretty, with its faults marked."""

import json
from dataclasses import dataclass

from . import envelope, pieces, schema

#: what makes a message that message: a correction keeps what was readable of it
IDENTITY = ("id", "epoch", "seq")


@dataclass(frozen=True)
class Fault:
    """One fault: which field (``data.price``), which rule of which schema, in words."""

    path: tuple
    rule: str
    text: str

    @property
    def where(self):
        return ".".join(map(str, self.path))


def content_of(payload, part=None):
    """The message in a stored payload: of an array the one that is meant.

    :return: (content, None) or (None, why it cannot be read)
    """
    try:
        content = json.loads(payload or "")
    except (ValueError, RecursionError) as error:
        return None, f"not JSON: {error}"
    if envelope._too_deep(content):
        return None, f"nested more than {envelope.MAX_DEPTH} levels deep"
    if isinstance(content, list) and part is not None and 0 <= part < len(content):
        return content[part], None
    return content, None


def pretty(content):
    """As :func:`lines` writes it."""
    return "\n".join(text for text, _path in lines(content))


def tight(content):
    """A message as bytes without a space too many: what is read easily is not too large by it."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def as_sent(text):
    """What a person wrote, as a device would have sent it; as it is where it is no message."""
    content, why = content_of(text)
    return text.encode("utf-8", "surrogatepass") if why else tight(content)


def identity_of(payload, content):
    """What a refused message says of who it is, also where it is too deep or broken."""
    return content if isinstance(content, dict) else pieces.identity(payload or "")


def lines(content, path=(), before="", after=""):
    """Indented JSON, line by line, each with the path of the field that it belongs to.

    :return: [(line, path)]; what is within a field has a path that begins with the field's
    """
    indent = "  " * len(path)
    pairs = None
    if isinstance(content, dict):
        ends = "{}"
        pairs = [(name, f"{_plain(str(name))}: ", value) for name, value in content.items()]
    elif isinstance(content, list):
        ends = "[]"
        pairs = [(place, "", value) for place, value in enumerate(content)]
    if not pairs:
        return [(f"{indent}{before}{_plain(content)}{after}", path)]
    found = [(f"{indent}{before}{ends[0]}", path)]
    for number, (name, label, value) in enumerate(pairs, 1):
        comma = "," if number < len(pairs) else ""
        found += lines(value, (*path, name), label, comma)
    return [*found, (f"{indent}{ends[1]}{after}", path)]


def _plain(value):
    return json.dumps(value, ensure_ascii=False)


def marked(content, faults):
    """Lines of a message with what is wrong beside them.

    :return: [(line, [Fault…] that begin here, whether the line lies within a fault)]
    """
    found, said = [], set()
    paths = {fault.path for fault in faults}
    for text, path in lines(content):
        here = [] if path in said else [fault for fault in faults if fault.path == path]
        said.add(path)
        inside = any(path[: len(wrong)] == wrong for wrong in paths if wrong)
        found.append((text, here, inside or bool(here)))
    return found


def faults(machine, channel, content):
    """What is wrong with a message by itself; what only the database knows is not here.

    :param str machine: UUID that the topic named
    :return: list of :class:`Fault`, empty where the message can be taken
    """
    found = []
    if isinstance(content, dict):
        found = [Fault(*one) for one in schema.faults(channel, content)]
        if content.get("machine", machine) != machine:
            found.append(Fault(("machine",), "docs/protocol §2", "it names another machine"))
    if found:
        return found
    judged = envelope.read(machine, channel, tight(content))
    return [
        Fault((), "docs/protocol §2", one.reason)
        for one in judged
        if isinstance(one, envelope.Refused)
    ]


def changed_identity(original, corrected):
    """Parts of its identity in which a corrected message differs from what it was.

    What cannot be an identity (no number, no UUID) may be mended.

    :return: [(name, what it was)]
    """
    if not isinstance(original, dict) or not isinstance(corrected, dict):
        return []
    valid = {"id": _is_uuid, "epoch": _is_number, "seq": _is_number}
    return [
        (name, original[name])
        for name in IDENTITY
        if valid[name](original.get(name)) and corrected.get(name) != original[name]
    ]


def _is_number(value):
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= envelope.MAX_SEQ


def _is_uuid(value):
    parts = value.split("-") if isinstance(value, str) else []
    hexadecimal = all(c in "0123456789abcdefABCDEF" for c in "".join(parts))
    return hexadecimal and [len(part) for part in parts] == [8, 4, 4, 4, 12]


def comparable(content):
    """A message without what says how it travelled, its time in one form."""
    kept = {
        name: value
        for name, value in content.items()
        if name not in ("hist", "machine") and value not in (None, {}, [])
    }
    return {**kept, "ts": moment_of(kept["ts"])} if "ts" in kept else kept


def moment_of(text):
    """A time as UTC, whatever zone it was told in; as it is where it is none."""
    moment = envelope._time(text)
    return moment.isoformat().replace("+00:00", "Z") if moment else text


def compared(first, second):
    """Two messages under one identity, field by field.

    :return: [(field, value in the first, value in the second, whether they differ)]
    """
    one, two = _flat(first), _flat(second)
    return [
        (name, one.get(name), two.get(name), one.get(name) != two.get(name))
        for name in dict.fromkeys([*one, *two])
    ]


def _flat(content, path=""):
    """{"data.price": "5.0"…}: every leaf as JSON writes it."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    found = {}
    for name, value in pairs:
        where = f"{path}.{name}" if path else str(name)
        if isinstance(value, dict | list) and value:
            found.update(_flat(value, where))
        else:
            found[where] = _plain(value)
    return found
