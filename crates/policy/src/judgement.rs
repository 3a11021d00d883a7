//! From facts to findings: every rule of the phase, at the severity of the profile, excused by waivers, explained where
//! rules contradict one another.

use crate::collision::{self, Decision};
use crate::facts::{Cluster, Fact, Facts};
use crate::rule::{Fix, Level, Phase, Profile, Rule, Severity};
use crate::rules::RULES;
use crate::waiver::{self, Waiver};
use auroractl_core::Address;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Display;

/// What became of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Status {
    /// The rule is broken.
    Broken,
    /// It can't be told yet whether it is.
    Unknown,
    /// It is broken, and a waiver excuses it.
    Waived {
        /// The waiver's name.
        waiver: String,
    },
    /// It is broken because another rule goes first.
    Yields {
        /// That rule.
        to: &'static str,
    },
}

/// Bytes of a stack file as people count them: from 1, columns in characters, the end not included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// One past the last column.
    pub end_column: usize,
}

/// What a rule says about one thing.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// The rule's code, or that of a custom rule.
    pub rule: String,
    /// What the rule demands.
    pub title: String,
    /// How the rule ranks.
    pub level: Level,
    /// What the finding does.
    pub severity: Severity,
    /// What became of it.
    #[serde(flatten)]
    pub status: Status,
    /// The resource; `null` where the stack as a whole is meant.
    #[schemars(with = "Option<String>")]
    pub address: Option<Address>,
    /// The field of the resource.
    pub field: String,
    /// What is there.
    pub observed: String,
    /// What should be there.
    pub expected: String,
    /// What to do.
    pub remedy: String,
    /// What mending costs.
    pub fix: Fix,
    /// AWS would refuse it: no waiver helps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// Where AWS says so.
    pub source: String,
    /// Which rule this one contradicts here, and what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collision: Option<String>,
    /// Where in the stack file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Why a rule has nothing to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Skipped {
    /// The rule.
    pub rule: &'static str,
    /// Why.
    pub why: String,
}

/// What all rules say about a stack.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// The stack.
    pub stack: String,
    /// How strictly it was judged.
    pub profile: Profile,
    /// What was judged.
    pub phase: Phase,
    /// What is wrong or can't be told: the gravest first, then by rule and address.
    pub findings: Vec<Finding>,
    /// Rules that are kept.
    pub passed: Vec<&'static str>,
    /// Rules that do not apply.
    pub skipped: Vec<Skipped>,
}

/// What one rule says while it looks.
#[derive(Debug)]
pub struct Verdict<'a> {
    rule: &'a Rule,
    severity: Severity,
    findings: Vec<Finding>,
    skipped: Option<String>,
}

impl<'a> Verdict<'a> {
    fn new(rule: &'a Rule, severity: Severity) -> Self {
        Self { rule, severity, findings: Vec::new(), skipped: None }
    }

    fn say(&mut self, status: Status, at: (&Address, &str), said: (String, String)) -> &mut Finding {
        let (address, field) = at;
        let (observed, expected) = said;
        self.findings.push(Finding {
            rule: self.rule.code.to_owned(),
            title: self.rule.title.to_owned(),
            level: self.rule.level,
            severity: self.severity,
            status,
            address: Some(address.clone()),
            field: field.to_owned(),
            observed,
            expected,
            remedy: self.rule.remedy.to_owned(),
            fix: self.rule.fix,
            refused: false,
            source: self.rule.source.to_owned(),
            collision: None,
            place: None,
        });
        let last = self.findings.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "pushed in the statement before")]
        &mut self.findings[last]
    }

    /// The rule is broken at a field of a resource.
    pub fn broken(&mut self, address: &Address, field: &str, observed: impl Display, expected: impl Display) {
        self.say(Status::Broken, (address, field), (observed.to_string(), expected.to_string()));
    }

    /// A part of the rule is broken that is worth a warning at most.
    pub fn weak(&mut self, address: &Address, field: &str, observed: impl Display, expected: impl Display) {
        let severity = self.severity.min(Severity::Warn);
        self.say(Status::Broken, (address, field), (observed.to_string(), expected.to_string())).severity = severity;
    }

    /// Something that is worth a word.
    pub fn hint(&mut self, address: &Address, field: &str, observed: impl Display, expected: impl Display) {
        let said = (observed.to_string(), expected.to_string());
        self.say(Status::Broken, (address, field), said).severity = Severity::Info;
    }

    /// AWS would refuse what the stack asks for.
    pub fn refused(&mut self, at: (&Address, &str), observed: impl Display, expected: impl Display) {
        let finding = self.say(Status::Broken, at, (observed.to_string(), expected.to_string()));
        finding.severity = Severity::Block;
        finding.refused = true;
    }

    /// The rule is broken, and no field of a resource is to blame.
    pub fn missing(&mut self, facts: &Facts, observed: impl Display, expected: impl Display) {
        if let Some(cluster) = self.main_cluster(facts) {
            self.broken(&cluster.address, "", observed, expected);
        }
    }

    /// The cluster at which a rule about its surroundings is told; without one the rule does not apply.
    pub fn main_cluster<'f>(&mut self, facts: &'f Facts) -> Option<&'f Cluster> {
        let cluster = facts.clusters.first();
        if cluster.is_none() {
            self.skip("there is no cluster");
        }
        cluster
    }

    /// The value of a fact; one that is not known is told.
    pub fn known<'f, T>(&mut self, fact: &'f Fact<T>, address: &Address, field: &str) -> Option<&'f T> {
        match fact {
            Fact::Known(value) => Some(value),
            Fact::Unknown(why) => {
                let expected = "it has to be known before apply".to_owned();
                self.say(Status::Unknown, (address, field), (why.to_string(), expected));
                None
            }
        }
    }

    /// The rule does not apply.
    pub fn skip(&mut self, why: impl Into<String>) {
        self.skipped = Some(why.into());
    }
}

