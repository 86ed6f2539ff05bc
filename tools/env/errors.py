# Part of the wine vending suite. License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""The one exception that ends a command with a single line."""


class EnvError(Exception):
    """Something the person at the keyboard can put right; its text says how."""
