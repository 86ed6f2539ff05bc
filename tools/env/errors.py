# SPDX-License-Identifier: LGPL-3.0-or-later
"""The one exception that ends a command with a single line."""


class EnvError(Exception):
    """Something the person at the keyboard can put right; its text says how."""
