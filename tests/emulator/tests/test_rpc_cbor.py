"""The CBOR protocol: items on the wire (whole calls are made by the program's own end to end tests)."""

from __future__ import annotations

import io
from typing import Any

import pytest

from aurora_emulator.rpc_cbor import decode, encode


@pytest.mark.parametrize(
    "value",
    [0, 23, 24, 255, 256, 65536, 1 << 40, -1, -25, 1.5, True, False, "", "x" * 300, [1, [2]], {"a": {"b": ["c"]}}],
)
def test_items_come_back(value: Any) -> None:
    """What is encoded decodes to itself."""
    assert decode(io.BytesIO(encode(value, None))) == value


def test_indefinite_lengths() -> None:
    """Lists, maps and strings of indefinite length."""
    assert decode(io.BytesIO(b"\xbf\x61a\x9f\x01\x02\xff\x61b\x7f\x61x\x61y\xff\xff")) == {"a": [1, 2], "b": "xy"}


def test_nulls_are_left_out() -> None:
    """A null is an absent member."""
    assert decode(io.BytesIO(encode({"a": None, "b": 1}, None))) == {"b": 1}
