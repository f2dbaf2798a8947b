//! Everything durable: SQLite behind the kernel's storage port, one conformance suite.
