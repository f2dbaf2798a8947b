//! Samples of pages and examples of components: what the templates are tried with, and the page of all components. Only where
//! the user interface is read from a folder; a binary alone has neither.

use crate::assets::Ui;
use crate::error::Error;
use crate::web::Web;
use axum::response::Response;
use ganglion_model::Lang;
use serde::Serialize;
use serde_json::{Map, Value, json};

#[derive(Serialize)]
struct Styleguide {
    page: crate::page::Page,
    components: Vec<Value>,
}

/// `GET /styleguide`: every component with its examples, in development.
pub async fn show(web: Web) -> Result<Response, Error> {
    let components = components(&web.app.ui, web.lang).map_err(Error::Internal)?;
    if components.is_empty() {
        return Err(Error::NotFound);
    }
    let page = web.page_titled(web.t("styleguide-title"));
    web.render("pages/styleguide.html", Styleguide { page, components })
}

/// The components of a folder with the examples beside them, by name.
fn components(ui: &Ui, lang: Lang) -> Result<Vec<Value>, String> {
    let Some(folder) = &ui.folder else { return Ok(Vec::new()) };
    let mut names: Vec<String> = std::fs::read_dir(folder.join("components"))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    let mut components = Vec::new();
    for name in names {
        let path = format!("components/{name}/examples.yaml");
        let Some(text) = ui.text(&path) else { continue };
        let read: Value = serde_saphyr::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
        let mut component = resolved(read, lang);
        component["template"] = json!(format!("components/{name}/{name}.html"));
        component["name"] = json!(name);
        components.push(component);
    }
    Ok(components)
}

/// `{zh: …, en: …}` is one text, in the language of the page.
fn resolved(value: Value, lang: Lang) -> Value {
    match value {
        Value::Object(mut map) if map.len() == 2 && map.contains_key("zh") && map.contains_key("en") => {
            map.remove(lang.as_str()).unwrap_or_default()
        }
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (key, resolved(value, lang))).collect::<Map<_, _>>().into()
        }
        Value::Array(list) => list.into_iter().map(|value| resolved(value, lang)).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::Templates;
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui")
    }

    fn read(name: &str) -> Value {
        let text = std::fs::read_to_string(folder().join("pages").join(name)).unwrap();
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// `over` laid upon `under`, member by member.
    fn laid(under: Value, over: Value) -> Value {
        match (under, over) {
            (Value::Object(mut under), Value::Object(over)) => {
                for (key, value) in over {
                    let before = under.remove(&key).unwrap_or_default();
                    under.insert(key, laid(before, value));
                }
                Value::Object(under)
            }
            (_, over) => over,
        }
    }

    fn sample(samples: &Value, name: &str) -> Value {
        let mut own = samples[name].clone();
        let base = own.as_object_mut().and_then(|own| own.remove("extends"));
        match base.as_ref().and_then(Value::as_str) {
            Some(base) => laid(sample(samples, base), own),
            None => own,
        }
    }

    /// What is wrong with a page whatever it is about.
    fn faults(html: &str) -> Vec<String> {
        let after = |mark: &str| -> Vec<String> {
            html.split(mark).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
        };
        let ids = after(" id=\"");
        let known: BTreeSet<&String> = ids.iter().collect();
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        faults.extend(ids.iter().filter(|id| !seen.insert(*id)).map(|id| format!("{id} is there twice")));
        for mark in [" for=\"", " aria-describedby=\"", " aria-labelledby=\"", " aria-controls=\""] {
            let named = after(mark);
            let named = named.iter().flat_map(|ids| ids.split(' ')).map(str::to_owned);
            faults.extend(named.filter(|id| !known.contains(id)).map(|id| format!("{mark}{id}\" leads nowhere")));
        }
        // An argument that is missing shows its name in the message.
        faults.extend(html.match_indices("{$").map(|(at, _)| html[at..].chars().take(40).collect()));
        faults
    }

    #[test]
    fn every_page_is_shown_with_every_sample_in_both_languages() {
        let templates = Templates::load(&Ui { folder: Some(folder()) }).unwrap();
        let profiles = read("page.samples.yaml");
        let mut wrong = Vec::new();
        let mut shown = 0;
        let mut files: Vec<String> = std::fs::read_dir(folder().join("pages"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        for name in files.iter().filter_map(|file| file.strip_suffix(".html")) {
            let file = format!("{name}.samples.yaml");
            let samples = read(&file)["samples"].clone();
            for one in samples.as_object().unwrap().keys() {
                let own = sample(&samples, one);
                let profile = own["profile"].as_str().unwrap_or_default();
                let mut context = own.clone();
                context["page"] = laid(profiles[profile].clone(), own["page"].clone());
                for lang in [Lang::Zh, Lang::En] {
                    let mut context = resolved(context.clone(), lang);
                    context["page"]["lang"] = json!(lang.as_str());
                    let context = minijinja::value::Value::from(minijinja::value::Serde(&context));
                    shown += 1;
                    match templates.render(lang, &format!("pages/{name}.html"), context) {
                        Ok(html) => wrong.extend(faults(&html).into_iter().map(|f| format!("{name}, {one}: {f}"))),
                        Err(error) => wrong.push(format!("{name}, {one}: {error:#}")),
                    }
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
        assert!(shown > 200, "{shown}");
    }

    #[test]
    fn every_component_is_shown_with_every_example() {
        let ui = Ui { folder: Some(folder()) };
        let templates = Templates::load(&ui).unwrap();
        let page = read("page.samples.yaml")["public"].clone();
        for lang in [Lang::Zh, Lang::En] {
            let components = components(&ui, lang).unwrap();
            assert!(components.len() > 10, "{}", components.len());
            let context = json!({ "page": resolved(page.clone(), lang), "components": components });
            let context = minijinja::value::Value::from(minijinja::value::Serde(&context));
            let html = templates.render(lang, "pages/styleguide.html", context).unwrap();
            assert_eq!(faults(&html), Vec::<String>::new());
        }
    }

    #[test]
    fn faults_are_found() {
        let html = r#"<p id="a"></p><p id="a"><label for="b"></label>{$name} left</p>"#;
        assert_eq!(faults(html), ["a is there twice", " for=\"b\" leads nowhere", "{$name} left</p>"]);
    }

    #[test]
    fn members_of_a_sample_are_laid_upon_those_it_extends() {
        let samples =
            json!({ "a": { "x": { "y": 1, "z": 2 }, "l": [1] }, "b": { "extends": "a", "x": { "y": 3 }, "l": [] } });
        assert_eq!(sample(&samples, "b"), json!({ "x": { "y": 3, "z": 2 }, "l": [] }));
    }
}
