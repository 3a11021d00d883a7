//! `auroractl output`: the stack's results, from the state alone.

use crate::args::{Output, OutputFormat};
use crate::exit::{Exit, Failure};
use crate::session::{Stack, open_state};
use crate::view;
use auroractl_engine::store::Mode;

/// Prints the outputs.
pub(crate) async fn run(args: &Output) -> Result<Exit, Failure> {
    let stack = Stack::open(&args.target)?;
    let recorded = open_state(&stack, &args.login, Mode::Read).await?;
    let outputs = auroractl_stack::outputs(&recorded.state);
    if outputs.is_empty() {
        return Err(
            Failure::new(Exit::Error, format!("stack `{}` has no outputs yet", stack.name())).hinted("apply it first")
        );
    }
    if let Some(name) = &args.name {
        let found = outputs.iter().find(|output| output.name == *name);
        let names = || outputs.iter().map(|output| format!("  {}", output.name));
        let found = found
            .ok_or_else(|| Failure::new(Exit::Invalid, format!("there is no output `{name}`")).detailed(names()))?;
        return view::lines(std::slice::from_ref(&found.value));
    }
    match (args.target.json, args.format) {
        (true, _) | (false, OutputFormat::Json) => view::outputs::json(&outputs),
        (false, OutputFormat::Dotenv) => view::outputs::dotenv(&outputs),
        (false, OutputFormat::Table) => view::outputs::table(&outputs),
    }
}
