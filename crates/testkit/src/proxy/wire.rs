//! Names a call: which service, which action, in which protocol, from the bytes on the wire alone.
//!
//! Faults and the log speak of `rds:CreateDBCluster`, so the proxy has to know as much of AWS's wire protocols as tells
//! one call from another, and no more: the service from the scope of the signature (SigV4's `Credential=` names region
//! and service), the action from wherever the protocol of the service puts it.

use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::http::request::Parts;
use serde::Serialize;

/// How a service writes requests and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// `Action=` in a form, XML back, errors in `<ErrorResponse>` (RDS, IAM, SNS, STS).
    Query,
    /// As `Query`, errors in `<Response><Errors>` (EC2).
    Ec2Query,
    /// `X-Amz-Target`, JSON both ways (KMS, Logs, Application Auto Scaling, tagging).
    Json,
    /// Smithy RPC v2 CBOR, `/service/NAME/operation/ACTION` (CloudWatch in newer SDKs).
    Cbor,
    /// Method and path, XML back, errors in `<Error>` (S3).
    RestXml,
    /// Method and path, JSON back (Lambda, Backup).
    RestJson,
}

/// One call of one AWS action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The service by its name in the AWS CLI (`rds`, `cloudwatch`); `unknown` where nothing tells.
    pub service: String,
    /// The action by AWS's name (`CreateDBCluster`); `METHOD /path` for REST services that are not S3.
    pub action: String,
    /// The region that the signature names.
    pub region: String,
    /// The wire protocol, which decides the shape of errors.
    pub protocol: Protocol,
    /// Whether the call may change the world: everything that doesn't begin with a reading verb.
    pub mutating: bool,
    /// The client's clock as the signature states it (`20260131T120000Z`).
    pub signed_at: Option<String>,
}

impl Call {
    /// `service:Action`, the form in which faults, log and summary name calls.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.action)
    }
}

/// Verbs after which an action reads only.
const READING: [&str; 9] = ["Describe", "List", "Get", "Filter", "Lookup", "Head", "Search", "Simulate", "BatchGet"];

/// Signing names that differ from the service's own name.
const SIGNING_NAMES: [(&str, &str); 3] =
    [("monitoring", "cloudwatch"), ("tagging", "resourcegroupstaggingapi"), ("email", "ses")];

/// Says what the request with this head and body asks for.
#[must_use]
pub fn identify(head: &Parts, body: &[u8]) -> Call {
    let scope = Scope::of(head);
    let query = head.uri.query().unwrap_or("");
    let (protocol, action) = protocol_and_action(head, &scope.service, body);
    let service = if scope.service.is_empty() { unsigned_service(&action) } else { scope.service };
    let reading = match protocol {
        Protocol::RestJson => head.method == Method::GET || head.method == Method::HEAD,
        _ => service == "sts" || READING.iter().any(|verb| action.starts_with(verb)),
    };
    let signed_at = text(&head.headers, "x-amz-date").map(str::to_owned).or_else(|| parameter(query, "X-Amz-Date"));
    Call { service, action, region: scope.region, protocol, mutating: !reading, signed_at }
}

fn protocol_and_action(head: &Parts, service: &str, body: &[u8]) -> (Protocol, String) {
    if let Some(target) = text(&head.headers, "x-amz-target") {
        return (Protocol::Json, target.rsplit('.').next().unwrap_or(target).to_owned());
    }
    if let Some((_, action)) = head.uri.path().split_once("/operation/") {
        return (Protocol::Cbor, action.to_owned());
    }
    if service == "s3" {
        return (Protocol::RestXml, s3_action(head));
    }
    let form = std::str::from_utf8(body).unwrap_or("");
    let action = parameter(form, "Action").or_else(|| parameter(head.uri.query().unwrap_or(""), "Action"));
    match action {
        Some(action) if service == "ec2" => (Protocol::Ec2Query, action),
        Some(action) => (Protocol::Query, action),
        None => (Protocol::RestJson, format!("{} {}", head.method, template(head.uri.path()))),
    }
}

/// A path whose ids, which differ from run to run, are left out: calls of one action have one name.
fn template(path: &str) -> String {
    let is_id = |part: &str| part.len() == 36 && part.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    path.split('/').map(|part| if is_id(part) { "{id}" } else { part }).collect::<Vec<_>>().join("/")
}

