//! The rows of a scenario: what a store would keep, in maps. The committer's own batch reads from and writes to it, so a
//! scenario exercises what serves people.

use ganglion_kernel::World;
use ganglion_kernel::figures::publish::{Journals, hex};
use ganglion_kernel::lookup::{Beside, Matching};
use ganglion_kernel::port::{Head, Line, Loaded, ShardWrite, Timer, Want};
use ganglion_kernel::queue::{QueueWant, Waiting, waiting_of};
use ganglion_kernel::route::workload::Load;
use ganglion_kernel::rules::Violation;
use ganglion_kernel::world::put_version;
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, CommandId, Outcome, PostId, Proposal, ProposalId, Shard};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The rows.
#[derive(Default)]
pub struct Memory {
    /// Cases by id; ids rise, so this is the order of opening.
    pub cases: BTreeMap<CaseId, Case>,
    /// Register rows kept by place.
    pub records: BTreeMap<RowKey, Vec<Record>>,
    /// Proposed changes of rows, in the order they were made.
    pub proposals: BTreeMap<ProposalId, Proposal>,
    /// Rows that break a rule, by rule and row.
    pub violations: BTreeMap<(String, CaseId), Violation>,
    references: BTreeMap<RowKey, Vec<(String, String)>>,
    /// Timers that stand.
    pub timers: BTreeSet<Timer>,
    heads: BTreeMap<Shard, Head>,
    answers: HashMap<CommandId, Outcome>,
    keys: HashMap<CaseId, String>,
    unique: HashMap<(Shard, String, String), String>,
    sequences: HashMap<(Shard, String), u64>,
}

impl Memory {
    /// What a batch asks for.
    pub fn load(&self, world: &World, want: &Want) -> Loaded {
        let numbered = |number: &String| self.cases.values().find(|case| case.number == *number);
        let by_id = want.cases.iter().filter_map(|(_, id)| self.cases.get(id));
        let mut cases: BTreeMap<CaseId, Case> = by_id.map(|case| (case.id, case.clone())).collect();
        cases.extend(want.numbers.iter().filter_map(|(_, number)| numbered(number)).map(|c| (c.id, c.clone())));
        cases.extend(want.queues.iter().flat_map(|queue| self.front(world, queue)).map(|c| (c.id, c.clone())));
        let counted = want.matching.iter().flat_map(|asked| self.matching(asked));
        let counted: Vec<RowKey> = counted.map(|(row, _)| row.clone()).collect();
        let near = want.beside.iter().filter_map(|one| Some((one.shard, one.register.clone(), self.beside(one)?)));
        Loaded {
            heads: want.shards.iter().map(|s| (*s, self.heads.get(s).cloned().unwrap_or_default())).collect(),
            answers: want.answers.iter().filter_map(|(_, id)| Some((*id, self.answers.get(id)?.clone()))).collect(),
            cases: cases.into_values().collect(),
            keys: want.keys.iter().filter_map(|(_, id)| Some((*id, self.keys.get(id)?.clone()))).collect(),
            unique: want.unique.iter().filter_map(|key| Some((key.clone(), self.unique.get(key)?.clone()))).collect(),
            sequences: want.sequences.iter().filter_map(|key| Some((key.clone(), *self.sequences.get(key)?))).collect(),
            records: want
                .records
                .iter()
                .cloned()
                .chain(near)
                .chain(counted)
                .filter_map(|key| self.records.get(&key))
                .flatten()
                .cloned()
                .collect(),
            proposals: want.proposals.iter().filter_map(|(_, id)| self.proposals.get(id).cloned()).collect(),
            referers: want.referers.iter().map(|row| (row.clone(), self.referers(row))).collect(),
            loads: want.loads.iter().map(|post| (post.clone(), self.busy(post))).collect(),
            beside: want.beside.iter().map(|asked| (asked.clone(), self.beside(asked))).collect(),
            matching: want
                .matching
                .iter()
                .map(|asked| (asked.clone(), Some(self.matching(asked).map(|((_, _, key), _)| key.clone()).collect())))
                .collect(),
            // Counted by whoever asks, as the committer does.
            figures: Vec::new(),
        }
    }

    /// Where every journal stands.
    pub fn journals(&self) -> Journals {
        let of = |(shard, head): (&Shard, &Head)| (shard.0, (head.seq, hex(&head.frontier.root())));
        self.heads.iter().map(of).collect()
    }

