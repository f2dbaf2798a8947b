//! Words of the screens: Fluent messages from `ui/texts/<language>/*.ftl`. Words of packs are not here; they come with
//! the compiled pack.

use crate::assets::Ui;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use ganglion_model::Lang;
use unic_langid::LanguageIdentifier;

/// All messages in both languages.
pub struct Texts {
    zh: FluentBundle<FluentResource>,
    en: FluentBundle<FluentResource>,
}

/// A file of messages that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct TextsError {
    file: String,
    reason: String,
}

/// The folder of a language.
#[must_use]
pub fn folder(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "zh-CN",
        Lang::En => "en",
    }
}

impl Texts {
    /// Reads every file of both languages.
    ///
    /// # Errors
    /// The first file with a message that cannot be read, or a message that is there twice.
    pub fn load(ui: &Ui) -> Result<Texts, TextsError> {
        Ok(Texts { zh: bundle(ui, Lang::Zh)?, en: bundle(ui, Lang::En)? })
    }

    fn of(&self, lang: Lang) -> &FluentBundle<FluentResource> {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }

    /// Whether `key` exists in `lang`.
    #[must_use]
    pub fn has(&self, lang: Lang, key: &str) -> bool {
        self.of(lang).get_message(key).is_some_and(|message| message.value().is_some())
    }

    /// The message `key`; a key that does not exist stands for itself, so that a gap is seen and nothing breaks.
    #[must_use]
    pub fn get(&self, lang: Lang, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        let bundle = self.of(lang);
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::warn!(key, lang = lang.as_str(), "a text is missing");
            return key.to_owned();
        };
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
        // An argument that is missing shows its name in the message: visible, and caught by the tests of the texts.
        let mut errors = Vec::new();
        bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned()
    }
}

fn bundle(ui: &Ui, lang: Lang) -> Result<FluentBundle<FluentResource>, TextsError> {
    let tag: LanguageIdentifier = folder(lang).parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Marks around arguments confuse copying and reading aloud, and both languages run left to right.
    bundle.set_use_isolating(false);
    for file in ui.texts(folder(lang)) {
        let failed = |reason: String| TextsError { file: file.clone(), reason };
        let source = ui.text(&file).ok_or_else(|| failed("cannot be read".to_owned()))?;
        let resource = FluentResource::try_new(source)
            .map_err(|(_, errors)| failed(errors.first().map(ToString::to_string).unwrap_or_default()))?;
        bundle
            .add_resource(resource)
            .map_err(|errors| failed(errors.first().map(ToString::to_string).unwrap_or_default()))?;
    }
    Ok(bundle)
}
