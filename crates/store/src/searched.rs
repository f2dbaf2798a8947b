//! Words of every case and every row made anew, a page at a time, while everything goes on being found and changed: after an index was
//! damaged, or when a pack now searches other fields.

use ganglion_kernel::port::Store;
use ganglion_kernel::{StoreError, World, words};
use ganglion_model::row::RowKey;
use ganglion_model::{CaseId, Record, Shard};

/// The setting that says that every case has its words and marks (see `ganglion_kernel::indexed`); before that it may hold the last
/// case that was gone through.
pub const CASES: &str = "case_place_marks";
/// The same for the words of rows.
pub const ROWS: &str = "row_words";
/// What they then say.
pub const ALL: &str = "all";

/// Cases or rows of one step, which is a few transactions: the shorter, the less others wait.
const STEP: u32 = 2_000;

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Cases done.
    pub cases: u64,
    /// Rows done.
    pub rows: u64,
}

#[derive(Clone, Debug)]
enum At {
    Cases(Option<(Shard, CaseId)>),
    Rows(Option<RowKey>),
    End,
}

/// Making words anew.
pub struct Rebuild<'a> {
    store: &'a dyn Store,
    world: &'a World,
    at: At,
    done: Progress,
}

impl<'a> Rebuild<'a> {
    /// From the beginning.
    #[must_use]
    pub fn new(store: &'a dyn Store, world: &'a World) -> Rebuild<'a> {
        Rebuild { store, world, at: At::Cases(None), done: Progress::default() }
    }

    /// How far it is.
    #[must_use]
    pub fn done(&self) -> Progress {
        self.done
    }

    /// One step; whether there is more to do.
    ///
    /// # Errors
    /// Of the store; what was written stays, and the step may be tried again.
    pub async fn step(&mut self) -> Result<bool, StoreError> {
        match self.at.clone() {
            At::Cases(after) => {
                let said = |case: &ganglion_model::Case| words::of_case(self.world, case);
                let made = self.store.case_words_again(after, STEP, &said).await?;
                self.done.cases += u64::from(made.count);
                self.at = made.last.map_or(At::Rows(None), |last| At::Cases(Some(last)));
            }
            At::Rows(after) => {
                let said = |versions: &[Record]| words::of_versions(self.world, versions);
                let made = self.store.row_words_again(after.as_ref(), STEP, &said).await?;
                self.done.rows += u64::from(made.count);
                self.at = made.last.map_or(At::End, |last| At::Rows(Some(last)));
            }
            At::End => {}
        }
        Ok(!matches!(self.at, At::End))
    }

    /// Every step, and then the note that all have their words; for a store nobody else works on yet. `told` is given how far it is.
    ///
    /// # Errors
    /// Of the store; what was written stays.
    pub async fn all(mut self, mut told: impl FnMut(Progress)) -> Result<Progress, StoreError> {
        while self.step().await? {
            told(self.done);
        }
        for setting in [CASES, ROWS] {
            self.store.setting_put(setting, ALL).await?;
        }
        Ok(self.done)
    }
}
