//! A document for every case of a list: those that are missing are issued if so wished, all that stand are printed, page by
//! page, on both cores, into a sealed spool. It can be left, come back to and stopped; what was issued stays issued.

use super::data::Source;
use super::press::Sheet;
use super::spool::Spool;
use crate::app::App;
use crate::error::Error;
use crate::limits::BATCH_CASES_AT_ONCE;
use crate::view::Look;
use crate::view::facts::may_see;
use futures_util::future::join_all;
use ganglion_kernel::decide::document::{guard_holds, may_issue};
use ganglion_kernel::decide::{derived, who};
use ganglion_kernel::port::{Access, After, CaseFilter, CaseOrder};
use ganglion_kernel::seal;
use ganglion_kernel::{CommitError, World};
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::pack::Document;
use ganglion_model::{AccountId, Case, CommandId, Issued, Lang, PlaceCode, PostId, Standing};
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which document.
    pub document: String,
    /// For cases inside this place.
    pub place: PlaceCode,
    /// Issue those that are missing.
    pub make: bool,
    /// Who asks: every document is issued and printed in this person's name.
    pub account: AccountId,
    /// In which post.
    pub post: PostId,
}

/// How a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Under way.
    Running,
    /// All cases were looked at.
    Done,
    /// Stopped by whoever started it.
    Cancelled,
    /// It could not go on; the log says why.
    Failed,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Stage.
    pub stage: Stage,
    /// Cases of the list.
    pub total: u64,
    /// Cases looked at.
    pub looked: u64,
    /// Documents issued by this batch.
    pub made: u64,
    /// Documents printed.
    pub printed: u64,
    /// Cases without one that stands.
    pub left_out: u64,
}

/// A batch.
pub struct Batch {
    /// Id.
    pub id: String,
    /// What was asked for.
    pub wish: Wish,
    /// Since when.
    pub started: Timestamp,
    progress: Mutex<Progress>,
    cancelled: AtomicBool,
    spool: Mutex<Spool>,
}

/// A sheet with the name it gets in the archive.
type Named = (String, Sheet);

impl Batch {
    /// A batch that has not begun.
    #[must_use]
    pub fn new(id: String, wish: Wish, started: Timestamp, spool: Spool) -> Batch {
        let progress = Progress { stage: Stage::Running, total: 0, looked: 0, made: 0, printed: 0, left_out: 0 };
        let (progress, spool) = (Mutex::new(progress), Mutex::new(spool));
        Batch { id, wish, started, progress, cancelled: AtomicBool::new(false), spool }
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.lock()
    }

