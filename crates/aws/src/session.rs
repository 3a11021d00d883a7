//! Credentials, account and region; and one client per service, made when it is first needed.

use crate::bucket::Bucket;
use crate::call::Manner;
use crate::connect::ConnectError;
use crate::credentials::{Renewable, chain};
use crate::trace::{Counts, TraceFile};
use crate::wire::{Fence, Tap, Wire};
use auroractl_engine::Clock;
use auroractl_engine::retry::Patience;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_runtime::client::identity::IdentityCache;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// A connection that is not made by then is not made.
const CONNECT: Duration = Duration::from_secs(5);
/// An answer that is not there by then is given up, and the call's outcome is in doubt.
const ATTEMPT: Duration = Duration::from_secs(60);
/// RDS takes its time over creates.
const RDS_ATTEMPT: Duration = Duration::from_secs(120);
/// S3 answers small objects in milliseconds. Well below the lease's half minute.
const S3_ATTEMPT: Duration = Duration::from_secs(10);
/// Credentials that are not there by then are not there. Metadata services are bound more tightly where they are asked;
/// this is for credential processes and SSO.
const CREDENTIALS: Duration = Duration::from_secs(60);
/// What was made or changed is seen by every call after this time at the latest.
const PROPAGATION: Duration = Duration::from_secs(10 * 60);
/// The first call waits for a network no longer than this: somebody sits before the terminal.
const FIRST_CALL: Duration = Duration::from_secs(2);

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// The stack's region; it wins over the environment's.
    pub region: String,
    /// The stack's account, if it names one.
    pub account: Option<String>,
    /// Named profile, instead of `AWS_PROFILE`.
    pub profile: Option<String>,
    /// Role to assume with the chain's credentials.
    pub assume_role: Option<String>,
    /// File for the trace of calls.
    pub trace_file: Option<PathBuf>,
    /// The clock.
    pub clock: Clock,
}

/// Told when a service is called more slowly: the service and the new rate in calls a second.
pub type OnSlow = Arc<dyn Fn(&str, f64) + Send + Sync>;

/// AWS, as one stack sees it.
pub struct Aws {
    config: SdkConfig,
    credentials: Renewable,
    tap: Arc<Tap>,
    on_slow: OnceLock<OnSlow>,
    account: String,
    partition: String,
    caller: String,
    region: String,
    clock: Clock,
    buckets: Mutex<BTreeMap<(String, bool), Arc<Bucket>>>,
    retagged: Mutex<BTreeSet<String>>,
    /// Until when something that this stack has made or changed may be invisible to other calls.
    young_until: Mutex<Option<Duration>>,
    clients: Clients,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, region, caller, .. } = self;
        f.debug_struct("Aws")
            .field("account", account)
            .field("region", region)
            .field("caller", caller)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Clients {
    ec2: OnceLock<aws_sdk_ec2::Client>,
    rds: OnceLock<aws_sdk_rds::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    iam: OnceLock<aws_sdk_iam::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    cloudwatch: OnceLock<aws_sdk_cloudwatch::Client>,
    logs: OnceLock<aws_sdk_cloudwatchlogs::Client>,
    autoscaling: OnceLock<aws_sdk_applicationautoscaling::Client>,
    backup: OnceLock<aws_sdk_backup::Client>,
    tagging: OnceLock<aws_sdk_resourcegroupstagging::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
}

macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident $krate:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> &$krate::Client {
            self.clients.$name.get_or_init(|| $krate::Client::new(&self.config))
        }
    )*};
}

impl Aws {
    clients! {
        /// EC2.
        ec2 aws_sdk_ec2;
        /// KMS.
        kms aws_sdk_kms;
        /// IAM.
        iam aws_sdk_iam;
        /// SNS.
        sns aws_sdk_sns;
        /// CloudWatch.
        cloudwatch aws_sdk_cloudwatch;
        /// CloudWatch Logs.
        logs aws_sdk_cloudwatchlogs;
        /// Application Auto Scaling.
        autoscaling aws_sdk_applicationautoscaling;
        /// AWS Backup.
        backup aws_sdk_backup;
        /// The index of tags.
        tagging aws_sdk_resourcegroupstagging;
        /// STS.
        sts aws_sdk_sts;
    }

