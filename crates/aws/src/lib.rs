//! AWS: the world that kinds act on.
//!
//! | module | what stands there |
//! |---|---|
//! | [`session`] | credentials, account and region, the clients |
//! | [`call`] | sending a call: rate, retries, what a failure means |
//! | [`codes`] | the error codes of all services and their meaning, as a table |
//! | [`bucket`] | how fast each service may be called |
//! | [`trace`] | every call as a line, without secrets |
//! | [`tags`], [`ec2`] | ownership tags; finding EC2 objects by them |
//! | [`world`] | the inventory of what carries a stack's tag |

pub mod bucket;
pub mod call;
pub mod codes;
pub mod ec2;
pub mod session;
pub mod tags;
pub mod trace;
pub mod world;

pub use call::GoneIsFine;
pub use session::{Aws, ConnectError, Options};
