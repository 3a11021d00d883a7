//! Waivers: documented, approved, expiring exceptions, as the design rules ask for them.
//!
//! A waiver excuses findings only while it is complete and its review is not overdue. One that is neither blocks by itself
//! and excuses nothing; one that excuses nothing is reported, so that none outlives its reason.

use crate::facts::{Facts, days};
use crate::judgement::{Finding, Status};
use crate::rule::{Fix, Level, Profile, Severity};
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::fmt;

/// Longest time from one review to the next: a quarter, in days. A waiver was reviewed when everybody whose approval it
/// needs had last approved it: one fresh approval does not renew the others.
pub const REVIEW: i32 = 92;
/// A review so many days ahead is announced.
pub const SOON: i32 = 14;
/// What no waiver covers.
pub const NEVER: &[&str] = &["EXT-033"];

/// Reasons that the design rules accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A development or test environment.
    DevTest,
    /// A legacy system on its way to compliance.
    LegacyMigration,
    /// A law or a contract that asks for something else.
    Regulatory,
}

/// Roles that may approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Security architect.
    SecurityArchitect,
    /// Lead of platform engineering.
    PlatformLead,
    /// Legal department.
    Legal,
}

/// One approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// In which role.
    pub role: Role,
    /// Who.
    pub name: String,
    /// When.
    pub date: Date,
}

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// Its name.
    pub name: String,
    /// Codes of the rules that it covers.
    pub rules: Vec<String>,
    /// Addresses that it covers; empty covers the stack.
    pub addresses: Vec<String>,
    /// Class of reason.
    pub reason: Reason,
    /// Why it is needed.
    pub justification: String,
    /// What can go wrong because of it.
    pub risk: String,
    /// What is done instead; `none` says so.
    pub controls: Vec<String>,
    /// Who asks for it.
    pub author: String,
    /// Who approved it.
    pub approvals: Vec<Approval>,
    /// Day of the next review.
    pub review_by: Date,
    /// Day by which the rule will be kept.
    pub remediate_by: Option<Date>,
    /// Where the way to compliance is written down.
    pub migration_path: Option<String>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DevTest => "development or test environment",
            Self::LegacyMigration => "legacy system on its way to compliance",
            Self::Regulatory => "law or contract",
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SecurityArchitect => "security-architect",
            Self::PlatformLead => "platform-lead",
            Self::Legal => "legal",
        })
    }
}

/// Something that keeps a waiver from counting: the field, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The field of the waiver.
    pub field: &'static str,
    /// What is wrong.
    pub what: String,
    /// What it takes.
    pub needed: String,
}

