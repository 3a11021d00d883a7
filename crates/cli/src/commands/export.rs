//! `auroractl export …`: the desired resources in a form that other programs read. No AWS call, and no state: the document
//! says what the stack file asks for, not what is there.

use crate::args::{ExportForm, Target};
use crate::exit::{Exit, Failure};
use crate::session::Stack;
use crate::target::{Kind, allows};
use crate::view;
use auroractl_stack::terraform;
use std::path::Path;

/// Writes it.
pub(crate) fn run(form: ExportForm) -> Result<Exit, Failure> {
    match form {
        ExportForm::TerraformPlan { target, out } => terraform_plan(&target, out.as_deref()),
    }
}

fn terraform_plan(target: &Target, out: Option<&Path>) -> Result<Exit, Failure> {
    if let Some(path) = out {
        allows(path, Kind::Export)?;
    }
    let stack = Stack::open(target)?;
    let document = terraform::document(&stack.desired()?.check()?)?;
    if stack.id().account.is_empty() {
        let stand_in = terraform::NO_ACCOUNT;
        view::note(&format!("the stack file names no account: ARNs in the document have {stand_in} in its place"));
    }
    let Some(path) = out else { return view::json::document(&document) };
    let mut text = serde_json::to_vec_pretty(&document).map_err(|error| Failure::new(Exit::Error, error))?;
    text.push(b'\n');
    std::fs::write(path, text).map_err(|error| Failure::io("write", path, &error))?;
    view::note(&format!("wrote {} resources to {}", document.len(), path.display()));
    Ok(Exit::Done)
}
