//! A stack's state in S3: which bucket, which fence, who is waited for.

use crate::exit::Failure;
use crate::session::{Cloud, Stack, random};
use crate::view;
use auroractl_aws::{Aws, Bucket, Refusal, S3};
use auroractl_core::identity::mark;
use auroractl_core::model::Adoption;
use auroractl_core::state::{Intent, Verb};
use auroractl_engine::Registry;
use auroractl_engine::store::disk::RealDisk;
use auroractl_engine::store::remote::{Claim, Gate, Passage, ReadOnly, Remote, Terms};
use auroractl_engine::store::{Mode, Opened, Store};
use auroractl_stack::StateSettings;
use std::sync::Arc;

/// Opens the state. In write mode every mutating call of this process passes the lease's fence from here on.
pub(crate) async fn open(stack: &Stack, cloud: &Cloud, mode: Mode) -> Result<(Box<dyn Store>, Opened), Failure> {
    let remote = remote(stack, cloud)?;
    match mode {
        Mode::Read => Ok((Box::new(ReadOnly), remote.read().await?)),
        Mode::Write { command } => take(&remote, cloud, (&command, None)).await,
    }
}

/// Breaks a lease, and takes it to write down what its holder may have done.
pub(crate) async fn break_lease(remote: &Remote, cloud: &Cloud, nonce: &str) -> Result<Box<dyn Store>, Failure> {
    Ok(take(remote, cloud, ("state unlock", Some(nonce))).await?.0)
}

async fn take(
    remote: &Remote,
    cloud: &Cloud,
    (command, force): (&str, Option<&str>),
) -> Result<(Box<dyn Store>, Opened), Failure> {
    let harmful = |intent: &Intent| harmful(&cloud.registry, intent);
    let ask = Claim { command, force, harmful: &harmful, tell: &|text: &str| view::note(text) };
    let (leased, opened) = remote.open(ask).await?;
    let gate = leased.gate();
    cloud.aws.fence(Arc::new(move |call| {
        // The state's own writes are conditional, so they need no fence; they are what keeps it open.
        if call.service == "s3" { Ok(()) } else { passes(&gate) }
    }));
    Ok((Box::new(leased), opened))
}

fn passes(gate: &Gate) -> Result<(), Refusal> {
    match gate.pass() {
        Passage::Open => Ok(()),
        Passage::Wait(why) => Err(Refusal { why, passing: true }),
        Passage::Shut(why) => Err(Refusal { why, passing: false }),
    }
}

/// The store that a stack file describes.
pub(crate) fn remote(stack: &Stack, cloud: &Cloud) -> Result<Remote, Failure> {
    let StateSettings { bucket, prefix, region, kms_key, bucket_owner, .. } = stack.loaded.config.state.clone();
    let bucket = Bucket {
        name: bucket.unwrap_or_default(),
        region: region.unwrap_or_else(|| cloud.stack.region.clone()),
        owner: bucket_owner.unwrap_or_else(|| cloud.aws.account().to_owned()),
        kms_key,
    };
    Ok(Remote {
        objects: Arc::new(S3::new(Arc::<Aws>::clone(&cloud.aws), bucket)),
        prefix: prefix.unwrap_or_else(|| StateSettings::PREFIX.to_owned()),
        stack: cloud.stack.clone(),
        clock: cloud.clock.clone(),
        terms: Terms::STANDARD,
        mirror: Some((Arc::new(RealDisk), stack.dir.clone())),
        nonce: random()?,
    })
}

/// Would it do harm if a call of a dead run arrived when the next one has looked? A create that only a tag tells apart
/// makes a second object, a delete by a name that people chose hits whatever has it then, and a restart or a failover is
/// felt. All others are refused, or found and mended by the next plan.
fn harmful(registry: &Registry<Aws>, intent: &Intent) -> bool {
    let derived = !intent.oid.is_empty() && intent.name.contains(mark(&intent.oid));
    match intent.verb {
        Verb::Create => registry.get(intent.address.kind()).is_none_or(|kind| kind.adoption() == Adoption::Untokened),
        Verb::Delete => !intent.name.is_empty() && !derived,
        // A second interruption that nobody announced.
        Verb::Failover | Verb::Failback | Verb::Restart => true,
        Verb::Update | Verb::Adopt | Verb::Forget | Verb::Settle | Verb::Pause | Verb::Resume => false,
    }
}
