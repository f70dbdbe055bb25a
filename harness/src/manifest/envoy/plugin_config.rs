//! `envoy.extensions.wasm.v3.PluginConfig`: what a wasm filter says of its plugin.
//!
//! Source: Envoy 1.40, `api/envoy/extensions/wasm/v3/wasm.proto`.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::any;
use crate::document::source::Span;
use crate::manifest::istio::url::ModuleUrl;
use crate::manifest::read::Reading;
use crate::manifest::read::field::{Field, Message};
use crate::manifest::resolved::ModuleSource;
use crate::scenario::FailurePolicy;
use crate::state::Duration;

/// A plugin as Envoy is told of it.
#[derive(Clone, Debug)]
pub(crate) struct PluginConfig {
    pub(crate) name: String,
    pub(crate) root_id: String,
    pub(crate) vm_id: String,
    pub(crate) vm_config: Vec<u8>,
    pub(crate) config: Vec<u8>,
    pub(crate) code: Code,
    pub(crate) env: IndexMap<String, String>,
    /// Names whose values are those of the proxy's own process.
    pub(crate) host_env: Vec<String>,
    pub(crate) failure: FailurePolicy,
    pub(crate) fail_open: bool,
    pub(crate) reload_backoff: Option<Duration>,
    pub(crate) allow_on_headers_stop_iteration: bool,
    pub(crate) capabilities: Option<Vec<String>>,
}

/// Where its code is.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) span: Span,
    pub(crate) written: String,
    pub(crate) source: ModuleSource,
    pub(crate) sha256: Option<String>,
    /// Compiled into the proxy, as `envoy.wasm.runtime.null` has it.
    pub(crate) native: bool,
    pub(crate) remote: bool,
}

/// The words for a failure policy; nothing is the default.
const POLICIES: [(&str, Option<FailurePolicy>); 4] = [
    ("UNSPECIFIED", None),
    ("FAIL_RELOAD", Some(FailurePolicy::Reload)),
    ("FAIL_CLOSED", Some(FailurePolicy::Closed)),
    ("FAIL_OPEN", Some(FailurePolicy::Open)),
];

impl PluginConfig {
    pub(crate) fn read(field: &Field<'_>, reading: &mut Reading) -> Option<Self> {
        let before = reading.errors.len();
        let mut message = field.message(reading)?;
        let name = text(&mut message, "name", reading);
        let root_id = text(&mut message, "root_id", reading);
        let config = message.field("configuration").map(|of| any::bytes(&of, reading));
        let fail_open = flag(&mut message, "fail_open", reading);
        let policy = message.field("failure_policy").and_then(|of| of.word(&POLICIES, reading)).flatten();
        if fail_open && policy.is_some() {
            field.wrong(
                "fail_open and failure_policy exclude each other: Envoy refuses both together",
                reading,
            );
        }
        let reload_backoff = message.field("reload_config").and_then(|of| backoff(&of, reading));
        let capabilities =
            message.field("capability_restriction_config").and_then(|of| capabilities(&of, reading));
        let allow = flag(&mut message, "allow_on_headers_stop_iteration", reading);
        let vm = message.field("vm_config");
        message.close(reading);
        let Some(vm) = vm else {
            field.wrong("has no vm_config, which says where the code is", reading);
            return None;
        };
        let vm = Vm::read(&vm, reading);
        if reading.errors.len() > before {
            return None;
        }
        let vm = vm?;
        Some(Self {
            name,
            root_id,
            vm_id: vm.id,
            vm_config: vm.config,
            config: config.unwrap_or(Some(Vec::new()))?,
            code: vm.code,
            env: vm.env,
            host_env: vm.host_env,
            failure: policy.unwrap_or_default(),
            fail_open,
            reload_backoff,
            allow_on_headers_stop_iteration: allow,
            capabilities,
        })
    }
}

fn text(message: &mut Message<'_>, name: &'static str, reading: &mut Reading) -> String {
    message.field(name).and_then(|field| field.text(reading)).unwrap_or_default()
}

fn flag(message: &mut Message<'_>, name: &'static str, reading: &mut Reading) -> bool {
    message.field(name).and_then(|field| field.boolean(reading)).unwrap_or_default()
}

/// The base of `reload_config.backoff`.
fn backoff(field: &Field<'_>, reading: &mut Reading) -> Option<Duration> {
    let mut message = field.message(reading)?;
    let backoff = message.field("backoff");
    message.close(reading);
    let mut backoff = backoff?.message(reading)?;
    backoff.ignore(&["max_interval"]);
    let base = backoff.field("base_interval");
    backoff.close(reading);
    duration(&base?, reading)
}

/// A duration in protobuf's JSON form: `1.5s`.
fn duration(field: &Field<'_>, reading: &mut Reading) -> Option<Duration> {
    let text = field.text(reading)?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let parsed = text.strip_suffix('s').and_then(|number| {
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let nanos = if part.len() <= 9 { format!("{part:0<9}") } else { return None };
        (digits(whole) && digits(part)).then_some(())?;
        Some(Duration::from_secs(whole.parse().ok()?) + Duration::from_nanos(nanos.parse().ok()?))
    });
    if parsed.is_none() {
        field.wrong(format_args!("`{text}` is no duration like 1.5s"), reading);
    }
    parsed
}

