"""What a lock in a bucket stands on: conditions hold however many ask, and a bucket is the one that was meant."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "states"


@pytest.fixture
def s3(aws: Callable[[str], Any]) -> Any:
    """S3 with a bucket."""
    client = aws("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def _code(call: Callable[..., Any], **arguments: Any) -> str:
    try:
        call(Bucket=BUCKET, **arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def test_of_many_first_writes_one_succeeds(s3: Any) -> None:
    """If-None-Match."""
    with ThreadPoolExecutor(16) as pool:
        codes = list(
            pool.map(
                lambda n: _code(s3.put_object, Key="root", Body=str(n).encode(), IfNoneMatch="*"),
                range(40),
            )
        )
    assert sorted(set(codes)) == ["PreconditionFailed", "ok"]
    assert codes.count("ok") == 1


def test_of_many_replacements_none_is_lost(s3: Any) -> None:
    """If-Match: a counter that sixteen increase."""
    s3.put_object(Bucket=BUCKET, Key="n", Body=b"0")

    def increase(_: int) -> None:
        while True:
            found = s3.get_object(Bucket=BUCKET, Key="n")
            value = int(found["Body"].read()) + 1
            code = _code(s3.put_object, Key="n", Body=str(value).encode(), IfMatch=found["ETag"])
            if code == "ok":
                return
            assert code == "PreconditionFailed"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(increase, range(40)))
    assert s3.get_object(Bucket=BUCKET, Key="n")["Body"].read() == b"40"


def test_a_condition_on_nothing(s3: Any) -> None:
    """There is no ETag to compare with."""
    assert _code(s3.put_object, Key="none", Body=b"x", IfMatch='"abc"') == "NoSuchKey"


@pytest.mark.gap
def test_conditions_that_s3_does_not_know(s3: Any) -> None:
    """Only `*` may stand in If-None-Match."""
    assert _code(s3.put_object, Key="a", Body=b"x", IfNoneMatch='"abc"') == "NotImplemented"


@pytest.mark.gap
def test_a_bucket_of_somebody_else(s3: Any) -> None:
    """ExpectedBucketOwner."""
    assert _code(s3.put_object, Key="a", Body=b"x", ExpectedBucketOwner="123456789012") == "ok"
    assert _code(s3.put_object, Key="a", Body=b"x", ExpectedBucketOwner="999999999999") == "AccessDenied"
    assert _code(s3.get_object, Key="a", ExpectedBucketOwner="999999999999") == "AccessDenied"


@pytest.mark.gap
def test_a_key_that_is_not_there(s3: Any, aws: Callable[[str], Any]) -> None:
    """SSE-KMS."""
    arn = aws("kms").create_key()["KeyMetadata"]["Arn"]
    known = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn}
    assert s3.put_object(Bucket=BUCKET, Key="a", Body=b"x", **known)["ServerSideEncryption"] == "aws:kms"
    gone = {**known, "SSEKMSKeyId": arn.rsplit("/", 1)[0] + "/00000000-0000-0000-0000-000000000000"}
    assert _code(s3.put_object, Key="b", Body=b"x", **gone) == "KMS.NotFoundException"


@pytest.mark.gap
def test_buckets_live_through_a_snapshot(s3: Any, emulator: Any) -> None:
    """And what was written after it is gone."""
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"before")
    etag = s3.head_object(Bucket=BUCKET, Key="a")["ETag"]
    kept = emulator.admin("snapshot")["id"]
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"after")
    emulator.admin("reset")
    assert _code(s3.get_object, Key="a") == "NoSuchBucket"
    emulator.admin("restore", id=kept)
    assert s3.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"before"
    assert _code(s3.put_object, Key="a", Body=b"x", IfMatch=etag) == "ok"


@pytest.mark.gap
def test_what_a_bucket_says_of_itself(s3: Any) -> None:
    """Encrypted by default, and versions only if asked for."""
    rules = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert "Status" not in s3.get_bucket_versioning(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"


def test_lists_have_the_root_of_s3(s3: Any) -> None:
    """A strict client refuses another."""
    s3.put_object(Bucket=BUCKET, Key="x/a", Body=b"1")
    url = s3.generate_presigned_url("list_objects_v2", Params={"Bucket": BUCKET, "Prefix": "x/"})
    text = urllib.request.urlopen(url, timeout=20).read().decode()
    assert "<ListBucketResult" in text
    assert text.rstrip().endswith("</ListBucketResult>")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["x/a"]
