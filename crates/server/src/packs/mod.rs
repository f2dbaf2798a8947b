//! Packs on a running server: the sources that are installed, a draft checked against live rows, and the swap of one
//! model for the next. Pages and programs that use this are in `staff/admin/packs` and `api/packs`.
//!
//! What an installation writes, and that it is one transaction, is decided in [`ganglion_kernel::packs`].

mod archive;
mod draft;
mod fits;
mod install;
mod obstacle;
mod replay;
mod review;
mod scan;
mod sources;
mod start;
mod under_way;

pub use archive::{ArchiveError, read_archive};
pub use draft::{Draft, Removal};
pub use install::{InstallError, Installing, install};
pub use obstacle::Obstacle;
pub use replay::{MovedCase, Replayed, ShiftedClock, replay_days};
pub use review::{REPLAY_DAYS, Review, Unheld, replayed, review, unheld};
pub use sources::{Content, PackFiles, Sources, SourcesError, from_folder, from_pasted, named};
pub use start::{Installed, StartPacksError, adopt_shipped, follow, installed, installed_set, reference};
pub use under_way::{Ended, Installs};
