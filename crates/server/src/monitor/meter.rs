//! Figures of the running server: what is counted as it happens, and what is read when somebody asks. Each server counts for
//! itself and from its start; sums over servers are the business of whoever collects.

use super::probe::Probe;
use crate::error::{Error, refusal_name};
use ganglion_kernel::CommitError;
use ganglion_kernel::commit::{Batched, Queued};
use jiff::Timestamp;
use parking_lot::Mutex;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bounds of the classes of times, seconds.
const SECONDS: [f64; 13] = [0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Stands for the route of a request that no route takes: the path itself may hold anything.
const NO_ROUTE: &str = "none";
/// Methods that are told apart.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];

type Labels<V, const N: usize> = [(&'static str, V); N];
type Seconds = Gauge<f64, AtomicU64>;

/// One request, after it was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    /// Method, as asked.
    pub method: &'a str,
    /// Template of the route; `None` when there is no such route.
    pub route: Option<&'a str>,
    /// Status of the answer.
    pub status: u16,
    /// From the request to the head of the answer.
    pub took: Duration,
    /// Bytes of the answer before compression; unknown for one that is streamed.
    pub bytes: Option<u64>,
}

impl Seen<'_> {
    /// The template, or the word for none.
    pub(crate) fn route(&self) -> &str {
        self.route.unwrap_or(NO_ROUTE)
    }
}

/// What became of a job's turns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    /// Seconds between two turns.
    pub every_seconds: u64,
    /// The last turn that went well; before the first, when the job was started.
    pub last: Timestamp,
}

/// Everything that is counted.
pub(crate) struct Meter {
    registry: Registry,
    requests: Family<Labels<String, 3>, Counter>,
    request_seconds: Family<Labels<String, 2>, Histogram, fn() -> Histogram>,
    batch_commands: Histogram,
    commit_seconds: Histogram,
    commands: Family<Labels<&'static str, 1>, Counter>,
    refused: Family<Labels<&'static str, 1>, Counter>,
    turned_away: Counter,
    job_turns: Family<Labels<&'static str, 2>, Counter>,
    readings: Family<Labels<&'static str, 1>, Counter>,
    jobs: Mutex<BTreeMap<&'static str, Turns>>,
    now: Now,
}

