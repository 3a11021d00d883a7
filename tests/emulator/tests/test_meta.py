"""The tests of the gaps are worth something only if plain moto fails them."""

from __future__ import annotations

import re


def test_gap_tests_fail_on_plain_moto(plain_run: str) -> None:
    """They ran there, in a process of their own: not one may have passed."""
    passed = re.findall(r"^PASSED (\S+)", plain_run, re.MULTILINE)
    assert passed == [], f"these pass on plain moto and show nothing: {passed}"
    failed = re.search(r"(\d+) failed", plain_run)
    assert failed is not None, plain_run[-2000:]
    assert int(failed[1]) > 80, plain_run[-2000:]
