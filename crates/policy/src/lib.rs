//! The design rules: pure functions over typed facts, with the waivers that may excuse a finding.
//!
//! Whoever knows a stack (its desired graph, or what AWS answered about it) fills [`Facts`]; [`judge`] runs every rule that
//! the profile and the phase ask for and answers with a [`Report`]. Nothing here reads a clock, a file or the network, so
//! the same facts give the same findings.
//!
//! | module | what stands there |
//! |---|---|
//! | [`facts`] | what rules look at; each fact that may be missing is `Known` or `Unknown` |
//! | [`rule`], [`rules`] | what a rule is; one file for each |
//! | [`judgement`] | from facts to findings: profiles, waivers, collisions |
//! | [`collision`] | rules that contradict one another, and what decides |
//! | [`waiver`], [`decision`] | documented exceptions, and their decision record |
//! | [`custom`] | rules of an organisation's own, in Rego |
//! | [`report`] | findings as SARIF and Markdown; the reference page of the rules |

pub mod collision;
pub mod custom;
pub mod decision;
mod document;
pub mod facts;
pub mod judgement;
pub mod report;
pub mod rule;
pub mod rules;
pub mod waiver;

pub use facts::{Fact, Facts};
pub use judgement::{Finding, Place, Report, Status, judge};
pub use rule::{Fix, Level, Mappings, Phase, Profile, Rule, Severity};
pub use rules::{RULES, find};
pub use waiver::Waiver;
