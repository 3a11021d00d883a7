//! `auroractl rehearse`: the run that apply would do, in virtual time.

use crate::args::Rehearse;
use crate::commands::plan::gather;
use crate::exit::{Exit, Failure, refusals};
use crate::view;
use std::collections::BTreeSet;

/// Rehearses with every number of calls in flight that was named; the first is shown in full.
pub(crate) async fn run(args: &Rehearse) -> Result<Exit, Failure> {
    let Rehearse { asked, parallel } = args;
    let gathered = gather(asked).await?;
    if let Some(refused) = refusals(&gathered.changes) {
        return Err(refused);
    }
    let mut seen = BTreeSet::new();
    let wanted = parallel.iter().copied().filter(|number| seen.insert(*number));
    let runs = wanted.map(|number| gathered.forecast(number)).collect::<Result<Vec<_>, _>>()?;
    if asked.target.json {
        view::rehearse::json(gathered.stack.name(), &runs)
    } else {
        view::rehearse::show(gathered.stack.name(), &gathered.changes, &runs)
    }
}
