//! Why AWS can't be used, told from what the credential sources and the first call said.

use crate::credentials::missing_profile;
use crate::failure::{chain_text, innermost};
use auroractl_engine::{CallError, Class};
use aws_credential_types::provider::error::CredentialsError;
use std::path::PathBuf;

/// AWS refuses signatures that are older than this; so does this program, before it signs anything that counts.
pub(crate) const MAX_SKEW_SECONDS: i64 = 5 * 60;

/// Where credentials are looked for, in this order.
const SOURCES: &str = "environment (AWS_ACCESS_KEY_ID), profile (AWS_PROFILE, also SSO, processes and assumed roles), \
                       web identity (AWS_WEB_IDENTITY_TOKEN_FILE), container, instance metadata";

/// Why AWS can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No source gave credentials.
    #[error("no AWS credentials were found{}", profiled("for", profile.as_deref()))]
    NoCredentials {
        /// The profile that was asked for.
        profile: Option<String>,
        /// What each source says.
        why: String,
    },
    /// The profile is in neither of AWS's files.
    #[error("there is no AWS profile `{profile}`")]
    UnknownProfile {
        /// The profile.
        profile: String,
    },
    /// The SSO session is over.
    #[error("the AWS SSO session{} has expired", profiled("of", profile.as_deref()))]
    SsoExpired {
        /// The profile that was asked for.
        profile: Option<String>,
    },
    /// A source was configured and failed.
    #[error("the AWS credentials{} could not be loaded: {why}", profiled("of", profile.as_deref()))]
    Source {
        /// The profile that was asked for.
        profile: Option<String>,
        /// What the source says.
        why: String,
    },
    /// A source gave credentials that AWS does not take.
    #[error("AWS does not take these credentials: {why}")]
    BadCredentials {
        /// AWS's words.
        why: String,
    },
    /// They are another account's.
    #[error(
        "the stack belongs to account {expected}, these credentials are for account {actual} ({caller}); nothing was changed"
    )]
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
        /// By how much, or AWS's words.
        why: String,
    },
    /// The region is not enabled in this account, or does not exist.
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

fn profiled(word: &str, profile: Option<&str>) -> String {
    profile.map(|name| format!(" {word} profile `{name}`")).unwrap_or_default()
}

impl ConnectError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoCredentials { .. } => format!("looked in: {SOURCES}; run `aws sso login` or set AWS_PROFILE"),
            Self::UnknownProfile { .. } => {
                "`aws configure list-profiles` lists the profiles; correct AWS_PROFILE or `--profile`".to_owned()
            }
            Self::SsoExpired { profile: Some(profile) } => format!("run `aws sso login --profile {profile}`"),
            Self::SsoExpired { profile: None } => "run `aws sso login`".to_owned(),
            Self::Source { .. } => {
                "`aws sts get-caller-identity` with the same settings shows whether they work".to_owned()
            }
            Self::BadCredentials { .. } => "get new ones (`aws sso login`, or a new session token)".to_owned(),
            Self::WrongAccount { .. } => {
                "use credentials of the stack's account, or correct `account` in the stack file".to_owned()
            }
            Self::ClockSkew { .. } => "set the clock (NTP)".to_owned(),
            Self::Region { .. } => {
                "enable the region for the account, or correct `region` in the stack file".to_owned()
            }
            Self::Unreachable { .. } => "check network, proxy variables and AWS_ENDPOINT_URL".to_owned(),
            Self::Trace { .. } => "choose another file with `--trace-file`".to_owned(),
        }
    }

    /// From the failure of the credential sources.
    pub(crate) fn of_sources(error: &CredentialsError, profile: Option<String>) -> Self {
        let text = chain_text(error);
        // The sources' own wording; `UnauthorizedException` is the SSO portal's word for a session that was ended.
        let signed_out = [
            "SSO token has expired",
            "cached SSO token",
            "Login token is expired",
            "session has expired",
            "UnauthorizedException",
        ];
        if signed_out.iter().any(|words| text.contains(words)) {
            return Self::SsoExpired { profile };
        }
        match error {
            CredentialsError::CredentialsNotLoaded(_) => Self::NoCredentials { profile, why: text },
            _ => match missing_profile(error) {
                Some(profile) => Self::UnknownProfile { profile },
                None => Self::Source { profile, why: innermost(error).trim().to_owned() },
            },
        }
    }

    /// From the failure of the first call.
    pub(crate) fn of_call(error: &CallError, region: &str) -> Self {
        let why = error.to_string();
        match error.code.as_deref() {
            Some("RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture") => Self::ClockSkew { why },
            Some("SignatureDoesNotMatch") if concerns_time(&error.message) => Self::ClockSkew { why },
            Some("OptInRequired" | "RegionDisabledException") => Self::Region { region: region.to_owned(), why },
            Some(_) if matches!(error.class, Class::Credentials | Class::Denied) => Self::BadCredentials { why },
            None if error.class == Class::Credentials => Self::Source { profile: None, why },
            None if error.message.contains("lookup address") => {
                Self::Unreachable { why: format!("{}; is `{region}` a region?", away(&error.message)) }
            }
            _ => Self::Unreachable { why: away(&error.message).to_owned() },
        }
    }

    /// From the difference of the clocks, in seconds.
    pub(crate) fn of_skew(ahead: i64) -> Option<Self> {
        let direction = if ahead > 0 { "behind" } else { "ahead" };
        (ahead.abs() > MAX_SKEW_SECONDS)
            .then(|| Self::ClockSkew { why: format!("it is {} s {direction}", ahead.unsigned_abs()) })
    }
}

