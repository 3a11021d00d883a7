//! A metric alarm. Class E: `PutMetricAlarm` overwrites whatever has that name, and ignores tags where there is an
//! alarm. The oid in the derived name keeps it off strangers' alarms.

use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::TopicArn;
use auroractl_core::model::{Adoption, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_cloudwatch::types::{
    ComparisonOperator as RawOperator, Dimension, MetricAlarm as Raw, Statistic as RawStatistic,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// `DescribeAlarms` takes at most so many names, and answers half as many unless asked for all.
const NAMES: usize = 100;
const PAGE: i32 = 100;
const IN_PLACE: Impact = Impact::new(Level::None, DOC);
const DOC: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html";

/// An alarm as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricAlarm {
    /// What it means and what to do.
    pub alarm_description: String,
    /// Namespace of the metric, `AWS/RDS`.
    pub namespace: String,
    /// The metric.
    pub metric_name: String,
    /// Of which resource.
    pub dimensions: BTreeMap<String, String>,
    /// How the points of a period become one.
    pub statistic: Statistic,
    /// Seconds that one point covers.
    pub period: u32,
    /// How many of the last points are looked at.
    pub evaluation_periods: u32,
    /// How many of them must breach.
    pub datapoints_to_alarm: u32,
    /// In the metric's own unit: bytes, milliseconds, seconds, percent.
    pub threshold: f64,
    /// On which side of the threshold.
    pub comparison_operator: ComparisonOperator,
    /// What a missing point means.
    pub treat_missing_data: TreatMissingData,
    /// Who is told when it goes off. Nobody where the alarm's actions were switched off.
    pub alarm_actions: BTreeSet<Input<TopicArn>>,
    /// Who is told when it is over.
    pub ok_actions: BTreeSet<Input<TopicArn>>,
    /// The user's tags.
    pub tags: Tags,
}

/// How the points of a period become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Statistic {
    /// Their mean.
    Average,
    /// The largest.
    Maximum,
    /// The smallest.
    Minimum,
    /// Their sum.
    Sum,
    /// Another one, set by somebody else.
    Other,
}

/// On which side of the threshold an alarm goes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComparisonOperator {
    /// Above.
    GreaterThanThreshold,
    /// Above or at.
    GreaterThanOrEqualToThreshold,
    /// Below.
    LessThanThreshold,
    /// Below or at.
    LessThanOrEqualToThreshold,
    /// Another one, set by somebody else.
    Other,
}

/// What a missing point means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TreatMissingData {
    /// Nothing: the alarm waits.
    Missing,
    /// All is well.
    NotBreaching,
    /// Something is wrong.
    Breaching,
    /// The last state stays.
    Ignore,
}

/// What an alarm exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricAlarmOutputs {
    /// Its name.
    pub alarm_name: String,
    /// Its ARN.
    pub alarm_arn: String,
}

impl Model for MetricAlarm {
    const KIND: &'static str = "metric_alarm";
    const GROUP: Group = Group::Monitoring;
    const ADOPTION: Adoption = Adoption::Upsert;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = MetricAlarmOutputs;

