# SPDX-License-Identifier: LGPL-3.0-or-later
"""Entry point of `python -m tools.env`."""

from .cli import main

main()
