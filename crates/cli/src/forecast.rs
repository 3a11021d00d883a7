//! Time, money and interruptions of a plan: computed once, for the view, the budget and the run.

use crate::args::Budget;
use crate::exit::{Exit, Failure};
use crate::session::{Stack, today};
use crate::view::{self, dollars};
use auroractl_core::Graph;
use auroractl_core::cost::Usd;
use auroractl_core::lower::Sources;
use auroractl_core::plan::Plan;
use auroractl_core::queue::Knot;
use auroractl_core::state::State;
use auroractl_engine::refresh::Seen;
use auroractl_stack::cost::Pricing;
use auroractl_stack::{Forecast, Means, alternatives, forecast};
use std::cmp::Reverse;
use std::time::Duration;

/// Calls in flight at once where nobody says otherwise.
pub(crate) const PARALLEL: u16 = 16;

/// What a plan was made from.
pub(crate) type Ground<'a> = (&'a Graph, &'a State, &'a Seen);

/// Foretells a plan.
pub(crate) fn foretell(stack: &Stack, plan: &Plan, ground: Ground<'_>, parallel: u16) -> Result<Forecast, Failure> {
    let (graph, state, observed) = ground;
    let (priors, pricing) = (auroractl_stack::priors(), pricing(stack));
    let sources = Sources { priors: &priors, graph, state, observed, lowerings: auroractl_stack::LOWERINGS };
    let means = Means { sources, pricing: &pricing, parallel: usize::from(parallel) };
    let whole = || Ok(Forecast { ways: alternatives(plan, means)?, ..forecast(plan, means)? });
    whole().map_err(|knot: Knot| Failure::new(Exit::Error, format!("nothing was changed: {knot}")))
}

/// Today's prices of a stack's region.
pub(crate) fn pricing(stack: &Stack) -> Pricing {
    Pricing::new(&stack.loaded.config, today())
}

/// The failure that a plan over the budget is.
pub(crate) fn over_budget(forecast: &Forecast, budget: &Budget) -> Option<Failure> {
    let long = budget.max_downtime.and_then(|most| too_long(forecast, most));
    long.or_else(|| budget.max_cost.and_then(|most| too_dear(forecast, most)))
}

/// Can nothing be written for longer than the budget has? What counts is the 95th percentile: a budget that holds every other
/// time is none. What the run leaves to the maintenance window counts as well: whoever limits downtime does not want it on
/// Sunday instead.
fn too_long(forecast: &Forecast, most: Duration) -> Option<Failure> {
    let outage = &forecast.outage;
    let lost = outage.worst().find(|window| window.loses_cluster());
    let high = f64::from(outage.unwritable().p95);
    if lost.is_none() && high <= most.as_secs_f64() {
        return None;
    }
    let told = view::outage::span(most.as_secs_f64());
    let message = match lost {
        Some(window) => {
            format!("{} would be gone for good, and the budget is {told}; nothing was changed", window.address)
        }
        None => format!(
            "the writer may be unavailable for {} (p95), and the budget is {told}; nothing was changed",
            view::outage::span(high)
        ),
    };
    let later = outage.in_window.as_ref().filter(|later| later.writer.times > 0).map(view::outage::cause_later);
    let lines = outage.worst().map(view::outage::cause).chain(later).map(|line| format!("  {line}"));
    let hint = "raise `--max-downtime`, or leave these changes out";
    Some(Failure::new(Exit::Budget, message).detailed(lines.collect::<Vec<_>>()).hinted(hint))
}

/// Does it make the stack dearer than the budget has? What counts is the load that the stack file states, and the dearest one
/// where it states none: a budget that holds only sometimes is none.
fn too_dear(forecast: &Forecast, most: Usd) -> Option<Failure> {
    let change = forecast.money.change();
    let dearest = forecast.money.delta.iter().filter(|(_, total)| total.known.likely > Usd(0));
    let mut dearest: Vec<_> = dearest.map(|(at, total)| (total, at)).collect();
    dearest.sort_by_key(|(total, at)| Reverse((total.known.likely, *at)));
    if change.known.likely > most {
        let (more, budget) = (signed(change.known.likely), signed(most));
        let (costs, hint) = if change.known.open {
            ("may cost up to", "raise `--max-cost`, or state the usual load in section `cost` of the stack file")
        } else {
            ("costs", "raise `--max-cost`, or leave these changes out")
        };
        let lines = dearest.iter().take(5).map(|(total, at)| format!("  {at}: {}", dollars::change(total.known)));
        let message = format!("the plan {costs} {more} a month, and the budget is {budget}; nothing was changed");
        return Some(Failure::new(Exit::Budget, message).detailed(lines.collect::<Vec<_>>()).hinted(hint));
    }
    let unpriced: Vec<&str> = change.unpriced().collect();
    (!unpriced.is_empty()).then(|| {
        let names = unpriced.join(", ");
        Failure::new(
            Exit::Budget,
            format!("it is not known whether the plan keeps to the budget: no price of {names}; nothing was changed"),
        )
        .hinted("state the price in `[cost.prices]` of the stack file, or leave `--max-cost` out")
    })
}

/// An amount with its sign: `+$4.00`, `-$4.00`, `$0.00`.
pub(crate) fn signed(amount: Usd) -> String {
    if amount > Usd(0) { format!("+{amount}") } else { amount.to_string() }
}
