//! SARIF 2.1.0, as code scanning reads it (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>).
//!
//! Regions point into the stack files, overlays included; columns count characters, which the run says.

use crate::judgement::{Finding, Report, Status};
use crate::report::sentence;
use crate::rule::{Rule, Severity};
use crate::rules::RULES;
use serde_json::{Value, json};

/// The report as a SARIF log.
#[must_use]
pub fn sarif(report: &Report, version: &str) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "auroractl",
                "version": version,
                "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": report.findings.iter().map(result).collect::<Vec<_>>(),
            "properties": {"stack": report.stack, "profile": report.profile, "phase": report.phase},
        }],
    })
}

fn rule(rule: &Rule) -> Value {
    let [prod, ..] = rule.severity;
    let tags: Vec<String> = rule.mappings.named().map(|(catalogue, ids)| format!("{catalogue}: {ids}")).collect();
    json!({
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.remedy},
        "helpUri": rule.source,
        "defaultConfiguration": {"level": level(prod)},
        "properties": {"level": rule.level, "tags": tags},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Block => "error",
        Severity::Warn => "warning",
        Severity::Info => "note",
        Severity::Off => "none",
    }
}

fn result(finding: &Finding) -> Value {
    // What can't be told is "open", and an open result has no level.
    let (kind, level) = match finding.status {
        Status::Unknown => ("open", "none"),
        _ => ("fail", level(finding.severity)),
    };
    let mut result = json!({
        "ruleId": finding.rule,
        "kind": kind,
        "level": level,
        "message": {"text": format!("{}. {}", sentence(finding), finding.remedy)},
        "locations": [location(finding)],
    });
    let index = RULES.iter().position(|rule| rule.code == finding.rule);
    let suppressed = match &finding.status {
        Status::Waived { waiver } => Some(format!("waiver {waiver}")),
        Status::Yields { to } => Some(format!("yields to {to}")),
        Status::Broken | Status::Unknown => None,
    };
    if let Some(map) = result.as_object_mut() {
        if let Some(index) = index {
            map.insert("ruleIndex".to_owned(), json!(index));
        }
        if let Some(why) = suppressed {
            map.insert(
                "suppressions".to_owned(),
                json!([{"kind": "external", "status": "accepted", "justification": why}]),
            );
        }
        if let Some(collision) = &finding.collision {
            map.insert("properties".to_owned(), json!({"collision": collision}));
        }
    }
    result
}

fn location(finding: &Finding) -> Value {
    let mut location = json!({"logicalLocations": [{"fullyQualifiedName": finding.subject(), "kind": "resource"}]});
    if let (Some(place), Some(map)) = (&finding.place, location.as_object_mut()) {
        let region = json!({
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        });
        let artifact = json!({"uri": uri(&place.file)});
        map.insert("physicalLocation".to_owned(), json!({"artifactLocation": artifact, "region": region}));
    }
    location
}

/// A path as a URI reference: absolute ones with their scheme, characters that a URI does not have as percent codes.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let encoded: String = path.bytes().map(encode).collect();
    if encoded.starts_with('/') { format!("file://{encoded}") } else { encoded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("stacks/prod.toml"), "stacks/prod.toml");
        assert_eq!(uri("/srv/my stacks/é.toml"), "file:///srv/my%20stacks/%C3%A9.toml");
    }
}
