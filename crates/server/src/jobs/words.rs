//! Words for cases that were written before words were searched: a few at a time, beside everything else. When none is left,
//! that is noted, and it is not looked for again.

use crate::app::App;
use crate::error::Error;
use ganglion_kernel::words;
use ganglion_store::words::{ALL, SETTING};

/// Cases at once.
const CASES_AT_ONCE: u32 = 500;
/// Rounds in one turn, so that the server can stop in between.
const ROUNDS_MAX: u32 = 20;

/// Goes on.
///
/// # Errors
/// When the store fails; what was written stays.
pub async fn run(app: &App) -> Result<(), Error> {
    if app.store.setting(SETTING).await?.as_deref() == Some(ALL) {
        return Ok(());
    }
    for _ in 0..ROUNDS_MAX {
        let cases = app.store.cases_without_words(CASES_AT_ONCE).await?;
        if cases.is_empty() {
            app.store.setting_put(SETTING, ALL).await?;
            tracing::info!("every case can be searched by its words");
            return Ok(());
        }
        let world = app.world.load_full();
        let words: Vec<_> = cases.iter().map(|case| (case.shard, case.id, words::of_case(&world, case))).collect();
        app.store.case_words_put(&words).await?;
    }
    Ok(())
}
