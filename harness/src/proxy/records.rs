//! Writing into the transcript, as far as its detail asks for it, and the dates that messages carry.

use super::http_date::{HttpDate, http_date};
use super::ids::{StreamId, VmIndex};
use super::reply::LocalReply;
use super::request_head::{Known, as_sent};
use super::transcript::{Detail, Kind, Party, What};
use super::{ChainPlugin, Proxy};
use crate::abi::LogLevel;
use crate::state::{Fields, Request};

impl Proxy {
    /// Realtime as an HTTP date; none beyond the year 9999. Written anew when the second is another.
    pub(super) fn http_date(&mut self) -> Option<HttpDate> {
        let second = self.clock.realtime() / 1_000_000_000;
        match self.date {
            Some((known, date)) if known == second => Some(date),
            _ => {
                let date = http_date(second)?;
                self.date = Some((second, date));
                Some(date)
            }
        }
    }

    /// A log line of a plugin, or of whatever the effective context is.
    pub(crate) fn log(&mut self, vm: VmIndex, level: LogLevel, message: &[u8]) {
        if level < self.options.log_level || !self.transcript.records(Detail::Log) {
            return;
        }
        let plugin = self.vm(vm).effective().and_then(|context| self.plugin_behind(context));
        let plugin = plugin.map(|plugin| {
            let ChainPlugin { name, logged_as, .. } = &mut self.plugins[plugin.0];
            self.transcript.put_again(name.as_bytes(), logged_as)
        });
        // Where calls are recorded, the line stands there already as an argument.
        let message = self.transcript.put_or_end(message);
        self.record(Kind::Log { vm, plugin, level, message });
    }

    pub(crate) fn record(&mut self, kind: Kind) {
        if self.transcript.detail() > Detail::Off {
            self.transcript.push(self.clock.now(), kind);
        }
    }

    /// A step of the script begins.
    pub(crate) fn record_step(&mut self, words: &dyn std::fmt::Display) {
        if self.transcript.records(Detail::Http) {
            let text = self.transcript.put(words.to_string().as_bytes());
            self.record(Kind::Step { text });
        }
    }

    /// As [`Self::record_step`], of the request that is expected: what is recorded of one sent before is kept.
    pub(crate) fn record_sending(&mut self, words: &dyn std::fmt::Display) {
        if !self.transcript.records(Detail::Http) {
            return;
        }
        let text = match self.known.as_mut().and_then(Known::step) {
            Some(known) => {
                let words = known.get_or_insert_with(|| words.to_string());
                self.transcript.put(words.as_bytes())
            }
            None => self.transcript.put(words.to_string().as_bytes()),
        };
        self.record(Kind::Step { text });
    }

    /// The client sends the head of `request`.
    pub(super) fn record_head_sent(&mut self, stream: StreamId, request: &Request, end_stream: bool) {
        if !self.transcript.records(Detail::Http) {
            return;
        }
        let known = self.known.as_mut().filter(|known| known.is(request));
        let data = match known {
            Some(known) => self.transcript.put_fields(known.sent()),
            None => self.transcript.put_fields(&as_sent(request)),
        };
        self.record(Kind::Message {
            stream,
            party: Party::ClientSends,
            what: What::Head { end_stream },
            data,
        });
    }

    pub(super) fn record_part(&mut self, stream: StreamId, party: Party, what: What, bytes: &[u8]) {
        if self.transcript.records(Detail::Http) {
            let data = self.transcript.put(bytes);
            self.record(Kind::Message { stream, party, what, data });
        }
    }

    pub(crate) fn record_data(&mut self, stream: StreamId, party: Party, bytes: &[u8], end_stream: bool) {
        self.record_part(stream, party, What::Data { end_stream }, bytes);
    }

    pub(crate) fn record_fields(&mut self, stream: StreamId, party: Party, what: What, fields: &Fields) {
        if self.transcript.records(Detail::Http) {
            let data = self.transcript.put_fields(fields);
            self.record(Kind::Message { stream, party, what, data });
        }
    }

    pub(crate) fn record_local_reply(&mut self, stream: StreamId, reply: &LocalReply) {
        if self.transcript.records(Detail::Http) {
            let name = reply.plugin.map_or(String::new(), |plugin| self.plugin(plugin).name.clone());
            let plugin = self.transcript.put(name.as_bytes());
            let details = self.transcript.put(&reply.details);
            self.record(Kind::LocalResponse { stream, plugin, status: reply.status, details });
        }
        if reply.plugin.is_some() {
            self.local_replies.push((stream, reply.clone()));
        }
    }
}
