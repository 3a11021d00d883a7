//! The server, and an [`Aws`] that talks to it.

use crate::credentials::Renewable;
use crate::session::{Aws, Options, configured};
use crate::trace::TraceFile;
use crate::wire::{Tap, Wire};
use auroractl_engine::Clock;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Fast enough that backoff takes no time.
const SCALE: f64 = 2000.0;

/// What the server answers to one request.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// So many bytes of the body are sent before the connection is closed.
    cut: Option<usize>,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut: None }
    }

    pub(super) fn ok(body: impl Into<String>) -> Self {
        Self::new(200, body)
    }

    /// An error of EC2.
    pub(super) fn ec2(status: u16, code: &str, message: &str) -> Self {
        let error = format!("<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>");
        Self::new(status, format!("<Response>{error}<RequestID>req-1</RequestID></Response>"))
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Closes the connection in the middle of the body.
    pub(super) fn cut(self, at: usize) -> Self {
        Self { cut: Some(at), ..self }
    }

    async fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut head =
            format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\nconnection: close\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await?;
        let end = self.cut.unwrap_or(self.body.len());
        stream.write_all(&self.body.as_bytes()[..end]).await?;
        stream.shutdown().await
    }
}

/// A server that plays replies in order, and keeps what it was asked.
pub(super) struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Once the replies have been played, connections are closed without an answer.
    pub(super) async fn plays(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut replies = replies.into_iter();
            while let Ok((mut stream, _)) = listener.accept().await {
                // A connection that was opened and not used says nothing.
                let Some(request) = request(&mut stream).await else { continue };
                record.lock().unwrap().push(request);
                if let Some(reply) = replies.next() {
                    let _ = reply.send(&mut stream).await;
                }
            }
        });
        Self { port, seen }
    }

    /// The requests, head and body.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) async fn aws(&self) -> Aws {
        self.client(Credentials::new("AKIDEXAMPLE", "SECRETKEY", Some("SESSIONTOKEN".into()), None, "test"), None).await
    }

    pub(super) async fn client(&self, credentials: impl ProvideCredentials + 'static, trace: Option<&Path>) -> Aws {
        client(self.port, credentials, trace).await
    }
}

/// A client of the server at a port, or of nobody at all.
pub(super) async fn client(port: u16, credentials: impl ProvideCredentials + 'static, trace: Option<&Path>) -> Aws {
    let options = Options {
        region: "eu-central-1".to_owned(),
        account: None,
        profile: None,
        assume_role: None,
        trace_file: None,
        clock: Clock::scaled(SCALE),
    };
    let tap = Arc::new(Tap::new(trace.map(|path| TraceFile::open(path).unwrap())));
    // Without the proxy of the machine's environment.
    let direct = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    let wire = Wire::around(direct, Arc::clone(&tap));
    let (config, credentials) = configured(&options, wire, Renewable::new(credentials, None)).await;
    let config = config.to_builder().endpoint_url(format!("http://127.0.0.1:{port}")).build();
    Aws::assembled(config, credentials, tap, &options)
}

async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0_u8; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            |line: &str| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok();
        if body.len() >= head.lines().find_map(length).unwrap_or(0) {
            return Some(text.into_owned());
        }
    }
}
