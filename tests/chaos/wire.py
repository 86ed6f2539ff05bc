# SPDX-License-Identifier: LGPL-3.0-or-later
"""A wire between two ends that can be cut, fall silent or be slow: a proxy of our own."""

import asyncio
import threading
from pathlib import Path

CHUNK = 64 * 1024


class Wire:
    """Use as a context manager. Ends are (host, port) or the path of a unix socket.

    `cut`: connections break and new ones break at once. `silence`: connections stay up and nothing
    passes, as behind a modem that lost its carrier; `mend` lets go of what had fallen silent.
    """

    def __init__(self, near, far):
        self.near, self.far = near, far
        self.delay, self.whole, self.passed = 0.0, True, 0
        self._writers, self._loop = set(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._flowing = self._call(self._listen())
        return self

    def __exit__(self, *_error):
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
        if not isinstance(self.near, tuple):
            Path(self.near).unlink(missing_ok=True)

    def cut(self):
        """Break what there is, and whatever is tried from now on."""
        self.whole = False
        self._call(self._abort())

    def silence(self):
        """Let nothing through, and say so to nobody."""
        self._call(self._set_flowing(False))

    def slow(self, seconds):
        """Hold each piece back for so long; 0 is as fast as can be."""
        self.delay = seconds

    def mend(self):
        """As new; what was connected through the silence is gone."""
        self.whole, self.delay = True, 0.0
        self._call(self._set_flowing(True))

    # === ON THE LOOP'S THREAD === #

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self):
        flowing = asyncio.Event()
        flowing.set()
        if isinstance(self.near, tuple):
            self._server = await asyncio.start_server(self._serve, *self.near, limit=CHUNK)
        else:
            self._server = await asyncio.start_unix_server(self._serve, self.near, limit=CHUNK)
        return flowing

    async def _close(self):
        self._server.close()
        await self._abort()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _abort(self):
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    async def _set_flowing(self, flowing):
        if flowing and not self._flowing.is_set():
            await self._abort()
            self._flowing.set()
        elif not flowing:
            self._flowing.clear()

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        if not self.whole:
            return writer.transport.abort()
        try:
            await self._flowing.wait()
            there = await self._reach()
        except (OSError, asyncio.CancelledError):
            return writer.transport.abort()
        self._writers.add(there[1])
        ends = (self._pump(reader, there[1]), self._pump(there[0], writer))
        await asyncio.gather(*ends, return_exceptions=True)
        self._writers -= {writer, there[1]}
        return None

    async def _reach(self):
        if isinstance(self.far, tuple):
            return await asyncio.open_connection(*self.far, limit=CHUNK)
        return await asyncio.open_unix_connection(self.far, limit=CHUNK)

    async def _pump(self, reader, writer):
        try:
            while data := await reader.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._flowing.wait()
                self.passed += len(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
