# SPDX-License-Identifier: LGPL-3.0-or-later
"""Sentences of this addon that are said now and read later in the reader's language.

The form is what ``Told.to_json`` of ``wine_vending`` gives: ``read_told(env, …)`` there reads it.
"""

MODULE = "wine_profit_share"


def _lt(source, *args, **kwargs):
    """Say a sentence; arguments are numbers, texts or sentences themselves.

    :return: dict, ready to be stored as JSON
    """
    return {"told": source, "args": list(args) or kwargs, "module": MODULE}
