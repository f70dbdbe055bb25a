//! How often callbacks and hostcalls were called.

use indexmap::IndexMap;

use super::Bench;
use crate::abi::Status;
use crate::proxy::transcript::Kind;
use crate::scenario::{CallbackExpectation, HostcallExpectation, Quantity};

/// A callback or hostcall that was made.
struct Made {
    name: &'static str,
    /// The plugin's name; the VM's where no context is known.
    plugin: String,
    /// What a hostcall answered; nothing for those that have no status, and when a trap came first.
    status: Option<Status>,
}

impl Bench<'_> {
    pub(super) fn callbacks(&mut self, expected: &[CallbackExpectation]) {
        if expected.is_empty() {
            return;
        }
        let (callbacks, _) = self.made();
        for (at, wanted) in expected.iter().enumerate() {
            let of_plugin = |made: &&Made| wanted.plugin.as_ref().is_none_or(|plugin| *plugin == made.plugin);
            let mine: Vec<&Made> = callbacks.iter().filter(of_plugin).collect();
            let count = mine.iter().filter(|made| made.name == wanted.name).count() as u64;
            if fits(wanted.count.as_ref(), count) {
                continue;
            }
            let by_others = callbacks.iter().filter(|made| made.name == wanted.name);
            let nearest = (count == 0).then(|| others(by_others)).flatten();
            let because = tally(mine.iter().map(|made| made.name.to_owned()));
            let expected =
                format!("{}{} {}", wanted.name, of(wanted.plugin.as_ref()), times(wanted.count.as_ref()));
            let failure = self.fail(&wanted.span, format!("callbacks[{at}]"), expected, called(count));
            failure.because = because;
            failure.nearest = nearest;
        }
    }

    pub(super) fn hostcalls(&mut self, expected: &[HostcallExpectation]) {
        if expected.is_empty() {
            return;
        }
        let (_, hostcalls) = self.made();
        for (at, wanted) in expected.iter().enumerate() {
            let of_plugin = |made: &&Made| wanted.plugin.as_ref().is_none_or(|plugin| *plugin == made.plugin);
            let named: Vec<&Made> =
                hostcalls.iter().filter(of_plugin).filter(|made| made.name == wanted.name).collect();
            let with_status = |made: &&&Made| wanted.status.is_none_or(|status| made.status == Some(status));
            let count = named.iter().filter(with_status).count() as u64;
            if fits(wanted.count.as_ref(), count) {
                continue;
            }
            let status = wanted.status.map_or(String::new(), |status| format!(" -> {status}"));
            let expected = format!(
                "{}{status}{} {}",
                wanted.name,
                of(wanted.plugin.as_ref()),
                times(wanted.count.as_ref())
            );
            let nearest = match wanted.status {
                Some(_) if count < named.len() as u64 => {
                    Some(format!("with other statuses {}", called(named.len() as u64 - count)))
                }
                _ if named.is_empty() => others(hostcalls.iter().filter(|made| made.name == wanted.name)),
                _ => None,
            };
            let because = match named.is_empty() {
                true => tally(hostcalls.iter().filter(of_plugin).map(|made| made.name.to_owned())),
                false => tally(named.iter().map(|made| match made.status {
                    Some(status) => format!("{} -> {status}", made.name),
                    None => made.name.to_owned(),
                })),
            };
            let failure = self.fail(&wanted.span, format!("hostcalls[{at}]"), expected, called(count));
            failure.because = because;
            failure.nearest = nearest;
        }
    }

    /// All calls of the stage, each with the plugin whose callback it is or was made in.
    fn made(&self) -> (Vec<Made>, Vec<Made>) {
        let names: Vec<&str> = self.host.plugins().collect();
        let transcript = self.host.transcript();
        let (mut callbacks, mut hostcalls): (Vec<Made>, Vec<Made>) = (Vec::new(), Vec::new());
        // Whose callbacks are running, and which hostcalls wait for their answer, innermost last.
        let (mut running, mut waiting): (Vec<String>, Vec<usize>) = (Vec::new(), Vec::new());
        for event in &transcript.events()[self.stage.events()] {
            match event.kind {
                Kind::Callback { vm, callback, plugin, .. } => {
                    let known =
                        plugin.and_then(|at| names.get(usize::from(at))).map(|name| (*name).to_owned());
                    let outer =
                        || running.last().cloned().unwrap_or_else(|| transcript.vm_name(vm).to_owned());
                    let plugin = known.unwrap_or_else(outer);
                    running.push(plugin.clone());
                    callbacks.push(Made { name: callback.name(), plugin, status: None });
                }
                Kind::Returned { .. } => drop(running.pop()),
                Kind::Hostcall { vm, row, .. } => {
                    let plugin =
                        running.last().map_or_else(|| transcript.vm_name(vm).to_owned(), Clone::clone);
                    waiting.push(hostcalls.len());
                    hostcalls.push(Made { name: row.name, plugin, status: None });
                }
                Kind::Answered { status, .. } => {
                    if let Some(at) = waiting.pop() {
                        hostcalls[at].status = status;
                    }
                }
                Kind::Unimplemented { vm, row } => {
                    let plugin =
                        running.last().map_or_else(|| transcript.vm_name(vm).to_owned(), Clone::clone);
                    hostcalls.push(Made { name: row.name, plugin, status: Some(Status::Unimplemented) });
                }
                Kind::Trap { .. } => {
                    running.clear();
                    waiting.clear();
                }
                _ => {}
            }
        }
        (callbacks, hostcalls)
    }
}

/// Left out, at least once.
fn fits(expected: Option<&Quantity<u64>>, count: u64) -> bool {
    expected.map_or(count > 0, |expected| expected.matches(&count))
}

fn times(expected: Option<&Quantity<u64>>) -> String {
    match expected.map(Quantity::describe) {
        None => "at least once".to_owned(),
        Some(count) if count == "0" => "never".to_owned(),
        Some(count) if count == "1" => "once".to_owned(),
        Some(count) => format!("{count} times"),
    }
}

fn called(count: u64) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        more => format!("{more} times"),
    }
}

fn of(plugin: Option<&String>) -> String {
    plugin.map_or(String::new(), |plugin| format!(" of {plugin}"))
}

/// The other plugins that have this call.
fn others<'m>(made: impl Iterator<Item = &'m Made>) -> Option<String> {
    let mut count: IndexMap<&str, u64> = IndexMap::new();
    made.for_each(|made| *count.entry(&made.plugin).or_default() += 1);
    let all: Vec<String> =
        count.iter().map(|(plugin, count)| format!("{plugin}: {}", called(*count))).collect();
    (!all.is_empty()).then(|| format!("by other plugins: {}", all.join(", ")))
}

/// What was called instead, and how often.
fn tally(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut count: IndexMap<String, u64> = IndexMap::new();
    names.for_each(|name| *count.entry(name).or_default() += 1);
    if count.is_empty() {
        return vec!["nothing was called".to_owned()];
    }
    count.iter().map(|(name, count)| format!("{name}: {}", called(*count))).collect()
}
