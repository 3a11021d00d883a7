//! A VPC endpoint, of either type: a gateway endpoint stands in route tables, an interface endpoint in subnets.
//! Class B: its create takes a client token, which no SDK fills.

use crate::batch;
use crate::survey::{described, inputs, recorded, texts};
use auroractl_aws::{Aws, GoneIsFine as _, PolicyDocument, ec2, tags};
use auroractl_core::ids::{RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId, VpcId};
use auroractl_core::model::{Adoption, Exports, Group, Model, ReplaceOrder, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_ec2::operation::modify_vpc_endpoint::builders::ModifyVpcEndpointFluentBuilder as Modify;
use aws_sdk_ec2::types::{ResourceType, State, VpcEndpoint as Raw, VpcEndpointType as RawType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const CREATE_ONLY: Impact = Impact::new(Level::Replace, DOC);
// Applications reach an AWS service by it; the database does not.
const IN_PLACE: Impact = Impact::new(Level::None, DOC);
const DOC: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpcendpoint.html";

/// An endpoint as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcEndpoint {
    /// The VPC.
    pub vpc_id: Input<VpcId>,
    /// `com.amazonaws.<region>.<service>`.
    pub service_name: String,
    /// Its type.
    pub vpc_endpoint_type: VpcEndpointType,
    /// The tables that get a route to it; for a gateway endpoint.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub route_table_ids: BTreeSet<Input<RouteTableId>>,
    /// The subnets that it has an interface in, one per availability zone; for an interface endpoint.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub subnet_ids: BTreeSet<Input<SubnetId>>,
    /// The groups that guard its interfaces. AWS attaches the VPC's default group where none is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub security_group_ids: BTreeSet<Input<SecurityGroupId>>,
    /// Whether the service's usual name leads to it from within the VPC, which must have DNS support and host names
    /// switched on; for an interface endpoint.
    pub private_dns_enabled: bool,
    /// Who may do what by it. AWS's default lets everybody do everything that they may do anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_document: Option<PolicyDocument>,
    /// The user's tags.
    pub tags: Tags,
}

/// How an endpoint is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VpcEndpointType {
    /// By routes; S3 and DynamoDB only; free.
    Gateway,
    /// By network interfaces in subnets.
    Interface,
}

impl VpcEndpoint {
    /// A gateway endpoint without tags and with AWS's policy.
    #[must_use]
    pub fn gateway(vpc: Input<VpcId>, service_name: String, route_tables: BTreeSet<Input<RouteTableId>>) -> Self {
        Self { route_table_ids: route_tables, ..Self::bare(vpc, service_name, VpcEndpointType::Gateway) }
    }

    /// An interface endpoint with private DNS, without tags and with AWS's policy.
    #[must_use]
    pub fn interface(
        vpc: Input<VpcId>,
        service_name: String,
        subnets: BTreeSet<Input<SubnetId>>,
        groups: BTreeSet<Input<SecurityGroupId>>,
    ) -> Self {
        Self {
            subnet_ids: subnets,
            security_group_ids: groups,
            private_dns_enabled: true,
            ..Self::bare(vpc, service_name, VpcEndpointType::Interface)
        }
    }

    fn bare(vpc_id: Input<VpcId>, service_name: String, vpc_endpoint_type: VpcEndpointType) -> Self {
        Self {
            vpc_id,
            service_name,
            vpc_endpoint_type,
            route_table_ids: BTreeSet::new(),
            subnet_ids: BTreeSet::new(),
            security_group_ids: BTreeSet::new(),
            private_dns_enabled: false,
            policy_document: None,
            tags: Tags::new(),
        }
    }
}

/// What an endpoint exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcEndpointOutputs {
    /// Its id.
    pub vpc_endpoint_id: VpcEndpointId,
}

impl Exports<VpcEndpointId> for VpcEndpoint {
    const OUTPUT: &'static str = "vpc_endpoint_id";
}

