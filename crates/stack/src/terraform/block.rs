//! One resource while it is said: values that are known, values that are not, and the expressions that they come from.

use super::{Mapping, NO_ACCOUNT};
use auroractl_core::kind::Of;
use auroractl_core::reference::Promise;
use auroractl_core::{Address, Graph, Input, Model, Tags};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// An argument as the configuration gives it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Expression {
    /// Written there.
    Constant {
        /// What is written.
        constant_value: Value,
    },
    /// Taken from other resources: each attribute, and each resource that has it.
    References {
        /// As Terraform lists them: `aws_vpc.main.id`, then `aws_vpc.main`.
        references: Vec<String>,
    },
    /// Blocks within the block.
    Blocks(Vec<BTreeMap<&'static str, Expression>>),
}

/// A resource that has been said.
pub(super) struct Said {
    pub(super) resource_type: &'static str,
    pub(super) label: String,
    pub(super) values: BTreeMap<&'static str, Value>,
    pub(super) unknown: BTreeSet<&'static str>,
    pub(super) expressions: BTreeMap<&'static str, Expression>,
    mapping: &'static dyn Mapping,
}

impl Said {
    /// Its address in Terraform.
    pub(super) fn address(&self) -> String {
        format!("{}.{}", self.resource_type, self.label)
    }
}

/// All that has been said, in the order of need: who refers to a resource finds it here.
pub(super) struct Sheet<'a> {
    pub(super) graph: &'a Graph,
    pub(super) said: BTreeMap<Address, Said>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        Self { graph, said: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, address: Address, said: Said) {
        self.said.insert(address, said);
    }

    /// The region.
    pub(super) fn region(&self) -> &str {
        &self.graph.desired().stack.region
    }

    /// The account, or what stands in its place.
    pub(super) fn account(&self) -> &str {
        let account = self.graph.desired().stack.account.as_str();
        if account.is_empty() { NO_ACCOUNT } else { account }
    }

    /// What the stack wants of the resource that is referred to.
    pub(super) fn spec<M: Model, T>(&self, of: &Input<T>) -> Option<M> {
        let Input::Ref(of) = of else { return None };
        Of::<M>::spec(&self.graph.node(&of.promise().of)?.spec).ok()
    }

    /// The attribute that a promise leads to, and its value if that is known.
    fn follow(&self, promise: &Promise) -> Option<(Vec<String>, Option<&Value>)> {
        let target = self.said.get(&promise.of)?;
        let attribute = target.mapping.attribute(&promise.output);
        let resource = target.address();
        Some((vec![format!("{resource}.{attribute}"), resource], target.values.get(attribute)))
    }
}

/// One resource while it is said.
pub(super) struct Block<'a> {
    /// What has been said before.
    pub(super) sheet: &'a Sheet<'a>,
    values: BTreeMap<&'static str, Value>,
    unknown: BTreeSet<&'static str>,
    expressions: BTreeMap<&'static str, Expression>,
}

impl<'a> Block<'a> {
    pub(super) fn new(sheet: &'a Sheet<'a>) -> Self {
        Self { sheet, values: BTreeMap::new(), unknown: BTreeSet::new(), expressions: BTreeMap::new() }
    }

    pub(super) fn end(self, resource_type: &'static str, mapping: &'static dyn Mapping, address: &Address) -> Said {
        let Self { sheet: _, values, unknown, expressions } = self;
        Said { resource_type, label: label(address.name()), values, unknown, expressions, mapping }
    }

    /// A value that stands in the stack.
    pub(super) fn set(&mut self, name: &'static str, value: impl Into<Value>) -> &mut Self {
        let value = value.into();
        self.expressions.insert(name, Expression::Constant { constant_value: value.clone() });
        self.values.insert(name, value);
        self
    }

    /// The same where it is set at all.
    pub(super) fn maybe(&mut self, name: &'static str, value: Option<impl Into<Value>>) -> &mut Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Several texts.
    pub(super) fn texts<'t>(&mut self, name: &'static str, texts: impl IntoIterator<Item = &'t String>) -> &mut Self {
        self.set(name, texts.into_iter().cloned().collect::<Vec<_>>())
    }

    /// A value, or what another resource will export.
    pub(super) fn input<T: Display>(&mut self, name: &'static str, input: &Input<T>) -> &mut Self {
        self.within(name, "", input)
    }

    /// The same where it is set at all.
    pub(super) fn maybe_input<T: Display>(&mut self, name: &'static str, input: Option<&Input<T>>) -> &mut Self {
        match input {
            Some(input) => self.input(name, input),
            None => self,
        }
    }

    /// The same with a text before it: `"cluster:${aws_rds_cluster.main.cluster_identifier}"`.
    pub(super) fn within<T: Display>(&mut self, name: &'static str, before: &str, input: &Input<T>) -> &mut Self {
        let Input::Ref(promised) = input else {
            let known = input.known().map(ToString::to_string).unwrap_or_default();
            return self.set(name, format!("{before}{known}"));
        };
        let (references, value) = self.sheet.follow(promised.promise()).unwrap_or_default();
        if let Some(known) = value.and_then(Value::as_str) {
            self.values.insert(name, format!("{before}{known}").into());
        } else {
            self.unknown.insert(name);
        }
        self.expressions.insert(name, Expression::References { references });
        self
    }

