//! What happens between the steps of a script: everybody does what is due, in an order in which each sees what follows
//! from the one before.

use std::time::{Duration, Instant};

use super::config::UPSTREAM;
use super::error::ParityError;
use super::exchange::Exchange;
use super::peer::Peer;
use super::play::{Done, Player};
use super::render::Ending;
use super::socket::Socket;
use super::tcp::Link;
use super::wire::Kind;

/// How long the log may show what follows from something that was done.
const ECHO: Duration = Duration::from_secs(1);

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Stream(usize),
    Call(usize),
}

impl Player<'_> {
    /// Lets time pass, doing what falls due in it.
    pub(super) fn run_until(&mut self, until: Instant) -> Done {
        loop {
            self.quiet()?;
            let now = Instant::now();
            if now >= until {
                return Ok(());
            }
            let next = self.next_due().map_or(until, |due| due.min(until));
            std::thread::sleep(next.saturating_duration_since(now));
        }
    }

    /// When something is to be done next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.exchanges.iter().filter_map(Exchange::due).chain(self.calls.due()).min()
    }

    /// Plays what is due until nothing follows from it any more. Answers whether anything happened
    /// but in the log.
    pub(super) fn quiet(&mut self) -> Result<bool, ParityError> {
        let mut happened = false;
        let mut idle = 0;
        let mut moved = Instant::now();
        let mut records = self.stage.process.records.all().len();
        while idle < 2 {
            self.refuse_calls()?;
            self.stage.settle()?;
            let count = self.stage.process.records.all().len();
            let logged = std::mem::replace(&mut records, count) != count;
            let mut busy = self.accept()?;
            busy |= self.hand_out();
            for exchange in &mut self.exchanges {
                busy |= exchange.read();
            }
            for link in &mut self.links {
                busy |= link.read();
            }
            busy |= self.calls.read();
            self.answer_what_is_complete();
            self.calls.answer();
            // One thing at a time: what follows from it comes before the next. An answer that is next in any case does not
            // wait, for how long an answer took is what plugins see in `x-envoy-upstream-service-time`.
            let next = self.next_to_answer();
            let at_once = next
                .is_some_and(|(rank, _)| Some(rank) == self.forecast.order.next(&self.answered))
                || (self.calls.due().is_none() && self.exchanges.iter().any(Exchange::begins_to_answer));
            // Timers go on for ever: what is only logged is waited for as long as it can follow from what was done.
            let follows = logged && moved.elapsed() < ECHO;
            if !(busy || follows) || at_once {
                busy |= self.act(next);
            }
            if busy {
                moved = Instant::now();
            }
            happened |= busy;
            idle = if busy || follows { 0 } else { idle + 1 };
        }
        Ok(happened)
    }

    /// Does one thing that is due. Clients go first; of those who answer, whoever the mock says.
    fn act(&mut self, next: Option<(usize, Who)>) -> bool {
        if self.exchanges.iter_mut().any(Exchange::client_acts) {
            return true;
        }
        let Some((rank, who)) = next else { return false };
        self.answered.insert(rank);
        match who {
            Who::Stream(at) => self.exchanges[at].upstream_acts(),
            Who::Call(at) => self.calls.act(at),
        }
    }

    /// Of those who have something to answer now, the one whose turn it is, and its place in the order.
    fn next_to_answer(&self) -> Option<(usize, Who)> {
        let order = &self.forecast.order;
        let ready = self.exchanges.iter().enumerate().filter(|(_, exchange)| exchange.upstream_ready());
        let streams = ready.map(|(at, exchange)| (order.of_stream(at, exchange), Who::Stream(at)));
        let calls = self.calls.ready().map(|at| (order.of_call(&self.calls.all[at]), Who::Call(at)));
        streams.chain(calls).min()
    }

    pub(super) fn refuse(&mut self, cluster: &str, refuse: bool) -> Done {
        match self.stage.server(cluster) {
            Some(server) => server.refuse(refuse).map_err(ParityError::io("listening again")),
            None => Ok(()),
        }
    }

    /// Clusters whose next answer is that nobody is there.
    fn refuse_calls(&mut self) -> Done {
        let clusters: Vec<String> = self.stage.servers.iter().map(|server| server.cluster.clone()).collect();
        for cluster in clusters.iter().filter(|cluster| *cluster != UPSTREAM) {
            let refuse = self.calls.refuses(cluster);
            self.refuse(cluster, refuse)?;
        }
        Ok(())
    }

    fn accept(&mut self) -> Result<bool, ParityError> {
        let mut accepted = Vec::new();
        for server in &self.stage.servers {
            while let Some(Ok((stream, _))) = server.listener.as_ref().map(std::net::TcpListener::accept) {
                let socket = Socket::new(stream).map_err(ParityError::io("accepting a connection"))?;
                accepted.push((server.cluster.clone(), socket));
            }
        }
        let any = !accepted.is_empty();
        for (cluster, socket) in accepted {
            if cluster == UPSTREAM {
                self.accept_for_upstream(socket)?;
            } else {
                let peer = Peer::server(socket, self.calls.protocol(&cluster));
                self.calls.connected(&cluster, peer.map_err(ParityError::io("accepting a connection"))?);
            }
        }
        Ok(any)
    }

    /// A connection to the upstream belongs to whoever waits for one.
    fn accept_for_upstream(&mut self, socket: Socket) -> Done {
        let waits = |link: &&mut Link| link.server.is_none();
        if let Some(link) = self.links.iter_mut().find(waits) {
            link.server = Some(socket);
            return Ok(());
        }
        let peer = Peer::server(socket, self.protocol);
        self.arriving.push(peer.map_err(ParityError::io("accepting a connection"))?);
        Ok(())
    }

    /// Gives the connections to the upstream to the exchanges that wait for one: where several do, to the one whose path
    /// is asked for.
    fn hand_out(&mut self) -> bool {
        let mut any = false;
        let mut still = Vec::new();
        for mut peer in std::mem::take(&mut self.arriving) {
            any |= peer.read();
            let waits = |exchange: &Exchange| exchange.upstream.is_empty() && !exchange.over();
            let waiting: Vec<usize> =
                (0..self.exchanges.len()).filter(|at| waits(&self.exchanges[*at])).collect();
            let request = peer.message(Kind::Request);
            if waiting.len() > 1 && !request.has_head && !peer.socket.closed {
                still.push(peer);
                continue;
            }
            let asked = |at: &&usize| request.path().is_some_and(|path| path == self.exchanges[**at].path);
            let at = waiting
                .iter()
                .find(asked)
                .or_else(|| waiting.iter().find(|at| Some(**at) == self.acting))
                .or(waiting.first())
                .copied()
                .or(self.acting)
                .or_else(|| self.exchanges.len().checked_sub(1));
            if let Some(at) = at {
                self.exchanges[at].upstream.push(peer);
                any = true;
            }
        }
        self.arriving = still;
        any
    }

    fn answer_what_is_complete(&mut self) {
        for at in 0..self.exchanges.len() {
            if !self.exchanges[at].awaits_answer() {
                continue;
            }
            let own = self.exchanges[at].own_answer.take();
            match own.or_else(|| self.answers.next()) {
                Some(answer) => self.exchanges[at].answer(&answer, Ending::Ends),
                None => self.exchanges[at].upstream_leaves(),
            }
        }
    }
}
