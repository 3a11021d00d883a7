//! Whose account it is, whether the clock is right, and what carries the stack's tag.

use super::server::{Reply, Server};
use crate::connect::ConnectError;
use auroractl_core::identity::StackId;
use auroractl_engine::World as _;
use jiff::{SignedDuration, Timestamp};

fn who(ahead: SignedDuration) -> Reply {
    let date =
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&(Timestamp::now() + ahead)).unwrap();
    let result = "<Arn>arn:aws-cn:iam::123456789012:user/ci</Arn><UserId>U</UserId><Account>123456789012</Account>";
    let result = format!("<GetCallerIdentityResult>{result}</GetCallerIdentityResult>");
    Reply::ok(format!("<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>")).header("date", date)
}

#[tokio::test]
async fn the_caller_is_known_after_the_first_call() {
    let server = Server::plays(vec![who(SignedDuration::ZERO)]).await;
    let mut aws = server.aws().await;
    aws.identify(Some("123456789012".to_owned())).await.unwrap();
    assert_eq!((aws.account(), aws.partition()), ("123456789012", "aws-cn"));
    assert_eq!(aws.arn("rds", "cluster:a"), "arn:aws-cn:rds:eu-central-1:123456789012:cluster:a");
}

#[tokio::test]
async fn another_account_is_refused_with_both_and_the_caller() {
    let server = Server::plays(vec![who(SignedDuration::ZERO)]).await;
    let error = server.aws().await.identify(Some("999999999999".to_owned())).await.unwrap_err();
    let text = error.to_string();
    for part in ["999999999999", "123456789012", "user/ci", "nothing was changed"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_before_anything_is_signed_that_counts() {
    let server = Server::plays(vec![who(SignedDuration::from_mins(7))]).await;
    let error = server.aws().await.identify(None).await.unwrap_err();
    assert!(matches!(error, ConnectError::ClockSkew { .. }), "{error}");
    assert!(error.to_string().contains("behind"), "{error}");
}

#[tokio::test]
async fn the_inventory_reads_every_page() {
    let page = |id: &str, next: &str| {
        let object = format!(r#"{{"ResourceARN":"arn:{id}","Tags":[{{"Key":"auroractl:stack","Value":"orders"}}]}}"#);
        Reply::ok(format!(r#"{{"PaginationToken":"{next}","ResourceTagMappingList":[{object}]}}"#))
    };
    let server = Server::plays(vec![page("a", "more"), page("b", "")]).await;
    let stack = StackId { name: "orders".into(), account: String::new(), region: String::new() };
    let owned = server.aws().await.inventory(&stack).await.unwrap();
    assert_eq!(owned.iter().map(|object| object.arn.as_str()).collect::<Vec<_>>(), ["arn:a", "arn:b"]);
    assert!(server.seen()[0].contains("auroractl:stack") && server.seen()[1].contains("more"));
}
