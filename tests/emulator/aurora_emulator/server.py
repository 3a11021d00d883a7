"""The HTTP server: moto's applications and the admin interface on one port, one request at a time.

Requests are read and answered in threads, but worked on under one lock: rules that look at several resources then see
one state, and a snapshot never falls into the middle of a call. The interpreter binds the work to one core anyway.
"""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from . import startup  # noqa: F401, I001  (before anything that imports moto's EC2)

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from . import extension, missing_services, rpc_cbor
from .admin import Admin, reply
from .clock import TIMELINE

StartResponse = Callable[..., Any]


# What a stack with a database calls, in the order in which it does: moto's name and that of the service model.
_WARM = {
    "sts": "sts",
    "iam": "iam",
    "ec2": "ec2",
    "rds": "rds",
    "kms": "kms",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
    "logs": "logs",
    "sns": "sns",
    "cloudwatch": "cloudwatch",
    "applicationautoscaling": "application-autoscaling",
    "secretsmanager": "secretsmanager",
}


class Handler(MotoRequestHandler):
    """Connections stay open between requests: a client that makes a hundred calls opens few sockets."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the call log is the proxy's business."""

    def setup(self) -> None:
        """Answer small messages at once."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)


class Application:
    """The WSGI application: admin paths to us, everything else to moto."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.admin = Admin()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        body = _read(environ)
        if len(body) < int(environ.get("CONTENT_LENGTH") or 0):
            return reply(start_response, "400 Bad Request", {"message": "The request ended too early."})
        environ["wsgi.input"] = io.BytesIO(body)
        with self.lock:
            TIMELINE.advance()
            if environ.get("PATH_INFO", "").startswith("/_admin"):
                return self.admin(environ, body, start_response)
            own = _own_service(environ, body)
            if own is not None:
                return reply(start_response, *own)
            target = rpc_cbor.operation(environ)
            if target is not None:
                status, headers, text = rpc_cbor.call(environ, body, target, self.moto)
                start_response(status, [*headers, ("Content-Length", str(len(text)))])
                return [text]
            return [b"".join(self.moto(environ, start_response))]

    def warm(self) -> None:
        """Load what the first calls would otherwise wait for."""
        for service, model in _WARM.items():
            with self.lock:
                _warm_service(self.moto, service, model)


def _read(environ: dict[str, Any]) -> bytes:
    """The whole body, before the lock is taken: a slow client must hold up nobody else."""
    length = environ.get("CONTENT_LENGTH")
    if length:
        return environ["wsgi.input"].read(int(length))
    if environ.get("wsgi.input_terminated"):
        return environ["wsgi.input"].read()
    return b""


def _own_service(environ: dict[str, Any], body: bytes) -> tuple[str, Any] | None:
    """The answer to a call of a service that moto has no application for."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0].split("/")
    if len(scope) < 5 or scope[3] not in ("pi", "pricing"):
        return None
    return missing_services.answer(scope[3], environ.get("HTTP_X_AMZ_TARGET", ""), body, (DEFAULT_ACCOUNT_ID, scope[2]))


def _warm_service(application: DomainDispatcherApplication, service: str, model: str) -> None:
    region = "aws" if service in ("iam", "sts") else "us-east-1"
    backends: Any = get_backend(service)  # type: ignore[call-overload]
    backends[DEFAULT_ACCOUNT_ID][region]
    get_service_model(model)
    if service not in application.app_instances:
        application.app_instances[service] = create_backend_app(service)  # type: ignore[arg-type]


def build(host: str, port: int) -> tuple[BaseWSGIServer, Application]:
    """A server that is bound and ready to serve; port 0 picks a free one."""
    extension.load()
    application = Application()
    server = make_server(host, port, application, threaded=True, request_handler=Handler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    return server, application
