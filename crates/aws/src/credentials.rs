//! Credentials: the standard chain, held until shortly before they expire, and forgotten when AWS says they have.
//!
//! The SDK's own cache can't be told to forget, and a token may end early (a revoked session, a clock that is off).

use crate::wire::Wire;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::imds;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// Credentials are fetched anew when they have no longer than this to live.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// A metadata service answers in milliseconds, or there is none: a CI job must not wait for it.
const METADATA: Duration = Duration::from_secs(1);

/// The chain of the SDK: environment, profile (also SSO, processes and assumed roles), web identity, container, instance
/// metadata.
pub(crate) async fn chain(wire: &Wire, region: &str, profile: Option<&str>) -> Renewable {
    let config = ProviderConfig::without_region()
        .with_region(Some(Region::new(region.to_owned())))
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(wire.clone());
    let metadata =
        imds::Client::builder().configure(&config).max_attempts(1).connect_timeout(METADATA).read_timeout(METADATA);
    let mut builder = DefaultCredentialsChain::builder().imds_client(metadata.build()).configure(config);
    builder.set_region(Some(Region::new(region.to_owned())));
    if let Some(profile) = profile {
        builder = builder.profile_name(profile);
    }
    Renewable::new(builder.build().await, None)
}

/// A provider that remembers, and forgets when told.
#[derive(Clone, Debug)]
pub(crate) struct Renewable(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: SharedCredentialsProvider,
    /// What the source itself takes its credentials from.
    below: Option<Renewable>,
    held: Mutex<Option<Credentials>>,
}

impl Renewable {
    pub(crate) fn new(source: impl ProvideCredentials + 'static, below: Option<Self>) -> Self {
        Self(Arc::new(Inner { source: SharedCredentialsProvider::new(source), below, held: Mutex::default() }))
    }

    /// Forgets: the next call fetches them anew.
    pub(crate) async fn forget(&self) {
        let mut next = Some(self);
        while let Some(this) = next {
            *this.0.held.lock().await = None;
            next = this.0.below.as_ref();
        }
    }

    /// Many callers at once are one fetch.
    async fn credentials(&self) -> aws_credential_types::provider::Result {
        let mut held = self.0.held.lock().await;
        if let Some(credentials) = held.as_ref().filter(|credentials| lives(credentials)) {
            return Ok(credentials.clone());
        }
        let fresh = self.0.source.provide_credentials().await?;
        *held = Some(fresh.clone());
        Ok(fresh)
    }
}

impl ProvideCredentials for Renewable {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

fn lives(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|end| end > SystemTime::now() + MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Debug, Default)]
    struct Counting(Arc<AtomicU64>, Duration);

    impl ProvideCredentials for Counting {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            self.0.fetch_add(1, Ordering::Relaxed);
            future::ProvideCredentials::ready(Ok(Credentials::new(
                "a",
                "s",
                None,
                Some(SystemTime::now() + self.1),
                "test",
            )))
        }
    }

    async fn fetches(life: Duration, forget: bool) -> u64 {
        let count = Arc::new(AtomicU64::new(0));
        let provider = Renewable::new(Counting(Arc::clone(&count), life), None);
        provider.provide_credentials().await.unwrap();
        if forget {
            provider.forget().await;
        }
        provider.provide_credentials().await.unwrap();
        count.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn they_are_fetched_once_until_they_end_or_are_forgotten() {
        assert_eq!(fetches(MARGIN * 2, false).await, 1);
        assert_eq!(fetches(MARGIN * 2, true).await, 2);
        assert_eq!(fetches(MARGIN / 2, false).await, 2);
    }
}