/// The actions that AWS takes without a signature are those that fetch credentials.
fn unsigned_service(action: &str) -> String {
    if action.starts_with("AssumeRoleWith") { "sts".to_owned() } else { "unknown".to_owned() }
}

/// Region and service from the credential scope `KEY/DATE/REGION/SERVICE/aws4_request`.
#[derive(Default)]
struct Scope {
    region: String,
    service: String,
}

impl Scope {
    fn of(head: &Parts) -> Self {
        let header = text(&head.headers, AUTHORIZATION.as_str())
            .and_then(|value| value.split("Credential=").nth(1))
            .map(|rest| rest.split([',', ' ']).next().unwrap_or(rest).to_owned());
        let presigned = || parameter(head.uri.query().unwrap_or(""), "X-Amz-Credential").map(|v| v.replace("%2F", "/"));
        let Some(credential) = header.or_else(presigned) else { return Self::default() };
        // From the end: an access key id has no slash, but nothing promises it.
        let mut parts = credential.rsplit('/').skip(1);
        let signing = parts.next().unwrap_or("").to_ascii_lowercase();
        let region = parts.next().unwrap_or("").to_owned();
        let service = SIGNING_NAMES.iter().find(|(name, _)| *name == signing).map_or(&*signing, |(_, own)| own);
        Self { region, service: service.to_owned() }
    }
}

