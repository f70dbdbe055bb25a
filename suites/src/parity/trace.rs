//! Envoy's trace, read back: which callback ran in which VM, what it called, what was answered.
//!
//! The trace holds integers only and names no VM; see [`super::mark`] for how VMs are told apart.

use super::mark::{MARK, MARKS};
use super::records::Record;

/// A callback or hostcall of the trace, or a line of the log, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// How many calls are under way around it.
    pub(super) depth: usize,
    pub(super) what: What,
}

/// What an event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Callback {
        name: String,
        args: Vec<i64>,
    },
    Returned(Option<i64>),
    Hostcall {
        module: String,
        name: String,
        args: Vec<i64>,
    },
    Answered(Option<i64>),
    Log {
        level: String,
        message: Vec<u8>,
    },
    /// A callback ended with a trap, in Envoy's words.
    Trap {
        callback: String,
        message: String,
    },
}

/// What ran without anything else around it: a callback, or a function of the start, with all that it called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// The VM's mark, when there is one.
    pub(super) vm: Option<u32>,
    pub(super) events: Vec<Event>,
}

/// What ran on `thread`, in order. Blocks that no mark names belong to the VM that is marked next: they start it.
pub(super) fn blocks(records: &[Record], thread: impl Fn(u32) -> bool) -> Vec<Block> {
    let mut reader = Reader::default();
    for record in records.iter().filter(|record| record.logger == "wasm" && thread(record.thread)) {
        reader.record(record);
    }
    reader.close();
    let mut next = None;
    for block in reader.done.iter_mut().rev() {
        match block.vm {
            Some(_) => next = block.vm,
            None => block.vm = next,
        }
    }
    reader.done
}

#[derive(Default)]
struct Reader {
    done: Vec<Block>,
    block: Block,
    depth: usize,
    /// The next answer is a mark's.
    marking: bool,
}

impl Reader {
    fn record(&mut self, record: &Record) {
        let text = String::from_utf8_lossy(&record.message);
        // A plugin logs at any level, the trace's too.
        if record.message.starts_with(b"wasm log") {
            let message = record.message[b"wasm log".len()..].to_vec();
            self.push(What::Log { level: record.level.clone(), message });
        } else if record.level == "trace" {
            if let Some(call) = text.strip_prefix("[host->vm] ") {
                if let Some((name, args)) = parse_call(call) {
                    self.push(What::Callback { name, args });
                    self.depth += 1;
                }
            } else if let Some(call) = text.strip_prefix("[vm->host] ") {
                if let Some((name, args)) = parse_call(call) {
                    self.hostcall(&name, args);
                }
            } else if let Some(returned) = text.strip_prefix("[host<-vm] ") {
                self.leave(What::Returned(returned_value(returned)));
            } else if let Some(returned) = text.strip_prefix("[vm<-host] ")
                && !std::mem::take(&mut self.marking)
            {
                self.leave(What::Answered(returned_value(returned)));
            }
        } else if let Some((callback, message)) = trap(&text) {
            self.leave(What::Trap { callback, message });
        }
    }

    fn hostcall(&mut self, name: &str, args: Vec<i64>) {
        let (module, name) = name.split_once('.').unwrap_or(("env", name));
        if name == "proxy_set_effective_context"
            && let [number] = args[..]
            && let Some(mark) = u32::try_from(number).ok().and_then(|number| number.checked_sub(MARK))
            && mark < MARKS
        {
            self.block.vm.get_or_insert(mark);
            self.marking = true;
            return;
        }
        self.push(What::Hostcall { module: module.to_owned(), name: name.to_owned(), args });
        self.depth += 1;
    }

    fn push(&mut self, what: What) {
        self.block.events.push(Event { depth: self.depth, what });
    }

    fn leave(&mut self, what: What) {
        self.depth = self.depth.saturating_sub(1);
        self.push(what);
        if self.depth == 0 {
            self.close();
        }
    }

    fn close(&mut self) {
        self.depth = 0;
        let block = std::mem::take(&mut self.block);
        if !block.events.is_empty() {
            self.done.push(block);
        }
    }
}

/// `name(1, 2)`.
fn parse_call(text: &str) -> Option<(String, Vec<i64>)> {
    let (name, args) = text.trim_end().strip_suffix(')')?.split_once('(')?;
    let args = args.split(", ").filter(|arg| !arg.is_empty());
    let args = args.map(|arg| arg.parse::<i128>().ok().map(|number| number as i64)).collect::<Option<_>>()?;
    Some((name.to_owned(), args))
}

/// `name return: 1`, or `void`.
fn returned_value(text: &str) -> Option<i64> {
    text.rsplit_once("return: ")
        .and_then(|(_, value)| value.trim().parse::<i128>().ok())
        .map(|value| value as i64)
}

/// `Function: proxy_on_tick failed: Uncaught RuntimeError: unreachable`, with a backtrace behind it.
fn trap(text: &str) -> Option<(String, String)> {
    let (callback, message) = text.strip_prefix("Function: ")?.split_once(" failed: ")?;
    let message = message.lines().next().unwrap_or_default().trim_end();
    Some((callback.to_owned(), message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(level: &str, message: &str) -> Record {
        Record { thread: 1, level: level.into(), logger: "wasm".into(), message: message.into() }
    }

    #[test]
    fn marks_name_the_vm_and_leave_no_trace() {
        let trace = [
            "[host->vm] _initialize()",
            "[host<-vm] _initialize return: void",
            "[host->vm] proxy_on_context_create(1, 0)",
            "[vm->host] env.proxy_set_effective_context(2147418117)",
            "[vm<-host] env.proxy_set_effective_context return: 2",
            "[vm->host] env.proxy_get_header_map_value(0, 16, 5, 32, 36)",
            "[host->vm] proxy_on_memory_allocate(3)",
            "[host<-vm] proxy_on_memory_allocate return: 64",
            "[vm<-host] env.proxy_get_header_map_value return: 0",
            "[host<-vm] proxy_on_context_create return: void",
        ];
        let records: Vec<Record> = trace.iter().map(|line| record("trace", line)).collect();
        let blocks = blocks(&records, |thread| thread == 1);
        assert_eq!(blocks.iter().map(|block| block.vm).collect::<Vec<_>>(), [Some(5), Some(5)]);
        let depths: Vec<usize> = blocks[1].events.iter().map(|event| event.depth).collect();
        assert_eq!(depths, [0, 1, 2, 2, 1, 0]);
    }

    #[test]
    fn a_trap_ends_its_callback() {
        let records = [
            record("trace", "[host->vm] proxy_on_tick(1)"),
            record(
                "error",
                "Function: proxy_on_tick failed: Uncaught RuntimeError: unreachable\nProxy-Wasm ...",
            ),
        ];
        let blocks = blocks(&records, |_| true);
        let message = "Uncaught RuntimeError: unreachable".to_owned();
        assert_eq!(blocks[0].events[1].what, What::Trap { callback: "proxy_on_tick".into(), message });
    }
}