    /// RDS. It has more time for an answer than the others.
    pub fn rds(&self) -> &aws_sdk_rds::Client {
        self.clients.rds.get_or_init(|| {
            let config = aws_sdk_rds::config::Builder::from(&self.config).timeout_config(timeouts(RDS_ATTEMPT)).build();
            aws_sdk_rds::Client::from_conf(config)
        })
    }

    /// S3 in the bucket's own region. Small objects are answered soon or not at all, and a lease does not wait.
    pub(crate) fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let set = |name| std::env::var_os(name).is_some_and(|url| !url.is_empty());
        // Other stores than Amazon's have one name for all buckets.
        let elsewhere = self.config.endpoint_url().is_some() || set("AWS_ENDPOINT_URL") || set("AWS_ENDPOINT_URL_S3");
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .region(Region::new(region.to_owned()))
            .timeout_config(timeouts(S3_ATTEMPT))
            .force_path_style(elsewhere)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Finds credentials by the standard chain, asks AWS who they are, and compares account and clock.
    ///
    /// # Errors
    /// When there are none, they are no good, they are another account's, or the host's clock is wrong.
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        let file = match &options.trace_file {
            Some(path) => {
                let opened = TraceFile::open(path);
                Some(opened.map_err(|source| ConnectError::Trace { path: path.clone(), source })?)
            }
            None => None,
        };
        let tap = Arc::new(Tap::new(file));
        let wire = Wire::new(Arc::clone(&tap));
        let credentials = chain(&wire, &options.region, options.profile.as_deref());
        let (config, credentials) = configured(&options, wire, credentials).await;
        loaded(&credentials, &options).await?;
        let mut aws = Self::assembled(config, credentials, tap, &options);
        aws.identify(options.account).await?;
        Ok(aws)
    }

    pub(crate) fn assembled(config: SdkConfig, credentials: Renewable, tap: Arc<Tap>, options: &Options) -> Self {
        Self {
            config,
            credentials,
            tap,
            on_slow: OnceLock::new(),
            account: String::new(),
            partition: "aws".to_owned(),
            caller: String::new(),
            region: options.region.clone(),
            clock: options.clock.clone(),
            buckets: Mutex::default(),
            retagged: Mutex::default(),
            young_until: Mutex::new(None),
            clients: Clients::default(),
        }
    }

    /// Asks AWS who the caller is, and compares account and clock.
    pub(crate) async fn identify(&mut self, expected: Option<String>) -> Result<(), ConnectError> {
        let manner = Manner { outage: FIRST_CALL, ..Manner::new("sts:GetCallerIdentity", Patience::READ) };
        let answer = self.call(manner, || self.sts().get_caller_identity().send()).await;
        // Before the answer's error: a clock that is off is the reason of many.
        if let Some(skew) = ConnectError::of_skew(self.tap.seconds_ahead()) {
            return Err(skew);
        }
        let who = answer.map_err(|error| ConnectError::of_call(&error, &self.region))?;
        self.caller = who.arn().unwrap_or_default().to_owned();
        self.account = who.account().unwrap_or_default().to_owned();
        if let Some(partition) = self.caller.split(':').nth(1).filter(|part| !part.is_empty()) {
            self.partition = partition.to_owned();
        }
        match expected {
            Some(expected) if expected != self.account => {
                let (actual, caller) = (self.account.clone(), self.caller.clone());
                Err(ConnectError::WrongAccount { expected, actual, caller })
            }
            _ => Ok(()),
        }
    }

    /// Sets what is told when a service is called more slowly. The first one counts.
    pub fn on_slow(&self, told: OnSlow) {
        let _ = self.on_slow.set(told);
    }

    /// Sets the fence that every mutating call must pass between its signature and its sending. `false` when there was
    /// one already.
    pub fn fence(&self, fence: Fence) -> bool {
        self.tap.set_fence(fence)
    }

    /// How often each action was called so far, by `service:Action`.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.tap.counts()
    }

    pub(crate) fn slowed(&self, operation: &str, rate: f64) {
        if let Some(told) = self.on_slow.get() {
            told(operation.split(':').next().unwrap_or_default(), rate);
        }
    }

    /// Forgets the credentials: the next call fetches them anew.
    pub(crate) async fn renew(&self) {
        self.credentials.forget().await;
    }

    /// Remembers that this process changed tags of a service's resources: the index may show the old ones for minutes.
    pub(crate) fn note_retagged(&self, operation: &str) {
        if let Some((service, action)) = operation.split_once(':')
            && action.contains("Tag")
        {
            locked(&self.retagged).insert(service.to_owned());
        }
    }

    /// Something of this stack was made or changed so long ago.
    pub fn note_young(&self, ago: Duration) {
        let until = self.clock.now() + PROPAGATION.saturating_sub(ago);
        let mut young = locked(&self.young_until);
        *young = Some(young.map_or(until, |known| known.max(until)));
    }

    /// May something of this stack be too young for all calls to see it?
    pub(crate) fn has_young(&self) -> bool {
        locked(&self.young_until).is_some_and(|until| self.clock.now() < until)
    }

    pub(crate) fn has_retagged(&self, service: &str) -> bool {
        locked(&self.retagged).contains(service)
    }

    /// The account, 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// ARN of the caller.
    #[must_use]
    pub fn caller(&self) -> &str {
        &self.caller
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The partition, `aws` for the public regions.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The ARN of a resource of this account and region.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }

    /// The bucket of an operation's service.
    pub(crate) fn bucket(&self, operation: &str, reads: bool) -> Arc<Bucket> {
        let service = operation.split(':').next().unwrap_or_default();
        let mut buckets = locked(&self.buckets);
        let bucket = buckets.entry((service.to_owned(), reads)).or_insert_with(|| Arc::new(Bucket::of(service, reads)));
        Arc::clone(bucket)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn timeouts(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(attempt).operation_attempt_timeout(attempt).build()
}

/// The configuration of all clients. The SDK's own retries and identity cache are off: ours know which calls may be sent
/// again, and can be told to forget.
pub(crate) async fn configured(options: &Options, wire: Wire, credentials: Renewable) -> (SdkConfig, Renewable) {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(options.region.clone()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts(ATTEMPT))
        .identity_cache(IdentityCache::no_cache())
        .credentials_provider(credentials.clone())
        .http_client(wire);
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    let config = loader.load().await;
    let Some(role) = &options.assume_role else { return (config, credentials) };
    // A role that is assumed twice is two sessions and no harm: here the SDK may try again.
    let patient = config.to_builder().retry_config(RetryConfig::standard()).build();
    let provider = AssumeRoleProvider::builder(role).session_name("auroractl").configure(&patient).build().await;
    let assumed = Renewable::new(provider, Some(credentials));
    let config = config.to_builder().credentials_provider(SharedCredentialsProvider::new(assumed.clone())).build();
    (config, assumed)
}

/// Loads credentials before the first call, so that their absence is told as what it is.
async fn loaded(credentials: &Renewable, options: &Options) -> Result<(), ConnectError> {
    let profile = options.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
    match Clock::default().within(CREDENTIALS, credentials.provide_credentials()).await {
        None => {
            let why = format!("no answer within {} s", CREDENTIALS.as_secs());
            Err(ConnectError::Source { profile, why })
        }
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(ConnectError::of_sources(&error, profile)),
    }
}
