//! The DB subnet group: the subnets that a cluster may put its instances into. Class A: its name is unique in the region.

use crate::survey::{inputs, texts};
use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::{SubnetGroupName, SubnetId, VpcId};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_rds::types::DbSubnetGroup as Raw;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const DOC: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBSubnetGroup.html";
// AWS refuses to take away a subnet that an instance is in; adding one moves nobody.
const IN_PLACE: Impact = Impact::new(Level::None, DOC);
/// All subnets of a group are in one VPC for as long as it lives.
const CREATE_ONLY: Impact = Impact::new(Level::Replace, DOC);

/// A DB subnet group as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbSubnetGroup {
    /// The VPC of its subnets. AWS takes it from them; it stands here so that a move to another VPC is seen as the
    /// replacement that it is.
    pub vpc_id: Input<VpcId>,
    /// What it is for.
    pub description: String,
    /// Its subnets, in at least two availability zones.
    pub subnet_ids: BTreeSet<Input<SubnetId>>,
    /// The user's tags.
    pub tags: Tags,
}

/// What a DB subnet group exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DbSubnetGroupOutputs {
    /// Its name.
    pub db_subnet_group_name: SubnetGroupName,
    /// Its ARN.
    pub db_subnet_group_arn: String,
}

impl Exports<SubnetGroupName> for DbSubnetGroup {
    const OUTPUT: &'static str = "db_subnet_group_name";
}

impl Model for DbSubnetGroup {
    const KIND: &'static str = "db_subnet_group";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing { timeout: 180.0, horizon: 60.0, stable: 1, delay: 0.0 };
    type Outputs = DbSubnetGroupOutputs;

