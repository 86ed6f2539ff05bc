# SPDX-License-Identifier: LGPL-3.0-or-later
from wine_profit_share_core.rules import Sale


def test_paid_is_what_the_consumer_paid():
    sale = Sale("s", "o", 1, 750, gross=12900, discount=1000, net=10000, tax=1900)
    assert sale.paid == sale.gross - sale.discount
