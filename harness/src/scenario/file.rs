//! The objects of a scenario file as they are written, before cases are expanded.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::document::declare::document;
use super::document::error::FileErrors;
use super::document::parse::read_file;
use super::document::schema::{Defs, schema_of};
use super::document::shape::{Reader, Shape};
use super::document::source::{Node, Value};
use super::host_options::HostOptions;
use super::model::{Answers, Property, Scenario, View};
use super::plugin::{Chain, Configs, Manifests, PluginSpec, Workload};
use super::rate_limit::RateLimit;
use super::step::Step;
use super::suites::{Cost, Parity};
use super::value::clock::WallTime;
use super::value::json::editor_view;
use super::value::path::PropertyPath;
use crate::state::Duration;

document! {
    /// A file of scenarios: plugins under test, what surrounds them, and what is done with them.
    pub(crate) struct File {
        /// Files that hold only `let`: their values can be used here.
        pub(crate) import: Vec<PathBuf> = Vec::new(),
        /// Named values, used as $(name).
        pub(crate) r#let: Option<NamedValues>,
        /// The chain in request order.
        pub(crate) plugins: Option<Vec<PluginSpec>>,
        /// The manifests that the chain is resolved from, in place of `plugins`.
        pub(crate) manifests: Option<Vec<PathBuf>>,
        /// The workload that the manifests are resolved for.
        pub(crate) workload: Option<Workload>,
        /// Local modules in place of the urls of manifests.
        pub(crate) modules: Option<IndexMap<String, PathBuf>>,
        /// The names that the manifests must resolve to, in order.
        pub(crate) chain: Option<Vec<String>>,
        /// The scenarios.
        pub(crate) scenarios: ScenarioList,
        ; with
        /// What surrounds the plugins.
        pub(crate) surroundings: Surroundings
    }
}

document! {
    /// What surrounds the plugins. What a scenario says replaces what the file says.
    #[derive(Default)]
    pub(crate) struct Surroundings {
        /// What the upstream answers; left out, 200 without a body.
        pub(crate) upstream: Answers = Answers::default(),
        /// What clusters answer to calls, by name.
        pub(crate) clusters: IndexMap<String, Answers> = IndexMap::new(),
        /// Properties beside the default set.
        pub(crate) properties: PropertyList = PropertyList::default(),
        /// Real time when the host is built.
        pub(crate) clock: Option<WallTime>,
        /// Where randomness comes from.
        pub(crate) seed: u64 = 0,
        /// The options of the simulated proxy.
        pub(crate) host: HostOptions = HostOptions::default(),
    }
}

/// The keys that a scenario inherits from its file.
pub(crate) const INHERITED: [&str; 6] = ["upstream", "clusters", "properties", "clock", "seed", "host"];

document! {
    /// One scenario.
    pub(crate) struct ScenarioForm {
        /// Its name, unique in the file.
        pub(crate) name: String,
        /// One trial for each, on a host of its own; their values are used as $(name).
        pub(crate) cases: Option<CaseList>,
        /// Configurations in place of those of named plugins.
        pub(crate) configs: Configs = Configs::default(),
        /// What is done, in order. Only beside `rate_limit` may it be left out.
        pub(crate) steps: Option<Vec<Step>>,
        /// The views whose snapshots are compared.
        pub(crate) snapshot: Vec<View> = Vec::new(),
        /// Why it is not run.
        pub(crate) skip: Option<String>,
        /// Why it is known to fail; a pass is then wrong.
        pub(crate) known_failure: Option<String>,
        /// How much virtual time a step waits for its exchange.
        pub(crate) patience: Duration = Scenario::PATIENCE,
        /// What it may cost.
        pub(crate) cost: Option<Cost>,
        /// How it is compared with a real proxy.
        pub(crate) parity: Option<Parity>,
        /// The rate limiter that the plugin claims to be.
        pub(crate) rate_limit: Option<RateLimit>,
        ; with
        /// What surrounds the plugins.
        pub(crate) surroundings: Surroundings
    }
}

document! {
    /// A file of named values.
    pub(crate) struct LetFile {
        /// Named values.
        pub(crate) r#let: NamedValues,
    }
}

