//! Single events as text, for reports that pick the few that explain something.

use std::fmt::Write as _;

use super::abi::call;
use super::event::{Kind, Party, What};
use super::{Event, Transcript};
use crate::proxy::ids::StreamId;

impl Transcript {
    /// The lines of one event, as the views show it.
    #[must_use]
    pub fn lines_of(&self, index: usize) -> Vec<String> {
        let Some(event) = self.events().get(index) else { return Vec::new() };
        let mut out = String::new();
        self.http_event(&mut out, event);
        self.log_event(&mut out, event);
        match event.kind {
            Kind::Callback { vm, callback, args, len, .. } => {
                let call = call(callback, &args[..usize::from(len)]);
                let _ = writeln!(out, "[{}] {} {call}", event.at, self.vm_name(vm));
            }
            Kind::Hostcall { row, args, .. } => {
                let _ = writeln!(out, "[{}] {}({})", event.at, row.name, self.arguments(row, args));
            }
            _ => {}
        }
        out.lines().map(str::to_owned).collect()
    }

    /// The part of a stream's message that `party` sent or received, the last if there are several.
    #[must_use]
    pub fn part_of(&self, stream: StreamId, party: Party, is: impl Fn(What) -> bool) -> Option<usize> {
        self.events().iter().rposition(|Event { kind, .. }| match *kind {
            Kind::Message { stream: of, party: by, what, .. } => of == stream && by == party && is(what),
            _ => false,
        })
    }

    /// The local response that answered a stream, the last if there are several.
    #[must_use]
    pub fn local_response_of(&self, stream: StreamId) -> Option<usize> {
        self.events()
            .iter()
            .rposition(|event| matches!(event.kind, Kind::LocalResponse { stream: of, .. } if of == stream))
    }
}
