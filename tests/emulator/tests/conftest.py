"""One emulator for all tests, emptied before each; or plain moto, on which the tests of the gaps must fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

PACKAGE = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--plain-moto` runs the tests against moto without the extension."""
    parser.addoption("--plain-moto", action="store_true", help="use moto without the extension")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    config.addinivalue_line("markers", "gap: shows something that plain moto lacks, and fails there")


META = "test_gap_tests_fail_on_plain_moto"
PLAIN_RUN = pytest.StashKey[subprocess.Popen[str]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the run against plain moto at once, so that it goes on beside the other tests."""
    if _plain(session.config) or session.config.option.collectonly:
        return
    if any(item.name == META for item in session.items):
        options = ["-q", "--plain-moto", "-m", "gap", "--tb=no", "-rp", "-p", "no:cacheprovider"]
        session.config.stash[PLAIN_RUN] = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, str(PACKAGE / "tests")], stdout=subprocess.PIPE, text=True
        )


@pytest.fixture
def plain_run(pytestconfig: pytest.Config) -> str:
    """What pytest said about the tests of the gaps on plain moto."""
    if _plain(pytestconfig):
        pytest.skip("this is that run")
    return pytestconfig.stash[PLAIN_RUN].communicate()[0]


def _plain(config: pytest.Config) -> bool:
    return bool(config.getoption("--plain-moto")) or os.environ.get("EMULATOR_PLAIN") == "1"


class Emulator:
    """A running server and the means to talk to it."""

    def __init__(self, url: str, plain: bool) -> None:
        self.url = url
        self.plain = plain
        self._clients: dict[str, Any] = {}
        self._session = boto3.session.Session()

    def client(self, service: str) -> Any:
        """A client without retries, made once."""
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service,
                endpoint_url=self.url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(
                    region_name="us-east-1",
                    retries={"total_max_attempts": 1},
                    connect_timeout=5,
                    read_timeout=20,
                    inject_host_prefix=False,
                ),
            )
        return self._clients[service]

    def admin(self, call: str, /, **body: Any) -> Any:
        """Call the admin interface."""
        method = "GET" if call in ("inventory", "health") else "POST"
        request = urllib.request.Request(
            f"{self.url}/_admin/{call}", data=json.dumps(body).encode() if method == "POST" else None, method=method
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def reset(self) -> None:
        """Empty the account and take every switch back."""
        if self.plain:
            urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST"), timeout=20)
            return
        self.admin("reset")
        self.admin("speed", factor=0)
        self.admin("consistency", seconds=0, iam_seconds=0)


def _start(arguments: list[str], ready: str) -> tuple[subprocess.Popen[str], str]:
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONUNBUFFERED": "1"}
    errors = open(os.environ.get("EMULATOR_STDERR", os.devnull), "w", encoding="utf-8")  # noqa: SIM115 (as long as the server)
    process = subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if ready in line:
            return process, line.split()[-1]
    raise RuntimeError("the server did not start")


def _start_plain() -> tuple[subprocess.Popen[str], str]:
    code = (
        "import os\n"
        "os.environ['MOTO_IAM_LOAD_MANAGED_POLICIES'] = os.environ['MOTO_EC2_LOAD_DEFAULT_AMIS'] = 'false'\n"
        "import logging; logging.getLogger('werkzeug').setLevel(logging.CRITICAL)\n"
        "from werkzeug.serving import make_server\n"
        "from moto.moto_server.werkzeug_app import *\n"
        "server = make_server('127.0.0.1', 0, DomainDispatcherApplication(create_backend_app), threaded=True,"
        " request_handler=MotoRequestHandler)\n"
        "print('listening on', f'http://127.0.0.1:{server.server_port}', flush=True)\n"
        "server.serve_forever()\n"
    )
    return _start(["-c", code], "listening on")


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[Emulator]:
    """The server of this session."""
    plain = _plain(pytestconfig)
    started = _start_plain() if plain else _start(["-m", "aurora_emulator", "--port", "0"], "listening on")
    process, url = started
    yield Emulator(url, plain)
    process.kill()
    process.wait()


@pytest.fixture
def another() -> Iterator[Emulator]:
    """A server of one's own, just started."""
    process, url = _start(["-m", "aurora_emulator", "--port", "0"], "listening on")
    yield Emulator(url, plain=False)
    process.kill()
    process.wait()


@pytest.fixture
def emulator(server: Emulator) -> Emulator:
    """The server with nothing in it."""
    server.reset()
    return server


@pytest.fixture
def aws(emulator: Emulator) -> Callable[[str], Any]:
    """Clients of an empty account."""
    return emulator.client


@pytest.fixture
def until() -> Callable[[Callable[[], Any], Any], None]:
    """Wait for a value that only time brings."""

    def wait(read: Callable[[], Any], wanted: Any, seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while (seen := read()) != wanted:
            assert time.monotonic() < deadline, f"still {seen!r}, not {wanted!r}"
            time.sleep(0.02)

    return wait
