//! Log lines on standard error. The line of each request is gathered and written a moment later together with its
//! neighbours, because a write a request costs as much as finding the answer; warnings and errors are written at once, with
//! everything gathered before them. A killed server loses the request lines of the last moment, never a warning.

use parking_lot::{Condvar, Mutex};
use std::io::{IsTerminal as _, Write};
use std::time::Duration;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait.
const WAIT: Duration = Duration::from_millis(100);
/// Bytes gathered that are written without waiting.
const GATHERED_BYTES_MAX: usize = 64 * 1024;
/// Bytes gathered beyond which request lines are dropped, because nobody reads what is written.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The database's client tells the values of statements, which are about people, to whoever asks it for every detail.
const QUIET: &str = "tokio_postgres=warn,postgres=warn";

static LINES: Lines = Lines { gathered: Mutex::new(Vec::new()), some: Condvar::new(), many: Condvar::new() };

/// Lines that wait to be written.
struct Lines {
    gathered: Mutex<Vec<u8>>,
    /// Told when there is a first line.
    some: Condvar,
    /// Told when there are many.
    many: Condvar,
}

/// Writes one line.
struct Pen {
    at_once: bool,
}

impl Write for Pen {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let mut gathered = LINES.gathered.lock();
        let first = gathered.is_empty();
        if gathered.len() > WAITING_BYTES_MAX && !self.at_once {
            return Ok(line.len());
        }
        gathered.extend_from_slice(line);
        if self.at_once {
            put(&mut gathered);
        } else if gathered.len() >= GATHERED_BYTES_MAX {
            LINES.many.notify_one();
        } else if first {
            LINES.some.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for &'static Lines {
    type Writer = Pen;

    fn make_writer(&'a self) -> Pen {
        Pen { at_once: true }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Pen {
        Pen { at_once: *about.level() <= Level::WARN }
    }
}

/// Writes what was gathered. A reader that went away does not stop the work.
fn put(gathered: &mut Vec<u8>) {
    let _ = std::io::stderr().lock().write_all(gathered);
    gathered.clear();
}

/// Writes what is left, before the program ends.
pub fn finish() {
    put(&mut LINES.gathered.lock());
}

fn write_when_gathered() {
    loop {
        let mut gathered = LINES.gathered.lock();
        while gathered.is_empty() {
            LINES.some.wait(&mut gathered);
        }
        if gathered.len() < GATHERED_BYTES_MAX {
            LINES.many.wait_for(&mut gathered, WAIT);
        }
        let lines = std::mem::take(&mut *gathered);
        drop(gathered);
        let _ = std::io::stderr().lock().write_all(&lines);
    }
}

/// Starts logging; `GANGLION_LOG` sets what is told, `GANGLION_LOG_JSON` turns lines into JSON.
///
/// # Errors
/// When the writing thread cannot be started.
#[expect(clippy::disallowed_methods, reason = "this binary is the one reader of the environment")]
pub fn start() -> std::io::Result<()> {
    std::thread::Builder::new().name("log".to_owned()).spawn(write_when_gathered)?;
    let filter = std::env::var("GANGLION_LOG").unwrap_or_else(|_| "warn,ganglion=info".to_owned());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(format!("{filter},{QUIET}"))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(&LINES);
    if std::env::var("GANGLION_LOG_JSON").is_ok() {
        builder.json().init();
    } else {
        builder.init();
    }
    Ok(())
}
