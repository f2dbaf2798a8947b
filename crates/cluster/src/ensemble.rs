//! Three PostgreSQL nodes under Patroni and etcd on this machine, one of which follows synchronously: what is answered is on two of
//! them. A node can be struck down at once, as a machine that loses its power, and be started again.
//!
//! The settings are those of `docs/postgresql.md`. A guard in shell holds everything and removes it, whatever became of us.

use super::program::Program;
use super::{ClusterError, free_ports};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};

/// How many nodes there are.
const NODES: usize = 3;
/// Packages of Debian that are needed beside PostgreSQL.
pub const ENSEMBLE_PACKAGES: [&str; 3] = ["patroni", "etcd-server", "python3-etcd"];

/// `$1` folder of the programs, `$2` our folder, `$3` and `$4` ports of etcd, `$5` to `$7` ports of the nodes. Every line it reads is
/// a wish, and every wish is answered by one line: `start N`, `strike N`, `whole` (answered by the number of the node that
/// writes, once two others follow it, one of them synchronously).
const SCRIPT: &str = r#"
bin=$1 folder=$2 client=$3 peer=$4
shift 4
one=$1 two=$2 three=$3
etcd --name etcd --data-dir "$folder/etcd" --unsafe-no-fsync --logger=zap --log-level=warn \
  --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
  --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
  --initial-cluster "etcd=http://127.0.0.1:$peer" >>"$folder/etcd.log" 2>&1 </dev/null &
etcd=$!
start() {
  patroni "$folder/node$1.yml" >>"$folder/node$1.log" 2>&1 </dev/null &
  echo $! >"$folder/node$1.pid"
}
postmaster() {
  found=$(head -n 1 "$folder/node$1/postmaster.pid" 2>/dev/null)
  # After a crash the number may be another program's by now.
  [ -n "$found" ] && [ "$(readlink "/proc/$found/cwd")" = "$folder/node$1" ] && echo "$found"
}
strike() {
  kill=$1
  patroni=$(cat "$folder/node$2.pid" 2>/dev/null) server=$(postmaster "$2") parts=
  [ -n "$server" ] && parts=$(grep -l "^PPid:[[:space:]]*$server\$" /proc/[0-9]*/status 2>/dev/null | cut -d / -f 3)
  rm -f "$folder/node$2.pid"
  [ -n "$patroni" ] && kill -KILL "$patroni" 2>/dev/null
  if [ "$kill" = KILL ]; then
    [ -n "$server" ] && kill -KILL $server $parts 2>/dev/null
  else
    # Its own way of ending at once leaves no shared memory behind.
    [ -n "$server" ] && kill -QUIT "$server" 2>/dev/null
    left=50
    while [ "$left" -gt 0 ] && [ -n "$(postmaster "$2")" ]; do left=$((left - 1)); sleep 0.1; done
  fi
  [ -n "$patroni" ] && wait "$patroni" 2>/dev/null
}
end() {
  trap '' TERM INT HUP
  for node in 1 2 3; do strike QUIT $node; done
  kill -KILL "$etcd" 2>/dev/null
  wait "$etcd" 2>/dev/null
  rm -rf "$folder"
}
trap 'end; exit 0' TERM INT HUP
whole() {
  tries=0 list=
  # Three lines of a table: the second field is the member, the fourth its role, the fifth its state. Only Patroni knows whom it may promote:
  # a copy that is being made counts as a follower with the server itself.
  until [ "$(echo "$list" | cut -f 4 | sort | tr '\n' ' ')" = 'Leader Replica Sync Standby ' ] &&
    [ "$(echo "$list" | cut -f 5 | grep -c -e running -e streaming)" = 3 ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ] || ! kill -0 "$etcd" 2>/dev/null; then
      echo "failed: $(tail -q -n 2 "$folder"/etcd.log "$folder"/node*.log | tr '\n' ' ')"
      return
    fi
    sleep 0.3
    list=$(patronictl -c "$folder/node1.yml" list --format tsv 2>/dev/null | tail -n +2)
  done
  echo "$list" | grep Leader | cut -f 2 | tr -d a-z
}
for node in 1 2 3; do start $node; done
while read -r wish node; do
  case $wish in
    start) start "$node"; echo done ;;
    strike) strike KILL "$node"; echo done ;;
    whole) whole ;;
  esac
done
exec >/dev/null 2>&1
end
"#;

/// Three nodes, gone with their handle.
#[derive(Debug)]
pub struct Ensemble {
    ports: [u16; NODES],
    guard: Child,
    said: BufReader<ChildStdout>,
}

impl Ensemble {
    /// Makes the nodes and waits until two follow the one that writes.
    ///
    /// # Errors
    /// When PostgreSQL, Patroni or etcd is not installed, or they do not come up.
    pub fn start() -> Result<Ensemble, ClusterError> {
        let program = Program::find()?;
        let what = "looking for Patroni and etcd";
        if !["patroni", "etcd"].into_iter().all(Program::is_on_path) {
            let reason = format!("they are not installed here: apt-get install {}", ENSEMBLE_PACKAGES.join(" "));
            return Err(ClusterError::Failed { what, reason });
        }
        let folder = program.temporary_folder()?;
        let started = Ensemble::in_folder(&program, &folder);
        if started.is_err() {
            // What is left of it has been said.
            let _ = fs::remove_dir_all(&folder);
        }
        started
    }

