//! What a rule is: data that documents are made from, and a pure function.

use crate::facts::Facts;
use crate::judgement::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the design rules rank a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Critical.
    Must,
    /// Important.
    Should,
    /// Preferred.
    Could,
}

/// What a broken rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing: the rule is not run.
    Off,
    /// It is mentioned.
    Info,
    /// Somebody should look.
    Warn,
    /// Nothing is applied.
    Block,
}

/// How strictly a stack is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Development.
    Dev,
    /// Staging.
    Staging,
    /// Production.
    Prod,
    /// Production that the business can't be without: should rules block too.
    Critical,
}

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// What the stack wants.
    Plan,
    /// What AWS has.
    Live,
}

/// When a rule has something to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// On wishes alone.
    Plan,
    /// On what AWS has alone.
    Live,
    /// On both.
    Both,
}

/// What mending costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fix {
    /// An edit that nobody notices.
    InPlace,
    /// An edit that restarts an instance.
    Reboot,
    /// The resource has to be made anew.
    Replace,
    /// Something is done outside of the stack.
    Outside,
}

/// The same condition in other catalogues; empty where they have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Mappings {
    /// Checkov checks.
    pub checkov: &'static str,
    /// Prowler checks.
    pub prowler: &'static str,
    /// Security Hub controls.
    pub security_hub: &'static str,
    /// AWS Config managed rules.
    pub aws_config: &'static str,
    /// Sections of the CIS AWS Foundations Benchmark.
    pub cis: &'static str,
}

impl Mappings {
    /// No catalogue has it.
    pub const NONE: Self = Self { checkov: "", prowler: "", security_hub: "", aws_config: "", cis: "" };

    /// The catalogues that have it, by name.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [
            ("Checkov", self.checkov),
            ("Prowler", self.prowler),
            ("Security Hub", self.security_hub),
            ("AWS Config", self.aws_config),
            ("CIS AWS", self.cis),
        ]
        .into_iter()
        .filter(|(_, ids)| !ids.is_empty())
    }
}

/// One rule.
pub struct Rule {
    /// Its code: `RULE-001` from the design rules, `EXT-001` for an addition.
    pub code: &'static str,
    /// How it ranks.
    pub level: Level,
    /// What it demands, in a few words.
    pub title: &'static str,
    /// Why.
    pub why: &'static str,
    /// What to do when it is broken.
    pub remedy: &'static str,
    /// Where AWS says so.
    pub source: &'static str,
    /// What a broken rule does in production, staging and development.
    pub severity: [Severity; 3],
    /// On what it is run.
    pub when: When,
    /// What mending costs.
    pub fix: Fix,
    /// The same in other catalogues.
    pub mappings: Mappings,
    /// Looks at the facts.
    pub check: fn(&Facts, &mut Verdict<'_>),
    /// Facts that keep it and facts that break it.
    #[cfg(test)]
    pub(crate) cases: Cases,
}

/// Facts that keep a rule and facts that break it, each as an edit of a sound stack.
#[cfg(test)]
pub(crate) struct Cases {
    /// The rule applies and is kept.
    pub(crate) keeps: fn(&mut Facts),
    /// Each breaks it.
    pub(crate) breaks: &'static [fn(&mut Facts)],
}

impl Rule {
    /// What a broken rule does under a profile.
    #[must_use]
    pub fn severity_in(&self, profile: Profile) -> Severity {
        let [prod, staging, dev] = self.severity;
        match profile {
            Profile::Prod => prod,
            Profile::Staging => staging,
            Profile::Dev => dev,
            Profile::Critical => match (self.level, prod) {
                (Level::Must | Level::Should, Severity::Warn) => Severity::Block,
                (Level::Could, Severity::Info) => Severity::Warn,
                (_, severity) => severity,
            },
        }
    }

    /// Is it run in this phase?
    #[must_use]
    pub fn runs_in(&self, phase: Phase) -> bool {
        match self.when {
            When::Both => true,
            When::Plan => phase == Phase::Plan,
            When::Live => phase == Phase::Live,
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Could => "could",
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Block => "block",
        })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
            Self::Critical => "critical",
        })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plan => "plan",
            Self::Live => "live",
            Self::Both => "plan and live",
        })
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::InPlace => "in place",
            Self::Reboot => "a restart",
            Self::Replace => "made anew",
            Self::Outside => "outside of the stack",
        })
    }
}
