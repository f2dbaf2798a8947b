//! Every limit of the server in one place, each with its unit in its name.

/// Bytes of a page's form without files.
pub const FORM_BYTES_MAX: usize = 512 * 1024;
/// Bytes of a table that is imported.
pub const IMPORT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of one JSON request of the API.
pub const JSON_BYTES_MAX: usize = 256 * 1024;
/// Bytes of one picture.
pub const PICTURE_BYTES_MAX: u64 = 12 * 1024 * 1024;
/// Megabytes of one picture, as told to people.
pub const PICTURE_MEGABYTES_MAX: u32 = 12;
/// Bytes of one field of a form that is no file.
pub const FIELD_BYTES_MAX: usize = 128 * 1024;
/// Fields of one form, cells of tables included.
pub const FIELDS_MAX: usize = 2_000;
/// Files of one form.
pub const FILES_MAX: usize = 12;
/// Bytes of one request with files that are read to the end so that a clear answer can be given; beyond them the
/// connection is closed.
pub const UPLOAD_DRAIN_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Pixels of a picture to a side.
pub const PICTURE_SIDE_PIXELS_MAX: u32 = 12_000;
/// Bytes a picture may take while it is decoded.
pub const PICTURE_DECODED_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest side of a picture as it is kept.
pub const PICTURE_KEPT_SIDE_PIXELS: u32 = 2_048;
/// Longest side of a thumbnail.
pub const THUMB_SIDE_PIXELS: u32 = 320;
/// Quality of kept pictures, percent.
pub const PICTURE_QUALITY_PERCENT: u8 = 82;
/// Pictures decoded at the same time.
pub const PICTURES_AT_ONCE_MAX: usize = 2;
/// Passwords checked at the same time: each takes 19 MiB.
pub const PASSWORDS_AT_ONCE_MAX: usize = 2;
/// Longest password, bytes.
pub const PASSWORD_BYTES_MAX: usize = 512;
/// Wrong passwords or codes for one account that bring no wait.
pub const SIGN_IN_FREE_TRIES: u32 = 5;
/// The wait after the next one, seconds; each further one doubles it.
pub const SIGN_IN_WAIT_SECONDS_MIN: i64 = 60;
/// The longest wait, seconds: nobody is locked out for ever.
pub const SIGN_IN_WAIT_SECONDS_MAX: i64 = 3_600;
/// How long no wrong try must come before those made are forgotten, seconds.
pub const SIGN_IN_QUIET_SECONDS: i64 = 86_400;
/// Wrong tries from one address that bring no wait, whatever the account: a whole office may stand behind it.
pub const SIGN_IN_FREE_TRIES_OF_ADDRESS: u32 = 60;
/// How often one of them is forgotten, seconds.
pub const SIGN_IN_LEAK_SECONDS: i64 = 600;
/// How long a browser in which somebody signed in is counted by itself, days.
pub const DEVICE_KNOWN_DAYS: i64 = 90;
/// How long somebody has for the second factor after the password, seconds.
pub const SECOND_STEP_SECONDS: i64 = 300;
/// How long somebody has to let a device make a passkey or sign with one, seconds.
pub const PASSKEY_SECONDS: i64 = 300;
/// Passkeys of one account.
pub const PASSKEYS_MAX: usize = 10;
/// Longest name of a passkey, characters.
pub const PASSKEY_NAME_CHARS_MAX: usize = 40;
/// How long somebody has at the provider of identities, seconds.
pub const OPENID_SECONDS: i64 = 900;
/// Ways to the provider of identities and back, from one address in [`RATE_WINDOW_SECONDS`]: a whole office may stand behind it.
pub const OPENID_TRIES_MAX: u32 = 300;
/// Bytes of one answer of the provider.
pub const OPENID_BYTES_MAX: usize = 256 * 1024;
/// How long what the provider says of itself is believed, seconds.
pub const OPENID_FRESH_SECONDS: i64 = 3_600;
/// How soon it is asked again when a key is missing, seconds.
pub const OPENID_AGAIN_SECONDS: i64 = 60;
/// How far clocks may be apart, seconds.
pub const OPENID_SKEW_SECONDS: i64 = 60;
/// How long after a sign-in somebody without a password may change their means to sign in, seconds.
pub const FRESH_SESSION_SECONDS: i64 = 900;
/// How long a link to set up the first administrator is good, hours.
pub const SETUP_HOURS: i64 = 24;
/// How often the last use of a session is noted, seconds.
pub const SESSION_SEEN_SECONDS: i64 = 120;
/// How long sign-ins and changes of accounts are kept, days: the law asks for six months (Cybersecurity Law, logs).
pub const ACCOUNT_LINES_KEPT_DAYS: i64 = 200;
/// Lines of that log in one answer.
pub const ACCOUNT_LINES_SHOWN_MAX: u32 = 50;
/// Longest time somebody stands in for somebody else, days.
pub const ABSENCE_DAYS_MAX: i64 = 180;
/// Deputies of one account that are listed.
pub const DEPUTIES_SHOWN_MAX: usize = 100;
/// Sessions of one account that are listed.
pub const SESSIONS_SHOWN_MAX: u32 = 50;
/// Reports from one address in [`RATE_WINDOW_SECONDS`].
pub const REPORT_TRIES_MAX: u32 = 120;
/// Tickets from one address for one hall in [`RATE_WINDOW_SECONDS`]: a kiosk of a busy hall gives one every three seconds.
pub const TICKET_TRIES_MAX: u32 = 300;
/// Uploads from one address in [`RATE_WINDOW_SECONDS`].
pub const UPLOAD_TRIES_MAX: u32 = 600;
/// Wrong follow attempts from one address in [`RATE_WINDOW_SECONDS`].
pub const FOLLOW_TRIES_MAX: u32 = 20;
/// Wrong digits for one number in [`RATE_WINDOW_SECONDS`], from wherever they come: there are ten thousand, and whoever has many networks
/// would try them all.
pub const FOLLOW_TRIES_OF_NUMBER_MAX: u32 = 60;
/// How long a code sent to a telephone is good, seconds.
pub const CODE_SECONDS: i64 = 300;
/// Wrong tries of one such code.
pub const CODE_TRIES_MAX: u32 = 5;
/// How long until another may be sent to the same telephone, seconds.
pub const CODE_AGAIN_SECONDS: i64 = 60;
/// Codes sent to one telephone in a day.
pub const CODES_A_DAY_MAX: usize = 10;
/// Codes asked for and wrong ones typed from one address in [`RATE_WINDOW_SECONDS`]: a village may share one.
pub const CODES_OF_ADDRESS_MAX: u32 = 30;
/// How long a resident stays signed in, seconds.
pub const RESIDENT_SECONDS: i64 = 12 * 3_600;
/// Codes of documents that lead nowhere, from one address in [`RATE_WINDOW_SECONDS`].
pub const VERIFY_TRIES_MAX: u32 = 60;
/// Batches of documents that run at the same time.
pub const BATCHES_RUNNING_MAX: usize = 2;
/// Batches that are kept to be fetched.
pub const BATCHES_KEPT_MAX: usize = 20;
/// How long a batch is kept, hours.
pub const BATCH_KEPT_HOURS: i64 = 24;
/// Cases a batch takes at once: their documents are in memory together.
pub const BATCH_CASES_AT_ONCE: u32 = 64;
/// Seconds somebody waits for one document.
pub const PRINT_SECONDS_MAX: u64 = 30;
/// Rows of a register for which cases are opened at once.
pub const OPEN_ROWS_MAX: usize = 500;
/// Of them sent at the same time.
pub const OPEN_AT_ONCE: usize = 64;
/// Readings of the journal's events by one address without a key, in [`RATE_WINDOW_SECONDS`].
pub const EVENT_TRIES_MAX: u32 = 900;
/// Calls of the interfaces by one session, or by one address without any, in [`RATE_WINDOW_SECONDS`]: a map that is moved about all the
/// time.
pub const OPEN_TRIES_MAX: u32 = 18_000;
/// Window of the rates above, seconds.
pub const RATE_WINDOW_SECONDS: i64 = 15 * 60;
/// Addresses and accounts remembered for rates and locks.
pub const RATE_KEYS_MAX: usize = 20_000;
/// Sessions remembered between requests.
pub const SESSION_CACHE_MAX: usize = 20_000;
/// Public numbers remembered between requests.
pub const NUMBERS_REMEMBERED_MAX: usize = 20_000;
/// How long a remembered session is trusted before the store is asked again, seconds.
pub const SESSION_CACHE_SECONDS: i64 = 30;
/// How long a reporter's proof lasts, seconds.
pub const FOLLOW_SECONDS: i64 = 2 * 3_600;
/// Proofs one browser keeps.
pub const FOLLOWS_MAX: usize = 8;
/// Radius within which an open case counts as perhaps the same, metres.
pub const NEARBY_METRES: f64 = 100.0;
/// How far back such cases are looked for, days.
pub const NEARBY_DAYS: i64 = 7;
/// Such cases shown.
pub const NEARBY_SHOWN_MAX: usize = 5;
/// How long the open figures of the start page are kept, seconds.
pub const HOME_FIGURES_SECONDS: i64 = 5;
/// Points of one map request.
pub const MAP_POINTS_MAX: u32 = 5_000;
/// Characters of what is typed that are searched.
pub const SEARCH_CHARS_MAX: usize = 100;
/// Rows of one page of the API.
pub const API_ROWS_MAX: u32 = 100;
/// Live listeners at the same time.
pub const LIVE_LISTENERS_MAX: usize = 2_000;
/// Displays, kiosks and phones that listen to halls at the same time; they take nothing from the listeners above.
pub const HALL_LISTENERS_MAX: usize = 2_000;
/// Silence after which a live connection says it is alive, seconds.
pub const LIVE_PING_SECONDS: u64 = 15;
/// Instructions one page may take to render.
pub const TEMPLATE_FUEL: u64 = 5_000_000;
/// Timers taken at once.
pub const TIMERS_AT_ONCE: u32 = 500;
/// Journal lines a job reads at once.
pub const JOURNAL_LINES_AT_ONCE: u32 = 500;
/// How long an upload that was never sent with anything is kept, hours.
pub const UPLOAD_KEPT_HOURS: i64 = 24;
/// How long the outcome of a command is kept, so that a repeat is answered from the record, days.
pub const ANSWER_KEPT_DAYS: i64 = 30;
/// How often what is no longer needed is looked for, seconds.
pub const CLEAN_EVERY_SECONDS: u64 = 3_600;
/// How often the keys of the installation are read again, and row keys under older ones looked for where that is not noted to be done,
/// seconds.
pub const REWRAP_EVERY_SECONDS: u64 = 600;
/// After so long every server that runs has read the keys as they are, several times over, seconds.
pub const KEYS_SETTLED_SECONDS: i64 = 3_600;
/// How often personal values whose time is over are looked for, seconds.
pub const RETENTION_EVERY_SECONDS: u64 = 6 * 3_600;
/// Rows of each kind forgotten in one transaction.
pub const FORGOTTEN_AT_ONCE: u32 = 500;
/// Wait named in `Retry-After` when the queue is full, seconds.
pub const RETRY_SECONDS: u64 = 2;
/// Wait named in `Retry-After` when the disk is full, seconds: somebody has to make room first.
pub const RETRY_DISK_SECONDS: u64 = 60;
/// Free room below which the server says that it is not ready, bytes.
pub const DISK_FREE_BYTES_MIN: u64 = 64 << 20;
/// How late the oldest due clock may be before the server says that it is not ready, seconds.
pub const TIMERS_BEHIND_SECONDS_MAX: i64 = 600;
/// Turns a job may miss before the server says that it is not ready; a minute is added for the work itself.
pub const JOB_TURNS_MISSED_MAX: u64 = 3;
/// Longest id of a request that is taken over from a proxy, bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 64;
/// How long a stopping server waits for requests under way, seconds.
pub const STOP_SECONDS: u64 = 10;
/// Plans computed at the same time: each keeps a core busy.
pub const PLANS_AT_ONCE_MAX: usize = 2;
/// How long somebody waits for a turn to compute a plan, seconds.
pub const PLAN_WAIT_SECONDS_MAX: u64 = 25;
/// Rows of one register that a plan is computed from.
pub const PLAN_ROWS_MAX: usize = 50_000;
/// Lines a table of a plan shows; its spreadsheet has all of them.
pub const PLAN_LINES_MAX: usize = 50;
/// Commands of an adoption that are under way at a time.
pub const PLAN_ROWS_AT_ONCE: usize = 256;
/// How long the old secret of a rotated key still opens, hours.
pub const KEY_OVERLAP_HOURS: i64 = 24;
/// Keys of services an installation may have.
pub const KEYS_MAX: usize = 10_000;
/// Calls a key may make in a minute, unless it was given fewer.
pub const KEY_CALLS_PER_MINUTE: u32 = 600;
/// Most calls in a minute that may be given to a key.
pub const KEY_CALLS_PER_MINUTE_MAX: u32 = 60_000;
/// Bytes of one request with many commands.
pub const BULK_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Commands of one such request.
pub const BULK_ITEMS_MAX: usize = 200;
