# SPDX-License-Identifier: LGPL-3.0-or-later
"""Entry point of `python -m fleet`."""

import sys

from fleet.cli import main

if __name__ == "__main__":
    sys.exit(main())
