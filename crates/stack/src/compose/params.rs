//! Parameter groups: what security needs, the workload's profile, the stack's own values over both.

use super::Draft;
use crate::config::{ParamValue, Workload};
use auroractl_core::Input;
use auroractl_core::graph::GraphError;
use auroractl_core::ids::{ClusterParameterGroupName, ParameterGroupName};
use auroractl_params::catalogue::Scope;
use auroractl_params::{DbClusterParameterGroup, DbParameterGroup, Parameters, workload};
use std::collections::BTreeMap;

/// The two parameter groups.
pub(super) struct Groups {
    pub(super) cluster: Input<ClusterParameterGroupName>,
    pub(super) instance: Input<ParameterGroupName>,
}

/// Makes both groups.
pub(super) fn groups(draft: &mut Draft<'_>) -> Result<Groups, GraphError> {
    let config = draft.config;
    let family = config.parameter_family().unwrap_or_default();
    let cluster = DbClusterParameterGroup {
        family: family.clone(),
        parameters: parameters(draft, Scope::Cluster, &config.params.cluster),
        tags: draft.tags(),
    };
    let instance = DbParameterGroup {
        family,
        parameters: parameters(draft, Scope::Instance, &config.params.instance),
        tags: draft.tags(),
    };
    let cluster = draft.add("main", &cluster, "params.cluster")?;
    let instance = draft.add("main", &instance, "params.instance")?;
    Ok(Groups { cluster: cluster.out(), instance: instance.out() })
}

fn parameters(draft: &Draft<'_>, scope: Scope, own: &BTreeMap<String, ParamValue>) -> Parameters {
    let profile = match draft.config.params.workload {
        Workload::Oltp => workload::Workload::Oltp,
        Workload::Olap => workload::Workload::Olap,
        Workload::Mixed => workload::Workload::Mixed,
        Workload::Default => workload::Workload::Default,
    };
    let serverless = draft.config.cluster.serverless.is_some();
    let own = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    workload::parameters(profile, serverless, scope).overridden_by(own)
}