    fn naming(&self) -> Naming {
        Naming::Derived(NameRule::regional(255))
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self {
            alarm_description,
            namespace,
            metric_name,
            dimensions,
            statistic,
            period,
            evaluation_periods,
            datapoints_to_alarm,
            threshold,
            comparison_operator,
            treat_missing_data,
            alarm_actions,
            ok_actions,
            tags,
        } = new;
        let none = || IN_PLACE;
        d.field("alarm_description", &old.alarm_description, alarm_description, none())
            .field("namespace", &old.namespace, namespace, none())
            .field("metric_name", &old.metric_name, metric_name, none())
            .field("dimensions", &old.dimensions, dimensions, none())
            .field("statistic", &old.statistic, statistic, none())
            .field("period", &old.period, period, none())
            .field("evaluation_periods", &old.evaluation_periods, evaluation_periods, none())
            .field("datapoints_to_alarm", &old.datapoints_to_alarm, datapoints_to_alarm, none())
            .field("threshold", &old.threshold, threshold, none())
            .field("comparison_operator", &old.comparison_operator, comparison_operator, none())
            .field("treat_missing_data", &old.treat_missing_data, treat_missing_data, none())
            .field("alarm_actions", &old.alarm_actions, alarm_actions, none())
            .field("ok_actions", &old.ok_actions, ok_actions, none())
            .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for MetricAlarm {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let names: Vec<String> = asks.iter().map(name).map(str::to_owned).collect();
        let mut all: Vec<Raw> = Vec::new();
        for some in names.chunks(NAMES) {
            let call =
                || aws.cloudwatch().describe_alarms().set_alarm_names(Some(some.to_vec())).max_records(PAGE).send();
            all.extend(aws.read("cloudwatch:DescribeAlarms", call).await?.metric_alarms.unwrap_or_default());
        }
        let mut seen = Vec::with_capacity(asks.len());
        for ask in asks {
            seen.push(match all.iter().find(|raw| raw.alarm_name() == Some(name(ask))) {
                Some(raw) => found(aws, look, ask, raw).await?.into(),
                None => Seen::Absent,
            });
        }
        Ok(seen)
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        put(aws, &me.name, spec, Some(&me.with_tags(&spec.tags))).await?;
        Ok(Done::ready(outputs(aws, &me.name)))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        if (Self { tags: to.tags.clone(), ..from.spec.clone() }) != *to {
            put(aws, &from.outputs.alarm_name, to, None).await?;
        }
        retag(aws, &from.outputs.alarm_arn, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.cloudwatch().delete_alarms().alarm_names(&past.outputs.alarm_name).send();
        aws.remove("cloudwatch:DeleteAlarms", call).await.ending(Ending::Gone)
    }
}

fn name(ask: &Ask<MetricAlarm>) -> &str {
    ask.outputs.as_ref().map_or(ask.identity.name.as_str(), |outputs| outputs.alarm_name.as_str())
}

fn outputs(aws: &Aws, name: &str) -> MetricAlarmOutputs {
    MetricAlarmOutputs { alarm_name: name.to_owned(), alarm_arn: aws.arn("cloudwatch", &format!("alarm:{name}")) }
}

/// Puts the whole alarm: what is left out of the call is reset.
async fn put(aws: &Aws, name: &str, spec: &MetricAlarm, tagged: Option<&tags::Map>) -> Result<(), CallError> {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let actions = |topics: &BTreeSet<Input<TopicArn>>| {
        topics.iter().map(|topic| topic.get().map(ToString::to_string)).collect::<Result<Vec<_>, _>>()
    };
    let (alarm_actions, ok_actions) = (actions(&spec.alarm_actions)?, actions(&spec.ok_actions)?);
    let dimensions: Vec<Dimension> =
        spec.dimensions.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build()).collect();
    let call = || {
        aws.cloudwatch()
            .put_metric_alarm()
            .alarm_name(name)
            .alarm_description(&spec.alarm_description)
            .namespace(&spec.namespace)
            .metric_name(&spec.metric_name)
            .set_dimensions(Some(dimensions.clone()))
            .statistic(spec.statistic.sdk())
            .period(number(spec.period))
            .evaluation_periods(number(spec.evaluation_periods))
            .datapoints_to_alarm(number(spec.datapoints_to_alarm))
            .threshold(spec.threshold)
            .comparison_operator(spec.comparison_operator.sdk())
            .treat_missing_data(spec.treat_missing_data.text())
            .actions_enabled(true)
            .set_alarm_actions(Some(alarm_actions.clone()))
            .set_ok_actions(Some(ok_actions.clone()))
            .set_tags(tagged.map(tags::cloudwatch))
            .send()
    };
    aws.write("cloudwatch:PutMetricAlarm", call).await.map(|_| ())
}

async fn found(aws: &Aws, look: &Look, ask: &Ask<MetricAlarm>, raw: &Raw) -> Result<Found<MetricAlarm>, CallError> {
    let mut outputs = outputs(aws, name(ask));
    if let Some(arn) = raw.alarm_arn() {
        arn.clone_into(&mut outputs.alarm_arn);
    }
    let all = aws.tags_of(look, (&ask.identity, Some(&ask.spec.tags)), &outputs.alarm_arn).await?;
    Ok(Found::ready(spec(raw, auroractl_core::tags::user(&all)), outputs, Owner::of(&all)))
}

fn spec(raw: &Raw, tags: Tags) -> MetricAlarm {
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or_default();
    // An alarm whose actions were switched off tells nobody, whoever is on its list.
    let on = raw.actions_enabled().unwrap_or(true);
    let topics =
        |arns: &[String]| arns.iter().filter(|_| on).map(|arn| Input::Value(TopicArn::from(arn.as_str()))).collect();
    let dimension = |raw: &Dimension| Some((raw.name()?.to_owned(), raw.value()?.to_owned()));
    MetricAlarm {
        alarm_description: raw.alarm_description().unwrap_or_default().to_owned(),
        namespace: raw.namespace().unwrap_or_default().to_owned(),
        metric_name: raw.metric_name().unwrap_or_default().to_owned(),
        dimensions: raw.dimensions().iter().filter_map(dimension).collect(),
        statistic: Statistic::of(raw.statistic()),
        period: number(raw.period()),
        evaluation_periods: number(raw.evaluation_periods()),
        // Not set means all of the points that are looked at.
        datapoints_to_alarm: number(raw.datapoints_to_alarm().or(raw.evaluation_periods())),
        threshold: raw.threshold().unwrap_or_default(),
        comparison_operator: ComparisonOperator::of(raw.comparison_operator()),
        treat_missing_data: TreatMissingData::of(raw.treat_missing_data()),
        alarm_actions: topics(raw.alarm_actions()),
        ok_actions: topics(raw.ok_actions()),
        tags,
    }
}

async fn retag(aws: &Aws, arn: &str, edit: &tags::TagEdit) -> Result<(), CallError> {
    if !edit.unset.is_empty() {
        let call = || aws.cloudwatch().untag_resource().resource_arn(arn).set_tag_keys(Some(edit.unset.clone())).send();
        aws.write("cloudwatch:UntagResource", call).await?;
    }
    if !edit.set.is_empty() {
        let tags = tags::cloudwatch(&edit.set);
        let call = || aws.cloudwatch().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send();
        aws.write("cloudwatch:TagResource", call).await?;
    }
    Ok(())
}

impl Statistic {
    fn sdk(self) -> RawStatistic {
        match self {
            Self::Average | Self::Other => RawStatistic::Average,
            Self::Maximum => RawStatistic::Maximum,
            Self::Minimum => RawStatistic::Minimum,
            Self::Sum => RawStatistic::Sum,
        }
    }

