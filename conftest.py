# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whatever pytest runs here: a property test judges what is right, never how fast a computer is."""

from hypothesis import settings

settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")
