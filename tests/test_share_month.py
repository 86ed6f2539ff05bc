# SPDX-License-Identifier: LGPL-3.0-or-later
"""The month of the benchmarks, made small: orders, share ledger and general ledger agree."""

from tests.share_month import live


def test_a_small_month():
    live(vends=2_400, days=6)
