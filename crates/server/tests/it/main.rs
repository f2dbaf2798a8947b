//! The server from outside: requests in, answers out, over a store in memory and a small city. Nothing sleeps, and the
//! clock stands still until a test moves it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that unwraps stops where the surprise is")]

mod api;
mod bad_input;
mod batches;
mod documents;
mod exports;
mod files;
mod follow;
mod forms;
mod fuzz;
mod glass;
mod handbook;
mod identity;
mod jobs;
mod live;
mod log;
mod masked;
mod monitor;
mod ogc;
mod open311;
mod open_data;
mod openapi;
mod openid;
mod passkeys;
mod plans;
mod policy;
mod rates;
mod registers;
mod residents;
mod rest;
mod routes;
mod row_documents;
mod rules;
mod servers;
mod sign_in;
mod staff;
mod support;
mod tiles;
mod words;
