//! What the cases of the rules are written with.

#![expect(unused_imports, reason = "each rule takes what its cases need")]

pub(crate) use crate::facts::{Fact, Instance, Key, Password, Pattern, Peer, Serverless, Snapshot, Window};
pub(crate) use crate::rule::{Cases, Phase};

/// An encrypted snapshot that is shared with nobody.
pub(crate) fn snapshot() -> Snapshot {
    Snapshot {
        identifier: "orders-2026-11-20".to_owned(),
        cluster: "db_cluster.main".parse().unwrap(),
        encrypted: true,
        public: false.into(),
    }
}
