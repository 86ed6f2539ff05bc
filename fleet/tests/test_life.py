# SPDX-License-Identifier: LGPL-3.0-or-later
"""A machine's whole life at random: whatever happens, the promises hold."""

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fleet import device as devices
from fleet.errors import Refused
from fleet.options import Options
from fleet.state import State
from fleet.tests import standin
from fleet.tests.conftest import Bench

SLOTS = st.sampled_from(("A1", "A2"))
OUTCOMES = st.sampled_from(("success", "failed", "partial", "unknown", "jam"))
VENDS = st.sampled_from(tuple("abcdef"))


class Life(RuleBasedStateMachine):
    """Sales, vends, power cuts, lost lines, acknowledgements, in any order."""

    def __init__(self):
        super().__init__()
        options = Options(start_spread=0, dispense=1, hello=0, tele=0, rate=0, ack_timeout=5)
        self.bench = Bench(options=options, qty=5)
        self.moves, self.texts, self.stored, self.bought = {}, {}, {}, set()

    @rule(slot=SLOTS, outcome=OUTCOMES, qty=st.integers(1, 2))
    def buys(self, slot, outcome, qty):
        try:
            vend_id = self.bench.device.buy(self.bench.now, slot, qty, "cash", outcome)
        except Refused:
            return
        self.bought.add(vend_id)
        self._moved()

    @rule(vend=VENDS, slot=SLOTS, seconds=st.sampled_from((-1, 60)))
    def authorises(self, vend, slot, seconds):
        self.bench.vend(vend_id=vend, slot=slot, seconds=seconds)
        self._moved()

    @rule(vend=VENDS)
    def cancels(self, vend):
        self.bench.command("vend.cancel", {"vend_id": vend})

    @rule()
    def fills(self):
        self.bench.device.service.visit(self.bench.now)

    @rule(seconds=st.floats(0.1, 8))
    def waits(self, seconds):
        self._hear(self.bench.listen(seconds))

    @rule()
    def loses_power(self):
        self.bench.power()
        self._moved(restarted=True)

    @rule()
    def connects(self):
        self.bench.device.connected(self.bench.now)

    @rule()
    def loses_the_line(self):
        self.bench.device.disconnected()

    @rule(holes=st.sets(st.integers(1, 60), max_size=4))
    def acknowledges(self, holes):
        stored = set(self.stored)
        top = max(stored, default=0)
        missing = sorted(set(range(1, top + 1)) - stored | holes & set(range(1, top + 1)))
        ack = {"epoch": 1, "ack_seq": top, "missing": missing, "rejected": []}
        self._hear(self.bench.receive("evt_ack", ack))

    def _hear(self, said):
        for suffix, document in said:
            if suffix == "up/evt":
                for event in document if isinstance(document, list) else [document]:
                    self.stored.setdefault(event["seq"], event)
                    assert self.stored[event["seq"]] == event, "one number, two events"

    def _moved(self, restarted=False):
        now = dict(self.bench.device.motor.moves)
        assert all(count == 1 for count in now.values()), "the motor moved twice"
        if restarted:
            assert not now
        for vend in now.keys() - self.moves.get("seen", set()):
            assert vend not in self.moves, "the motor moved again after a restart"
            self.moves[vend] = True
        self.moves["seen"] = set(now)

    @invariant()
    def numbers_are_never_used_twice(self):
        for seq, text in self.bench.state.pending.items():
            assert self.texts.setdefault(seq, text) == text
            assert json.loads(text)["seq"] == seq < self.bench.state.next_seq

    @invariant()
    def nothing_is_forgotten_before_it_is_stored(self):
        held = self.bench.state.pending.keys() | self.stored.keys()
        assert held >= set(range(1, self.bench.state.next_seq))

    @invariant()
    def the_journal_tells_the_same_story(self):
        again = State()
        for record in self.bench.journal.open():
            again.apply(record)
        assert again.snapshot() == self.bench.state.snapshot()

    @invariant()
    def every_purchase_is_told_or_in_hand(self):
        known = self.bench.state.sold.keys() | self.bench.state.vends.keys()
        assert self.bought <= known


class SmallLife(Life):
    """The same with a journal that is compacted all the time."""

    def __init__(self):
        super().__init__()
        self.bench.device._compact_at = 0

    @rule()
    def loses_power(self):
        self.bench.power()
        self.bench.device._compact_at = 0
        self._moved(restarted=True)


QUICK = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase
TestLife.settings = QUICK
TestSmallLife = SmallLife.TestCase
TestSmallLife.settings = QUICK


def test_compaction_happens_by_size(monkeypatch):
    monkeypatch.setattr(devices, "COMPACT_AT", 2000)
    bench = Bench()
    for _ in range(200):
        bench.device.service.open_door(bench.now, "x")
        bench.device.service.close_door(bench.now, "x")
        bench.listen()
        ack = {"epoch": 1, "ack_seq": bench.state.next_seq - 1, "missing": [], "rejected": []}
        bench.receive("evt_ack", ack)
    assert len(bench.journal.records) < 100
    before = bench.state.snapshot()["snapshot"] | {"boots": 2}
    bench.power()
    assert bench.state.snapshot()["snapshot"] == before


def test_the_same_seed_lives_the_same_life():
    def life(seed):
        bench = Bench(options=Options(seed=seed, fail_rate=0.5, dispense=0, hello=0))
        for _ in range(6):
            bench.device.buy(bench.now, "A1")
        return [data["outcome"] for data in bench.data("vend.local")]

    lives = [life(seed) for seed in range(8)]
    assert lives == [life(seed) for seed in range(8)]
    assert len({tuple(each) for each in lives}) > 1


def test_the_stand_in_fits_the_device(bench):
    assert bench.state.version == standin.planogram()["version"]
