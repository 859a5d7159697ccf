//! Small servers on this machine that answer as told, well or badly, and remember what they were sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// One HTTP request.
#[derive(Debug)]
pub struct Request {
    /// Request line and header lines, names in lower case.
    pub head: Vec<String>,
    pub body: String,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// What a server does with a connection once the request is read.
pub enum Reply {
    /// Sends this.
    Say(&'static str),
    /// Says nothing for a while.
    Hang,
    /// Hangs up.
    Close,
    /// Sends this, then zeros up to a gigabyte, as long as somebody reads.
    Flood(&'static str),
}

pub struct Server {
    pub address: SocketAddr,
    requests: Receiver<Request>,
    sent: Receiver<u64>,
}

impl Server {
    /// Answers connection after connection as listed.
    pub fn start(replies: Vec<Reply>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (tell, requests) = channel();
        let (count, sent) = channel();
        thread::spawn(move || {
            for reply in replies {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let Some(request) = read_request(&stream) else { continue };
                let _ = tell.send(request);
                let _ = count.send(answer(&mut stream, &reply));
            }
        });
        Server { address, requests, sent }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request, which must have come.
    #[track_caller]
    pub fn request(&self) -> Request {
        self.requests.recv_timeout(Duration::from_secs(10)).expect("a request")
    }

    /// Whether nobody came.
    pub fn is_untouched(&self) -> bool {
        self.requests.recv_timeout(Duration::from_millis(200)).is_err()
    }

    /// Bytes that the next answer could send.
    pub fn sent(&self) -> u64 {
        self.sent.recv_timeout(Duration::from_secs(30)).expect("an answer")
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if !head.is_empty() => head.push(format!("{}: {value}", name.to_ascii_lowercase())),
            _ if line.trim_end().is_empty() => break,
            _ => head.push(line.trim_end().to_string()),
        }
    }
    let mut request = Request { head, body: String::new() };
    let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

/// Returns the number of bytes sent.
fn answer(stream: &mut TcpStream, reply: &Reply) -> u64 {
    let send = |stream: &mut TcpStream, text: &str| stream.write_all(text.as_bytes()).map_or(0, |()| text.len() as u64);
    match reply {
        Reply::Say(text) => send(stream, text),
        Reply::Close => 0,
        Reply::Hang => {
            // Until the other side has had enough, half a minute at most.
            let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
            let _ = stream.read(&mut [0]);
            0
        }
        Reply::Flood(text) => {
            let mut sent = send(stream, text);
            let block = [b'0'; 1 << 16];
            while sent < 1 << 30 && stream.write_all(&block).is_ok() {
                sent += block.len() as u64;
            }
            sent
        }
    }
}

pub const OK: Reply = Reply::Say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
pub const BROKEN: Reply = Reply::Say("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nouch");