    fn of(raw: Option<&RawStatistic>) -> Self {
        match raw {
            Some(RawStatistic::Average) => Self::Average,
            Some(RawStatistic::Maximum) => Self::Maximum,
            Some(RawStatistic::Minimum) => Self::Minimum,
            Some(RawStatistic::Sum) => Self::Sum,
            _ => Self::Other,
        }
    }
}

impl ComparisonOperator {
    fn sdk(self) -> RawOperator {
        match self {
            Self::GreaterThanThreshold | Self::Other => RawOperator::GreaterThanThreshold,
            Self::GreaterThanOrEqualToThreshold => RawOperator::GreaterThanOrEqualToThreshold,
            Self::LessThanThreshold => RawOperator::LessThanThreshold,
            Self::LessThanOrEqualToThreshold => RawOperator::LessThanOrEqualToThreshold,
        }
    }

    fn of(raw: Option<&RawOperator>) -> Self {
        match raw {
            Some(RawOperator::GreaterThanThreshold) => Self::GreaterThanThreshold,
            Some(RawOperator::GreaterThanOrEqualToThreshold) => Self::GreaterThanOrEqualToThreshold,
            Some(RawOperator::LessThanThreshold) => Self::LessThanThreshold,
            Some(RawOperator::LessThanOrEqualToThreshold) => Self::LessThanOrEqualToThreshold,
            _ => Self::Other,
        }
    }
}

impl TreatMissingData {
    fn text(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotBreaching => "notBreaching",
            Self::Breaching => "breaching",
            Self::Ignore => "ignore",
        }
    }

