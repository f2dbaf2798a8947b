//! `ganglion proof`: what anybody needs to check the public log of a journal, offline, with nothing but the public key: take a
//! copy, look it through, make and check proofs, sign as a witness. Only `key`, `line` and `verify --data` read an installation.

mod copy;
mod database;
mod remote;
mod witness;

use crate::database::DatabaseArgs;
use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use ganglion_kernel::journal;
use ganglion_kernel::merkle::leaf_hash;
use ganglion_kernel::tlog::proof::{Proof, consistency, inclusion, is_consistent};
use ganglion_kernel::tlog::tile::{read_tile, tiles_of};
use ganglion_kernel::tlog::{Checkpoint, LogError, Note, Of, Source, Tile, VerifyKey, encoded};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `ganglion proof`.
#[derive(Args)]
pub struct ProofArgs {
    #[command(subcommand)]
    what: What,
}

/// A copy of a log and the key that checks it.
#[derive(Args)]
struct Log {
    /// Folder with a copy of the log, or its address (`https://…/log/130903`).
    log: String,
    /// Public key of the log, `name+id+key`, or a file with it.
    #[arg(long)]
    key: String,
}

#[derive(Subcommand)]
enum What {
    /// Prints the public keys of an installation's logs.
    #[command(after_help = "Example: ganglion proof key --data DIR")]
    Key {
        /// Folder of the installation.
        #[arg(long, env = "GANGLION_DATA")]
        data: PathBuf,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Takes a copy of a log, or brings one up to date; what it says now must continue what the copy says.
    #[command(
        after_help = "Example: ganglion proof fetch https://ganglion.example.gov.cn/log/130903 copy --key key.txt"
    )]
    Fetch {
        /// Address of the log.
        address: String,
        /// Folder for the copy.
        folder: PathBuf,
        /// Public key of the log, `name+id+key`, or a file with it.
        #[arg(long)]
        key: String,
    },
    /// Prints the addresses a copy of a log of this size is made of, for a program that fetches them another way.
    #[command(
        after_help = "Example: ganglion proof paths 70000 | while read p; do curl -f --create-dirs -o copy/$p https://HOST/log/130903/$p; done"
    )]
    Paths {
        /// Entries.
        size: u64,
    },
    /// Looks through a whole log: every entry, every tile, the signature. With an installation, every line of its journal too.
    #[command(after_help = "Example: ganglion proof verify copy --key key.txt --data DIR")]
    Verify {
        #[command(flatten)]
        log: Log,
        /// Folder of the installation whose journal is compared with the log, line by line.
        #[arg(long)]
        data: Option<PathBuf>,
        /// Also plays the journal again and compares every case and every row of a register with what comes out.
        #[arg(long, requires = "data")]
        rows: bool,
        /// Folder that holds `data/` and `packs/`.
        #[arg(long, env = "GANGLION_HOME")]
        home: Option<PathBuf>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Prints the proof that a line of the journal stands in the log.
    #[command(after_help = "Example: ganglion proof inclusion copy --key key.txt --line 1203 > 1203.tlog-proof")]
    Inclusion {
        #[command(flatten)]
        log: Log,
        /// Journal line, from 1.
        #[arg(long)]
        line: u64,
    },
    /// Proves that the log only grew since an older checkpoint.
    #[command(after_help = "Example: ganglion proof consistency copy --key key.txt --old checkpoint-of-may.txt")]
    Consistency {
        #[command(flatten)]
        log: Log,
        /// File with the older checkpoint.
        #[arg(long)]
        old: PathBuf,
    },
    /// Checks a proof that `inclusion` printed, against the bytes of the line.
    #[command(after_help = "Example: ganglion proof check 1203.tlog-proof --key key.txt --bytes line-1203.json")]
    Check {
        /// File with the proof.
        proof: PathBuf,
        /// Public key of the log, `name+id+key`, or a file with it.
        #[arg(long)]
        key: String,
        /// File with the bytes of the journal line, as `line` printed them.
        #[arg(long)]
        bytes: PathBuf,
    },
    /// Prints the bytes of one journal line of an installation. They may hold what only its staff may see.
    #[command(after_help = "Example: ganglion proof line 130903 1203 --data DIR > line-1203.json")]
    Line {
        /// Shard.
        shard: u32,
        /// Journal line, from 1.
        line: u64,
        /// Folder of the installation.
        #[arg(long, env = "GANGLION_DATA")]
        data: PathBuf,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Signs the newest checkpoint as a witness, if the log only grew since the one signed before.
    #[command(
        after_help = "Example: ganglion proof witness https://HOST/log/130903 --key key.txt --state DIR --name witness.example.org --publish"
    )]
    Witness {
        #[command(flatten)]
        log: Log,
        /// Folder with the witness's key, made on the first use, and what it has seen.
        #[arg(long)]
        state: PathBuf,
        /// Name of the witness, such as a domain it holds.
        #[arg(long)]
        name: String,
        /// Sends the signature to the log's server, which takes it from witnesses named in its `log.witnesses`.
        #[arg(long)]
        publish: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// When something cannot be read. What is read and does not hold is said, and ends with 1.
pub fn run(args: &ProofArgs) -> Result<ExitCode> {
    match &args.what {
        What::Key { data, database } => database::keys((data, database)),
        What::Fetch { address, folder, key } => copy::fetch(address, folder, &key_of(key)?),
        What::Paths { size } => {
            tiles_of(*size).for_each(|tile| crate::out(&tile.path()));
            Ok(ExitCode::SUCCESS)
        }
        What::Verify { log, data, rows, home, database } => {
            let at = data.as_deref().map(|data| (data, database));
            verify(log, at, rows.then_some(home.as_deref()))
        }
        What::Inclusion { log, line } => prove(log, *line),
        What::Consistency { log, old } => compare(log, old),
        What::Check { proof, key, bytes } => check(proof, key, bytes),
        What::Line { shard, line, data, database } => database::line((data, database), *shard, *line),
        What::Witness { log, state, name, publish } => {
            let key = key_of(&log.key)?;
            witness::run(&log.log, &key, &witness::Witness { state, name, publish: *publish })
        }
    }
}

/// The key that was named, or the one in the file that was named.
fn key_of(text: &str) -> Result<VerifyKey> {
    let path = Path::new(text);
    let kept = if path.is_file() { std::fs::read_to_string(path).ok() } else { None };
    VerifyKey::parse(kept.as_deref().unwrap_or(text))
        .context("--key takes a public key, name+id+key, or a file with one")
}

/// The checkpoint of a log, its signature checked.
fn signed(source: &mut dyn Source, key: &VerifyKey) -> Result<(Note, Checkpoint), LogError> {
    let note = Note::parse(&source.read("checkpoint")?)?;
    let checkpoint = Checkpoint::open(&note, key)?;
    Ok((note, checkpoint))
}

fn verify(log: &Log, at: Option<database::At<'_>>, rows: Option<Option<&Path>>) -> Result<ExitCode> {
    let (mut source, key) = (copy::open(&log.log)?, key_of(&log.key)?);
    let (_, checkpoint) = signed(source.as_mut(), &key)?;
    let mut lines = at.map(|at| database::Lines::open(at, &key)).transpose()?;
    let faults = ganglion_kernel::tlog::audit::audit(source.as_mut(), &checkpoint, &mut |index, entry| {
        if let Some(lines) = &mut lines {
            lines.compare(index, entry);
        }
    });
    let mut said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    if let Some(lines) = lines {
        said.extend(lines.finish(checkpoint.size)?);
    }
    // A journal that is not the one that was signed need not be played.
    if let (Some(at), Some(home)) = (at, rows.filter(|_| said.is_empty())) {
        said.extend(database::rows(at, home)?);
    }
    for one in &said {
        crate::out(one);
    }
    let size = checkpoint.size;
    if said.is_empty() {
        crate::out(&format!("{}: {size} entries, each as it was signed", key.name));
        return Ok(ExitCode::SUCCESS);
    }
    crate::out(&format!("{}: {} things are not what was signed, of {size} entries", key.name, said.len()));
    Ok(ExitCode::FAILURE)
}

fn prove(log: &Log, line: u64) -> Result<ExitCode> {
    let (mut source, key) = (copy::open(&log.log)?, key_of(&log.key)?);
    let (note, checkpoint) = signed(source.as_mut(), &key)?;
    ensure!((1..=checkpoint.size).contains(&line), "the log has the lines 1 to {}", checkpoint.size);
    let index = line - 1;
    let hashes = inclusion(source.as_mut(), checkpoint.size, index)?;
    let proof = Proof { index, hashes, checkpoint: note };
    let entry = entry(source.as_mut(), checkpoint.size, index)?;
    proof.check(&key, &entry).context("the copy does not hold together; `ganglion proof verify` says where")?;
    crate::out(proof.to_string().trim_end());
    Ok(ExitCode::SUCCESS)
}

/// One entry of a log.
fn entry(source: &mut dyn Source, size: u64, index: u64) -> Result<Vec<u8>, LogError> {
    let bundle = index / 256;
    let width = u16::try_from((size - bundle * 256).min(256)).unwrap_or(256);
    let entries = read_tile(source, Tile { of: Of::Entries, index: bundle, width })?;
    let at = usize::try_from(index % 256).unwrap_or_default();
    entries.into_iter().nth(at).ok_or(LogError::Outside { index, size })
}

fn compare(log: &Log, old: &Path) -> Result<ExitCode> {
    let (mut source, key) = (copy::open(&log.log)?, key_of(&log.key)?);
    let bytes = std::fs::read(old).with_context(|| format!("reading {}", old.display()))?;
    let before = Note::parse(&bytes).and_then(|note| Checkpoint::open(&note, &key));
    let before = before.with_context(|| old.display().to_string())?;
    let (_, now) = signed(source.as_mut(), &key)?;
    let (proof, holds) = grown(source.as_mut(), &before, &now)?;
    proof.iter().for_each(|hash| crate::out(&encoded(hash)));
    if holds {
        crate::err(&format!("the log grew from {} to {} entries and changed none", before.size, now.size));
        return Ok(ExitCode::SUCCESS);
    }
    crate::err(&format!(
        "{}: the log of {} entries is not the continuation of the one of {} that was signed before: it was rewritten. Keep both \
         checkpoints, they are the evidence",
        key.name, now.size, before.size
    ));
    Ok(ExitCode::FAILURE)
}

/// The proof that a log continues an older state of itself, and whether it holds.
fn grown(
    source: &mut dyn Source,
    before: &Checkpoint,
    now: &Checkpoint,
) -> Result<(Vec<ganglion_kernel::merkle::Hash>, bool), LogError> {
    if before.size > now.size {
        return Ok((Vec::new(), false));
    }
    let proof = consistency(source, before.size, now.size)?;
    let holds = is_consistent((before.size, &before.root), (now.size, &now.root), &proof);
    Ok((proof, holds))
}

fn check(proof: &Path, key: &str, bytes: &Path) -> Result<ExitCode> {
    let key = key_of(key)?;
    let text = std::fs::read_to_string(proof).with_context(|| format!("reading {}", proof.display()))?;
    let proof = Proof::parse(&text).with_context(|| proof.display().to_string())?;
    let line = std::fs::read_to_string(bytes).with_context(|| format!("reading {}", bytes.display()))?;
    let entry = journal::committed(line.trim_end_matches('\n'));
    match proof.check(&key, &entry) {
        Ok(checkpoint) => {
            let (line, size) = (proof.index + 1, checkpoint.size);
            crate::out(&format!("line {line} stands in the log {} of {size} lines, byte for byte", key.name));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let leaf = encoded(&leaf_hash(&entry));
            crate::out(&format!("not proven: {error} (leaf hash of the bytes: {leaf})"));
            Ok(ExitCode::FAILURE)
        }
    }
}
