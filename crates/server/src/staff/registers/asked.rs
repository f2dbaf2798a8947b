//! What a list of rows is narrowed to: read from the address, written as a filter, offered as selects and ranges.

use super::Readable;
use crate::staff::query::Query;
use crate::view::Look;
use crate::view::options::Choice;
use crate::web::Web;
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_kernel::port_rows::{FieldTest, RowAfter, RowFilter, RowOrder, RowSort};
use ganglion_model::pack::{Field, FieldKind};
use ganglion_model::{Level, PlaceCode};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

/// Choices a select of a filter may have.
const CHOICES_MAX: usize = 200;
/// Filters of fields on one page.
const FILTERS_MAX: usize = 6;

/// A control above the list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Control {
    name: String,
    label: String,
    /// `select`, `date`, or `range` of two ends.
    kind: &'static str,
    value: String,
    options: Vec<Choice>,
    /// The two ends of a range.
    ends: Vec<RangeEnd>,
}

/// One end of a range.
#[derive(Clone, Debug, Default, Serialize)]
struct RangeEnd {
    name: String,
    label: String,
    value: String,
    is_date: bool,
}

/// What was asked for.
pub struct Asked {
    /// As rows are looked for.
    pub filter: RowFilter,
    /// Their order.
    pub order: RowOrder,
    /// Where the page begins.
    pub after: Option<RowAfter>,
    /// Whether something was asked for beyond the register itself.
    pub is_narrow: bool,
}

/// The name in the address of a test of a field.
fn named(field: &Field, end: &str) -> String {
    format!("f.{}{end}", field.name)
}

fn is_selected(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Choice { .. } | FieldKind::Choices { .. } | FieldKind::Boolean | FieldKind::Ref { .. })
}

fn is_ranged(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Integer { .. } | FieldKind::Decimal { .. } | FieldKind::Date)
}

/// A typed value as it is stored.
fn stored(kind: &FieldKind, text: &str) -> Option<Value> {
    Some(match kind {
        FieldKind::Boolean => Value::Bool(text.parse().ok()?),
        FieldKind::Integer { .. } => Value::from(text.trim().parse::<i64>().ok()?),
        FieldKind::Decimal { .. } => Value::from(text.trim().parse::<f64>().ok()?.to_string()),
        FieldKind::Date => Value::from(text.trim().parse::<Date>().ok()?.to_string()),
        _ => Value::from(text),
    })
}

/// Fields that may be filtered by, in the order of the columns first.
fn filtered<'r>(readable: &Readable<'r>, web: &Web) -> Vec<&'r Field> {
    let columns = &readable.register.columns;
    let mut fields: Vec<&Field> = readable.fields(web);
    fields.retain(|field| is_selected(&field.kind) || is_ranged(&field.kind));
    fields.sort_by_key(|field| columns.iter().position(|name| *name == field.name).unwrap_or(usize::MAX));
    fields
}

/// Reads the address; what makes no sense is left out.
pub fn read(web: &Web, readable: &Readable<'_>, query: &Query) -> Asked {
    let on = query.get("on").and_then(|day| day.parse().ok());
    let mut filter = RowFilter::of(&readable.register.name, on.unwrap_or_else(|| web.today()));
    let asked: Option<PlaceCode> = query.get("place").and_then(|code| code.parse().ok());
    filter.place = match readable.reach {
        RowReach::Within(own) => Some(asked.filter(|place| own.holds(*place)).unwrap_or(own)),
        RowReach::All | RowReach::Public => asked,
    };
    // Words of fields the reader may not see would be found all the same.
    filter.word = query.get("q").filter(|_| readable.sees_all(web)).map(|word| word.trim().to_owned());
    for field in filtered(readable, web) {
        let test = |end: &str| query.get(&named(field, end)).map(str::to_owned);
        let mut add = |test: Option<FieldTest>| filter.fields.extend(test.map(|test| (field.name.clone(), test)));
        add(test("").and_then(|text| stored(&field.kind, &text)).map(FieldTest::Is));
        add(test(".from").and_then(|text| stored(&field.kind, &text)).map(FieldTest::AtLeast));
        add(test(".to").and_then(|text| stored(&field.kind, &text)).map(FieldTest::AtMost));
    }
    let sort = query.get("sort").unwrap_or_default();
    let known = |name: &str| readable.fields(web).iter().any(|field| field.name == name);
    let order = RowOrder {
        by: match sort.trim_start_matches('-') {
            "changed" => RowSort::Changed,
            name if known(name) && name != readable.register.key => RowSort::Field(name.to_owned()),
            _ => RowSort::Key,
        },
        descending: sort.starts_with('-'),
    };
    let narrowed_place = asked.is_some() && !matches!(readable.reach, RowReach::Within(own) if Some(own) == asked);
    Asked {
        is_narrow: narrowed_place || filter.word.is_some() || !filter.fields.is_empty() || on.is_some(),
        filter,
        order,
        after: query.get("after").and_then(|text| serde_json::from_str(text).ok()),
    }
}

