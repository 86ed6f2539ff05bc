# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whether what somebody earned may be paid out yet, and if not, for which reason."""


def hold(is_party, until, today, *, case=False, verified=True, dispute=False):
    """State of an entry and what it is held for; the weightiest reason is named.

    :param bool is_party: the account of a partner; pool and platform accounts are never held
    :param date until: end of the refund window, or None
    :return: tuple (state, reason or None)
    """
    if not is_party:
        return "available", None
    if dispute:
        return "held", "dispute"
    if case:
        return "held", "case"
    if until and until > today:
        return "held", "window"
    if not verified:
        return "held", "unverified"
    return "available", None
