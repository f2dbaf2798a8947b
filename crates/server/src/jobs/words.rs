//! Words for cases and rows that were written before words were searched as they are now: a few at a time, beside everything else. When
//! none is left, that is noted, and it is not looked for again.

use crate::app::App;
use crate::error::Error;
use ganglion_kernel::words;
use ganglion_model::{Case, CaseId, RowKey, Shard};
use ganglion_store::searched::{ALL, CASES as SETTING, ROWS as ROWS_SETTING};
use serde::Serialize;

/// Cases or rows at once.
const AT_ONCE: u32 = 500;
/// Rounds in one turn, so that the server can stop in between.
const ROUNDS_MAX: u32 = 20;

/// Goes on.
///
/// # Errors
/// When the store fails; what was written stays.
pub async fn run(app: &App) -> Result<(), Error> {
    cases(app).await?;
    rows(app).await
}

async fn cases(app: &App) -> Result<(), Error> {
    let noted = app.store.setting(SETTING).await?;
    if noted.as_deref() == Some(ALL) {
        return Ok(());
    }
    let mut after: Option<(Shard, CaseId)> = noted.as_deref().and_then(|noted| serde_json::from_str(noted).ok());
    for _ in 0..ROUNDS_MAX {
        let world = app.world.load_full();
        let said = |case: &Case| words::of_case(&world, case);
        let step = app.store.case_words_again(after, AT_ONCE, &said).await?;
        let Some(last) = step.last else {
            app.store.setting_put(SETTING, ALL).await?;
            tracing::info!("every case can be searched by its words");
            return Ok(());
        };
        note(app, SETTING, &last).await?;
        after = Some(last);
    }
    Ok(())
}

/// Notes how far it came.
async fn note(app: &App, setting: &str, last: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(last).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(app.store.setting_put(setting, &text).await?)
}

async fn rows(app: &App) -> Result<(), Error> {
    let noted = app.store.setting(ROWS_SETTING).await?;
    if noted.as_deref() == Some(ALL) {
        return Ok(());
    }
    let mut after: Option<RowKey> = noted.as_deref().and_then(|noted| serde_json::from_str(noted).ok());
    for _ in 0..ROUNDS_MAX {
        let world = app.world.load_full();
        let said = |versions: &[ganglion_model::Record]| words::of_versions(&world, versions);
        let step = app.store.row_words_again(after.as_ref(), AT_ONCE, &said).await?;
        let Some(last) = step.last else {
            app.store.setting_put(ROWS_SETTING, ALL).await?;
            tracing::info!("every row can be searched by its words");
            return Ok(());
        };
        note(app, ROWS_SETTING, &last).await?;
        after = Some(last);
    }
    Ok(())
}
