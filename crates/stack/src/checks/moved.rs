//! `[[moved]]`: addresses that are addresses, each left and each reached once.

use super::{Check, Subject};
use crate::diagnostics::Problem;
use crate::path::Path;
use std::collections::BTreeMap;

pub(super) const CHECK: Check = Check { name: "moved", about: "Moves have addresses, and none meets another.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let list = Path::of("moved");
    let mut seen: BTreeMap<(&str, &str), Path> = BTreeMap::new();
    for (index, moved) in subject.config.moved.iter().enumerate() {
        let path = list.item(index);
        for (key, address) in [("from", moved.from.as_str()), ("to", moved.to.as_str())] {
            let here = path.key(key);
            if !is_address(address) {
                problems.push(
                    Problem::error(CHECK.name, format!("`{address}` is not an address"))
                        .at(&here, "expected kind, dot and name, such as `db_instance.a`"),
                );
            }
            if let Some(first) = seen.insert((key, address), here.clone()) {
                problems.push(
                    Problem::error(CHECK.name, format!("two moves go {key} `{address}`"))
                        .at(&here, "again here")
                        .at(&first, "first here"),
                );
            }
        }
        let kind = |address: &str| address.split('.').next().map(str::to_owned);
        if is_address(&moved.from) && is_address(&moved.to) && kind(&moved.from) != kind(&moved.to) {
            problems.push(
                Problem::error(
                    CHECK.name,
                    format!("`{}` can't become `{}`: a resource keeps its kind", moved.from, moved.to),
                )
                .at(&path.key("to"), "another kind"),
            );
        }
        if moved.from == moved.to {
            problems.push(
                Problem::error(CHECK.name, format!("`{}` moves to itself", moved.from)).at(&path.key("to"), "the same"),
            );
        }
    }
}

/// A kind, a dot, a name; the grammar of addresses in a plan.
fn is_address(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    text.split_once('.').is_some_and(|(kind, name)| {
        let shape = !kind.is_empty() && !name.is_empty();
        shape && kind.chars().all(plain) && name.chars().all(|c| plain(c) || c == '.')
    })
}
