# SPDX-License-Identifier: LGPL-3.0-or-later
"""What becomes an alert, how grave it is, and which of them belong together."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

RANKS = {"info": 0, "warning": 1, "critical": 2}
#: so many faults of one machine are alerts of their own; the others are one together
MOST_FAULTS = 5
#: detail of the alert that stands for several of a kind
SEVERAL = "*"
#: machines that fall silent within this time of each other did so together
TOGETHER = timedelta(minutes=10)

#: kind → whether a value is trouble, given the threshold of the rule
THRESHOLDS = {
    "humidity": lambda value, threshold: value >= threshold,
    "stock": lambda value, threshold: value < threshold,
    "slot": lambda value, threshold: value >= max(threshold, 1),
    "cash": lambda value, threshold: value >= threshold,
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Trouble as it is now. ``since`` is naive UTC; ``times`` counts what the machine counted."""

    machine_id: int
    kind: str
    detail: str = ""
    since: datetime | None = None
    value: float = 0.0
    threshold: float = 0.0
    severity: str = "info"
    note: str = ""
    times: int = 0

    @property
    def key(self):
        return self.machine_id, self.kind, self.detail


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert rule as plain values; ``region`` and ``model`` are ids or None for all."""

    kind: str
    region: int | None = None
    model: int | None = None
    enabled: bool = True
    severity: str = "warning"
    threshold: float = 0.0
    delay: int = 0
    critical: int = 0
    clear: int = 5
    reopen: int = 60
    group_from: int = 0
    maintenance: bool = False
    notify: str = "manager"


class RuleBook:
    """Rules, the most special one for each machine first: nearest region, then its model."""

    def __init__(self, rules):
        self.by_scope = {(rule.kind, rule.region, rule.model): rule for rule in rules}

    def pick(self, kind, regions, model):
        """:param regions: ids of the machine's region and those above, nearest first"""
        for region in (*regions, None):
            for wanted in (model, None):
                rule = self.by_scope.get((kind, region, wanted))
                if rule:
                    return rule
        return None


def is_trouble(cause, rule):
    """Whether a rule sees trouble in it at all, however new it is."""
    if rule is None or not rule.enabled:
        return False
    check = THRESHOLDS.get(cause.kind)
    return check is None or check(cause.value, rule.threshold)


def lasted(cause, now):
    """For how long; a device's clock may be a little ahead of ours."""
    return max(now - (cause.since or now), timedelta())


def is_due(cause, rule, now):
    """Whether the trouble has lasted for as long as the rule waits."""
    return lasted(cause, now) >= timedelta(minutes=rule.delay)


def severity(cause, rule, now):
    """The graver of what the machine says and what the rule says, after its time critical."""
    if rule.critical and lasted(cause, now) >= timedelta(minutes=rule.critical):
        return "critical"
    return max(cause.severity, rule.severity, key=RANKS.get)


def bundled(causes):
    """The causes with the faults of each machine limited: the gravest alone, the others as one."""
    faults, others = {}, []
    for cause in causes:
        if cause.kind == "fault":
            faults.setdefault(cause.machine_id, []).append(cause)
        else:
            others.append(cause)
    for found in faults.values():
        found.sort(key=lambda cause: (-RANKS[cause.severity], cause.since, cause.detail))
        alone = found if len(found) <= MOST_FAULTS else found[: MOST_FAULTS - 1]
        others += alone
        rest = found[len(alone) :]
        if rest:
            others.append(
                replace(rest[0], detail=SEVERAL, value=float(len(rest)), note="", times=0)
            )
    return others


def together(moments, least):
    """Which of [(moment, thing)] lie so close that at least ``least`` share one stretch of time.

    :return: the things of the largest such stretch, earliest first; empty where there is none
    """
    ordered = sorted(moments, key=lambda pair: pair[0])
    best, first = (0, 0), 0
    for last, (moment, _thing) in enumerate(ordered):
        while moment - ordered[first][0] > TOGETHER:
            first += 1
        if last + 1 - first > best[1] - best[0]:
            best = first, last + 1
    if best[1] - best[0] < max(least, 2):
        return []
    return [thing for _moment, thing in ordered[best[0] : best[1]]]
