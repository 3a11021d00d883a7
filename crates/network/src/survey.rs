//! What the surveys of this crate share.

use auroractl_core::model::Model;
use auroractl_core::reference::Unresolved;
use auroractl_core::{Identity, Input, Owner, tags};
use auroractl_engine::Ask;
use std::collections::{BTreeMap, BTreeSet};

/// All items of a paged EC2 `Describe…` that takes filters, for `ec2::tagged`.
///
/// A macro, because each operation has a builder and a paginator of its own type.
macro_rules! described {
    ($aws:expr, $operation:literal, $call:ident) => {{
        let aws: &auroractl_aws::Aws = $aws;
        move |filters: Vec<aws_sdk_ec2::types::Filter>| async move {
            let call = || {
                let pages = aws.ec2().$call().set_filters(Some(filters.clone())).into_paginator();
                async move { pages.items().send().collect::<Result<Vec<_>, _>>().await }
            };
            aws.read($operation, call).await
        }
    }};
}
pub(crate) use described;

/// The ids that were recorded: what the tag filter leaves out is looked up by them, so that
/// a resource whose tags were stripped does not read as gone.
pub(crate) fn recorded<R: Model>(asks: &[Ask<R>], id: impl Fn(&R::Outputs) -> &str) -> Vec<String> {
    asks.iter().filter_map(|ask| ask.outputs.as_ref()).map(|outputs| id(outputs).to_owned()).collect()
}

/// The texts of a set of inputs, as a call takes them.
///
/// # Errors
/// When one of them is still a promise.
pub(crate) fn texts<T: ToString>(inputs: &BTreeSet<Input<T>>) -> Result<Vec<String>, Unresolved> {
    inputs.iter().map(|input| input.get().map(ToString::to_string)).collect()
}

/// The set of inputs that AWS's list of ids amounts to.
pub(crate) fn inputs<'a, T: From<&'a str> + Ord>(ids: impl IntoIterator<Item = &'a String>) -> BTreeSet<Input<T>> {
    ids.into_iter().map(|id| Input::Value(T::from(id.as_str()))).collect()
}

/// Whose an untaggable part is: its carrier's owner's. A part that was recorded is ours whatever
/// became of the carrier's tags.
pub(crate) fn inherited(recorded: bool, carrier: &BTreeMap<String, String>, me: &Identity) -> Owner {
    let is = |key: &str, value: &str| carrier.get(key).is_some_and(|found| found == value);
    if recorded || (is(tags::STACK, &me.stack.name) && is(tags::LINEAGE, &me.lineage)) {
        return Owner::Inherited;
    }
    Owner::Untagged
}
