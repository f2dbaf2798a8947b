//! The catalogue of a bundle (DCAT 3 as JSON-LD), a dictionary of every column, and a page to read first.

use super::table::{Dataset, Table, both, columns};
use super::{Making, OpenDataError};
use ganglion_model::{Lang, Text};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Writes `columns.csv`, `dcat.jsonld` and `README.md`.
///
/// # Errors
/// The files.
pub fn write(making: &Making<'_>, sets: &[Dataset], said: &dyn Fn(&str)) -> Result<(), OpenDataError> {
    said("columns.csv");
    let mut sets = sets.to_vec();
    sets.push(dictionary(making, &sets)?);
    for (file, text) in
        [("dcat.jsonld", format!("{:#}\n", catalogue(making, &sets))), ("README.md", readme(making, &sets))]
    {
        said(file);
        let path = making.out.join(file);
        std::fs::write(&path, text).map_err(|error| OpenDataError::File { path, reason: error.to_string() })?;
    }
    Ok(())
}

/// What every column of every file means.
fn dictionary(making: &Making<'_>, sets: &[Dataset]) -> Result<Dataset, OpenDataError> {
    let about = (both(making, "open-data-columns"), both(making, "open-data-columns-about"));
    let names = ["file", "column", "title_zh", "title_en"];
    let mut table = Table::new(making, "columns.csv", about, columns(making, "column", &names))?;
    for set in sets {
        for (name, title) in &set.columns {
            let said = [set.file.as_str(), name, title.get(Lang::Zh), title.get(Lang::En)];
            table.line(&said.map(str::to_owned))?;
        }
    }
    table.finish()
}

fn spoken(text: &Text) -> Value {
    json!([
        { "@language": "zh-CN", "@value": text.get(Lang::Zh) },
        { "@language": "en", "@value": text.get(Lang::En) },
    ])
}

/// The place served, in a title.
fn title(making: &Making<'_>) -> Text {
    let place = making.data.world.places.name(making.data.world.places.root, making.last_day());
    let of = |look: &crate::view::Look<'_>| {
        look.say("open-data-title", &[("place", place.as_str().into()), ("year", making.year.to_string().into())])
    };
    Text::new(of(&making.zh), of(&making.en))
}

/// The catalogue.
fn catalogue(making: &Making<'_>, sets: &[Dataset]) -> Value {
    let base = making.data.public_url.trim_end_matches('/');
    let (first, _) = making.span();
    let period = json!({
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": { "@type": "xsd:date", "@value": first.to_string() },
        "dcat:endDate": { "@type": "xsd:date", "@value": making.last_day().to_string() },
    });
    let issued =
        json!({ "@type": "xsd:date", "@value": ganglion_model::clocks::local_date(making.data.now).to_string() });
    let publisher = json!({
        "@type": "foaf:Agent",
        "foaf:name": making.data.world.places.name(making.data.world.places.root, making.last_day()),
    });
    let dataset = |set: &Dataset| {
        let mut distribution = json!({
            "@type": "dcat:Distribution",
            "dct:title": set.file,
            "dcat:downloadURL": { "@id": set.file },
            "dcat:mediaType": { "@id": "https://www.iana.org/assignments/media-types/text/csv" },
            "dcat:byteSize": { "@type": "xsd:nonNegativeInteger", "@value": set.bytes.to_string() },
            "spdx:checksum": {
                "@type": "spdx:Checksum",
                "spdx:algorithm": { "@id": "spdx:checksumAlgorithm_sha256" },
                "spdx:checksumValue": { "@type": "xsd:hexBinary", "@value": set.digest },
            },
        });
        if let Some(licence) = making.data.licence {
            distribution["dct:license"] = json!({ "@id": licence });
        }
        json!({
            "@type": "dcat:Dataset",
            "@id": format!("#{}", set.file.trim_end_matches(".csv")),
            "dct:title": spoken(&set.title),
            "dct:description": spoken(&set.about),
            "dct:issued": issued,
            "dct:temporal": period,
            "dct:publisher": publisher,
            "dcat:distribution": distribution,
        })
    };
    let mut catalogue = json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "spdx": "http://spdx.org/rdf/terms#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@type": "dcat:Catalog",
        "@id": format!("#open-data-{}", making.year),
        "dct:title": spoken(&title(making)),
        "dct:description": spoken(&both(making, "open-data-about")),
        "dct:issued": issued,
        "dct:publisher": publisher,
        "dct:spatial": making.data.world.places.root.to_string(),
        "dcat:dataset": sets.iter().map(dataset).collect::<Vec<_>>(),
    });
    if !base.is_empty() {
        catalogue["foaf:homepage"] = json!({ "@id": base });
    }
    catalogue
}

/// What to know before reading the files, in both languages.
fn readme(making: &Making<'_>, sets: &[Dataset]) -> String {
    let mut text = String::new();
    for (lang, look) in [(Lang::Zh, &making.zh), (Lang::En, &making.en)] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# {}\n\n{}\n", title(making).get(lang), look.t("open-data-about"));
        let heads = ["open-data-file", "open-data-what", "open-data-lines"].map(|key| look.t(key));
        let _ = writeln!(text, "| {} |\n|---|---|---:|", heads.join(" | "));
        for set in sets {
            let _ =
                writeln!(text, "| `{}` | {}. {} | {} |", set.file, set.title.get(lang), set.about.get(lang), set.rows);
        }
        let _ = writeln!(text, "\n{}\n", look.t("open-data-privacy"));
        if let Some(licence) = making.data.licence {
            let _ = writeln!(text, "{}\n", look.say("open-data-licence", &[("licence", licence.into())]));
        }
    }
    text
}
