//! An alarm is an `aws_cloudwatch_metric_alarm`.

use super::Terraform;
use super::block::{Block, object};
use auroractl_monitoring::{ComparisonOperator, MetricAlarm, Statistic, TreatMissingData};

impl Terraform for MetricAlarm {
    const TYPE: &'static str = "aws_cloudwatch_metric_alarm";

    fn say(&self, block: &mut Block<'_>) {
        let Self {
            alarm_description,
            namespace,
            metric_name,
            dimensions,
            statistic: kind,
            period,
            evaluation_periods,
            datapoints_to_alarm,
            threshold,
            comparison_operator,
            treat_missing_data,
            alarm_actions,
            ok_actions,
            tags,
        } = self;
        block
            .later("alarm_name")
            .set("alarm_description", alarm_description.as_str())
            .set("namespace", namespace.as_str())
            .set("metric_name", metric_name.as_str())
            .set("dimensions", object(dimensions.iter().map(|(name, value)| (name.clone(), value.clone().into()))))
            .maybe("statistic", statistic(*kind))
            .set("period", *period)
            .set("evaluation_periods", *evaluation_periods)
            .set("datapoints_to_alarm", *datapoints_to_alarm)
            .set("threshold", *threshold)
            .maybe("comparison_operator", comparison(*comparison_operator))
            .set("treat_missing_data", missing(*treat_missing_data))
            .set("actions_enabled", true)
            .inputs("alarm_actions", alarm_actions)
            .inputs("ok_actions", ok_actions)
            .tags(tags);
    }
}

// `Other` is only ever observed: no stack asks for it.

fn statistic(statistic: Statistic) -> Option<&'static str> {
    match statistic {
        Statistic::Average => Some("Average"),
        Statistic::Maximum => Some("Maximum"),
        Statistic::Minimum => Some("Minimum"),
        Statistic::Sum => Some("Sum"),
        Statistic::Other => None,
    }
}

fn comparison(operator: ComparisonOperator) -> Option<&'static str> {
    match operator {
        ComparisonOperator::GreaterThanThreshold => Some("GreaterThanThreshold"),
        ComparisonOperator::GreaterThanOrEqualToThreshold => Some("GreaterThanOrEqualToThreshold"),
        ComparisonOperator::LessThanThreshold => Some("LessThanThreshold"),
        ComparisonOperator::LessThanOrEqualToThreshold => Some("LessThanOrEqualToThreshold"),
        ComparisonOperator::Other => None,
    }
}

fn missing(data: TreatMissingData) -> &'static str {
    match data {
        TreatMissingData::Missing => "missing",
        TreatMissingData::NotBreaching => "notBreaching",
        TreatMissingData::Breaching => "breaching",
        TreatMissingData::Ignore => "ignore",
    }
}
