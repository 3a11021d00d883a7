//! Credentials: the standard chain, held until shortly before they expire, and forgotten when AWS says they have.
//!
//! The SDK's own cache can't be told to forget, and a token may end early (a revoked session, a clock that is off).

use crate::wire::Wire;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, Region, imds};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, SharedCredentialsProvider, future};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// Credentials are fetched anew when they have no longer than this to live.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// Where they can't be had anew, old ones are used as long as they have more than this: a call on its way must arrive.
const LAST: Duration = Duration::from_secs(30);
/// A metadata service answers in milliseconds, or there is none: a CI job must not wait for it.
const METADATA: Duration = Duration::from_secs(1);

/// The sources of the SDK's own chain, in its order: environment, profile (also SSO, processes and assumed roles), web
/// identity, container, instance metadata.
///
/// It differs where the SDK's is too forgiving or not forgiving enough: a profile that is named on the command line wins
/// over the environment's keys (as in AWS's own CLI), a named profile that does not exist ends the search (credentials of
/// the machine would be somebody else's), and a metadata service that answers nonsense is none.
pub(crate) fn chain(wire: &Wire, region: &str, profile: Option<&str>) -> Renewable {
    let config = ProviderConfig::without_region()
        .with_region(Some(Region::new(region.to_owned())))
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(wire.clone());
    let mut files = ProfileFileCredentialsProvider::builder().configure(&config);
    if let Some(profile) = profile {
        files = files.profile_name(profile);
    }
    let files = Strict(files.build());
    let start = match profile {
        Some(_) => CredentialsProviderChain::first_try("Profile", files),
        None => CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
            .or_else("Profile", files),
    };
    let metadata =
        imds::Client::builder().configure(&config).max_attempts(1).connect_timeout(METADATA).read_timeout(METADATA);
    let metadata = ImdsCredentialsProvider::builder().configure(&config).imds_client(metadata.build()).build();
    let chain = start
        .or_else("WebIdentityToken", WebIdentityTokenCredentialsProvider::builder().configure(&config).build())
        .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&config).build())
        .or_else("Ec2InstanceMetadata", Lenient(metadata));
    Renewable::new(chain, None)
}

/// A profile that was named and does not exist is an error, not an empty source.
#[derive(Debug)]
struct Strict(ProfileFileCredentialsProvider);

impl Strict {
    async fn credentials(&self) -> Result {
        self.0.provide_credentials().await.map_err(|error| match error {
            CredentialsError::CredentialsNotLoaded(_) if names_missing_profile(&error) => {
                CredentialsError::invalid_configuration(error)
            }
            other => other,
        })
    }
}

fn names_missing_profile(error: &CredentialsError) -> bool {
    // Nobody names the profile `default`: it is what is looked for when no profile is named.
    missing_profile(error).is_some_and(|name| name != "default")
}

/// The profile that is missing. The SDK does not export the type of this error, so its text must do.
pub(crate) fn missing_profile(error: &CredentialsError) -> Option<String> {
    let text = crate::failure::chain_text(error);
    let (_, rest) = text.split_once("profile `")?;
    let (name, rest) = rest.split_once('`')?;
    rest.starts_with(" was not defined").then(|| name.to_owned())
}

/// A metadata service that fails is as good as none: whatever answers there, nobody configured it.
#[derive(Debug)]
struct Lenient(ImdsCredentialsProvider);

impl Lenient {
    async fn credentials(&self) -> Result {
        self.0.provide_credentials().await.map_err(CredentialsError::not_loaded)
    }
}

macro_rules! provides {
    ($($provider:ident)*) => {$(
        impl ProvideCredentials for $provider {
            fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
            where
                Self: 'a,
            {
                future::ProvideCredentials::new(self.credentials())
            }
        }
    )*};
}

provides! { Strict Lenient Renewable }

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
    async fn credentials(&self) -> Result {
        let mut held = self.0.held.lock().await;
        if let Some(credentials) = held.as_ref().filter(|credentials| lives(credentials)) {
            return Ok(credentials.clone());
        }
        match (self.0.source.provide_credentials().await, held.as_ref()) {
            (Ok(fresh), _) => {
                *held = Some(fresh.clone());
                Ok(fresh)
            }
            // The next call tries again: one answer that is missing must not end a run of an hour.
            (Err(_), Some(old)) if outlast(old, LAST) => Ok(old.clone()),
            (Err(error), _) => Err(error),
        }
    }
}

fn lives(credentials: &Credentials) -> bool {
    outlast(credentials, MARGIN)
}

fn outlast(credentials: &Credentials, least: Duration) -> bool {
    credentials.expiry().is_none_or(|end| end > SystemTime::now() + least)
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

    /// Answers once.
    #[derive(Debug, Default)]
    struct Once(AtomicU64, Duration);

    impl ProvideCredentials for Once {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let end = SystemTime::now() + self.1;
            future::ProvideCredentials::ready(match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => Ok(Credentials::new("a", "s", None, Some(end), "test")),
                _ => Err(CredentialsError::provider_error("throttled")),
            })
        }
    }

    #[tokio::test]
    async fn old_ones_serve_while_they_are_good_and_no_new_ones_can_be_had() {
        for (life, serves) in [(MARGIN / 2, true), (LAST / 2, false)] {
            let provider = Renewable::new(Once(AtomicU64::new(0), life), None);
            provider.provide_credentials().await.unwrap();
            assert_eq!(provider.provide_credentials().await.is_ok(), serves, "{life:?}");
        }
    }

    #[test]
    fn a_missing_profile_is_told_by_name() {
        let missing = CredentialsError::not_loaded("profile `nope` was not defined: not there");
        assert_eq!(missing_profile(&missing).as_deref(), Some("nope"));
        assert!(names_missing_profile(&missing));
        assert!(!names_missing_profile(&CredentialsError::not_loaded("profile `default` was not defined")));
        assert!(!names_missing_profile(&CredentialsError::not_loaded("profile `a` did not contain credentials")));
    }

    #[tokio::test]
    async fn they_are_fetched_once_until_they_end_or_are_forgotten() {
        assert_eq!(fetches(MARGIN * 2, false).await, 1);
        assert_eq!(fetches(MARGIN * 2, true).await, 2);
        assert_eq!(fetches(MARGIN / 2, false).await, 2);
    }
}
