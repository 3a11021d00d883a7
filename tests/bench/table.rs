//! The table that the benchmark prints.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{ContentArrangement, Table};
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Row {
    /// What is measured.
    pub(crate) what: String,
    /// Ours.
    pub(crate) ours: String,
    /// What it must reach; empty where nothing is promised.
    pub(crate) target: String,
    /// Terraform's; empty where it was not run.
    pub(crate) terraform: String,
    /// Whether ours reaches the target; absent where nothing is promised.
    pub(crate) reached: Option<bool>,
}

impl Row {
    /// A figure without a promise.
    pub(crate) fn new(what: impl Into<String>, ours: impl Into<String>) -> Self {
        Self { what: what.into(), ours: ours.into(), target: String::new(), terraform: String::new(), reached: None }
    }

    /// A figure that must stay at or below a limit, with its unit.
    pub(crate) fn at_most(what: &str, (figure, limit): (f64, f64), unit: &str) -> Self {
        let number = |value: f64| if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") };
        let text = |value: f64| format!("{} {unit}", number(value)).trim_end().to_owned();
        Self { target: format!("<= {}", text(limit)), reached: Some(figure <= limit), ..Self::new(what, text(figure)) }
    }

    /// The same with Terraform's figure.
    pub(crate) fn beside(self, terraform: Option<String>) -> Self {
        Self { terraform: terraform.unwrap_or_default(), ..self }
    }
}

/// The lines as text.
pub(crate) fn render(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["", "auroractl", "target", "", "Terraform"]);
    for row in rows {
        let verdict = match row.reached {
            Some(true) => "ok",
            Some(false) => "MISSED",
            None => "",
        };
        table.add_row([&row.what, &row.ours, &row.target, verdict, &row.terraform]);
    }
    table.to_string()
}