/// What is read when somebody asks.
#[derive(Default)]
struct Now {
    waiting: Gauge,
    allowed: Gauge,
    timers_behind: Seconds,
    lag: Family<Labels<&'static str, 1>, Gauge>,
    since: Family<Labels<&'static str, 1>, Seconds>,
    free: Gauge,
    kept: Gauge,
    memory: Gauge,
    listeners: Gauge,
    backup: Seconds,
    ready: Gauge,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

/// Registers a copy of a figure and gives it back.
fn put<M: Metric + Clone>(registry: &mut Registry, (name, help): (&str, &str), metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

impl Default for Meter {
    fn default() -> Meter {
        let mut registry = Registry::default();
        let now = Now::registered(&mut registry);
        let own = registry.sub_registry_with_prefix("ganglion");
        let build = Family::<Labels<&'static str, 1>, Gauge>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        put(own, ("build_info", "The version that runs"), build);
        let times = Family::new_with_constructor(seconds as fn() -> Histogram);
        let requests =
            put(own, ("http_requests", "Requests by method, template of the route and status"), Family::default());
        let request_seconds = put(
            own,
            ("http_request_seconds", "From the request to the head of the answer, by method and route"),
            times,
        );
        let classes = Histogram::new(exponential_buckets(1.0, 2.0, 11));
        let batch_commands = put(own, ("batch_commands", "Commands written together"), classes);
        let commit_seconds = put(own, ("commit_seconds", "Loading, deciding and writing one batch"), seconds());
        let commands = put(own, ("commands", "Commands by what became of them"), Family::default());
        let refused = put(own, ("commands_refused", "Commands refused, by reason"), Family::default());
        let turned_away =
            put(own, ("commands_turned_away", "Commands answered busy, because too many wait"), Counter::default());
        let job_turns = put(own, ("job_turns", "Turns of the jobs beside requests, by outcome"), Family::default());
        let readings = put(own, ("readings", "Readings of instruments by what became of them"), Family::default());
        let jobs = Mutex::default();
        Meter {
            registry,
            requests,
            request_seconds,
            batch_commands,
            commit_seconds,
            commands,
            refused,
            turned_away,
            job_turns,
            readings,
            jobs,
            now,
        }
    }
}

impl Now {
    fn registered(registry: &mut Registry) -> Now {
        let memory = put(registry, ("process_resident_memory_bytes", "Memory the server holds"), Gauge::default());
        let own = registry.sub_registry_with_prefix("ganglion");
        Now {
            memory,
            waiting: put(own, ("queue_commands", "Commands that wait"), Gauge::default()),
            allowed: put(
                own,
                ("queue_commands_allowed", "Commands that may wait at the pace of now"),
                Gauge::default(),
            ),
            timers_behind: put(own, ("timers_behind_seconds", "How late the oldest due clock is"), Seconds::default()),
            lag: put(own, ("job_cursor_lag_lines", "Journal lines a job has not read"), Family::default()),
            since: put(own, ("job_last_turn_seconds", "Seconds since a job's last good turn"), Family::default()),
            free: put(own, ("disk_free_bytes", "Free room where the data lie"), Gauge::default()),
            kept: put(own, ("database_bytes", "The database with its log"), Gauge::default()),
            listeners: put(own, ("live_listeners", "Screens that listen for news"), Gauge::default()),
            backup: put(own, ("backup_age_seconds", "Since the last backup; -1: none known"), Seconds::default()),
            ready: put(own, ("ready", "1 while the server is ready"), Gauge::default()),
        }
    }

    fn set(&self, probe: &Probe, queued: Queued) {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.waiting.set(whole(queued.waiting as u64));
        self.allowed.set(whole(queued.allowed as u64));
        self.timers_behind.set(probe.timers_behind.as_secs_f64());
        for (job, lines) in &probe.lag {
            self.lag.get_or_create(&[("job", *job)]).set(whole(*lines));
        }
        for (job, since) in &probe.jobs {
            self.since.get_or_create(&[("job", *job)]).set(since.as_secs_f64());
        }
        for (gauge, bytes) in
            [(&self.free, probe.free_bytes), (&self.kept, probe.kept_bytes), (&self.memory, probe.memory_bytes)]
        {
            gauge.set(bytes.map_or(-1, whole));
        }
        self.listeners.set(whole(probe.listeners));
        self.backup.set(probe.backup_age.map_or(-1.0, |age| age.as_secs_f64()));
        self.ready.set(i64::from(probe.is_ready()));
    }
}

impl Meter {
    /// Counts a request.
    pub(crate) fn request(&self, seen: &Seen<'_>) {
        let method = if METHODS.contains(&seen.method) { seen.method } else { "OTHER" };
        let (method, route) = (method.to_owned(), seen.route().to_owned());
        self.request_seconds
            .get_or_create(&[("method", method.clone()), ("route", route.clone())])
            .observe(seen.took.as_secs_f64());
        let labels = [("method", method), ("route", route), ("status", seen.status.to_string())];
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts a batch and its answers.
    pub(crate) fn batch(&self, batch: &Batched<'_>) {
        let commands = u32::try_from(batch.answers.len()).unwrap_or(u32::MAX);
        self.batch_commands.observe(f64::from(commands));
        self.commit_seconds.observe(batch.took.as_secs_f64());
        for answer in batch.answers {
            let outcome = match answer {
                Ok(_) => "done",
                Err(CommitError::Refused(refusal)) => {
                    self.refused.get_or_create(&[("reason", refusal_name(refusal.code))]).inc();
                    "refused"
                }
                Err(_) => "failed",
            };
            self.commands.get_or_create(&[("outcome", outcome)]).inc();
        }
    }

    /// Notes that a job was started.
    pub(crate) fn job_started(&self, (job, every_seconds): (&'static str, u64), now: Timestamp) {
        self.jobs.lock().insert(job, Turns { every_seconds, last: now });
        // Counted from nothing on, so that the first failure is seen as one more.
        for outcome in ["done", "failed"] {
            drop(self.job_turns.get_or_create(&[("job", job), ("outcome", outcome)]));
        }
    }

    /// Notes how a turn of a job ended.
    pub(crate) fn job_turn(&self, job: &'static str, result: &Result<(), Error>, now: Timestamp) {
        let outcome = if result.is_ok() { "done" } else { "failed" };
        self.job_turns.get_or_create(&[("job", job), ("outcome", outcome)]).inc();
        if result.is_ok()
            && let Some(turns) = self.jobs.lock().get_mut(job)
        {
            turns.last = now;
        }
    }

    /// Counts readings of instruments by what became of them.
    pub(crate) fn readings(&self, counts: &BTreeMap<&'static str, u64>) {
        for (what, count) in counts {
            self.readings.get_or_create(&[("outcome", *what)]).inc_by(*count);
        }
    }

    /// The jobs that were started.
    pub(super) fn jobs(&self) -> BTreeMap<&'static str, Turns> {
        self.jobs.lock().clone()
    }

    /// Everything as Prometheus reads it.
    ///
    /// # Errors
    /// When it cannot be formatted, which would be a fault of the library.
    pub(super) fn text(&self, probe: &Probe, queued: Queued) -> Result<String, Error> {
        self.turned_away.inner().store(queued.turned_away, Ordering::Relaxed);
        self.now.set(probe, queued);
        let mut text = String::with_capacity(32 * 1024);
        encode(&mut text, &self.registry)
            .map_err(|error| Error::Internal(format!("figures of the server: {error}")))?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::{Refusal, RefusalCode};

    fn probe() -> Probe {
        Probe { lag: vec![("spawn", 7)], memory_bytes: Some(1_000), ..Probe::default() }
    }

    fn queued() -> Queued {
        Queued { waiting: 3, allowed: 900, turned_away: 2 }
    }

    fn line(text: &str, start: &str) -> String {
        text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start} in {text}")).to_owned()
    }

    #[test]
    fn requests_are_counted_by_template_and_never_by_path() {
        let meter = Meter::default();
        let seen = Seen {
            method: "GET",
            route: Some("/cases/{number}"),
            status: 200,
            took: Duration::from_millis(3),
            bytes: None,
        };
        meter.request(&seen);
        meter.request(&seen);
        meter.request(&Seen { method: "BREW", route: None, status: 404, ..seen });
        let text = meter.text(&probe(), queued()).unwrap();
        let counted = "ganglion_http_requests_total{method=\"GET\",route=\"/cases/{number}\",status=\"200\"}";
        assert_eq!(line(&text, counted), format!("{counted} 2"));
        line(&text, "ganglion_http_requests_total{method=\"OTHER\",route=\"none\",status=\"404\"} 1");
        line(&text, "ganglion_http_request_seconds_bucket{method=\"GET\",route=\"/cases/{number}\",le=\"0.005\"} 2");
    }

    #[test]
    fn commands_are_counted_by_what_became_of_them() {
        let meter = Meter::default();
        let refusal = Refusal::new(RefusalCode::Guard);
        let answers = vec![Err(CommitError::from(refusal)), Err(CommitError::Stopped)];
        meter.batch(&Batched { answers: &answers, took: Duration::from_millis(30) });
        let text = meter.text(&probe(), queued()).unwrap();
        line(&text, "ganglion_commands_refused_total{reason=\"guard\"} 1");
        line(&text, "ganglion_commands_total{outcome=\"failed\"} 1");
        line(&text, "ganglion_batch_commands_sum 2");
        line(&text, "ganglion_queue_commands 3");
        line(&text, "ganglion_commands_turned_away_total 2");
        line(&text, "ganglion_job_cursor_lag_lines{job=\"spawn\"} 7");
        line(&text, "process_resident_memory_bytes 1000");
    }

    #[test]
    fn readings_are_counted_by_what_became_of_them() {
        let meter = Meter::default();
        meter.readings(&BTreeMap::from([("ok", 3), ("spike", 1)]));
        meter.readings(&BTreeMap::from([("ok", 2)]));
        let text = meter.text(&probe(), queued()).unwrap();
        assert_eq!(line(&text, "ganglion_readings_total{outcome=\"ok\"}"), "ganglion_readings_total{outcome=\"ok\"} 5");
        line(&text, "ganglion_readings_total{outcome=\"spike\"} 1");
    }

    #[test]
    fn a_job_that_fails_keeps_the_time_of_its_last_good_turn() {
        let meter = Meter::default();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        meter.job_started(("tell", 1), at(100));
        meter.job_turn("tell", &Ok(()), at(101));
        meter.job_turn("tell", &Err(Error::Busy), at(200));
        assert_eq!(meter.jobs()["tell"].last, at(101));
        let text = meter.text(&probe(), queued()).unwrap();
        line(&text, "ganglion_job_turns_total{job=\"tell\",outcome=\"failed\"} 1");
    }
}