    /// Rows that match.
    fn matching<'a>(&'a self, asked: &Matching) -> impl Iterator<Item = (&'a RowKey, &'a Record)> {
        let (asked, wanted) = (asked.clone(), asked.wanted());
        let all = self.records.iter().filter_map(move |(row, versions)| {
            let here = row.0 == asked.shard && row.1 == asked.register;
            let found = versions.iter().rev().find(|one| one.valid_on(asked.day)).filter(|_| here)?;
            Some((row, found))
        });
        all.filter(move |(_, record)| record.matches(&wanted))
    }

    /// The key of a row's neighbour in its series.
    fn beside(&self, asked: &Beside) -> Option<String> {
        let here = |(shard, register, _): &&RowKey| *shard == asked.shard && *register == asked.register;
        let standing = |row: &&RowKey| {
            self.records.get(*row).is_some_and(|all| all.last().is_some_and(|one| one.valid_to.is_none()))
        };
        let keys =
            self.records.keys().filter(here).filter(standing).map(|(_, _, key)| key).filter(|key| asked.keeps(key));
        keys.reduce(|best, key| if asked.is_nearer(key, best) { key } else { best }).cloned()
    }

    /// Cases at the front of a queue, in order.
    pub fn front(&self, world: &World, want: &QueueWant) -> Vec<&Case> {
        let waits = |case| Some((waiting_of(world, case)?, case));
        let here = |(one, _): &(Waiting, &Case)| {
            (one.shard, &one.process, one.place) == (want.shard, &want.process, want.place)
                && (want.lanes.is_empty() || want.lanes.contains(&one.lane))
        };
        let mut waiting: Vec<(Waiting, &Case)> = self.cases.values().filter_map(waits).filter(here).collect();
        waiting.sort_by(|(a, _), (b, _)| a.rank().cmp(&b.rank()));
        waiting.into_iter().take(usize::try_from(want.limit).unwrap_or(usize::MAX)).map(|(_, case)| case).collect()
    }

    fn busy(&self, post: &PostId) -> Load {
        let own = || self.cases.values().filter(|case| case.assignee.as_ref() == Some(post));
        Load {
            open: u32::try_from(own().filter(|case| case.closed_at.is_none()).count()).unwrap_or(u32::MAX),
            newest: own().map(|case| case.opened_at).max(),
        }
    }

    /// Takes what a batch wrote; gives its journal lines.
    pub fn write(&mut self, writes: Vec<ShardWrite>) -> Vec<Line> {
        let mut lines = Vec::new();
        for write in writes {
            let shard = write.shard;
            self.heads.insert(shard, write.head);
            self.cases.extend(write.cases.into_iter().map(|one| (one.case.id, one.case)));
            for record in write.records {
                put_version(self.records.entry(record.row_key()).or_default(), record);
            }
            for (register, key, from) in write.records_gone {
                if let Some(versions) = self.records.get_mut(&(shard, register, key)) {
                    versions.retain(|one| one.valid_from != from);
                }
            }
            for (rule, id) in write.violations_gone {
                self.violations.remove(&(rule, id));
            }
            write.violations.into_iter().for_each(|one| self.note(one));
            self.proposals.extend(write.proposals.into_iter().map(|one| (one.id, one)));
            for one in write.references {
                self.references.insert((shard, one.register, one.key), one.to);
            }
            self.sequences.extend(write.sequences.into_iter().map(|(name, last)| ((shard, name), last)));
            for (field, value) in write.unique_gone {
                self.unique.remove(&(shard, field, value));
            }
            for timer in &write.timers_gone {
                self.timers.remove(timer);
            }
            self.timers.extend(write.timers_new);
            self.answers.extend(write.answers.into_iter().map(|(id, outcome, _)| (id, outcome)));
            for gone in &write.keys_gone {
                self.keys.remove(gone);
            }
            self.keys.extend(write.keys);
            self.unique.extend(write.unique.into_iter().map(|(f, v, number)| ((shard, f, v), number)));
            lines.extend(write.lines);
        }
        lines
    }

    /// Notes that a row breaks a rule; one that is broken already stays so since then.
    fn note(&mut self, one: Violation) {
        let kept = self.violations.get(&(one.rule.clone(), one.id));
        let (since, opened) = kept.map_or((one.since, None), |kept| (kept.since, kept.opened.clone()));
        self.violations.insert((one.rule.clone(), one.id), Violation { since, opened, ..one });
    }

    /// Puts these in place of everything noted for a rule.
    pub fn judged(&mut self, rule: &str, found: Vec<Violation>) {
        let still: BTreeSet<CaseId> = found.iter().map(|one| one.id).collect();
        self.violations.retain(|(name, id), _| name != rule || still.contains(id));
        found.into_iter().for_each(|one| self.note(one));
    }

    fn referers(&self, (_, register, key): &RowKey) -> Vec<String> {
        let refers = |to: &Vec<(String, String)>| to.iter().any(|(r, k)| r == register && k == key);
        let rows = self.references.iter().filter(|(_, to)| refers(to));
        rows.map(|((_, register, key), _)| format!("{register}/{key}")).collect()
    }

    /// The wrapped key of a case or a row.
    pub fn key(&self, case: CaseId) -> Option<&str> {
        self.keys.get(&case).map(String::as_str)
    }
}
