//! The instance parameter group. Class A: its name is derived, and a second group of that name is refused.
//!
//! A create makes an empty group, and the parameters follow in further calls: a crash between them leaves a group
//! that is ours and wrong, which the next run finds and edits.

use crate::catalogue::Scope;
use crate::group;
use crate::parameters::{Edits, Parameters};
use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::ParameterGroupName;
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_rds::types::Parameter;
use serde::{Deserialize, Serialize};

/// A instance parameter group as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbParameterGroup {
    /// `DBParameterGroupFamily`, for example `aurora-postgresql16`.
    pub family: String,
    /// What differs from the family's defaults. One that leaves goes back to its default.
    pub parameters: Parameters,
    /// The user's tags.
    pub tags: Tags,
}

/// What a instance parameter group exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DbParameterGroupOutputs {
    /// Its name.
    pub name: ParameterGroupName,
    /// Its ARN.
    pub arn: String,
}

impl Exports<ParameterGroupName> for DbParameterGroup {
    const OUTPUT: &'static str = "name";
}

impl Model for DbParameterGroup {
    const KIND: &'static str = "db_parameter_group";
    const GROUP: Group = Group::Params;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing { timeout: 300.0, horizon: 60.0, stable: 1, delay: 0.0 };
    type Outputs = DbParameterGroupOutputs;

    fn naming(&self) -> Naming {
        Naming::Derived(NameRule::regional(255))
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { family, parameters, tags } = new;
        d.field("family", &old.family, family, group::FAMILY)
            .entries("parameters", (old.parameters.as_map(), parameters.as_map()), |name, _, _| {
                group::grade(Scope::Instance, name)
            })
            .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for DbParameterGroup {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        futures::future::try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let (tagged, description) = (tags::rds(me, &spec.tags), group::description(me));
        let call = || {
            let create = aws.rds().create_db_parameter_group().db_parameter_group_name(&me.name);
            create
                .db_parameter_group_family(&spec.family)
                .description(&description)
                .set_tags(Some(tagged.clone()))
                .send()
        };
        aws.write("rds:CreateDBParameterGroup", call).await?;
        edit(aws, &me.name, &Edits::between(&Parameters::default(), &spec.parameters))
            .await
            .map_err(CallError::half_done)?;
        Ok(Done::ready(outputs(aws, &me.name)))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        edit(aws, from.outputs.name.as_str(), &Edits::between(&from.spec.parameters, &to.parameters)).await?;
        aws.retag_rds(&from.outputs.arn, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let name = past.outputs.name.as_str();
        let call = || aws.rds().delete_db_parameter_group().db_parameter_group_name(name).send();
        aws.remove("rds:DeleteDBParameterGroup", call).await.ending(Ending::Gone)
    }
}

/// The ARN follows from the name, so that nothing depends on what an answer says.
fn outputs(aws: &Aws, name: &str) -> DbParameterGroupOutputs {
    DbParameterGroupOutputs { name: name.into(), arn: aws.arn("rds", &format!("pg:{name}")) }
}

async fn see(aws: &Aws, look: &Look, ask: &Ask<DbParameterGroup>) -> Result<Seen<DbParameterGroup>, CallError> {
    let name = ask.outputs.as_ref().map_or(ask.identity.name.as_str(), |outputs| outputs.name.as_str());
    let call = || aws.rds().describe_db_parameter_groups().db_parameter_group_name(name).send();
    let Some(answer) = aws.read("rds:DescribeDBParameterGroups", call).await.gone_is_fine()? else {
        return Ok(Seen::Absent);
    };
    let Some(raw) = answer.db_parameter_groups().first() else { return Ok(Seen::Absent) };
    let outputs = outputs(aws, name);
    let tagged = aws.tags_of(look, (&ask.identity, Some(&ask.spec.tags)), &outputs.arn);
    let (Some(parameters), all) = futures::try_join!(user_set(aws, name), tagged)? else { return Ok(Seen::Absent) };
    let spec = DbParameterGroup {
        family: raw.db_parameter_group_family().unwrap_or_default().to_owned(),
        parameters: group::read(&parameters),
        tags: auroractl_core::tags::user(&all),
    };
    Ok(Found::ready(spec, outputs, Owner::of(&all)).into())
}

/// What differs from the defaults; `None` when the group is gone.
async fn user_set(aws: &Aws, name: &str) -> Result<Option<Vec<Parameter>>, CallError> {
    let call = || {
        let pages = aws.rds().describe_db_parameters().db_parameter_group_name(name).source("user").into_paginator();
        async move { pages.items().send().collect::<Result<Vec<_>, _>>().await }
    };
    aws.read("rds:DescribeDBParameters", call).await.gone_is_fine()
}

async fn edit(aws: &Aws, name: &str, edits: &Edits) -> Result<(), CallError> {
    for chunk in &edits.set {
        let parameters: Vec<Parameter> = chunk.iter().map(|(name, value)| group::set(name, value)).collect();
        let call = || {
            let modify = aws.rds().modify_db_parameter_group().db_parameter_group_name(name);
            modify.set_parameters(Some(parameters.clone())).send()
        };
        aws.write("rds:ModifyDBParameterGroup", call).await?;
    }
    for chunk in &edits.reset {
        let parameters: Vec<Parameter> = chunk.iter().map(|name| group::reset(name)).collect();
        let call = || {
            let reset = aws.rds().reset_db_parameter_group().db_parameter_group_name(name).reset_all_parameters(false);
            reset.set_parameters(Some(parameters.clone())).send()
        };
        aws.write("rds:ResetDBParameterGroup", call).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::{Address, Context, Level};
    use std::collections::BTreeMap;

    fn group(family: &str, parameters: &[(&str, &str)]) -> DbParameterGroup {
        DbParameterGroup {
            family: family.to_owned(),
            parameters: parameters.iter().copied().collect(),
            tags: Tags::new(),
        }
    }

    fn changes(old: &DbParameterGroup, new: &DbParameterGroup) -> Vec<(String, Level)> {
        let (address, observed) = (Address::new("db_parameter_group", "main").unwrap(), BTreeMap::new());
        let mut diff = Diff::new(Context { address: &address, observed: &observed });
        DbParameterGroup::diff(old, new, &mut diff);
        diff.finish().into_iter().map(|change| (change.path, change.impact.level)).collect()
    }

    #[test]
    fn parameters_are_edited_one_by_one() {
        let old =
            group("aurora-postgresql16", &[("log_lock_waits", "1"), ("work_mem", "64"), ("max_connections", "100")]);
        let new = group("aurora-postgresql16", &[("log_lock_waits", "on"), ("work_mem", "128")]);
        assert_eq!(
            changes(&old, &new),
            [
                ("parameters.max_connections".to_owned(), Level::RebootOne),
                ("parameters.work_mem".to_owned(), Level::None)
            ]
        );
    }

    #[test]
    fn another_family_is_another_group() {
        let (old, new) = (group("aurora-postgresql16", &[]), group("aurora-postgresql17", &[]));
        assert_eq!(changes(&old, &new), [("family".to_owned(), Level::Replace)]);
    }
}
