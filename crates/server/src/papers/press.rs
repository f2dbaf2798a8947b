//! The press: fonts read once when the first document is made, templates parsed once, a bounded number of documents at a time.

use super::data::Source;
use super::sample;
use crate::error::Error;
use crate::limits::PRINT_SECONDS_MAX;
use ganglion_documents::{Datum, Fonts, Print, RenderError, Template};
use ganglion_model::Model;
use ganglion_model::clocks::local_date;
use ganglion_model::pack::Bulletin;
use jiff::civil::Date;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
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
    data: Datum,
    doc: Datum,
    day: (i32, u8, u8),
    ident: String,
}

fn day_of(day: Date) -> (i32, u8, u8) {
    let small = |n: i8| u8::try_from(n).unwrap_or(1);
    (i32::from(day.year()), small(day.month()), small(day.day()))
}

impl Default for Press {
    fn default() -> Press {
        Press { fonts: OnceLock::new(), templates: Mutex::default(), at_once: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }
}

impl Press {
    /// The template at `path` of a pack.
    fn template(&self, model: &Arc<Model>, (pack, path): (&str, &str)) -> Option<Arc<Template>> {
        let key = format!("{pack}/{path}");
        let mut templates = self.templates.lock();
        if let Some(kept) = templates.get(&key).filter(|kept| Arc::ptr_eq(&kept.model, model)) {
            return Some(kept.template.clone());
        }
        let papers = model.papers.get(pack)?;
        let template = Arc::new(Template::new(&papers.files, path)?);
        let kept = Kept { model: model.clone(), template: template.clone() };
        templates.insert(key, kept);
        Some(template)
    }

    /// What is needed to print, gathered: cheap.
    ///
    /// # Errors
    /// When the pack has no such template any more.
    pub fn sheet(&self, source: &Source<'_>) -> Result<Sheet, Error> {
        let template = self.template(&source.look.world.model, (&source.document.pack, &source.document.template));
        Ok(Sheet {
            template: template.ok_or(Error::NotFound)?,
            data: source.data(),
            doc: source.doc(),
            day: day_of(local_date(source.issued.at)),
            ident: source.issued.code.clone(),
        })
    }

    /// A sheet of a bulletin.
    ///
    /// # Errors
    /// When the pack has no such template any more.
    pub fn bulletin(
        &self,
        model: &Arc<Model>,
        bulletin: &Bulletin,
        (data, doc): (Datum, Datum),
        (day, ident): (Date, String),
    ) -> Result<Sheet, Error> {
        let template = self.template(model, (&bulletin.pack, &bulletin.template)).ok_or(Error::NotFound)?;
        Ok(Sheet { template, data, doc, day: day_of(day), ident })
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
    pub async fn print(self: &Arc<Press>, sheet: Sheet) -> Result<Result<Vec<u8>, RenderError>, Error> {
        let permit = self.at_once.clone().acquire_owned().await.map_err(|error| Error::Internal(error.to_string()))?;
        let press = self.clone();
        let made = tokio::task::spawn_blocking(move || {
            let made = press.print_here(&sheet);
            drop(permit);
            made
        });
        let waited = tokio::time::timeout(Duration::from_secs(PRINT_SECONDS_MAX), made).await;
        let made = waited.map_err(|_| Error::Internal("a document took too long".to_owned()))?;
        made.map_err(|error| Error::Internal(error.to_string()))
    }
}

/// A sheet of made-up values, of a document different for every `n`: for measuring. A bulletin has one.
#[must_use]
pub fn sample_sheet(press: &Press, model: &Arc<Model>, document: &str, n: usize) -> Option<Sheet> {
    let Some(document) = model.documents.get(document) else {
        let bulletin = model.bulletins.get(document)?;
        return Some(Sheet {
            template: press.template(model, (&bulletin.pack, &bulletin.template))?,
            data: sample::figures(model, bulletin),
            doc: sample::head(bulletin),
            day: sample::DAY,
            ident: bulletin.name.clone(),
        });
    };
    let made = sample::Made::of(model, document)?;
    let (number, code) = (n.to_string(), format!("{n:020}"));
    Some(Sheet {
        template: press.template(model, (&document.pack, &document.template))?,
        data: sample::data(model, document, made, (true, &sample::varied(n))),
        doc: sample::doc(document, (&number, &code)),
        day: sample::DAY,
        ident: code,
    })
}
