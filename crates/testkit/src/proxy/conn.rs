//! A client's connection that can be reset, and that tells when an answer has left.
//!
//! hyper closes a connection politely (FIN). A crashed load balancer doesn't: it resets (RST), which clients see as
//! another error. And a client that is to die *after* its answer must not die before the bytes are on the wire.

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// The handle by which the service steers its connection.
#[derive(Debug, Default)]
pub(super) struct Control {
    reset: AtomicBool,
    flushed: Mutex<Option<oneshot::Sender<()>>>,
}

impl Control {
    /// The connection ends with a reset when it is dropped.
    pub(super) fn reset(&self) {
        self.reset.store(true, Ordering::Release);
    }

    /// Resolves when the answer that the service returns next has been written to the socket.
    pub(super) fn flushed(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        *super::lock(&self.flushed) = Some(sender);
        receiver
    }
}

/// A TCP stream under a [`Control`].
pub(super) struct Conn {
    stream: TokioIo<TcpStream>,
    control: Arc<Control>,
}

impl Conn {
    pub(super) fn new(stream: TcpStream, control: Arc<Control>) -> Self {
        Self { stream: TokioIo::new(stream), control }
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        if self.control.reset.load(Ordering::Acquire) {
            // With a linger of zero, close sends RST. A socket that is gone already needs none.
            self.stream.inner().set_zero_linger().ok();
        }
    }
}

impl Read for Conn {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for Conn {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(cx);
        // hyper flushes only after it has written all it holds.
        if done.is_ready()
            && let Some(sender) = super::lock(&self.control.flushed).take()
        {
            sender.send(()).ok();
        }
        done
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
