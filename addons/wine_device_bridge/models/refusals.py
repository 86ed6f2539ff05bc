# SPDX-License-Identifier: LGPL-3.0-or-later
"""Why a message was refused, as people read it.

The bridge writes its reasons in English, as devices, logs and the protocol have them; they stay as
they are. Here they become sentences of the reader's language, also those that were stored long ago.
What is not known here is shown as it was written.
"""

import re

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_NO_KEY = (
    r"this credential was made without WINE_BROKER_KEY or with a key that is not in it: "
    r"give it a new secret"
)
#: forms that docs/protocol/schemas ask for, by their regular expression
FORMS = {
    r"^[0-9]{1,12}([.][0-9]{1,4})?$": _lt("must be an amount such as 12.50, without a currency"),
    r"^[A-Z]{3}$": _lt("must be a currency of three capital letters, such as EUR"),
    r"^[0-9a-fA-F]{64}$": _lt("must be a SHA-256 of 64 hexadecimal digits"),
    r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$": _lt(
        "must be a UUID such as 0199c39f-aaaa-7000-8000-00000000000a"
    ),
    _TIME: _lt("must be a time with its zone, such as 2026-01-31T12:00:00+00:00"),
    r"^([01][0-9]|2[0-4]):[0-5][0-9]$": _lt("must be a time of day such as 21:30"),
}
#: types of JSON
TYPES = {
    "string": _lt("a text"),
    "integer": _lt("a whole number"),
    "number": _lt("a number"),
    "boolean": _lt("true or false"),
    "object": _lt("an object"),
    "array": _lt("an array"),
    "null": _lt("null"),
}
_ANOTHER_FORM = _lt("is not written as the protocol asks for")
_A_TYPE = _lt("must be %(types)s")
_OR = _lt(" or ")
_AT = _lt("%(where)s: %(text)s")
_WHOLE = _lt("The message")

#: what is wrong with one value, as the reader of schemas says it
VALUES = {
    r"the value is not one of (?P<known>.+) or (?P<more>\d+) other candidates": _lt(
        "must be one of %(known)s or of %(more)s others that the protocol names"
    ),
    r"the value is not one of (?P<known>.+)": _lt("must be one of %(known)s"),
    r"the value is less than the minimum of (?P<limit>\S+)": _lt("must be at least %(limit)s"),
    r"the value is greater than the maximum of (?P<limit>\S+)": _lt("must be at most %(limit)s"),
    r"the value is longer than (?P<count>\d+) characters?": _lt(
        "is longer than %(count)s characters"
    ),
    r"the value is shorter than (?P<count>\d+) characters?": _lt(
        "is shorter than %(count)s characters"
    ),
    r"the value has more than (?P<count>\d+) items?": _lt("has more than %(count)s items"),
    r"the value has less than (?P<count>\d+) items?": _lt("has fewer than %(count)s items"),
    r'the value is not a "date-time"': _lt("is no date and time that exists"),
    r'the value is not a "uri"': _lt("is no web address"),
    r"(?P<known>.+) was expected": _lt("must be %(known)s"),
    r'"(?P<name>.+)" is a required property': _lt("the field %(name)s is missing"),
    r"the value is not valid under any of the schemas listed in the 'anyOf' keyword": _lt(
        "none of the forms that the protocol allows"
    ),
}
#: what is wrong with a message as a whole, or with telling the broker
WHOLES = {
    r"(?:not UTF-8 JSON|not JSON|no JSON): .*line (?P<line>\d+) column (?P<column>\d+).*": _lt(
        "It is no readable JSON: broken or cut off at line %(line)s, column %(column)s"
    ),
    r"(?:not UTF-8 JSON|not JSON|no JSON): .+": _lt("It is no readable JSON: broken or cut off"),
    r"nested more than (?P<most>\d+) levels deep": _lt(
        "It is nested more than %(most)s levels deep"
    ),
    r"(?P<size>\d+) bytes; (?P<most>\d+) at most": _lt(
        "It has %(size)s bytes; at most %(most)s are allowed"
    ),
    r"broken at its end": _lt("It is broken at its end"),
    r"(?P<first>.+)\. Not read, and not confirmed": _lt(
        "%(first)s. Not read and not confirmed: the machine sends it again"
    ),
    r"it holds a NUL, half a character or a number without end": _lt(
        "It holds signs or numbers that cannot be stored"
    ),
    r"it cannot be read: (?P<why>\w+)": _lt(
        "It cannot be read: broken characters or nested too deep"
    ),
    r"a message is a JSON object": _lt("A message must be a JSON object"),
    r"only events come in arrays": _lt("Only events may come together in an array"),
    r"an array holds 1 to (?P<most>\d+) events, not 0": _lt(
        "An array must hold 1 to %(most)s events; this one is empty"
    ),
    r"the payload names machine that has no UUID": _lt(
        "It names a machine by something that is no UUID"
    ),
    r"the payload names machine '(?P<named>.*)'": _lt("It names another machine: %(named)s"),
    r"it names another machine": _lt("names another machine than the one that sent it"),
    r"the topic names no machine of this database": _lt(
        "It came by a topic that names no machine of this platform"
    ),
    r"epoch or seq is written as a fraction": _lt(
        "The fields epoch and seq must be whole numbers, without a decimal point"
    ),
    r"this platform cannot tell that time": _lt("is a time that this platform cannot tell"),
    r"epoch (?P<epoch>\d+) was never given; the machine is in (?P<now>\d+)": _lt(
        "Epoch %(epoch)s was never given; the machine is in epoch %(now)s"
    ),
    r"another message was stored under this identity": _lt(
        "Another message is stored under the same identity already"
    ),
    r"the platform cannot store it: (?P<why>\w+)": _lt("The database cannot store it (%(why)s)"),
    r"the bridge is not connected to the broker's control topic": _lt(
        "The bridge is not connected to the broker's control topic. It tries again by itself"
    ),
    r"the broker did not answer on its control topic": _lt(
        "The broker did not answer on its control topic. It is tried again by itself"
    ),
    _NO_KEY: _lt(
        "This credential was made without WINE_BROKER_KEY, or with a key that is not in it. "
        "Give it a new secret"
    ),
    r"(?P<command>\w+) of (?P<who>\S+): (?P<error>.+)": _lt(
        "The broker refused %(command)s: %(error)s. It is tried again by itself"
    ),
    r"duplicate": _lt("Known already; counted once"),
    r"orphan": _lt("Nothing belongs to it here"),
    r"unhandled": _lt("A type that this platform has no use for"),
}
_FORM = re.compile(r'the value does not match "(?P<form>.+)"')
_KIND = re.compile(r'the value is not of types? (?P<types>"\w+"(?:, "\w+")*)')
#: path of a field, from the message's first level
_PLACE = re.compile(r"(?P<where>[^\s:]{1,200}): (?P<rest>.+)", re.DOTALL)


