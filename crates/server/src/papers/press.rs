//! The press: fonts read once when the first document is made, templates parsed once, a bounded number of documents at a time.

use super::data::Source;
use crate::error::Error;
use ganglion_documents::{Fonts, Print, RenderError, Template};
use ganglion_model::Model;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::Document;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

/// Documents made at the same time: each keeps a core busy.
const AT_ONCE_MAX: usize = 2;

/// A parsed template with the text it was parsed from, so that a new version of a pack is noticed.
struct Kept {
    model: Arc<Model>,
    template: Arc<Template>,
}

/// Makes PDFs.
pub struct Press {
    fonts: OnceLock<Fonts>,
    templates: Mutex<HashMap<String, Kept>>,
    at_once: Arc<Semaphore>,
}

/// Everything one document is made of, ready for a thread of its own.
pub struct Sheet {
    template: Arc<Template>,
    data: ganglion_documents::Datum,
    doc: ganglion_documents::Datum,
    day: (i32, u8, u8),
    ident: String,
}

impl Default for Press {
    fn default() -> Press {
        Press { fonts: OnceLock::new(), templates: Mutex::default(), at_once: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }
}

impl Press {
    fn template(&self, model: &Arc<Model>, document: &Document) -> Option<Arc<Template>> {
        let mut templates = self.templates.lock();
        if let Some(kept) = templates.get(&document.name).filter(|kept| Arc::ptr_eq(&kept.model, model)) {
            return Some(kept.template.clone());
        }
        let papers = model.papers.get(&document.pack)?;
        let template = Arc::new(Template::new(&papers.files, &document.template)?);
        let kept = Kept { model: model.clone(), template: template.clone() };
        templates.insert(document.name.clone(), kept);
        Some(template)
    }

    /// What is needed to print, gathered: cheap.
    ///
    /// # Errors
    /// When the pack has no such template any more.
    pub fn sheet(&self, source: &Source<'_>) -> Result<Sheet, Error> {
        let template = self.template(&source.look.world.model, source.document).ok_or(Error::NotFound)?;
        let day = local_date(source.issued.at);
        let small = |n: i8| u8::try_from(n).unwrap_or(1);
        Ok(Sheet {
            template,
            data: source.data(),
            doc: source.doc(),
            day: (i32::from(day.year()), small(day.month()), small(day.day())),
            ident: source.issued.code.clone(),
        })
    }

    /// Prints on this thread: some milliseconds a page, a second more for the very first.
    ///
    /// # Errors
    /// What the template or the machine lacks.
    pub fn print_here(&self, sheet: &Sheet) -> Result<Vec<u8>, RenderError> {
        let fonts = self.fonts.get_or_init(Fonts::of_system);
        let print = Print { data: &sheet.data, doc: &sheet.doc, day: sheet.day, ident: &sheet.ident };
        ganglion_documents::pdf(&sheet.template, fonts, print)
    }

    /// Prints on a thread of its own, when one of the places is free.
    ///
    /// # Errors
    /// As [`Press::print_here`].
    pub async fn print(self: &Arc<Press>, sheet: Sheet) -> Result<Vec<u8>, Error> {
        let permit = self.at_once.clone().acquire_owned().await.map_err(|error| Error::Internal(error.to_string()))?;
        let press = self.clone();
        let made = tokio::task::spawn_blocking(move || {
            let made = press.print_here(&sheet);
            drop(permit);
            made
        });
        let made = made.await.map_err(|error| Error::Internal(error.to_string()))?;
        made.map_err(|error| Error::Internal(error.to_string()))
    }
}
