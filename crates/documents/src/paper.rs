//! The world a template sees while one document is made.

use crate::datum::Datum;
use crate::fonts::Fonts;
use crate::template::Template;
use std::path::PathBuf;
use std::sync::LazyLock;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};

/// Typst's own definitions, made once; each document adds its data to a copy.
static LIBRARY: LazyLock<Library> = LazyLock::new(Library::default);

/// One document in the making.
pub(crate) struct Paper<'a> {
    template: &'a Template,
    fonts: &'a Fonts,
    library: LazyHash<Library>,
    day: Option<Datetime>,
}

impl<'a> Paper<'a> {
    /// `data` and `doc` are what the template finds under these names; `day` is its today.
    pub(crate) fn new(
        template: &'a Template,
        fonts: &'a Fonts,
        (data, doc): (&Datum, &Datum),
        (year, month, day): (i32, u8, u8),
    ) -> Paper<'a> {
        let mut library = LIBRARY.clone();
        let scope = library.global.scope_mut();
        scope.define("data", data.value());
        scope.define("doc", doc.value());
        let day = Datetime::from_ymd(year, month, day);
        Paper { template, fonts, library: LazyHash::new(library), day }
    }
}

fn absent(id: FileId) -> FileError {
    FileError::NotFound(PathBuf::from(id.get().vpath().get_without_slash()))
}

impl World for Paper<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.template.main()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.template.source(id).ok_or_else(|| absent(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.template.file(id).ok_or_else(|| absent(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    /// The document's own day, whatever the clock says: made again, it is the same.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        self.day
    }
}
