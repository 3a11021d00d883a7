//! What the design rules want to know about a topic that the stack is given, and about dashboards.

use auroractl_aws::Aws;
use auroractl_engine::CallError;

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicLook {
    /// `KmsMasterKeyId`.
    pub key: Option<String>,
    /// `Policy`, as JSON.
    pub policy: Option<String>,
}

/// Looks at a topic.
///
/// # Errors
/// When AWS can't be asked, or has no such topic.
pub async fn topic(aws: &Aws, arn: &str) -> Result<TopicLook, CallError> {
    let call = || aws.sns().get_topic_attributes().topic_arn(arn).send();
    let answer = aws.read("sns:GetTopicAttributes", call).await?;
    let attribute =
        |name: &str| answer.attributes().and_then(|all| all.get(name)).filter(|text| !text.is_empty()).cloned();
    Ok(TopicLook { key: attribute("KmsMasterKeyId"), policy: attribute("Policy") })
}

/// Does a dashboard of the region speak of a cluster?
///
/// # Errors
/// When AWS can't be asked.
pub async fn dashboard_of(aws: &Aws, cluster: &str) -> Result<bool, CallError> {
    let call = || {
        let pages = aws.cloudwatch().list_dashboards().into_paginator().items();
        async move { pages.send().collect::<Result<Vec<_>, _>>().await }
    };
    let quoted = format!("\"{cluster}\"");
    for entry in aws.read("cloudwatch:ListDashboards", call).await? {
        let name = entry.dashboard_name().unwrap_or_default().to_owned();
        let call = || aws.cloudwatch().get_dashboard().dashboard_name(&name).send();
        let answer = aws.read("cloudwatch:GetDashboard", call).await?;
        if answer.dashboard_body().is_some_and(|body| body.contains(&quoted)) {
            return Ok(true);
        }
    }
    Ok(false)
}
