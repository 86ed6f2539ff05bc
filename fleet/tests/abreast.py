# SPDX-License-Identifier: LGPL-3.0-or-later
"""Trials that wait most of their time, made several at a time."""

from concurrent.futures import ThreadPoolExecutor


class Abreast:
    """Begins to try all cases of one test at once; each test then asks for its own.

    :param request: pytest's, of a fixture of the module
    :param str test: name of the test function; :param str parameter: what tells its cases apart
    :param try_one: called with a case, in a thread
    """

    def __init__(self, request, test, parameter, try_one, workers=8):
        cases = [
            item.callspec.params[parameter]
            for item in request.session.items
            if getattr(item, "originalname", None) == test and item.path == request.path
        ]
        self.pool = ThreadPoolExecutor(workers)
        self.futures = {case: self.pool.submit(try_one, case) for case in cases}

    def of(self, case):
        """What came of a case; raises what its trial raised."""
        return self.futures[case].result()

    def close(self):
        """Wait for what was begun."""
        self.pool.shutdown(cancel_futures=True)