impl Model for VpcEndpoint {
    const KIND: &'static str = "vpc_endpoint";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Token;
    // A VPC has one endpoint with private DNS for a service, and a table one route to a service's prefix list.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const TIMING: Timing = Timing { timeout: 600.0, horizon: 300.0, stable: 1, delay: 0.0 };
    type Outputs = VpcEndpointOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self {
            vpc_id,
            service_name,
            vpc_endpoint_type,
            route_table_ids,
            subnet_ids,
            security_group_ids,
            private_dns_enabled,
            policy_document,
            tags,
        } = new;
        d.field("vpc_id", &old.vpc_id, vpc_id, CREATE_ONLY)
            .field("service_name", &old.service_name, service_name, CREATE_ONLY)
            .field("vpc_endpoint_type", &old.vpc_endpoint_type, vpc_endpoint_type, CREATE_ONLY)
            .field("route_table_ids", &old.route_table_ids, route_table_ids, IN_PLACE)
            .field("subnet_ids", &old.subnet_ids, subnet_ids, IN_PLACE)
            .field("private_dns_enabled", &old.private_dns_enabled, private_dns_enabled, IN_PLACE)
            .managed("policy_document", &old.policy_document, policy_document, IN_PLACE)
            .tags(&old.tags, tags);
        if !security_group_ids.is_empty() {
            d.field("security_group_ids", &old.security_group_ids, security_group_ids, IN_PLACE);
        }
    }
}

impl Resource<Aws> for VpcEndpoint {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let Some(me) = asks.first().map(|ask| &ask.identity) else { return Ok(Vec::new()) };
        let ids = recorded(asks, |outputs| outputs.vpc_endpoint_id.as_str());
        let query = ec2::Query { op: "ec2:DescribeVpcEndpoints", me, id_filter: "vpc-endpoint-id", ids: ids.clone() };
        let fetch = described!(aws, "ec2:DescribeVpcEndpoints", describe_vpc_endpoints);
        let mut all = ec2::tagged(look, query, fetch, |endpoint: &Raw| endpoint.vpc_endpoint_id()).await?;
        all.retain(|raw| !is_tombstone(raw, &ids));
        let seen = |ask: &Ask<Self>| {
            let raw = ec2::pick(&all, ask, |outputs| outputs.vpc_endpoint_id.as_str(), Raw::vpc_endpoint_id, Raw::tags);
            raw.map_or(Seen::Absent, |raw| found(raw).into())
        };
        Ok(asks.iter().map(seen).collect())
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let vpc = spec.vpc_id.get()?.as_str();
        let tables = texts(&spec.route_table_ids)?;
        let (subnets, groups) = (texts(&spec.subnet_ids)?, texts(&spec.security_group_ids)?);
        let interface = spec.vpc_endpoint_type == VpcEndpointType::Interface;
        let tagged = tags::ec2_spec(ResourceType::VpcEndpoint, me, &spec.tags);
        let call = || {
            let request = aws.ec2().create_vpc_endpoint().client_token(me.token()).vpc_id(vpc);
            let request = request.service_name(&spec.service_name).vpc_endpoint_type(raw_type(spec.vpc_endpoint_type));
            let request = request
                .set_route_table_ids(some(&tables))
                .set_subnet_ids(some(&subnets))
                .set_security_group_ids(some(&groups))
                .set_private_dns_enabled(interface.then_some(spec.private_dns_enabled))
                .set_policy_document(spec.policy_document.as_ref().map(ToString::to_string));
            request.tag_specifications(tagged.clone()).send()
        };
        let made = aws.write("ec2:CreateVpcEndpoint", call).await?;
        let raw = made.vpc_endpoint().ok_or_else(|| CallError::missing("ec2:CreateVpcEndpoint", "VpcEndpoint"))?;
        let id = raw.vpc_endpoint_id();
        let id = id.ok_or_else(|| CallError::missing("ec2:CreateVpcEndpoint", "VpcEndpointId"))?;
        let ready = readiness(raw) == Readiness::Ready;
        Ok(Done { ready, ..Done::pending(VpcEndpointOutputs { vpc_endpoint_id: id.into() }) })
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let id = from.outputs.vpc_endpoint_id.as_str();
        let edit = Edit::between(&from.spec, to)?;
        if !edit.is_empty() {
            let call = || edit.apply(aws.ec2().modify_vpc_endpoint().vpc_endpoint_id(id)).send();
            aws.write("ec2:ModifyVpcEndpoint", call).await?;
        }
        aws.retag_ec2(id, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done { ready: edit.is_empty() && from.readiness == Readiness::Ready, ..Done::ready(from.outputs.clone()) })
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let id = past.outputs.vpc_endpoint_id.as_str();
        let call = || aws.ec2().delete_vpc_endpoints().vpc_endpoint_ids(id).send();
        let deleted = aws.remove("ec2:DeleteVpcEndpoints", call).await;
        let deleted = deleted.and_then(|answer| batch::all_done("ec2:DeleteVpcEndpoints", answer.unsuccessful()));
        // Subnets and groups are free only when the interfaces are gone.
        deleted.ending(Ending::Going)
    }
}

