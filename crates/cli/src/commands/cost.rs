//! `auroractl cost`: what the stack costs in a month, line by line. No AWS call.

use crate::args::Cost;
use crate::exit::{Exit, Failure};
use crate::forecast::pricing;
use crate::session::Stack;
use crate::view;

/// Prints the bill.
pub(crate) fn run(args: &Cost) -> Result<Exit, Failure> {
    let stack = Stack::open(&args.target)?;
    let graph = stack.desired()?.check()?;
    let pricing = pricing(&stack);
    let specs = || graph.desired().nodes.iter().map(|(at, node)| (at, &node.spec));
    let (bill, choices) = (pricing.bill(specs()), pricing.break_evens(specs()));
    if args.target.json {
        view::cost::json(stack.name(), &pricing, (&bill, &choices))
    } else {
        view::cost::show(stack.name(), &pricing, (&bill, &choices))
    }
}
