//! Uploaded pictures: taken as a stream, looked into, made anew without hidden data, kept under an id that tells its
//! owner apart from everybody else. Leaves out video and documents: they are refused with words that say so.

mod give;
mod picture;

pub use give::{full, problem_text, thumb, upload};

use crate::app::App;
use crate::error::Error;
use crate::limits::{PICTURE_BYTES_MAX, PICTURES_AT_ONCE_MAX};
use crate::own_folder::own_folder;
use crate::sign::{self, Use};
use crate::web::Web;
use axum::extract::multipart::Field as Part;
use ganglion_kernel::CommitError;
use ganglion_kernel::port::FileRow;
use ganglion_model::{CaseId, Shard};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;

/// Media type of everything that is kept.
pub const MEDIA_TYPE: &str = "image/jpeg";

/// What is kept of a picture: itself and a small one.
const ENDS: [&str; 2] = ["jpg", "thumb.jpg"];

/// Where a file lies in the folder of files; `None` for what is no id.
fn place_of(id: &str, end: &str) -> Option<PathBuf> {
    let is_id = id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_id.then(|| PathBuf::from(&id[..2]).join(&id[2..4]).join(format!("{id}.{end}")))
}

/// Where the parts of a file lie in the folder `files` of an installation, for copying them; none for what is no id.
#[must_use]
pub fn file_parts(id: &str) -> Vec<PathBuf> {
    ENDS.into_iter().filter_map(|end| place_of(id, end)).collect()
}

/// The folder of files.
pub struct Files {
    root: PathBuf,
    /// Where files of this server lie while they come.
    coming: PathBuf,
    at_once: Semaphore,
}

/// A file that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Name of the form's field.
    pub field: String,
    /// Id.
    pub id: String,
    /// Name given by the uploader.
    pub name: String,
}

/// A file that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadProblem {
    /// Name of the form's field.
    pub field: String,
    /// Name given by the uploader.
    pub name: String,
    /// Bytes that came.
    pub bytes: u64,
    /// What is wrong.
    pub kind: UploadProblemKind,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadProblemKind {
    /// More bytes than a picture may have.
    TooBig,
    /// No picture of a kind that is taken, whatever its name says.
    NotAPicture,
    /// A picture of more pixels than are decoded.
    TooManyPixels,
    /// More files than a form may have.
    TooMany,
}

