//! Section `params`: PostgreSQL parameters, by workload profile and by override.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Section `params`. The parameter group family follows from `cluster.engine_version`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// A profile of parameters fitted to the instance class.
    pub workload: Workload,
    /// Overrides for the cluster parameter group. Names with a dot need quotes: `"rds.force_ssl" = 1`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cluster: BTreeMap<String, ParamValue>,
    /// Overrides for the parameter group of the instances; for parameters that exist at both levels these win.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub instance: BTreeMap<String, ParamValue>,
}

/// What the database is mostly used for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// Many short transactions.
    Oltp,
    /// Few long, analytic queries.
    Olap,
    /// Both.
    Mixed,
    /// Aurora's own defaults, plus what security needs (TLS enforced, statement logging).
    #[default]
    Default,
}

/// The value of a parameter: the text that RDS stores. Numbers may be written as numbers, and `true` and `false` become
/// `1` and `0` as RDS spells them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParamValue(pub String);

impl ParamValue {
    /// The text that RDS stores.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for ParamValue {
    fn schema_name() -> Cow<'static, str> {
        "ParamValue".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl<'de> Deserialize<'de> for ParamValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = ParamValue;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number or a boolean")
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<ParamValue, E> {
                Ok(ParamValue(v.to_owned()))
            }
            fn visit_bool<E: Error>(self, v: bool) -> Result<ParamValue, E> {
                Ok(ParamValue(if v { "1" } else { "0" }.to_owned()))
            }
            fn visit_i64<E: Error>(self, v: i64) -> Result<ParamValue, E> {
                Ok(ParamValue(v.to_string()))
            }
            fn visit_u64<E: Error>(self, v: u64) -> Result<ParamValue, E> {
                Ok(ParamValue(v.to_string()))
            }
            fn visit_f64<E: Error>(self, v: f64) -> Result<ParamValue, E> {
                Ok(ParamValue(v.to_string()))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}
