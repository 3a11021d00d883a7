"""The tests of the gaps are worth something only if plain moto fails them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def test_gap_tests_fail_on_plain_moto(pytestconfig: pytest.Config) -> None:
    """Run them there, in a process of their own: not one may pass."""
    if pytestconfig.getoption("--plain-moto"):
        pytest.skip("this is that run")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--plain-moto",
        "-m",
        "gap",
        "--tb=no",
        "-rp",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run([*command, str(HERE)], capture_output=True, text=True, check=False)
    passed = re.findall(r"^PASSED (\S+)", done.stdout, re.MULTILINE)
    assert passed == [], f"these pass on plain moto and show nothing: {passed}"
    failed = re.search(r"(\d+) failed", done.stdout)
    assert failed is not None, done.stdout[-2000:]
    assert int(failed[1]) > 80, done.stdout[-2000:]
