//! The storage port on SQLite: every method takes a connection and hands over to the module of its subject.

use super::connect::SqliteStore;
use super::{
    cases, figures, forget, journal, load, members, notices, packs, people, reference, rows, rules, told, views,
    waiting, words, write,
};
use async_trait::async_trait;
use ganglion_indicators::{Cells, Fact, Period};
use ganglion_kernel::merkle::Hash;
use ganglion_kernel::notice::Standing;
use ganglion_kernel::packs::Install;
use ganglion_kernel::port::{
    Access, Account, After, CaseFilter, CaseOrder, CellRead, FactFilter, FileRow, Forgotten, Head, Loaded, MemberRead,
    Session, ShardWrite, Stale, Store, StoreError, StoredLine, Timer, Told, Want,
};
use ganglion_kernel::port_rows::{ProposalFilter, Referer, RowAfter, RowFilter, RowOrder};
use ganglion_kernel::queue::{QueueWant, Waiting};
use ganglion_kernel::rules::{Violation, ViolationFilter};
use ganglion_model::needed::Needed;
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{AccountId, CaseId, Entry, Model, Place, PlaceCode, Post, PostId, Proposal, ProposalId, Shard};
use jiff::Timestamp;
use jiff::civil::Date;

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, want: &Want) -> Result<Loaded, StoreError> {
        // The writer's pages stay in memory from batch to batch; a reader has to fetch them anew after every commit.
        load::load(&self.writer(), want)
    }

    async fn write(&self, batch: &[ShardWrite]) -> Result<(), StoreError> {
        write::write(&mut self.writer(), self.packing(), batch)
    }

    async fn waiting(&self, want: &QueueWant) -> Result<Vec<Case>, StoreError> {
        waiting::front(&self.reader(), want)
    }

    async fn waiting_count(&self, want: &QueueWant, before: Option<&Waiting>) -> Result<u64, StoreError> {
        waiting::count(&self.reader(), want, before)
    }

    async fn notices(
        &self,
        (place, now): (PlaceCode, Timestamp),
        after: Option<(Timestamp, CaseId)>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError> {
        notices::page(&self.reader(), (place, now), after, limit)
    }

    async fn notice(&self, case: CaseId, name: &str, now: Timestamp) -> Result<Option<Standing>, StoreError> {
        notices::standing(&self.reader(), (case, name), now)
    }

    async fn timers_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Timer>, StoreError> {
        journal::timers_due(&self.reader(), now, limit)
    }

    async fn case(&self, shard: Shard, case: CaseId) -> Result<Option<Case>, StoreError> {
        cases::case_by_id(&self.reader(), shard, case)
    }

    async fn case_id(&self, shard: Shard, number: &str) -> Result<Option<CaseId>, StoreError> {
        cases::id_by_number(&self.reader(), shard, number)
    }

    async fn case_by_number(&self, shard: Shard, number: &str) -> Result<Option<Case>, StoreError> {
        cases::case_by_number(&self.reader(), shard, number)
    }

    async fn cases(
        &self,
        filter: &CaseFilter,
        order: CaseOrder,
        after: Option<&After>,
        limit: u32,
    ) -> Result<Vec<Case>, StoreError> {
        cases::cases(&self.reader(), filter, order, after, limit)
    }

    async fn cases_newest(&self, filter: &CaseFilter, limit: u32, needed: &Needed) -> Result<Vec<Case>, StoreError> {
        cases::newest(&self.reader(), filter, limit, needed)
    }

    async fn case_words_put(&self, words: &[(Case, String)]) -> Result<(), StoreError> {
        words::put_all(&mut self.writer(), words)
    }

    async fn case_count(&self, filter: &CaseFilter) -> Result<u64, StoreError> {
        cases::case_count(&self.reader(), filter, None)
    }

    async fn case_count_to(&self, filter: &CaseFilter, most: u32) -> Result<u64, StoreError> {
        cases::case_count(&self.reader(), filter, Some(most))
    }

    async fn entries_of_case(&self, shard: Shard, case: CaseId, limit: u32) -> Result<Vec<Entry>, StoreError> {
        journal::entries_of_case(&self.reader(), shard, case, limit)
    }

    async fn entries_after(&self, shard: Shard, seq: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        journal::entries_after(&self.reader(), shard, seq, limit)
    }

    async fn entries_holding(
        &self,
        shard: Shard,
        span: (u64, u64),
        holds: &[&str],
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        journal::entries_holding(&self.reader(), shard, span, (holds, limit))
    }

    async fn lines_after(&self, shard: Shard, seq: u64, limit: u32) -> Result<Vec<StoredLine>, StoreError> {
        journal::lines_after(&self.reader(), shard, seq, limit)
    }

    async fn leaves_after(&self, shard: Shard, seq: u64, limit: u32) -> Result<Vec<Hash>, StoreError> {
        journal::leaves_after(&self.reader(), shard, seq, limit)
    }

    async fn shards(&self) -> Result<Vec<(Shard, Head)>, StoreError> {
        journal::shards(&self.reader())
    }

    async fn positions(&self) -> Result<Vec<(Shard, u64)>, StoreError> {
        journal::positions(&self.reader())
    }

    async fn cursor(&self, job: &str, shard: Shard) -> Result<u64, StoreError> {
        journal::cursor(&self.reader(), job, shard)
    }

    async fn cursors_set(&self, job: &str, seqs: &[(Shard, u64)]) -> Result<(), StoreError> {
        journal::cursors_set(&mut self.writer(), job, seqs)
    }

    async fn cells(
        &self,
        measure: &str,
        places: &[PlaceCode],
        periods: (&[Period], bool),
    ) -> Result<Vec<CellRead>, StoreError> {
        figures::cells(&self.reader(), measure, places, periods)
    }

    async fn cells_to(
        &self,
        measure: &str,
        places: &[PlaceCode],
        month: i32,
        parts: bool,
    ) -> Result<Vec<CellRead>, StoreError> {
        figures::cells_to(&self.reader(), measure, places, (month, parts))
    }

    async fn facts_latest(&self, filter: &FactFilter) -> Result<Vec<MemberRead>, StoreError> {
        members::facts_latest(&self.reader(), filter)
    }

    async fn facts_sum(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        figures::facts_sum(&self.reader(), filter)
    }

    async fn facts_values(&self, filter: &FactFilter) -> Result<Vec<(String, i64, i64)>, StoreError> {
        figures::facts_values(&self.reader(), filter)
    }

    async fn facts_all(&self, shard: Shard) -> Result<Vec<(CaseId, Fact)>, StoreError> {
        figures::facts_all(&self.reader(), shard)
    }

    async fn figures_clear(&self, shard: Shard) -> Result<(), StoreError> {
        write::figures_clear(&mut self.writer(), shard)
    }

    async fn figures_add(&self, shard: Shard, facts: &[(CaseId, Fact)], cells: &Cells) -> Result<(), StoreError> {
        write::figures_add(&mut self.writer(), shard, facts, cells)
    }

    async fn cells_all(&self, shard: Shard) -> Result<Cells, StoreError> {
        figures::cells_all(&self.reader(), shard)
    }

    async fn places(&self) -> Result<Vec<Place>, StoreError> {
        reference::places(&self.reader())
    }

    async fn places_set(&self, places: &[Place]) -> Result<(), StoreError> {
        reference::places_set(&mut self.writer(), places)
    }

    async fn outlines(&self) -> Result<Vec<(PlaceCode, String)>, StoreError> {
        reference::outlines(&self.reader())
    }

    async fn posts(&self) -> Result<Vec<Post>, StoreError> {
        reference::posts(&self.reader())
    }

    async fn packs_install(&self, install: &Install<'_>) -> Result<(), StoreError> {
        packs::install(&mut self.writer(), self.packing(), install)
    }

    async fn pack_source(&self, digest: &str) -> Result<Option<String>, StoreError> {
        packs::source(&self.reader(), digest)
    }

    async fn posts_put(&self, posts: &[Post]) -> Result<(), StoreError> {
        reference::posts_put(&mut self.writer(), posts)
    }

    async fn rows(
        &self,
        filter: &RowFilter,
        order: &RowOrder,
        after: Option<&RowAfter>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        rows::rows(&self.reader(), (filter, order), after, limit)
    }

    async fn row_count(&self, filter: &RowFilter) -> Result<u64, StoreError> {
        rows::row_count(&self.reader(), filter)
    }

    async fn row_versions(&self, row: &RowKey) -> Result<Vec<Record>, StoreError> {
        load::versions(&self.reader(), row)
    }

    async fn referers(&self, row: &RowKey, day: Date, limit: u32) -> Result<Vec<Referer>, StoreError> {
        rows::referers(&self.reader(), row, Some(day), limit)
    }

    async fn violations(
        &self,
        filter: &ViolationFilter,
        after: Option<(Timestamp, CaseId)>,
        limit: u32,
    ) -> Result<Vec<Violation>, StoreError> {
        rules::violations(&self.reader(), filter, after, limit)
    }

    async fn violation_count(&self, filter: &ViolationFilter) -> Result<u64, StoreError> {
        rules::count(&self.reader(), filter)
    }

    async fn violations_unopened(&self, rules: &[String], limit: u32) -> Result<Vec<Violation>, StoreError> {
        rules::unopened(&self.reader(), rules, limit)
    }

    async fn violation_opened(&self, violation: &Violation, number: &str) -> Result<(), StoreError> {
        rules::opened(&self.writer(), violation, number)
    }

    async fn violations_set(&self, rule: &str, violations: &[Violation]) -> Result<(), StoreError> {
        rules::set(&mut self.writer(), rule, violations)
    }

    async fn views_set(&self, model: &Model) -> Result<(), StoreError> {
        views::set(&mut self.writer(), model)
    }

    async fn proposals(&self, filter: &ProposalFilter, limit: u32) -> Result<Vec<Proposal>, StoreError> {
        rows::proposals(&self.reader(), filter, limit)
    }

    async fn proposal(&self, shard: Shard, id: ProposalId) -> Result<Option<Proposal>, StoreError> {
        rows::proposal(&self.reader(), shard, id)
    }

    async fn records(&self, shard: Shard, register: &str) -> Result<Vec<Record>, StoreError> {
        reference::records(&self.reader(), shard, register)
    }

    async fn record_versions(&self, shard: Shard) -> Result<Vec<Record>, StoreError> {
        reference::record_versions(&self.reader(), shard)
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        people::account(&self.reader(), id)
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        people::accounts(&self.reader())
    }

    async fn accounts_put(&self, accounts: &[Account]) -> Result<(), StoreError> {
        people::accounts_put(&mut self.writer(), accounts)
    }

    async fn session(&self, token_hash: &str) -> Result<Option<Session>, StoreError> {
        people::session(&self.reader(), token_hash)
    }

    async fn session_put(&self, session: &Session) -> Result<(), StoreError> {
        people::session_put(&self.writer(), session)
    }

    async fn session_end(&self, token_hash: &str) -> Result<(), StoreError> {
        people::session_end(&self.writer(), token_hash)
    }

    async fn file(&self, id: &str) -> Result<Option<FileRow>, StoreError> {
        people::file(&self.reader(), id)
    }

    async fn file_put(&self, file: &FileRow) -> Result<(), StoreError> {
        people::file_put(&self.writer(), file)
    }

    async fn document(&self, code: &str) -> Result<Option<(Shard, CaseId)>, StoreError> {
        cases::case_of_document(&self.reader(), code)
    }

    async fn forget(&self, stale: &Stale) -> Result<Forgotten, StoreError> {
        forget::forget(self, stale)
    }

    async fn key(&self, shard: Shard, case: CaseId) -> Result<Option<String>, StoreError> {
        load::key(&self.reader(), shard, case)
    }

    async fn access_add(&self, access: &Access) -> Result<(), StoreError> {
        people::access_add(&self.writer(), access)
    }

    async fn accesses(&self, shard: Shard, case: CaseId, limit: u32) -> Result<Vec<Access>, StoreError> {
        people::accesses(&self.reader(), shard, case, limit)
    }

    async fn accesses_before(&self, shard: Shard, before: Timestamp, limit: u32) -> Result<Vec<Access>, StoreError> {
        people::accesses_before(&self.reader(), shard, before, limit)
    }

    async fn told_add(&self, notices: &[Told]) -> Result<(), StoreError> {
        told::add(&mut self.writer(), notices)
    }

    async fn told(&self, post: &PostId, limit: u32) -> Result<Vec<Told>, StoreError> {
        told::of(&self.reader(), post, limit)
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        people::setting(&self.reader(), name)
    }

    async fn setting_put(&self, name: &str, value: &str) -> Result<(), StoreError> {
        people::setting_put(&self.writer(), name, value)
    }

    async fn facts(
        &self,
        filter: &FactFilter,
        after: Option<(i32, CaseId)>,
        limit: u32,
    ) -> Result<Vec<(i32, Shard, CaseId)>, StoreError> {
        figures::facts(&self.reader(), filter, after, limit)
    }

    async fn outlines_set(&self, outlines: &[(PlaceCode, String)]) -> Result<(), StoreError> {
        reference::outlines_set(&mut self.writer(), outlines)
    }
}
