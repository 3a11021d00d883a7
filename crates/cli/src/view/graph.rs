//! The graph as Graphviz or Mermaid text, or as a picture. Edges lead the same way in each: to the right, in the order of
//! making.

use super::meaning::GROUPS;
use super::svg::{colour, group};
use super::words;
use crate::exit::{Exit, Failure};
use auroractl_core::Graph;
use std::collections::BTreeMap;

/// Graphviz.
pub(crate) fn dot(graph: &Graph) -> Result<Exit, Failure> {
    super::stdout(|out| {
        writeln!(out, "digraph \"{}\" {{\n  rankdir = LR;\n  node [shape = box];", graph.desired().stack.name)?;
        writeln!(out, "  label = \"{}\";", words::EDGE)?;
        for at in graph.order() {
            writeln!(out, "  \"{at}\" [color = \"{}\"];", colour(group(graph, at)))?;
            graph.deps(at).try_for_each(|dep| writeln!(out, "  \"{dep}\" -> \"{at}\";"))?;
        }
        writeln!(out, "}}")
    })
}

/// Mermaid: node names are numbers, since addresses have characters that it gives a meaning.
pub(crate) fn mermaid(graph: &Graph) -> Result<Exit, Failure> {
    let number: BTreeMap<_, _> = graph.order().iter().enumerate().map(|(n, at)| (at, n)).collect();
    super::stdout(|out| {
        writeln!(out, "flowchart LR\n  %% {}", words::EDGE)?;
        for part in GROUPS {
            writeln!(out, "  classDef {} stroke:{}", words::group(part), colour(part))?;
        }
        for (at, n) in &number {
            writeln!(out, "  n{n}[\"{at}\"]:::{}", words::group(group(graph, at)))?;
            for dep in graph.deps(at).filter_map(|dep| number.get(dep)) {
                writeln!(out, "  n{dep} --> n{n}")?;
            }
        }
        Ok(())
    })
}

/// A picture.
pub(crate) fn svg(graph: &Graph) -> Result<Exit, Failure> {
    super::bytes(super::svg::picture(graph)?.as_bytes())
}
