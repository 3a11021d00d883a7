//! Overlays: `extends` names a base, tables are merged deeply, arrays of tables by `name`, and `unset` drops what was
//! inherited.

use crate::diagnostics::{At, Problem};
use crate::path::{Place, is_bare};
use crate::suggest;
use crate::tree::{Data, Node};
use std::collections::BTreeMap;

/// One file with its file-level keys taken out.
#[derive(Debug)]
pub(crate) struct Layer {
    /// What it says.
    pub(crate) root: Node,
    /// The file it builds on, and where it says so.
    pub(crate) extends: Option<(String, Place)>,
    /// What it drops from the file it builds on.
    unset: Vec<(String, Place)>,
}

impl Layer {
    /// Takes `extends` and `unset` out of the tree of a file.
    pub(crate) fn new(mut root: Node, problems: &mut Vec<Problem>) -> Self {
        let Data::Table(table) = &mut root.data else { return Self { root, extends: None, unset: Vec::new() } };
        let extends = table.remove("extends").and_then(|node| text(&node, "extends", problems));
        let unset = table.remove("unset").map(|node| texts(&node, problems)).unwrap_or_default();
        if let (None, Some((_, place))) = (&extends, unset.first()) {
            problems.push(
                Problem::error("overlay", "`unset` drops what was inherited, and this file extends no other")
                    .mark(At::Place(*place), "nothing to drop")
                    .help("delete the line, or say `extends = \"base.toml\"`"),
            );
        }
        Self { root, extends, unset }
    }
}

fn text(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Option<(String, Place)> {
    let found = node.as_str().filter(|text| !text.is_empty()).map(|text| (text.to_owned(), node.place));
    if found.is_none() {
        problems
            .push(Problem::error("overlay", format!("`{key}` takes a text")).mark(At::Place(node.place), "not a text"));
    }
    found
}

fn texts(node: &Node, problems: &mut Vec<Problem>) -> Vec<(String, Place)> {
    match &node.data {
        Data::List(items) => items.iter().filter_map(|item| text(item, "unset", problems)).collect(),
        _ => {
            let problem = Problem::error("overlay", "`unset` takes a list of paths")
                .mark(At::Place(node.place), "not a list")
                .help("for example `unset = [\"cluster.autoscaling\"]`");
            problems.push(problem);
            Vec::new()
        }
    }
}

/// Merges layers, the base first.
pub(crate) fn merge_layers(layers: impl IntoIterator<Item = Layer>, problems: &mut Vec<Problem>) -> Option<Node> {
    let mut layers = layers.into_iter();
    let mut merged = layers.next()?.root;
    for layer in layers {
        for (path, place) in &layer.unset {
            unset(&mut merged, path, *place, problems);
        }
        merged = merge(merged, layer.root);
    }
    Some(merged)
}

/// Lays one tree over another.
pub(crate) fn merge(base: Node, over: Node) -> Node {
    let data = match (base.data, over.data) {
        (Data::Table(base), Data::Table(over)) => Data::Table(merge_tables(base, over)),
        (Data::List(base), Data::List(over)) if all_named(&base) && all_named(&over) => {
            Data::List(merge_named(base, over))
        }
        (_, over) => over,
    };
    Node { key: over.key, place: over.place, data }
}

fn merge_tables(mut base: BTreeMap<String, Node>, over: BTreeMap<String, Node>) -> BTreeMap<String, Node> {
    for (key, node) in over {
        let merged = match base.remove(&key) {
            Some(inherited) => merge(inherited, node),
            None => node,
        };
        base.insert(key, merged);
    }
    base
}

fn all_named(items: &[Node]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.name().is_some())
}

/// Entries of the same name are merged where they stand, new ones come last. Duplicates within one file stay, for a check to
/// refuse.
fn merge_named(base: Vec<Node>, over: Vec<Node>) -> Vec<Node> {
    let inherited = base.len();
    let mut merged = base;
    for node in over {
        let same = merged.iter().take(inherited).position(|item| item.name() == node.name());
        match same.and_then(|index| merged.get_mut(index)) {
            Some(item) => {
                let old = std::mem::replace(item, Node::empty(node.place.file));
                *item = merge(old, node);
            }
            None => merged.push(node),
        }
    }
    merged
}

fn unset(root: &mut Node, path: &str, place: Place, problems: &mut Vec<Problem>) {
    let Some(keys) = split(path) else {
        problems.push(Problem::error("overlay", format!("`{path}` is not a path")).mark(At::Place(place), "here"));
        return;
    };
    if let Err(missing) = remove(root, &keys) {
        let mut problem = Problem::error("overlay", format!("`unset` names `{path}`, which is not inherited"))
            .mark(At::Place(place), format!("there is no `{}`", missing.key));
        if let Some(near) = suggest::nearest(&missing.key, missing.known.iter().map(String::as_str)) {
            problem = problem.help(format!("did you mean `{near}`?"));
        }
        problems.push(problem);
    }
}