impl File {
    /// The chain, from `plugins` or from `manifests`.
    pub(crate) fn chain(&self, reader: &mut Reader) -> Option<Chain> {
        let beside = [
            ("workload", self.workload.is_some()),
            ("modules", self.modules.is_some()),
            ("chain", self.chain.is_some()),
        ];
        match (&self.plugins, &self.manifests) {
            (Some(_), Some(_)) => reader.fail(&self.span, "`plugins` and `manifests` exclude each other"),
            (None, None) => reader.fail(&self.span, "the key `plugins` is missing (or `manifests`)"),
            (Some(plugins), None) => match beside.iter().find(|(_, given)| *given) {
                Some((key, _)) => reader.fail(&self.span, format!("`{key}` belongs to `manifests`")),
                None => Some(Chain::Plugins(plugins.clone())),
            },
            (None, Some(manifests)) => Some(Chain::Manifests(Box::new(Manifests {
                span: self.span.clone(),
                manifests: manifests.clone(),
                workload: self.workload.clone(),
                modules: self.modules.clone().unwrap_or_default(),
                chain: self.chain.clone(),
            }))),
        }
    }
}

impl ScenarioForm {
    /// The scenario, with the plugins' configurations put in their places.
    pub(crate) fn scenario(self, case: Option<String>, chain: &Chain, reader: &mut Reader) -> Scenario {
        if self.steps.is_none() && self.rate_limit.is_none() {
            reader.complain(&self.span, "the key `steps` is missing", None);
        }
        let mut chain = chain.clone();
        if let Chain::Plugins(plugins) = &mut chain {
            for (span, name, config) in &self.configs.0 {
                match plugins.iter_mut().find(|plugin| plugin.name == *name) {
                    Some(plugin) => plugin.config.clone_from(config),
                    None => super::checks::unknown_plugin(span, name, plugins, reader),
                }
            }
        }
        Scenario {
            span: self.span,
            name: self.name,
            case,
            chain,
            configs: self.configs.0.into_iter().map(|(_, name, config)| (name, config)).collect(),
            upstream: self.surroundings.upstream,
            clusters: self.surroundings.clusters,
            properties: self.surroundings.properties.0,
            clock: self.surroundings.clock,
            seed: self.surroundings.seed,
            host: self.surroundings.host,
            steps: self.steps.unwrap_or_default(),
            snapshot: self.snapshot,
            skip: self.skip,
            known_failure: self.known_failure,
            patience: self.patience,
            cost: self.cost,
            parity: self.parity,
            rate_limit: self.rate_limit,
        }
    }
}

/// Properties: a map of dotted paths, or a list of `{path, value}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PropertyList(pub(crate) Vec<Property>);

impl Shape for PropertyList {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(entries) = node.entries() else {
            return Vec::read(node, reader).map(Self);
        };
        let read: Vec<Option<Property>> = entries
            .iter()
            .map(|entry| {
                let value = Vec::read(&entry.value, reader)?;
                Some(Property { span: entry.key_span.clone(), path: PropertyPath::dotted(&entry.key), value })
            })
            .collect();
        read.into_iter().collect::<Option<_>>().map(Self)
    }

    fn write(&self) -> Node {
        self.0.write()
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [
            {"type": "object", "additionalProperties": defs.place::<Vec<u8>>()},
            Vec::<Property>::schema(defs),
        ]})
    }
}

/// Declares a value that is kept as its node, because names are put in their places before it is read.
macro_rules! kept_as_node {
    ($($(#[$meta:meta])* $name:ident, |$defs:ident| $schema:expr;)+) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $name(pub(crate) Node);

        impl Shape for $name {
            fn read(node: &Node, _: &mut Reader) -> Option<Self> { Some(Self(node.clone())) }
            fn write(&self) -> Node { self.0.clone() }
            fn schema($defs: &mut Defs) -> Json { $schema }
        }
    )+ };
}

kept_as_node! {
    /// The values of `let`.
    NamedValues, |_defs| json!({"type": "object"});
    /// The list of scenarios.
    ScenarioList, |defs| json!({"type": "array", "minItems": 1, "items": defs.place::<ScenarioForm>()});
    /// The list of cases.
    CaseList, |defs| json!({"type": "array", "minItems": 1, "items": {
        "type": "object", "required": ["case"], "properties": {"case": defs.place::<String>()},
    }});
}

/// The items of a list, or a complaint.
pub(crate) fn items<'n>(node: &'n Node, what: &str, reader: &mut Reader) -> Option<&'n [Node]> {
    match &node.value {
        Value::Sequence(items) if items.is_empty() => reader.fail(&node.span, format!("there is no {what}")),
        Value::Sequence(items) => Some(items),
        _ => reader.expected(format!("a list of {what}s"), node),
    }
}

/// The JSON Schema (draft 2020-12) of scenario files.
#[must_use]
pub fn schema() -> Json {
    schema_of::<File>("A scenario file")
}

/// The file at `path` as plain JSON, as an editor checks it against [`schema`]: names are not put in their places.
///
/// # Errors
/// When the file is no YAML.
pub fn as_json(path: &Path) -> Result<Json, FileErrors> {
    Ok(editor_view(&read_file(path)?))
}
