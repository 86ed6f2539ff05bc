# SPDX-License-Identifier: LGPL-3.0-or-later
"""Sentences of the core in the language of the reader."""

from odoo.tools.translate import LazyGettext, code_translations

from ..core.told import Told


def as_told(text):
    """A ``Told``, its JSON form, a lazy translation of Odoo, or plain text, as ``Told`` or text."""
    if isinstance(text, dict):
        return Told.from_json(text)
    if isinstance(text, LazyGettext):
        return Told(text._source, text._args, text._module)
    return text


def read_told(env, told):
    """The sentence in the language of ``env``.

    :param told: ``Told``, what ``Told.to_json`` gave, plain text, or nothing
    :return: str
    """
    if isinstance(told, dict):
        told = Told.from_json(told)
    if not isinstance(told, Told):
        return told or ""
    lang = env.lang or "en_US"

    def translate(source, module):
        if lang == "en_US":
            return source
        return code_translations.get_python_translations(module, lang).get(source, source)

    return told.render(translate)
