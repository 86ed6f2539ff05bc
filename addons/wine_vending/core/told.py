# SPDX-License-Identifier: LGPL-3.0-or-later
"""A sentence that is said now and read later, by somebody of another language.

``_lt("Slot %(slot)s is empty", slot="A1")`` keeps the sentence and what is put into it apart, so
that it can be stored and translated for whoever reads it. The function has the name that Odoo's
collector of texts looks for; it takes no other part in Odoo.
"""

MODULE = "wine_vending"


class Told:
    """A sentence in English, its arguments, and the addon that translates it."""

    __slots__ = ("args", "module", "source")

    def __init__(self, source, args=(), module=MODULE):
        """:param args: tuple or dict, as for ``%``; a value may be a ``Told`` itself"""
        self.source, self.args, self.module = source, args, module

    def __str__(self):
        """In English."""
        return self.render(lambda source, _module: source)

    def __repr__(self):
        return f"Told({self.source!r}, {self.args!r})"

    def render(self, translate):
        """The sentence by ``translate(source, module)``; a translation that does not fit is left.

        :return: str
        """
        if not self.args:
            return translate(self.source, self.module)
        values = _each(self.args, lambda value: _render(value, translate))
        try:
            return translate(self.source, self.module) % values
        except (KeyError, TypeError, ValueError):
            return self.source % values

    def to_json(self):
        """What :meth:`from_json` reads back; numbers stay numbers, everything else is text."""
        args = _each(self.args, _pack)
        return {
            "told": self.source,
            "args": list(args) if isinstance(args, tuple) else args,
            "module": self.module,
        }

    @classmethod
    def from_json(cls, data):
        args = data.get("args") or ()
        args = tuple(args) if isinstance(args, list) else args
        return cls(data["told"], _each(args, _unpack), data.get("module") or MODULE)


def _lt(source, *args, **kwargs):
    """Say a sentence of this addon, to be translated when it is read."""
    return Told(source, args or kwargs)


def told_of(error):
    """What an exception says: its sentence where it has one, else its text."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, Told) else str(error)


def _each(args, function):
    if isinstance(args, dict):
        return {key: function(value) for key, value in args.items()}
    return tuple(function(value) for value in args)


def _render(value, translate):
    return value.render(translate) if isinstance(value, Told) else value


def _pack(value):
    if isinstance(value, Told):
        return value.to_json()
    return value if isinstance(value, (int, float)) or value is None else str(value)


def _unpack(value):
    return Told.from_json(value) if isinstance(value, dict) and "told" in value else value