/// The reason alone: the error's own text says that AWS can't be reached.
fn away(message: &str) -> &str {
    message.trim_start_matches("AWS can't be reached: ")
}

/// "Signature expired: 20261125T… is now earlier than …" is a matter of clocks, not of keys.
fn concerns_time(message: &str) -> bool {
    ["Signature expired", "Signature not yet current"].iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> ConnectError {
        ConnectError::of_sources(&CredentialsError::provider_error(text.to_owned()), Some("prod".to_owned()))
    }

    #[test]
    fn sources_that_failed_are_told_apart() {
        assert!(matches!(source("the SSO token has expired and cannot be refreshed"), ConnectError::SsoExpired { .. }));
        assert!(matches!(source("failed to load the cached SSO token"), ConnectError::SsoExpired { .. }));
        let unknown = source("profile `prod` was not defined: x");
        assert_eq!(unknown.to_string(), "there is no AWS profile `prod`");
        assert!(matches!(source("exit status 3"), ConnectError::Source { .. }));
        let none = ConnectError::of_sources(&CredentialsError::not_loaded("nothing"), None);
        assert!(none.hint().contains("AWS_ACCESS_KEY_ID") && none.hint().contains("instance metadata"));
    }

    #[test]
    fn first_calls_that_failed_are_told_apart() {
        let failed = |class, code: Option<&str>, message: &str| {
            let code = code.map(str::to_owned);
            ConnectError::of_call(
                &CallError { code, ..CallError::new("sts:GetCallerIdentity", class, message) },
                "xx-1",
            )
        };
        let expired = "Signature expired: 20261125T000000Z is now earlier than 20261125T010000Z";
        let skew = failed(Class::Credentials, Some("SignatureDoesNotMatch"), expired);
        assert!(matches!(skew, ConnectError::ClockSkew { .. }));
        let key = failed(Class::Credentials, Some("SignatureDoesNotMatch"), "The request signature we calculated");
        assert!(matches!(key, ConnectError::BadCredentials { .. }));
        assert!(matches!(failed(Class::Credentials, Some("OptInRequired"), ""), ConnectError::Region { .. }));
        let away = failed(Class::Other, None, "AWS can't be reached: Connection refused");
        assert_eq!(away.to_string(), "AWS can't be reached: Connection refused");
    }

    #[test]
    fn five_minutes_are_the_limit() {
        assert!(ConnectError::of_skew(MAX_SKEW_SECONDS).is_none());
        let skew = ConnectError::of_skew(-301).unwrap().to_string();
        assert!(skew.contains("301 s ahead"), "{skew}");
    }
}
