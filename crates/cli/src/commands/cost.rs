//! `auroractl cost`: what the stack costs in a month, line by line. No AWS call.

use crate::args::Cost;
use crate::exit::{Exit, Failure};
use crate::forecast::pricing;
use crate::session::Stack;
use crate::view;
use crate::view::cost::Told;
use auroractl_stack::cost::uncounted;
use std::collections::BTreeSet;

/// Prints the bill.
pub(crate) fn run(args: &Cost) -> Result<Exit, Failure> {
    let stack = Stack::open(&args.target)?;
    let graph = stack.desired()?.check()?;
    let pricing = pricing(&stack);
    let specs = || graph.desired().nodes.iter().map(|(at, node)| (at, &node.spec));
    let kinds: BTreeSet<&str> = specs().map(|(at, _)| at.kind()).collect();
    let told = Told {
        bill: &pricing.bill(specs()),
        choices: &pricing.break_evens(specs()),
        uncounted: &uncounted(&kinds),
        pricing: &pricing,
    };
    if args.target.json { view::cost::json(stack.name(), told) } else { view::cost::show(stack.name(), told) }
}
