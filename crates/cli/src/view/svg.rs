//! The graph as a drawing: where every box and every line stands. Templates draw it, on its own and within a report.

use super::layers::{Layout, Node, lay_out};
use super::meaning::GROUPS;
use super::template::{self, NoPage};
use super::words;
use auroractl_core::model::Group;
use auroractl_core::plan::Action;
use auroractl_core::{Address, Graph};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Height of a box, distance to the next, room for an edge that passes by.
const BOX: f64 = 34.0;
const GAP: f64 = 12.0;
const BEND: f64 = 12.0;
/// Between two layers, around the whole, and for the heading.
const BETWEEN: f64 = 64.0;
const MARGIN: f64 = 24.0;
const HEADING: f64 = 56.0;
/// Width of a letter, and of what surrounds a name in its box.
const LETTER: f64 = 7.0;
const PADDING: f64 = 24.0;
/// The legend needs so much.
const LEGEND: f64 = 620.0;

/// A drawn graph. Lengths are texts of pixels.
#[derive(Debug, Serialize)]
pub(super) struct Drawing {
    title: String,
    /// What an edge means, and how high it stands in a picture of its own.
    caption: &'static str,
    caption_y: String,
    width: String,
    height: String,
    parts: Vec<Part>,
    /// The boxes, in the order of need.
    pub(super) nodes: Vec<Drawn>,
    edges: Vec<String>,
    /// Boxes stand for kinds, since there are too many resources.
    pub(super) folded: bool,
}

/// An entry of the legend.
#[derive(Debug, Serialize)]
struct Part {
    class: &'static str,
    name: &'static str,
    light: &'static str,
    dark: &'static str,
    x: String,
    text_x: String,
}

/// A box: a line above, a name below, and a sign where something is done.
#[derive(Debug, Serialize)]
pub(super) struct Drawn {
    class: &'static str,
    /// What a pointer that rests on it shows.
    pub(super) title: String,
    above: String,
    name: String,
    sign: &'static str,
    tone: &'static str,
    x: String,
    y: String,
    width: String,
    text_x: String,
    sign_x: String,
    above_y: String,
    name_y: String,
}

/// What a box says, before it has its place.
struct Label {
    group: Group,
    title: String,
    above: String,
    name: String,
    action: Action,
}

/// The picture alone: one self-contained SVG, in light and in dark.
pub(super) fn picture(graph: &Graph) -> Result<String, NoPage> {
    template::drawing(&whole(graph, &BTreeMap::new()))
}

/// The drawing of a report: every resource with what is done to it, or every kind where there are more than `most`.
pub(super) fn drawing(graph: &Graph, done: &BTreeMap<&Address, Action>, most: usize) -> Drawing {
    if graph.order().len() <= most { whole(graph, done) } else { folded(graph) }
}

/// Every resource is a box.
fn whole(graph: &Graph, done: &BTreeMap<&Address, Action>) -> Drawing {
    let order = graph.order();
    let number: BTreeMap<&Address, usize> = order.iter().enumerate().map(|(n, at)| (at, n)).collect();
    let needs = |at| graph.deps(at).filter_map(|dep| number.get(dep).copied()).collect();
    let label = |at: &Address| Label {
        group: group(graph, at),
        title: at.to_string(),
        above: at.kind().to_owned(),
        name: at.name().to_owned(),
        action: done.get(at).copied().unwrap_or(Action::NoOp),
    };
    let title = format!("Resources of stack {}", graph.desired().stack.name);
    let nodes: Vec<(Label, Vec<usize>)> = order.iter().map(|at| (label(at), needs(at))).collect();
    draw(title, &nodes, false)
}

/// Every kind is a box, in the order in which the first of it is needed.
fn folded(graph: &Graph) -> Drawing {
    let mut number: BTreeMap<&str, usize> = BTreeMap::new();
    let mut kinds: Vec<(&Address, usize, BTreeSet<usize>)> = Vec::new();
    for at in graph.order() {
        let next = number.len();
        let own = *number.entry(at.kind()).or_insert(next);
        if own == next {
            kinds.push((at, 0, BTreeSet::new()));
        }
        let needs: Vec<usize> = graph.deps(at).filter_map(|dep| number.get(dep.kind()).copied()).collect();
        if let Some((_, count, all)) = kinds.get_mut(own) {
            *count += 1;
            all.extend(needs.into_iter().filter(|need| *need != own));
        }
    }
    let label = |at: &Address, count: usize| Label {
        group: group(graph, at),
        title: format!("{}: {}", at.kind(), words::count(count, "resource")),
        above: words::count(count, "resource"),
        name: at.kind().to_owned(),
        action: Action::NoOp,
    };
    let nodes: Vec<(Label, Vec<usize>)> =
        kinds.into_iter().map(|(at, count, needs)| (label(at, count), needs.into_iter().collect())).collect();
    draw(format!("Kinds of resources of stack {}", graph.desired().stack.name), &nodes, true)
}

