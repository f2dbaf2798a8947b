//! A spreadsheet on its way to whoever asked for it: how many rows it will have, how many there are, and, for those who ask, how far
//! it is while it is made. A spreadsheet can be read only as a whole, so its rows cannot be counted as those of a CSV while they come.

use super::registers::as_xlsx;
use crate::error::Error;
use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use futures_util::stream::{self, StreamExt as _};
use std::convert::Infallible;
use tokio::sync::mpsc;

/// How many rows an export will have, so that whoever fetches it can say how far it is.
const TOTAL_ROWS: HeaderName = HeaderName::from_static("x-total-rows");
/// How many rows there are: more than that, where an export holds only so many.
const FOUND_ROWS: HeaderName = HeaderName::from_static("x-found-rows");
/// Asks to be told how far an export is.
const PROGRESS: HeaderName = HeaderName::from_static("x-progress");
/// What is sent to whoever asked so: a number of rows a line as they are written; then a line `=` and the file, or a line `!` where
/// it could not be made.
const TOLD: &str = "application/vnd.ganglion.export";
/// Steps under way to the reader.
const STEPS_MAX: usize = 16;

/// Rows of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// How many there are.
    pub found: u64,
    /// How many of them it holds.
    pub total: u64,
}

impl Rows {
    /// Of so many, an export holds at most `max`.
    #[must_use]
    pub fn of(found: u64, max: u32) -> Rows {
        Rows { found, total: found.min(u64::from(max)) }
    }

    /// Whether some are left out.
    #[must_use]
    pub fn is_cut(self) -> bool {
        self.found > self.total
    }

    /// Says in the answer how many there are.
    pub fn tell(self, response: &mut Response) {
        response.headers_mut().insert(TOTAL_ROWS, HeaderValue::from(self.total));
        response.headers_mut().insert(FOUND_ROWS, HeaderValue::from(self.found));
    }
}

/// A step of an export in the making.
enum Step {
    Rows(u32),
    File(Vec<u8>),
    Failed,
}

impl Step {
    fn bytes(self) -> Bytes {
        match self {
            Step::Rows(rows) => Bytes::from(format!("{rows}\n")),
            Step::File(file) => {
                let mut bytes = b"=\n".to_vec();
                bytes.extend(file);
                Bytes::from(bytes)
            }
            Step::Failed => Bytes::from_static(b"!\n"),
        }
    }
}

/// Where an export says how far it is.
pub struct Teller(Option<mpsc::Sender<Step>>);

impl Teller {
    /// So many rows are written.
    ///
    /// # Errors
    /// [`Error::Busy`] when nobody waits for the file any more: there is no use in going on.
    pub async fn rows(&self, rows: u32) -> Result<(), Error> {
        match &self.0 {
            Some(steps) => steps.send(Step::Rows(rows)).await.map_err(|_| Error::Busy),
            None => Ok(()),
        }
    }
}

/// Sends a spreadsheet that `make` writes, with its progress to whoever asked for that.
///
/// # Errors
/// What `make` fails with, while nothing is sent yet.
pub async fn sheet<M, F>(headers: &HeaderMap, (name, rows): (&str, Rows), make: M) -> Result<Response, Error>
where
    M: FnOnce(Teller) -> F,
    F: Future<Output = Result<Vec<u8>, Error>> + Send + 'static,
{
    let mut response =
        if headers.contains_key(PROGRESS) { told(name, make) } else { as_xlsx(name, make(Teller(None)).await?) };
    rows.tell(&mut response);
    Ok(response)
}

fn told<M, F>(name: &str, make: M) -> Response
where
    M: FnOnce(Teller) -> F,
    F: Future<Output = Result<Vec<u8>, Error>> + Send + 'static,
{
    let (steps, taken) = mpsc::channel(STEPS_MAX);
    let work = make(Teller(Some(steps.clone())));
    tokio::spawn(async move {
        let last = match work.await {
            Ok(file) => Step::File(file),
            Err(error) => {
                error.log();
                Step::Failed
            }
        };
        // Whoever went away needs no file.
        let _ = steps.send(last).await;
    });
    let pieces = stream::unfold(taken, |mut taken| async move {
        let step = taken.recv().await?;
        Some((Ok::<Bytes, Infallible>(step.bytes()), taken))
    });
    let mut response = as_xlsx(name, Vec::new());
    *response.body_mut() = Body::from_stream(pieces.fuse());
    let kept = response.headers_mut();
    kept.insert(header::CONTENT_TYPE, HeaderValue::from_static(TOLD));
    // Packed, its first lines would wait for the last ones.
    kept.insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    // A proxy that waits for the whole would make the progress worthless.
    kept.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
