//! Endpoints that are no etcd: each answers every request with the same bytes.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Reads a request with its body. A connection that is closed before that would be reset, and the answer lost.
fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1)?.lines().next()?;
            if body.len() >= length.parse().ok()? {
                return Some(read);
            }
        }
        let mut part = [0; 4096];
        let length = stream.read(&mut part).ok().filter(|it| *it > 0)?;
        read.extend_from_slice(&part[..length]);
    }
}

/// An endpoint on a free port. It goes on until the test program ends.
pub struct Endpoint {
    /// Its port.
    pub port: u16,
    requests: Arc<AtomicUsize>,
}

impl Endpoint {
    /// Answers each request with these bytes, and closes the connection.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::serving(move |mut stream, _| {
            let _ = stream.write_all(&answer);
        })
    }

    /// Answers each request with a body of JSON.
    #[must_use]
    pub fn with_body(status: &str, body: &str) -> Self {
        let length = body.len();
        Self::answering(format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    }

    /// Handles each connection, once its request has been read.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn serving(handle: impl Fn(TcpStream, &[u8]) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let handle = Arc::new(handle);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(mut stream), handle) = (stream, Arc::clone(&handle)) else {
                    continue;
                };
                let counted = Arc::clone(&counted);
                thread::spawn(move || {
                    if let Some(request) = read_request(&mut stream) {
                        counted.fetch_add(1, Ordering::SeqCst);
                        handle(stream, &request);
                    }
                });
            }
        });
        Self { port, requests }
    }

    /// Has a server execute each request, and closes the connection in place of its answer, except of those for leases.
    #[must_use]
    pub fn in_front_of(port: u16) -> Self {
        Self::serving(move |mut stream, request| {
            let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)) else {
                return;
            };
            // It has executed the request once it begins to answer.
            let mut answer = [0; 4096];
            let _ = server.write_all(request);
            let length = server.read(&mut answer).unwrap_or_default();
            if request.starts_with(b"POST /v3/lease/") {
                let _ = stream.write_all(&answer[..length]);
            }
        })
    }

    /// Returns how many requests came.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Returns the URL for lockhost.
    #[must_use]
    pub fn url(&self) -> String {
        format!("etcd://127.0.0.1:{}", self.port)
    }
}
