//! The graph as a picture: one self-contained SVG, in light and in dark.

use super::layers::{Layout, Node, lay_out};
use super::words;
use auroractl_core::model::Group;
use auroractl_core::{Address, Graph};
use std::collections::BTreeMap;
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
/// The parts of a stack: colour in the light and in the dark.
pub(super) const GROUPS: [(Group, &str, &str); 5] = [
    (Group::Network, "#2563a8", "#7fb2e8"),
    (Group::Security, "#9a3b7a", "#e296c6"),
    (Group::Params, "#6b5bb5", "#b3a7ef"),
    (Group::Cluster, "#b4540a", "#f0a35e"),
    (Group::Monitoring, "#2f7d4f", "#85cfa3"),
];

/// The picture.
pub(super) fn picture(graph: &Graph) -> String {
    let order = graph.order();
    let number: BTreeMap<&Address, usize> = order.iter().enumerate().map(|(n, at)| (at, n)).collect();
    let nodes: Vec<Node> = order
        .iter()
        .map(|at| Node {
            needs: graph.deps(at).filter_map(|dep| number.get(dep).copied()).collect(),
            height: BOX + GAP,
        })
        .collect();
    let layout = lay_out(&nodes, BEND);
    let columns = columns(order, &layout);
    let width = columns.last().map_or(0.0, |(x, width)| x + width) + MARGIN;
    let width = width.max(LEGEND);
    let height = layout.height + HEADING + MARGIN;
    let mut svg = String::new();
    head(&mut svg, &graph.desired().stack.name, (width, height));
    for edge in &layout.edges {
        line(&mut svg, (edge.0, edge.1, edge.2.as_slice()), &layout, &columns);
    }
    for (at, (layer, y)) in order.iter().zip(&layout.places) {
        let (x, width) = columns.get(*layer).copied().unwrap_or_default();
        one(&mut svg, at, class(group(graph, at)), (x, y + HEADING, width));
    }
    svg.push_str("</svg>\n");
    svg
}

/// Left edge and width of every layer: as wide as its longest name.
fn columns(order: &[Address], layout: &Layout) -> Vec<(f64, f64)> {
    let mut widths: BTreeMap<usize, f64> = BTreeMap::new();
    for (at, (layer, _)) in order.iter().zip(&layout.places) {
        let letters = at.name().chars().count().max(at.kind().chars().count());
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
    GROUPS.iter().find(|(of, ..)| *of == group).map_or("", |(_, light, _)| *light)
}

fn class(group: Group) -> &'static str {
    match group {
        Group::Network => "g0",
        Group::Security => "g1",
        Group::Params => "g2",
        Group::Cluster => "g3",
        Group::Monitoring => "g4",
    }
}

/// Title, colours and legend. Writing into a text can't fail.
fn head(svg: &mut String, stack: &str, (width, height): (f64, f64)) {
    let name = escaped(stack);
    let _ = write!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img">
<title>Resources of stack {name}</title>
<style>
svg {{ background: #ffffff; font-family: system-ui, sans-serif; }}
.box {{ fill: #ffffff; stroke-width: 1.5; }}
.kind {{ font-size: 10px; fill: #5b6470; }}
.name {{ font-size: 12px; fill: #15191f; }}
.stack {{ font-size: 15px; font-weight: 600; fill: #15191f; }}
.edge {{ fill: none; stroke: #98a2ae; stroke-width: 1.2; }}
"#
    );
    for (group, light, _) in GROUPS {
        let class = class(group);
        let _ = writeln!(svg, ".{class} .box, .{class}.box {{ stroke: {light}; }} .{class} .bar {{ fill: {light}; }}");
    }
    svg.push_str("@media (prefers-color-scheme: dark) {\nsvg { background: #14171c; }\n.box { fill: #1d222a; }\n.kind { fill: #9aa4b2; }\n.name, .stack { fill: #e8ecf2; }\n.edge { stroke: #5d6876; }\n");
    for (group, _, dark) in GROUPS {
        let class = class(group);
        let _ = writeln!(svg, ".{class} .box, .{class}.box {{ stroke: {dark}; }} .{class} .bar {{ fill: {dark}; }}");
    }
    let _ = writeln!(svg, "}}\n</style>\n<text class=\"stack\" x=\"{MARGIN}\" y=\"24\">{name}</text>");
    for (index, (group, ..)) in GROUPS.iter().enumerate() {
        let x = MARGIN + f64::from(u32::try_from(index).unwrap_or(0)) * 110.0;
        let (class, title) = (class(*group), words::group(*group));
        let _ = writeln!(
            svg,
            "<g class=\"{class}\"><rect class=\"bar\" x=\"{x}\" y=\"34\" width=\"10\" height=\"10\" rx=\"2\"/><text class=\"kind\" x=\"{}\" y=\"43\">{title}</text></g>",
            x + 15.0
        );
    }
}

/// A resource: its kind above its name.
fn one(svg: &mut String, at: &Address, class: &str, (x, y, width): (f64, f64, f64)) {
    let (top, kind, name) = (y - BOX / 2.0, escaped(at.kind()), escaped(at.name()));
    let _ = writeln!(
        svg,
        "<g class=\"{class}\"><title>{kind}.{name}</title><rect class=\"box\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{BOX}\" rx=\"5\"/><rect class=\"bar\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"5\" height=\"{BOX}\" rx=\"2\"/><text class=\"kind\" x=\"{text:.1}\" y=\"{:.1}\">{kind}</text><text class=\"name\" x=\"{text:.1}\" y=\"{:.1}\">{name}</text></g>",
        top + 13.0,
        top + 27.0,
        text = x + 13.0,
    );
}

/// An edge, past the layers between.
fn line(svg: &mut String, (from, to, bends): (usize, usize, &[f64]), layout: &Layout, columns: &[(f64, f64)]) {
    let (Some((start, y)), Some((_, end))) = (layout.places.get(from), layout.places.get(to)) else { return };
    let column = |layer: usize| columns.get(layer).copied().unwrap_or_default();
    let (x, width) = column(*start);
    let mut at = (x + width, y + HEADING);
    let _ = write!(svg, "<path class=\"edge\" d=\"M{:.1} {:.1}", at.0, at.1);
    for (offset, bend) in bends.iter().enumerate() {
        let (left, width) = column(start + offset + 1);
        curve(svg, &mut at, (left, bend + HEADING));
        at.0 = left + width;
        let _ = write!(svg, "H{:.1}", at.0);
    }
    curve(svg, &mut at, (column(start + bends.len() + 1).0, end + HEADING));
    svg.push_str("\"/>\n");
}

fn curve(svg: &mut String, at: &mut (f64, f64), to: (f64, f64)) {
    let middle = f64::midpoint(at.0, to.0);
    let _ = write!(svg, "C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}", at.1, to.1, to.0, to.1);
    *at = to;
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
