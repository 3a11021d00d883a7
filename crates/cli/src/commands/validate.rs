//! `auroractl validate`: everything about a stack file that needs no AWS.

use crate::args::Validate;
use crate::exit::{Exit, Failure};
use crate::session::Stack;
use crate::view;
use serde_json::json;

/// Checks the file and its graph.
pub(crate) fn run(args: &Validate) -> Result<Exit, Failure> {
    let stack = Stack::open(&args.target)?;
    let graph = stack.desired()?.check()?;
    let settings = if args.explain { stack.loaded.explain() } else { Vec::new() };
    if args.target.json {
        return view::json::document(&json!({
            "format_version": 1, "stack": stack.name(), "resources": graph.order().len(), "settings": settings.iter().map(view::json::setting).collect::<Vec<_>>(),
        }));
    }
    if args.explain {
        view::settings(&settings)?;
    }
    view::lines(&[format!(
        "{} is valid: stack `{}`, {} resources.",
        stack.file.display(),
        stack.name(),
        graph.order().len()
    )])
}