/// Runs every rule that the phase and the profile ask for.
#[must_use]
pub fn judge(facts: &Facts, waivers: &[Waiver]) -> Report {
    let mut report = Report {
        stack: facts.stack.name.clone(),
        profile: facts.stack.profile,
        phase: facts.stack.phase,
        findings: Vec::new(),
        passed: Vec::new(),
        skipped: Vec::new(),
    };
    for rule in RULES.iter().filter(|rule| rule.runs_in(facts.stack.phase)) {
        let severity = rule.severity_in(facts.stack.profile);
        if severity == Severity::Off {
            let why = format!("it is off in profile {}", facts.stack.profile);
            report.skipped.push(Skipped { rule: rule.code, why });
            continue;
        }
        let mut verdict = Verdict::new(rule, severity);
        (rule.check)(facts, &mut verdict);
        match verdict.skipped {
            _ if !verdict.findings.is_empty() => report.findings.append(&mut verdict.findings),
            Some(why) => report.skipped.push(Skipped { rule: rule.code, why }),
            None => report.passed.push(rule.code),
        }
    }
    explain(facts, &mut report.findings);
    waiver::excuse(facts, waivers, &mut report.findings);
    report.sort();
    report
}

/// One rule alone; and whether it says that it does not apply.
#[cfg(test)]
pub(crate) fn run(rule: &Rule, severity: Severity, facts: &Facts) -> (Vec<Finding>, bool) {
    let mut verdict = Verdict::new(rule, severity);
    (rule.check)(facts, &mut verdict);
    (verdict.findings, verdict.skipped.is_some())
}

/// Tells findings of rules that contradict one another, and lets the lesser one yield where the documents decide.
fn explain(facts: &Facts, findings: &mut [Finding]) {
    for collision in collision::present(facts) {
        for finding in findings.iter_mut().filter(|finding| collision.concerns(&finding.rule)) {
            finding.collision = Some(collision.text());
            if let Decision::First { rule, .. } = collision.decision
                && finding.rule != rule
                && finding.status == Status::Broken
                && !finding.refused
            {
                finding.status = Status::Yields { to: rule };
                finding.severity = Severity::Info;
            }
        }
    }
}

impl Finding {
    /// Does it stop an apply? What can't be told stops it too.
    #[must_use]
    pub fn blocks(&self, at_apply: bool) -> bool {
        self.severity == Severity::Block
            && match self.status {
                Status::Broken => true,
                Status::Unknown => at_apply,
                Status::Waived { .. } | Status::Yields { .. } => false,
            }
    }

    /// Where it is, in words: `db_cluster.main, deletion_protection`.
    #[must_use]
    pub fn subject(&self) -> String {
        match (&self.address, self.field.as_str()) {
            (Some(address), "") => address.to_string(),
            (Some(address), field) => format!("{address}, {field}"),
            (None, _) => "the stack".to_owned(),
        }
    }
}

impl Report {
    /// The findings that stop an apply.
    pub fn blocking(&self, at_apply: bool) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.blocks(at_apply))
    }

    /// Findings of this severity that nothing excuses.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let open = |finding: &&Finding| finding.status == Status::Broken && finding.severity == severity;
        self.findings.iter().filter(open).count()
    }

    /// Adds findings of custom rules.
    pub fn extend(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
        self.sort();
    }

    fn sort(&mut self) {
        let rank = |finding: &Finding| match finding.status {
            Status::Broken => 0,
            Status::Unknown => 1,
            Status::Waived { .. } | Status::Yields { .. } => 2,
        };
        self.findings.sort_by(|a, b| {
            let grave = b.severity.cmp(&a.severity).then_with(|| rank(a).cmp(&rank(b)));
            let of_rule = || a.rule.cmp(&b.rule).then_with(|| a.address.cmp(&b.address));
            grave.then_with(of_rule).then_with(|| a.field.cmp(&b.field))
        });
        // Three subnets of one group may have one thing to say.
        self.findings.dedup();
    }
}
