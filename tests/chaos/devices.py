# SPDX-License-Identifier: LGPL-3.0-or-later
"""Machines in a process of their own, to be killed: says `enough`, goes on until it is."""

import sys

from tests.chaos.crew import Crew


def main(config, folder, events):
    """``python -m tests.chaos.devices CONFIG FOLDER EVENTS``."""
    crew = Crew(config, folder).start()
    crew.fleet.run_until(crew.fleet.ready, 60)
    crew.work(int(events))
    print("enough", flush=True)
    while True:
        crew.work(100)


if __name__ == "__main__":
    main(*sys.argv[1:])