impl Waiver {
    /// Everything that keeps it from counting on this day under this profile.
    #[must_use]
    pub fn flaws(&self, today: Date, profile: Profile) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        self.texts(&mut flaws);
        self.approvers(today, &mut flaws);
        self.days(today, &mut flaws);
        let mut flaw = |field, what: &str, needed: &str| {
            flaws.push(Flaw { field, what: what.to_owned(), needed: needed.to_owned() });
        };
        if self.reason == Reason::DevTest && profile > Profile::Dev {
            flaw("reason", "dev-test, for a stack that is neither", "another reason, or environment `dev`");
        }
        for code in self.rules.iter().filter(|code| NEVER.contains(&code.as_str())) {
            flaw("rules", &format!("{code} has no exceptions"), "a waiver without it");
        }
        flaws
    }

    fn texts(&self, flaws: &mut Vec<Flaw>) {
        let mut empty = |field, text: &str, needed: &str| {
            if text.trim().is_empty() {
                flaws.push(Flaw { field, what: "empty".to_owned(), needed: needed.to_owned() });
            }
        };
        empty("justification", &self.justification, "why the exception is needed");
        empty("risk", &self.risk, "what can go wrong because of it");
        empty("author", &self.author, "who asks for it");
        empty("compensating_controls", &self.controls.concat(), "what is done instead, or `none`");
        if self.reason == Reason::LegacyMigration {
            empty(
                "migration_path",
                self.migration_path.as_deref().unwrap_or_default(),
                "where the way to compliance is written down",
            );
        }
    }

    /// Whose approval it needs.
    fn needed(&self) -> impl Iterator<Item = Role> {
        let legal = (self.reason == Reason::Regulatory).then_some(Role::Legal);
        [Role::SecurityArchitect, Role::PlatformLead].into_iter().chain(legal)
    }

    /// Since when all of them have approved it: the role that did so longest ago, and when it last did.
    fn reviewed(&self) -> Option<(Role, Date)> {
        let last = |role: Role| {
            let of_role = self.approvals.iter().filter(move |approval| approval.role == role);
            of_role.map(|approval| (role, approval.date)).max_by_key(|(_, date)| *date)
        };
        self.needed().filter_map(last).min_by_key(|(_, date)| *date)
    }

    fn approvers(&self, today: Date, flaws: &mut Vec<Flaw>) {
        let mut flaw = |what: String, needed: &str| {
            flaws.push(Flaw { field: "approvals", what, needed: needed.to_owned() });
        };
        let roles: BTreeSet<Role> = self.approvals.iter().map(|approval| approval.role).collect();
        for role in self.needed() {
            if !roles.contains(&role) {
                flaw(
                    format!("no approval of a {role}"),
                    "security-architect and platform-lead, and legal for regulatory reasons",
                );
            }
        }
        let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
        for (index, approval) in self.approvals.iter().enumerate() {
            if same(&approval.name, &self.author) || approval.name.trim().is_empty() {
                flaw(format!("`{}` asks for it and approves it", approval.name), "approvals of others than the author");
            }
            // Who approves again does so in the same role.
            let another = |other: &Approval| same(&other.name, &approval.name) && other.role != approval.role;
            if self.approvals.iter().take(index).any(another) {
                flaw(format!("`{}` approves in two roles", approval.name), "different people");
            }
            if approval.date > today {
                flaw(format!("an approval of {}, which has not come yet", approval.date), "a day that has been");
            }
        }
    }

    fn days(&self, today: Date, flaws: &mut Vec<Flaw>) {
        let mut flaw = |field, what: String, needed: &str| flaws.push(Flaw { field, what, needed: needed.to_owned() });
        if self.review_by < today {
            flaw(
                "review_by",
                format!("expired: the review was due on {}", self.review_by),
                "a new review, with new approvals",
            );
        }
        if let Some((role, last)) = self.reviewed().filter(|(_, last)| days(*last, self.review_by) > REVIEW) {
            let what = format!("{} days after the approval of the {role} on {last}", days(last, self.review_by));
            flaw("review_by", what, "a review within 92 days of every approval that it needs");
        }
        match self.remediate_by {
            None => flaw("remediate_by", "no day".to_owned(), "the day by which the rule will be kept"),
            Some(day) if day < today => {
                flaw("remediate_by", format!("{day} has passed"), "a rule that is kept, or a new day, approved")
            }
            Some(_) => {}
        }
    }

    fn covers(&self, finding: &Finding) -> bool {
        let address = finding.address.as_ref().map(ToString::to_string).unwrap_or_default();
        let rule = self.rules.iter().any(|code| code.eq_ignore_ascii_case(&finding.rule));
        rule && (self.addresses.is_empty() || self.addresses.contains(&address))
    }
}

/// Excuses what valid waivers cover, and reports what is wrong with waivers.
pub(crate) fn excuse(facts: &Facts, waivers: &[Waiver], findings: &mut Vec<Finding>) {
    let today = facts.stack.today;
    let mut about = Vec::new();
    for (index, waiver) in waivers.iter().enumerate() {
        let flaws = waiver.flaws(today, facts.stack.profile);
        if !flaws.is_empty() {
            about.extend(flaws.into_iter().map(|flaw| broken(index, waiver, flaw)));
            continue;
        }
        let mut used = false;
        let open = |finding: &&mut Finding| finding.status == Status::Broken && !finding.refused;
        for finding in findings.iter_mut().filter(open).filter(|finding| waiver.covers(finding)) {
            finding.status = Status::Waived { waiver: waiver.name.clone() };
            used = true;
        }
        if !used && facts.planned() {
            let what = format!("waiver `{}` excuses nothing", waiver.name);
            about.push(word((index, "rules"), "waiver-unused", what, "a waiver that is needed: remove this one"));
        }
        let left = days(today, waiver.review_by);
        if left <= SOON {
            let what = format!("waiver `{}` expires on {}, in {left} days", waiver.name, waiver.review_by);
            about.push(word((index, "review_by"), "waiver-expiring", what, "a review before that day"));
        }
    }
    findings.extend(about);
}

fn broken(index: usize, waiver: &Waiver, flaw: Flaw) -> Finding {
    let expired = flaw.what.starts_with("expired");
    let code = if expired { "waiver-expired" } else { "waiver-incomplete" };
    let what = format!("waiver `{}`: {}", waiver.name, flaw.what);
    Finding { severity: Severity::Block, ..word((index, flaw.field), code, what, &flaw.needed) }
}