/// What differs, as `ModifyVpcEndpoint` takes it: all in one call.
#[derive(Debug, Default, PartialEq)]
struct Edit {
    tables: Members,
    subnets: Members,
    groups: Members,
    private_dns: Option<bool>,
    policy: Option<String>,
}

/// Members of a set to add and to remove.
#[derive(Debug, Default, PartialEq)]
struct Members {
    add: Vec<String>,
    remove: Vec<String>,
}

impl Members {
    fn between<T: ToString + Ord + Clone>(
        from: &BTreeSet<Input<T>>,
        to: &BTreeSet<Input<T>>,
    ) -> Result<Self, CallError> {
        let only = |a: &BTreeSet<Input<T>>, b: &BTreeSet<Input<T>>| texts(&a.difference(b).cloned().collect());
        Ok(Self { add: only(to, from)?, remove: only(from, to)? })
    }
}

impl Edit {
    fn between(from: &VpcEndpoint, to: &VpcEndpoint) -> Result<Self, CallError> {
        let policy = to.policy_document.as_ref().filter(|_| from.policy_document != to.policy_document);
        Ok(Self {
            tables: Members::between(&from.route_table_ids, &to.route_table_ids)?,
            subnets: Members::between(&from.subnet_ids, &to.subnet_ids)?,
            groups: if to.security_group_ids.is_empty() {
                Members::default()
            } else {
                Members::between(&from.security_group_ids, &to.security_group_ids)?
            },
            private_dns: (from.private_dns_enabled != to.private_dns_enabled).then_some(to.private_dns_enabled),
            policy: policy.map(ToString::to_string),
        })
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn apply(&self, call: Modify) -> Modify {
        call.set_add_route_table_ids(some(&self.tables.add))
            .set_remove_route_table_ids(some(&self.tables.remove))
            .set_add_subnet_ids(some(&self.subnets.add))
            .set_remove_subnet_ids(some(&self.subnets.remove))
            .set_add_security_group_ids(some(&self.groups.add))
            .set_remove_security_group_ids(some(&self.groups.remove))
            .set_private_dns_enabled(self.private_dns)
            .set_policy_document(self.policy.clone())
    }
}

/// A list as a call takes it: an empty one is not sent.
fn some(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

fn raw_type(kind: VpcEndpointType) -> RawType {
    match kind {
        VpcEndpointType::Gateway => RawType::Gateway,
        VpcEndpointType::Interface => RawType::Interface,
    }
}

/// The state in lower case: the API's model writes it with a capital, the wire without.
fn state(raw: &Raw) -> String {
    raw.state().map_or("pending", State::as_str).to_ascii_lowercase()
}

/// Gone, or, unless it is on record, of no use to a search: it keeps its tags for a while.
fn is_tombstone(raw: &Raw, recorded: &[String]) -> bool {
    let known = raw.vpc_endpoint_id().is_some_and(|id| recorded.iter().any(|known| known == id));
    match state(raw).as_str() {
        "deleted" => true,
        "deleting" | "failed" | "rejected" | "expired" => !known,
        _ => false,
    }
}

fn readiness(raw: &Raw) -> Readiness {
    let state = state(raw);
    match state.as_str() {
        // The owner of the service has to accept it; nothing that we could wait for.
        "available" | "pendingacceptance" => Readiness::Ready,
        "deleting" | "deleted" => Readiness::Deleting,
        "failed" | "rejected" | "expired" => {
            let error = raw.last_error();
            let code = error.and_then(|error| error.code()).unwrap_or("no error code");
            let message = error.and_then(|error| error.message()).or(raw.failure_reason());
            let text = message.map(|text| format!(": {}", text.trim_end_matches('.'))).unwrap_or_default();
            Readiness::Failed(format!("{state}: {code}{text}"))
        }
        _ => Readiness::Pending(state),
    }
}

fn found(raw: &Raw) -> Found<VpcEndpoint> {
    let all = tags::of_ec2(raw.tags());
    let groups: Vec<String> = raw.groups().iter().filter_map(|group| group.group_id()).map(ToOwned::to_owned).collect();
    let interface = raw.vpc_endpoint_type() == Some(&RawType::Interface);
    let spec = VpcEndpoint {
        vpc_id: Input::Value(raw.vpc_id().unwrap_or_default().into()),
        service_name: raw.service_name().unwrap_or_default().to_owned(),
        vpc_endpoint_type: if interface { VpcEndpointType::Interface } else { VpcEndpointType::Gateway },
        route_table_ids: inputs(raw.route_table_ids()),
        subnet_ids: inputs(raw.subnet_ids()),
        security_group_ids: inputs(&groups),
        private_dns_enabled: interface && raw.private_dns_enabled().unwrap_or(false),
        policy_document: raw.policy_document().map(PolicyDocument::answered),
        tags: auroractl_core::tags::user(&all),
    };
    let outputs = VpcEndpointOutputs { vpc_endpoint_id: raw.vpc_endpoint_id().unwrap_or_default().into() };
    Found { readiness: readiness(raw), ..Found::ready(spec, outputs, Owner::of(&all)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;
    use aws_sdk_ec2::types::builders::VpcEndpointBuilder;
    use aws_sdk_ec2::types::{LastError, SecurityGroupIdentifier};

    fn set<T: for<'a> From<&'a str> + Ord>(ids: &[&str]) -> BTreeSet<Input<T>> {
        ids.iter().map(|id| Input::Value(T::from(id))).collect()
    }

    fn wanted() -> VpcEndpoint {
        let service = "com.amazonaws.us-east-1.logs".to_owned();
        VpcEndpoint::interface(Input::Value("vpc-1".into()), service, set(&["subnet-1", "subnet-2"]), set(&["sg-1"]))
    }

    fn raw() -> VpcEndpointBuilder {
        Raw::builder()
            .vpc_endpoint_id("vpce-1")
            .vpc_id("vpc-1")
            .service_name("com.amazonaws.us-east-1.logs")
            .vpc_endpoint_type(RawType::Interface)
            .set_subnet_ids(Some(vec!["subnet-2".to_owned(), "subnet-1".to_owned()]))
            .groups(SecurityGroupIdentifier::builder().group_id("sg-1").build())
            .private_dns_enabled(true)
            .state("available".into())
            .policy_document(r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#)
    }

    #[test]
    fn an_unchanged_endpoint_differs_in_nothing() {
        let found = found(&raw().build());
        assert_eq!(changes(&found.spec, &wanted()), []);
        assert!(Edit::between(&found.spec, &wanted()).unwrap().is_empty());
        assert_eq!(found.readiness, Readiness::Ready);
    }

    #[test]
    fn only_what_differs_is_sent() {
        let policy = PolicyDocument::parse(r#"{"Statement":[]}"#).ok();
        let to = VpcEndpoint { subnet_ids: set(&["subnet-2", "subnet-3"]), policy_document: policy, ..wanted() };
        let edit = Edit::between(&found(&raw().build()).spec, &to).unwrap();
        let subnets = Members { add: vec!["subnet-3".to_owned()], remove: vec!["subnet-1".to_owned()] };
        let policy = Some(r#"{"Statement":[]}"#.to_owned());
        assert_eq!(edit, Edit { subnets, policy, ..Edit::default() });
    }

    #[test]
    fn no_group_named_leaves_awss_own() {
        let to = VpcEndpoint { security_group_ids: BTreeSet::new(), ..wanted() };
        assert_eq!(changes(&wanted(), &to), []);
        assert!(Edit::between(&wanted(), &to).unwrap().is_empty());
    }

    #[test]
    fn states_in_either_spelling() {
        let of = |state: &str| readiness(&raw().state(state.into()).build());
        assert_eq!((of("Available"), of("available")), (Readiness::Ready, Readiness::Ready));
        assert_eq!(of("PendingAcceptance"), Readiness::Ready);
        assert_eq!(of("Pending"), Readiness::Pending("pending".to_owned()));
        let error = LastError::builder().code("QuotaExceeded").message("no room.").build();
        let failed = readiness(&raw().state(State::Failed).last_error(error).build());
        assert_eq!(failed, Readiness::Failed("failed: QuotaExceeded: no room".to_owned()));
    }

    #[test]
    fn tombstones_are_no_finds() {
        let mine = ["vpce-1".to_owned()];
        for (state, on_record, in_search) in
            [("available", false, false), ("deleting", false, true), ("failed", false, true), ("deleted", true, true)]
        {
            let raw = raw().state(state.into()).build();
            assert_eq!((is_tombstone(&raw, &mine), is_tombstone(&raw, &[])), (on_record, in_search), "{state}");
        }
    }

    #[test]
    fn what_it_serves_is_create_only() {
        let edits = [
            ("vpc_id", VpcEndpoint { vpc_id: Input::Value("vpc-2".into()), ..wanted() }),
            ("service_name", VpcEndpoint { service_name: "com.amazonaws.us-east-1.kms".to_owned(), ..wanted() }),
            ("vpc_endpoint_type", VpcEndpoint { vpc_endpoint_type: VpcEndpointType::Gateway, ..wanted() }),
        ];
        for (path, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), Level::Replace)]);
        }
    }
}
