# SPDX-License-Identifier: LGPL-3.0-or-later
"""A fleet of simulated selling machines that speak docs/protocol and nothing else.

Each machine is a good device: what it does is journalled before it is told, kept until the
platform says that it is stored, and told again after a crash. See `fleet.runner.Fleet` for use
from tests and `python -m fleet --help` for use by hand.
"""
