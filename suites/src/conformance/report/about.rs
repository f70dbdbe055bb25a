//! The module that was examined, in words.

use proxy_wasm_harness::vm::{Inspection, Language};

use crate::conformance::lab::Subject;

/// What a report says of the module and the examination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The module's path.
    pub place: String,
    /// SHA-256 of its binary form, in hexadecimal.
    pub sha256: String,
    /// Bytes of its binary form.
    pub size: usize,
    /// The source language, guessed.
    pub language: &'static str,
    /// The SDK, as the module names it; empty when it names none.
    pub sdk: String,
    /// The ABI version; empty when a host knows none.
    pub abi: String,
    /// The host profile.
    pub profile: &'static str,
    /// Where randomness came from.
    pub seed: u64,
    /// What the untouched runs used: callbacks, hostcalls, bytes of memory.
    pub cost: [u64; 3],
}

impl About {
    /// Of this plugin at this path.
    #[must_use]
    pub fn of(place: &str, subject: &Subject) -> Self {
        let about = &subject.inspection;
        let cost = subject.lab().map_or([0; 3], |lab| {
            let memory = lab.oracles.iter().flat_map(|oracle| oracle.memory.iter().copied()).max();
            [
                lab.habits.callbacks.values().sum(),
                lab.habits.hostcalls.values().sum(),
                memory.unwrap_or_default(),
            ]
        });
        Self {
            place: place.to_owned(),
            sha256: about.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            size: about.size,
            language: about.language.name(),
            sdk: sdk(about),
            abi: about.abi_version.map_or_else(String::new, |version| version.to_string()),
            profile: subject.options.profile.name,
            seed: subject.options.seed,
            cost,
        }
    }
}

/// The SDK: by the producers section, else by what only one SDK leaves behind.
fn sdk(about: &Inspection) -> String {
    let named = about.declared.producers.iter().find(|[field, ..]| field == "sdk");
    if let Some([_, name, version]) = named {
        return format!("{name} {version}").trim().to_owned();
    }
    let guess = match about.language {
        Language::Rust => "proxy-wasm (Rust)",
        Language::Go => "proxy-wasm-go-sdk",
        Language::TinyGo => "proxy-wasm-go-sdk (TinyGo)",
        Language::AssemblyScript => "proxy-runtime",
        _ => "",
    };
    // Every SDK exports all callbacks; a module without one exports what it uses.
    let exports = |name: &str| about.declared.function(name).is_some();
    let all =
        ["proxy_on_tick", "proxy_on_queue_ready", "proxy_on_http_call_response", "proxy_on_new_connection"];
    if all.iter().all(|name| exports(name)) { guess.to_owned() } else { String::new() }
}
