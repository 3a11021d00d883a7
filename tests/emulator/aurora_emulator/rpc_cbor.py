"""CloudWatch in its newer protocol, Smithy RPC v2 CBOR, which the current SDKs speak and moto does not.

A call is translated: the CBOR body becomes the form of the query protocol, moto answers in XML, and its answer becomes
CBOR again, with botocore's own service model, serializer and parser in between. So moto's CloudWatch stays the one that
the rest of the emulator extends.
"""

from __future__ import annotations

import datetime
import io
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import RpcV2CBORParser, create_parser
from botocore.serialize import create_serializer

#: Services by the name in the path, `/service/<name>/operation/<operation>`.
SERVICES = {"GraniteServiceVersion20100801": "cloudwatch"}

Answer = tuple[str, list[tuple[str, str]], bytes]
Dispatch = Callable[[dict[str, Any], Any], Iterable[bytes]]

_models: dict[str, ServiceModel] = {}
_lock = threading.Lock()


def operation(environ: Mapping[str, Any]) -> tuple[str, str] | None:
    """Service and operation of a call in this protocol; None for every other call."""
    parts = environ.get("PATH_INFO", "").strip("/").split("/")
    if len(parts) == 4 and parts[0] == "service" and parts[2] == "operation" and parts[1] in SERVICES:
        return SERVICES[parts[1]], parts[3]
    return None


def call(environ: dict[str, Any], body: bytes, target: tuple[str, str], dispatch: Dispatch) -> Answer:
    """Answer a call through moto's query protocol."""
    service, name = target
    model = _model(service).operation_model(name)
    params = RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body))) if body else {}
    form = create_serializer("query", False).serialize_to_request(_typed(params, model.input_shape), model)["body"]
    status, headers, text = _dispatch(environ, urlencode(form).encode(), dispatch)
    request_id = next((value for key, value in headers if key.lower() == "x-amzn-requestid"), "emulated")
    common = [
        ("Content-Type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-RequestId", request_id),
    ]
    code = int(status.split()[0])
    parsed = create_parser("query").parse({"status_code": code, "headers": dict(headers), "body": text}, model.output_shape)
    if code >= 300:
        error = parsed.get("Error", {})
        wire = error.get("Code", "InternalServiceError")
        fault = {"__type": wire, "message": error.get("Message", "")}
        return status, [*common, ("x-amzn-query-error", f"{wire};Sender")], encode(fault)
    parsed.pop("ResponseMetadata", None)
    return status, common, encode(parsed)


def _model(service: str) -> ServiceModel:
    with _lock:
        if service not in _models:
            _models[service] = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        return _models[service]


def _typed(value: Any, shape: Any) -> Any:
    """Bring decoded CBOR into the Python types that the serializer wants: whole floats came as integers and back."""
    if shape is None or value is None:
        return value
    if shape.type_name == "structure":
        members = shape.members
        return {key: _typed(item, members[key]) for key, item in value.items() if key in members and item is not None}
    if shape.type_name == "list":
        return [_typed(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {key: _typed(item, shape.value) for key, item in value.items()}
    if shape.type_name in ("double", "float"):
        return float(value)
    return value


def _dispatch(environ: dict[str, Any], form: bytes, dispatch: Dispatch) -> tuple[str, list[tuple[str, str]], bytes]:
    inner = dict(environ)
    inner["PATH_INFO"] = "/"
    inner["RAW_URI"] = inner["REQUEST_URI"] = "/"
    inner["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    inner["CONTENT_LENGTH"] = str(len(form))
    inner["wsgi.input"] = io.BytesIO(form)
    for header in ("HTTP_SMITHY_PROTOCOL", "HTTP_ACCEPT"):
        inner.pop(header, None)
    got: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        got[:] = [status, headers]
        return lambda data: None

    text = b"".join(dispatch(inner, start_response))
    return got[0], got[1], text


def encode(value: Any) -> bytes:
    """Encode what botocore's parsers give: maps, lists, texts, numbers, booleans, times."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        return _head(5, len(value)) + b"".join(encode(key) + encode(item) for key, item in value.items())
    if isinstance(value, datetime.datetime):
        return b"\xc1" + encode(value.timestamp())
    raise TypeError(f"no CBOR for {type(value).__name__}")


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size, form in ((24, 8, ">B"), (25, 16, ">H"), (26, 32, ">I"), (27, 64, ">Q")):
        if number < 1 << size:
            return bytes([major << 5 | extra]) + struct.pack(form, number)
    raise OverflowError(number)
