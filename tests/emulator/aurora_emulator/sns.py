"""SNS: mail addresses are kept, and told, in lower case."""

from __future__ import annotations

from typing import Any

from moto.sns.models import SNSBackend

from .extend import around


@around(SNSBackend, "subscribe")
def _subscribe(original: Any, self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
    return original(self, topic_arn, endpoint.lower() if protocol in ("email", "email-json") else endpoint, protocol)
