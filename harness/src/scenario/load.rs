//! From a file to its scenarios: names put in their places, cases expanded, the file's values inherited.

use std::path::{Component, Path, PathBuf};

use super::checks;
use super::document::error::{FileErrors, ScenarioError};
use super::document::names::{Named, Names, Origin};
use super::document::parse::{parse, read_file};
use super::document::shape::{Reader, Shape};
use super::document::source::{Entry, Node, Span, Value};
use super::file::{File, INHERITED, LetFile, ScenarioForm, items};
use super::model::{Scenario, ScenarioFile};
use super::plugin::Chain;

/// Reads the scenario file at `path`, with all that it names: imports, bodies, configurations. Modules and manifests
/// are not opened.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn load(path: &Path) -> Result<ScenarioFile, FileErrors> {
    read(path, read_file(path)?)
}

/// Reads `text` as if it were the content of the file at `path`.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn load_text(path: &Path, text: &str) -> Result<ScenarioFile, FileErrors> {
    read(path, parse(path, text.to_owned())?)
}

fn read(path: &Path, root: Node) -> Result<ScenarioFile, FileErrors> {
    let mut loader = Loader { names: Names::default(), reader: Reader::default() };
    let scenarios = loader.file(&root);
    let mut errors = loader.reader.errors;
    match scenarios {
        Some(scenarios) if errors.is_empty() => Ok(ScenarioFile { path: path.to_path_buf(), scenarios }),
        _ => {
            if errors.is_empty() {
                errors.push(ScenarioError::whole(path, "the file cannot be read"));
            }
            Err(FileErrors::new(path, errors))
        }
    }
}

/// `a/../b` as `b`, where it is the same file: not where `a` is a link to elsewhere.
fn shortened(path: PathBuf) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        match (part, short.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                short.pop();
            }
            _ => short.push(part),
        }
    }
    let same = path.canonicalize().is_ok_and(|long| short.canonicalize().is_ok_and(|short| long == short));
    if same { short } else { path }
}

struct Loader {
    names: Names,
    reader: Reader,
}

impl Loader {
    fn file(&mut self, root: &Node) -> Option<Vec<Scenario>> {
        if root.entries().is_none() {
            return self.reader.expected("a mapping with `plugins` and `scenarios`", root);
        }
        self.imports(root);
        if let Some(values) = root.get("let") {
            self.define(values, Origin::Own);
        }
        let resolved = self.resolve_but(root, &["import", "let", "scenarios"]);
        let file = resolved.as_ref().and_then(|node| File::read(node, &mut self.reader));
        // The scenarios are read even if the file around them is wrong, so that one run tells all.
        let chain = match &file {
            Some(file) => {
                let chain = file.chain(&mut self.reader);
                chain.iter().for_each(|chain| checks::plugins(chain, &mut self.reader));
                chain
            }
            None => None,
        };
        let inherited: Vec<Entry> = resolved
            .iter()
            .flat_map(|node| node.entries().unwrap_or_default())
            .filter(|entry| INHERITED.contains(&entry.key.as_str()))
            .cloned()
            .collect();
        let mut scenarios = Vec::new();
        if let Some(list) = root.get("scenarios") {
            let list = self.names.open(list, &mut self.reader.errors)?;
            for node in items(&list, "scenario", &mut self.reader)? {
                if let Some(node) = self.names.open(node, &mut self.reader.errors) {
                    self.scenario(&node, &inherited, chain.as_ref(), &mut scenarios);
                }
            }
        }
        self.unique(&scenarios);
        self.reader.errors.extend(self.names.unused());
        file.map(|_| scenarios)
    }

