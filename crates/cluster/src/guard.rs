//! The guard of a server: a small shell program that starts it, says when it answers, ends it when it is no longer needed and
//! removes its folder, whatever became of the program that asked for it.

use super::program::Program;
use super::{Care, ClusterError};
use std::path::Path;
use std::process::{Child, Stdio};

/// Until when a server runs.
pub enum Until<'a> {
    /// Until the other end of the guard's input is closed: by us, or by the system when we are gone.
    ParentEnds,
    /// Until nobody has held this lock for a while.
    Unused(&'a Path),
}

/// `$1` folder of the programs, `$2` folder of the server, `$3` port, `$4` lock or nothing; the rest goes to the server.
/// SIGINT is its fast shutdown.
const SCRIPT: &str = r#"
bin=$1 folder=$2 port=$3 lock=$4
shift 4
"$bin/postgres" -D "$folder/data" -p "$port" "$@" >>"$folder/log" 2>&1 </dev/null &
server=$!
end() {
  kill -INT "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  rm -rf "$folder"
}
trap 'end; exit 0' TERM INT HUP
tries=0
until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
  tries=$((tries + 1))
  if [ "$tries" -gt 600 ] || ! kill -0 "$server" 2>/dev/null; then
    tail -n 3 "$folder/log" | tr '\n' ' '
    kill -INT "$server" 2>/dev/null
    exit 1
  fi
  sleep 0.05
done
echo ready
exec >/dev/null 2>&1
if [ -z "$lock" ]; then
  read -r _
else
  idle=0
  while [ "$idle" -lt 5 ] && kill -0 "$server" 2>/dev/null; do
    sleep 2
    if flock -n -x "$lock" true; then idle=$((idle + 1)); else idle=0; fi
  done
  rm -f "$lock"
fi
end
"#;

/// Starts the server and its guard.
pub fn start(
    program: &Program,
    folder: &Path,
    (port, care): (u16, Care),
    until: Until<'_>,
) -> Result<Child, ClusterError> {
    let mut command = program.as_owner("/bin/sh");
    command.args(["-c", SCRIPT, "guard"]).arg(program.bin()).arg(folder).arg(port.to_string());
    match until {
        Until::ParentEnds => command.arg("").stdin(Stdio::piped()),
        Until::Unused(lock) => command.arg(lock).stdin(Stdio::null()),
    };
    for setting in settings(care) {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    // Ctrl-C on the terminal is for us; the guard ends the server when we are gone.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(ClusterError::io("starting PostgreSQL"))
}

fn settings(care: Care) -> Vec<&'static str> {
    let mut all = vec![
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=200",
        "shared_buffers=128MB",
        "log_min_messages=warning",
        "log_min_error_statement=panic",
        "max_wal_size=2GB",
    ];
    if care == Care::Hasty {
        all.extend(["fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum_naptime=10s"]);
    }
    all
}
