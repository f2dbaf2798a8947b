//! The tables of a computed plan, once for the page and once for the spreadsheet.

use super::figures::{amount, percent};
use super::read::{Computed, Material};
use crate::limits::PLAN_LINES_MAX;
use crate::staff::registers::{Readable, readable, row_href, shown};
use crate::view::Look;
use crate::web::Web;
use ganglion_documents::xlsx;
use ganglion_model::pack::{Field, FieldKind, Plan, PlanKind};
use ganglion_model::{Decimal, Record};
use ganglion_planning::declared::{Subject, Use};
use serde::Serialize;

/// A value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Words, perhaps with an address.
    Text(String, Option<String>),
    /// A number.
    Number(Decimal),
    /// Nothing.
    Empty,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    label: String,
    unit: String,
    is_number: bool,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// `flows`, `reached`, `lacks`, `tiers`, `areas`, `sites`, `uses`, `capacities`.
    pub name: &'static str,
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

/// A cell as the page shows it.
#[derive(Debug, Serialize)]
struct CellView {
    text: String,
    href: Option<String>,
    num: bool,
}

/// A column as the page shows it.
#[derive(Debug, Serialize)]
struct ColumnView {
    label: String,
    num: bool,
}

/// A table as the page shows it.
#[derive(Debug, Serialize)]
pub struct Section {
    name: &'static str,
    title: String,
    help: String,
    columns: Vec<ColumnView>,
    rows: Vec<Vec<CellView>>,
    /// That there are more lines than are shown.
    more: Option<String>,
}

/// Makes tables.
pub struct Tables<'a> {
    /// The request.
    pub web: &'a Web,
    /// Words.
    pub look: &'a Look<'a>,
    /// The plan.
    pub plan: &'a Plan,
    /// What came of it.
    pub computed: &'a Computed,
    /// Address of this plan for another place.
    pub narrower: &'a dyn Fn(ganglion_model::PlaceCode) -> String,
}

/// What a row is called and where it leads.
pub fn title(web: &Web, look: &Look<'_>, material: &Material, subject: &Subject) -> (String, Option<String>) {
    if subject.register.is_empty() {
        let code = subject.key.parse();
        return (code.map_or_else(|_| subject.key.clone(), |code| look.place_path(code)), None);
    }
    let href = row_href("rows", subject.shard, &subject.register, &subject.key);
    let record = material.record(subject);
    let said = record.zip(readable(web, &subject.register).ok()).map(|(record, readable)| {
        let title = shown::title(look, &readable, web, record);
        let named =
            if title == record.key { told(web, look, &readable, record) } else { format!("{title} ({})", record.key) };
        record.place.map_or_else(|| named.clone(), |place| format!("{named} · {}", look.place(place)))
    });
    (said.unwrap_or_else(|| subject.key.clone()), Some(href))
}

/// A row that is called by its number alone: with the places, kinds and months of its columns before it.
fn told(web: &Web, look: &Look<'_>, readable: &Readable<'_>, record: &Record) -> String {
    let says = |field: &&Field| matches!(field.kind, FieldKind::Place { .. } | FieldKind::Choice { .. });
    let fields = shown::columns(web, readable).into_iter().filter(says);
    let words = fields.filter_map(|field| look.value(field, record.fields.get(&field.name)?));
    let words: Vec<String> = words.chain([record.key.clone()]).collect();
    words.join(" · ")
}

