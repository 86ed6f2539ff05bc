# SPDX-License-Identifier: LGPL-3.0-or-later
"""Links and pictures of the documentation lead somewhere."""

import re
from pathlib import Path

import pytest

from tools.shots import SHOTS

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
PICTURES = {f"{shot.name}-{width}.png" for shot in SHOTS for width in shot.widths}


def _links(page, pictures):
    for mark, target in LINK.findall(page.read_text(encoding="utf-8")):
        if bool(mark) == pictures and not re.match(r"[a-z]+:", target):
            yield target


def _anchors(page):
    """Anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for heading in re.findall(r"^#+ (.+)$", text, flags=re.M):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        yield re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page):
    for target in _links(page, pictures=False):
        name, _hash, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            assert anchor in set(_anchors(path)), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_pictures_are_taken_by_make_screenshots(page):
    for target in _links(page, pictures=True):
        path = Path(target)
        assert path.suffix != ".png" or path.name in PICTURES, target
        assert (page.parent / target).exists(), target


def test_a_picture_is_taken_once():
    names = [shot.name for shot in SHOTS]
    assert len(names) == len(set(names))
