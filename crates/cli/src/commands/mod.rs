//! One file per command: parse, call, show.

pub(crate) mod apply;
pub(crate) mod check;
pub(crate) mod cost;
pub(crate) mod docs;
pub(crate) mod export;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod output;
pub(crate) mod plan;
pub(crate) mod push;
pub(crate) mod recover;
pub(crate) mod rehearse;
pub(crate) mod relink;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod state;
pub(crate) mod status;
pub(crate) mod validate;
