# SPDX-License-Identifier: LGPL-3.0-or-later
"""Copy the protocol's schemas to those who carry them: `python3.11 -m tools.schemas`.

docs/protocol/schemas is the source. The addon and the fleet have all of it in one file each, so
that neither needs the docs folder. With --check nothing is written; the exit code tells whether
they fit.
"""

import json
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SOURCE = PROJECT / "docs" / "protocol" / "schemas"
CARRIERS = (
    PROJECT / "addons" / "wine_device_bridge" / "core" / "protocol.json",
    PROJECT / "fleet" / "protocol.json",
)


def bundle():
    """The text that every carrier holds: schema by path, in the order of the paths."""
    schemas = {
        path.relative_to(SOURCE).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(SOURCE.rglob("*.schema.json"))
    }
    return json.dumps(schemas, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def outdated():
    """Carriers that hold something else."""
    text = bundle()
    return [
        path for path in CARRIERS if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main(arguments):
    stale = outdated()
    for path in stale:
        print(f"{path.relative_to(PROJECT)} differs from docs/protocol/schemas")
        if "--check" not in arguments:
            path.write_text(bundle(), encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
