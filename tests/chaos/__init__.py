# SPDX-License-Identifier: LGPL-3.0-or-later
"""Breaking everything on purpose, and counting at both ends: `python -m tests.chaos --help`."""
