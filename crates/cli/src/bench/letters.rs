//! P11: letters as PDF. Two threads, one template, one set of fonts, every letter with its own name, number and code, printed and
//! written as one archive, as a batch does it.

use super::{Line, instant};
use crate::city::world;
use anyhow::{Context as _, Result};
use ganglion_server::{Press, sample_sheet};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, mpsc};

/// Letters of the city: one for each of the six-role staff the newspaper counts.
const LETTERS: usize = 8_290;
/// Threads that print: the cores of the machine the goals are set for.
const THREADS: usize = 2;
/// Letters a thread may be ahead of the disk.
const AHEAD_MAX: usize = 64;
/// Letters of the baseline: enough for a steady figure.
const BASELINE_LETTERS: usize = 300;
/// The goal.
const GOAL: f64 = 50.0;

type Printed = std::io::Result<(String, Vec<u8>)>;

/// Measures.
///
/// # Errors
/// When no pack declares a document, no Chinese font is there, or the disk fails.
pub fn measure(home: &Path) -> Result<Line> {
    let model = Arc::new(world::packs(&home.join("packs"))?);
    let document = model.documents.keys().next().context("no pack declares a document")?.clone();
    let press = Arc::new(Press::default());
    let print = |n: usize| -> Result<Vec<u8>> {
        let sheet = sample_sheet(&press, &model, &document, n).context("the document has no template")?;
        Ok(press.print_here(&sheet)?)
    };
    // Fonts are read once a process, whatever is printed: shown by itself, not spread over the letters.
    let start = instant();
    let bytes = print(0)?.len();
    let first = start.elapsed().as_secs_f64();
    let start = instant();
    for n in 0..BASELINE_LETTERS {
        print(n)?;
    }
    let single = rate(BASELINE_LETTERS, start.elapsed().as_secs_f64());
    let start = instant();
    let written = archive(&press, &model, &document)?;
    let all = rate(LETTERS, start.elapsed().as_secs_f64());
    Ok(Line {
        id: "P11",
        what: format!(
            "{LETTERS} letters as PDF ({bytes} bytes each, {} MB archive; the very first {first:.1} s)",
            written / 1_000_000
        ),
        measured: all,
        unit: "letters/s",
        baseline: "one thread".to_owned(),
        baseline_value: Some(single),
        ratio: Some(all / single),
        goal: "≥ 50 a second",
        reached: all >= GOAL,
    })
}

#[expect(clippy::cast_precision_loss, reason = "thousands")]
fn rate(letters: usize, seconds: f64) -> f64 {
    letters as f64 / seconds
}

/// Prints all letters on all threads while one of them writes the archive; gives its bytes.
fn archive(press: &Arc<Press>, model: &Arc<ganglion_model::Model>, document: &str) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("letters.zip");
    std::thread::scope(|scope| -> Result<()> {
        let (to, from) = mpsc::sync_channel::<Printed>(AHEAD_MAX);
        for thread in 0..THREADS {
            let to = to.clone();
            scope.spawn(move || {
                for n in (thread..LETTERS).step_by(THREADS) {
                    let printed = sample_sheet(press, model, document, n)
                        .ok_or_else(|| std::io::Error::other("no template"))
                        .and_then(|sheet| press.print_here(&sheet).map_err(std::io::Error::other));
                    if to.send(printed.map(|bytes| (format!("{n}.pdf"), bytes))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(to);
        let mut file = BufWriter::new(std::fs::File::create(&path)?);
        ganglion_documents::write_archive(&mut file, from.into_iter())?;
        file.flush()?;
        Ok(())
    })?;
    Ok(std::fs::metadata(&path)?.len())
}