    /// The only item of a list, likewise with a text before it.
    pub(super) fn listed<T: Display>(&mut self, name: &'static str, before: &str, input: &Input<T>) -> &mut Self {
        self.within(name, before, input);
        if let Some(value) = self.values.remove(name) {
            self.values.insert(name, vec![value].into());
        }
        if let Some(Expression::Constant { constant_value }) = self.expressions.get_mut(name) {
            *constant_value = vec![constant_value.take()].into();
        }
        self
    }

    /// A set of them; it is known when all are. One that is empty is not set.
    pub(super) fn inputs<T: Display>(&mut self, name: &'static str, inputs: &BTreeSet<Input<T>>) -> &mut Self {
        if inputs.is_empty() {
            return self;
        }
        let mut values: Vec<Value> = Vec::new();
        let mut references = Vec::new();
        for input in inputs {
            match input {
                Input::Value(value) => values.push(value.to_string().into()),
                Input::Ref(promised) => {
                    let (names, value) = self.sheet.follow(promised.promise()).unwrap_or_default();
                    references.extend(names);
                    values.extend(value.cloned());
                }
            }
        }
        if references.is_empty() {
            return self.set(name, values);
        }
        if values.len() == inputs.len() {
            self.values.insert(name, values.into());
        } else {
            self.unknown.insert(name);
        }
        self.expressions.insert(name, Expression::References { references });
        self
    }

    /// A value that is decided when the resource is made: it hangs on the state's lineage, or AWS gives it.
    pub(super) fn later(&mut self, name: &'static str) -> &mut Self {
        self.unknown.insert(name);
        self
    }

    /// Blocks within the block.
    pub(super) fn blocks(&mut self, name: &'static str, blocks: Vec<Nested>) -> &mut Self {
        let values: Vec<Value> = blocks.iter().map(Nested::value).collect();
        self.values.insert(name, values.into());
        self.expressions.insert(name, Expression::Blocks(blocks.into_iter().map(|block| block.expressions).collect()));
        self
    }

    /// The user's tags. The ownership tags come with the create: they hang on the state's lineage.
    pub(super) fn tags(&mut self, tags: &Tags) -> &mut Self {
        self.set("tags", object(tags.iter().map(|(key, value)| (key.clone(), value.clone().into()))))
    }
}

/// A block within a block. Values that other resources give are known, or left out.
#[derive(Clone, Default)]
pub(super) struct Nested {
    expressions: BTreeMap<&'static str, Expression>,
    values: BTreeMap<&'static str, Value>,
}

impl Nested {
    /// With one more argument.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let constant_value = value.into();
        self.values.insert(name, constant_value.clone());
        self.expressions.insert(name, Expression::Constant { constant_value });
        self
    }

    /// With what another resource will export.
    pub(super) fn input<T: Display>(self, of: &Block<'_>, name: &'static str, input: &Input<T>) -> Self {
        let mut said = Block::new(of.sheet);
        said.input(name, input);
        let mut nested = self;
        nested.values.extend(said.values);
        nested.expressions.extend(said.expressions);
        nested
    }

    /// With one more argument, where it is set at all.
    pub(super) fn maybe(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With one more block.
    pub(super) fn block(self, name: &'static str, block: Self) -> Self {
        self.repeated(name, vec![block])
    }

    /// With more blocks of one sort; none at all is not said.
    pub(super) fn repeated(mut self, name: &'static str, blocks: Vec<Self>) -> Self {
        if !blocks.is_empty() {
            self.values.insert(name, blocks.iter().map(Self::value).collect::<Vec<_>>().into());
            let expressions = blocks.into_iter().map(|block| block.expressions).collect();
            self.expressions.insert(name, Expression::Blocks(expressions));
        }
        self
    }

    fn value(&self) -> Value {
        object(self.values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())))
    }
}

/// An object whose entries come in order. Whether `serde_json` keeps their order is up to a feature that any crate may
/// switch on, and the document should be the same either way.
pub(super) fn object(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    let sorted: BTreeMap<String, Value> = entries.into_iter().collect();
    Value::Object(sorted.into_iter().collect())
}

/// A Terraform label for the name in an address: letters, digits, `-` and `_`, and no digit at the front.
///
/// Addresses have no capital letters, so that no two names come to one label.
fn label(name: &str) -> String {
    let text = name.replace('.', "_DOT_");
    if text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_') { text } else { format!("N_{text}") }
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn labels_differ_where_names_do() {
        let names = ["a.b", "a_b", "a-b", "1", "-1", "_1", "n_1", "a_dot_b"];
        let labels: Vec<String> = names.iter().map(|name| label(name)).collect();
        assert_eq!(labels, ["a_DOT_b", "a_b", "a-b", "N_1", "N_-1", "_1", "n_1", "a_dot_b"]);
    }
}
