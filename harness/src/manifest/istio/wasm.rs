//! What a resource says of its module: where it comes from, its configuration, its VM.
//!
//! Source: Istio 1.32-dev, `pkg/config/validation`; the resource schema of `istio/api`.

use super::url::{ModuleUrl, UrlError};
use crate::document::istio_json;
use crate::document::source::Span;
use crate::manifest::read::Reading;
use crate::manifest::read::field::{Field, Message};
use crate::manifest::resolved::PullPolicy;
use crate::scenario::FailurePolicy;

/// A module in a chain.
#[derive(Clone, Debug)]
pub(crate) struct WasmSpec {
    /// As written.
    pub(crate) url: String,
    pub(crate) url_span: Span,
    /// What Istio makes of it; the error: the whole resource has no effect.
    pub(crate) module: Result<ModuleUrl, String>,
    /// Empty is none.
    pub(crate) sha256: Option<String>,
    pub(crate) pull_policy: PullPolicy,
    pub(crate) pull_secret: Option<String>,
    pub(crate) plugin_name: String,
    /// The text that the plugin gets.
    pub(crate) config: Vec<u8>,
    pub(crate) failure: FailurePolicy,
    pub(crate) plugin_type: PluginType,
    pub(crate) env: Vec<EnvVar>,
}

/// An environment variable of the VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnvVar {
    pub(crate) span: Span,
    pub(crate) name: String,
    /// Nothing: the value is the one that the proxy's own process has.
    pub(crate) value: Option<String>,
}

/// The chain that it belongs into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PluginType {
    Http,
    Network,
}

const PULL_POLICIES: [(&str, PullPolicy); 3] = [
    ("UNSPECIFIED_POLICY", PullPolicy::Unspecified),
    ("IfNotPresent", PullPolicy::IfNotPresent),
    ("Always", PullPolicy::Always),
];
const STRATEGIES: [(&str, FailurePolicy); 3] = [
    ("FAIL_CLOSE", FailurePolicy::Closed),
    ("FAIL_OPEN", FailurePolicy::Open),
    ("FAIL_RELOAD", FailurePolicy::Reload),
];
const TYPES: [(&str, PluginType); 3] = [
    ("UNSPECIFIED_PLUGIN_TYPE", PluginType::Http),
    ("HTTP", PluginType::Http),
    ("NETWORK", PluginType::Network),
];

/// The most bytes of a name.
const LONGEST_NAME: usize = 256;

impl WasmSpec {
    /// Reads the fields among those of `spec`.
    pub(crate) fn read(spec: &mut Message<'_>, reading: &mut Reading) -> Option<Self> {
        let url = match spec.field("url") {
            Some(field) => url(&field, reading),
            None => {
                reading.error(spec.span(), format!("{}: is missing", spec.path_of("url")));
                None
            }
        };
        let sha256 = spec.field("sha256").map(|field| sha256(&field, reading));
        let pull_policy = word(spec, "imagePullPolicy", &PULL_POLICIES, PullPolicy::Unspecified, reading);
        let pull_secret = spec.field("imagePullSecret").map(|field| sized(&field, 253, reading));
        let plugin_name = spec.field("pluginName").map(|field| sized(&field, LONGEST_NAME, reading));
        let config = match spec.field("pluginConfig") {
            Some(field) => config(&field, reading),
            None => Some(Vec::new()),
        };
        let failure = word(spec, "failStrategy", &STRATEGIES, FailurePolicy::Closed, reading);
        let plugin_type = word(spec, "type", &TYPES, PluginType::Http, reading);
        let env = spec.field("vmConfig").map(|field| vm_env(&field, reading));
        if let Some(key) = spec.field("verificationKey") {
            reading.warn(key.span(), format!("{}: Istio does not use it: nothing is verified", key.path));
        }
        let (url, url_span, module) = url?;
        Some(Self {
            url,
            url_span,
            module,
            sha256: sha256.unwrap_or(Some(None))?,
            pull_policy: pull_policy?,
            pull_secret: pull_secret.map_or(Some(None), |secret| secret.map(Some))?,
            plugin_name: plugin_name.unwrap_or(Some(String::new()))?,
            config: config?,
            failure: failure?,
            plugin_type: plugin_type?,
            env: env.unwrap_or(Some(Vec::new()))?,
        })
    }
}

