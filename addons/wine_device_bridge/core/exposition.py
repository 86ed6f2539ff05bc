# SPDX-License-Identifier: LGPL-3.0-or-later
"""Prometheus' text format 0.0.4, written from figures; no client library is needed for it.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import re

from .metrics import BUCKETS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "wine_bridge_"
_BAD_NAME = re.compile(r"[^a-zA-Z0-9_]")


class Exposition:
    """Collects families of samples and writes each once, with its help and type."""

    def __init__(self):
        self._families = {}

    def counter(self, name, value, help_text="", **labels):
        """A figure that only grows; ``_total`` is added to its name."""
        name = f"{PREFIX}{_plain(name)}_total"
        self._family(name, "counter", help_text).append((name, labels, value))

    def gauge(self, name, value, help_text="", **labels):
        """A figure as it is now; None is left out."""
        name = PREFIX + _plain(name)
        family = self._family(name, "gauge", help_text)
        if value is not None:
            family.append((name, labels, value))

    def histogram(self, name, counts, total, help_text="", **labels):
        """Durations; ``counts`` per bucket of :data:`~.metrics.BUCKETS` and one above."""
        name = PREFIX + _plain(name)
        family = self._family(name, "histogram", help_text)
        upto = 0
        bounds = [*map(_number, BUCKETS), "+Inf"]
        for bound, inside in zip(bounds, counts, strict=True):
            upto += inside
            family.append((f"{name}_bucket", {**labels, "le": bound}, upto))
        family.append((f"{name}_sum", labels, total))
        family.append((f"{name}_count", labels, upto))

    def process(self, snapshot, **labels):
        """Everything in a snapshot of :class:`~.metrics.Metrics`, with labels of the process."""
        for name, own, value in snapshot.get("counters", ()):
            self.counter(name, value, **{**own, **labels})
        for name, own, value in snapshot.get("gauges", ()):
            self.gauge(name, value, **{**own, **labels})
        for name, own, counts, total in snapshot.get("histograms", ()):
            if len(counts) == len(BUCKETS) + 1:  # else a process of another release
                self.histogram(name, counts, total, **{**own, **labels})

    def text(self):
        """The whole exposition."""
        lines = []
        for name, (kind, help_text, samples) in self._families.items():
            if not samples:
                continue
            lines += [f"# HELP {name} {_escaped(help_text)}"] if help_text else []
            lines.append(f"# TYPE {name} {kind}")
            lines += [f"{sample}{_braced(labels)} {_number(v)}" for sample, labels, v in samples]
        return "\n".join(lines) + "\n"

    def _family(self, name, kind, help_text):
        family = self._families.setdefault(name, (kind, help_text, []))
        return family[2] if family[0] == kind else []  # the first one to name it decides


def _plain(name):
    return _BAD_NAME.sub("_", name)


def _escaped(text):
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _braced(labels):
    if not labels:
        return ""
    pairs = (
        f'{_plain(name)}="{_escaped(str(value)).replace(chr(34), chr(92) + chr(34))}"'
        for name, value in labels.items()
    )
    return "{" + ",".join(pairs) + "}"


def _number(value):
    return repr(float(value)) if isinstance(value, float) else str(int(value))
