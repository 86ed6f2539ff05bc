# SPDX-License-Identifier: LGPL-3.0-or-later
"""One scenario played: the devices at work, the trouble, the clock until all is well, the count."""

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.chaos import company, count, journals, platform
from tests.chaos.crew import Crew
from tests.chaos.desk import SECONDS, Desk

PATIENCE = 300
FEW = 2000  # so many events do not keep a bridge busy: devices need not be patient either
SCENARIOS = {}


@dataclass
class Result:
    """What came of a scenario; `notes` is what a reader should know besides."""

    name: str
    story: str
    wanted: int = 0
    events: int = 0
    vends: int = 0
    asked: int = 0
    quarantined: int = 0
    catch_up: float = 0.0
    spent: float = 0.0
    verdict: count.Verdict = field(default_factory=count.Verdict)
    notes: list = field(default_factory=list)

    @property
    def passed(self):
        """As many events as were wanted; nothing lost, twice, refused or left over."""
        return self.verdict.clean and not self.quarantined and self.events >= self.wanted


class NoTrouble(AssertionError):
    """The trouble that a scenario is about did not come to be: it would prove nothing."""


def scenario(name, short=False, **crew):
    """Register a function of a Stage as a scenario. Its docstring is the story.

    :param short: part of the short form
    :param crew: options of the fleet; ``wired`` puts the devices behind their wire, ``door`` has
        so many of them speak at the HTTPS door, and leaves the others out
    """

    def register(play):
        story = " ".join((play.__doc__ or "").split())
        SCENARIOS[name] = Scenario(name, story, play, short, crew)
        return play

    return register


@dataclass(frozen=True)
class Scenario:
    """A named story that can be played on any ground."""

    name: str
    story: str
    play: object
    short: bool
    crew: dict


