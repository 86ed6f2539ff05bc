# SPDX-License-Identifier: LGPL-3.0-or-later
"""Keep the translations of the addons complete: `python -m tools.i18n DATABASE`.

Exports each addon's template (.pot) with Odoo's own tool from a database in which the addons are
installed, without the texts of demo data, and merges it into every .po beside it. What the database
knows of views and fields is as old as its last update: `--update` updates it first. Ends with 1
where a text is not translated, only guessed (fuzzy) or no longer in the code.
"""

import argparse
import csv
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from ast import literal_eval

import polib

from .env import odoo
from .env.paths import ADDONS, PYTHON

DATES = ("POT-Creation-Date", "PO-Revision-Date")  # a file changes only when its texts do


def main():
    options = _options()
    if options.update:
        odoo.install(options.database, *options.addons, update=True)
    _export(options.database, options.addons)
    complaints = []
    for addon in options.addons:
        folder = ADDONS / addon / "i18n"
        template = _clean(folder / f"{addon}.pot", _demo_ids(addon))
        for path in sorted(folder.glob("*.po")):
            complaints += _merge(path, template)
            print(f"{path.relative_to(ADDONS)}: {len(template)} texts")
    print("\n".join(complaints) or "Every text is translated.")
    return 1 if complaints else 0


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database", help="where the addons are installed")
    parser.add_argument("addons", nargs="*", default=odoo.modules(), help="all of them by default")
    parser.add_argument("--update", action="store_true", help="update the addons there first")
    return parser.parse_args()


def _export(database, addons):
    """Let Odoo write i18n/<addon>.pot of each addon."""
    command = [PYTHON, "-m", "odoo", "i18n", "export", "-c", odoo.CONF, "-d", database, *addons]
    subprocess.run(
        list(map(str, command)), check=True, env=odoo.environment(), stderr=subprocess.DEVNULL
    )


def _clean(path, demo_ids):
    """Take the texts of demo data and the dates out of a template; returns it."""
    exported = polib.pofile(str(path))
    template = polib.POFile(wrapwidth=78)
    template.header = exported.header
    template.metadata = {
        key: exported.metadata[key] for key in exported.metadata if key not in DATES
    }
    for entry in exported:
        entry.occurrences = [
            (place, line) for place, line in entry.occurrences if _is_shown(place, demo_ids)
        ]
        if entry.occurrences:
            template.append(entry)
    template.save(str(path), newline="\n")
    return template


def _is_shown(place, demo_ids):
    """Whether a text of this place is one of the product: not of its tests, not of its demo."""
    if place.startswith("code:"):
        return "/tests/" not in place
    return place.rsplit(":", 1)[-1] not in demo_ids


def _demo_ids(addon):
    """External ids of the records that the demo files of an addon make."""
    manifest = literal_eval((ADDONS / addon / "__manifest__.py").read_text())
    names = set()
    for name in manifest.get("demo", ()):
        path = ADDONS / addon / name
        if path.suffix == ".csv":
            with path.open() as rows:
                names |= {row["id"] for row in csv.DictReader(rows)}
        else:
            tree = ElementTree.parse(path)  # noqa: S314 - our own file
            names |= {record.get("id") for record in tree.iter("record")}
    return {name if "." in name else f"{addon}.{name}" for name in names if name}


def _merge(path, template):
    """Write `path` anew in the order of the template; returns what is wrong with it."""
    known = polib.pofile(str(path))
    old = {entry.msgid: entry for entry in known if not entry.obsolete}
    merged = polib.POFile(wrapwidth=78)
    merged.header = known.header
    merged.metadata = {key: known.metadata[key] for key in known.metadata if key not in DATES}
    for text in template:
        before = old.pop(text.msgid, None)
        entry = polib.POEntry(
            msgid=text.msgid,
            msgstr=before.msgstr if before else "",
            comment=text.comment,
            occurrences=text.occurrences,
            flags=sorted({*text.flags, *(("fuzzy",) if before and before.fuzzy else ())}),
        )
        merged.append(entry)
    gone = [*known.obsolete_entries(), *(entry for entry in old.values() if entry.msgstr)]
    for entry in gone:
        entry.obsolete = True
        entry.occurrences = []
        merged.append(entry)
    merged.save(str(path), newline="\n")
    return _complaints(path, merged)


def _complaints(path, merged):
    kinds = {
        "not translated": [entry for entry in merged if not entry.obsolete and not entry.msgstr],
        "fuzzy": merged.fuzzy_entries(),
        "no longer in the code, take it out": merged.obsolete_entries(),
    }
    name = path.relative_to(ADDONS)
    return [f"{name}: {kind}: {entry.msgid!r}" for kind, found in kinds.items() for entry in found]


if __name__ == "__main__":
    sys.exit(main())
