//! One suite for every database behind the port. A database joins it by a function that makes an empty one.

#![expect(clippy::unwrap_used, reason = "a test that unwraps stops where the surprise is")]

mod backup;
mod behind;
mod boxes;
mod bulks;
mod dumping;
mod figures;
mod found;
mod gathering;
mod heads;
mod invariants;
mod lines;
mod lists;
mod log;
mod matching;
mod moving;
mod packing;
mod packs;
mod postgresql;
mod published;
mod queues;
mod random_packs;
mod reference;
mod rows;
mod rules;
mod sealing;
mod series;
mod sqlite;
mod support;

/// Runs every test of the suite over the databases named.
macro_rules! suite {
    ($($database:ident),+ => $tests:tt) => { $(mod $database { suite!(@each $database $tests); })+ };
    (@each $database:ident { $($module:ident: $($test:ident),+;)+ }) => { $(mod $module { $(
        #[test]
        fn $test() {
            if crate::support::is_there(stringify!($database)) {
                crate::support::run(crate::$module::$test(crate::support::$database));
            }
        }
    )+ })+ };
}

suite!(memory, file, postgres, partitioned => {
    heads:
        a_shard_that_was_never_written_has_a_fresh_head,
        a_head_moves_on_and_refuses_a_stale_write_without_trace,
        a_batch_that_fails_late_leaves_nothing,
        answers_unique_values_keys_and_numbers_are_found_again,
        the_code_of_a_document_leads_to_its_case;
    lists:
        a_case_that_changes_moves_in_every_list,
        words_follow_a_case_and_reach_cases_from_before,
        a_common_word_fills_its_pages,
        cases_of_one_state_are_listed_by_time,
        a_case_that_is_not_there_cannot_be_changed,
        no_page_is_longer_than_its_bound;
    boxes:
        boxes_narrow_and_wide_list_the_same_rows_in_the_same_order,
        a_case_that_gets_another_point_is_found_there,
        open_cases_of_a_kind_are_listed_however_rare_it_is;
    queues:
        twenty_counters_calling_at_once_never_get_the_same_case,
        numbers_have_no_gaps_however_many_come_at_once_and_are_refused,
        the_front_of_a_queue_is_read_by_lane_and_position,
        a_post_is_as_busy_as_its_open_cases;
    bulks:
        commands_sent_together_end_as_they_do_alone,
        a_closed_committer_takes_no_bulk;
    lines:
        lines_come_back_in_order_and_as_they_were_hashed,
        timers_fall_due_earliest_first_over_all_shards,
        cursors_are_kept_by_job_and_shard;
    log:
        the_tiles_of_a_journal_are_those_of_its_tree;
    figures:
        facts_add_up_by_dimension_and_value_at_every_level,
        cases_behind_a_figure_come_newest_day_first_page_by_page,
        stocks_have_no_day,
        counters_that_come_to_nothing_are_gone,
        facts_and_cases_are_read_through_piece_by_piece,
        figures_are_forgotten_by_measure_and_day;
    reference:
        places_are_replaced_and_outlines_added,
        posts_and_accounts_are_put,
        sessions_begin_and_end,
        what_is_no_longer_needed_is_forgotten_and_nothing_else,
        files_the_access_log_and_settings_are_kept,
        register_rows_keep_their_dated_versions,
        small_things_are_kept_by_kind_and_id_and_come_when_due;
    packs:
        one_set_follows_the_other_and_is_a_line_of_the_journal,
        batches_decided_by_other_packs_are_refused,
        measures_are_counted_anew_in_the_same_transaction;
    rows:
        rows_are_listed_in_every_order_page_by_page,
        storage_keeps_exactly_the_rows_the_filter_keeps,
        references_are_replaced_and_found_while_they_hold,
        proposals_are_kept_as_they_stand,
        unique_values_given_back_may_be_taken_again;
    invariants:
        a_register_row_is_found_by_a_case_opened_in_the_same_batch,
        a_unique_value_is_compared_as_it_is_stored_not_as_it_was_typed;
    random_packs:
        figures_are_counted_anew_only_when_something_else_is_measured;
    rules:
        violations_are_noted_once_moved_and_gone,
        violations_found_again_keep_since_when,
        a_rule_kept_while_rows_change_is_the_rule_found_again,
        a_rule_that_looks_at_today_is_judged_once_a_day_and_says_since_which;
    matching:
        rows_that_match_are_found_with_their_versions;
    found:
        the_case_that_fits_best_comes_first_and_pages_follow_each_other,
        a_word_that_very_many_cases_have_is_found_page_by_page,
        words_typed_together_are_found_where_they_stand_apart,
        a_search_finds_the_cases_of_the_list_it_narrows,
        words_of_cases_are_made_anew_in_the_order_of_their_keys,
        rows_are_found_in_the_registers_and_places_somebody_reads,
        rows_come_in_an_order_that_tells_nothing_of_others,
        a_word_that_very_many_rows_have_is_found_page_by_page,
        words_of_rows_follow_the_row_and_are_made_anew;
    sealing:
        what_is_erased_stays_closed_while_rows_lines_figures_and_root_stand,
        a_new_key_wraps_every_row_key_while_old_and_new_ones_open,
        what_closed_long_ago_and_still_has_a_key_is_found_page_by_page,
        a_row_is_found_by_the_keyed_hash_of_a_sealed_value_until_it_is_erased,
        hashes_are_made_anew_page_by_page_where_they_still_stand;
    series:
        the_neighbour_in_a_series_is_the_nearest_row_that_stands;
});
