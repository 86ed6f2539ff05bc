# SPDX-License-Identifier: LGPL-3.0-or-later
"""A server of one file, for the device under trial to fetch its firmware from."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def serving(image, host="127.0.0.1"):
    """Serve these bytes while the block runs; gives their URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(image)))
            self.end_headers()
            self.wfile.write(image)

        def log_message(self, *_args):
            """Say nothing."""

    http = ThreadingHTTPServer((host, 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{http.server_port}/image"
    finally:
        http.shutdown()
        http.server_close()