    fn in_folder(program: &Program, folder: &Path) -> Result<Ensemble, ClusterError> {
        let what = "starting three nodes";
        let [client, peer, one, two, three, api_one, api_two, api_three] = free_ports()?;
        let ports = [one, two, three];
        for (node, (port, api)) in (1..).zip(ports.into_iter().zip([api_one, api_two, api_three])) {
            let text = settings(&Node { bin: program.bin(), folder, number: node, port, api, etcd: client });
            fs::write(folder.join(format!("node{node}.yml")), text).map_err(ClusterError::io(what))?;
        }
        let mut command = program.as_owner("/bin/sh");
        command.args(["-c", SCRIPT, "guard"]).arg(program.bin()).arg(folder);
        command.args([client, peer, one, two, three].map(|port| port.to_string()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Ctrl-C on the terminal is for us; the guard ends the nodes when we are gone.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut guard = command.spawn().map_err(ClusterError::io(what))?;
        let nothing = || ClusterError::Failed { what, reason: "the guard has no output".to_owned() };
        let said = BufReader::new(guard.stdout.take().ok_or_else(nothing)?);
        let mut ensemble = Ensemble { ports, guard, said };
        ensemble.whole()?;
        Ok(ensemble)
    }

    /// The address of a database: all nodes, of which the one that writes is taken.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let hosts = self.ports.map(|port| format!("127.0.0.1:{port}")).join(",");
        format!("postgres://ganglion@{hosts}/{database}?target_session_attrs=read-write")
    }

    /// Waits until two nodes follow the one that writes, one of them synchronously; gives the number of the one that writes.
    ///
    /// # Errors
    /// When it does not come to that within minutes.
    pub fn whole(&mut self) -> Result<u32, ClusterError> {
        let answer = self.wish("whole")?;
        answer.parse().map_err(|_| ClusterError::Failed { what: "waiting for three nodes", reason: answer })
    }

    /// kill -9 of everything that belongs to a node.
    ///
    /// # Errors
    /// When the guard is gone.
    pub fn strike(&mut self, node: u32) -> Result<(), ClusterError> {
        self.wish(&format!("strike {node}")).map(drop)
    }

    /// Starts a node that was struck: it follows the others from then on.
    ///
    /// # Errors
    /// When the guard is gone.
    pub fn revive(&mut self, node: u32) -> Result<(), ClusterError> {
        self.wish(&format!("start {node}")).map(drop)
    }

    fn wish(&mut self, wish: &str) -> Result<String, ClusterError> {
        let what = "asking the guard of three nodes";
        if let Some(input) = &mut self.guard.stdin {
            writeln!(input, "{wish}").map_err(ClusterError::io(what))?;
        }
        let mut line = String::new();
        self.said.read_line(&mut line).map_err(ClusterError::io(what))?;
        match line.trim() {
            "" => Err(ClusterError::Failed { what, reason: "it is gone".to_owned() }),
            answer => Ok(answer.to_owned()),
        }
    }
}

impl Drop for Ensemble {
    fn drop(&mut self) {
        // The guard ends the nodes when nobody holds its input any more, and removes the folder.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// What a node is told.
struct Node<'a> {
    bin: &'a Path,
    folder: &'a Path,
    number: u32,
    port: u16,
    api: u16,
    etcd: u16,
}

/// The settings of a node. A primary that is gone is replaced once its lease has run out (`ttl`); nobody answers a commit before
/// another node has it (`synchronous_mode_strict`).
fn settings(node: &Node<'_>) -> String {
    let Node { bin, folder, number, port, api, etcd } = node;
    let (bin, data): (_, PathBuf) = (bin.display(), folder.join(format!("node{number}")));
    let (data, pass) = (data.display(), folder.join(format!("pgpass{number}")));
    let pass = pass.display();
    let mut out = format!(
        "scope: ganglion\nname: node{number}\nrestapi: {{listen: '127.0.0.1:{api}', connect_address: '127.0.0.1:{api}'}}\n\
         etcd3: {{hosts: '127.0.0.1:{etcd}'}}\n"
    );
    out.push_str(
        "bootstrap:\n  dcs:\n    ttl: 15\n    loop_wait: 3\n    retry_timeout: 5\n    synchronous_mode: true\n    \
         synchronous_mode_strict: true\n    postgresql:\n      use_pg_rewind: true\n      parameters: {max_connections: 200, \
         max_wal_size: 2GB, synchronous_commit: 'on', wal_log_hints: 'on'}\n  initdb: [{encoding: UTF8}, {locale: C}, {auth: trust}]\n",
    );
    // Writing to a text does not fail.
    let _ = write!(
        out,
        "postgresql:\n  listen: 127.0.0.1:{port}\n  connect_address: 127.0.0.1:{port}\n  data_dir: {data}\n  bin_dir: {bin}\n  \
         pgpass: {pass}\n  authentication:\n"
    );
    for (who, user) in [("superuser", "ganglion"), ("replication", "replicator"), ("rewind", "ganglion")] {
        let _ = writeln!(out, "    {who}: {{username: {user}, password: {user}}}");
    }
    out.push_str(
        "  pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']\n  parameters: \
         {unix_socket_directories: '', logging_collector: 'off', log_min_messages: warning}\n",
    );
    out
}