def _compiled(rules):
    return [(re.compile(rule, re.DOTALL), words) for rule, words in rules.items()]


_RULES = _compiled({**VALUES, **WHOLES})


def refusal_text(env, reason):
    """A reason of the bridge in the language of ``env``; an unknown one as it is.

    :param str reason: as it was stored, or as :mod:`..core.envelope` says it
    """
    reason = reason or ""
    found = _sentence(env, reason)
    if found:
        return found
    place = _PLACE.fullmatch(reason)
    rest = place and _sentence(env, place["rest"])
    if not rest:
        return reason
    where = env._(_WHOLE) if place["where"] == "message" else place["where"]
    return _filled(env._(_AT), where=where, text=rest)


def fault_text(env, fault):
    """A fault of a message in the language of ``env``, with the field that it is about.

    :param fault: :class:`~..core.quarantine.Fault`
    """
    where, text = fault.where or env._(_WHOLE), refusal_text(env, fault.text)
    return _filled(env._(_AT), where=where, text=text)


def _filled(sentence, /, **values):
    """A translated text with its values; a constant's translation takes none itself."""
    return sentence % values if values else sentence


def _sentence(env, reason):
    if form := _FORM.fullmatch(reason):
        return env._(FORMS.get(form["form"], _ANOTHER_FORM))
    if kind := _KIND.fullmatch(reason):
        names = kind["types"].replace('"', "").split(", ")
        types = (env._(TYPES[name]) if name in TYPES else name for name in names)
        return _filled(env._(_A_TYPE), types=env._(_OR).join(types))
    for rule, words in _RULES:
        if match := rule.fullmatch(reason):
            values = match.groupdict()
            if "first" in values:
                values["first"] = refusal_text(env, values["first"])
            if "known" in values:
                values["known"] = values["known"].replace('" or "', f'"{env._(_OR)}"')
            return _filled(env._(words), **values)
    return None