/// Names of S3's sub-resources, as they stand in the query and in the action.
const S3_SUBRESOURCES: [(&str, &str); 9] = [
    ("versioning", "BucketVersioning"),
    ("encryption", "BucketEncryption"),
    ("policy", "BucketPolicy"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("location", "BucketLocation"),
    ("acl", "BucketAcl"),
];

/// The action of a path-style S3 request (the SDK uses path style wherever the endpoint is an IP address).
fn s3_action(head: &Parts) -> String {
    let query = head.uri.query().unwrap_or("");
    let (bucket, key) = head.uri.path().trim_start_matches('/').split_once('/').unwrap_or((head.uri.path(), ""));
    let asks = |name: &str| query.split('&').any(|p| p.split('=').next() == Some(name));
    let verb = match head.method.as_str() {
        "PUT" => "Put",
        "DELETE" => "Delete",
        "HEAD" => "Head",
        "POST" => "Post",
        _ => "Get",
    };
    if !key.is_empty() {
        return match verb {
            "Put" if head.headers.contains_key("x-amz-copy-source") => "CopyObject".to_owned(),
            "Put" if asks("uploadId") => "UploadPart".to_owned(),
            "Post" if asks("uploads") => "CreateMultipartUpload".to_owned(),
            "Post" => "CompleteMultipartUpload".to_owned(),
            "Delete" if asks("uploadId") => "AbortMultipartUpload".to_owned(),
            _ if asks("tagging") => format!("{verb}ObjectTagging"),
            _ => format!("{verb}Object"),
        };
    }
    if let Some((_, name)) = S3_SUBRESOURCES.iter().find(|(name, _)| asks(name)) {
        return format!("{verb}{name}");
    }
    match verb {
        "Get" if bucket.trim_matches('/').is_empty() => "ListBuckets",
        "Get" if asks("list-type") => "ListObjectsV2",
        "Get" if asks("versions") => "ListObjectVersions",
        "Get" => "ListObjects",
        "Put" => "CreateBucket",
        "Delete" => "DeleteBucket",
        "Head" => "HeadBucket",
        _ => "DeleteObjects",
    }
    .to_owned()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A parameter of a form or query; names of actions, dates and scopes need no decoding beyond `%2F`.
fn parameter(form: &str, name: &str) -> Option<String> {
    form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn call(method: &str, path: &str, signing: &str, extra: &[(&str, &str)], body: &str) -> Call {
        let mut request = Request::builder().method(method).uri(path);
        if !signing.is_empty() {
            let scope = format!("AKIDEXAMPLE/20260131/eu-central-1/{signing}/aws4_request");
            let value = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=ab");
            request = request.header("authorization", value).header("x-amz-date", "20260131T120000Z");
        }
        for (name, value) in extra {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        identify(&head, body.as_bytes())
    }

    #[test]
    fn query_takes_the_action_from_the_body() {
        let got = call("POST", "/", "rds", &[], "Action=CreateDBCluster&Version=2014-10-31&Engine=aurora-postgresql");
        assert_eq!((got.name().as_str(), got.protocol), ("rds:CreateDBCluster", Protocol::Query));
        assert_eq!((got.region.as_str(), got.mutating), ("eu-central-1", true));
        assert_eq!(got.signed_at.as_deref(), Some("20260131T120000Z"));
        let ec2 = call("POST", "/", "ec2", &[], "Version=2016-11-15&Action=DescribeVpcs&Filter.1.Name=tag");
        assert_eq!((ec2.name().as_str(), ec2.protocol, ec2.mutating), ("ec2:DescribeVpcs", Protocol::Ec2Query, false));
    }

    #[test]
    fn query_takes_the_action_from_the_url_too() {
        let got = call("GET", "/?Action=ListRoles&Version=2010-05-08", "iam", &[], "");
        assert_eq!((got.name().as_str(), got.mutating), ("iam:ListRoles", false));
    }

    #[test]
    fn json_takes_the_action_from_the_target() {
        for (signing, target, want) in [
            ("kms", "TrentService.CreateKey", "kms:CreateKey"),
            ("logs", "Logs_20140328.PutRetentionPolicy", "logs:PutRetentionPolicy"),
            (
                "application-autoscaling",
                "AnyScaleFrontendService.PutScalingPolicy",
                "application-autoscaling:PutScalingPolicy",
            ),
            ("tagging", "ResourceGroupsTaggingAPI_20170126.GetResources", "resourcegroupstaggingapi:GetResources"),
            ("monitoring", "GraniteServiceVersion20100801.PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
        ] {
            let got = call("POST", "/", signing, &[("x-amz-target", target)], "{}");
            assert_eq!((got.name().as_str(), got.protocol), (want, Protocol::Json));
        }
    }

    #[test]
    fn cbor_takes_the_action_from_the_path() {
        let path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        let got = call("POST", path, "monitoring", &[("smithy-protocol", "rpc-v2-cbor")], "");
        assert_eq!(
            (got.name().as_str(), got.protocol, got.mutating),
            ("cloudwatch:DescribeAlarms", Protocol::Cbor, false)
        );
    }

    #[test]
    fn s3_is_told_by_method_and_path() {
        for (method, path, want, mutating) in [
            ("GET", "/", "ListBuckets", false),
            ("PUT", "/bucket", "CreateBucket", true),
            ("PUT", "/bucket?versioning", "PutBucketVersioning", true),
            ("GET", "/bucket?encryption", "GetBucketEncryption", false),
            ("GET", "/bucket?list-type=2&prefix=a", "ListObjectsV2", false),
            ("GET", "/bucket/?list-type=2", "ListObjectsV2", false),
            ("POST", "/bucket?delete", "DeleteObjects", true),
            ("HEAD", "/bucket", "HeadBucket", false),
            ("PUT", "/bucket/a/root.json", "PutObject", true),
            ("GET", "/bucket/a/root.json?x-id=GetObject", "GetObject", false),
            ("POST", "/bucket/a?uploads", "CreateMultipartUpload", true),
        ] {
            let got = call(method, path, "s3", &[], "");
            assert_eq!(
                (got.action.as_str(), got.mutating, got.protocol),
                (want, mutating, Protocol::RestXml),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn calls_without_a_signature_and_rest_services_have_a_name() {
        let sts = call("POST", "/", "", &[], "Action=AssumeRoleWithWebIdentity&RoleArn=x");
        assert_eq!((sts.name().as_str(), sts.mutating), ("sts:AssumeRoleWithWebIdentity", false));
        let rest = call("GET", "/2015-03-31/functions", "lambda", &[], "");
        assert_eq!((rest.name().as_str(), rest.protocol), ("lambda:GET /2015-03-31/functions", Protocol::RestJson));
        let path = "/backup/plans/fa1140f9-592d-4818-bd03-1c62e1a917c6/selections";
        assert_eq!(call("PUT", path, "backup", &[], "").name(), "backup:PUT /backup/plans/{id}/selections");
        let presigned =
            call("GET", "/b/k?X-Amz-Credential=AKID%2F20260131%2Feu-west-1%2Fs3%2Faws4_request", "", &[], "");
        assert_eq!((presigned.name().as_str(), presigned.region.as_str()), ("s3:GetObject", "eu-west-1"));
    }
}