fn word((index, field): (usize, &str), code: &str, observed: String, expected: &str) -> Finding {
    Finding {
        rule: code.to_owned(),
        title: "Waivers are complete, approved and in time".to_owned(),
        level: Level::Must,
        severity: Severity::Warn,
        status: Status::Broken,
        address: None,
        field: format!("policy.waivers[{index}].{field}"),
        observed,
        expected: expected.to_owned(),
        remedy: "Bring the waiver up to date in section `policy.waivers`, or remove it and keep the rule.".to_owned(),
        fix: Fix::InPlace,
        refused: false,
        source: String::new(),
        collision: None,
        place: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judgement::{Report, judge};
    use crate::rules::tests::sound;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn approval(role: Role, name: &str) -> Approval {
        Approval { role, name: name.to_owned(), date: day("2026-11-01") }
    }

    fn waiver() -> Waiver {
        Waiver {
            name: "one-instance".to_owned(),
            rules: vec!["RULE-001".to_owned()],
            addresses: vec![],
            reason: Reason::LegacyMigration,
            justification: "the old application takes one endpoint".to_owned(),
            risk: "ten minutes of outage when the zone fails".to_owned(),
            controls: vec!["none".to_owned()],
            author: "A. Author".to_owned(),
            approvals: vec![approval(Role::SecurityArchitect, "S. Sec"), approval(Role::PlatformLead, "P. Lead")],
            review_by: day("2027-01-31"),
            remediate_by: Some(day("2027-06-30")),
            migration_path: Some("https://wiki.example.com/orders".to_owned()),
        }
    }

    fn judged(edit: fn(&mut Waiver)) -> Report {
        let mut facts = sound();
        facts.instances.truncate(1);
        let mut waiver = waiver();
        edit(&mut waiver);
        judge(&facts, &[waiver])
    }

    #[test]
    fn a_complete_waiver_excuses_and_the_finding_stays_in_the_report() {
        let report = judged(|_| {});
        assert_eq!(report.blocking(true).count(), 0);
        let found = report.findings.iter().find(|finding| finding.rule == "RULE-001").unwrap();
        assert_eq!(found.status, Status::Waived { waiver: "one-instance".to_owned() });
    }

    #[test]
    fn what_is_missing_or_wrong_blocks_twice() {
        type Edit = (fn(&mut Waiver), &'static str);
        let edits: &[Edit] = &[
            (|w| w.justification = " ".to_owned(), "justification"),
            (|w| w.risk.clear(), "risk"),
            (|w| w.controls.clear(), "compensating_controls"),
            (|w| w.migration_path = None, "migration_path"),
            (|w| w.approvals.truncate(1), "approvals"),
            (|w| w.approvals[1].name = "s. sec ".to_owned(), "approvals"),
            (|w| w.approvals[0].name = "A. Author".to_owned(), "approvals"),
            (|w| w.approvals[0].date = day("2026-12-24"), "approvals"),
            (|w| w.reason = Reason::Regulatory, "approvals"),
            (|w| w.reason = Reason::DevTest, "reason"),
            (|w| w.review_by = day("2026-11-24"), "review_by"),
            (|w| w.review_by = day("2027-02-02"), "review_by"),
            (|w| w.approvals[1].date = day("2026-10-01"), "review_by"),
            (|w| w.remediate_by = None, "remediate_by"),
            (|w| w.remediate_by = Some(day("2026-11-01")), "remediate_by"),
            (|w| w.rules.push("EXT-033".to_owned()), "rules"),
        ];
        for (edit, field) in edits {
            let report = judged(*edit);
            let blocking: Vec<_> = report.blocking(false).map(|finding| finding.rule.as_str()).collect();
            assert!(blocking.contains(&"RULE-001"), "{field}");
            let about = report.blocking(false).find(|finding| finding.rule.starts_with("waiver-")).unwrap();
            assert!(about.field.ends_with(field), "{} is not {field}", about.field);
        }
    }

    #[test]
    fn a_quarter_is_ninety_two_days() {
        assert_eq!(judged(|w| w.review_by = day("2027-02-01")).blocking(false).count(), 0);
    }

    #[test]
    fn an_approval_may_be_given_again() {
        let report = judged(|w| {
            w.approvals[0].date = day("2026-08-01");
            w.approvals.push(approval(Role::SecurityArchitect, "S. Sec"));
        });
        assert_eq!(report.blocking(false).count(), 0, "{:?}", report.findings);
    }

    #[test]
    fn an_end_that_is_near_and_a_waiver_of_no_use_are_told() {
        let report = judged(|w| w.review_by = day("2026-12-01"));
        assert!(report.findings.iter().any(|f| f.rule == "waiver-expiring" && f.severity == Severity::Warn));
        let report = judged(|w| w.addresses = vec!["db_cluster.other".to_owned()]);
        assert!(report.findings.iter().any(|f| f.rule == "waiver-unused"));
        assert!(report.blocking(false).any(|finding| finding.rule == "RULE-001"));
    }
}
