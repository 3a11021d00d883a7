//! A blocking HTTP request in a few lines: for the admin interfaces of emulator and proxy, from tests that block.
//!
//! HTTP/1.0 on purpose: no chunked answers, no kept connections, the end of the stream is the end of the answer.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Longest wait for an answer; a snapshot of a large world takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body, if the status says success.
    ///
    /// # Errors
    /// Any other status, with the body as the message.
    pub fn success(self) -> io::Result<Vec<u8>> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        Err(io::Error::other(format!("HTTP {}: {}", self.status, String::from_utf8_lossy(&self.body))))
    }
}

/// Sends a request with a JSON body (or none) to `base` (`http://HOST:PORT`).
///
/// # Errors
/// The server can't be reached, or answers with something that isn't HTTP.
pub fn request(base: &str, method: &str, path: &str, body: &[u8]) -> io::Result<Reply> {
    let host = base.strip_prefix("http://").unwrap_or(base).trim_end_matches('/');
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse(&answer).ok_or_else(|| io::Error::other(format!("no HTTP answer from {base}{path}")))
}

fn parse(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, body: answer.get(end + 4..)?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_an_answer_apart() {
        let reply = parse(b"HTTP/1.1 404 NOT FOUND\r\nServer: x\r\n\r\nno such thing").unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (404, b"no such thing".as_slice()));
        assert!(reply.success().unwrap_err().to_string().contains("no such thing"));
        assert_eq!(parse(b"garbage"), None);
    }
}
