//! Documents from templates. Every value is escaped, whatever the template's name: what a stack, an account or AWS put into
//! a text stays a text.

use super::report::Page;
use super::svg::Drawing;
use crate::exit::{Exit, Failure};
use data_encoding::BASE64;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use sha2::{Digest as _, Sha256};

/// The templates by name.
const TEMPLATES: [(&str, &str); 12] = [
    ("graph.svg", include_str!("../../templates/graph.svg")),
    ("drawing.svg", include_str!("../../templates/drawing.svg")),
    ("page.html", include_str!("../../templates/report/page.html")),
    ("prose.html", include_str!("../../templates/report/prose.html")),
    ("head.html", include_str!("../../templates/report/head.html")),
    ("felt.html", include_str!("../../templates/report/felt.html")),
    ("run.html", include_str!("../../templates/report/run.html")),
    ("gantt.svg", include_str!("../../templates/report/gantt.svg")),
    ("changes.html", include_str!("../../templates/report/changes.html")),
    ("cost.html", include_str!("../../templates/report/cost.html")),
    ("rules.html", include_str!("../../templates/report/rules.html")),
    ("axis.svg", include_str!("../../templates/report/axis.svg")),
];
/// The style sheet of a report, without the line break at its end.
const STYLE: &str = include_str!("../../templates/report/style.css");

/// A document can't be written: a fault in its template, which tests rule out.
#[derive(Debug, thiserror::Error)]
#[error("the document can't be written: {0:#}")]
pub(crate) struct NoPage(#[from] minijinja::Error);

impl From<NoPage> for Failure {
    fn from(why: NoPage) -> Self {
        Self::new(Exit::Error, why)
    }
}

/// A drawing as a picture of its own.
pub(super) fn drawing(drawing: &Drawing) -> Result<String, NoPage> {
    render("graph.svg", context! { d => Serde(drawing) })
}

/// A report as one page that needs nothing beside it. Its policy admits its own style sheet and nothing else: no script, no
/// picture, no request.
pub(super) fn page(page: &Page) -> Result<String, NoPage> {
    let style = STYLE.trim_end();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        BASE64.encode(&Sha256::digest(style.as_bytes()))
    );
    let context = context! {
        p => Serde(page),
        style => Value::from_safe_string(style.to_owned()),
        policy => Value::from_safe_string(policy),
    };
    render("page.html", context)
}

fn render(name: &str, context: Value) -> Result<String, NoPage> {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, text) in TEMPLATES {
        templates.add_template(name, text)?;
    }
    let mut text = templates.get_template(name)?.render(context)?;
    // The engine takes the last line's end off, once for all templates.
    text.push('\n');
    Ok(text)
}
