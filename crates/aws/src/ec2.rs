//! Finding EC2 objects: by the stack's ownership tag in one filtered call, and by recorded ids for those whose tag was
//! stripped. Never by an id list: one missing id fails such a call as a whole.

use auroractl_core::{Identity, Model, tags};
use auroractl_engine::{Ask, CallError, Look};
use aws_sdk_ec2::types::{Filter, Tag};
use std::collections::BTreeSet;
use std::sync::Arc;

/// AWS takes at most 200 values per filter.
const VALUES: usize = 200;

/// What is looked for.
#[derive(Debug)]
pub struct Query<'a> {
    /// The operation, `ec2:DescribeVpcs`.
    pub op: &'static str,
    /// Any of the asks: it names stack and lineage.
    pub me: &'a Identity,
    /// The filter that takes ids, `vpc-id`.
    pub id_filter: &'static str,
    /// The recorded ids.
    pub ids: Vec<String>,
}

/// A filter.
#[must_use]
pub fn filter(name: &str, values: impl IntoIterator<Item = String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().collect())).build()
}

/// All objects that carry the stack's ownership tag, and those of the recorded ids that do not.
///
/// # Errors
/// The calls'.
pub async fn tagged<T, F>(
    look: &Look,
    query: Query<'_>,
    fetch: impl Fn(Vec<Filter>) -> F,
    id: impl Fn(&T) -> Option<&str>,
) -> Result<Vec<T>, CallError>
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<Vec<T>, CallError>>,
{
    let Query { op, me, id_filter, ids } = query;
    let ours = vec![
        filter(&format!("tag:{}", tags::STACK), [me.stack.name.clone()]),
        filter(&format!("tag:{}", tags::LINEAGE), [me.lineage.clone()]),
    ];
    let text = format!("{op} {} {} {}", me.stack.region, me.stack.name, me.lineage);
    let found: Arc<Vec<T>> = look.once(&text, fetch(ours)).await?;
    let mut all = Vec::clone(&found);
    let known: BTreeSet<String> = all.iter().filter_map(&id).map(str::to_owned).collect();
    let missing: BTreeSet<String> = ids.into_iter().filter(|wanted| !known.contains(wanted)).collect();
    let missing: Vec<String> = missing.into_iter().collect();
    for some in missing.chunks(VALUES) {
        let text = format!("{op} {} {id_filter} {}", me.stack.region, some.join(","));
        let found: Arc<Vec<T>> = look.once(&text, fetch(vec![filter(id_filter, some.to_vec())])).await?;
        all.extend(found.iter().cloned());
    }
    Ok(all)
}

/// The object of an ask: by its recorded id, also if its tags were stripped; else by its oid.
pub fn pick<'t, R: Model, T>(
    all: &'t [T],
    ask: &Ask<R>,
    id_of: impl Fn(&R::Outputs) -> &str,
    id: impl Fn(&T) -> Option<&str>,
    tags_of: impl Fn(&T) -> &[Tag],
) -> Option<&'t T> {
    match &ask.outputs {
        Some(outputs) => all.iter().find(|object| id(object) == Some(id_of(outputs))),
        None => all.iter().find(|object| carries(tags_of(object), &ask.identity.oid)),
    }
}

/// Does this object carry that oid?
#[must_use]
pub fn carries(all: &[Tag], oid: &str) -> bool {
    all.iter().any(|tag| tag.key() == Some(tags::ID) && tag.value() == Some(oid))
}