/// The step of a path that is not there, and what is.
struct Missing {
    key: String,
    known: Vec<String>,
}

fn remove(node: &mut Node, keys: &[String]) -> Result<(), Missing> {
    let Some((key, rest)) = keys.split_first() else { return Ok(()) };
    let missing = |known: Vec<String>| Missing { key: key.clone(), known };
    match &mut node.data {
        Data::Table(table) if rest.is_empty() => match table.remove(key) {
            Some(_) => Ok(()),
            None => Err(missing(table.keys().cloned().collect())),
        },
        Data::Table(table) => match table.get_mut(key) {
            Some(next) => remove(next, rest),
            None => Err(missing(table.keys().cloned().collect())),
        },
        Data::List(items) => {
            let names = items.iter().filter_map(|item| item.name().map(str::to_owned)).collect();
            let Some(index) = items.iter().position(|item| item.name() == Some(key)) else {
                return Err(missing(names));
            };
            match items.get_mut(index) {
                Some(item) if !rest.is_empty() => remove(item, rest),
                _ => {
                    items.remove(index);
                    Ok(())
                }
            }
        }
        Data::Scalar(_) => Err(missing(Vec::new())),
    }
}

/// Splits `params.cluster."rds.force_ssl"` into its keys; `None` when it is malformed.
fn split(path: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = path;
    loop {
        let (key, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                rest.split_at_checked(end).filter(|(key, _)| is_bare(key))?
            }
        };
        keys.push(key.to_owned());
        if after.is_empty() {
            return Some(keys);
        }
        rest = after.strip_prefix('.')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{flatten, from_toml};
    use proptest::prelude::*;
    use toml::de::DeTable;

    fn tree(text: &str) -> Node {
        from_toml(0, &DeTable::parse(text).unwrap(), &mut Vec::new())
    }

    fn plain(node: &Node) -> String {
        flatten(node).0.to_string()
    }

    #[test]
    fn tables_are_merged_deeply_and_arrays_by_name() {
        let base = tree("a = 1\n[t]\nx = 1\ny = 1\n[[m]]\nname = 'one'\nk = 1\n[[m]]\nname = 'two'\n");
        let over = tree("[t]\ny = 2\n[[m]]\nname = 'two'\nk = 2\n[[m]]\nname = 'three'\n");
        let want = r#"{"a":1,"m":[{"k":1,"name":"one"},{"k":2,"name":"two"},{"name":"three"}],"t":{"x":1,"y":2}}"#;
        assert_eq!(plain(&merge(base, over)), want);
    }

    #[test]
    fn plain_lists_are_replaced() {
        assert_eq!(plain(&merge(tree("l = [1, 2]"), tree("l = [3]"))), r#"{"l":[3]}"#);
    }

    #[test]
    fn unset_paths() {
        let mut root = tree("[p.c]\n'rds.force_ssl' = 1\nx = 1\n[[m]]\nname = 'one'\nk = 1\n");
        let mut problems = Vec::new();
        for path in ["p.c.\"rds.force_ssl\"", "m.one.k"] {
            unset(&mut root, path, Place::new(0, 0..0), &mut problems);
        }
        assert_eq!(plain(&root), r#"{"m":[{"name":"one"}],"p":{"c":{"x":1}}}"#);
        assert_eq!(problems, []);
        for path in ["p.d", "m.two", "p..c", "", "p.c.x.y", "\"p"] {
            unset(&mut root, path, Place::new(0, 0..0), &mut problems);
        }
        assert_eq!(problems.len(), 6);
    }

    /// A tree whose keys all begin with the given letter, so that trees of different letters are disjoint.
    fn disjoint(letter: char) -> impl Strategy<Value = String> {
        let line = (0u8..4, 0u8..4, 0i64..100);
        prop::collection::btree_map((0u8..4, 0u8..4), line, 0..8).prop_map(move |lines| {
            let entry = |((t, k), (_, _, v)): (&(u8, u8), &(u8, u8, i64))| format!("t{t}.{letter}{k} = {v}\n");
            lines.iter().map(entry).collect()
        })
    }

    proptest! {
        #[test]
        fn merging_disjoint_keys_is_associative(a in disjoint('a'), b in disjoint('b'), c in disjoint('c')) {
            let left = merge(merge(tree(&a), tree(&b)), tree(&c));
            let right = merge(tree(&a), merge(tree(&b), tree(&c)));
            prop_assert_eq!(plain(&left), plain(&right));
        }

        #[test]
        fn merging_with_itself_changes_nothing(a in disjoint('a')) {
            prop_assert_eq!(plain(&merge(tree(&a), tree(&a))), plain(&tree(&a)));
        }
    }
}
