//! Pages, API, live events, jobs.
