//! Receivers of alarms: an endpoint of the kind that its protocol takes.

use super::{Check, Subject};
use crate::config::Protocol;
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check =
    Check { name: "subscription", about: "An endpoint is of the kind that its protocol takes.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let monitoring = &subject.config.monitoring;
    for (index, subscription) in monitoring.subscriptions.iter().enumerate() {
        let (fits, wanted) = judge(subscription.protocol, &subscription.endpoint);
        if !fits {
            let message = format!("`{}` is not {wanted}", subscription.endpoint);
            let path = Path::of("monitoring.subscriptions").item(index);
            problems.push(
                Problem::error(CHECK.name, message)
                    .at(&path.key("endpoint"), format!("expected {wanted}"))
                    .at(&path.key("protocol"), "the protocol"),
            );
        }
    }
    if let Some(arn) = &monitoring.sns_topic_arn {
        topic(subject, arn, problems);
    }
}

fn topic(subject: &Subject<'_>, arn: &str, problems: &mut Vec<Problem>) {
    let path = Path::of("monitoring.sns_topic_arn");
    if !is_arn(arn, "sns") {
        problems.push(
            Problem::error(CHECK.name, format!("`{arn}` is not the ARN of a topic"))
                .at(&path, "expected `arn:aws:sns:<region>:<account>:<name>`"),
        );
    }
    if !subject.config.monitoring.subscriptions.is_empty() {
        problems.push(
            Problem::error(CHECK.name, "subscriptions are for the topic that the stack makes")
                .at(&Path::of("monitoring.subscriptions"), "whoever owns the topic adds them there")
                .at(&path, "this topic exists"),
        );
    }
}

fn judge(protocol: Protocol, endpoint: &str) -> (bool, &'static str) {
    match protocol {
        Protocol::Email | Protocol::EmailJson => (is_email(endpoint), "an e-mail address"),
        Protocol::Https => (endpoint.starts_with("https://") && endpoint.len() > 8, "an `https://` URL"),
        Protocol::Sms => (is_phone(endpoint), "a phone number such as `+491701234567`"),
        Protocol::Sqs => (is_arn(endpoint, "sqs"), "the ARN of a queue"),
        Protocol::Lambda => (is_arn(endpoint, "lambda"), "the ARN of a function"),
    }
}

fn is_email(text: &str) -> bool {
    let plain = !text.contains(char::is_whitespace) && text.matches('@').count() == 1;
    plain
        && text
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.ends_with('.'))
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|rest| (7..=15).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit()))
}

fn is_arn(text: &str, service: &str) -> bool {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        [arn, partition, named, region, account, resource] => {
            *arn == "arn"
                && partition.starts_with("aws")
                && *named == service
                && !region.is_empty()
                && account.len() == 12
                && !resource.is_empty()
        }
        _ => false,
    }
}
