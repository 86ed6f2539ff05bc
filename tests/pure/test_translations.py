# SPDX-License-Identifier: LGPL-3.0-or-later
"""Every text of the addons exists in Chinese, with the placeholders that the code fills in."""

import re
from collections import Counter
from pathlib import Path

import polib
import pytest

ADDONS = Path(__file__).resolve().parents[2] / "addons"
LANGUAGES = ("zh_CN",)
PLACEHOLDER = re.compile(r"%\(\w+\)[-+ #0]*\d*(?:\.\d+)?[a-z]|%[-+#0]*\d*(?:\.\d+)?[sdrf]|%%")
TAG = re.compile(r"</?[a-z][^\s/>]*")
FILES = [
    path
    for manifest in sorted(ADDONS.glob("*/__manifest__.py"))
    for path in (manifest.parent / "i18n" / f"{language}.po" for language in LANGUAGES)
]


@pytest.fixture(params=FILES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def path(request):
    if not request.param.exists():
        pytest.fail(
            f"{request.param} is missing; write it, then run: python -m tools.i18n DATABASE"
        )
    return request.param


@pytest.fixture
def entries(path):
    return [entry for entry in polib.pofile(str(path)) if not entry.obsolete]


def test_every_text_is_translated(entries):
    assert not [entry.msgid for entry in entries if not entry.msgstr.strip()]


def test_no_translation_is_a_guess(entries):
    assert not [entry.msgid for entry in entries if entry.fuzzy]


def test_no_translation_is_left_over(path):
    assert not [entry.msgid for entry in polib.pofile(str(path)).obsolete_entries()]


def test_each_text_is_there_once(entries):
    counts = Counter(entry.msgid for entry in entries)
    assert not [msgid for msgid, count in counts.items() if count > 1]


def test_template_and_translation_hold_the_same_texts(path, entries):
    addon = path.parts[-3]
    template = polib.pofile(str(path.with_name(f"{addon}.pot")))
    assert {entry.msgid for entry in template} == {entry.msgid for entry in entries}


def test_placeholders_are_kept(entries):
    """Named and numbered ones, and the sign and width of numbers, exactly as in the source."""
    changed = {
        entry.msgid: entry.msgstr
        for entry in entries
        if _is_python(entry)
        and _found(PLACEHOLDER, entry.msgid) != _found(PLACEHOLDER, entry.msgstr)
    }
    assert not changed


def test_unnamed_placeholders_keep_their_order(entries):
    changed = {}
    for entry in entries:
        unnamed = [
            [mark for mark in PLACEHOLDER.findall(text) if "(" not in mark and mark != "%%"]
            for text in (entry.msgid, entry.msgstr)
        ]
        if _is_python(entry) and unnamed[0] != unnamed[1]:
            changed[entry.msgid] = entry.msgstr
    assert not changed


def test_tags_are_kept(entries):
    """A view whose translation has other elements than its source is refused by Odoo."""
    changed = {
        entry.msgid: entry.msgstr
        for entry in entries
        if _found(TAG, entry.msgid) != _found(TAG, entry.msgstr)
    }
    assert not changed


def _is_python(entry):
    return "odoo-python" in entry.comment or "odoo-javascript" in entry.comment


def _found(pattern, text):
    return Counter(pattern.findall(text))
