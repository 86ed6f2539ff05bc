# SPDX-License-Identifier: LGPL-3.0-or-later
"""Set-up of a development machine; `tools.env.kit` serves tests that start processes."""
