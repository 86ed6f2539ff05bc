# SPDX-License-Identifier: LGPL-3.0-or-later
"""The parts of `make test` that pytest runs: side by side where there are cores, each test once."""

from types import SimpleNamespace

from tests import conftest
from tools.env.suites import select, side_by_side


def test_one_core_runs_one_file_at_a_time():
    assert side_by_side(3, cores=1) == ()
    assert side_by_side(1, cores=8) == ()
    assert side_by_side(2, cores=2)[:2] == ("-n", "2")


def test_every_end_to_end_test_is_in_one_of_the_two_parts():
    busy, alone = (suite for suite in select() if suite.name.startswith("end-to-end"))
    assert (busy.options[-2:], alone.options[-2:]) == (("-m", "not alone"), ("-m", "alone"))
    assert busy.options[:-2] == alone.options[:-2] and busy.paths == alone.paths
    assert busy.lanes > 1 and alone.lanes == 1


def test_the_longest_files_begin_and_files_stay_whole():
    first, second = conftest.LONGEST[:2]
    names = ["test_a.py", second, first, "pure/test_b.py"]
    items = [
        SimpleNamespace(path=conftest.TESTS / name, number=number)
        for name in names
        for number in range(3)
    ]
    conftest.pytest_collection_modifyitems(items)
    files = [str(item.path.relative_to(conftest.TESTS)) for item in items[::3]]
    assert files == [first, second, "test_a.py", "pure/test_b.py"]
    assert [item.number for item in items] == [0, 1, 2] * 4


def test_the_longest_files_are_there():
    missing = [name for name in conftest.LONGEST if not (conftest.TESTS / name).is_file()]
    assert not missing
