//! Calls against answers that were written beforehand: a server of one page, because a mock inside the SDK would skip
//! what is tested here (connections, half answers, what is sent again).

mod calls;
mod identity;
mod server;