impl Tables<'_> {
    fn of(&self, subject: &Subject) -> Value {
        let (text, href) = title(self.web, self.look, &self.computed.material, subject);
        Value::Text(text, href)
    }

    fn text(&self, key: &str) -> Column {
        Column { label: self.look.t(key), unit: String::new(), is_number: false }
    }

    fn number(&self, key: &str) -> Column {
        Column { is_number: true, ..self.text(key) }
    }

    /// A column of amounts, in the unit of the plan.
    fn amount(&self, key: &str) -> Column {
        Column { unit: self.look.text(&self.plan.unit), ..self.number(key) }
    }

    fn has_tiers(&self) -> bool {
        !self.computed.outcome.tiers.is_empty()
    }

    /// What the two ends are called: supply and demand, worker and job, facility and place.
    fn ends(&self) -> (&'static str, &'static str) {
        match self.plan.kind {
            PlanKind::Allocation(_) => ("plan-supply", "plan-demand"),
            PlanKind::Assignment(_) => ("plan-worker", "plan-job"),
            PlanKind::Coverage(_) => ("plan-facility", "plan-place"),
        }
    }

    /// What the plan finds: who gets what, or how every place is reached.
    pub fn result(&self) -> Sheet {
        match self.plan.kind {
            PlanKind::Coverage(_) => self.reached(),
            PlanKind::Allocation(_) | PlanKind::Assignment(_) => self.flows(),
        }
    }

    fn flows(&self) -> Sheet {
        let is_allocation = matches!(self.plan.kind, PlanKind::Allocation(_));
        let flows = &self.computed.outcome.flows;
        let (has_cost, has_km) = (flows.iter().any(|one| one.cost.is_some()), flows.iter().any(|one| one.km.is_some()));
        let (from, to) = self.ends();
        let mut columns = vec![self.text(from), self.text(to)];
        if is_allocation {
            columns.push(self.text("plan-link"));
        }
        if self.has_tiers() {
            columns.push(self.number("plan-tier"));
        }
        if is_allocation {
            columns.extend([self.amount("plan-taken"), self.amount("plan-arrives")]);
        }
        columns.extend(has_km.then(|| self.number("plan-km")));
        columns.extend(has_cost.then(|| self.number("plan-cost")));
        let row = |one: &ganglion_planning::declared::Flow| {
            let mut row = vec![self.of(&one.from), self.of(&one.to)];
            if is_allocation {
                row.push(one.over.as_ref().map_or(Value::Empty, |over| self.of(over)));
            }
            if self.has_tiers() {
                row.push(Value::Number(one.tier.into()));
            }
            if is_allocation {
                row.extend([Value::Number(one.amount), Value::Number(one.arrives)]);
            }
            row.extend(has_km.then(|| one.km.map_or(Value::Empty, Value::Number)));
            row.extend(has_cost.then(|| one.cost.map_or(Value::Empty, Value::Number)));
            row
        };
        Sheet { name: "flows", columns, rows: flows.iter().map(row).collect() }
    }

    fn reached(&self) -> Sheet {
        let columns = vec![
            self.text("plan-place"),
            self.amount("plan-weight"),
            self.text("plan-covered"),
            self.number("plan-minutes"),
            self.text("plan-nearest"),
        ];
        let rows = self.computed.outcome.reached.iter().map(|one| {
            vec![
                self.of(&one.subject),
                Value::Number(one.weight),
                Value::Text(self.look.t(if one.is_covered { "yes" } else { "no" }), None),
                one.minutes.map_or(Value::Empty, Value::Number),
                one.facility.as_ref().map_or(Value::Empty, |one| self.of(one)),
            ]
        });
        Sheet { name: "reached", columns, rows: rows.collect() }
    }

    /// What is not served in full, and why.
    pub fn lacks(&self) -> Sheet {
        let is_coverage = matches!(self.plan.kind, PlanKind::Coverage(_));
        let mut columns = vec![self.text(self.ends().1)];
        if self.has_tiers() {
            columns.push(self.number("plan-tier"));
        }
        if is_coverage {
            columns.extend([self.amount("plan-weight"), self.number("plan-minutes")]);
        } else {
            columns.extend([self.amount("plan-asked"), self.amount("plan-lacking"), self.text("plan-cause")]);
        }
        let prefix = if matches!(self.plan.kind, PlanKind::Assignment(_)) { "plan-job-cause" } else { "plan-cause" };
        let row = |one: &ganglion_planning::declared::Lack| {
            let mut row = vec![self.of(&one.subject)];
            if self.has_tiers() {
                row.push(Value::Number(one.tier.into()));
            }
            if is_coverage {
                row.extend([Value::Number(one.asked), one.minutes.map_or(Value::Empty, Value::Number)]);
            } else {
                let cause =
                    one.cause.map(|cause| self.look.t(&format!("{prefix}-{}", cause.as_str().replace('_', "-"))));
                row.extend([Value::Number(one.asked), Value::Number(one.lacking)]);
                row.push(cause.map_or(Value::Empty, |cause| Value::Text(cause, None)));
            }
            row
        };
        Sheet { name: "lacks", columns, rows: self.computed.outcome.lacks.iter().map(row).collect() }
    }

    /// Everything else there is to say, tables without lines left out.
    pub fn others(&self) -> Vec<Sheet> {
        let mut all = vec![self.tiers(), self.areas(), self.sites(), self.helps(), self.uses(), self.capacities()];
        all.retain(|sheet| !sheet.rows.is_empty());
        all
    }

    fn tiers(&self) -> Sheet {
        let columns = vec![
            self.number("plan-tier"),
            self.amount("plan-asked"),
            self.amount("plan-served"),
            self.text("plan-share"),
        ];
        let rows = self.computed.outcome.tiers.iter().map(|one| {
            let share = percent(one.served, one.asked).map_or(Value::Empty, |share| Value::Text(share, None));
            vec![Value::Number(one.tier.into()), Value::Number(one.asked), Value::Number(one.served), share]
        });
        Sheet { name: "tiers", columns, rows: rows.collect() }
    }

    fn areas(&self) -> Sheet {
        let columns = vec![
            self.text("col-place"),
            self.amount("plan-weight"),
            self.amount("plan-served-within"),
            self.text("plan-share"),
        ];
        let rows = self.computed.outcome.areas.iter().map(|one| {
            let share = percent(one.served, one.asked).map_or(Value::Empty, |share| Value::Text(share, None));
            let place = Value::Text(self.look.place(one.place), Some((self.narrower)(one.place)));
            vec![place, Value::Number(one.asked), Value::Number(one.served), share]
        });
        Sheet { name: "areas", columns, rows: rows.collect() }
    }

    fn sites(&self) -> Sheet {
        let columns = vec![
            self.number("plan-rank"),
            self.text("plan-site"),
            self.amount("plan-gained"),
            self.number("plan-places"),
        ];
        let rows = self.computed.outcome.sites.iter().enumerate().map(|(at, one)| {
            let count = |n: usize| Value::Number(Decimal::from(n));
            vec![count(at + 1), self.of(&one.subject), Value::Number(one.gained), count(one.places)]
        });
        Sheet { name: "sites", columns, rows: rows.collect() }
    }

    fn helps(&self) -> Sheet {
        let mut columns = vec![self.text("plan-lever"), self.text("plan-lever-kind")];
        if self.has_tiers() {
            columns.push(self.number("plan-tier"));
        }
        columns.push(self.number("plan-gain"));
        let rows = self.computed.outcome.helps.iter().map(|one| {
            let kind = self.look.t(if one.is_capacity { "plan-lever-capacity" } else { "plan-lever-supply" });
            let kind = if one.of.is_empty() { kind } else { format!("{kind} · {}", one.of) };
            let mut row = vec![self.of(&one.subject), Value::Text(kind, None)];
            if self.has_tiers() {
                row.push(Value::Number(one.tier.into()));
            }
            row.push(Value::Number(one.gain));
            row
        });
        Sheet { name: "helps", columns, rows: rows.collect() }
    }

    fn uses(&self) -> Sheet {
        let has_limit = !matches!(self.plan.kind, PlanKind::Coverage(_));
        self.used("uses", self.ends().0, (&self.computed.outcome.uses, has_limit))
    }

    fn capacities(&self) -> Sheet {
        self.used("capacities", "plan-link", (&self.computed.outcome.capacities, true))
    }

    fn used(&self, name: &'static str, what: &str, (uses, has_limit): (&[Use], bool)) -> Sheet {
        let mut columns = vec![self.text(what)];
        columns.extend(has_limit.then(|| self.amount("plan-there")));
        columns.push(self.amount(if has_limit { "plan-used" } else { "plan-nearest-of" }));
        columns.extend(has_limit.then(|| self.amount("plan-left")));
        let row = |one: &Use| {
            let mut row = vec![self.of(&one.subject)];
            row.extend(has_limit.then(|| one.there.map_or(Value::Empty, Value::Number)));
            row.push(Value::Number(one.used));
            row.extend(has_limit.then(|| one.there.map_or(Value::Empty, |there| Value::Number(there - one.used))));
            row
        };
        Sheet { name, columns, rows: uses.iter().map(row).collect() }
    }
}