fn capabilities(field: &Field<'_>, reading: &mut Reading) -> Option<Vec<String>> {
    let mut message = field.message(reading)?;
    let allowed = message.field("allowed_capabilities");
    message.close(reading);
    let names: Vec<String> = allowed?.node.entries()?.iter().map(|entry| entry.key.clone()).collect();
    // An empty map restricts nothing.
    (!names.is_empty()).then_some(names)
}

/// The part below `vm_config`.
struct Vm {
    id: String,
    config: Vec<u8>,
    code: Code,
    env: IndexMap<String, String>,
    host_env: Vec<String>,
}

impl Vm {
    fn read(field: &Field<'_>, reading: &mut Reading) -> Option<Self> {
        let mut message = field.message(reading)?;
        let id = text(&mut message, "vm_id", reading);
        let runtime = text(&mut message, "runtime", reading);
        let native = type_of_runtime(&runtime) == "null";
        let config = message.field("configuration").map(|of| any::bytes(&of, reading));
        message.ignore(&["allow_precompiled", "nack_on_code_cache_miss"]);
        let (env, host_env) = match message.field("environment_variables") {
            Some(of) => environment(&of, reading)?,
            None => (IndexMap::new(), Vec::new()),
        };
        let code = message.field("code");
        message.close(reading);
        let Some(code) = code else {
            field.wrong("has no code", reading);
            return None;
        };
        let code = Code::read(&code, native, reading)?;
        Some(Self { id, config: config.unwrap_or(Some(Vec::new()))?, code, env, host_env })
    }
}

/// `v8` of `envoy.wasm.runtime.v8`, which old files write alone.
fn type_of_runtime(runtime: &str) -> &str {
    runtime.strip_prefix("envoy.wasm.runtime.").unwrap_or(runtime)
}

fn environment(field: &Field<'_>, reading: &mut Reading) -> Option<(IndexMap<String, String>, Vec<String>)> {
    let mut message = field.message(reading)?;
    let values = match message.field("key_values") {
        Some(values) => values.texts(reading)?,
        None => IndexMap::new(),
    };
    let mut names = Vec::new();
    for item in message.field("host_env_keys").and_then(|keys| keys.items(reading)).unwrap_or_default() {
        let name = item.text(reading)?;
        if values.contains_key(&name) {
            item.wrong(
                format_args!("`{name}` is among key_values too: Envoy refuses a name with two values"),
                reading,
            );
        }
        names.push(name);
    }
    message.close(reading);
    Some((values, names))
}

impl Code {
    /// Reads an `AsyncDataSource`.
    fn read(field: &Field<'_>, native: bool, reading: &mut Reading) -> Option<Self> {
        let mut message = field.message(reading)?;
        let (local, remote) = (message.field("local"), message.field("remote"));
        message.close(reading);
        match (local, remote) {
            (Some(local), None) => Self::local(&local, native, reading),
            (None, Some(remote)) => Self::remote(&remote, reading),
            _ => {
                field.wrong("has exactly one of local and remote", reading);
                None
            }
        }
    }

    fn local(field: &Field<'_>, native: bool, reading: &mut Reading) -> Option<Self> {
        let mut message = field.message(reading)?;
        let names = ["filename", "inline_bytes", "inline_string", "environment_variable"];
        let fields: Vec<Field<'_>> = names.iter().filter_map(|name| message.field(name)).collect();
        message.ignore(&["watched_directory"]);
        message.close(reading);
        let [one] = fields.as_slice() else {
            field.wrong(format_args!("has exactly one of {}", names.join(", ")), reading);
            return None;
        };
        let name = one.path.rsplit('.').next().unwrap_or_default();
        let (source, written) = match name {
            "filename" => {
                let file = one.filled(reading)?;
                (ModuleSource::Path(PathBuf::from(&file)), file)
            }
            "inline_bytes" => {
                let bytes = any::base64(one, reading)?;
                (ModuleSource::Inline(bytes), "(inline bytes)".to_owned())
            }
            "inline_string" => {
                let text = one.text(reading)?;
                let written = if native { text.clone() } else { "(inline text)".to_owned() };
                (ModuleSource::Inline(text.into_bytes()), written)
            }
            _ => {
                let variable = one.filled(reading)?;
                let why = format!("the code is in the variable {variable} of the proxy's own environment");
                (ModuleSource::Unknown(why), format!("${variable}"))
            }
        };
        Some(Self { span: one.span().clone(), written, source, sha256: None, native, remote: false })
    }

    fn remote(field: &Field<'_>, reading: &mut Reading) -> Option<Self> {
        let mut message = field.message(reading)?;
        let uri = message.field("http_uri");
        let sha256 = text(&mut message, "sha256", reading);
        message.ignore(&["retry_policy"]);
        message.close(reading);
        let Some(http_uri) = uri else {
            field.wrong("has no http_uri", reading);
            return None;
        };
        let mut message = http_uri.message(reading)?;
        let uri = message.field("uri");
        message.ignore(&["cluster", "timeout"]);
        message.close(reading);
        let Some(uri) = uri else {
            http_uri.wrong("has no uri", reading);
            return None;
        };
        let written = uri.filled(reading)?;
        Some(Self {
            span: uri.span().clone(),
            source: ModuleSource::Url(ModuleUrl::Remote(written.clone())),
            written,
            sha256: (!sha256.is_empty()).then_some(sha256),
            native: false,
            remote: true,
        })
    }
}