    /// Bytes waiting to be fetched.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.spool.lock().bytes()
    }

    /// Stops it after the page it is at.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// The documents printed so far.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn read(&self) -> std::io::Result<super::spool::Reading> {
        self.spool.lock().read()
    }

    /// Works through the list.
    pub async fn run(&self, app: &Arc<App>) {
        let stage = match self.work(app).await {
            Ok(stage) => stage,
            Err(error) => {
                error.log();
                Stage::Failed
            }
        };
        self.progress.lock().stage = stage;
    }

    fn actor(&self) -> Actor {
        Actor::Post { post: self.wish.post.clone(), account: self.wish.account.clone() }
    }

    async fn work(&self, app: &Arc<App>) -> Result<Stage, Error> {
        let world = app.world.load_full();
        let document = world.model.documents.get(&self.wish.document).cloned().ok_or(Error::NotFound)?;
        let place = Some(self.wish.place);
        let filter = CaseFilter { place, processes: vec![document.of.clone()], ..CaseFilter::default() };
        self.progress.lock().total = app.store.case_count(&filter).await?;
        let mut after: Option<After> = None;
        let mut stopping = app.stopping.subscribe();
        loop {
            if self.cancelled.load(Ordering::Relaxed) || *stopping.borrow_and_update() {
                return Ok(Stage::Cancelled);
            }
            let cases = app.store.cases(&filter, CaseOrder::Opened, after.as_ref(), BATCH_CASES_AT_ONCE).await?;
            let Some(last) = cases.last() else {
                return Ok(Stage::Done);
            };
            after = Some(After::of(last, CaseOrder::Opened));
            let looked = cases.len() as u64;
            let sheets = self.sheets(app, &world, (&document, cases)).await?;
            let printed = self.print(app, sheets).await?;
            let mut progress = self.progress.lock();
            progress.looked += looked;
            progress.printed += printed;
            progress.left_out += looked - printed;
        }
    }

    /// The standing documents of a page of cases, issued first where they are missing.
    async fn sheets(
        &self,
        app: &Arc<App>,
        world: &Arc<World>,
        (document, cases): (&Document, Vec<Case>),
    ) -> Result<Vec<Named>, Error> {
        let actor = self.actor();
        let now = app.clock.now();
        let post = who::post_of(world, &actor, now);
        let Some(role) = post.map(|post| post.role.clone()) else {
            return Ok(Vec::new());
        };
        let process = world.model.processes.get(&document.of).ok_or(Error::NotFound)?;
        let sees = document.clear.iter().all(|name| process.field(name).is_none_or(|field| may_see(field, &role)));
        let readable = |case: &Case| sees && who::may_read(world, &actor, post, case);
        let (mut ready, mut missing) = (Vec::new(), Vec::new());
        for case in cases.into_iter().filter(readable) {
            let lacks = standing(&case, &document.name).is_none();
            let may = || {
                may_issue(world, document, &actor, &case, now)
                    && guard_holds(world, document, &actor, (&case, now)).is_ok()
            };
            match lacks {
                false => ready.push(case),
                true if self.wish.make && may() => missing.push(case),
                true => {}
            }
        }
        ready.extend(self.issue(app, document, missing).await?);
        let mut sheets = Vec::with_capacity(ready.len());
        for case in &ready {
            sheets.extend(self.sheet(app, world, (document, case)).await?);
        }
        Ok(sheets)
    }

    /// Issues a document from each case; gives the cases as they stand afterwards.
    async fn issue(&self, app: &Arc<App>, document: &Document, cases: Vec<Case>) -> Result<Vec<Case>, Error> {
        let command = |case: &Case| Command {
            id: derived(CommandId(case.id.0), &format!("batch/{}", self.id)),
            shard: case.shard,
            actor: self.actor(),
            body: Body::Issue { case: case.id, document: document.name.clone() },
        };
        let answers = join_all(cases.iter().map(|case| app.committer.send(command(case)))).await;
        let mut issued = Vec::new();
        for (case, answer) in cases.iter().zip(answers) {
            match answer {
                Ok(_) => issued.extend(app.store.case(case.shard, case.id).await?),
                // The case moved on between looking and issuing; it is left out and counted as such.
                Err(CommitError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.progress.lock().made += issued.len() as u64;
        Ok(issued)
    }

    async fn sheet(
        &self,
        app: &Arc<App>,
        world: &Arc<World>,
        (document, case): (&Document, &Case),
    ) -> Result<Option<Named>, Error> {
        let (Some(issued), Some(process)) = (standing(case, &document.name), world.model.processes.get(&document.of))
        else {
            return Ok(None);
        };
        note_access(app, (case, issued), document, (&self.wish.post, &self.wish.account)).await?;
        let opened = opened(app, case, issued).await?;
        let words = app.words(Lang::Zh);
        let sheet = app.press.sheet(&Source {
            look: Look { world, say: &words, now: issued.at },
            document,
            process,
            case,
            issued,
            opened: &opened,
            public_url: &app.settings.public_url,
        })?;
        Ok(Some((archive_name(issued), sheet)))
    }

    /// Prints a page of sheets on two threads and appends them in order; gives how many came out.
    async fn print(&self, app: &Arc<App>, mut sheets: Vec<Named>) -> Result<u64, Error> {
        let second = sheets.split_off(sheets.len() / 2);
        let halves = [sheets, second].map(|half| {
            let press = app.press.clone();
            tokio::task::spawn_blocking(move || {
                let made = half.iter().map(|(name, sheet)| Ok((name.clone(), press.print_here(sheet)?)));
                made.collect::<Result<Vec<_>, ganglion_documents::RenderError>>()
            })
        });
        let mut printed = 0;
        for half in halves {
            let half = half.await.map_err(|error| Error::Internal(error.to_string()))?;
            let half = half.map_err(|error| Error::Internal(error.to_string()))?;
            let mut spool = self.spool.lock();
            for (name, bytes) in &half {
                spool.push(name, bytes).map_err(|error| Error::Internal(error.to_string()))?;
            }
            printed += half.len() as u64;
        }
        Ok(printed)
    }
}

/// The document of a kind that stands.
fn standing<'a>(case: &'a Case, name: &str) -> Option<&'a Issued> {
    case.documents.iter().rfind(|one| one.document == name && one.standing == Standing::Valid)
}

/// Its number as the name of a file: what file systems refuse becomes a dash.
fn archive_name(issued: &Issued) -> String {
    let kept = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '-' } else { c };
    format!("{}.pdf", issued.number.chars().map(kept).collect::<String>())
}

/// Notes who is about to see which personal values of a document.
///
/// # Errors
/// Storage.
pub async fn note_access(
    app: &App,
    (case, issued): (&Case, &Issued),
    document: &Document,
    (post, account): (&PostId, &AccountId),
) -> Result<(), Error> {
    let fields: Vec<String> = document.clear.iter().filter(|name| issued.fields.contains_key(*name)).cloned().collect();
    if fields.is_empty() {
        return Ok(());
    }
    let (at, post, account) = (app.clock.now(), post.clone(), account.clone());
    app.store.access_add(&Access { at, shard: case.shard, case: case.id, post, account, fields }).await?;
    Ok(())
}

/// Personal values a document copied, opened with the case's key; an erased case gives none.
///
/// # Errors
/// Storage.
pub async fn opened(app: &App, case: &Case, issued: &Issued) -> Result<BTreeMap<String, String>, Error> {
    let sealed = issued.fields.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let sealed: Vec<(&String, &str)> = sealed.filter(|(_, text)| seal::is_sealed(text)).collect();
    if sealed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wrapped = app.store.key(case.shard, case.id).await?;
    let Some(key) = wrapped.and_then(|wrapped| seal::unwrap(&app.master, &wrapped)) else {
        return Ok(BTreeMap::new());
    };
    Ok(sealed.into_iter().filter_map(|(name, text)| Some((name.clone(), seal::open(&key, text)?))).collect())
}