fn word<T: Copy>(
    spec: &mut Message<'_>,
    name: &'static str,
    words: &[(&str, T)],
    default: T,
    reading: &mut Reading,
) -> Option<T> {
    spec.field(name).map_or(Some(default), |field| field.word(words, reading))
}

fn url(field: &Field<'_>, reading: &mut Reading) -> Option<(String, Span, Result<ModuleUrl, String>)> {
    let text = field.text(reading)?;
    let module = match ModuleUrl::read(&text) {
        Ok(module) => Ok(module),
        Err(UrlError::Dropped(why)) => {
            reading.warn(field.span(), format!("{}: {why}", field.path));
            Err(format!("its url cannot be used: {why}"))
        }
        Err(UrlError::Refused(why, hint)) => {
            let hint = hint.map(str::to_owned);
            reading.error_with(field.span(), format!("{}: {why}", field.path), hint);
            return None;
        }
    };
    Some((text, field.span().clone(), module))
}

fn sha256(field: &Field<'_>, reading: &mut Reading) -> Option<Option<String>> {
    let text = field.text(reading)?;
    if text.is_empty() {
        return Some(None);
    }
    if text.len() != 64 {
        field.wrong(format_args!("has {} characters, 64 are needed", text.chars().count()), reading);
        return None;
    }
    if !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        field.wrong("has other characters than 0-9 and a-f", reading);
        return None;
    }
    // Where the checksum is to be given, "nil" is taken for none; a check comes first that it does not pass.
    Some(Some(text))
}

/// Text of 1 to `longest` bytes.
fn sized(field: &Field<'_>, longest: usize, reading: &mut Reading) -> Option<String> {
    let text = field.filled(reading)?;
    if text.len() > longest {
        field.wrong(format_args!("has {} bytes, {longest} at most", text.len()), reading);
        return None;
    }
    Some(text)
}

fn config(field: &Field<'_>, reading: &mut Reading) -> Option<Vec<u8>> {
    field.message(reading)?;
    Some(istio_json::plugin_config(&field.json(reading)?))
}

/// Reads `vmConfig`; of several problems with its environment the first is told.
fn vm_env(field: &Field<'_>, reading: &mut Reading) -> Option<Vec<EnvVar>> {
    const MOST: usize = 256;
    let mut message = field.message(reading)?;
    let env = message.field("env");
    message.close(reading);
    let items = env.as_ref().map_or(Some(Vec::new()), |env| env.items(reading))?;
    if let Some(env) = env.filter(|_| items.len() > MOST) {
        env.wrong(format_args!("has {} items, {MOST} at most", items.len()), reading);
        return None;
    }
    let mut all: Vec<EnvVar> = Vec::new();
    for item in &items {
        let variable = env_var(item, reading)?;
        if all.iter().any(|other| other.name == variable.name) {
            item.wrong(format_args!("the name `{}` is there already", variable.name), reading);
            return None;
        }
        all.push(variable);
    }
    Some(all)
}

fn env_var(field: &Field<'_>, reading: &mut Reading) -> Option<EnvVar> {
    const LONGEST_VALUE: usize = 2048;
    let mut message = field.message(reading)?;
    let name = match message.field("name") {
        Some(name) => name.text(reading)?,
        None => String::new(),
    };
    let from_host = message
        .field("valueFrom")
        .map_or(Some(false), |from| from.word(&[("INLINE", false), ("HOST", true)], reading))?;
    let value = match message.field("value") {
        Some(value) => value.text(reading)?,
        None => String::new(),
    };
    message.close(reading);
    let wrong = if name.is_empty() {
        "the name is empty".to_owned()
    } else if name.len() > LONGEST_NAME {
        format!("the name has {} bytes, {LONGEST_NAME} at most", name.len())
    } else if from_host && !value.is_empty() {
        "a value of HOST has no `value` here: it is the proxy's own".to_owned()
    } else if value.len() > LONGEST_VALUE {
        format!("the value has {} bytes, {LONGEST_VALUE} at most", value.len())
    } else {
        return Some(EnvVar { span: field.span().clone(), name, value: (!from_host).then_some(value) });
    };
    field.wrong(wrong, reading);
    None
}
