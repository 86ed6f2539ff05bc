# SPDX-License-Identifier: LGPL-3.0-or-later
"""An outage of the database: one line when it begins, one when it is over, whoever notices."""

import logging
import threading

import pytest
from wine_device_bridge_core.outage import AGAIN, AWAY, EACH_ATTEMPT, Outage, hush, kind_of


class OperationalError(Exception):
    """As psycopg2's: a code only where the database itself could say something."""

    def __init__(self, text="", code=None):
        super().__init__(text)
        self.pgcode = code


class DiskFull(OperationalError):
    pass


GONE = OperationalError("connection to server failed: Connection refused\n\tIs it running?\n")


class Watched(Outage):
    """With its lines in a list and a clock that is set."""

    def __init__(self):
        self.lines, self.now = [], 0.0
        logger = logging.Logger("bridge")
        logger.addHandler(logging.Handler())
        logger.handlers[0].emit = lambda record: self.lines.append(record.getMessage())
        super().__init__(logger, clock=lambda: self.now)


@pytest.fixture
def outage():
    return Watched()


def elsewhere(work, *args):
    """On a thread of its own that lives on: numbers of ended threads are given again."""
    done, end = threading.Event(), threading.Event()
    todo = [lambda: work(*args)]

    def run():
        while not end.is_set():
            if todo:
                todo.pop()()
                done.set()
            end.wait(0.005)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert done.wait(5)

    def again(more, *arguments):
        done.clear()
        todo.append(lambda: more(*arguments))
        assert done.wait(5)

    again.end = lambda: (end.set(), thread.join(5))
    return again


def test_told_once_in_one_line_and_once_when_it_is_over(outage):
    for _attempt in range(50):
        outage.failed(GONE, "the database does not take %s messages", 128)
        outage.now += 0.5
    assert outage.lines == [
        "the database does not take 128 messages: connection to server failed: "
        "Connection refused Is it running?"
    ]
    outage.over()
    outage.over()
    assert outage.lines[1:] == ["the database is back after 25 s"]
    outage.failed(GONE, "the database does not answer")
    assert len(outage.lines) == 3  # the next one is told again


def test_other_workers_say_nothing_more_and_the_last_of_them_ends_it(outage):
    outage.failed(GONE, "the database does not answer")
    other = elsewhere(outage.failed, GONE, "projection waits")
    outage.over()
    assert len(outage.lines) == 1
    other(outage.over)
    other.end()
    assert outage.lines[1:] == ["the database is back after 0 s"]


def test_who_did_not_fail_does_not_end_it(outage):
    outage.failed(GONE, "the database does not answer")
    elsewhere(outage.over).end()
    assert len(outage.lines) == 1


def test_another_trouble_is_told_beside_it_and_a_long_one_again(outage):
    outage.failed(GONE, "no answer")
    outage.failed(DiskFull("No space left on device", "53100"), "nothing is stored")
    outage.now = AGAIN - 1
    outage.failed(GONE, "no answer")
    assert [line.split(":")[0] for line in outage.lines] == ["no answer", "nothing is stored"]
    outage.now = AGAIN
    outage.failed(GONE, "no answer")
    assert len(outage.lines) == 3


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (GONE, AWAY),
        (OperationalError("terminating connection", "57P01"), AWAY),
        (OperationalError("connection failure", "08006"), AWAY),
        (ConnectionRefusedError(), AWAY),
        (DiskFull("full", "53100"), "53100"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_kinds(error, kind):
    assert kind_of(error) == kind


def test_the_line_of_each_attempt_is_left_out():
    logger, seen = logging.Logger("odoo.sql_db"), []
    logger.addHandler(logging.Handler())
    logger.handlers[0].emit = lambda record: seen.append(record.getMessage())
    hush(logger)
    logger.info(EACH_ATTEMPT)
    logger.error("bad query: %s", "SELECT")
    assert seen == ["bad query: SELECT"]
