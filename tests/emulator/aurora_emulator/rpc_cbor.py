"""Smithy RPC v2 with CBOR, which the newer AWS SDKs speak to CloudWatch and moto does not.

A call is turned into the same call of the service's JSON protocol before moto sees it, and its answer back: both have
the same members, so only the wire differs. What a type is on the wire (a double that happens to be whole, a time) is
told by botocore's model of the service.
"""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from botocore.model import Shape
from dateutil.parser import isoparse
from moto.core.utils import get_service_model

_PATH = re.compile(r"^/service/(?P<target>\w+)/operation/(?P<operation>\w+)$")
_BREAK = object()
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None, 31: _BREAK}

Headers = list[tuple[str, str]]
Application = Callable[..., Iterable[bytes]]
# The name under which requests are signed, where it is not the name of the service's model.
_SIGNED = {"monitoring": "cloudwatch"}


def operation(environ: dict[str, Any]) -> str | None:
    """`Target.Operation` of a call in this protocol; None for every other call."""
    call = _PATH.match(environ.get("PATH_INFO", ""))
    if call is None or environ.get("HTTP_SMITHY_PROTOCOL") != "rpc-v2-cbor":
        return None
    return f"{call['target']}.{call['operation']}"


def call(environ: dict[str, Any], body: bytes, target: str, application: Application) -> tuple[str, Headers, bytes]:
    """Make the call in the service's JSON protocol; the answer has its length not among its headers."""
    sent = json.dumps(decode(io.BytesIO(body)) if body else {}).encode()
    translated = {
        **environ,
        "PATH_INFO": "/",
        "RAW_URI": "/",
        "REQUEST_URI": "/",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(sent)),
        "HTTP_X_AMZ_TARGET": target,
        "wsgi.input": io.BytesIO(sent),
    }
    del translated["HTTP_SMITHY_PROTOCOL"]
    answered: list[tuple[str, Headers]] = []
    text = b"".join(application(translated, lambda status, headers, *_: answered.append((status, headers))))
    status, headers = answered[0]
    answer = json.loads(text) if text.strip() else {}
    payload = encode(answer, _output(environ, target) if status.startswith("2") else None)
    replaced = {"content-type", "content-length"}
    headers = [(name, value) for name, value in headers if name.lower() not in replaced]
    return status, [*headers, ("Smithy-Protocol", "rpc-v2-cbor"), ("Content-Type", "application/cbor")], payload


def _output(environ: dict[str, Any], target: str) -> Shape | None:
    """The shape of an operation's result."""
    signed = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    name = signed[3] if len(signed) > 3 else "monitoring"
    return get_service_model(_SIGNED.get(name, name)).operation_model(target.partition(".")[2]).output_shape


def decode(stream: BinaryIO) -> Any:
    """One data item."""
    first = stream.read(1)[0]
    major, info = first >> 5, first & 31
    if major == 7:
        if info in _FLOATS:
            form = _FLOATS[info]
            return struct.unpack(form, stream.read(struct.calcsize(form)))[0]
        return _SIMPLE[info]
    if info == 31:
        return _indefinite(stream, major)
    number = info if info < 24 else int.from_bytes(stream.read(1 << (info - 24)), "big")
    if major in (0, 1):
        return number if major == 0 else -1 - number
    if major in (2, 3):
        content = stream.read(number)
        return content.decode() if major == 3 else content
    if major == 4:
        return [decode(stream) for _ in range(number)]
    if major == 5:
        return {decode(stream): decode(stream) for _ in range(number)}
    # A tag; the only one in use is that of a time, which the JSON protocol writes as the same number.
    return decode(stream)


def _indefinite(stream: BinaryIO, major: int) -> Any:
    items = []
    while (item := decode(stream)) is not _BREAK:
        items.append(item)
    if major == 5:
        return dict(zip(items[::2], items[1::2], strict=True))
    if major == 4:
        return items
    return ("" if major == 3 else b"").join(items)


def encode(value: Any, shape: Shape | None) -> bytes:
    """A value of this shape; without one, as it is."""
    kind = shape.type_name if shape is not None else None
    if kind == "timestamp":
        seconds = value if isinstance(value, int | float) else isoparse(value).timestamp()
        return b"\xc1" + _double(float(seconds))
    if kind in ("double", "float"):
        return _double(float(value))
    if isinstance(value, dict):
        return _map(value, shape)
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(encode(item, getattr(shape, "member", None)) for item in value)
    if isinstance(value, str):
        content = value.encode()
        return _head(3, len(content)) + content
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[value]
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    return _double(value)


def _map(value: dict[str, Any], shape: Shape | None) -> bytes:
    members = getattr(shape, "members", {})
    fallback = getattr(shape, "value", None)
    # Absent and null mean the same to a client; null would be one more thing to get wrong.
    pairs = [(key, item, members.get(key, fallback)) for key, item in value.items() if item is not None]
    return _head(5, len(pairs)) + b"".join(encode(key, None) + encode(item, inner) for key, item, inner in pairs)


def _double(value: float) -> bytes:
    return b"\xfb" + struct.pack(">d", value)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    size = next(size for size in range(4) if number < 1 << (8 << size))
    return bytes([major << 5 | 24 + size]) + number.to_bytes(1 << size, "big")
