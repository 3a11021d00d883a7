"""`python -m aurora_emulator`: run the emulator until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading

from .clock import TIMELINE
from .world import WORLD


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aurora_emulator", description="A stand-in for AWS on one port.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=4566, help="port to listen on; 0 picks a free one")
    parser.add_argument("--speed", type=float, default=0.0, help="AWS seconds per second; 0 or inf: everything at once")
    parser.add_argument("--consistency", type=float, default=0.0, help="seconds until a created id can be described")
    return parser.parse_args()


def main() -> None:
    """Start, say where, serve."""
    arguments = _arguments()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from .server import build

    server, application = build(arguments.host, arguments.port)
    TIMELINE.set_factor(arguments.speed)
    WORLD.settings.consistency_seconds = arguments.consistency
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    threading.Thread(target=application.warm, daemon=True).start()
    sys.stdout.write(f"listening on http://{arguments.host}:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
