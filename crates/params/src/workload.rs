//! Parameters by workload, and the ones that security needs whatever the workload.
//!
//! Where RDS can compute a value from the instance class, the value is a
//! formula: it keeps fitting when the class changes, and members of different
//! classes can share a group. `shared_buffers` and `effective_cache_size` are
//! never set: Aurora has no page cache under PostgreSQL and sizes them by itself,
//! at two thirds of the memory; the quarter that tuning guides name is wrong here.

use crate::catalogue::Scope;
use crate::classes::Hardware;
use crate::formula;
use crate::parameters::Parameters;

/// What the database is mostly used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Workload {
    /// Many short transactions.
    Oltp,
    /// Few long, analytic queries.
    Olap,
    /// Both.
    Mixed,
    /// Nothing in particular: only what security needs.
    #[default]
    Default,
}

/// One parameter of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuned {
    /// In which group it is set.
    pub scope: Scope,
    /// Its name.
    pub name: &'static str,
    /// Its value, often a formula.
    pub value: &'static str,
    /// Why it is set.
    pub why: &'static str,
}

/// One line of the table: a parameter and its value by workload.
struct Line {
    scope: Scope,
    name: &'static str,
    /// For oltp, mixed, olap and default; empty where Aurora's own default stays.
    values: [&'static str; 4],
    /// Set on Serverless v2, too? Not where Aurora computes it from the greatest capacity.
    serverless: bool,
    why: &'static str,
}

/// `work_mem` in kB is `(memory - shared_buffers) / 1024 / ((active + workers) * 3) / k`, at least 4 MB: pgtune's
/// rule with Aurora's `shared_buffers`, which leave 0.32 of the memory. With 8 workers, that is memory divided by
/// `1024 * (active + 8) * 3 * k / 0.32`: for 200 active connections and k = 1, for 100 and k = 2, for 40 and k = 2.
const WORK_MEM: [&str; 4] = [
    "GREATEST({DBInstanceClassMemory/1996800},4096)",
    "GREATEST({DBInstanceClassMemory/2073600},4096)",
    "GREATEST({DBInstanceClassMemory/921600},4096)",
    "",
];

const fn always(value: &'static str) -> [&'static str; 4] {
    [value, value, value, value]
}

const TABLE: &[Line] = &[
    Line {
        scope: Scope::Cluster,
        name: "rds.force_ssl",
        values: always("1"),
        serverless: true,
        why: "Aurora PostgreSQL takes unencrypted connections by default",
    },
    Line {
        scope: Scope::Cluster,
        name: "shared_preload_libraries",
        values: always("pg_stat_statements,pgaudit"),
        serverless: true,
        why: "statement statistics for Database Insights, and pgaudit ready to be switched on without a restart",
    },
    Line {
        scope: Scope::Cluster,
        name: "log_connections",
        values: always("1"),
        serverless: true,
        why: "who came, from where, with which encryption",
    },
    Line {
        scope: Scope::Cluster,
        name: "log_disconnections",
        values: always("1"),
        serverless: true,
        why: "how long they stayed",
    },
    Line {
        scope: Scope::Cluster,
        name: "log_statement",
        values: always("ddl"),
        serverless: true,
        why: "changes of the schema are logged; `all` would log literals, and secrets among them",
    },
    Line {
        scope: Scope::Cluster,
        name: "log_min_duration_statement",
        values: ["1000", "2000", "10000", "1000"],
        serverless: true,
        why: "slow statements are logged, slow by the measure of the workload",
    },
    Line {
        scope: Scope::Instance,
        name: "log_lock_waits",
        values: always("1"),
        serverless: true,
        why: "who waited for a lock longer than deadlock_timeout",
    },
    Line {
        scope: Scope::Instance,
        name: "log_temp_files",
        values: ["1024", "10240", "102400", "10240"],
        serverless: true,
        why: "sorts and hashes that did not fit into work_mem: local storage can fill up",
    },
    Line {
        scope: Scope::Cluster,
        name: "work_mem",
        values: WORK_MEM,
        serverless: true,
        why: "memory that shared_buffers leave, shared by the sorts of the connections that are active at once",
    },
    Line {
        scope: Scope::Instance,
        name: "maintenance_work_mem",
        values: ["", "", "LEAST({DBInstanceClassMemory/31981568*1024},2097152)", ""],
        serverless: false,
        why: "twice Aurora's default, at most 2 GB: large indexes are built more often",
    },
    Line {
        scope: Scope::Instance,
        name: "max_connections",
        values: ["", "", "LEAST({DBInstanceClassMemory/9531392},200)", ""],
        serverless: false,
        why: "few connections, each with much work_mem",
    },
    Line {
        scope: Scope::Cluster,
        name: "random_page_cost",
        values: ["1.1", "1.1", "1.1", ""],
        serverless: true,
        why: "Aurora's storage reads any page as fast as the next one",
    },
    Line {
        scope: Scope::Cluster,
        name: "default_statistics_target",
        values: ["", "", "500", ""],
        serverless: true,
        why: "better plans for large, skewed tables are worth a longer ANALYZE",
    },
    Line {
        scope: Scope::Cluster,
        name: "max_parallel_workers_per_gather",
        values: ["", "LEAST({DBInstanceVCPU/2},4)", "GREATEST({DBInstanceVCPU/2},2)", ""],
        serverless: false,
        why: "large scans use half the processors",
    },
    Line {
        scope: Scope::Cluster,
        name: "max_parallel_maintenance_workers",
        values: ["", "LEAST({DBInstanceVCPU/2},4)", "LEAST({DBInstanceVCPU/2},4)", ""],
        serverless: false,
        why: "indexes are built by several workers; more than four gain nothing",
    },
    Line {
        scope: Scope::Cluster,
        name: "autovacuum_vacuum_scale_factor",
        values: ["0.05", "0.05", "", ""],
        serverless: true,
        why: "busy tables are vacuumed at 5 % dead rows; Aurora's default waits for 10 %",
    },
    Line {
        scope: Scope::Cluster,
        name: "autovacuum_analyze_scale_factor",
        values: ["0.02", "", "", ""],
        serverless: true,
        why: "plans follow the data of tables that change fast",
    },
    Line {
        scope: Scope::Cluster,
        name: "idle_in_transaction_session_timeout",
        values: ["60000", "300000", "3600000", ""],
        serverless: true,
        why: "a forgotten transaction holds back vacuum; Aurora's default lets it for 24 hours",
    },
];

/// The parameters of a profile. On `serverless` members those are left out which Aurora computes from the greatest
/// capacity.
pub fn tune(workload: Workload, serverless: bool) -> impl Iterator<Item = Tuned> {
    TABLE.iter().filter(move |line| line.serverless || !serverless).filter_map(move |line| {
        let [oltp, mixed, olap, default] = line.values;
        let value = match workload {
            Workload::Oltp => oltp,
            Workload::Mixed => mixed,
            Workload::Olap => olap,
            Workload::Default => default,
        };
        let Line { scope, name, why, .. } = *line;
        (!value.is_empty()).then_some(Tuned { scope, name, value, why })
    })
}

/// The parameters of a profile for one of the two groups, ready to be overridden by the stack's own.
#[must_use]
pub fn parameters(workload: Workload, serverless: bool, scope: Scope) -> Parameters {
    tune(workload, serverless).filter(|tuned| tuned.scope == scope).map(|tuned| (tuned.name, tuned.value)).collect()
}

impl Tuned {
    /// What the value comes to on some hardware; the value itself where it is no formula.
    #[must_use]
    pub fn on(&self, hardware: &Hardware) -> String {
        if !formula::is_formula(self.value) {
            return self.value.to_owned();
        }
        formula::evaluate(self.value, &hardware.variables())
            .map_or_else(|_| self.value.to_owned(), |value| value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    const ALL: [Workload; 4] = [Workload::Oltp, Workload::Mixed, Workload::Olap, Workload::Default];

    fn on(workload: Workload, name: &str, class: &str) -> Option<String> {
        let hardware = Hardware::of_class(class).unwrap();
        tune(workload, false).find(|tuned| tuned.name == name).map(|tuned| tuned.on(&hardware))
    }

    #[test]
    fn rds_takes_every_value_in_every_family() {
        for major in 14..=18 {
            for tuned in ALL.iter().flat_map(|workload| tune(*workload, false)) {
                let family = format!("aurora-postgresql{major}");
                assert_eq!(
                    catalogue::check(tuned.scope, &family, tuned.name, tuned.value),
                    Ok(()),
                    "{tuned:?} in {family}"
                );
            }
        }
    }

    #[test]
    fn what_formulas_come_to_is_allowed_on_every_class() {
        let classes = include_str!("../data/classes.tsv").lines().filter_map(|line| line.split('\t').next());
        for (class, workload) in classes.flat_map(|class| ALL.map(|workload| (class, workload))) {
            let hardware = Hardware::of_class(class).unwrap();
            for tuned in tune(workload, false) {
                let row = catalogue::find(tuned.name).unwrap();
                assert_eq!(row.admits(&tuned.on(&hardware)), Ok(()), "{} on {class}", tuned.name);
            }
        }
    }

    #[test]
    fn figures_on_known_classes() {
        assert_eq!(on(Workload::Oltp, "work_mem", "db.t4g.medium").unwrap(), "4096");
        assert_eq!(on(Workload::Oltp, "work_mem", "db.r7g.large").unwrap(), "8224");
        assert_eq!(on(Workload::Olap, "work_mem", "db.r8g.4xlarge").unwrap(), "144986");
        assert_eq!(on(Workload::Olap, "max_connections", "db.r7g.large").unwrap(), "200");
        assert_eq!(on(Workload::Mixed, "max_parallel_workers_per_gather", "db.r8g.16xlarge").unwrap(), "4");
        assert_eq!(on(Workload::Default, "work_mem", "db.r7g.large"), None);
    }

    #[test]
    fn every_profile_is_secure() {
        for workload in ALL {
            for serverless in [true, false] {
                let cluster = parameters(workload, serverless, Scope::Cluster);
                assert_eq!(cluster.get("rds.force_ssl"), Some("1"));
                assert_eq!(cluster.get("log_statement"), Some("ddl"));
                assert!(cluster.get("log_min_duration_statement").is_some());
                assert!(cluster.get("shared_preload_libraries").unwrap().contains("pg_stat_statements"));
                assert!(parameters(workload, serverless, Scope::Instance).as_map().len() >= 2);
            }
        }
    }

    #[test]
    fn serverless_leaves_to_aurora_what_follows_from_capacity() {
        let names: Vec<&str> = tune(Workload::Olap, true).map(|tuned| tuned.name).collect();
        assert!(!names.contains(&"max_connections") && !names.contains(&"maintenance_work_mem"));
    }

    #[test]
    fn the_stack_wins() {
        let base = parameters(Workload::Oltp, false, Scope::Cluster);
        let mine: Parameters = [("log_statement", "all")].into_iter().collect();
        assert_eq!(base.overridden_by(mine).get("log_statement"), Some("all"));
    }
}
