//! An Envoy: finding the binary, running it, asking it, and ending it.
//!
//! A process is killed when its value is dropped, also while a test panics. Every wait is bounded.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use proxy_wasm_harness::proxy::transcript::show_bytes;
use serde_json::Value as Json;

use super::error::ParityError;
use super::reaper;
use super::records::{Nonce, Records};
use super::wire::{self, Kind};

/// The version that the harness simulates.
pub const SIMULATED: &str = "1.40";

/// How long an Envoy may take to start: its V8 compiles every module.
const START: Duration = Duration::from_secs(180);

/// How long it may take to say its version: what `pip` installs is started by a Python script.
const VERSION: Duration = Duration::from_secs(20);

/// A binary that was asked for its version.
#[derive(Clone, Debug)]
pub struct Envoy {
    path: PathBuf,
    version: String,
    start: Duration,
}

impl Envoy {
    /// The binary at `path`, or of that name on `PATH`.
    ///
    /// # Errors
    ///
    /// When there is none, or it is no Envoy of the version that is simulated.
    pub fn at(path: impl AsRef<Path>) -> Result<Self, ParityError> {
        let path = locate(path.as_ref()).ok_or_else(|| ParityError::NotFound(path.as_ref().to_path_buf()))?;
        let said = ask_for_version(&path).map_err(ParityError::io("asking Envoy for its version"))?;
        // `.../envoy  version: 9e55.../1.40.0/Clean/RELEASE/BoringSSL`
        let version = said.rsplit(": ").next().and_then(|build| build.split('/').nth(1)).map(str::to_owned);
        match version {
            None => Err(ParityError::NotEnvoy { path, said }),
            Some(found) if !found.starts_with(SIMULATED) => {
                Err(ParityError::Version { path, found, wanted: SIMULATED })
            }
            Some(version) => Ok(Self { path, version, start: START }),
        }
    }

    /// How long it may take to start, instead of three minutes.
    #[must_use]
    pub fn start_within(mut self, limit: Duration) -> Self {
        self.start = limit;
        self
    }

    /// The one that `$ENVOY` names, else `envoy` on `PATH`.
    ///
    /// # Errors
    ///
    /// As [`Self::at`].
    pub fn find() -> Result<Self, ParityError> {
        Self::at(std::env::var_os("ENVOY").unwrap_or_else(|| "envoy".into()))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Starts it with `config` in the empty folder `home`, and waits until it serves.
    pub(super) fn start(&self, config: &Json, home: &Path) -> Result<Process, ParityError> {
        match self.try_to_start(config, home)? {
            (process, None) => Ok(process),
            (mut process, Some(status)) => Err(ParityError::Ended { status, log: process.last_words() }),
        }
    }

    /// Starts it, and waits until it serves or has ended; in that case tells how.
    pub(super) fn try_to_start(
        &self,
        config: &Json,
        home: &Path,
    ) -> Result<(Process, Option<String>), ParityError> {
        let io = ParityError::io("preparing Envoy's folder");
        let nonce = Nonce::new();
        let (file, log) = (home.join("envoy.json"), home.join("envoy.log"));
        let write = || {
            std::fs::write(&file, serde_json::to_vec(config)?)?;
            File::create(&log)
        };
        let stderr = write().map_err(io)?;
        let records = Records::open(&log, nonce.clone()).map_err(ParityError::io("reading Envoy's log"))?;
        let admin = home.join("admin");
        let mut command = Command::new(&self.path);
        command
            .arg("-c")
            .arg(&file)
            .args(["--concurrency", "1", "--disable-hot-restart", "-l", "warning"])
            .args(["--component-log-level", "wasm:trace", "--drain-time-s", "1"])
            .arg("--log-format")
            .arg(nonce.format())
            .arg("--admin-address-path")
            .arg(&admin)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr);
        let child = reaper::start(&mut command, home).map_err(ParityError::io("starting Envoy"))?;
        let mut process = Process { child, records, admin: None };
        let ended = process.wait_until_ready(&admin, self.start)?;
        Ok((process, ended))
    }
}