    fn imports(&mut self, root: &Node) {
        let Some(Value::Sequence(imports)) = root.get("import").map(|node| &node.value) else { return };
        for import in imports {
            let Some(path) = PathBuf::read(import, &mut self.reader) else { continue };
            let path = shortened(path);
            let file = match read_file(&path) {
                Ok(node) => LetFile::read(&node, &mut self.reader),
                Err(errors) => {
                    // A file that cannot be opened is an error of the line that names it.
                    for mut error in errors.errors {
                        if error.line == 0 {
                            let message = format!("{}: {}", path.display(), error.message);
                            error = ScenarioError::at(&import.span, message);
                        }
                        self.reader.errors.push(error);
                    }
                    None
                }
            };
            if let Some(file) = file {
                self.define(&file.r#let.0, Origin::Imported);
            }
        }
    }

    fn define(&mut self, values: &Node, origin: Origin) {
        let Some(entries) = values.entries() else {
            let _: Option<()> = self.reader.expected("a mapping of names to values", values);
            return;
        };
        for Entry { key, key_span, value } in entries {
            let named = Named { span: key_span.clone(), node: value.clone(), origin };
            if let Err(error) = self.names.define(key, named) {
                self.reader.errors.push(error);
            }
        }
    }

    /// A mapping with names put in their places, but not in the values of `kept`.
    fn resolve_but(&mut self, node: &Node, kept: &[&str]) -> Option<Node> {
        let (kept, others): (Vec<Entry>, Vec<Entry>) = match &node.value {
            Value::Mapping(entries) => entries.iter().cloned().partition(|e| kept.contains(&e.key.as_str())),
            _ => return self.names.resolve(node, &mut self.reader.errors),
        };
        let others = Node { span: node.span.clone(), value: Value::Mapping(others) };
        let mut resolved = self.names.resolve(&others, &mut self.reader.errors)?;
        if let Value::Mapping(entries) = &mut resolved.value {
            entries.extend(kept);
        }
        Some(resolved)
    }

    fn scenario(&mut self, node: &Node, inherited: &[Entry], chain: Option<&Chain>, out: &mut Vec<Scenario>) {
        let Some(cases) = node.get("cases") else {
            out.extend(self.trial(node, None, inherited, chain));
            return;
        };
        let Some(cases) = self.names.resolve(cases, &mut self.reader.errors) else { return };
        let Some(cases) = items(&cases, "case", &mut self.reader) else { return };
        let mut unused: Option<Vec<(String, Span)>> = None;
        for case in cases {
            let Some(name) = self.begin_case(case) else {
                self.names.end_case();
                continue;
            };
            out.extend(self.trial(node, Some(name), inherited, chain));
            let rest = self.names.end_case();
            let rest = case.entries().unwrap_or_default().iter().filter(|entry| rest.contains(&entry.key));
            let rest: Vec<(String, Span)> = rest.map(|e| (e.key.clone(), e.key_span.clone())).collect();
            unused.get_or_insert_default().extend(rest);
        }
        for (name, span) in unused.into_iter().flatten() {
            let hint = format!("write $({name}) where it belongs, or take it out");
            self.reader.complain(&span, format!("nothing uses `{name}`"), Some(hint));
        }
    }

    /// Makes the values of a case known; gives its name.
    fn begin_case(&mut self, case: &Node) -> Option<String> {
        let Some(entries) = case.entries() else {
            return self.reader.expected("a mapping with `case` and named values", case);
        };
        let Some(name) = case.get("case") else {
            return self.reader.fail(&case.span, "the key `case` is missing");
        };
        let name = String::read(name, &mut self.reader)?;
        let before = self.reader.errors.len();
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            self.reader.complain(&case.span, "the name of a case is one line of text", None);
        }
        for Entry { key, key_span, value } in entries.iter().filter(|entry| entry.key != "case") {
            let named = Named { span: key_span.clone(), node: value.clone(), origin: Origin::Case };
            if let Err(error) = self.names.define(key, named) {
                self.reader.errors.push(error);
            }
        }
        (self.reader.errors.len() == before).then_some(name)
    }

    fn trial(
        &mut self,
        node: &Node,
        case: Option<String>,
        inherited: &[Entry],
        chain: Option<&Chain>,
    ) -> Option<Scenario> {
        let mut node = self.resolve_but(node, &["cases"])?;
        if let Value::Mapping(entries) = &mut node.value {
            for entry in inherited {
                if !entries.iter().any(|own| own.key == entry.key) {
                    entries.push(entry.clone());
                }
            }
        }
        self.reader.http1_trailers.clear();
        self.reader.responding.clear();
        let form = ScenarioForm::read(&node, &mut self.reader)?;
        let scenario = form.scenario(case, chain?, &mut self.reader);
        checks::scenario(&scenario, &mut self.reader);
        Some(scenario)
    }

    fn unique(&mut self, scenarios: &[Scenario]) {
        for (index, scenario) in scenarios.iter().enumerate() {
            if let Some(first) = scenarios[..index].iter().find(|other| other.label() == scenario.label()) {
                let message = format!(
                    "two scenarios have the name `{}`, the first in line {}",
                    scenario.label(),
                    first.span.line()
                );
                self.reader.complain(&scenario.span, message, None);
            }
        }
    }
}