    fn of(raw: Option<&str>) -> Self {
        match raw {
            Some("notBreaching") => Self::NotBreaching,
            Some("breaching") => Self::Breaching,
            Some("ignore") => Self::Ignore,
            _ => Self::Missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;

    fn wanted() -> MetricAlarm {
        MetricAlarm {
            alarm_description: "lag".to_owned(),
            namespace: "AWS/RDS".to_owned(),
            metric_name: "AuroraReplicaLag".to_owned(),
            dimensions: BTreeMap::from([("DBClusterIdentifier".to_owned(), "orders".to_owned())]),
            statistic: Statistic::Maximum,
            period: 60,
            evaluation_periods: 5,
            datapoints_to_alarm: 5,
            threshold: 1000.0,
            comparison_operator: ComparisonOperator::GreaterThanThreshold,
            treat_missing_data: TreatMissingData::NotBreaching,
            alarm_actions: [Input::Value("arn:t".into())].into(),
            ok_actions: [Input::Value("arn:t".into())].into(),
            tags: Tags::new(),
        }
    }

    fn raw() -> aws_sdk_cloudwatch::types::builders::MetricAlarmBuilder {
        Raw::builder()
            .alarm_description("lag")
            .namespace("AWS/RDS")
            .metric_name("AuroraReplicaLag")
            .dimensions(Dimension::builder().name("DBClusterIdentifier").value("orders").build())
            .statistic(RawStatistic::Maximum)
            .period(60)
            .evaluation_periods(5)
            .threshold(1000.0)
            .comparison_operator(RawOperator::GreaterThanThreshold)
            .treat_missing_data("notBreaching")
            .alarm_actions("arn:t")
            .ok_actions("arn:t")
    }

    #[test]
    fn an_unchanged_alarm_equals_what_the_stack_wants() {
        assert_eq!(spec(&raw().build(), Tags::new()), wanted());
        assert_eq!(spec(&raw().actions_enabled(true).datapoints_to_alarm(5).build(), Tags::new()), wanted());
    }

    #[test]
    fn an_alarm_that_tells_nobody_differs() {
        let seen = spec(&raw().actions_enabled(false).build(), Tags::new());
        let paths = ["alarm_actions", "ok_actions"].map(|path| (path.to_owned(), Level::None));
        assert_eq!(changes(&seen, &wanted()), paths);
    }

    #[test]
    fn what_this_program_never_sets_differs_too() {
        let seen = spec(&raw().statistic(RawStatistic::SampleCount).treat_missing_data("missing").build(), Tags::new());
        let paths = ["statistic", "treat_missing_data"].map(|path| (path.to_owned(), Level::None));
        assert_eq!(changes(&seen, &wanted()), paths);
    }

    #[test]
    fn enums_are_read_as_they_are_sent() {
        for statistic in [Statistic::Average, Statistic::Maximum, Statistic::Minimum, Statistic::Sum] {
            assert_eq!(Statistic::of(Some(&statistic.sdk())), statistic);
        }
        use ComparisonOperator as Operator;
        for operator in [
            Operator::GreaterThanThreshold,
            Operator::GreaterThanOrEqualToThreshold,
            Operator::LessThanThreshold,
            Operator::LessThanOrEqualToThreshold,
        ] {
            assert_eq!(Operator::of(Some(&operator.sdk())), operator);
        }
        use TreatMissingData as Missing;
        for missing in [Missing::Missing, Missing::NotBreaching, Missing::Breaching, Missing::Ignore] {
            assert_eq!(Missing::of(Some(missing.text())), missing);
        }
    }
}
