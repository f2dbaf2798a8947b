//! Literate scenarios: Markdown files that say what a pack must do, run in memory.
