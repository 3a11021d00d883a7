"""The admin interface under `/_admin/`: speed, consistency, reset, snapshots, inventory and failures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from . import durations, failures, inventory, portrait, snapshot
from .clock import TIMELINE
from .world import WORLD

Handler = Callable[[dict[str, Any]], Any]


class Admin:
    """Routes admin requests; every answer is a JSON document."""

    def __init__(self) -> None:
        self._snapshots = snapshot.Store()
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "health"): self._health,
            ("GET", "inventory"): lambda _: {"resources": inventory.collect()},
            ("POST", "portrait"): lambda body: {"resources": portrait.take(body.get("account"))},
            ("POST", "speed"): self._speed,
            ("POST", "durations"): self._durations,
            ("POST", "consistency"): self._consistency,
            ("POST", "quotas"): self._quotas,
            ("POST", "reset"): self._reset,
            ("POST", "snapshot"): lambda body: {"id": self._snapshots.take(body.get("path"))},
            ("POST", "restore"): self._restore,
            ("POST", "fail"): lambda body: failures.apply(body),
        }

    def __call__(self, environ: dict[str, Any], body: bytes, start_response: Any) -> Iterable[bytes]:
        """Answer one admin request."""
        name = environ["PATH_INFO"].removeprefix("/_admin").strip("/")
        handler = self._routes.get((environ["REQUEST_METHOD"], name))
        if handler is None:
            return reply(start_response, "404 Not Found", {"error": f"no admin call {name!r}"})
        try:
            answer = handler(json.loads(body) if body.strip() else {})
        except (KeyError, ValueError, TypeError, OSError) as error:
            return reply(start_response, "400 Bad Request", {"error": f"{type(error).__name__}: {error}"})
        return reply(start_response, "200 OK", answer)

    def _health(self, _: dict[str, Any]) -> Any:
        return {
            "status": "ok",
            "speed": TIMELINE.factor,
            "emulated_seconds": TIMELINE.now(),
            "consistency": vars(WORLD.settings),
        }

    def _speed(self, body: dict[str, Any]) -> Any:
        TIMELINE.set_factor(float(body["factor"]))
        return {"factor": TIMELINE.factor}

    def _durations(self, body: dict[str, Any]) -> Any:
        return {"durations": durations.override(body)}

    def _consistency(self, body: dict[str, Any]) -> Any:
        WORLD.settings.consistency_seconds = float(body.get("seconds", 0))
        WORLD.settings.iam_propagation_seconds = float(body.get("iam_seconds", 0))
        return vars(WORLD.settings)

    def _quotas(self, body: dict[str, Any]) -> Any:
        WORLD.settings.quota_factor = int(body["factor"])
        return {"factor": WORLD.settings.quota_factor}

    def _reset(self, _: dict[str, Any]) -> Any:
        snapshot.reset()
        return {"status": "ok"}

    def _restore(self, body: dict[str, Any]) -> Any:
        self._snapshots.restore(body.get("id"), body.get("path"))
        return {"status": "ok"}


def reply(start_response: Any, status: str, document: Any) -> Iterable[bytes]:
    """A JSON document as a WSGI answer."""
    content = json.dumps(document, default=str).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    start_response(status, headers)
    return [content]
