//! The cases of a batch: rows, what open ones are listed by, assisting posts, codes of documents.

use super::row::{padded, shard, signed, text};
use super::sql::{Param, Pipeline, column, value};
use ganglion_kernel::port::{After, CaseOrder, CaseWrite, ShardWrite};
use ganglion_model::row::Case;
use ganglion_model::{Level, PostId};
use jiff::Timestamp;
use std::borrow::Cow;

const INSERT: &str = "INSERT INTO case_row (shard, id, process, number, state, kind, place, township, level, is_open, due, \
                      opened_at, updated_at, closed_at, assignee, opened_by, lon, lat, version, body) SELECT * FROM \
                      unnest($1::int4[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int8[], \
                      $8::int8[], $9::int2[], $10::bool[], $11::int8[], $12::int8[], $13::int8[], $14::int8[], \
                      $15::text[], $16::text[], $17::float8[], $18::float8[], $19::int8[], $20::text[])";
pub(super) const UPDATE: &str = "WITH changed AS (UPDATE case_row c SET process = w.process, number = w.number, state = w.state, \
                      kind = w.kind, place = w.place, township = w.township, level = w.level, is_open = w.is_open, \
                      due = w.due, opened_at = w.opened_at, updated_at = w.updated_at, closed_at = w.closed_at, \
                      assignee = w.assignee, opened_by = w.opened_by, lon = w.lon, lat = w.lat, version = w.version, \
                      body = w.body FROM unnest($1::int4[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], \
                      $7::int8[], $8::int8[], $9::int2[], $10::bool[], $11::int8[], $12::int8[], $13::int8[], \
                      $14::int8[], $15::text[], $16::text[], $17::float8[], $18::float8[], $19::int8[], $20::text[]) \
                      w (shard, id, process, number, state, kind, place, township, level, is_open, due, opened_at, \
                      updated_at, closed_at, assignee, opened_by, lon, lat, version, body) \
                      WHERE c.shard = w.shard AND c.id = w.id RETURNING 1) SELECT ganglion_expect('a case that was to be \
                      changed is not there', cardinality($1), (SELECT count(*) FROM changed))";
/// Written only where something is listed otherwise: most steps change the state alone, which is in no index.
const OPEN: &str = "INSERT INTO case_open AS o (shard, id, process, state, kind, place, township, level, due, opened_at, \
                    assignee, lon, lat) SELECT * FROM unnest($1::int4[], $2::uuid[], $3::text[], $4::text[], $5::text[], \
                    $6::int8[], $7::int8[], $8::int2[], $9::int8[], $10::int8[], $11::text[], $12::float8[], \
                    $13::float8[]) ON CONFLICT (shard, id) DO UPDATE SET process = excluded.process, \
                    state = excluded.state, kind = excluded.kind, place = excluded.place, township = excluded.township, \
                    level = excluded.level, due = excluded.due, opened_at = excluded.opened_at, \
                    assignee = excluded.assignee, lon = excluded.lon, lat = excluded.lat \
                    WHERE (o.state, o.due, o.assignee, o.kind, o.place, o.level, o.process, o.opened_at, o.lon, o.lat) \
                    IS DISTINCT FROM (excluded.state, excluded.due, excluded.assignee, excluded.kind, excluded.place, \
                    excluded.level, excluded.process, excluded.opened_at, excluded.lon, excluded.lat)";
pub(super) const CLOSED: &str = "DELETE FROM case_open o USING unnest($1::int4[], $2::uuid[]) w (shard, id) \
                      WHERE o.shard = w.shard AND o.id = w.id";
pub(super) const ASSIST_GONE: &str = "DELETE FROM case_assist a USING unnest($1::int4[], $2::uuid[]) w (shard, id) \
                           WHERE a.shard = w.shard AND a.id = w.id AND NOT EXISTS (SELECT 1 FROM \
                           unnest($3::uuid[], $4::text[]) k (id, post) WHERE k.id = a.id AND k.post = a.post)";
const ASSIST: &str = "INSERT INTO case_assist (shard, id, post) SELECT * FROM \
                      unnest($1::int4[], $2::uuid[], $3::text[]) ON CONFLICT DO NOTHING";
pub(super) const CODES: &str = "INSERT INTO document (shard, code, case_id) SELECT * FROM \
                     unnest($1::int4[], $2::text[], $3::uuid[]) ON CONFLICT DO NOTHING";

/// The cases of a batch, in its order.
pub(super) fn cases(batch: &[ShardWrite]) -> Vec<&CaseWrite> {
    batch.iter().flat_map(|write| &write.cases).collect()
}

/// A case with its JSON.
type Written<'a> = (&'a CaseWrite, &'a str);