class Stage:
    """What a scenario acts with. Shares are of the events that the whole scenario has."""

    def __init__(self, ground, scenario, events):
        self.ground, self.scenario, self.events = ground, scenario, events
        self.result = Result(scenario.name, scenario.story, wanted=events)
        self.crew, self.over_at, self.made, self.wrong = None, None, 0, []
        self.desk = None

    def run(self):
        """Play, settle, count; returns the Result."""
        began = self.began = time.monotonic()
        with self._played():
            self.scenario.play(self)
            self.settle()
        self._count()
        self.result.spent = time.monotonic() - began
        return self.result

    @contextmanager
    def _played(self):
        self.ground.recover()
        if not any(bridge.poll() is None for bridge in self.ground.bridges):
            self.ground.start_bridge()
        self.desk = Desk(self.ground, SECONDS // 2 if self.few else SECONDS)
        try:
            if not journals.begin(self.ground.state):
                self._clear()
            self._mark()
            self.open_crew()
            self._await_ready()
            yield
        finally:
            self.desk.close()
            if self.crew:
                self.close_crew()
            self.ground.stop_odoo()

    def _await_ready(self):
        """Step until every machine is online; a bridge that ends meanwhile is said at once."""
        bridge, ready = self.ground.bridge, self.crew.fleet.ready
        self.crew.fleet.run_until(lambda: ready() or bridge.poll() is not None, 120)
        if bridge.poll() is not None:
            raise AssertionError(f"the bridge ended with {bridge.returncode}: see its log")
        if not ready():
            raise AssertionError("not every machine came online with its planogram")
        self.crew.fill()
        if not self.crew.until(lambda: self.crew.fleet.drained() and self._all_online(), 120):
            raise AssertionError("the platform does not know that every machine is online")

    def _all_online(self):
        away = self.ground.query(
            "SELECT count(*) FROM wine_machine WHERE uuid = ANY(%s)"
            " AND connection_state <> 'online'",
            [machine.uuid for machine in self.crew.machines],
        )[0][0]
        return not away and not self._unused()

    def _clear(self):
        """An earlier scenario broke off: what it left is delivered first, and not counted here."""
        self.open_crew()
        self._until_closed(PATIENCE)
        self.close_crew()
        if not journals.begin(self.ground.state):
            raise AssertionError("events of an earlier scenario are still not acknowledged")

    def _mark(self):
        with self.ground.cluster.connect(self.ground.name) as connection:
            self.since = platform.mark(connection.cursor())
        connection.close()

    def open_crew(self, clock=time.time):
        """The devices are switched on."""
        options = ({"ack_timeout": 2.0} if self.few else {}) | self.scenario.crew
        config = self.ground.fleet_config(options.pop("wired", False))
        if door := options.pop("door", 0):
            machines = config["machines"][:door]
            config |= {"door": self.ground.open_door(), "machines": machines}
        self.crew = Crew(config, self.ground.state, clock, self.desk, **options).start()

    @property
    def few(self):
        """Whether it is over soon, so that nobody needs to be patient."""
        return self.events <= FEW

    def close_crew(self):
        """The devices are switched off, journals kept."""
        crew, self.crew = self.crew, None
        self.destroyed = getattr(self, "destroyed", set()) | crew.destroyed
        crew.close()

    # === WHAT A STORY DOES === #

    def work(self, share):
        """Have a share of the events journalled, while everything else goes on."""
        self._work(round(self.events * share))

    def work_rest(self):
        """Whatever is left of the events: no scenario has fewer than it says."""
        if self.made < self.events:
            self._work(self.events - self.made)

    @property
    def worked(self):
        """The share of the events that is journalled."""
        return self.made / self.events

    def _work(self, events):
        self.made += self.crew.work(events)

    def over(self):
        """The trouble ends now: the clock of the catching up begins."""
        self.over_at = time.monotonic()

    def note(self, text):
        """Something to be read in the table."""
        self.result.notes.append(text)

    def trouble(self, happened, what):
        """NoTrouble unless it happened."""
        if not happened:
            raise NoTrouble(f"{self.scenario.name}: {what}")

    def await_bridge(self):
        """Step until the bridge stores what machines say: it has taken up its work."""
        before = self._newest()
        self._work(len(self.crew.machines))
        working = self.crew.until(lambda: self._newest() > before, 120)
        self.trouble(working, "the bridge does not begin to work")

    def _newest(self):
        return self.ground.query("SELECT coalesce(max(id), 0) FROM wine_bridge_event")[0][0]

    def await_death(self, bridge, seconds=60):
        """Step until a bridge has killed itself at its point."""
        self.trouble(
            self.crew.fleet.run_until(lambda: bridge.poll() is not None, seconds),
            "the bridge never came by the point at which it dies",
        )
        self.trouble(bridge.returncode == -9, f"the bridge ended with {bridge.returncode}")

    # === THE END === #

    def settle(self, patience=PATIENCE):
        """Step until every event is acknowledged and used, or patience is over."""
        self.work_rest()
        for machine in self.crew.machines:
            machine.wanted = True
        self._until_used(patience)
        self.result.catch_up = self.result.catch_up or time.monotonic() - (
            self.over_at or self.began
        )
        self._until_closed(patience)

    def _until_used(self, patience):
        drained = self.crew.fleet.drained
        self.crew.until(
            lambda: self.desk.idle and drained() and not self._unused(),
            patience,
        )

    def _until_closed(self, patience):
        """No vend of the platform is left that a machine may still answer; none keeps us long."""
        self._until_used(patience)
        self.crew.until(lambda: not self.desk.open_vends(), 3 * SECONDS)
        self._until_used(patience)

    def _unused(self):
        try:
            return self.ground.waiting()
        except Exception:  # noqa: BLE001 - a database that is away has not used anything
            return 1

    def _count(self):
        told = self.told = journals.read(self.ground.state)
        told.destroyed, told.asked = self.destroyed, dict(self.desk.asked.values())
        self.ground.do(_take_stock)
        with self.ground.cluster.connect(self.ground.name) as connection:
            held = platform.read(connection.cursor(), self.since, company.PREFIX, stock=True)
            self.held = held
        connection.close()
        self.ground.gone += count.unheard_of(told, held)
        told.gone = self.ground.gone
        result = self.result
        result.events, result.vends = len(told.events), len(told.sales)
        result.asked = len(told.asked)
        result.quarantined = held.quarantined
        result.verdict = count.compare(told, held)
        result.verdict.unused += [f"event {one} waits in its journal" for one in told.pending]
        result.verdict.unused += self.wrong
        result.notes.append(_fates(told, held))
        if self.destroyed:
            result.notes.append(f"{len(self.destroyed)} undelivered events went with their boards")


def _fates(told, held):
    """What became of the vends of the platform, for a reader."""
    fates = Counter(state for vend, state, *_rest in held.vends if vend in told.asked)
    said = ", ".join(f"{count:,} {state}" for state, count in fates.most_common())
    return f"{len(told.asked):,} vends paid at the platform: {said or 'none'}"


def _take_stock(env):
    """What Odoo does every five minutes: sold bottles leave the stock."""
    env["pos.session"]._cron_wine_flush_stock()