impl Files {
    /// Opens the folder, making it if need be; `own` names this run, and what a crash left behind long ago is removed.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(root: PathBuf, own: &str, now: Timestamp) -> std::io::Result<Files> {
        let coming = own_folder(&root.join("coming"), own, now)?;
        Ok(Files { root, coming, at_once: Semaphore::new(PICTURES_AT_ONCE_MAX) })
    }

    /// Where a file lies; `None` for what is no id.
    fn path(&self, id: &str, end: &str) -> Option<PathBuf> {
        Some(self.root.join(place_of(id, end)?))
    }

    /// Removes the bytes of a file, as far as they are there.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), Error> {
        for path in ENDS.into_iter().filter_map(|end| self.path(id, end)) {
            match tokio::fs::remove_file(path).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(disk(error)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Half of an id is random, half says whose it is, so that nobody can attach or see the upload of another.
fn owner_half(app: &App, owner: &str, random: &str) -> String {
    sign::hex(&sign::sign(&app.master, Use::File, &[owner, random])[..8])
}

/// Whether this visitor uploaded the file `id`.
#[must_use]
pub fn is_owned(web: &Web, id: &str) -> bool {
    id.len() == 32
        && id.is_ascii()
        && web.owners().iter().any(|owner| sign::same(&owner_half(&web.app, owner, &id[..16]), &id[16..]))
}

/// What became of one part of a form.
type Received = Option<Result<Taken, UploadProblem>>;

/// Takes one file of a form: field, name, whether there is room for one more, and how many bytes may still be read.
/// `None` for an input left empty. Also gives the bytes read.
///
/// # Errors
/// When the stream breaks off, more comes than is read to the end, or the disk fails.
pub async fn receive(
    web: &Web,
    mut part: Part<'_>,
    (field, name, room, left): (String, String, bool, u64),
) -> Result<(Received, u64), Error> {
    let files = &web.app.files;
    let id = fresh_id(web);
    let coming = Coming(files.coming.join(&id));
    let mut out: Option<tokio::fs::File> = None;
    let mut bytes = 0_u64;
    let mut problem = (!room).then_some(UploadProblemKind::TooMany);
    while let Some(chunk) = part.chunk().await.map_err(|_| Error::Unreadable("multipart"))? {
        bytes += chunk.len() as u64;
        if bytes > left {
            return Err(Error::TooLarge { megabytes: crate::limits::PICTURE_MEGABYTES_MAX });
        }
        if problem.is_none() && bytes > PICTURE_BYTES_MAX {
            problem = Some(UploadProblemKind::TooBig);
        }
        if problem.is_some() {
            // Read on to the end without keeping anything, so that the rest of the form arrives and is not lost.
            out = None;
            continue;
        }
        let file = match &mut out {
            Some(file) => file,
            None => out.insert(tokio::fs::File::create(&coming.0).await.map_err(disk)?),
        };
        file.write_all(&chunk).await.map_err(disk)?;
    }
    if name.is_empty() && bytes == 0 {
        return Ok((None, 0));
    }
    if let Some(mut file) = out.take() {
        file.flush().await.map_err(disk)?;
    }
    let refused = |kind| (Some(Err(UploadProblem { field: field.clone(), name: name.clone(), bytes, kind })), bytes);
    if let Some(kind) = problem {
        return Ok(refused(kind));
    }
    match keep(web, &coming, &id, &name).await? {
        Ok(()) => Ok((Some(Ok(Taken { field, id, name })), bytes)),
        Err(kind) => Ok(refused(kind)),
    }
}

fn fresh_id(web: &Web) -> String {
    let random = sign::hex(&web.app.clock.key()[..8]);
    let half = owner_half(&web.app, &web.owner(), &random);
    random + &half
}

/// The file while it comes; gone when this is dropped.
struct Coming(PathBuf);

impl Drop for Coming {
    fn drop(&mut self) {
        // It may never have been made, and what stays behind is removed at the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn disk(error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return Error::Storage(Arc::new(ganglion_kernel::StoreError::DiskFull));
    }
    Error::Internal(format!("a file could not be written: {error}"))
}

/// Decodes, makes anew, writes picture and thumbnail, and notes the row.
async fn keep(web: &Web, coming: &Coming, id: &str, name: &str) -> Result<Result<(), UploadProblemKind>, Error> {
    let files = &web.app.files;
    let _permit = files.at_once.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
    let path = coming.0.clone();
    let made = tokio::task::spawn_blocking(move || std::fs::read(path).map(|bytes| picture::remake(&bytes)))
        .await
        .map_err(|error| Error::Internal(error.to_string()))?;
    let made = match made {
        Ok(Ok(made)) => made,
        Ok(Err(kind)) => return Ok(Err(kind)),
        // An empty part was never written.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Err(UploadProblemKind::NotAPicture)),
        Err(error) => return Err(disk(error)),
    };
    for (end, bytes) in [("jpg", &made.full), ("thumb.jpg", &made.thumb)] {
        let path = files.path(id, end).ok_or(Error::NotFound)?;
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(disk)?;
        }
        tokio::fs::write(&path, bytes).await.map_err(disk)?;
    }
    let row = FileRow {
        id: id.to_owned(),
        name: shown_name(name),
        media_type: MEDIA_TYPE.to_owned(),
        bytes: made.full.len() as u64,
        at: web.now,
        case: None,
        sent: false,
        fingerprint: Some(made.fingerprint),
    };
    web.app.store.file_put(&row).await?;
    Ok(Ok(()))
}

/// A name fit to be shown: no path, no control characters, not too long.
#[must_use]
pub fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(80).collect()
}

impl App {
    /// Notes that a command names these files, before it is sent: from then on they are not cleaned up.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn files_sent(&self, ids: &[String]) -> Result<(), CommitError> {
        let failed = |error| CommitError::Storage(Arc::new(error));
        for id in ids {
            let file = self.store.file(id).await.map_err(failed)?;
            if let Some(file) = file.filter(|file| file.case.is_none() && !file.sent) {
                self.store.file_put(&FileRow { sent: true, ..file }).await.map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Ties files to the case they were sent with; from then on who may read the case may see them. A file that already
    /// belongs to a case stays there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn attach_files(&self, ids: &[String], shard: Shard, case: CaseId) -> Result<(), Error> {
        for id in ids {
            if let Some(file) = self.store.file(id).await?.filter(|file| file.case.is_none()) {
                self.store.file_put(&FileRow { case: Some((shard, case)), ..file }).await?;
            }
        }
        Ok(())
    }
}