fn draw(title: String, nodes: &[(Label, Vec<usize>)], folded: bool) -> Drawing {
    let free: Vec<Node> = nodes.iter().map(|(_, needs)| Node { needs: needs.clone(), height: BOX + GAP }).collect();
    let layout = lay_out(&free, BEND);
    let columns = columns(nodes, &layout);
    let width = columns.last().map_or(0.0, |(x, width)| x + width) + MARGIN;
    let placed = nodes.iter().zip(&layout.places).map(|((label, _), (layer, y))| {
        let (x, width) = columns.get(*layer).copied().unwrap_or_default();
        one(label, (x, y + HEADING, width))
    });
    let height = layout.height + HEADING + MARGIN;
    Drawing {
        title,
        caption: words::EDGE,
        caption_y: px(height - 8.0),
        width: px(width.max(LEGEND)),
        height: px(height),
        parts: legend(),
        nodes: placed.collect(),
        edges: layout.edges.iter().map(|edge| line((edge.0, edge.1, edge.2.as_slice()), &layout, &columns)).collect(),
        folded,
    }
}

fn legend() -> Vec<Part> {
    let mut x = MARGIN;
    let mut parts = Vec::new();
    for group in GROUPS {
        let (class, light, dark) = look(group);
        parts.push(Part { class, name: words::group(group), light, dark, x: px(x), text_x: px(x + 15.0) });
        x += 110.0;
    }
    parts
}

/// Left edge and width of every layer: as wide as its longest name.
fn columns(nodes: &[(Label, Vec<usize>)], layout: &Layout) -> Vec<(f64, f64)> {
    let mut widths: BTreeMap<usize, f64> = BTreeMap::new();
    for ((label, _), (layer, _)) in nodes.iter().zip(&layout.places) {
        let sign = if label.action == Action::NoOp { 0 } else { 3 };
        let letters = label.name.chars().count().max(label.above.chars().count() + sign);
        let width = f64::from(u32::try_from(letters).unwrap_or(u32::MAX)) * LETTER + PADDING;
        let widest = widths.entry(*layer).or_insert(0.0);
        *widest = widest.max(width);
    }
    let mut x = MARGIN;
    widths
        .into_values()
        .map(|width| {
            let column = (x, width);
            x += width + BETWEEN;
            column
        })
        .collect()
}

/// The part of the stack that a resource belongs to.
pub(super) fn group(graph: &Graph, at: &Address) -> Group {
    graph.node(at).map_or(Group::Network, |node| node.group)
}

/// Its colour in the light.
pub(super) fn colour(group: Group) -> &'static str {
    look(group).1
}

/// How a part of the stack looks: its class, its colour in the light and in the dark.
fn look(group: Group) -> (&'static str, &'static str, &'static str) {
    match group {
        Group::Network => ("g0", "#2563a8", "#7fb2e8"),
        Group::Security => ("g1", "#9a3b7a", "#e296c6"),
        Group::Params => ("g2", "#6b5bb5", "#b3a7ef"),
        Group::Cluster => ("g3", "#b4540a", "#f0a35e"),
        Group::Monitoring => ("g4", "#2f7d4f", "#85cfa3"),
    }
}

/// A box with its texts.
fn one(label: &Label, (x, y, width): (f64, f64, f64)) -> Drawn {
    let top = y - BOX / 2.0;
    let quiet = label.action == Action::NoOp;
    Drawn {
        class: look(label.group).0,
        title: if quiet { label.title.clone() } else { format!("{}: {}", label.title, words::verb(label.action)) },
        above: label.above.clone(),
        name: label.name.clone(),
        sign: if quiet { "" } else { words::sign(label.action) },
        tone: words::tone(label.action),
        x: px(x),
        y: px(top),
        width: px(width),
        text_x: px(x + 13.0),
        sign_x: px(x + width - 9.0),
        above_y: px(top + 13.0),
        name_y: px(top + 27.0),
    }
}

/// An edge, past the layers between.
fn line((from, to, bends): (usize, usize, &[f64]), layout: &Layout, columns: &[(f64, f64)]) -> String {
    let (Some((start, y)), Some((_, end))) = (layout.places.get(from), layout.places.get(to)) else {
        return String::new();
    };
    let column = |layer: usize| columns.get(layer).copied().unwrap_or_default();
    let (x, width) = column(*start);
    let mut at = (x + width, y + HEADING);
    let mut path = format!("M{:.1} {:.1}", at.0, at.1);
    for (offset, bend) in bends.iter().enumerate() {
        let (left, width) = column(start + offset + 1);
        curve(&mut path, &mut at, (left, bend + HEADING));
        at.0 = left + width;
        // Writing into a text can't fail.
        let _ = write!(path, "H{:.1}", at.0);
    }
    curve(&mut path, &mut at, (column(start + bends.len() + 1).0, end + HEADING));
    path
}

fn curve(path: &mut String, at: &mut (f64, f64), to: (f64, f64)) {
    let middle = f64::midpoint(at.0, to.0);
    let _ = write!(path, "C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}", at.1, to.1, to.0, to.1);
    *at = to;
}

/// A length as drawings have it: tenths of a pixel are enough, and the same on every machine.
pub(super) fn px(length: f64) -> String {
    let text = format!("{length:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}
