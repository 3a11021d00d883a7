//! A layered layout of a directed graph, from left to right: pure, and the same for the same graph.
//!
//! The usual four steps: layers by the longest way, bends where an edge passes a
//! layer, few crossings by barycentres, and last the heights. Those are the best
//! possible for an order: least squares under a least distance is an isotonic
//! regression, which pooling solves exactly.

use std::collections::BTreeMap;

/// Sweeps over the layers, to and fro.
const SWEEPS: usize = 12;

/// A node: what it needs, by index, and how high it is.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Nodes to the left of it that it is tied to.
    pub(super) needs: Vec<usize>,
    /// Distance that it keeps to the next in its layer.
    pub(super) height: f64,
}

/// Where everything stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// The layer and the middle height of every node.
    pub(super) places: Vec<(usize, f64)>,
    /// The edges: from, to, and the heights at which it passes the layers between.
    pub(super) edges: Vec<(usize, usize, Vec<f64>)>,
    /// How high the whole is.
    pub(super) height: f64,
}

/// Lays out nodes that are given in an order of need. Edges that another way makes superfluous are left out.
pub(super) fn lay_out(nodes: &[Node], bend: f64) -> Layout {
    let edges = reduced(nodes);
    let ranks = ranks(nodes, &edges);
    let mut web = Web::new(nodes, &ranks, &edges, bend);
    for sweep in 0..SWEEPS {
        web.order(sweep % 2 == 0);
    }
    for sweep in 0..SWEEPS {
        web.settle(sweep % 2 == 0);
    }
    web.finish(&ranks, &edges)
}

/// The edges without those that a longer way stands for.
fn reduced(nodes: &[Node]) -> Vec<(usize, usize)> {
    let words = nodes.len().div_ceil(64);
    let mut reach: Vec<Vec<u64>> = vec![vec![0; words]; nodes.len()];
    let mut kept = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let mut own = vec![0_u64; words];
        let mut needs = node.needs.clone();
        // The nearest first: what it reaches itself needs no edge.
        needs.sort_unstable_by(|a, b| b.cmp(a));
        needs.dedup();
        for need in needs.into_iter().filter(|need| *need < at) {
            let (word, bit) = (need / 64, 1_u64 << (need % 64));
            if own.get(word).is_none_or(|bits| bits & bit != 0) {
                continue;
            }
            kept.push((need, at));
            for (mine, theirs) in own.iter_mut().zip(reach.get(need).into_iter().flatten()) {
                *mine |= theirs;
            }
            if let Some(bits) = own.get_mut(word) {
                *bits |= bit;
            }
        }
        if let Some(slot) = reach.get_mut(at) {
            *slot = own;
        }
    }
    kept
}

/// The layer of every node: one behind the farthest that it needs. One that needs nothing stands right before the first
/// that needs it.
fn ranks(nodes: &[Node], edges: &[(usize, usize)]) -> Vec<usize> {
    let mut ranks = vec![0_usize; nodes.len()];
    let mut bound = vec![false; nodes.len()];
    let mut into: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut out: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (from, to) in edges {
        into.entry(*to).or_default().push(*from);
        out.entry(*from).or_default().push(*to);
    }
    let at = |ranks: &[usize], node: &usize| ranks.get(*node).copied().unwrap_or(0);
    for node in 0..nodes.len() {
        let before = into.get(&node).into_iter().flatten();
        let rank = before.map(|from| at(&ranks, from) + 1).max();
        if let (Some(slot), Some(bound)) = (ranks.get_mut(node), bound.get_mut(node)) {
            (*slot, *bound) = (rank.unwrap_or(0), rank.is_some());
        }
    }
    for node in (0..nodes.len()).filter(|node| bound.get(*node) == Some(&false)) {
        let first = out.get(&node).into_iter().flatten().map(|to| at(&ranks, to)).min();
        if let Some(slot) = ranks.get_mut(node) {
            *slot = first.unwrap_or(1).saturating_sub(1);
        }
    }
    ranks
}

/// Nodes and bends, layer by layer.
struct Web {
    /// The layers, each in its order from top to bottom.
    layers: Vec<Vec<usize>>,
    /// What each is tied to in the layer before and in the layer behind.
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
    /// Distances, and heights so far.
    room: Vec<f64>,
    y: Vec<f64>,
    /// The bends of every edge.
    bends: Vec<Vec<usize>>,
}

