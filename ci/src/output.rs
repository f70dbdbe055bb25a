//! Where results go: standard output, styled where it is a terminal.
//!
//! When the reader goes away (`| head -1`), the rest is dropped in silence and the work goes on: the exit code still
//! says what it would have said, and files that were asked for are still written whole.

use std::io::{self, BufWriter, Write};

use crate::error::Error;

/// Standard output.
pub(crate) struct Output {
    to: BufWriter<Box<dyn Write>>,
    closed: bool,
    failed: Option<io::Error>,
}

impl Output {
    /// Standard output, with styles when the terminal or `--color` wants them.
    pub(crate) fn stdout() -> Self {
        Self::to(Box::new(anstream::stdout()))
    }

    fn to(to: Box<dyn Write>) -> Self {
        Self { to: BufWriter::new(to), closed: false, failed: None }
    }

    /// Writes `text` as it is.
    pub(crate) fn text(&mut self, text: &str) {
        if !self.closed {
            let done = self.to.write_all(text.as_bytes());
            self.note(done);
        }
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, line: &str) {
        self.text(line);
        self.text("\n");
    }

    /// Lets the reader see what has been written.
    pub(crate) fn flush(&mut self) {
        if !self.closed {
            let done = self.to.flush();
            self.note(done);
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When anything could not be written for another reason than a reader that went away.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.flush();
        self.failed.take().map_or(Ok(()), |error| Err(Error::Stdout(error)))
    }

    fn note(&mut self, done: io::Result<()>) {
        if let Err(error) = done {
            self.closed = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.failed = Some(error);
            }
        }
    }
}

impl Drop for Output {
    /// A buffer that could not be written is not tried again: its writer would complain.
    fn drop(&mut self) {
        if self.closed {
            let gone = BufWriter::new(Box::new(io::sink()) as Box<dyn Write>);
            let (_, _) = std::mem::replace(&mut self.to, gone).into_parts();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is() {
        for (kind, fine) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
            let mut out = Output::to(Box::new(Broken(kind)));
            out.line("one");
            out.flush();
            out.line("two");
            assert_eq!(out.finish().is_ok(), fine, "{kind}");
        }
    }
}
