//! What is sent again, and what a failure says.

use super::server::{Reply, Server, client};
use crate::session::Aws;
use crate::wire::Refusal;
use auroractl_engine::{CallError, Class};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError, future};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const VPC: &str = "<CreateVpcResponse><vpc><vpcId>vpc-1</vpcId></vpc></CreateVpcResponse>";
const VPCS: &str = "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>";

async fn create(aws: &Aws) -> Result<String, CallError> {
    let made = aws.write("ec2:CreateVpc", || aws.ec2().create_vpc().cidr_block("10.0.0.0/16").send()).await?;
    Ok(made.vpc.and_then(|vpc| vpc.vpc_id).unwrap_or_default())
}

async fn describe(aws: &Aws) -> Result<usize, CallError> {
    let found = aws.read("ec2:DescribeVpcs", || aws.ec2().describe_vpcs().send()).await?;
    Ok(found.vpcs().len())
}

/// The failure of a create that was answered so, and how many requests it took.
async fn failed(reply: Reply) -> (CallError, usize) {
    let server = Server::plays(vec![reply, Reply::ok(VPC)]).await;
    let error = create(&server.aws().await).await.unwrap_err();
    (error, server.seen().len())
}

#[tokio::test]
async fn a_throttled_write_is_sent_again_and_the_service_is_called_more_slowly() {
    let server = Server::plays(vec![Reply::ec2(503, "RequestLimitExceeded", "slow down"), Reply::ok(VPC)]).await;
    let aws = server.aws().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    aws.on_slow(Arc::new(move |service, rate| sink.lock().unwrap().push((service.to_owned(), rate))));
    assert_eq!(create(&aws).await.unwrap(), "vpc-1");
    assert_eq!(server.seen().len(), 2);
    assert_eq!(*told.lock().unwrap(), [("ec2".to_owned(), 2.5)]);
    let count = aws.counts()["ec2:CreateVpc"];
    assert_eq!((count.attempts, count.failed), (2, 1));
}