impl Sheet {
    /// For the page.
    pub fn section(self, look: &Look<'_>) -> Section {
        let total = self.rows.len();
        let label = |one: &Column| {
            if one.unit.is_empty() {
                one.label.clone()
            } else {
                look.say("plan-column", &[("label", one.label.as_str().into()), ("unit", one.unit.as_str().into())])
            }
        };
        let cell = |value: Value, num: bool| match value {
            Value::Text(text, href) => CellView { text, href, num },
            Value::Number(number) => CellView { text: amount(number), href: None, num },
            Value::Empty => CellView { text: String::new(), href: None, num },
        };
        let nums: Vec<bool> = self.columns.iter().map(|one| one.is_number).collect();
        let shown = [("shown", PLAN_LINES_MAX.into()), ("total", total.into())];
        Section {
            name: self.name,
            title: look.t(&format!("plan-table-{}", self.name)),
            help: look.t(&format!("plan-help-{}", self.name)),
            columns: self.columns.iter().map(|one| ColumnView { label: label(one), num: one.is_number }).collect(),
            rows: self
                .rows
                .into_iter()
                .take(PLAN_LINES_MAX)
                .map(|row| row.into_iter().zip(&nums).map(|(value, num)| cell(value, *num)).collect())
                .collect(),
            more: (total > PLAN_LINES_MAX).then(|| look.say("plan-more", &shown)),
        }
    }

    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The columns of a spreadsheet.
    pub fn xlsx_columns(&self, decimals: u8) -> Vec<xlsx::Column> {
        let column = |one: &Column| {
            if one.is_number {
                // Amounts have the digits of the plan; kilometres, minutes and gains their own.
                let digits = if one.unit.is_empty() { decimals.max(1) } else { decimals };
                xlsx::Column::number(one.label.clone(), one.unit.clone(), digits)
            } else {
                xlsx::Column::text(one.label.clone())
            }
        };
        self.columns.iter().map(column).collect()
    }

    /// The lines of a spreadsheet.
    pub fn xlsx_rows(self) -> Vec<Vec<xlsx::Cell>> {
        let cell = |value: Value| match value {
            Value::Text(text, _) => xlsx::Cell::Text(text),
            Value::Number(number) => number.to_string().parse().map_or(xlsx::Cell::Empty, xlsx::Cell::Number),
            Value::Empty => xlsx::Cell::Empty,
        };
        self.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect()
    }
}
