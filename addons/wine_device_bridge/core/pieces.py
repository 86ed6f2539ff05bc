# SPDX-License-Identifier: LGPL-3.0-or-later
"""What can be told of a payload that cannot be read as a whole: its parts, and what they are (§3).

Brackets are counted from left to right: depth needs no stack, and time grows with length alone.
"""

import json
import re

_SPACE = " \t\r\n"
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN = re.compile(rf"{_STRING}?|[\[{{]+|[\]}}]+|,", re.DOTALL)
_NAME = re.compile(rf"[ \t\r\n]*({_STRING})[ \t\r\n]*:", re.DOTALL)
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
#: a whole number or a short text, to its end: one that is cut off is another one
_VALUE = re.compile(r'([1-9][0-9]{0,15}|"[^"\\]{0,64}")(?=[ \t\r\n,}])')
IDENTITY = ("id", "epoch", "seq", "machine")
_KEYS = {f'"{name}"': name for name in IDENTITY}


def text_of(payload):
    """A payload as text; bytes that are no UTF-8 become half characters, which are refused."""
    return payload.decode("utf-8", "surrogateescape")


def bytes_of(text):
    """The bytes that :func:`text_of` was given, or a text of half characters."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def is_array(text):
    """Whether a text begins as an array does."""
    return text.lstrip(_SPACE).startswith("[")


def parts(text):
    """Yield (text, whether its end was found) of each part of an array or an object.

    What follows the end of the whole is one part more, without an end.
    """
    depth, begin, first = 0, 0, True
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark[0] in "[{":
            begin = begin if depth else token.start() + 1
            depth += len(mark)
        elif mark[0] in "]}":
            depth -= len(mark)
            if depth <= 0:
                end = token.end() + depth - 1
                yield from _last(text, begin, end, first)
                return
        elif mark == "," and depth == 1:
            yield text[begin : token.start()].strip(_SPACE), True
            begin, first = token.end(), False
    yield text[begin:].strip(_SPACE), False


def _last(text, begin, end, first):
    last, beyond = text[begin:end].strip(_SPACE), text[end + 1 :].strip(_SPACE)
    if last or not first:  # an empty array has no parts
        yield last, True
    if beyond:
        yield beyond, False


def texts(payload):
    """Parts of an array, as they were written."""
    return [text for text, _whole in parts(text_of(payload))]


def identity(text):
    """What a message says on its first level of who it is: of :data:`IDENTITY` what can be told.

    What it says in two ways is left out; what lies deeper is about something else.
    """
    found, depth = {}, 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark[0] in "[{":
            depth += len(mark)
        elif mark[0] in "]}":
            depth -= len(mark)
            if depth <= 0:
                break
        elif depth == 1 and mark in _KEYS:
            if colon := _COLON.match(text, token.end()):
                value = _VALUE.match(text, colon.end())
                found.setdefault(_KEYS[mark], set()).add(value and value[1])
    return {
        name: json.loads(value, strict=False)
        for name, values in found.items()
        if len(values) == 1 and (value := next(iter(values)))
    }


def members(text):
    """(name, text) of each member of an object; ValueError where it is none, or has no end."""
    if not text.lstrip(_SPACE).startswith("{"):
        raise ValueError("no object")
    found = []
    for part, whole in parts(text):
        name = _NAME.match(part)
        if not whole or not name:
            raise ValueError("its members cannot be told apart")
        found.append((json.loads(name[1], strict=False), part[name.end() :].strip(_SPACE)))
    return found