impl Asked {
    /// The controls above the list.
    pub fn controls(&self, web: &Web, look: &Look<'_>, readable: &Readable<'_>, query: &Query) -> Vec<Control> {
        let mut controls = Vec::new();
        if let (RowReach::Within(own), ganglion_model::pack::Scope::Place(level)) =
            (readable.reach, readable.register.scope)
            && own.level() < level
        {
            controls.push(Control {
                name: "place".to_owned(),
                label: look.t("filter-place"),
                kind: "select",
                options: places(look, (own, self.filter.place.unwrap_or(own)), level),
                ..Control::default()
            });
        }
        for field in filtered(readable, web).into_iter().take(FILTERS_MAX) {
            if is_selected(&field.kind) {
                controls.extend(select(look, field, query, web));
            } else {
                controls.push(range(look, field, query));
            }
        }
        if readable.register.dated {
            controls.push(Control {
                name: "on".to_owned(),
                label: look.t("reg-on"),
                kind: "date",
                value: query.get("on").unwrap_or_default().to_owned(),
                ..Control::default()
            });
        }
        controls
    }
}

fn select(look: &Look<'_>, field: &Field, query: &Query, web: &Web) -> Option<Control> {
    let place = web.post().map_or(web.world.places.root, |post| post.place);
    let mut options = match field.kind {
        FieldKind::Boolean => vec![Choice::new("true", look.t("yes")), Choice::new("false", look.t("no"))],
        _ => look.choices(&field.kind, place, &[]),
    };
    if options.is_empty() || options.len() > CHOICES_MAX {
        return None;
    }
    let name = named(field, "");
    for option in &mut options {
        option.selected = query.get(&name) == Some(option.value.as_str());
    }
    options.insert(0, Choice::new("", look.t("filter-all")));
    Some(Control { name, label: look.text(&field.title), kind: "select", options, ..Control::default() })
}

fn range(look: &Look<'_>, field: &Field, query: &Query) -> Control {
    let is_date = field.kind == FieldKind::Date;
    let keys = if is_date { ["reg-since-day", "reg-until-day"] } else { ["reg-from", "reg-to"] };
    let title = look.text(&field.title);
    let end = |(end, key): (&str, &str)| {
        let name = named(field, end);
        let value = query.get(&name).unwrap_or_default().to_owned();
        RangeEnd { label: look.say(key, &[("label", title.clone().into())]), name, value, is_date }
    };
    Control {
        name: named(field, ""),
        label: title.clone(),
        kind: "range",
        ends: [".from", ".to"].into_iter().zip(keys).map(end).collect(),
        ..Control::default()
    }
}

/// The place shown, what lies above it inside the post's own, and its children down to the level of the rows.
fn places(look: &Look<'_>, (own, here): (PlaceCode, PlaceCode), level: Level) -> Vec<Choice> {
    let mut codes: Vec<PlaceCode> = here.ancestors().filter(|code| own.holds(*code)).collect();
    codes.reverse();
    codes.push(here);
    let mut choices: Vec<Choice> = codes
        .into_iter()
        .map(|code| Choice { selected: code == here, ..Choice::new(code.to_string(), look.place(code)) })
        .collect();
    if here.level() < level {
        let group = Some(look.place(here));
        let children = look.world.places.tree.children(here, look.today());
        choices.extend(
            children.map(|place| Choice {
                group: group.clone(),
                ..Choice::new(place.code.to_string(), place.name.clone())
            }),
        );
    }
    choices
}
