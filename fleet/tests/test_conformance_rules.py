# SPDX-License-Identifier: LGPL-3.0-or-later
"""docs/protocol/rules.md lists each rule that the kit tries, in the kit's words."""

import re

from fleet.conformance.rules import DEVICE, PLATFORM
from fleet.tests.standin import PROJECT

ROW = re.compile(r"^\| `(.+?)` \| (.+) \|$", re.MULTILINE)


def test_the_list_is_complete():
    text = (PROJECT / "docs" / "protocol" / "rules.md").read_text(encoding="utf-8")
    device, platform = text.split("## A platform")
    assert dict(ROW.findall(device)) == DEVICE
    assert dict(ROW.findall(platform)) == PLATFORM
