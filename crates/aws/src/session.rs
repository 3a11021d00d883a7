//! Credentials, account and region; and one client per service, made when it is first needed.

use crate::bucket::Bucket;
use crate::trace::Trace;
use auroractl_engine::{CallError, Class, Clock};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials as _, error::CredentialsError};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// A connection that is not made by then is not made.
const CONNECT: Duration = Duration::from_secs(5);
/// An answer that is not there by then is given up, and the call's outcome is in doubt. RDS takes its time.
const ATTEMPT: Duration = Duration::from_secs(120);
/// Credentials that are not there by then are not there; instance metadata that nobody answers must not hold a CI job.
const CREDENTIALS: Duration = Duration::from_secs(10);

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

/// Why AWS can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No source gave credentials.
    #[error("no AWS credentials were found{}", profile.as_ref().map(|name| format!(" for profile `{name}`")).unwrap_or_default())]
    NoCredentials {
        /// The profile that was asked for.
        profile: Option<String>,
        /// What the chain says.
        why: String,
    },
    /// A source gave credentials that AWS does not take.
    #[error("AWS does not take these credentials: {why}")]
    BadCredentials {
        /// AWS's words.
        why: String,
    },
    /// They are another account's.
    #[error("the stack belongs to account {expected}, these credentials are for account {actual} ({caller}); nothing was changed")]
    WrongAccount {
        /// The stack's account.
        expected: String,
        /// The credentials' account.
        actual: String,
        /// Who the credentials are.
        caller: String,
    },
    /// The host's clock is wrong.
    #[error("this host's clock differs too much from AWS's: {why}")]
    ClockSkew {
        /// AWS's words.
        why: String,
    },
    /// The region is not enabled in this account.
    #[error("region `{region}` can't be used by this account: {why}")]
    Region {
        /// The region.
        region: String,
        /// AWS's words.
        why: String,
    },
    /// AWS could not be reached.
    #[error("AWS can't be reached: {why}")]
    Unreachable {
        /// What happened.
        why: String,
    },
    /// The trace file can't be written.
    #[error("can't write the trace file {}: {source}", path.display())]
    Trace {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
}

impl ConnectError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoCredentials { why, .. } => format!(
                "tried in this order: environment, profile (also SSO and assumed roles), web identity, container, instance metadata; \
                 try `aws sso login` or set AWS_PROFILE ({why})"
            ),
            Self::BadCredentials { .. } => "get new ones (`aws sso login`, or a new session token)".to_owned(),
            Self::WrongAccount { .. } => "use credentials of the stack's account, or correct `account` in the stack file".to_owned(),
            Self::ClockSkew { .. } => "set the clock (NTP)".to_owned(),
            Self::Region { .. } => "enable the region for the account, or correct `region` in the stack file".to_owned(),
            Self::Unreachable { .. } => "check network, proxy variables and AWS_ENDPOINT_URL".to_owned(),
            Self::Trace { .. } => "choose another file with `--trace-file`".to_owned(),
        }
    }
}

/// AWS, as one stack sees it.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    account: String,
    partition: String,
    caller: String,
    region: String,
    clock: Clock,
    buckets: Mutex<BTreeMap<String, Arc<Bucket>>>,
    clients: Clients,
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
        /// RDS.
        rds aws_sdk_rds;
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
        /// The index of tags.
        tagging aws_sdk_resourcegroupstagging;
        /// STS.
        sts aws_sdk_sts;
    }

    /// Finds credentials by the standard chain, asks AWS who they are, and compares the account.
    ///
    /// # Errors
    /// When there are none, they are no good, or they are another account's.
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        let config = configured(&options).await?;
        credentials(&config, &options).await?;
        let mut aws = Self {
            config,
            account: String::new(),
            partition: String::new(),
            caller: String::new(),
            region: options.region.clone(),
            clock: options.clock.clone(),
            buckets: Mutex::default(),
            clients: Clients::default(),
        };
        let call = || aws.sts().get_caller_identity().send();
        let who = aws.read("sts:GetCallerIdentity", call).await.map_err(|error| refused(&error, &options.region))?;
        aws.caller = who.arn().unwrap_or_default().to_owned();
        aws.account = who.account().unwrap_or_default().to_owned();
        aws.partition = aws.caller.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws").to_owned();
        match options.account {
            Some(expected) if expected != aws.account => {
                Err(ConnectError::WrongAccount { expected, actual: aws.account, caller: aws.caller })
            }
            _ => Ok(aws),
        }
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
    pub(crate) fn bucket(&self, operation: &str) -> Arc<Bucket> {
        let service = operation.split(':').next().unwrap_or_default();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        match buckets.get(service) {
            Some(bucket) => Arc::clone(bucket),
            None => Arc::clone(buckets.entry(service.to_owned()).or_insert_with(|| Arc::new(Bucket::of(service)))),
        }
    }
}

async fn configured(options: &Options) -> Result<SdkConfig, ConnectError> {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(ATTEMPT).operation_attempt_timeout(ATTEMPT).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(options.region.clone()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    let client = one_client();
    loader = match &options.trace_file {
        Some(path) => {
            let trace = Trace::open(path, client).map_err(|source| ConnectError::Trace { path: path.clone(), source })?;
            loader.http_client(trace)
        }
        None => loader.http_client(client),
    };
    let config = loader.load().await;
    let Some(role) = &options.assume_role else { return Ok(config) };
    let provider = aws_config::sts::AssumeRoleProvider::builder(role).session_name("auroractl").configure(&config).build().await;
    Ok(config.to_builder().credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(provider)).build())
}

/// One HTTP client for all services: one pool, one trust store. It honours the proxy variables, which the SDK's ready-made
/// shared client does not.
fn one_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut builder = Connector::builder().proxy_config(ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build()
    })
}

/// Resolves credentials before the first call, so that their absence is told as what it is.
async fn credentials(config: &SdkConfig, options: &Options) -> Result<(), ConnectError> {
    let profile = options.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
    let none = |why: String| ConnectError::NoCredentials { profile: profile.clone(), why };
    let Some(provider) = config.credentials_provider() else { return Err(none("no provider".to_owned())) };
    match Clock::default().within(CREDENTIALS, provider.provide_credentials()).await {
        None => Err(none(format!("no source answered within {} s", CREDENTIALS.as_secs()))),
        Some(Ok(_)) => Ok(()),
        Some(Err(error @ CredentialsError::CredentialsNotLoaded(_))) => Err(none(reason(&error))),
        Some(Err(error)) => Err(none(reason(&error))),
    }
}

/// The innermost cause: the outer ones only say that a provider failed.
fn reason(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn refused(error: &CallError, region: &str) -> ConnectError {
    let why = error.to_string();
    match error.code.as_deref() {
        Some("SignatureDoesNotMatch" | "RequestExpired" | "RequestTimeTooSkewed") => ConnectError::ClockSkew { why },
        Some("OptInRequired" | "RegionDisabledException") => ConnectError::Region { region: region.to_owned(), why },
        Some(_) if matches!(error.class, Class::Credentials | Class::Denied) => ConnectError::BadCredentials { why },
        _ => ConnectError::Unreachable { why },
    }
}
