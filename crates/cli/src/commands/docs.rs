//! `auroractl completions` and `auroractl man`: both derived from the command line's own definition.

use crate::args::Cli;
use crate::exit::{Exit, Failure};
use crate::view;

/// Prints a shell's completions.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::described(), "auroractl", &mut text);
    view::bytes(&text)
}

/// Prints the manual page.
pub(crate) fn man() -> Result<Exit, Failure> {
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(Cli::described()).render(&mut text);
    page.map_err(|error| Failure::new(Exit::Error, format!("the manual page can't be written: {error}")))?;
    view::bytes(&text)
}