    fn naming(&self) -> Naming {
        Naming::Derived(NameRule::regional(255))
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { vpc_id, description, subnet_ids, tags } = new;
        d.field("vpc_id", &old.vpc_id, vpc_id, CREATE_ONLY)
            .field("description", &old.description, description, IN_PLACE)
            .field("subnet_ids", &old.subnet_ids, subnet_ids, IN_PLACE)
            .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for DbSubnetGroup {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        // The call takes one name and no filters, and a stack has one group.
        futures::future::try_join_all(asks.iter().map(|ask| seen(aws, look, ask))).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let subnets = texts(&spec.subnet_ids)?;
        let call = || {
            let request = aws.rds().create_db_subnet_group().db_subnet_group_name(&me.name);
            let request = request.db_subnet_group_description(&spec.description);
            request.set_subnet_ids(Some(subnets.clone())).set_tags(Some(tags::rds(me, &spec.tags))).send()
        };
        let made = aws.write("rds:CreateDBSubnetGroup", call).await.map_err(explained)?;
        let raw = made.db_subnet_group();
        let raw = raw.ok_or_else(|| CallError::missing("rds:CreateDBSubnetGroup", "DBSubnetGroup"))?;
        Ok(Done { ready: readiness(raw) == Readiness::Ready, ..Done::pending(outputs(raw)) })
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let name = from.outputs.db_subnet_group_name.as_str();
        if from.spec.description != to.description || from.spec.subnet_ids != to.subnet_ids {
            let subnets = texts(&to.subnet_ids)?;
            let call = || {
                let request = aws.rds().modify_db_subnet_group().db_subnet_group_name(name);
                let request = request.db_subnet_group_description(&to.description);
                request.set_subnet_ids(Some(subnets.clone())).send()
            };
            aws.write("rds:ModifyDBSubnetGroup", call).await.map_err(explained)?;
        }
        let edit = tags::edit(me, &from.owner, &from.spec.tags, &to.tags);
        aws.retag_rds(&from.outputs.db_subnet_group_arn, &edit).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let name = past.outputs.db_subnet_group_name.as_str();
        let call = || aws.rds().delete_db_subnet_group().db_subnet_group_name(name).send();
        aws.remove("rds:DeleteDBSubnetGroup", call).await.ending(Ending::Gone)
    }
}

async fn seen(aws: &Aws, look: &Look, ask: &Ask<DbSubnetGroup>) -> Result<Seen<DbSubnetGroup>, CallError> {
    let recorded = ask.outputs.as_ref().map(|outputs| outputs.db_subnet_group_name.as_str());
    let name = recorded.unwrap_or(&ask.identity.name);
    let fetch = async {
        let call = || aws.rds().describe_db_subnet_groups().db_subnet_group_name(name).send();
        let answer = aws.read("rds:DescribeDBSubnetGroups", call).await.gone_is_fine()?;
        Ok(answer.and_then(|answer| answer.db_subnet_groups.unwrap_or_default().into_iter().next()))
    };
    let found = look.once(&format!("rds:DescribeDBSubnetGroups {name}"), fetch).await?;
    let Some(raw) = found.as_ref() else { return Ok(Seen::Absent) };
    let all =
        aws.tags_of(look, (&ask.identity, Some(&ask.spec.tags)), raw.db_subnet_group_arn().unwrap_or_default()).await?;
    Ok(normal(raw, &all).into())
}

/// Says what AWS's code leaves out.
fn explained(mut error: CallError) -> CallError {
    if error.code.as_deref() == Some("DBSubnetGroupDoesNotCoverEnoughAZs") {
        let message = error.message.trim_end_matches('.');
        error.message = format!(
            "{message}. A DB subnet group needs subnets in at least {} availability zones: name subnets of other zones",
            crate::zones::MIN_ZONES
        );
    }
    error
}

fn outputs(raw: &Raw) -> DbSubnetGroupOutputs {
    DbSubnetGroupOutputs {
        db_subnet_group_name: raw.db_subnet_group_name().unwrap_or_default().into(),
        db_subnet_group_arn: raw.db_subnet_group_arn().unwrap_or_default().to_owned(),
    }
}

fn readiness(raw: &Raw) -> Readiness {
    match raw.subnet_group_status() {
        Some("Complete") => Readiness::Ready,
        other => Readiness::Pending(other.unwrap_or("no status").to_owned()),
    }
}

fn normal(raw: &Raw, all: &BTreeMap<String, String>) -> Found<DbSubnetGroup> {
    let subnets: Vec<String> =
        raw.subnets().iter().filter_map(|subnet| subnet.subnet_identifier()).map(ToOwned::to_owned).collect();
    let spec = DbSubnetGroup {
        vpc_id: Input::Value(raw.vpc_id().unwrap_or_default().into()),
        description: raw.db_subnet_group_description().unwrap_or_default().to_owned(),
        subnet_ids: inputs(&subnets),
        tags: auroractl_core::tags::user(all),
    };
    Found { readiness: readiness(raw), ..Found::ready(spec, outputs(raw), Owner::of(all)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;
    use auroractl_engine::Class;
    use aws_sdk_rds::types::Subnet;

    fn wanted() -> DbSubnetGroup {
        DbSubnetGroup {
            vpc_id: Input::Value("vpc-1".into()),
            description: "orders".to_owned(),
            subnet_ids: inputs(&["subnet-1".to_owned(), "subnet-2".to_owned()]),
            tags: Tags::new(),
        }
    }

    fn raw() -> aws_sdk_rds::types::builders::DbSubnetGroupBuilder {
        let subnet = |id: &str| Subnet::builder().subnet_identifier(id).build();
        Raw::builder()
            .db_subnet_group_name("orders-main-abcdefgh")
            .db_subnet_group_description("orders")
            .vpc_id("vpc-1")
            .subnet_group_status("Complete")
            .subnets(subnet("subnet-2"))
            .subnets(subnet("subnet-1"))
    }

    #[test]
    fn an_unchanged_group_equals_what_the_stack_wants() {
        let found = normal(&raw().build(), &BTreeMap::from([("auroractl:id".to_owned(), "oid".to_owned())]));
        assert_eq!((found.spec, found.readiness), (wanted(), Readiness::Ready));
        assert_eq!(found.owner, Owner::Partial("oid".to_owned()));
        let young = raw().subnet_group_status("Creating").build();
        assert_eq!(readiness(&young), Readiness::Pending("Creating".to_owned()));
    }

    #[test]
    fn another_vpc_is_another_group() {
        let edits = [
            ("vpc_id", Level::Replace, DbSubnetGroup { vpc_id: Input::Value("vpc-2".into()), ..wanted() }),
            ("description", Level::None, DbSubnetGroup { description: "db".to_owned(), ..wanted() }),
            ("subnet_ids", Level::None, DbSubnetGroup { subnet_ids: BTreeSet::new(), ..wanted() }),
        ];
        for (path, level, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), level)]);
        }
    }

    #[test]
    fn too_few_zones_are_explained() {
        let error = CallError::new("rds:CreateDBSubnetGroup", Class::Invalid, "Add subnets to cover more.");
        let code = Some("DBSubnetGroupDoesNotCoverEnoughAZs".to_owned());
        let text = explained(CallError { code, ..error.clone() }).message;
        assert!(
            text.starts_with("Add subnets to cover more. A DB subnet group needs subnets in at least 2 "),
            "{text}"
        );
        assert_eq!(explained(error.clone()), error);
    }
}
