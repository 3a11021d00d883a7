//! AWS: the world that kinds act on.
//!
//! | module | what stands there |
//! |---|---|
//! | [`session`] | account and region, the clients, what is configured for all of them |
//! | `credentials`, [`connect`] | the chain of credential sources; why AWS can't be used |
//! | [`call`], `failure`, `denied` | sending a call: rate, retries, what a failure means, who may not do what |
//! | [`codes`] | the error codes of all services and their meaning, as a table |
//! | [`bucket`] | how fast each service may be called |
//! | [`wire`], [`trace`] | the last step before the network: fence, counts, a line for every call |
//! | [`tags`], [`ec2`] | ownership tags; finding EC2 objects by them |
//! | [`s3`] | the bucket that holds states |
//! | [`policy`] | policy documents, compared by meaning |
//! | [`world`] | the inventory of what carries a stack's tag |

pub mod bucket;
pub mod call;
pub mod codes;
pub mod connect;
mod credentials;
mod denied;
pub mod ec2;
mod failure;
pub mod policy;
#[cfg(test)]
mod replay;
pub mod s3;
pub mod session;
pub mod tags;
pub mod trace;
pub mod wire;
pub mod world;

pub use call::GoneIsFine;
pub use connect::ConnectError;
pub use policy::PolicyDocument;
pub use s3::{Bucket, S3};
pub use session::{Aws, Options};
pub use wire::Refusal;