#[tokio::test]
async fn a_write_that_may_have_been_executed_is_sent_once() {
    let whole = Reply::ok(VPC);
    for reply in [
        Reply::ec2(500, "InternalError", "An internal error has occurred"),
        whole.clone().cut(30),
        whole.cut(0),
        Reply::ok("<CreateVpcResponse><vpc><vpcId>vpc-"),
        Reply::ok("<CreateVpcResponse><vpc><vpcId>vpc-1</vpcId></vpc>"),
        Reply::ok(""),
        Reply::new(502, "<html><body>Bad   gateway</body></html>"),
    ] {
        let text = format!("{reply:?}");
        let (error, requests) = failed(reply).await;
        assert_eq!((error.class, requests), (Class::Ambiguous, 1), "{text}: {error}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_without_an_answer_leaves_a_write_in_doubt() {
    let server = Server::plays(vec![]).await;
    let error = create(&server.aws().await).await.unwrap_err();
    assert_eq!((error.class, server.seen().len()), (Class::Ambiguous, 1), "{error}");
}

#[tokio::test]
async fn a_read_is_sent_again_whatever_happened() {
    let half = Reply::ok(VPCS).cut(20);
    let server =
        Server::plays(vec![Reply::ec2(500, "InternalError", ""), half, Reply::ok(&VPCS[..40]), Reply::ok(VPCS)]).await;
    assert_eq!(describe(&server.aws().await).await.unwrap(), 0);
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn an_answer_that_can_not_be_read_is_quoted_on_one_line() {
    let (error, _) = failed(Reply::new(502, format!("no\n  gateway\n{}", "x".repeat(500)))).await;
    assert!(error.message.contains("HTTP 502") && error.message.contains("no gateway"), "{error}");
    assert!(error.message.len() < 300 && !error.message.contains('\n'), "{error}");
}

#[tokio::test]
async fn a_page_for_browsers_is_not_quoted() {
    for page in ["<html>\n<b>Bad gateway</b>", "\n<!DOCTYPE HTML><title>Bad gateway</title>"] {
        let (error, _) = failed(Reply::new(502, page)).await;
        let told = error.message.contains("HTTP 502 with an answer that is not AWS's");
        assert!(told && !error.message.contains("gateway"), "{error}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_waited_for_only_where_something_is_young() {
    let missing = || Reply::ec2(400, "InvalidVpcID.NotFound", "The vpc ID 'vpc-9' does not exist");
    let subnet = "<CreateSubnetResponse><subnet><subnetId>subnet-1</subnetId></subnet></CreateSubnetResponse>";
    let send = async |aws: &Aws| {
        let call = || aws.ec2().create_subnet().vpc_id("vpc-9").cidr_block("10.0.0.0/20").send();
        aws.write("ec2:CreateSubnet", call).await.map(|_| ())
    };
    let server = Server::plays(vec![missing(), Reply::ok(subnet)]).await;
    let error = send(&server.aws().await).await.unwrap_err();
    assert_eq!((error.class, server.seen().len()), (Class::Invalid, 1), "nothing was made: {error}");
    let server = Server::plays(vec![missing(), Reply::ok(subnet)]).await;
    let aws = server.aws().await;
    aws.note_young(std::time::Duration::from_secs(3600));
    assert!(send(&aws).await.is_err(), "an hour is long enough for every service");
    let server = Server::plays(vec![Reply::ok(VPC), missing(), Reply::ok(subnet)]).await;
    let aws = server.aws().await;
    create(&aws).await.unwrap();
    send(&aws).await.unwrap();
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_missing_service_linked_role_is_told_with_the_way_to_it() {
    let why = "Unable to create the resource. Verify that you have permission to create service linked role.";
    let body = format!(
        "<ErrorResponse><Error><Code>InvalidParameterValue</Code><Message>{why}</Message></Error></ErrorResponse>"
    );
    let server = Server::plays(vec![Reply::new(400, body)]).await;
    let aws = server.aws().await;
    let error = aws.write("rds:CreateDBCluster", || aws.rds().create_db_cluster().send()).await.unwrap_err();
    assert!(error.message.contains("create-service-linked-role --aws-service-name rds.amazonaws.com"), "{error}");
}

#[tokio::test]
async fn a_quota_is_no_throttle() {
    let body = r#"{"__type":"LimitExceededException","message":"too many keys"}"#;
    let server = Server::plays(vec![Reply::new(400, body), Reply::ok("{}")]).await;
    let aws = server.aws().await;
    let error = aws.write("kms:CreateKey", || aws.kms().create_key().send()).await.unwrap_err();
    assert_eq!((error.class, server.seen().len()), (Class::Quota, 1), "{error}");
}

#[tokio::test]
async fn a_refusal_names_who_may_not_do_what() {
    let message = "You are not authorized. Encoded authorization failure message: BLOB";
    let decoded =
        r#"{"explicitDeny":true,"context":{"principal":{"arn":"arn:aws:iam::1:user/ci"},"action":"ec2:CreateVpc"}}"#
            .replace('"', "&quot;");
    let answer = format!(
        "<DecodeAuthorizationMessageResponse><DecodeAuthorizationMessageResult><DecodedMessage>{decoded}</DecodedMessage>\
         </DecodeAuthorizationMessageResult></DecodeAuthorizationMessageResponse>"
    );
    let refused = Reply::ec2(403, "UnauthorizedOperation", message).header("x-amzn-requestid", "req-1");
    let server = Server::plays(vec![refused, Reply::ok(answer)]).await;
    let error = create(&server.aws().await).await.unwrap_err();
    assert_eq!((error.class, error.request_id.as_deref()), (Class::Denied, Some("req-1")));
    assert_eq!(error.message, "`arn:aws:iam::1:user/ci` may not `ec2:CreateVpc`: a policy denies it");
    assert!(server.seen()[1].contains("EncodedMessage=BLOB"));
}

#[tokio::test]
async fn a_blob_that_may_not_be_decoded_is_left_out() {
    let message = "You are not authorized to perform this operation. Encoded authorization failure message: BLOB";
    let denied = Reply::ec2(403, "UnauthorizedOperation", message);
    let server = Server::plays(vec![denied, Reply::ec2(403, "AccessDenied", "no")]).await;
    let error = create(&server.aws().await).await.unwrap_err();
    assert_eq!(error.message, "You are not authorized to perform this operation.");
}

#[tokio::test]
async fn an_unreachable_service_is_not_in_doubt_and_is_not_waited_for_long() {
    let credentials = Credentials::new("a", "b", None, None, "test");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let aws = client(port, credentials, None).await;
    let error = create(&aws).await.unwrap_err();
    assert_eq!(error.class, Class::Other, "{error}");
    assert!(error.message.starts_with("AWS can't be reached: "), "{error}");
    assert!(aws.counts()["ec2:CreateVpc"].attempts > 2, "{:?}", aws.counts());
}

#[tokio::test]
async fn the_fence_stops_writes_and_nothing_else() {
    let server = Server::plays(vec![Reply::ok(VPCS), Reply::ok(VPC)]).await;
    let aws = server.aws().await;
    let refuse = |why: String| Err(Refusal { why, passing: false });
    assert!(aws.fence(Arc::new(move |call| refuse(format!("the lock is lost ({})", call.action)))));
    assert_eq!(describe(&aws).await.unwrap(), 0);
    let error = create(&aws).await.unwrap_err();
    assert_eq!((error.class, error.message.as_str()), (Class::Fenced, "not sent: the lock is lost (CreateVpc)"));
    assert_eq!(server.seen().len(), 1);
    assert!(!aws.fence(Arc::new(|_| Ok(()))), "a fence can't be taken down");
}

#[derive(Debug, Default)]
struct Counting(Arc<AtomicU64>);

impl ProvideCredentials for Counting {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let turn = self.0.fetch_add(1, Ordering::Relaxed);
        future::ProvideCredentials::ready(Ok(Credentials::new(format!("AKID{turn}"), "s", None, None, "test")))
    }
}

#[tokio::test]
async fn expired_credentials_are_fetched_anew_once() {
    let expired = Reply::ec2(400, "RequestExpired", "Request has expired.");
    let server = Server::plays(vec![expired.clone(), Reply::ok(VPC), expired.clone(), expired]).await;
    let count = Arc::new(AtomicU64::new(0));
    let aws = server.client(Counting(Arc::clone(&count)), None).await;
    assert_eq!(create(&aws).await.unwrap(), "vpc-1");
    assert!(server.seen()[0].contains("AKID0") && server.seen()[1].contains("AKID1"));
    let error = create(&aws).await.unwrap_err();
    assert_eq!((error.class, server.seen().len()), (Class::Credentials, 4));
}

#[derive(Debug)]
struct Failing;

impl ProvideCredentials for Failing {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::provider_error("the SSO token has expired")))
    }
}

#[tokio::test]
async fn failing_credentials_are_told_as_such_and_nothing_is_sent() {
    let server = Server::plays(vec![Reply::ok(VPC)]).await;
    let error = create(&server.client(Failing, None).await).await.unwrap_err();
    assert_eq!((error.class, server.seen().len()), (Class::Credentials, 0), "{error}");
    assert!(error.message.contains("the SSO token has expired"), "{error}");
}

#[tokio::test]
async fn the_trace_tells_what_happened_and_no_secret() {
    let path = std::env::temp_dir().join(format!("auroractl-trace-{}-{}", std::process::id(), fastrand::u64(..)));
    let refused = Reply::ec2(400, "VpcLimitExceeded", "secret words").header("x-amzn-requestid", "req-9");
    let server = Server::plays(vec![refused]).await;
    let credentials = Credentials::new("AKIDEXAMPLE", "SECRETKEY", Some("SESSIONTOKEN".into()), None, "test");
    let aws = server.client(credentials, Some(&path)).await;
    let _ = create(&aws).await.unwrap_err();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!((&line["service"], &line["action"]), (&"ec2".into(), &"CreateVpc".into()));
    assert_eq!((&line["status"], &line["code"]), (&400.into(), &"VpcLimitExceeded".into()));
    assert_eq!((&line["region"], &line["request_id"]), (&"eu-central-1".into(), &"req-9".into()));
    assert!(server.seen()[0].contains("SESSIONTOKEN"));
    for secret in ["AKIDEXAMPLE", "SECRETKEY", "SESSIONTOKEN", "Signature", "10.0.0.0", "secret words"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