/// Writes the cases; `bodies` in their order.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, batch: &'a [ShardWrite], bodies: &'a [String]) {
    let all: Vec<Written<'a>> = cases(batch).into_iter().zip(bodies.iter().map(String::as_str)).collect();
    let (new, old): (Vec<Written<'a>>, Vec<Written<'a>>) = all.iter().partition(|(write, _)| write.is_new);
    pipeline.over(&new, INSERT, rows);
    pipeline.over(&old, UPDATE, rows);
    let (open, closed): (Vec<Written<'a>>, Vec<Written<'a>>) =
        all.iter().partition(|(write, _)| write.case.closed_at.is_none());
    pipeline.over(&open, OPEN, open_rows);
    pipeline.over(&closed, CLOSED, ids);
    super::words::write(pipeline, &cases(batch));
    let assisting: Vec<(&'a Case, &'a PostId)> =
        all.iter().flat_map(|(write, _)| write.case.assist.iter().map(|post| (&write.case, post))).collect();
    pipeline.over(&old, ASSIST_GONE, |w| {
        let mut params = ids(w);
        params.push(column(&assisting, |(case, _)| case.id.0));
        params.push(column(&assisting, |(_, post)| text(&post.0)));
        params
    });
    pipeline.over(&assisting, ASSIST, |w| {
        vec![
            column(w, |(case, _)| shard(case.shard)),
            column(w, |(case, _)| case.id.0),
            column(w, |(_, post)| text(&post.0)),
        ]
    });
    let codes: Vec<(&'a Case, &'a str)> = all
        .iter()
        .flat_map(|(write, _)| write.case.documents.iter().map(|issued| (&write.case, issued.code.as_str())))
        .collect();
    pipeline.over(&codes, CODES, |w| {
        vec![
            column(w, |(case, _)| shard(case.shard)),
            column(w, |(_, code)| text(code)),
            column(w, |(case, _)| case.id.0),
        ]
    });
}

fn ids<'a>(written: &[Written<'a>]) -> Vec<Param<'a>> {
    vec![column(written, |(write, _)| shard(write.case.shard)), column(written, |(write, _)| write.case.id.0)]
}

fn post(post: Option<&PostId>) -> Option<Cow<'_, str>> {
    post.map(|post| text(&post.0))
}

fn township(case: &Case) -> Option<i64> {
    case.place.at(Level::Township).map(padded)
}

fn level(case: &Case) -> i16 {
    i16::try_from(case.level.digits()).unwrap_or(i16::MAX)
}

fn due(case: &Case) -> i64 {
    After::of(case, CaseOrder::Due).at
}

fn rows<'a>(written: &[Written<'a>]) -> Vec<Param<'a>> {
    vec![
        column(written, |(write, _)| shard(write.case.shard)),
        column(written, |(write, _)| write.case.id.0),
        column(written, |(write, _)| text(&write.case.process)),
        column(written, |(write, _)| text(&write.case.number)),
        column(written, |(write, _)| text(&write.case.state)),
        column(written, |(write, _)| write.kind.as_deref().map(text)),
        column(written, |(write, _)| padded(write.case.place)),
        column(written, |(write, _)| township(&write.case)),
        column(written, |(write, _)| level(&write.case)),
        column(written, |(write, _)| write.case.closed_at.is_none()),
        column(written, |(write, _)| due(&write.case)),
        column(written, |(write, _)| write.case.opened_at.as_microsecond()),
        column(written, |(write, _)| write.case.updated_at.as_microsecond()),
        column(written, |(write, _)| write.case.closed_at.map(Timestamp::as_microsecond)),
        column(written, |(write, _)| post(write.case.assignee.as_ref())),
        column(written, |(write, _)| post(write.case.opened_by.as_ref())),
        column(written, |(write, _)| write.case.point.map(|point| point[0])),
        column(written, |(write, _)| write.case.point.map(|point| point[1])),
        column(written, |(write, _)| signed(u64::from(write.case.version))),
        value(written.iter().map(|(_, body)| *body).collect::<Vec<&'a str>>()),
    ]
}

fn open_rows<'a>(written: &[Written<'a>]) -> Vec<Param<'a>> {
    vec![
        column(written, |(write, _)| shard(write.case.shard)),
        column(written, |(write, _)| write.case.id.0),
        column(written, |(write, _)| text(&write.case.process)),
        column(written, |(write, _)| text(&write.case.state)),
        column(written, |(write, _)| write.kind.as_deref().map(text)),
        column(written, |(write, _)| padded(write.case.place)),
        column(written, |(write, _)| township(&write.case)),
        column(written, |(write, _)| level(&write.case)),
        column(written, |(write, _)| due(&write.case)),
        column(written, |(write, _)| write.case.opened_at.as_microsecond()),
        column(written, |(write, _)| post(write.case.assignee.as_ref())),
        column(written, |(write, _)| write.case.point.map(|point| point[0])),
        column(written, |(write, _)| write.case.point.map(|point| point[1])),
    ]
}
