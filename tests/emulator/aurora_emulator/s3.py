"""S3: whose bucket it is, where it is, and with which key it encrypts.

moto honours the conditions of a write, and requests are worked on one at a time, so of many writes with one condition
exactly one succeeds. What it does not look at is put back here.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.kms.models import kms_backends
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends
from moto.s3.responses import S3Response

from .extend import around


def recount() -> None:
    """Bring moto's list of who has which bucket in line with the buckets, after a reset or a restore."""
    s3_backends.bucket_accounts.clear()
    for account, partitions in s3_backends.items():
        for partition, backend in partitions.items():
            for name in backend.buckets:
                s3_backends.bucket_accounts[name] = (partition, account)


@around(S3Response, "_bucket_response", "_key_response")
def _bucket_is_the_expected_one(original: Any, self: Any, request: Any, full_url: str) -> Any:
    name = self.parse_bucket_name_from_url(request, full_url)
    owner = request.headers.get("x-amz-expected-bucket-owner")
    if name in s3_backends.bucket_accounts:
        partition, account = s3_backends.bucket_accounts[name]
        if owner and owner != account:
            raise S3ClientError("AccessDenied", "Access Denied")
        bucket = s3_backends[account][partition].buckets.get(name)
        if bucket is not None and _signed_for(request) not in ("", bucket.region_name):
            raise S3ClientError(
                "PermanentRedirect",
                "The bucket you are attempting to access must be addressed using the specified endpoint. "
                f"Please send all future requests to this endpoint: s3.{bucket.region_name}.amazonaws.com.",
            )
    return original(self, request, full_url)


@around(S3Response, "put_object")
def _only_known_conditions_and_keys(original: Any, self: Any) -> Any:
    condition = self.headers.get("If-None-Match")
    if condition not in (None, "*"):
        raise S3ClientError("NotImplemented", "A header you provided implies functionality that is not implemented")
    key = self.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
    if self.headers.get("x-amz-server-side-encryption") == "aws:kms" and key:
        _known(key)
    return original(self)


def _known(reference: str) -> None:
    parts = reference.split(":", 5)
    if len(parts) < 6:
        return
    backend = kms_backends[parts[4]][parts[3]]
    try:
        found = backend.keys.get(backend.any_id_to_key_id(reference))
    except (KeyError, ServiceException):
        found = None
    if found is None:
        raise S3ClientError("KMS.NotFoundException", f"Key '{reference}' does not exist")


def _signed_for(request: Any) -> str:
    scope = request.headers.get("Authorization", "").partition("Credential=")[2].split(",")[0].split("/")
    return scope[2] if len(scope) >= 5 else ""


_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


# moto names the root of an answer after the action; S3, and a client that looks, have other names.
_ROOTS = {
    "GetBucketVersioningResponse": "VersioningConfiguration",
    "ListObjectsV2Response": "ListBucketResult",
    "ListObjectsResponse": "ListBucketResult",
    "ListObjectVersionsResponse": "ListVersionsResult",
}


@around(S3Response, "serialized")
def _answers_under_their_own_names(original: Any, self: Any, result: Any) -> Any:
    status, headers, body = original(self, result)
    text = body.decode() if isinstance(body, bytes) else body
    for wrong, right in _ROOTS.items():
        if f"<{wrong}" in text:
            text = text.replace(f"<{wrong}", f"<{right}", 1).replace(f"</{wrong}>", f"</{right}>")
            break
    return status, headers, text


@around(S3Response, "get_bucket_encryption")
def _encryption_by_default(original: Any, self: Any) -> Any:
    """Since January 2023 every bucket encrypts: AES256 where its owner said nothing else."""
    del original
    found = self.backend.get_bucket_encryption(self.bucket_name) or {}
    rule = found.get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
    key = rule.get("KMSMasterKeyID")
    inner = f"<SSEAlgorithm>{rule.get('SSEAlgorithm', 'AES256')}</SSEAlgorithm>"
    inner += f"<KMSMasterKeyID>{key}</KMSMasterKeyID>" if key else ""
    return (
        200,
        {},
        f'<ServerSideEncryptionConfiguration xmlns="{_NAMESPACE}"><Rule><ApplyServerSideEncryptionByDefault>{inner}'
        "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
    )
