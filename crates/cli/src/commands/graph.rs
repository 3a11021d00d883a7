//! `auroractl graph`: who needs whom.

use crate::args::{Graph, GraphFormat};
use crate::exit::{Exit, Failure};
use crate::session::Stack;
use crate::view;

/// Prints the graph.
pub(crate) fn run(args: &Graph) -> Result<Exit, Failure> {
    let stack = Stack::open(&args.target)?;
    let graph = stack.desired()?.check()?;
    match (args.target.json, args.format) {
        (true, _) => view::json::graph(&graph),
        (false, GraphFormat::Dot) => view::graph::dot(&graph),
        (false, GraphFormat::Mermaid) => view::graph::mermaid(&graph),
        (false, GraphFormat::Svg) => view::graph::svg(&graph),
    }
}
