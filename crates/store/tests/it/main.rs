//! One suite for every database behind the port. A database joins it by a function that makes an empty one.

mod heads;
mod invariants;
mod support;

/// Runs every test of the suite over the databases named.
macro_rules! suite {
    ($($database:ident),+ => $tests:tt) => { $(mod $database { suite!(@each $database $tests); })+ };
    (@each $database:ident { $($module:ident: $($test:ident),+;)+ }) => { $(mod $module { $(
        #[test]
        fn $test() {
            crate::support::run(crate::$module::$test(crate::support::$database));
        }
    )+ })+ };
}

suite!(memory, file => {
    heads:
        a_shard_that_was_never_written_has_a_fresh_head,
        a_head_moves_on_and_refuses_a_stale_write_without_trace,
        a_batch_that_fails_late_leaves_nothing,
        answers_unique_values_keys_and_numbers_are_found_again;
});
