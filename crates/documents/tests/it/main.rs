//! Documents and tables from outside.

mod letters;
mod tables;
