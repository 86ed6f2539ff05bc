# SPDX-License-Identifier: LGPL-3.0-or-later
"""How much at once, where nobody knows beforehand how long it takes."""


class Pace:
    """So many at once that they take about so long; never fewer than one.

    A broker that writes all its accounts after each command takes a thousandth of a second for one
    with few machines, and a tenth with 2,000.

    :param float seconds: what one turn may take; :param int most: at once at the very most
    """

    def __init__(self, seconds, most):
        self.seconds = seconds
        self.most = most
        self.now = 1

    def took(self, count, seconds):
        """Note that so many took so long; the next turn has at most twice as many as this one.

        Where none came true, it begins anew with one.
        """
        fitting = int(count * self.seconds / max(seconds, 0.001))
        self.now = max(1, min(fitting, 2 * self.now, self.most))
