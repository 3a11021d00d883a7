//! Time and money of a large plan: steps, rehearsal, its 95th percentile, and both bills.
//!
//! The resources are those of the production stack, many times over, all new: the worst there is.

use auroractl_core::address::Address;
use auroractl_core::identity::StackId;
use auroractl_core::lower::Sources;
use auroractl_core::plan::{Inputs, Options, plan};
use auroractl_core::state::State;
use auroractl_core::{Desired, Graph};
use auroractl_stack::cost::Pricing;
use auroractl_stack::{Known, LOWERINGS, Means, compose, forecast, load, priors, registry};
use auroractl_testkit::emulator::workspace;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

/// Calls in flight at once.
const PARALLEL: usize = 16;
/// So often it is measured; the fastest counts.
const RUNS: usize = 3;

/// What was measured.
pub(crate) struct Sample {
    /// Resources of the plan.
    pub(crate) resources: usize,
    /// All of the forecast.
    pub(crate) milliseconds: f64,
}

/// Forecasts a plan of at least so many resources.
pub(crate) fn measure(resources: usize) -> io::Result<Sample> {
    let loaded = load(&workspace().join(crate::scene::STACK), &Known).map_err(io::Error::other)?;
    let one = compose(&loaded).map_err(io::Error::other)?.desired;
    let graph = many(&one, resources.div_ceil(one.nodes.len()))?;
    let stack = StackId { account: "123456789012".to_owned(), ..one.stack.clone() };
    let (state, observed, options) = (State::new(stack, "0".repeat(32)), BTreeMap::new(), Options::default());
    let (registry, priors) = (registry(), priors());
    let inputs = Inputs { kinds: &registry, graph: &graph, state: &state, observed: &observed, options: &options };
    let changes = plan(&inputs).map_err(io::Error::other)?;
    let pricing = Pricing::new(&loaded.config, jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
    let sources = Sources { priors: &priors, graph: &graph, state: &state, observed: &observed, lowerings: LOWERINGS };
    let mut fastest = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        let means = Means { sources, pricing: &pricing, parallel: PARALLEL };
        let told = forecast(&changes, means).map_err(io::Error::other)?;
        fastest = fastest.min(start.elapsed().as_secs_f64() * 1000.0);
        if told.program.steps.len() != changes.changes.len() || told.money.delta.is_empty() {
            return Err(io::Error::other("the forecast is not of the whole plan"));
        }
    }
    Ok(Sample { resources: changes.changes.len(), milliseconds: fastest })
}

/// The stack so many times, each time under other names.
fn many(one: &Desired, times: usize) -> io::Result<Graph> {
    let mut all = Desired::new(one.stack.clone());
    for copy in 0..times {
        let renamed =
            |at: &Address| Address::new(at.kind(), &format!("{}-{copy}", at.name())).map_err(io::Error::other);
        for (at, node) in &one.nodes {
            let mut node = node.clone();
            redirect(&mut node.spec, copy);
            node.after = node.after.iter().map(renamed).collect::<io::Result<_>>()?;
            all.nodes.insert(renamed(at)?, node);
        }
    }
    all.check().map_err(|errors| io::Error::other(format!("{errors:?}")))
}

/// Lets the promises of a spec name the resources of its own copy.
fn redirect(value: &mut Value, copy: usize) {
    match value {
        Value::Object(map) => {
            if let Some(of) = map.get_mut("$ref").and_then(|promise| promise.get_mut("of"))
                && let Some(text) = of.as_str()
            {
                *of = Value::String(format!("{text}-{copy}"));
                return;
            }
            map.values_mut().for_each(|value| redirect(value, copy));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| redirect(value, copy)),
        _ => {}
    }
}
