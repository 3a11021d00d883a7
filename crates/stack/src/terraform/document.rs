//! The document: what `terraform show -json` would print of such a plan.

use super::block::{Expression, Said, Sheet};
use auroractl_core::Address;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The form of the document (`format_version` of Terraform's JSON output).
const FORMAT: &str = "1.2";
/// The Terraform release whose form it is. Checkov takes a document without one for no plan at all.
const RELEASE: &str = "1.9.0";
/// Terraform's AWS provider.
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

/// A Terraform plan document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    format_version: &'static str,
    terraform_version: &'static str,
    planned_values: Module<Planned>,
    resource_changes: Vec<Change>,
    configuration: Configuration,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Module<R> {
    root_module: Resources<R>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Resources<R> {
    resources: Vec<R>,
}

/// What every view of a resource begins with.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Head {
    address: String,
    mode: &'static str,
    #[serde(rename = "type")]
    resource_type: &'static str,
    name: String,
}

/// A resource as it will be.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Planned {
    #[serde(flatten)]
    head: Head,
    provider_name: &'static str,
    schema_version: u8,
    values: BTreeMap<&'static str, Value>,
    sensitive_values: BTreeMap<&'static str, bool>,
}

/// What would be done with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Change {
    #[serde(flatten)]
    head: Head,
    provider_name: &'static str,
    change: Difference,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Difference {
    actions: [&'static str; 1],
    before: (),
    after: BTreeMap<&'static str, Value>,
    after_unknown: BTreeMap<&'static str, bool>,
    before_sensitive: bool,
    after_sensitive: BTreeMap<&'static str, bool>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Configuration {
    provider_config: BTreeMap<&'static str, Provider>,
    root_module: Resources<Configured>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Provider {
    name: &'static str,
    full_name: &'static str,
    expressions: BTreeMap<&'static str, Expression>,
}

/// A resource as it is written.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Configured {
    #[serde(flatten)]
    head: Head,
    provider_config_key: &'static str,
    expressions: BTreeMap<&'static str, Expression>,
    schema_version: u8,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    depends_on: BTreeSet<String>,
}

impl Document {
    pub(super) fn new(sheet: &Sheet<'_>) -> Self {
        let mut said: Vec<(&Address, &Said)> = sheet.said.iter().collect();
        said.sort_by_key(|(_, said)| said.address());
        let region = Expression::Constant { constant_value: sheet.region().into() };
        let provider = Provider { name: "aws", full_name: PROVIDER, expressions: [("region", region)].into() };
        Self {
            format_version: FORMAT,
            terraform_version: RELEASE,
            planned_values: Module {
                root_module: Resources { resources: said.iter().map(|(_, said)| planned(said)).collect() },
            },
            resource_changes: said.iter().map(|(_, said)| change(said)).collect(),
            configuration: Configuration {
                provider_config: [("aws", provider)].into(),
                root_module: Resources {
                    resources: said.iter().map(|(at, said)| configured(sheet, at, said)).collect(),
                },
            },
        }
    }

    /// How many resources stand in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.resource_changes.len()
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resource_changes.is_empty()
    }
}

fn head(said: &Said) -> Head {
    Head { address: said.address(), mode: "managed", resource_type: said.resource_type, name: said.label.clone() }
}

fn planned(said: &Said) -> Planned {
    Planned {
        head: head(said),
        provider_name: PROVIDER,
        schema_version: 0,
        values: said.values.clone(),
        sensitive_values: BTreeMap::new(),
    }
}

fn change(said: &Said) -> Change {
    let change = Difference {
        actions: ["create"],
        before: (),
        after: said.values.clone(),
        after_unknown: said.unknown.iter().map(|name| (*name, true)).collect(),
        before_sensitive: false,
        after_sensitive: BTreeMap::new(),
    };
    Change { head: head(said), provider_name: PROVIDER, change }
}

/// An order without data is said with `depends_on`.
fn configured(sheet: &Sheet<'_>, at: &Address, said: &Said) -> Configured {
    let after = sheet.graph.node(at).into_iter().flat_map(|node| &node.after);
    Configured {
        head: head(said),
        provider_config_key: "aws",
        expressions: said.expressions.clone(),
        schema_version: 0,
        depends_on: after.filter_map(|dep| sheet.said.get(dep)).map(Said::address).collect(),
    }
}
