//! A running Envoy, its upstream, and a client: what each of them saw.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use libtest_mimic::Failed;
use proxy_wasm_suites::parity::Envoy;

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    /// The values of `x-chain`, in order.
    pub(crate) chain: Vec<String>,
    pub(crate) body: String,
    /// The values of `x-chain` that the upstream got; nothing: it got no request.
    pub(crate) upstream: Option<Vec<String>>,
}

/// An upstream that answers everything with `hello`, and remembers heads.
pub(crate) struct Upstream {
    pub(crate) port: u16,
    heads: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Upstream {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
                let Some(head) = head(&mut reader) else { continue };
                let size =
                    values(&head, "content-length").first().and_then(|size| size.parse().ok()).unwrap_or(0);
                let mut body = vec![0; size];
                let _ = reader.read_exact(&mut body);
                seen.lock().expect("nobody panicked").push(head);
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello");
            }
        });
        Self { port, heads }
    }

    fn take(&self) -> Option<Vec<String>> {
        self.heads.lock().expect("nobody panicked").pop()
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// The lines up to the first empty one.
fn head(reader: &mut impl std::io::BufRead) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => return Some(lines),
            text => lines.push(text.to_owned()),
        }
    }
}

fn values(head: &[String], name: &str) -> Vec<String> {
    let fields = head.iter().skip(1).filter_map(|line| line.split_once(": "));
    fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).collect()
}

/// An Envoy that ends with its test.
pub(crate) struct Running {
    process: Child,
    log: Option<std::thread::JoinHandle<Vec<String>>>,
    port: u16,
}

impl Running {
    /// Starts one that runs `file`, with this environment, and waits until it serves.
    pub(crate) fn start(envoy: &Envoy, file: &Path, env: &[(&str, &str)], port: u16) -> Result<Self, Failed> {
        let mut process = command(envoy, file)
            .args(["--log-format", "%t %v", "--log-format-escaped", "--component-log-level", "wasm:trace"])
            .envs(env.iter().copied())
            .spawn()
            .expect("Envoy starts");
        let mut lines =
            BufReader::new(process.stderr.take().expect("it is piped")).lines().map_while(Result::ok);
        let mut first = Vec::new();
        for line in lines.by_ref() {
            let ready = line.contains("starting main dispatch loop");
            first.push(line);
            if ready {
                let log = std::thread::spawn(move || first.into_iter().chain(lines).collect());
                let mut running = Self { process, log: Some(log), port };
                running.wait();
                return Ok(running);
            }
        }
        let _ = process.wait();
        Err(Failed::from(format!("Envoy refuses the file:\n{}", first.join("\n"))))
    }

    /// The listener is there when the dispatch loop is, but for the time that its plugins take to start.
    fn wait(&mut self) {
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(matches!(self.process.try_wait(), Ok(None)), "Envoy has ended");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Sends a request on a connection of its own.
    pub(crate) fn request(&self, body: &str, upstream: &Upstream) -> Seen {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("Envoy listens");
        let method = if body.is_empty() { "GET" } else { "POST" };
        let size =
            if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        write!(stream, "{method} / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{size}\r\n{body}")
            .expect("sent");
        let mut reader = BufReader::new(stream);
        let head = head(&mut reader).expect("an answer");
        let mut body = String::new();
        reader.read_to_string(&mut body).expect("text");
        let status = head[0].split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let upstream = upstream.take().map(|head| values(&head, "x-chain"));
        Seen { status, chain: values(&head, "x-chain"), body, upstream }
    }

    /// Ends it; what plugins have logged on its worker.
    pub(crate) fn log(mut self) -> Vec<Vec<u8>> {
        let main = self.process.id().to_string();
        let _ = self.process.kill();
        let lines = self.log.take().expect("it is asked once").join().expect("nobody panicked");
        let of_worker =
            lines.iter().filter_map(|line| line.split_once(' ')).filter(|(thread, _)| *thread != main);
        of_worker
            .filter_map(|(_, text)| text.strip_prefix("wasm log"))
            .filter_map(|text| text.split_once(": ").or_else(|| Some((text.strip_suffix(':')?, ""))))
            .map(|(_, message)| unescaped(message))
            .collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether Envoy takes a file, and what it says.
pub(crate) fn validate(envoy: &Envoy, file: &Path) -> (bool, String) {
    let mut command = command(envoy, file);
    let done = command.args(["--mode", "validate"]).output().expect("Envoy runs");
    (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
}

fn command(envoy: &Envoy, file: &Path) -> Command {
    let mut command = Command::new(envoy.path());
    command
        .arg("-c")
        .arg(file)
        .args(["--concurrency", "1", "--disable-hot-restart", "-l", "info"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// The bytes of a line that Envoy has escaped as C does.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        match rest {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            [letter, after @ ..] => {
                bytes.push(match letter {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    other => *other,
                });
                rest = after;
            }
            [] => bytes.push(b'\\'),
        }
    }
    bytes
}
