//! Checks of the module itself, and of its start.

use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::scenario::{StartOutcome, StepKind};
use proxy_wasm_harness::vm::{EntryPoint, Language, LoadError};

use super::lab::{NoLab, Subject};
use super::profile::{ENVOY, PROFILES};
use super::tally::Tally;
use super::transform::streams::step;

/// The module is one that Envoy loads.
pub static ADMISSION: Check<Subject> = Check {
    requirement: Requirement {
        id: "loading/admission",
        level: Level::Must,
        sentence: "The module exports one known ABI version and an allocator, and every export that hosts look up has \
                   the type that they expect.",
        source: Source::Abi("Integration"),
        evidence: &["tetratelabs/proxy-wasm-go-sdk#70", "proxy-wasm/test-framework#2"],
        exercises: "reads the module's declarations",
        bad: "exporting proxy_on_tick with a result, or no proxy_abi_version_*",
        good: "let the SDK write the exports",
    },
    judge: |subject| {
        let mut tally = Tally::of("modules read");
        tally.tried();
        for error in subject.inspection.envoy.iter().filter(|error| !of_import(error)) {
            tally.found(Finding::new(error.to_string()));
        }
        tally.judged()
    },
};

fn of_import(error: &LoadError) -> bool {
    matches!(
        error,
        LoadError::UnknownImport { .. }
            | LoadError::ImportOfOtherVersion { .. }
            | LoadError::ImportType { .. }
    )
}

/// Every import is met by Envoy.
pub static IMPORTS: Check<Subject> = Check {
    requirement: Requirement {
        id: "loading/imports",
        level: Level::Must,
        sentence: "Everything that the module imports exists in its ABI version, with that type.",
        source: Source::Abi("Functions implemented in the host"),
        evidence: &[
            "apache/apisix#9505",
            "higress-group/proxy-wasm-go-sdk#17",
            "tetratelabs/proxy-wasm-go-sdk#2",
        ],
        exercises: "compares the imports with those that Envoy offers",
        bad: "importing env.abort, or proxy_get_log_level in a module for ABI 0.2.0",
        good: "import what the ABI version has, and nothing else",
    },
    judge: |subject| {
        let mut tally = Tally::of("imports");
        for import in &subject.inspection.imports {
            tally.tried();
            if let Some(objection) = &import.objection {
                tally.found(Finding::new(objection.to_string()));
            }
        }
        tally.judged()
    },
};

/// Every import is met on the other hosts, too.
pub static PORTABILITY: Check<Subject> = Check {
    requirement: Requirement {
        id: "loading/portability",
        level: Level::Should,
        sentence: "The module calls nothing that some proxy does not have.",
        source: Source::Field,
        evidence: &["Kong/ngx_wasm_module#454", "apache/apisix#9505"],
        exercises: "compares the hostcalls that the module imports with what each host profile has",
        bad: "a plugin for nginx that imports proxy_grpc_call: the call traps there",
        good: "import gRPC and foreign functions only in plugins that are for Envoy",
    },
    judge: |subject| {
        let mut tally = Tally::of("imported hostcalls");
        let ours = subject.inspection.imports.iter().filter(|import| import.import.module == "env");
        let names: Vec<&str> =
            ours.filter(|import| import.section.is_some()).map(|import| &*import.import.name).collect();
        names.iter().for_each(|_| tally.tried());
        for profile in PROFILES.into_iter().filter(|profile| profile.name != ENVOY.name) {
            let lacking: Vec<&str> = names.iter().copied().filter(|name| profile.lacks(name)).collect();
            if !lacking.is_empty() {
                let then = if profile.unsupported_traps {
                    "a call of it traps"
                } else {
                    "a call of it does nothing"
                };
                let message = format!("{} has no {}: {then}", profile.name, lacking.join(", "));
                tally.found(Finding::new(message).on(vec![profile.name]));
            }
        }
        tally.judged()
    },
};