/// What `--version` prints. A binary that prints nothing for long is no Envoy, and says so by having said nothing.
fn ask_for_version(path: &Path) -> std::io::Result<String> {
    let mut command = Command::new(path);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = reaper::start(&mut command, Path::new(""))?;
    let began = Instant::now();
    while began.elapsed() < VERSION && matches!(child.try_wait(), Ok(None)) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let stdout = child.stdout.take();
    reaper::end(&mut child);
    let mut said = Vec::new();
    if let Some(mut stdout) = stdout {
        stdout.read_to_end(&mut said)?;
    }
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

/// The file that a path or a bare name means.
fn locate(path: &Path) -> Option<PathBuf> {
    if path.components().count() > 1 || path.is_file() {
        return path.is_file().then(|| path.to_path_buf());
    }
    let path_variable = std::env::var_os("PATH")?;
    std::env::split_paths(&path_variable).map(|folder| folder.join(path)).find(|file| file.is_file())
}

/// A running Envoy.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pub(super) records: Records,
    admin: Option<SocketAddr>,
}

impl Process {
    /// Waits until it serves, or has ended; in that case tells how.
    fn wait_until_ready(&mut self, admin: &Path, limit: Duration) -> Result<Option<String>, ParityError> {
        let began = Instant::now();
        loop {
            if self.admin.is_none() {
                self.admin = std::fs::read_to_string(admin).ok().and_then(|text| text.trim().parse().ok());
            }
            if self.admin.is_some() && self.ask("/ready").is_ok_and(|said| said.contains("LIVE")) {
                self.records.read().map_err(ParityError::io("reading Envoy's log"))?;
                return Ok(None);
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                self.records.read().map_err(ParityError::io("reading Envoy's log"))?;
                return Ok(Some(status.to_string()));
            }
            if began.elapsed() > limit {
                return Err(self.late("start", limit));
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    /// Asks the administration interface.
    pub(super) fn ask(&self, path: &str) -> std::io::Result<String> {
        let address = self.admin.ok_or(std::io::ErrorKind::NotConnected)?;
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(
            format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n").as_bytes(),
        )?;
        let mut said = Vec::new();
        stream.read_to_end(&mut said)?;
        let said = wire::read(&said, Kind::Response { head_request: false }, true);
        Ok(String::from_utf8_lossy(&said.pieces.concat()).into_owned())
    }

    /// The port that each listener got, by its name.
    pub(super) fn ports(&self) -> Result<Vec<(String, SocketAddr)>, ParityError> {
        let said = self.ask("/listeners?format=json").map_err(ParityError::io("asking for listeners"))?;
        let json: Json = serde_json::from_str(said.trim()).unwrap_or_default();
        let statuses = json["listener_statuses"].as_array().cloned().unwrap_or_default();
        Ok(statuses
            .iter()
            .filter_map(|status| {
                let port = status["local_address"]["socket_address"]["port_value"].as_u64()?;
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port).ok()?));
                Some((status["name"].as_str()?.to_owned(), address))
            })
            .collect())
    }

    /// The counters and gauges that plugins defined, a line each.
    pub(super) fn plugin_stats(&self) -> Result<Vec<String>, ParityError> {
        let said = self.ask("/stats?filter=%5Ewasmcustom").map_err(ParityError::io("asking for metrics"))?;
        let named = said.lines().filter_map(|line| {
            let (name, value) = line.strip_prefix("wasmcustom")?.rsplit_once(": ")?;
            // What is no number is a histogram, whose values wait for the next flush.
            let value: u64 = value.parse().ok()?;
            Some(format!("{}: {value}", show_bytes(name.strip_prefix('.').unwrap_or(name).as_bytes())))
        });
        Ok(named.collect())
    }

    /// How it ended, if it has; one that is writing its last words is waited for.
    pub(super) fn dying(&mut self) -> Option<String> {
        let began = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status.to_string());
            }
            let _ = self.records.read();
            let crashed = self.records.all().iter().any(|record| record.logger == "backtrace");
            match (crashed, began.elapsed()) {
                (true, waited) if waited > Duration::from_secs(20) => return Some("it crashed".to_owned()),
                (false, waited) if waited > Duration::from_secs(2) => return None,
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// The number of the main thread: the one that speaks first, for it makes the workers. Where Envoy is started by
    /// a wrapper, it is not the number of the process that we started.
    pub(super) fn main_thread(&self) -> u32 {
        self.records.all().first().map_or(self.child.id(), |record| record.thread)
    }

    pub(super) fn last_words(&mut self) -> String {
        let _ = self.records.read();
        self.records.last_words(20)
    }

    pub(super) fn late(&mut self, what: &'static str, limit: Duration) -> ParityError {
        ParityError::Late { what, seconds: limit.as_secs(), log: self.last_words() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        reaper::end(&mut self.child);
    }
}
