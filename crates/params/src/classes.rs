//! Instance classes: memory and vCPUs, for what RDS's formulas come to before anybody can ask the database.

use crate::formula::Variables;

/// One GiB in bytes.
const GIB: f64 = 1_073_741_824.0;
/// PostgreSQL's standard port; it matters to formulas that nobody writes.
const PORT: i64 = 5432;
/// Class of Serverless v2 members.
pub const SERVERLESS: &str = "db.serverless";

/// The hardware behind an instance class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hardware {
    /// Virtual CPUs.
    pub vcpu: u32,
    /// Memory of the class, in GiB.
    pub memory_gib: f64,
    /// Part of the memory that is left to the database process, and what is taken off it, in GiB.
    left: (f64, f64),
}

impl Hardware {
    /// The hardware of a provisioned class, for example `db.r7g.large`; `None` for `db.serverless` and for classes
    /// that are newer than this program.
    #[must_use]
    pub fn of_class(class: &str) -> Option<Self> {
        let mut rows = include_str!("../data/classes.tsv").lines().map(|line| line.split('\t'));
        let mut row = rows.find(|row| row.clone().next() == Some(class))?.skip(1);
        let (vcpu, memory_gib) = (row.next()?.parse().ok()?, row.next()?.parse().ok()?);
        // A fit that reproduces the table of default connections in the Aurora User Guide exactly.
        Some(Self { vcpu, memory_gib, left: (0.97454, 0.29820) })
    }

    /// The hardware of a Serverless v2 member at its greatest capacity, which is what Aurora sizes by: 2 GiB for each
    /// capacity unit.
    #[must_use]
    pub fn serverless(max_acu: f64) -> Self {
        // Fitted to the connections that AWS documents for 1, 4, 8 and 16 capacity units. 4 units have about one vCPU.
        let vcpu = (max_acu / 4.0).clamp(1.0, 64.0).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 1..=64 in the line above"
        )]
        let vcpu = vcpu as u32;
        Self { vcpu, memory_gib: 2.0 * max_acu, left: (0.93833, 0.19470) }
    }

    /// What the variables of RDS's formulas stand for here. An estimate for plans; the true value is the database's
    /// own.
    #[must_use]
    pub fn variables(&self) -> Variables {
        let (part, less) = self.left;
        let memory = (self.memory_gib * part - less).max(0.0) * GIB;
        #[expect(clippy::cast_possible_truncation, reason = "bytes of memory are far below 2^63")]
        let memory = memory as i64;
        Variables { memory, vcpu: i64::from(self.vcpu), port: PORT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::evaluate;

    const MAX_CONNECTIONS: &str = "LEAST({DBInstanceClassMemory/9531392},5000)";

    #[test]
    fn connections_as_documented() {
        for (class, connections) in
            [("db.t4g.medium", 405), ("db.r7g.large", 1722), ("db.r7g.xlarge", 3479), ("db.r8g.16xlarge", 5000)]
        {
            let variables = Hardware::of_class(class).unwrap().variables();
            assert_eq!(evaluate(MAX_CONNECTIONS, &variables), Ok(connections), "{class}");
        }
        for (acu, connections) in [(1.0, 189), (4.0, 823), (8.0, 1669), (16.0, 3360)] {
            assert_eq!(evaluate(MAX_CONNECTIONS, &Hardware::serverless(acu).variables()), Ok(connections), "{acu} ACU");
        }
    }

    #[test]
    fn unknown_classes_are_unknown() {
        assert_eq!(Hardware::of_class("db.r99.large"), None);
        assert_eq!(Hardware::of_class(SERVERLESS), None);
        assert_eq!(Hardware::of_class("db.r7g"), None);
    }
}