impl Web {
    fn new(nodes: &[Node], ranks: &[usize], edges: &[(usize, usize)], bend: f64) -> Self {
        let deepest = ranks.iter().max().copied().unwrap_or(0);
        let mut web = Self {
            layers: vec![Vec::new(); deepest + 1],
            left: Vec::new(),
            right: Vec::new(),
            room: Vec::new(),
            y: Vec::new(),
            bends: Vec::new(),
        };
        for (node, rank) in nodes.iter().zip(ranks) {
            web.add(*rank, node.height);
        }
        for (from, to) in edges {
            let rank = |node: &usize| ranks.get(*node).copied().unwrap_or(0);
            let mut last = *from;
            let mut bends = Vec::new();
            for layer in rank(from) + 1..rank(to) {
                let new = web.add(layer, bend);
                web.tie(last, new);
                bends.push(new);
                last = new;
            }
            web.tie(last, *to);
            web.bends.push(bends);
        }
        web
    }

    fn add(&mut self, layer: usize, room: f64) -> usize {
        let id = self.room.len();
        self.room.push(room);
        self.y.push(0.0);
        self.left.push(Vec::new());
        self.right.push(Vec::new());
        if let Some(layer) = self.layers.get_mut(layer) {
            layer.push(id);
        }
        id
    }

    fn tie(&mut self, from: usize, to: usize) {
        if let Some(right) = self.right.get_mut(from) {
            right.push(to);
        }
        if let Some(left) = self.left.get_mut(to) {
            left.push(from);
        }
    }

