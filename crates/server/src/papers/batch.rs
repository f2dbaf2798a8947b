//! A document for every case or row of a list: those that are missing are issued if so wished, all that stand are printed, page by
//! page, on both cores, into a sealed spool. It can be left, come back to and stopped; what was issued stays issued.

use super::data::Source;
use super::item::{Item, Next, Subject, page, total};
use super::press::Sheet;
use super::spool::Spool;
use crate::app::App;
use crate::error::Error;
use crate::view::Look;
use futures_util::future::join_all;
use ganglion_kernel::decide::{derived, who};
use ganglion_kernel::port::Access;
use ganglion_kernel::port_rows::RowFilter;
use ganglion_kernel::seal;
use ganglion_kernel::{CommitError, World};
use ganglion_model::change::{Actor, Command};
use ganglion_model::pack::Document;
use ganglion_model::{AccountId, CommandId, Issued, Lang, PlaceCode, PostId};
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// From what documents of a batch are made.
#[derive(Clone, Debug)]
pub enum Among {
    /// Cases inside this place.
    Cases(PlaceCode),
    /// Rows of a list as it was filtered.
    Rows(RowFilter),
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which document.
    pub document: String,
    /// From what.
    pub among: Among,
    /// Issue those that are missing.
    pub make: bool,
    /// Who asks: every document is issued and printed in this name.
    pub actor: Actor,
    /// Whose batch it is.
    pub account: AccountId,
    /// In which post.
    pub post: PostId,
    /// What tells the same wish sent again.
    pub id: CommandId,
}

/// How a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Under way.
    Running,
    /// All of the list was looked at.
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
    /// Cases or rows of the list.
    pub total: u64,
    /// How many were looked at.
    pub looked: u64,
    /// Documents issued by this batch.
    pub made: u64,
    /// Documents printed.
    pub printed: u64,
    /// How many have none that stands.
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
        self.wish.actor.clone()
    }

    async fn work(&self, app: &Arc<App>) -> Result<Stage, Error> {
        let world = app.world.load_full();
        let document = world.model.documents.get(&self.wish.document).cloned().ok_or(Error::NotFound)?;
        let of = (&document, &self.wish);
        self.progress.lock().total = total(app, &world, of).await?;
        let mut from: Option<Next> = None;
        let mut stopping = app.stopping.subscribe();
        loop {
            if self.cancelled.load(Ordering::Relaxed) || *stopping.borrow_and_update() {
                return Ok(Stage::Cancelled);
            }
            let (items, next) = page(app, &world, of, from.as_ref()).await?;
            if items.is_empty() {
                return Ok(Stage::Done);
            }
            from = next;
            let looked = items.len() as u64;
            let sheets = self.sheets(app, &world, (&document, items)).await?;
            let printed = self.print(app, sheets).await?;
            let mut progress = self.progress.lock();
            progress.looked += looked;
            progress.printed += printed;
            progress.left_out += looked - printed;
        }
    }

    /// The standing documents of a page of the list, issued first where they are missing.
    async fn sheets(
        &self,
        app: &Arc<App>,
        world: &Arc<World>,
        (document, items): (&Document, Vec<Item>),
    ) -> Result<Vec<Named>, Error> {
        let actor = self.actor();
        let now = app.clock.now();
        let Some(post) = who::post_of(world, &actor, now) else {
            return Ok(Vec::new());
        };
        let sees = |item: &Item| {
            item.subject(world, (document, now)).is_some_and(|subject| subject.may_be_printed(document, post))
        };
        let (mut ready, mut missing) = (Vec::new(), Vec::new());
        for item in items.into_iter().filter(|item| item.is_readable(world, &actor, now) && sees(item)) {
            match item.standing(&document.name).is_none() {
                false => ready.push(item),
                true if self.wish.make && item.may_issue(world, document, &actor, now) => missing.push(item),
                true => {}
            }
        }
        ready.extend(self.issue(app, document, missing).await?);
        let mut sheets = Vec::with_capacity(ready.len());
        for item in &ready {
            sheets.extend(self.sheet(app, world, (document, item)).await?);
        }
        Ok(sheets)
    }

    /// Issues a document from each; gives them as they stand afterwards.
    async fn issue(&self, app: &Arc<App>, document: &Document, items: Vec<Item>) -> Result<Vec<Item>, Error> {
        let command = |item: &Item| {
            let (id, shard, body) = item.issuing(document)?;
            let id = derived(CommandId(id.0), &format!("batch/{}", self.id));
            Some(Command { id, shard, actor: self.actor(), body })
        };
        let sent = items.iter().filter_map(|item| Some((item, app.committer.send(command(item)?))));
        let (items, sending): (Vec<&Item>, Vec<_>) = sent.unzip();
        let mut issued = Vec::new();
        for (item, answer) in items.into_iter().zip(join_all(sending).await) {
            match answer {
                Ok(_) => issued.extend(item.again(app).await?),
                // It moved on between looking and issuing; it is left out and counted as such.
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
        (document, item): (&Document, &Item),
    ) -> Result<Option<Named>, Error> {
        let subject = item.subject(world, (document, app.clock.now()));
        let (Some(issued), Some(subject)) = (item.standing(&document.name), subject) else {
            return Ok(None);
        };
        note_access(app, (subject, issued), document, (&self.wish.post, &self.wish.account)).await?;
        let opened = opened(app, subject, issued).await?;
        let Some(post) = who::post_of(world, &self.actor(), app.clock.now()) else { return Ok(None) };
        let rows = Arc::new(super::names::of(app, world, (subject, issued), post).await?);
        let words = app.words(Lang::Zh).naming(&rows);
        let sheet = app.press.sheet(&Source {
            look: Look { world, say: &words, now: issued.at },
            document,
            subject,
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
    (subject, issued): (Subject<'_>, &Issued),
    document: &Document,
    (post, account): (&PostId, &AccountId),
) -> Result<(), Error> {
    let fields: Vec<String> = document.clear.iter().filter(|name| issued.fields.contains_key(*name)).cloned().collect();
    if fields.is_empty() {
        return Ok(());
    }
    let (at, post, account) = (app.clock.now(), post.clone(), account.clone());
    let (shard, case, purpose) = (subject.shard, subject.id, String::new());
    app.store.access_add(&Access { at, shard, case, post, account, fields, purpose }).await?;
    Ok(())
}

/// Personal values a document copied, opened with the key of the case or row; an erased one gives none.
///
/// # Errors
/// Storage.
pub async fn opened(app: &App, subject: Subject<'_>, issued: &Issued) -> Result<BTreeMap<String, String>, Error> {
    let sealed = issued.fields.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let sealed: Vec<(&String, &str)> = sealed.filter(|(_, text)| seal::is_sealed(text)).collect();
    if sealed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wrapped = app.store.key(subject.shard, subject.id).await?;
    let Some(key) = wrapped.and_then(|wrapped| app.ring.unwrap(&wrapped)) else {
        return Ok(BTreeMap::new());
    };
    Ok(sealed.into_iter().filter_map(|(name, text)| Some((name.clone(), seal::open(&key, text)?))).collect())
}