/// The module is initialised by a function that hosts call.
pub static ENTRY_POINT: Check<Subject> = Check {
    requirement: Requirement {
        id: "loading/entry-point",
        level: Level::Should,
        sentence: "The module is initialised by `_initialize`, or by a `_start` that returns.",
        source: Source::Envoy("_initialize is called first; _start only where there is none"),
        evidence: &["higress-group/proxy-wasm-go-sdk#17", "tetratelabs/proxy-wasm-go-sdk#2"],
        exercises: "reads the module's exports and imports",
        bad: "a WASI command: its `_start` ends with proc_exit, which Envoy does not allow there",
        good: "build a reactor: Rust `crate-type = [\"cdylib\"]`, Go `-buildmode=c-shared`, C++ `-mexec-model=reactor`",
    },
    judge: |subject| {
        let about = &subject.inspection;
        let mut tally = Tally::of("entry points");
        let exits = about.imports.iter().any(|import| import.import.name == "proc_exit");
        match about.entry_point {
            EntryPoint::Reactor { .. } => tally.tried(),
            EntryPoint::Command => {
                tally.tried();
                if exits {
                    tally.found(Finding::new(
                        "the module starts by `_start` and imports `proc_exit`: a program that exits does not load",
                    ));
                }
            }
            EntryPoint::None => {
                let constructors = about.declared.function("__wasm_call_ctors").is_some();
                if constructors
                    || matches!(
                        about.language,
                        Language::Rust | Language::Go | Language::TinyGo | Language::Cpp
                    )
                {
                    tally.tried();
                    if !about.declared.start_function {
                        tally.found(Finding::new(
                            "nothing is called first: what has to be initialised is not",
                        ));
                    }
                }
            }
        }
        tally.judged()
    },
};

/// Functions have names.
pub static NAMES: Check<Subject> = Check {
    requirement: Requirement {
        id: "loading/names",
        level: Level::Info,
        sentence: "The module keeps its function names, so that the backtrace of a trap can be read.",
        source: Source::Field,
        evidence: &["istio/istio#54490"],
        exercises: "looks for the name section",
        bad: "`strip = true` in the release profile",
        good: "`strip = \"debuginfo\"`; `wasm-opt -g`",
    },
    judge: |subject| {
        let about = &subject.inspection;
        if about.language == Language::Go {
            return Judged::NotApplicable("Go prints its own backtraces".to_owned());
        }
        let mut tally = Tally::of("modules read");
        tally.tried();
        if !about.declared.has_names {
            tally.found(Finding::new("the module has no function names: a trap shows `<wasm function 7>`"));
        }
        tally.judged()
    },
};

/// The plugin starts as it is configured.
pub static START: Check<Subject> = Check {
    requirement: Requirement {
        id: "loading/start",
        level: Level::Must,
        sentence: "The plugin starts and takes the configuration that it is given.",
        source: Source::Abi("Configuration"),
        evidence: &["tetratelabs/proxy-wasm-go-sdk#360", "istio/istio#55604"],
        exercises: "starts the plugin: entry point, proxy_on_vm_start, proxy_on_configure",
        bad: "a panic, or a hostcall that is not allowed yet, while the module starts",
        good: "do in proxy_on_configure what can fail, and answer false with a log line",
    },
    judge: |subject| {
        let mut tally = Tally::of("starts");
        match subject.no_lab() {
            None => {
                let about = &subject.inspection;
                let starts = about.callbacks.iter().any(|callback| {
                    use proxy_wasm_harness::abi::CallbackId as C;
                    matches!(
                        callback.id,
                        C::Initialize | C::Start | C::ContextCreate | C::VmStart | C::Configure
                    )
                });
                if starts {
                    tally.tried();
                }
                tally.judged()
            }
            Some(NoLab::NoStart(_, no, configured)) if !no.trapped && !configured => Judged::Inconclusive(
                format!("it takes no empty configuration: give it one ({})", super::lab::first_line(&no.why)),
            ),
            Some(NoLab::NoStart(world, no, _)) => {
                tally.tried();
                let steps = vec![step(StepKind::Start(StartOutcome::Ok))];
                let finding = Finding::new(super::lab::first_line(&no.why).to_owned());
                tally.found(finding.evidence(no.log.clone()).reproduction(world.script("it starts", steps)));
                tally.judged()
            }
            Some(NoLab::Unloadable(error)) => Judged::Skipped(format!("it does not load: {error}")),
            Some(NoLab::Scenarios(why)) => Judged::Skipped(why.clone()),
        }
    },
};