    /// One sweep: every layer in the order of its neighbours' middle.
    fn order(&mut self, forward: bool) {
        let mut place = vec![0.0; self.room.len()];
        for at in self.sweep(forward) {
            let side = if forward { &self.left } else { &self.right };
            let Some(layer) = self.layers.get_mut(at) else { continue };
            let mean = |id: usize, own: f64, place: &[f64]| {
                let ties = side.get(id).map_or(&[][..], Vec::as_slice);
                if ties.is_empty() { own } else { mean(ties, place) }
            };
            let mut keyed: Vec<(f64, usize)> =
                layer.iter().zip(steps()).map(|(id, own)| (mean(*id, own, &place), *id)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            *layer = keyed.into_iter().map(|(_, id)| id).collect();
            for (id, at) in layer.iter().zip(steps()) {
                if let Some(slot) = place.get_mut(*id) {
                    *slot = at;
                }
            }
        }
    }

    /// One sweep: every layer as near to its neighbours as the least distances allow.
    fn settle(&mut self, forward: bool) {
        for at in self.sweep(forward) {
            let Some(layer) = self.layers.get(at) else { continue };
            let wish = |id: &usize| {
                let ties =
                    |side: &[Vec<usize>]| side.get(*id).filter(|ties| !ties.is_empty()).map(|ties| mean(ties, &self.y));
                let own = self.y.get(*id).copied().unwrap_or(0.0);
                let (near, far) = if forward { (&self.left, &self.right) } else { (&self.right, &self.left) };
                ties(near).or_else(|| ties(far)).unwrap_or(own)
            };
            let wishes: Vec<f64> = layer.iter().map(wish).collect();
            let rooms: Vec<f64> = layer.iter().map(|id| self.room.get(*id).copied().unwrap_or(0.0)).collect();
            for (id, y) in layer.iter().zip(spread(&wishes, &rooms)) {
                if let Some(slot) = self.y.get_mut(*id) {
                    *slot = y;
                }
            }
        }
    }

    fn sweep(&self, forward: bool) -> Vec<usize> {
        let all = 0..self.layers.len();
        if forward { all.collect() } else { all.rev().collect() }
    }

    fn finish(self, ranks: &[usize], edges: &[(usize, usize)]) -> Layout {
        let half = |id: usize| self.room.get(id).copied().unwrap_or(0.0) / 2.0;
        let tops = self.y.iter().enumerate().map(|(id, y)| y - half(id));
        let top = tops.fold(f64::INFINITY, f64::min);
        let bottom = self.y.iter().enumerate().map(|(id, y)| y + half(id)).fold(0.0, f64::max);
        let top = if top.is_finite() { top } else { 0.0 };
        let y = |id: usize| self.y.get(id).copied().unwrap_or(0.0) - top;
        Layout {
            places: ranks.iter().enumerate().map(|(id, rank)| (*rank, y(id))).collect(),
            edges: edges
                .iter()
                .zip(&self.bends)
                .map(|((from, to), bends)| (*from, *to, bends.iter().map(|id| y(*id)).collect()))
                .collect(),
            height: bottom - top,
        }
    }
}

/// 0, 1, 2, …
fn steps() -> impl Iterator<Item = f64> {
    (0_u32..).map(f64::from)
}

fn mean(ids: &[usize], of: &[f64]) -> f64 {
    let sum: f64 = ids.iter().filter_map(|id| of.get(*id)).sum();
    sum / f64::from(u32::try_from(ids.len().max(1)).unwrap_or(u32::MAX))
}

/// The heights nearest to the wishes that keep the order and the least distances: pooling of adjacent violators.
fn spread(wishes: &[f64], rooms: &[f64]) -> Vec<f64> {
    let mut offsets = Vec::with_capacity(rooms.len());
    let mut at = 0.0;
    for (index, room) in rooms.iter().enumerate() {
        if index > 0 {
            at += (rooms.get(index - 1).copied().unwrap_or(0.0) + room) / 2.0;
        }
        offsets.push(at);
    }
    // Pools of neighbours that share one shift: its sum and how many they are.
    let mut pools: Vec<(f64, u32)> = Vec::new();
    for (wish, offset) in wishes.iter().zip(&offsets) {
        let mut pool = (wish - offset, 1_u32);
        while let Some(before) = pools.last().copied()
            && before.0 / f64::from(before.1) >= pool.0 / f64::from(pool.1)
        {
            pools.pop();
            pool = (pool.0 + before.0, pool.1 + before.1);
        }
        pools.push(pool);
    }
    let shifts = pools.iter().flat_map(|(sum, count)| (0..*count).map(move |_| sum / f64::from(*count)));
    shifts.zip(&offsets).map(|(shift, offset)| shift + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(needs: &[&[usize]]) -> Vec<Node> {
        needs.iter().map(|needs| Node { needs: needs.to_vec(), height: 10.0 }).collect()
    }

    #[test]
    fn a_chain_is_a_line() {
        let layout = lay_out(&nodes(&[&[], &[0], &[0, 1]]), 4.0);
        assert_eq!(layout.places.iter().map(|place| place.0).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(layout.edges.len(), 2, "the edge over the middle says nothing new");
        assert!(layout.places.windows(2).all(|pair| (pair[0].1 - pair[1].1).abs() < 1e-9));
    }

    #[test]
    fn nothing_overlaps() {
        let many: Vec<Vec<usize>> =
            (0..60_usize).map(|at| if at < 7 { vec![] } else { vec![at / 3, at / 2, at % 7] }).collect();
        let many: Vec<Node> = many.into_iter().map(|needs| Node { needs, height: 10.0 }).collect();
        let layout = lay_out(&many, 4.0);
        let mut layers: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (layer, y) in &layout.places {
            layers.entry(*layer).or_default().push(*y);
        }
        for ys in layers.values_mut() {
            ys.sort_by(f64::total_cmp);
            assert!(ys.windows(2).all(|pair| pair[1] - pair[0] >= 10.0 - 1e-6), "{ys:?}");
            assert!(ys.iter().all(|y| *y >= 0.0 && *y <= layout.height));
        }
        for (from, to, bends) in &layout.edges {
            assert_eq!(layout.places[*to].0 - layout.places[*from].0, bends.len() + 1);
        }
        assert_eq!(lay_out(&many, 4.0), layout);
    }

    #[test]
    fn a_knot_that_can_be_undone_is() {
        // Two parents, children named crosswise.
        let layout = lay_out(&nodes(&[&[], &[], &[1], &[0], &[1], &[0]]), 4.0);
        let y = |id: usize| layout.places[id].1;
        let first = y(0) < y(1);
        assert_eq!([y(3) < y(2), y(5) < y(4), y(5) < y(2)], [first; 3]);
    }

    #[test]
    fn heights_are_the_nearest_possible() {
        assert_eq!(spread(&[0.0, 100.0], &[10.0, 10.0]), [0.0, 100.0]);
        assert_eq!(spread(&[50.0, 50.0], &[10.0, 10.0]), [45.0, 55.0]);
        assert_eq!(spread(&[], &[]), Vec::<f64>::new());
    }
}
