//! What happened: the evidence that the invariants are checked on.

use super::mishap::Boundary;
use super::world::{Object, World};
use auroractl_core::journal::Entry;
use auroractl_core::state::State;
use auroractl_core::{Address, Identity};
use auroractl_engine::Class;
use auroractl_engine::event::{Stopped, Summary};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A mutating call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// Make.
    Create,
    /// Edit, or a call that completes a create.
    Update,
    /// Delete.
    Delete,
    /// Hand a role over, pause.
    Operate,
    /// Take a pause back: it follows in one run on the same object, whatever became of what was done there before.
    Resume,
}

impl Deed {
    /// Its operation's name.
    #[must_use]
    pub fn operation(self) -> &'static str {
        match self {
            Self::Create => "sim:Create",
            Self::Update => "sim:Modify",
            Self::Delete => "sim:Delete",
            Self::Operate => "sim:Operate",
            Self::Resume => "sim:Resume",
        }
    }
}

/// One mutating call that was sent.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its place among calls and lines.
    pub seq: u64,
    /// When it was sent.
    pub at: Duration,
    /// The run that sent it.
    pub run: u32,
    /// What it does.
    pub deed: Deed,
    /// The resource.
    pub address: Address,
    /// Its generation.
    pub generation: u32,
    /// Its identity.
    pub oid: String,
    /// The name that was sent.
    pub name: String,
    /// What it did, once for each time that it was executed.
    pub effects: Vec<Touched>,
    /// When it was executed last.
    pub executed_at: Option<Duration>,
    /// Whether it was answered, and with which error.
    pub answer: Option<Option<Class>>,
}

/// What an executed call found and left.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    /// The object.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// The token that was sent.
    pub token: String,
    /// A new object was made.
    pub made: bool,
    /// An ownership tag was sent, where the kind has tags.
    pub tagged: bool,
    /// Somebody else's.
    pub foreign: bool,
    /// Live objects with this identity, after the call.
    pub twins: usize,
    /// An object of this identity had been deleted before.
    pub ended: bool,
    /// It had been usable.
    pub served: bool,
    /// Objects that refer to it.
    pub users: usize,
    /// Members of its cluster that are not usable, itself left out.
    pub down: usize,
    /// The member that was made the writer, by id.
    pub heir: Option<String>,
    /// The user has allowed this deletion.
    pub permitted: bool,
}

/// Lines or a snapshot that were given to the store.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its place among calls and lines.
    pub seq: u64,
    /// The run that wrote.
    pub run: u32,
    /// The lines; none for a snapshot.
    pub entries: Vec<Entry>,
    /// They were to be durable.
    pub durable: bool,
    /// A snapshot.
    pub commit: bool,
    /// The store said yes.
    pub ok: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// Exit 0.
    Well,
    /// The plan was empty: exit 0.
    Nothing,
    /// Some of it was done.
    Partly(Box<Summary>),
    /// It changed nothing, and says why.
    Refused(String),
    /// It could not look or write.
    Failed(String),
    /// It was killed, or the power went.
    Died(Boundary),
}

impl Ended {
    /// Another run had taken the lease.
    pub(super) fn fenced(&self) -> bool {
        match self {
            Self::Partly(summary) => summary.stopped == Some(Stopped::Fenced),
            Self::Failed(why) => why.contains("fenced"),
            _ => false,
        }
    }
}

/// One run, as seen from outside.
#[derive(Clone, Debug)]
pub struct RunLog {
    /// Its number.
    pub number: u32,
    /// When it began and ended.
    pub span: (Duration, Duration),
    /// When it was interrupted, and how often.
    pub interrupted: Option<(Duration, u32)>,
    /// The state that it loaded.
    pub loaded: Option<State>,
    /// How it ended.
    pub ended: Ended,
    /// What the stack wanted.
    pub wanted: Vec<Shape>,
    /// What existed when it ended.
    pub world: Vec<Object>,
    /// Faults were about.
    pub disturbed: bool,
    /// Its number of mutating calls.
    pub calls: usize,
    /// A throttling storm was about.
    pub storm: bool,
    /// Owned objects that existed when it began.
    pub owned_before: usize,
    /// Its state was in a bucket.
    pub shared: bool,
}

/// What distinguishes a resource, whoever made it: kind, shape, size, and the shape of what it belongs to.
pub type Shape = (&'static str, u32, u32, Option<u32>);

/// Everything that happened.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Mutating calls.
    pub calls: Vec<Call>,
    /// What was written down.
    pub lines: Vec<Line>,
    /// The runs.
    pub runs: Vec<RunLog>,
    /// Ids that the world gave out.
    pub ids: BTreeSet<String>,
    /// How often each thing of each class happened.
    pub hits: BTreeMap<(&'static str, String), u32>,
    /// Words for everything, where somebody looks.
    pub trace: Option<Vec<String>>,
    seq: u64,
}

impl Call {
    pub(super) fn new(world: &World, deed: Deed, me: &Identity) -> Self {
        Self {
            seq: 0,
            at: world.clock().now(),
            run: world.number(),
            deed,
            address: me.address.clone(),
            generation: me.generation,
            oid: me.oid.clone(),
            name: me.name.clone(),
            effects: Vec::new(),
            executed_at: None,
            answer: None,
        }
    }
}

impl Log {
    fn next(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    pub(super) fn sent(&mut self, call: Call) -> usize {
        let seq = self.next();
        self.calls.push(Call { seq, ..call });
        self.calls.len() - 1
    }

    pub(super) fn executed(&mut self, call: usize, at: Duration, touched: Touched) {
        self.ids.insert(touched.id.clone());
        if let Some(call) = self.calls.get_mut(call) {
            call.effects.push(touched);
            call.executed_at = Some(at);
        }
    }

    pub(super) fn answered(&mut self, call: usize, error: Option<Class>) {
        if let Some(call) = self.calls.get_mut(call) {
            call.answer = Some(error);
        }
    }

    pub(super) fn wrote(&mut self, line: Line) {
        let seq = self.next();
        self.lines.push(Line { seq, ..line });
    }

    /// Counts something for the table of what was hit.
    pub(super) fn count(&mut self, class: &'static str, what: &str) {
        *self.hits.entry((class, what.to_owned())).or_default() += 1;
    }
}
